"""When an authority vouches for the signer of a 2D-DOC, as a table."""

from datetime import UTC, date, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from tests.service_lists import END, Entry, Layout, Party, party
from tests.spec.tables import rows

from rempart.proofs import trust, tsl, twoddoc
from rempart.proofs.signing import LocalSigner
from rempart.proofs.trust import TrustList
from rempart.proofs.verdict import verify

TITLE = "When an authority vouches for a 2D-DOC's signer"
WHY = (
    "ANTS 2D-Doc §5.1 and ETSI TS 102 231: the signature, then the chain to an authority of the list on the day of signature, then "
    "revocation as it is now, then the signer's own dates. The status of an authority: what it is from each day on; the last is the "
    "present one. Days begin at noon in Paris."
)

CASES = """
  status of the authority                     | authority is valid      | signer issued by | signer is valid         | revoked by its authority | signed on  | answer          | because
  --------------------------------------------+-------------------------+------------------+-------------------------+--------------------------+------------+-----------------+----------------------------------------------
  inaccord 2013-01-01                         | 2013-01-01 – 2033-01-01 | the authority    | 2020-01-01 – 2023-01-01 | no                       | 2021-04-09 | ok              |
  granted 2013-01-01                          | 2013-01-01 – 2033-01-01 | the authority    | 2020-01-01 – 2023-01-01 | no                       | 2021-04-09 | ok              | the word of the later standard, TS 119 612
  not in the list                             | 2013-01-01 – 2033-01-01 | the authority    | 2020-01-01 – 2023-01-01 | no                       | 2021-04-09 | key-not-vouched | nobody of the list issued it
  inaccord 2013-01-01                         | 2013-01-01 – 2033-01-01 | a namesake       | 2020-01-01 – 2023-01-01 | no                       | 2021-04-09 | key-not-vouched | names prove nothing, the authority's key does
  inaccord 2021-06-01                         | 2013-01-01 – 2033-01-01 | the authority    | 2020-01-01 – 2023-01-01 | no                       | 2021-04-09 | key-not-vouched | approved after the day of signature
  inaccord 2013-01-01, expired 2021-06-01     | 2013-01-01 – 2033-01-01 | the authority    | 2020-01-01 – 2023-01-01 | no                       | 2021-04-09 | ok              | signed while it was approved
  inaccord 2013-01-01, expired 2021-03-01     | 2013-01-01 – 2033-01-01 | the authority    | 2020-01-01 – 2023-01-01 | no                       | 2021-04-09 | key-not-vouched | signed when it was no longer
  inaccord 2013-01-01, suspended 2021-06-01   | 2013-01-01 – 2033-01-01 | the authority    | 2020-01-01 – 2023-01-01 | no                       | 2021-04-09 | ok              | suspension looks forward
  inaccord 2013-01-01, revoked 2021-06-01     | 2013-01-01 – 2033-01-01 | the authority    | 2020-01-01 – 2023-01-01 | no                       | 2021-04-09 | key-not-vouched | revocation undoes what was before
  inaccord 2013-01-01                         | 2013-01-01 – 2021-01-01 | the authority    | 2020-01-01 – 2023-01-01 | no                       | 2021-04-09 | key-not-vouched | the authority's own certificate had ended
  inaccord 2013-01-01                         | 2013-01-01 – 2022-01-01 | the authority    | 2020-01-01 – 2023-01-01 | no                       | 2021-04-09 | ok              | it had not on that day
  inaccord 2013-01-01                         | 2013-01-01 – 2033-01-01 | the authority    | 2020-01-01 – 2023-01-01 | yes                      | 2021-04-09 | key-revoked     | whatever the day of signature
  inaccord 2013-01-01                         | 2013-01-01 – 2033-01-01 | the authority    | 2020-01-01 – 2023-01-01 | by a namesake            | 2021-04-09 | ok              | its list is not the authority's
  inaccord 2013-01-01, revoked 2021-06-01     | 2013-01-01 – 2033-01-01 | the authority    | 2020-01-01 – 2023-01-01 | yes                      | 2021-04-09 | key-not-vouched | the chain comes before revocation
  inaccord 2013-01-01                         | 2013-01-01 – 2033-01-01 | the authority    | 2020-01-01 – 2021-03-01 | no                       | 2021-04-09 | key-expired     | the signer's own dates come last
"""

JUDGED = datetime(2022, 6, 1, tzinfo=UTC)
NAME = "FR9A"


def noon(day: str) -> datetime:
    on = date.fromisoformat(day.strip())
    return datetime(on.year, on.month, on.day, 10, tzinfo=UTC)


def valid(period: str) -> dict[str, datetime]:
    start, end = period.split("–")
    return {"start": noon(start), "end": noon(end)}


def listed(status: str, authority: Party) -> tsl.TrustServices:
    entries = []
    if status != "not in the list":
        phases = [
            (f"http://uri.etsi.org/TrstSvc/Svcstatus/{word}", noon(day))
            for word, day in map(str.split, status.split(", "))
        ]
        *before, (present, since) = phases
        entries.append(
            Entry(
                authority=NAME, certificate=authority.der, status=present, since=since, before=tuple(before)
            )
        )
    return tsl.parse(Layout(entries=tuple(entries), next_update="").xml(), signer=None, at=JUDGED)


def revocation(issuer: Party, leaf: Party) -> x509.CertificateRevocationList:
    entry = x509.RevokedCertificateBuilder().serial_number(leaf.certificate.serial_number)
    builder = x509.CertificateRevocationListBuilder(
        issuer.certificate.subject, JUDGED - timedelta(days=9), END
    )
    return builder.add_revoked_certificate(entry.revocation_date(JUDGED - timedelta(days=9)).build()).sign(
        issuer.key, hashes.SHA256()
    )


@pytest.mark.parametrize("case", rows(CASES), ids=lambda case: case["because"] or case["answer"])
def test_when_an_authority_vouches(case: dict[str, str]) -> None:
    authority, namesake = party(NAME, ca=True, **valid(case["authority is valid"])), party(NAME, ca=True)
    issuer = authority if case["signer issued by"] == "the authority" else namesake
    leaf = party("LAB1", issuer=issuer, **valid(case["signer is valid"]))
    who = {"yes": authority, "by a namesake": namesake}.get(case["revoked by its authority"])
    crls = [revocation(who, leaf)] if who else []
    text = twoddoc.issue(
        twoddoc.TestFields(
            first_names=("ZOE",),
            birth_name="LEFEVRE",
            birth_date=date(1984, 2, 29),
            sex="F",
            loinc="94500-6",
            result="N",
            sampled_at=noon(case["signed on"]),
        ),
        LocalSigner(leaf.key, leaf.der),
        authority=NAME,
        certificate_id="LAB1",
        issued_at=noon(case["signed on"]),
    )
    keys = TrustList.of(trust.parse(leaf.der))
    trusted = tsl.vouched(keys, listed(case["status of the authority"], authority), crls=crls)
    assert verify(text, trust=trusted, at=JUDGED).reason == case["answer"]
