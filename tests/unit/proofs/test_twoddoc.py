"""2D-DOC: what is issued, what readers print, and every way a document may fail."""

import base64
from datetime import UTC, date, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from tests.certificates import AT, SEAL, TRUST, certificate, document_signer, issued, trusting

from rempart.proofs import signing, testcertificate, trust, twoddoc
from rempart.proofs.reasons import Kind, Reason
from rempart.proofs.trust import TrustedKey, TrustList
from rempart.proofs.twoddoc import GS, RS, US
from rempart.proofs.verdict import Verdict, verify

HEADER = "DC04RMP00001" + "1E59" * 2 + "B201FR"
FIELDS = f"F0ZOE/ANNE NOELLE{GS}F1LEFEVRE OEILLET{GS}F229021984F3FF4945006{GS}F5NF6080420210800"


def signed(text: str, signer: signing.Signer | None = None) -> str:
    signature = (signer or SEAL.signer()).sign(text.encode("iso-8859-1"))
    return f"{text}{US}{base64.b32encode(signature).decode().rstrip('=')}"


def judge(text: str, *, at: datetime = AT, trust: TrustList = TRUST) -> Verdict:
    return verify(text, trust=trust, at=at)


def test_an_issued_document_holds_and_says_what_it_was_given() -> None:
    text = issued().twoddoc
    assert text.startswith(HEADER + FIELDS + US)  # day 0x1E59 is 9 April 2021
    assert len(text.partition(US)[2]) == 103
    verdict = judge(text)
    assert (verdict.kind, verdict.valid, verdict.warnings) == (Kind.TWODDOC, True, ())
    expected = {
        "version": "04",
        "authority": "RMP0",
        "certificate_id": "0001",
        "document_type": "B2",
        "emitted_on": "2021-04-09",
        "signed_on": "2021-04-09",
        "first_names": ["ZOE", "ANNE NOELLE"],
        "birth_name": "LEFEVRE OEILLET",
        "birth_date": "1984-02-29",
        "sex": "F",
        "loinc": "945006",
        "result": "N",
        "sampled_at": "2021-04-08T08:00",
    }
    assert verdict.claims | expected == verdict.claims


@pytest.mark.parametrize("result", list(testcertificate.Result))
def test_all_four_results_have_a_2d_doc_and_two_have_a_dcc(result: testcertificate.Result) -> None:
    both = issued(result=result)
    assert judge(both.twoddoc).claims["result"] == result
    assert bool(both.hc1) == (result in "PN")


@pytest.mark.parametrize(
    ("changes", "has_dcc"),
    [
        ({}, True),
        ({"analysis": testcertificate.Analysis.ANTIGEN}, False),
        ({"analysis": testcertificate.Analysis.ANTIGEN, "device": "1232"}, True),
        ({"analysis": testcertificate.Analysis.OTHER}, False),
        ({"disease_code": ""}, False),
        ({"birth_name": "王", "first_names": ("秀英",)}, False),
    ],
)
def test_which_tests_the_eu_certifies(changes: dict[str, object], has_dcc: bool) -> None:
    assert certificate(**changes).has_dcc is has_dcc


def test_days_are_those_of_paris() -> None:
    text = testcertificate.issue(
        certificate(),
        dcc_signer=document_signer().signer(),
        twoddoc_signer=SEAL.signer(),
        issued_at=datetime(2021, 4, 9, 22, 30, tzinfo=UTC),
    ).twoddoc
    assert twoddoc.read(text).signed_on == date(2021, 4, 10)


@pytest.mark.parametrize(
    ("changes", "field", "value", "cut"),
    [
        ({"birth_name": "A" * 38}, "F1", "A" * 38, ()),
        ({"birth_name": "A" * 39}, "F1", "A" * 38, ("F1",)),
        ({"first_names": ("A" * 60,)}, "F0", "A" * 60, ()),
        ({"first_names": ("A" * 61,)}, "F0", "A" * 60, ("F0",)),
        ({"first_names": ("A" * 30, "B" * 29, "C")}, "F0", "A" * 30 + "/" + "B" * 29, ("F0",)),
        ({"first_names": tuple("ABCDEFG")}, "F0", "A/B/C/D/E/F", ("F0",)),
        ({"first_names": ("Zoé", "王", "Élie")}, "F0", "ZOE/ELIE", ()),
        ({"first_names": ()}, "F0", "", ()),
        ({"loinc": "94309-2"}, "F4", "943092", ()),
        ({"loinc": "1234567"}, "F4", "1234567", ()),
    ],
)
def test_values_longer_than_their_field_are_cut_and_say_so(
    changes: dict[str, object], field: str, value: str, cut: tuple[str, ...]
) -> None:
    document = twoddoc.read(issued(**changes).twoddoc)
    assert document.fields[field] == value
    assert document.truncated == cut
    assert judge(issued(**changes).twoddoc).valid


@pytest.mark.parametrize(
    "names", [("RMP0", "00012"), ("RMP", "00012"), ("RMP00", "001"), ("rmp0", "0001"), ("RMP0", "")]
)
def test_names_that_the_header_cannot_hold_are_an_error(names: tuple[str, str]) -> None:
    fields = twoddoc.TestFields(
        first_names=(),
        birth_name="A",
        birth_date=AT.date(),
        sex="F",
        loinc="945006",
        result="N",
        sampled_at=AT,
    )
    with pytest.raises(ValueError, match="4 of A–Z"):
        twoddoc.issue(fields, SEAL.signer(), authority=names[0], certificate_id=names[1], issued_at=AT)


@pytest.mark.parametrize("loinc", ["", "12", "12345678", "94500-é"])
def test_a_loinc_code_the_format_cannot_hold_is_an_error(loinc: str) -> None:
    with pytest.raises(ValueError, match="F4"):
        issued(loinc=loinc)


def test_a_signer_without_2d_doc_names_is_an_error() -> None:
    signer = document_signer().signer()
    with pytest.raises(ValueError, match="4-character names"):
        testcertificate.issue(certificate(), dcc_signer=signer, twoddoc_signer=signer, issued_at=AT)


@pytest.mark.parametrize(
    "changed",
    [
        lambda text: text.replace(GS, "<GS>").replace(US, "<US>"),
        lambda text: text.replace(GS, "␝").replace(US, "␟"),
        lambda text: text + "=",
        lambda text: text.partition(US)[0] + US + text.partition(US)[2].lower(),
        lambda text: text + GS + "ANNEXE NOT SIGNED",
        lambda text: f"  {text}\r\n",
    ],
)
def test_what_readers_print_is_understood(changed: object) -> None:
    assert judge(changed(issued().twoddoc)).valid  # type: ignore[operator]


@pytest.mark.parametrize(
    "fields",
    [
        FIELDS.replace("F3F", f"F3F{GS}"),  # a separator after a fixed value
        FIELDS + GS,  # and after the last one
        FIELDS.replace(f"945006{GS}", "945006"),  # none after a variable one below its length
        FIELDS.replace(f"945006{GS}", f"9450067{GS}").replace("9450067", "945006"),
    ],
)
def test_separators_as_some_encoders_set_them(fields: str) -> None:
    verdict = judge(signed(HEADER + fields))
    assert verdict.valid
    assert verdict.claims["loinc"] == "945006"
    assert verdict.claims["sampled_at"] == "2021-04-08T08:00"


@pytest.mark.parametrize(
    "header", ["DC01RMP000011E591E5901", "DC02RMP000011E591E5901", "DC03RMP000011E591E590101"]
)
def test_older_versions_are_read(header: str) -> None:
    verdict = judge(signed(f"{header}26VALUE{GS}20OTHER"))
    assert verdict.valid
    assert verdict.claims["unread"] == ["26VALUE", "20OTHER"]
    assert verdict.claims["perimeter"] == "01"
    assert verdict.warnings[0].startswith("01: a type this reader does not know")


def test_the_dates_of_the_specifications_examples() -> None:
    for header, emitted, signed_on in (
        ("DC03FR0AXT4A0E840E8A0101", date(2010, 3, 5), date(2010, 3, 11)),
        ("DC04FR0AXT4A1E6DFFFF0101FR", date(2021, 4, 29), None),
    ):
        document = twoddoc.read(f"{header}26FR10DOE{US}AAAA")
        assert (document.emitted_on, document.signed_on) == (emitted, signed_on)
        assert (document.authority, document.certificate_id, document.type) == ("FR0A", "XT4A", "01")


def test_a_version_01_signature_may_be_raw_bytes() -> None:
    text = f"DC01RMP000011E591E590126VALUE{GS}"
    raw = SEAL.signer().sign(text.encode())
    assert judge(f"{text}{US}{raw.decode('iso-8859-1')}").valid
    assert judge(f"{text}{raw.decode('iso-8859-1')}").valid  # nothing says where it begins


def test_a_raw_signature_may_hold_the_bytes_of_separators() -> None:
    text, signer = "DC01RMP000011E591E590126VALUE", SEAL.signer()
    for _ in range(200):
        raw = signer.sign(text.encode()).decode("iso-8859-1")
        assert judge(text + US + raw).valid
        assert judge(text + raw).valid


@pytest.mark.parametrize(
    ("curve", "hash_"), [(ec.SECP384R1(), hashes.SHA384()), (ec.SECP521R1(), hashes.SHA512())]
)
def test_larger_curves_hold(curve: ec.EllipticCurve, hash_: hashes.HashAlgorithm) -> None:
    key = ec.generate_private_key(curve)
    raw = signing.raw_signature(key.sign((HEADER + FIELDS).encode(), ec.ECDSA(hash_)), curve.key_size)
    text = f"{HEADER}{FIELDS}{US}{base64.b32encode(raw).decode().rstrip('=')}"
    signer = signing.LocalSigner(key, b"")
    fields = twoddoc.TestFields(
        first_names=("Zoé",),
        birth_name="Lefèvre",
        birth_date=date(1984, 2, 29),
        sex="F",
        loinc="94500-6",
        result="N",
        sampled_at=AT,
    )
    made = twoddoc.issue(fields, signer, authority="RMP0", certificate_id="0001", issued_at=AT)
    trusted = TrustList.of([TrustedKey(public_key=key.public_key(), documents=frozenset({"RMP00001"}))])
    assert judge(text, trust=trusted).valid
    assert judge(made, trust=trusted).valid
    assert judge(text).reason is Reason.BAD_SIGNATURE


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (Reason.BAD_HEADER, "DC0"),
        (Reason.BAD_HEADER, "DC05" + (HEADER + FIELDS)[4:]),
        (Reason.BAD_HEADER, signed("DC04RMP000011E591E59B2")),
        (Reason.BAD_HEADER, signed(HEADER.replace("1E59", "XXXX") + FIELDS)),
        (Reason.UNSIGNED, HEADER + FIELDS),
        (Reason.UNSIGNED, HEADER + FIELDS + US + "0189"),
        (Reason.BAD_CHARACTERS, f"{HEADER}{FIELDS}€{US}AAAA"),
        (Reason.TOO_LARGE, HEADER + "F" * 10_000),
        (Reason.KEY_UNKNOWN, signed(HEADER.replace("RMP0", "FR99") + FIELDS)),
        (Reason.BAD_SIGNATURE, HEADER + FIELDS + US),
        (Reason.BAD_SIGNATURE, signed(HEADER + FIELDS).replace("F5N", "F5P")),
        (Reason.BAD_SIGNATURE, signed(HEADER + FIELDS)[:-8]),
        (Reason.NOT_YET_VALID, signed(HEADER.replace("1E59", "1E5A") + FIELDS)),
    ],
)
def test_what_fails_says_why(expected: Reason, text: str) -> None:
    assert judge(text).reason is expected


def test_the_signer_was_valid_on_the_day_of_signature() -> None:
    names = {"common_name": "0001", "issuer_name": "RMP0"}
    expired = document_signer(not_before=AT - timedelta(days=9), not_after=AT - timedelta(days=2), **names)
    future = document_signer(not_before=AT + timedelta(days=2), **names)
    for signer, expected in ((expired, Reason.KEY_EXPIRED), (future, Reason.KEY_NOT_YET_VALID)):
        assert judge(signed(HEADER + FIELDS, signer.signer()), trust=trusting(signer)).reason is expected
    # judged years later, a document signed in time still holds
    assert judge(issued().twoddoc, at=AT + timedelta(days=3650)).valid


def test_an_undated_document_is_judged_by_its_signer_now() -> None:
    text = signed(HEADER.replace("1E59", "FFFF") + FIELDS)
    assert judge(text).claims["signed_on"] is None
    assert judge(text).valid
    assert judge(text, at=AT + timedelta(days=3650)).reason is Reason.KEY_EXPIRED


def test_departures_from_the_type_are_warnings() -> None:
    fields = FIELDS.replace("F3F", "F3Z").replace("29021984", "XX021984").replace("F5N", "F5Q") + "Z9MORE"
    verdict = judge(signed(HEADER + fields))
    assert verdict.valid
    assert verdict.claims["birth_date"] == "XX021984"
    assert [warning.split(":")[0] for warning in verdict.warnings] == ["F2", "F3", "F5", "unread"]
    missing = judge(signed(HEADER + f"F0ZOE{GS}"))
    assert missing.valid
    assert "F6: missing" in missing.warnings


def test_a_header_that_does_not_fit_the_type_is_a_warning() -> None:
    undated = judge(signed(HEADER.replace("1E59", "FFFF", 1) + FIELDS))
    assert undated.warnings == ("header: without its date of emission",)
    assert judge(signed(HEADER.replace("B201", "B202") + FIELDS)).warnings == (
        "header: the perimeter of B2 is 01",
    )
    accented = judge(signed(HEADER + FIELDS.replace("ZOE", "ZOÉ")))
    assert accented.valid
    assert accented.warnings == ("F0: holds characters that its field does not allow",)


def test_a_cut_value_is_marked_with_rs() -> None:
    assert f"F1{'A' * 38}{RS}F2" in issued(birth_name="A" * 40).twoddoc


def test_the_vaccination_type_is_read_by_name() -> None:
    text = signed(
        f"DC04RMP00001{'1E59' * 2}L101FRL0DUPONT{GS}L1JEAN/PAUL{GS}L231051962L3COVID-19{GS}L4J07BX03{GS}"
        f"L5COMIRNATY{GS}L6PFIZER{GS}L71L82L901032021LACO"
    )
    claims = judge(text).claims
    assert (claims["name"], claims["first_names"], claims["vaccinated_on"]) == (
        "DUPONT",
        ["JEAN", "PAUL"],
        "2021-03-01",
    )
    assert judge(text).warnings == ()


def test_names_of_a_certificate_need_four_characters_each() -> None:
    (key,) = trust.parse(document_signer(common_name="0001", issuer_name="RMP00").certificate)
    assert key.documents == frozenset()
