"""Certificates: what is signed is read back, and nothing anybody hands in makes the reader fall."""

import zlib
from datetime import UTC, date, datetime

import base45
import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.certificates import AT, DSC, SEAL, TRUST, issued

from rempart.proofs import barcodes, testcertificate, trust, uvci
from rempart.proofs.documents import printing
from rempart.proofs.reasons import Reason
from rempart.proofs.revocation import Batch, Revocations
from rempart.proofs.transliteration import capitals, mrz
from rempart.proofs.verdict import verify

HC1, SEALED = issued().hc1, issued().twoddoc

names = st.text(st.characters(codec="utf-8"), max_size=100)
changes = st.fixed_dictionaries(
    {
        "birth_name": names,
        "first_names": st.lists(names, max_size=8).map(tuple),
        "birth_date": st.dates(date(1900, 1, 1), date(2021, 1, 1)),
        "sex": st.sampled_from(testcertificate.Sex),
        "result": st.sampled_from(testcertificate.Result),
        "loinc": st.from_regex(r"[0-9]{4,6}-[0-9]", fullmatch=True),
        "sampled_at": st.integers(1_577_836_800, 1_640_995_200).map(
            lambda second: datetime.fromtimestamp(second, UTC)
        ),
        "zone": st.sampled_from(["Europe/Paris", "Indian/Reunion", "America/Cayenne", "Pacific/Noumea"]),
        "laboratory_name": names,
    }
)


@given(changes)
def test_what_is_signed_is_read_back(change: dict[str, object]) -> None:
    made = issued(**change)
    seal = verify(made.twoddoc, trust=TRUST, at=AT)
    assert (seal.valid, seal.warnings) == (True, ())
    assert (seal.claims["sex"], seal.claims["result"]) == (change["sex"], change["result"])
    assert seal.claims["birth_date"] == str(change["birth_date"])
    if made.hc1:
        dcc = verify(made.hc1, trust=TRUST, at=AT)
        assert (dcc.valid, dcc.warnings) == (True, ())
        sampled = dcc.claims["dcc"]["t"][0]["sc"]  # type: ignore[index]
        assert datetime.fromisoformat(sampled) == change["sampled_at"]


@given(changes)
@settings(max_examples=20)
def test_codes_survive_paper(change: dict[str, object]) -> None:
    made = issued(**change)
    assert barcodes.read_png(barcodes.datamatrix(made.twoddoc, scale=4)) == [made.twoddoc]
    if made.hc1:
        assert barcodes.read_png(barcodes.qr(made.hc1, scale=4)) == [made.hc1]


@given(names)
def test_names_stay_in_their_alphabets(name: str) -> None:
    assert set(mrz(name)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ<")
    assert set(capitals(name)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ ")
    assert all(printing._DRAWN.match(character) for character in printing.printable(name))


@given(st.binary())
def test_every_uvci_checks(secret: bytes) -> None:
    assert uvci.is_consistent(uvci.derive(secret))


texts = st.text() | st.text(max_size=300).map("HC1:".__add__) | st.text(max_size=300).map("DC04".__add__)


@given(texts)
def test_any_text_gets_an_answer(text: str) -> None:
    verdict = verify(text, trust=TRUST, at=AT)
    assert not verdict.valid
    assert verdict.reason in Reason


@given(st.binary(max_size=400))
def test_any_bytes_in_any_layer_get_an_answer(data: bytes) -> None:
    message = cbor2.dumps(
        cbor2.CBORTag(18, [cbor2.dumps({1: -7, 4: trust.key_id(DSC.certificate)}), {}, data, data])
    )
    for layer in (
        base45.b45encode(data),
        *(base45.b45encode(zlib.compress(part)) for part in (data, message)),
    ):
        assert not verify("HC1:" + layer.decode(), trust=TRUST, at=AT).valid


REVOKED = Revocations.of([Batch(hashes=[bytes(16), bytes(32)])])
cbor_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.integers() | st.text(), inner, max_size=4),
)


@given(cbor_values)
def test_any_signed_content_is_judged(content: object) -> None:
    signer = DSC.signer()
    header = cbor2.dumps({1: -7, 4: trust.key_id(DSC.certificate)})
    for claims in (content, {1: content, 4: 2_000_000_000, 6: 1, -260: {1: {"t": content, "nam": content}}}):
        payload = cbor2.dumps(claims)
        signature = signer.sign(cbor2.dumps(["Signature1", header, b"", payload]))
        message = cbor2.dumps([header, {}, payload, signature])
        text = "HC1:" + base45.b45encode(zlib.compress(message)).decode()
        verify(text, trust=TRUST, at=AT, revoked=REVOKED)


@given(st.data())
def test_one_changed_character_never_holds(data: st.DataObject) -> None:
    for text in (HC1, SEALED):
        position = data.draw(st.integers(4, len(text) - 2))
        character = data.draw(st.characters(codec="ascii"))
        changed = text[:position] + character + text[position + 1 :]
        same = changed.upper().strip() == text.upper()  # Base32 is read in either case
        assert same or not verify(changed, trust=TRUST, at=AT).valid


@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"%PDF-1.4\n", b"\x89PNG\r\n\x1a\n", barcodes.qr("HC1:A")[:60]]),
)
def test_any_file_is_read_or_refused(data: bytes, start: bytes) -> None:
    for read in (barcodes.read_png, barcodes.read_pdf):
        try:
            assert isinstance(read(start + data), list)
        except ValueError:
            continue


@given(st.data())
@settings(max_examples=50)
def test_a_damaged_picture_is_read_or_refused(data: st.DataObject) -> None:
    picture = bytearray(PICTURE)
    for _ in range(data.draw(st.integers(1, 5))):
        picture[data.draw(st.integers(8, len(picture) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert isinstance(barcodes.read_png(bytes(picture)), list)
    except ValueError:
        return


PICTURE = barcodes.qr("HC1:ABC", scale=2)


@given(st.binary())
def test_any_bytes_are_a_trust_file_or_not(data: bytes) -> None:
    assert trust.parse(data) == []


@pytest.mark.parametrize("position", range(0, len(SEAL.certificate), 7))
def test_a_damaged_certificate_is_read_or_passed_over(position: int) -> None:
    damaged = bytearray(SEAL.certificate)
    damaged[position] ^= 0xFF
    assert len(trust.parse(bytes(damaged))) <= 1
