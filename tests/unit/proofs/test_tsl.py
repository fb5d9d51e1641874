"""Trust service status lists: read, held against their signer, and what they make of a 2D-DOC's signer."""

from datetime import UTC, date, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from tests.service_lists import END, EXPIRED, GRANTED, REVOKED, START, Entry, Layout, Party, party, signed

from rempart.proofs import trust, tsl, twoddoc
from rempart.proofs.reasons import Reason
from rempart.proofs.signing import LocalSigner
from rempart.proofs.trust import TrustList
from rempart.proofs.verdict import verify

AT = datetime(2021, 4, 9, 7, 30, tzinfo=UTC)
OPERATOR = party("Agence de test")
AUTHORITY = party("FR9A", ca=True)
LEAF = party("LAB1", issuer=AUTHORITY)
LIST = Layout(entries=(Entry(authority="FR9A", certificate=AUTHORITY.der),))


def parse(data: bytes, *, signer: Party | None = OPERATOR, at: datetime = AT) -> tsl.TrustServices:
    return tsl.parse(data, signer=signer.der if signer else None, at=at)


def keys(*leaves: Party) -> TrustList:
    return TrustList.of(key for leaf in leaves for key in trust.parse(leaf.der))


def document(leaf: Party = LEAF, *, on: datetime = AT) -> str:
    fields = twoddoc.TestFields(
        first_names=("ZOE",),
        birth_name="LEFEVRE",
        birth_date=date(1984, 2, 29),
        sex="F",
        loinc="94500-6",
        result="N",
        sampled_at=on,
    )
    signer = LocalSigner(leaf.key, leaf.der)
    return twoddoc.issue(fields, signer, authority="FR9A", certificate_id="LAB1", issued_at=on)


def reason(layout: Layout = LIST, leaf: Party = LEAF, *, on: datetime = AT, at: datetime = AT) -> Reason:
    services = parse(layout.xml(), signer=None)
    return verify(document(leaf, on=on), trust=tsl.vouched(keys(leaf), services), at=at).reason


def test_a_list_says_who_may_issue_and_until_when_it_is_good() -> None:
    services = parse(signed(LIST.xml(), OPERATOR))
    assert (services.sequence, services.operator, services.territory) == (22, "Agence de test", "FR")
    assert services.issued_at == datetime(2021, 1, 1, tzinfo=UTC)
    (service,) = services.services
    assert (service.authority, service.provider, service.certificates) == (
        "FR9A",
        "Autorité FR9A",
        (AUTHORITY.der,),
    )
    assert service.phases[-1].status == "inaccord"
    assert services.signature_checked
    assert not services.stale(AT)
    assert services.stale(datetime(2021, 7, 2, tzinfo=UTC))
    assert not parse(Layout(entries=(), next_update="").xml(), signer=None).stale(AT + timedelta(days=9_999))


def test_without_a_signer_nothing_is_said_of_the_signature() -> None:
    assert not parse(signed(LIST.xml(), OPERATOR), signer=None).signature_checked
    assert not parse(LIST.xml(), signer=None).signature_checked


def test_a_list_that_is_not_its_signers_is_refused() -> None:
    good = signed(LIST.xml(), OPERATOR)
    other = party("Agence de test")
    expired = party("Agence de test", end=AT - timedelta(days=1))
    for data, signer, why in (
        (LIST.xml(), OPERATOR, "not signed"),
        (good, other, "not signed"),
        (signed(LIST.xml(), expired), expired, "not signed"),
        (good.replace(b">22<", b">23<"), OPERATOR, "not signed"),
        (good.replace(b"inaccord", b"granted"), OPERATOR, "not signed"),
        (good.replace(b"SignatureValue>", b"SignatureValue>AA", 1), OPERATOR, "not signed"),
    ):
        with pytest.raises(tsl.TslError, match=why):
            parse(data, signer=signer)
    with pytest.raises(tsl.TslError, match="cannot be read"):
        tsl.parse(good, signer=b"no certificate", at=AT)


def test_what_the_signature_does_not_cover_is_not_read() -> None:
    """Signature wrapping: a signed list inside another that says something else."""
    good = signed(LIST.xml(), OPERATOR)
    inner = good.partition(b"?>")[2] if good.startswith(b"<?") else good
    forged = Layout(entries=(Entry(authority="EVIL", certificate=party("EVIL", ca=True).der),)).xml()
    for wrapped in (
        forged.replace(b"</TrustServiceStatusList>", inner + b"</TrustServiceStatusList>"),
        forged.replace(b"</SchemeInformation>", inner + b"</SchemeInformation>"),
    ):
        with pytest.raises(tsl.TslError):
            parse(wrapped)
    start, end = inner.index(b"<ds:Signature "), inner.index(b"</ds:Signature>") + len(b"</ds:Signature>")
    moved = forged.replace(b"</TrustServiceStatusList>", inner[start:end] + b"</TrustServiceStatusList>")
    with pytest.raises(tsl.TslError):
        parse(moved)


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "well-formed"),
        (b"\xff\xfe", "well-formed"),
        (LIST.xml()[:-40], "well-formed"),
        (b"<a/>", "no trust service"),
        (b" " * 4_000_001, "4 MB"),
        (BOMB + b"<x>&b;</x>", "DTD"),
        (b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>', "DTD"),
        (b"<a>" * 100_000, "well-formed"),
        (LIST.xml().replace(b">22<", b">x<"), "TSLSequenceNumber"),
        (LIST.xml().replace(b"2021-01-01T00:00:00Z", b"soon"), "ListIssueDateTime is no time"),
        (LIST.xml().replace(b"2021-07-01T00:00:00Z", b"soon"), "NextUpdate is no time"),
        (LIST.xml().replace(b"2021-01-01", b"2021-06-01"), "later than"),
        (LIST.xml().replace(b"SchemeInformation", b"Other"), "lacks SchemeInformation"),
        (LIST.xml().replace(b"TSPInformation", b"Other"), "lacks TSPInformation"),
        (LIST.xml().replace(b"2015-01-01T00:00:00Z", b""), "StatusStartingTime is no time"),
        (LIST.xml().replace(b"<X509Certificate>", b"<X509Certificate>!"), "not Base64"),
    ],
)
def test_what_cannot_be_used_says_why(data: bytes, why: str) -> None:
    with pytest.raises(tsl.TslError, match=why):
        parse(data, signer=None)
    with pytest.raises(tsl.TslError):
        parse(data)


def test_only_services_that_issue_certificates_of_named_authorities_are_kept() -> None:
    entries = (
        Entry(authority="Une autre", certificate=AUTHORITY.der),
        Entry(authority="FR9B", certificate=AUTHORITY.der, kind="http://uri.etsi.org/TrstSvc/Svctype/CRL"),
    )
    assert parse(Layout(entries=entries).xml(), signer=None).services == ()


def test_a_signer_of_a_listed_authority_holds() -> None:
    assert reason() is Reason.OK
    assert reason(at=AT + timedelta(days=9_999)) is Reason.OK  # the day of signature counts


def test_a_signer_that_no_listed_authority_issued_does_not_hold() -> None:
    impostor = party("LAB1", issuer=party("FR9A", ca=True))  # of the same names
    assert reason(leaf=impostor) is Reason.KEY_NOT_VOUCHED
    assert reason(Layout(entries=())) is Reason.KEY_NOT_VOUCHED
    elsewhere = Layout(entries=(Entry(authority="FR9B", certificate=AUTHORITY.der),))
    assert reason(elsewhere) is Reason.KEY_NOT_VOUCHED
    not_a_ca = party("FR9A")
    layout = Layout(entries=(Entry(authority="FR9A", certificate=not_a_ca.der),))
    assert reason(layout, party("LAB1", issuer=not_a_ca)) is Reason.KEY_NOT_VOUCHED
    broken = Layout(entries=(Entry(authority="FR9A", certificate=b"no certificate"),))
    assert reason(broken) is Reason.KEY_NOT_VOUCHED


def test_a_bare_key_has_nobody_to_vouch_for_it() -> None:
    (key,) = trust.parse(LEAF.der)
    bare = TrustList.of([trust.TrustedKey(public_key=key.public_key, documents=key.documents)])
    services = parse(LIST.xml(), signer=None)
    assert verify(document(), trust=bare, at=AT).reason is Reason.OK
    assert verify(document(), trust=tsl.vouched(bare, services), at=AT).reason is Reason.KEY_NOT_VOUCHED


@pytest.mark.parametrize(
    ("status", "before", "expected"),
    [
        (GRANTED, (), Reason.OK),
        (REVOKED, (), Reason.KEY_NOT_VOUCHED),
        (REVOKED, ((GRANTED, START),), Reason.KEY_NOT_VOUCHED),  # what it was before is undone
        (EXPIRED, ((GRANTED, START),), Reason.OK),  # signed while it was approved
        (EXPIRED, ((GRANTED, AT + timedelta(days=1)),), Reason.KEY_NOT_VOUCHED),
        (GRANTED, ((EXPIRED, START),), Reason.KEY_NOT_VOUCHED),  # approved again too late
    ],
)
def test_the_status_on_the_day_of_signature_counts_and_revocation_now(
    status: str, before: tuple[tuple[str, datetime], ...], expected: Reason
) -> None:
    since = AT + timedelta(days=2) if before else START
    entry = Entry(authority="FR9A", certificate=AUTHORITY.der, status=status, since=since, before=before)
    assert reason(Layout(entries=(entry,)), at=AT + timedelta(days=10)) is expected


def test_authority_and_signer_were_valid_on_the_day_of_signature() -> None:
    late = party("FR9A", ca=True, start=AT + timedelta(days=3))
    layout = Layout(entries=(Entry(authority="FR9A", certificate=late.der),))
    assert reason(layout, party("LAB1", issuer=late)) is Reason.KEY_NOT_VOUCHED
    assert reason(leaf=party("LAB1", issuer=AUTHORITY, end=AT - timedelta(days=3))) is Reason.KEY_EXPIRED
    assert (
        reason(leaf=party("LAB1", issuer=AUTHORITY, start=AT + timedelta(days=3))) is Reason.KEY_NOT_YET_VALID
    )


def test_the_signature_comes_first_and_the_chain_before_the_signers_own_dates() -> None:
    services = parse(LIST.xml(), signer=None)
    strangers = party("LAB1", issuer=party("FR9A", ca=True), end=AT - timedelta(days=3))
    trusted = tsl.vouched(keys(strangers), services)
    assert verify(document(LEAF), trust=trusted, at=AT).reason is Reason.BAD_SIGNATURE
    assert verify(document(strangers), trust=trusted, at=AT).reason is Reason.KEY_NOT_VOUCHED


def crl(issuer: Party, *revoked: Party) -> x509.CertificateRevocationList:
    builder = x509.CertificateRevocationListBuilder(issuer.certificate.subject, AT, END)
    for one in revoked:
        entry = (
            x509.RevokedCertificateBuilder().serial_number(one.certificate.serial_number).revocation_date(AT)
        )
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(issuer.key, hashes.SHA256())


def test_a_revoked_signer_holds_on_no_day() -> None:
    services = parse(LIST.xml(), signer=None)
    earlier = AT - timedelta(days=300)
    cases = (
        (crl(AUTHORITY, LEAF), Reason.KEY_REVOKED),
        (crl(AUTHORITY, party("LAB2", issuer=AUTHORITY)), Reason.OK),
        (crl(AUTHORITY), Reason.OK),
        (crl(party("FR9A", ca=True), LEAF), Reason.OK),  # signed by somebody of the same name
    )
    for one, expected in cases:
        trusted = tsl.vouched(keys(LEAF), services, crls=[one])
        assert verify(document(on=earlier), trust=trusted, at=AT).reason is expected


def test_keys_of_other_certificates_stay_as_they_are() -> None:
    other = keys(party("Test DSC 1"))
    assert tsl.vouched(other, parse(LIST.xml(), signer=None)).keys == other.keys
