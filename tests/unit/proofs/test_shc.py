"""SMART Health Card: what is issued holds, and each way it may not."""

import base64
import hashlib
import json
import zlib
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import zxingcpp
from cryptography.hazmat.primitives.asymmetric import ec
from tests.certificates import AT, document_signer

from rempart.proofs import barcodes, shc, trust
from rempart.proofs.reasons import Kind, Reason
from rempart.proofs.shc import files, jws
from rempart.proofs.signing import LocalSigner
from rempart.proofs.trust import TrustList, jwks
from rempart.proofs.verdict import Verdict, verify

ISSUER = "https://depistage.example/cartes"
SIGNER = document_signer(common_name="Cards 1").signer()
KEY = SIGNER.private_key.public_key()
KID = jwks.thumbprint(KEY)
TRUST = TrustList.of(jwks.parse(jwks.key_set([KEY], issuer=ISSUER)))
CONTENT: dict[str, Any] = {
    "first_names": ("Zoé", "Anne-Noëlle"),
    "birth_name": "Lefèvre-Œillet",
    "birth_date": date(1984, 2, 29),
    "loinc": "94500-6",
    "result": "N",
    "sampled_at": datetime(2021, 4, 8, 6, 0, tzinfo=UTC),
    "laboratory_name": "Laboratoire des Trois Rivières, Besançon",
}


def card(*, issuer: str = ISSUER, signer: LocalSigner = SIGNER, **changes: Any) -> str:
    return shc.issue(shc.TestContent(**(CONTENT | changes)), signer, issuer=issuer, issued_at=AT)


def judge(text: str, *, at: datetime = AT, trusted: TrustList = TRUST) -> Verdict:
    return verify(text, trust=trusted, at=at)


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def signed(payload: object, *, header: dict[str, Any] | None = None, packed: bytes | None = None) -> str:
    head = encode(json.dumps(header or {"zip": "DEF", "alg": "ES256", "kid": KID}).encode())
    body = encode(deflated(json.dumps(payload).encode()) if packed is None else packed)
    return jws.digits(f"{head}.{body}.{encode(SIGNER.sign(f'{head}.{body}'.encode()))}")


def payload(**changes: Any) -> dict[str, Any]:
    content = jws.open_token(jws.from_digits(card())).payload
    return {**content, **changes}


def test_an_issued_card_holds_and_says_what_it_was_given() -> None:
    verdict = judge(card())
    assert (verdict.kind, verdict.reason, verdict.warnings) == (Kind.SHC, Reason.OK, ())
    assert (
        verdict.claims
        | {
            "iss": ISSUER,
            "nbf": AT.isoformat(),
            "exp": None,
            "kid": KID,
            "patient": {
                "family": "Lefèvre-Œillet",
                "given": ["Zoé", "Anne-Noëlle"],
                "birth_date": "1984-02-29",
            },
            "tests": [
                {
                    "status": "final",
                    "code": "94500-6",
                    "result": "260415000",
                    "sampled_at": "2021-04-08T06:00:00+00:00",
                    "laboratory": "Laboratoire des Trois Rivières",
                }
            ],
        }
        == verdict.claims
    )


def test_the_layout_is_that_of_the_framework() -> None:
    head, body, signature = jws.from_digits(card()).split(".")
    assert json.loads(base64.urlsafe_b64decode(head + "==")) == {"zip": "DEF", "alg": "ES256", "kid": KID}
    content = zlib.decompress(base64.urlsafe_b64decode(body + "=="), -15)
    parsed = json.loads(content)
    assert json.dumps(parsed, separators=(",", ":"), ensure_ascii=False).encode() == content  # minified
    assert set(parsed) == {"iss", "nbf", "vc"}
    bundle = parsed["vc"]["credentialSubject"]["fhirBundle"]
    assert [entry["fullUrl"] for entry in bundle["entry"]] == ["resource:0", "resource:1"]
    assert not {"id", "meta", "text", "gender"} & {
        name for entry in bundle["entry"] for name in entry["resource"]
    }
    assert b'"display":' not in content.replace(b'"performer":[{"display":', b"")
    assert len(base64.urlsafe_b64decode(signature + "==")) == 64
    numbers = KEY.public_numbers()
    x, y = (encode(value.to_bytes(32, "big")) for value in (numbers.x, numbers.y))
    canonical = f'{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}'
    assert encode(hashlib.sha256(canonical.encode()).digest()) == KID


def test_the_digits_are_those_of_the_framework() -> None:
    assert jws.digits("eyJX-_z.") == "shc:/" + "56" + "76" + "29" + "43" + "00" + "50" + "77" + "01"
    assert jws.from_digits("shc:/5676294300507701") == "eyJX-_z."


def test_one_code_of_version_22_holds_it_at_the_best_correction_that_fits() -> None:
    for length, level in ((1, "Q"), (670, "Q"), (671, "M"), (927, "M"), (928, "L"), (1_195, "L")):
        assert shc.correction(jws.digits("-" * length)) == level
    for text in (
        card(),
        card(birth_name="Ü" * 70, first_names=("Ébène" * 9, "Ó" * 30)),
        jws.digits("z" * 1_195),
    ):
        symbol = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level=shc.correction(text))
        assert symbol.to_image(scale=1, add_quiet_zones=False).shape[0] <= 105
        assert barcodes.read_png(barcodes.qr(text, scale=3, correction=shc.correction(text))) == [text]


def test_a_card_too_long_for_one_code_is_not_made() -> None:
    names = tuple("".join(chr(0xC0 + (i * j) % 60) for i in range(60)) for j in (7, 11, 13, 17, 23, 29))
    with pytest.raises(ValueError, match="one QR code holds 1195"):
        card(first_names=names)


@pytest.mark.parametrize(
    "issuer", ["http://x.example", "https://x.example/", "https://", "x", "https://x.example/?a"]
)
def test_an_issuer_that_is_no_address_is_an_error(issuer: str) -> None:
    with pytest.raises(ValueError, match="https address"):
        card(issuer=issuer)


def test_a_result_or_a_key_the_card_cannot_hold_is_an_error() -> None:
    with pytest.raises(ValueError, match="detected"):
        card(result="I")
    with pytest.raises(ValueError, match="P-256"):
        card(signer=LocalSigner(ec.generate_private_key(ec.SECP384R1()), b""))
    with pytest.raises(ValueError, match="P-256"):
        jwks.key_set([ec.generate_private_key(ec.SECP384R1()).public_key()], issuer=ISSUER)


def token(text: str = "") -> list[str]:
    return jws.from_digits(text or card()).split(".")


def none_signed() -> str:
    return jws.digits(
        f"{encode(json.dumps({'alg': 'none', 'zip': 'DEF', 'kid': KID}).encode())}.{token()[1]}."
    )


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (Reason.BAD_CHARACTERS, "shc:/5"),
        (Reason.BAD_CHARACTERS, "shc:/78"),
        (Reason.BAD_CHARACTERS, "shc:/5é"),
        (Reason.BAD_CHARACTERS, "shc:/+1"),
        (Reason.BAD_JWS, "shc:/"),
        (Reason.BAD_JWS, jws.digits("e30.e30")),
        (Reason.BAD_JWS, jws.digits("e30.e30.e30.e30")),
        (Reason.BAD_JWS, jws.digits("bnVsbA.e30.AA")),  # the header is null
        (Reason.BAD_JWS, jws.digits("e:0.e30.AA")),
        (Reason.BAD_JWS, signed({}, header={"alg": "ES256", "kid": KID, "crit": ["exp"]})),
        (Reason.ONE_PART, "shc:/1/2/5676"),
        (Reason.TOO_LARGE, "shc:/" + "5" * 20_000),
        (Reason.TOO_LARGE, signed({}, packed=deflated(b" " * 1_000_000))),
        (Reason.BAD_COMPRESSION, signed({}, packed=b"not deflated")),
        (Reason.BAD_COMPRESSION, signed({}, packed=deflated(b"{}")[:-1])),
        (Reason.BAD_COMPRESSION, signed({}, packed=deflated(b"{}") + b"more")),
        (Reason.BAD_COMPRESSION, signed({}, packed=zlib.compress(b"{}"))),
        (Reason.BAD_CLAIMS, signed([])),
        (Reason.BAD_CLAIMS, signed({})),
        (Reason.BAD_CLAIMS, signed({}, packed=deflated(b"[" * 60_000))),
        (Reason.BAD_CLAIMS, signed({}, packed=deflated(b'{"nbf":' + b"9" * 5_000 + b"}"))),
        (Reason.BAD_CLAIMS, signed(payload(iss=1))),
        (Reason.BAD_CLAIMS, signed(payload(nbf="soon"))),
        (Reason.BAD_CLAIMS, signed(payload(nbf=10**400))),
        (Reason.BAD_CLAIMS, signed(payload(nbf=float("nan")))),
        (Reason.BAD_CLAIMS, signed(payload(exp=None))),
        (Reason.BAD_CLAIMS, signed(payload(vc={"type": ["https://smarthealth.cards#health-card"]}))),
        (Reason.BAD_CLAIMS, signed(payload(vc={**payload()["vc"], "type": ["other"]}))),
        (Reason.UNSUPPORTED_ALGORITHM, none_signed()),
        (Reason.UNSUPPORTED_ALGORITHM, signed(payload(), header={"zip": "DEF", "alg": "ES384", "kid": KID})),
        (Reason.KEY_ID_MISSING, signed(payload(), header={"zip": "DEF", "alg": "ES256"})),
        (Reason.KEY_UNKNOWN, signed(payload(), header={"zip": "DEF", "alg": "ES256", "kid": "other"})),
        (Reason.KEY_ISSUER, card(issuer="https://somebody.example")),
        (Reason.BAD_SIGNATURE, jws.digits(".".join([*token()[:2], ""]))),
        (Reason.BAD_SIGNATURE, jws.digits(".".join([*token()[:2], token(signed({"other": 1}))[2]]))),
        (Reason.EXPIRED, signed(payload(exp=AT.timestamp() - 1))),
        (Reason.NOT_YET_VALID, signed(payload(nbf=AT.timestamp() + 1))),
    ],
)
def test_what_fails_says_why(expected: Reason, text: str) -> None:
    assert judge(text).reason is expected


def test_a_card_holds_for_ever_and_an_end_is_believed() -> None:
    assert judge(card(), at=AT + timedelta(days=3_650)).valid
    assert judge(signed(payload(exp=AT.timestamp() + 60))).valid


def test_one_changed_character_never_holds() -> None:
    text = card()
    for position in range(len("shc:/"), len(text), 7):
        changed = text[:position] + str((int(text[position]) + 1) % 10) + text[position + 1 :]
        assert not judge(changed).valid


def test_the_last_character_has_one_spelling() -> None:
    """A signature leaves four bits of its last character over."""
    text = jws.from_digits(card())
    others = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") - {text[-1]}
    assert not any(judge(jws.digits(text[:-1] + other)).valid for other in others)


def test_a_key_for_cards_signs_nothing_else_and_another_key_no_card() -> None:
    for data in (SIGNER.certificate, jwks.key_set([KEY], issuer=ISSUER)):
        trusted = TrustList.of([*trust.parse(data), *jwks.parse(data)])
        assert judge(card(), trusted=trusted).valid is (data != SIGNER.certificate)
        assert bool(trusted.for_key_id(b"12345678")) is False


def test_key_sets_and_directories_are_read_and_what_is_wrong_in_them_passed_over() -> None:
    good = json.loads(jwks.key_set([KEY], issuer=ISSUER))["keys"][0]
    wrong: list[object] = [
        {**good, "kid": "another"},
        {**good, "x": good["y"]},
        {**good, "x": "é"},
        {**good, "crv": "P-384"},
        {**good, "use": "enc"},
        None,
        [],
    ]
    directory = {
        "issuerInfo": [
            {"issuer": {"iss": ISSUER}, "keys": [good, *wrong]},
            {"issuer": 1},
            {"issuer": {}, "keys": [good]},
        ]
    }
    keys = jwks.parse(json.dumps(directory).encode())
    assert [key.issuers for key in keys] == [frozenset({ISSUER}), frozenset({""})]
    assert judge(card(), trusted=TrustList.of(keys[:1])).valid
    assert judge(card(), trusted=TrustList.of(keys[1:])).reason is Reason.KEY_ISSUER  # it names no issuer
    anybody = TrustList.of(jwks.parse(json.dumps({"keys": [good]}).encode()))
    assert judge(card(issuer="https://somebody.example"), trusted=anybody).valid
    assert all(jwks.parse(data) == [] for data in (b"", b"[]", b"{}", b'{"keys": 1}', b"[" * 99_999, b"\xff"))


def test_departures_from_framework_and_guide_are_warnings() -> None:
    def changed(bundle: object, **more: Any) -> tuple[str, ...]:
        vc = {
            "type": payload()["vc"]["type"],
            "credentialSubject": {"fhirVersion": "4.0.1", "fhirBundle": bundle},
        }
        verdict = judge(signed(payload(vc=vc, **more)))
        assert verdict.kind is Kind.SHC
        return verdict.warnings

    assert changed({}) == ("Patient: exactly one expected, 0 found",)
    patient = {"resource": {"resourceType": "Patient"}}
    test = {"resource": {"resourceType": "Observation", "status": "preliminary", "valueString": "x"}}
    assert changed({"entry": [patient, test, 1, {"resource": 1}]}) == (
        "Patient: without a name",
        "Observation: not a final status",
        "Observation: without code, subject, effectiveDateTime",
    )
    assert changed(payload()["vc"]["credentialSubject"]["fhirBundle"], iss="http://x") == (
        "iss: not an https address without a slash at its end",
    )
    long = signed(payload(more=[hashlib.sha256(bytes([n])).hexdigest() for n in range(30)]))
    assert "more than one QR code holds" in judge(long).warnings[0]
    bare = signed({}, header={"alg": "ES256", "kid": KID}, packed=json.dumps(payload()).encode())
    assert judge(bare).reason is Reason.OK
    assert judge(bare).warnings[0] == "zip: the payload is not compressed"


def test_a_file_of_cards_holds_their_tokens() -> None:
    text = card()
    assert json.loads(files.write([text])) == {"verifiableCredential": [jws.from_digits(text)]}
    assert files.read(files.write([text])) == [text]
    assert files.looks_like_one(files.write([text]))


@pytest.mark.parametrize(
    "data",
    [
        b"{}",
        b'{"verifiableCredential": 1}',
        b'{"verifiableCredential": ["\xc3\xa9"]}',
        b'{"verifiableCredential"',
    ],
)
def test_a_file_that_holds_no_cards_is_an_error(data: bytes) -> None:
    with pytest.raises(ValueError, match="no file"):
        files.read(data)
