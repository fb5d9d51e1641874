"""C40, binary 2D-DOC, SMART Health Cards, key sets and service lists: what is written is read, and nothing falls."""

import json
import zlib
from datetime import date, datetime

import numpy
import pypdfium2
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.certificates import AT, certificate, issued
from tests.service_lists import Entry, Layout, party, signed
from tests.unit.proofs.test_shc import CONTENT, KID, SIGNER, TRUST, encode
from tests.unit.proofs.test_twoddoc_binary import FIELDS, HEADER, block, sealed

from rempart.proofs import barcodes, shc, tsl, twoddoc
from rempart.proofs.documents.certificate import render_certificate
from rempart.proofs.reasons import ContainerError, Reason
from rempart.proofs.shc import files, jws
from rempart.proofs.trust import NOTHING, jwks
from rempart.proofs.twoddoc import c40
from rempart.proofs.verdict import verify

latin = st.text(st.characters(max_codepoint=0xFF), max_size=60)
names = st.text(st.characters(codec="utf-8"), max_size=25)


@given(latin)
def test_every_text_survives_c40(text: str) -> None:
    assert c40.decode(c40.encode(text)) == text


@given(st.binary(max_size=60))
def test_any_bytes_are_c40_or_not(data: bytes) -> None:
    try:
        assert c40.decode(data) is not None
    except ValueError:
        return


@given(st.lists(st.tuples(st.integers(0, 254), st.binary(max_size=400)), max_size=6))
def test_any_blocks_are_read(blocks: list[tuple[int, bytes]]) -> None:
    document = twoddoc.read(sealed(HEADER + b"".join(block(*one) for one in blocks)))
    assert len(document.fields) + len(document.unread) == len(blocks)
    json.dumps(document.claims())
    twoddoc.deviations(document)


@given(
    st.binary(max_size=300),
    st.sampled_from([b"\xdc\x04", HEADER, HEADER + FIELDS, b"DC04", b"DC01RMP000011E591E5901"]),
)
def test_any_bytes_after_a_beginning_get_an_answer(data: bytes, start: bytes) -> None:
    verdict = verify((start + data).decode("iso-8859-1"), trust=NOTHING, at=AT)
    assert verdict.reason in Reason
    assert not verdict.valid


@given(
    st.fixed_dictionaries(
        {
            "first_names": st.lists(names, max_size=3).map(tuple),
            "birth_name": names,
            "birth_date": st.dates(date(1900, 1, 1), date(2021, 1, 1)),
            "result": st.sampled_from("PN"),
            "laboratory_name": names,
        }
    )
)
def test_a_card_is_read_back(changes: dict[str, object]) -> None:
    content = shc.TestContent(**(CONTENT | changes))
    text = shc.issue(content, SIGNER, issuer="https://depistage.example/cartes", issued_at=AT)
    verdict = verify(text, trust=TRUST, at=AT)
    assert verdict.valid
    (test,) = verdict.claims["tests"]  # type: ignore[misc]
    assert test["result"] == {"P": "260373001", "N": "260415000"}[content.result]
    assert datetime.fromisoformat(test["sampled_at"]) == content.sampled_at
    assert verdict.claims["patient"]["birth_date"] == content.birth_date.isoformat()  # type: ignore[index]
    assert files.read(files.write([text])) == [text]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(list("abc")) | st.text(max_size=5), inner, max_size=4)
    ),
)
members = st.sampled_from(
    ["entry", "resource", "name", "code", "coding", "performer", "valueCodeableConcept", "resourceType"]
)
bundles = st.recursive(
    json_values,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(members, inner | st.sampled_from(["Patient", "Observation"]), max_size=5)
    ),
)


@given(json_values, bundles)
def test_any_signed_payload_is_judged(content: object, bundle: object) -> None:
    types = ["https://smarthealth.cards#health-card", content]
    card = {"iss": "https://x", "nbf": 1, "vc": {"type": types, "credentialSubject": {"fhirBundle": bundle}}}
    for payload in (content, {"iss": content, "nbf": content, "exp": content, "vc": content}, card):
        packer = zlib.compressobj(1, zlib.DEFLATED, -15)
        packed = packer.compress(json.dumps(payload).encode()) + packer.flush()
        signed_part = (
            f"{encode(json.dumps({'zip': 'DEF', 'alg': 'ES256', 'kid': KID}).encode())}.{encode(packed)}"
        )
        text = jws.digits(f"{signed_part}.{encode(SIGNER.sign(signed_part.encode()))}")
        verify(text, trust=TRUST, at=AT)


@given(
    st.text(max_size=40)
    | st.binary(max_size=200).map(encode).map(lambda text: jws.digits(f"{text}.{text}.{text}"))
)
def test_any_text_of_a_card_gets_an_answer(text: str) -> None:
    assert not verify("shc:/" + text.removeprefix("shc:/"), trust=TRUST, at=AT).valid


@given(st.data())
def test_one_changed_digit_never_holds(data: st.DataObject) -> None:
    text = shc.issue(
        shc.TestContent(**CONTENT), SIGNER, issuer="https://depistage.example/cartes", issued_at=AT
    )
    position = data.draw(st.integers(5, len(text) - 1))
    digit = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != text[position]]))
    assert not verify(text[:position] + digit + text[position + 1 :], trust=TRUST, at=AT).valid


@given(st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_a_key_set_or_not(data: bytes) -> None:
    assert jwks.parse(data) == []


OPERATOR = party("Agence de test")
LIST = signed(
    Layout(entries=(Entry(authority="FR9A", certificate=party("FR9A", ca=True).der),)).xml(), OPERATOR
)


@given(st.integers(0, len(LIST) - 1), st.integers(1, 255))
@settings(max_examples=40)
def test_a_damaged_list_says_the_same_or_is_refused(position: int, change: int) -> None:
    damaged = bytearray(LIST)
    damaged[position] ^= change
    try:
        read = tsl.parse(bytes(damaged), signer=OPERATOR.der, at=AT)
    except tsl.TslError:
        return
    assert read == tsl.parse(LIST, signer=OPERATOR.der, at=AT)  # only what no signature covers was changed


@given(st.binary(max_size=200))
def test_any_bytes_are_no_list(data: bytes) -> None:
    for signer in (None, OPERATOR.der):
        try:
            tsl.parse(data, signer=signer, at=AT)
        except tsl.TslError:
            continue
        raise AssertionError


@given(
    st.fixed_dictionaries(
        {
            "birth_name": st.text("ABÉŁ -'", min_size=1, max_size=45),
            "first_names": st.lists(st.text("abcé-", min_size=1, max_size=20), min_size=1, max_size=5).map(
                tuple
            ),
            "laboratory_name": st.text("Laboratoire é,", max_size=80),
            "result": st.sampled_from(["P", "N"]).map(type(certificate().result)),
        }
    )
)
@settings(max_examples=10)
def test_the_codes_of_a_printed_page_are_read_at_150_dpi(changes: dict[str, object]) -> None:
    made = issued(**changes)
    with pypdfium2.PdfDocument(render_certificate(certificate(**changes), made)) as document:
        page = document[0].render(scale=150 / 72, grayscale=True).to_pil()
    assert {made.twoddoc, made.hc1} - {""} == set(barcodes.read_image(page))


@given(st.binary(min_size=1, max_size=200))
@settings(max_examples=30)
def test_bytes_survive_a_datamatrix(data: bytes) -> None:
    code = sealed(HEADER + block(0x10, data))
    symbol = zxingcpp.create_barcode(code.encode("iso-8859-1"), zxingcpp.BarcodeFormat.DataMatrix)
    picture = Image.fromarray(numpy.asarray(symbol.to_image(scale=4, add_quiet_zones=True)))
    (read,) = barcodes.read_image(picture)
    assert read == code
    try:
        assert twoddoc.read(read).signed == HEADER + block(0x10, data)
    except ContainerError as error:
        raise AssertionError from error
