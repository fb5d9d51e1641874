"""EU DCC: what is issued, and every way a container, a key or a date may fail."""

import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import base45
import cbor2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from tests.certificates import (
    AT,
    DSC,
    NOT_AFTER,
    NOT_BEFORE,
    SEAL,
    TRUST,
    certificate,
    document_signer,
    issued,
    trusting,
)

from rempart.proofs import dcc, signing, testcertificate, trust
from rempart.proofs.reasons import Kind, Reason
from rempart.proofs.trust import TrustedKey, TrustList, Usage
from rempart.proofs.verdict import verify

SIGN = DSC.signer().sign
KEY_ID = trust.key_id(DSC.certificate)
CONTENT = testcertificate.dcc_content(certificate())
CLAIMS = {1: "FR", 6: int(AT.timestamp()), 4: int((AT + timedelta(days=3)).timestamp()), -260: {1: CONTENT}}


def hc1(message: object) -> str:
    return "HC1:" + base45.b45encode(zlib.compress(cbor2.dumps(message))).decode()


def message(
    *,
    protected: dict[int, Any] | None = None,
    unprotected: dict[int, Any] | None = None,
    claims: object = None,
    sign: Callable[[bytes], bytes] = SIGN,
) -> list[Any]:
    header = cbor2.dumps({1: -7, 4: KEY_ID} if protected is None else protected)
    payload = cbor2.dumps(CLAIMS if claims is None else claims)
    signed = cbor2.dumps(["Signature1", header, b"", payload])
    return [header, unprotected or {}, payload, sign(signed)]


def tagged(**changes: Any) -> str:
    return hc1(cbor2.CBORTag(18, message(**changes)))


AND_MORE = "HC1:" + base45.b45encode(zlib.compress(cbor2.dumps(message()) + b"\0")).decode()


def reason(text: str, *, at: datetime = AT, trust: TrustList = TRUST) -> Reason:
    return verify(text, trust=trust, at=at).reason


def test_an_issued_certificate_holds_and_says_what_it_was_given() -> None:
    verdict = verify(issued().hc1, trust=TRUST, at=AT)
    assert (verdict.kind, verdict.valid, verdict.reason, verdict.warnings) == (
        Kind.EU_DCC,
        True,
        Reason.OK,
        (),
    )
    assert verdict.claims["iss"] == "FR"
    assert verdict.claims["exp"] == "2021-04-12T07:30:00+00:00"
    assert verdict.claims["kid"] == KEY_ID.hex()
    assert verdict.claims["dcc"] == CONTENT
    assert CONTENT["nam"] == {
        "fn": "Lefèvre-Œillet",
        "fnt": "LEFEVRE<OEILLET",
        "gn": "Zoé Anne-Noëlle",
        "gnt": "ZOE<ANNE<NOELLE",
    }
    (entry,) = CONTENT["t"]  # type: ignore[misc]
    assert entry["sc"] == "2021-04-08T08:00:00+02:00"  # the clock of the place of sampling
    assert (entry["tt"], entry["tr"], entry["co"]) == ("LP6464-4", "260415000", "FR")


def test_the_time_of_sampling_is_that_of_the_place_overseas() -> None:
    content = testcertificate.dcc_content(certificate(zone="Indian/Reunion"))
    assert content["t"][0]["sc"] == "2021-04-08T10:00:00+04:00"  # type: ignore[index]


def test_a_certificate_does_not_outlive_its_signer() -> None:
    text = testcertificate.issue(
        certificate(result=testcertificate.Result.POSITIVE),
        dcc_signer=DSC.signer(),
        twoddoc_signer=document_signer(common_name="0001", issuer_name="RMP0").signer(),
        issued_at=NOT_AFTER - timedelta(days=2),
    ).hc1
    assert dcc.read(text).expires_at == NOT_AFTER


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("tag 18", tagged()),
        ("tag 61 around 18", hc1(cbor2.CBORTag(61, cbor2.CBORTag(18, message())))),
        ("no tag", hc1(message())),
        ("key identifier unprotected", tagged(protected={1: -7}, unprotected={4: KEY_ID})),
        ("the protected identifier wins", tagged(unprotected={4: b"another!"})),
        (
            "dates with fractions",
            tagged(claims=CLAIMS | {6: AT.timestamp() - 0.5, 4: AT.timestamp() + 60.25}),
        ),
        ("white space around", "\n " + tagged() + " \r\n"),
    ],
)
def test_every_usual_container_holds(label: str, text: str) -> None:
    assert reason(text) is Reason.OK


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (Reason.NOT_RECOGNISED, ""),
        (Reason.NOT_RECOGNISED, "HC2:ABC"),
        (Reason.NOT_RECOGNISED, tagged().removeprefix("HC1:")),
        (Reason.BAD_BASE45, "HC1:abc"),
        (Reason.BAD_BASE45, "HC1:::::"),
        (Reason.BAD_COMPRESSION, "HC1:"),
        (Reason.BAD_COMPRESSION, "HC1:" + base45.b45encode(cbor2.dumps(message())).decode()),
        (Reason.BAD_COMPRESSION, "HC1:" + base45.b45encode(zlib.compress(b"x" * 99)[:-5]).decode()),
        (Reason.TOO_LARGE, "HC1:" + base45.b45encode(zlib.compress(bytes(5_000_000), 9)).decode()),
        (Reason.TOO_LARGE, "HC1:" + base45.b45encode(zlib.compress(bytes(500_000), 9)).decode()),
        (Reason.TOO_LARGE, "HC1:" + "0" * 100_000),
        (Reason.BAD_CBOR, "HC1:" + base45.b45encode(zlib.compress(b"\xff")).decode()),
        (Reason.BAD_CBOR, "HC1:" + base45.b45encode(zlib.compress(b"\x81" * 20_000)).decode()),
        (
            Reason.BAD_CBOR,
            "HC1:" + base45.b45encode(zlib.compress(bytes.fromhex("9bffffffffffffffff"))).decode(),
        ),
        (Reason.BAD_CBOR, "HC1:" + base45.b45encode(zlib.compress(bytes.fromhex("d81c81d81d00"))).decode()),
        (Reason.BAD_COSE, hc1({})),
        (Reason.BAD_COSE, hc1([b"", {}, b""])),
        (Reason.BAD_COSE, hc1(cbor2.CBORTag(18, cbor2.CBORTag(18, message())))),
        (Reason.BAD_COSE, hc1(cbor2.CBORTag(98, message()))),
        (Reason.BAD_COSE, hc1(cbor2.CBORTag(18, ["", {}, b"", b""]))),
        (Reason.BAD_COSE, hc1([cbor2.dumps([]), {}, b"", b""])),
        (Reason.BAD_CLAIMS, tagged(claims="text")),
        (Reason.BAD_CLAIMS, tagged(claims={**CLAIMS, -260: {}})),
        (Reason.BAD_CLAIMS, tagged(claims={key: CLAIMS[key] for key in (1, 4, -260)})),
        (Reason.BAD_CLAIMS, tagged(claims={**CLAIMS, 4: float("inf")})),
        (Reason.BAD_CLAIMS, tagged(claims={**CLAIMS, 4: 10**18})),
        (Reason.BAD_CLAIMS, tagged(claims={**CLAIMS, 4: "tomorrow"})),
        (Reason.BAD_CBOR, AND_MORE),
        (Reason.UNSUPPORTED_ALGORITHM, tagged(protected={1: -8, 4: KEY_ID})),
        (Reason.UNSUPPORTED_ALGORITHM, tagged(protected={4: KEY_ID})),
        (Reason.KEY_ID_MISSING, tagged(protected={1: -7})),
        (Reason.KEY_UNKNOWN, tagged(protected={1: -7, 4: b"unknown!"}, unprotected={4: KEY_ID})),
        (Reason.KEY_UNKNOWN, tagged(protected={1: -7}, unprotected={4: b"unknown!"})),
        (Reason.BAD_SIGNATURE, tagged(sign=lambda signed: bytes(64))),
        (Reason.BAD_SIGNATURE, tagged(sign=lambda signed: DSC.signer().sign(signed + b"!"))),
        (Reason.BAD_SIGNATURE, tagged(sign=lambda signed: b"short")),
        (Reason.BAD_SIGNATURE, tagged(protected={1: -37, 4: KEY_ID})),
    ],
)
def test_what_fails_says_why(expected: Reason, text: str) -> None:
    verdict = verify(text, trust=TRUST, at=AT)
    assert verdict.reason is expected
    assert not verdict.valid


def test_dates_decide() -> None:
    text = issued().hc1
    second = timedelta(seconds=1)
    assert reason(text, at=AT - second) is Reason.NOT_YET_VALID
    assert reason(text, at=AT + timedelta(days=3)) is Reason.OK
    assert reason(text, at=AT + timedelta(days=3) + second) is Reason.EXPIRED
    for signer, expected in (
        (document_signer(not_after=AT + timedelta(days=1)), Reason.KEY_EXPIRED),
        (document_signer(not_before=AT + timedelta(days=1) + 2 * second), Reason.KEY_NOT_YET_VALID),
    ):
        text = dcc.issue(
            CONTENT, signer.signer(), issuer="FR", issued_at=AT, expires_at=AT + timedelta(days=9)
        )
        assert reason(text, at=AT + timedelta(days=1) + second, trust=trusting(signer)) is expected


@pytest.mark.parametrize(
    ("usages", "group", "expected"),
    [
        ((Usage.TEST,), "t", Reason.OK),
        ((Usage.TEST,), "v", Reason.KEY_USAGE),
        ((Usage.VACCINATION,), "t", Reason.KEY_USAGE),
        ((Usage.RECOVERY, Usage.TEST), "t", Reason.OK),
        ((Usage.RECOVERY,), "r", Reason.OK),
        ((Usage.RECOVERY,), "nothing", Reason.KEY_USAGE),
        ((), "v", Reason.OK),
    ],
)
def test_a_key_signs_what_its_certificate_allows(
    usages: tuple[Usage, ...], group: str, expected: Reason
) -> None:
    signer = document_signer(usages=usages)
    content = {"ver": "1.3.0", "nam": CONTENT["nam"], "dob": "1984", group: [{}]}
    text = dcc.issue(content, signer.signer(), issuer="FR", issued_at=AT, expires_at=AT)
    assert reason(text, trust=trusting(signer)) is expected


def test_security_a_signer_of_2d_doc_signs_no_eu_certificate_and_the_other_way() -> None:
    """Tax offices sign 2D-DOC; a country's key for vaccinations signs no French test."""
    seal = SEAL.signer()
    bare = seal.private_key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    text = dcc.issue(CONTENT, seal, issuer="FR", issued_at=AT, expires_at=AT)
    assert reason(text, trust=trusting(SEAL)) is Reason.KEY_USAGE
    assert reason(text, trust=TrustList.of(trust.parse(bare, name="RMP00001"))) is Reason.KEY_USAGE
    nothing: tuple[dict[str, object], ...] = ({}, {"t": []})
    for content in nothing:
        empty = dcc.issue({"nam": CONTENT["nam"]} | content, seal, issuer="FR", issued_at=AT, expires_at=AT)
        assert reason(empty, trust=trusting(SEAL)) is Reason.KEY_USAGE
    vaccinations = document_signer(common_name="DSC1", issuer_name="CSCA", usages=(Usage.VACCINATION,))
    seals = testcertificate.issue_twoddoc(certificate(), vaccinations.signer(), issued_at=AT)
    assert reason(seals, trust=trusting(vaccinations)) is Reason.KEY_UNKNOWN


def test_every_key_of_an_identifier_is_tried() -> None:
    (good,) = trust.parse(DSC.certificate)
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    decoy = TrustedKey(public_key=other, key_id=good.key_id)
    assert reason(issued().hc1, trust=TrustList.of([decoy, good])) is Reason.OK
    assert reason(issued().hc1, trust=TrustList.of([decoy])) is Reason.BAD_SIGNATURE


def test_ps256_holds_with_an_rsa_key() -> None:
    key = rsa.generate_private_key(65537, 2048)
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    text = tagged(protected={1: -37, 4: KEY_ID}, sign=lambda signed: key.sign(signed, pss, hashes.SHA256()))
    trusted = TrustList.of([TrustedKey(public_key=key.public_key(), key_id=KEY_ID)])
    assert reason(text, trust=trusted) is Reason.OK


def test_a_p384_key_under_es256_does_not_hold() -> None:
    key = ec.generate_private_key(ec.SECP384R1())

    def sign(bits: int) -> Callable[[bytes], bytes]:
        return lambda signed: signing.raw_signature(key.sign(signed, ec.ECDSA(hashes.SHA256())), bits)

    trusted = TrustList.of([TrustedKey(public_key=key.public_key(), key_id=KEY_ID)])
    assert reason(tagged(sign=sign(384)), trust=trusted) is Reason.BAD_SIGNATURE


def test_another_curve_of_the_same_length_does_not_hold() -> None:
    key = ec.generate_private_key(ec.SECP256K1())
    text = tagged(sign=lambda signed: signing.raw_signature(key.sign(signed, ec.ECDSA(hashes.SHA256())), 256))
    trusted = TrustList.of([TrustedKey(public_key=key.public_key(), key_id=KEY_ID)])
    assert reason(text, trust=trusted) is Reason.BAD_SIGNATURE


def test_another_rsa_key_does_not_hold() -> None:
    key, other = (rsa.generate_private_key(65537, 2048) for _ in range(2))
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    text = tagged(protected={1: -37, 4: KEY_ID}, sign=lambda signed: key.sign(signed, pss, hashes.SHA256()))
    trusted = TrustList.of([TrustedKey(public_key=other.public_key(), key_id=KEY_ID)])
    assert reason(text, trust=trusted) is Reason.BAD_SIGNATURE


def test_a_certificate_issued_before_its_signer_existed_does_not_hold() -> None:
    signer = document_signer(not_before=AT)
    text = dcc.issue(
        CONTENT,
        signer.signer(),
        issuer="FR",
        issued_at=AT - timedelta(days=1),
        expires_at=AT + timedelta(days=9),
    )
    assert reason(text, at=AT + timedelta(days=1), trust=trusting(signer)) is Reason.KEY_NOT_YET_VALID


@pytest.mark.parametrize("at", [NOT_BEFORE - timedelta(seconds=1), NOT_AFTER + timedelta(seconds=1)])
def test_nothing_is_issued_outside_the_validity_of_the_signer(at: datetime) -> None:
    with pytest.raises(ValueError, match="signer's certificate is valid from"):
        dcc.end_of_container(DSC.signer(), issued_at=at, lifetime=timedelta(days=1))


def test_texts_are_normalised() -> None:
    content = testcertificate.dcc_content(
        certificate(birth_name="Lefe\u0300vre", laboratory_name="E\u0301toile")
    )
    assert content["nam"]["fn"] == "Lef\u00e8vre"  # type: ignore[index]
    assert content["t"][0]["tc"] == "\u00c9toile"  # type: ignore[index]


def test_every_byte_of_what_is_signed_counts() -> None:
    header, unprotected, payload, signature = message()
    for position in range(0, len(payload), 5):
        changed = bytearray(payload)
        changed[position] ^= 1
        text = hc1(cbor2.CBORTag(18, [header, unprotected, bytes(changed), signature]))
        assert not verify(text, trust=TRUST, at=AT).valid


def test_departures_from_the_schema_are_warnings() -> None:
    content = {
        "ver": "one",
        "nam": {"fnt": "lower"},
        "dob": "1809-01-01",
        "t": [{"ci": "URN:UVCI:01:FR:A#0"}],
        "r": [1],
    }
    verdict = verify(tagged(claims=CLAIMS | {-260: {1: content}}), trust=TRUST, at=AT)
    assert verdict.valid
    assert [warning.split(":")[0] for warning in verdict.warnings] == [
        "ver", "nam", "dob", "v, t, r", "t", "t.ci", "r",
    ]  # fmt: skip
    assert "lower" not in "".join(verdict.warnings)


def test_claims_are_json_whatever_was_signed() -> None:
    content = {
        "bytes": b"\x01",
        5: float("nan"),
        "date": datetime(2021, 1, 1, tzinfo=UTC),
        "big": 2**80,
        "pattern": cbor2.CBORTag(35, "(a+)+$"),
        "unknown": cbor2.CBORTag(4711, [b"\x02"]),
        "undefined": cbor2.undefined,
    }
    verdict = verify(tagged(claims=CLAIMS | {-260: {1: content}}), trust=TRUST, at=AT)
    assert verdict.claims["dcc"] == {
        "bytes": "01",
        "5": "nan",
        "date": "2021-01-01T00:00:00Z",
        "big": "0100000000000000000000",
        "pattern": "(a+)+$",
        "unknown": {"tag 4711": ["02"]},
        "undefined": None,
    }


def test_a_signer_must_be_on_p256() -> None:
    key = ec.generate_private_key(ec.SECP384R1())
    der = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    name = x509.Name([])
    own = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, AT, NOT_AFTER)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    with pytest.raises(ValueError, match="P-256"):
        dcc.issue(CONTENT, signing.LocalSigner.load(der, own), issuer="FR", issued_at=AT, expires_at=AT)
    with pytest.raises(ValueError, match="not that of the private key"):
        signing.LocalSigner.load(der, DSC.certificate)
    with pytest.raises(ValueError):
        signing.LocalSigner.load(b"nonsense", own)
