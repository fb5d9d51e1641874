"""The binary form of 2D-DOC. No vector is public: documents are written here after the specification's layout."""

from datetime import UTC, date, datetime
from pathlib import Path

import numpy
import pytest
import zxingcpp
from PIL import Image
from tests.certificates import AT, SEAL, TRUST, certificate, document_signer, trusting

from rempart.proofs import barcodes, inputs, testcertificate, twoddoc
from rempart.proofs.reasons import ContainerError, Kind, Reason
from rempart.proofs.trust import TrustList
from rempart.proofs.twoddoc import binary, c40
from rempart.proofs.verdict import verify

DAY = (4 * 1_000_000 + 9 * 10_000 + 2021).to_bytes(3, "big")  # 9 April 2021
HEADER = b"\xdc\x04" + c40.encode("FRA") + c40.encode("RMP00001 ") + DAY * 2 + b"\xb2\x00\x01"
BIRTH = (2 * 1_000_000 + 29 * 10_000 + 1984).to_bytes(3, "big")


def block(identifier: int, value: bytes) -> bytes:
    length = bytes([len(value)]) if len(value) < 0xFF else b"\xff" + len(value).to_bytes(2, "big")
    return bytes([identifier]) + length + value


FIELDS = b"".join(
    block(identifier, value if isinstance(value, bytes) else c40.encode(value))
    for identifier, value in {
        0xF0: "ZOE/ANNE NOELLE",
        0xF1: "LEFEVRE OEILLET",
        0xF2: BIRTH,
        0xF3: "F",
        0xF4: "945006",
        0xF5: "N",
        0xF6: "080420210800",
    }.items()
)


def sealed(data: bytes) -> str:
    return (data + b"\xff" + SEAL.signer().sign(data)).decode("iso-8859-1")


def test_a_binary_document_holds_and_says_what_the_text_would() -> None:
    verdict = verify(sealed(HEADER + FIELDS), trust=TRUST, at=AT)
    assert (verdict.kind, verdict.reason, verdict.warnings) == (Kind.TWODDOC, Reason.OK, ())
    expected = {
        "version": "04",
        "authority": "RMP0",
        "certificate_id": "0001",
        "document_type": "B2",
        "perimeter": "0001",
        "country": "FRA",
        "signed_on": "2021-04-09",
        "first_names": ["ZOE", "ANNE NOELLE"],
        "birth_date": "1984-02-29",
        "loinc": "945006",
        "sampled_at": "2021-04-08T08:00",
    }
    assert verdict.claims | expected == verdict.claims


def test_the_dates_of_the_specification() -> None:
    assert binary.read_date(bytes.fromhex("5FB3E1")) == date(1969, 6, 27)
    assert binary.read_date(b"\xff\xff\xff") is None


def test_one_changed_byte_never_holds() -> None:
    code = sealed(HEADER + FIELDS)
    for position in range(2, len(code), 5):
        changed = code[:position] + chr(ord(code[position]) ^ 1) + code[position + 1 :]
        assert not verify(changed, trust=TRUST, at=AT).valid


def test_a_signature_may_end_in_white_space() -> None:
    signer, data = SEAL.signer(), HEADER + FIELDS
    for _ in range(3_000):
        signature = signer.sign(data)
        if signature[-1:] in b" \t\r\n":
            assert verify((data + b"\xff" + signature).decode("iso-8859-1"), trust=TRUST, at=AT).valid
            return
    pytest.fail("no signature ended in white space")


def test_a_long_value_and_what_is_not_c40_are_read() -> None:
    long = "A" * 600
    document = twoddoc.read(sealed(HEADER + block(0x10, c40.encode(long)) + block(0x11, b"\x01\x02\x03")))
    assert document.unread == (f"10{long}", "11010203")
    assert "F6: missing" in twoddoc.deviations(document)


def test_a_signer_of_nine_characters_is_found(tmp_path: Path) -> None:
    signer = document_signer(common_name="00012", issuer_name="RMP0")
    data = HEADER.replace(c40.encode("RMP00001 "), c40.encode("RMP000012")) + FIELDS
    code = (data + b"\xff" + signer.signer().sign(data)).decode("iso-8859-1")
    (tmp_path / "RMP000012.der").write_bytes(signer.certificate)
    for trusted in (trusting(signer), TrustList.load(tmp_path)):
        assert verify(code, trust=trusted, at=AT).claims["certificate_id"] == "00012"
        assert verify(code, trust=trusted, at=AT).valid
    with pytest.raises(ValueError, match="4-character names"):  # what is issued is the text form
        testcertificate.issue_twoddoc(certificate(), signer.signer(), issued_at=AT)


def test_an_undated_document_and_an_unknown_type() -> None:
    header = HEADER.replace(DAY * 2, b"\xff" * 6).replace(b"\xb2\x00\x01", b"\x07\x00\x01")
    verdict = verify(sealed(header + FIELDS), trust=TRUST, at=AT)
    assert verdict.valid
    assert verdict.claims["emitted_on"] is None
    assert verdict.claims["unread"][0] == "F0ZOE/ANNE NOELLE"  # type: ignore[index]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (HEADER[:18], Reason.BAD_HEADER),
        (HEADER.replace(DAY * 2, b"\x00" * 6), Reason.BAD_HEADER),  # the month 0
        (HEADER.replace(c40.encode("FRA"), b"\x00\x00"), Reason.BAD_HEADER),
        (HEADER, Reason.UNSIGNED),
        (HEADER + FIELDS, Reason.UNSIGNED),
        (HEADER + FIELDS[:-1], Reason.UNSIGNED),  # a block is cut
        (HEADER + b"\xf0", Reason.UNSIGNED),
        (HEADER + b"\xf0\xff\xff", Reason.UNSIGNED),
    ],
)
def test_what_cannot_be_opened_says_why(data: bytes, reason: Reason) -> None:
    with pytest.raises(ContainerError) as caught:
        twoddoc.read(data.decode("iso-8859-1"))
    assert caught.value.reason is reason


def test_a_binary_document_is_found_in_a_picture_and_in_a_file(tmp_path: Path) -> None:
    code = sealed(HEADER + FIELDS)
    symbol = zxingcpp.create_barcode(code.encode("iso-8859-1"), zxingcpp.BarcodeFormat.DataMatrix)
    picture = Image.fromarray(numpy.asarray(symbol.to_image(scale=4, add_quiet_zones=True)))
    assert list(barcodes.read_image(picture)) == [code]
    (tmp_path / "code.bin").write_bytes(code.encode("iso-8859-1"))
    (found,) = inputs.find(str(tmp_path / "code.bin"))
    assert verify(found.text, trust=TRUST, at=datetime(2021, 5, 1, tzinfo=UTC)).valid
