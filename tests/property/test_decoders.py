"""Whatever the bytes, every decoder gives an outcome, and no finding tells who the person is."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import messages
from tests.unit.screening.formats.tables.test_decoding import ROW, table, workbook

from rempart.screening.formats import decode
from rempart.screening.formats.hl7v2.ack import acknowledge
from rempart.screening.formats.hprim_sante import ack
from rempart.screening.rules.answer import answer
from rempart.screening.rules.judging import judge
from rempart.screening.rules.report import Format, Outcome

CONTEXTS = (messages.FRENCH, messages.GENERIC)
NOT_TO_BE_TOLD = (
    "PAT-TROIS",
    "DOMINIQUE",
    "BRETEUIL",
    "279035121518989",
    "19790328",
    "28/03/1979",
    "0600000000",
)

GOOD = (
    messages.hl7(),
    messages.hl7(line_end="\n") * 2,
    b"FHS|^~\\&\rBHS|^~\\&\r" + messages.hl7() + b"BTS|1\rFTS|1\r",
    b"\x0b" + messages.hl7(("DOMINIQUE^DOMINIQUE", "J\\E\\R\\.br\\\\X41\\^DOMINIQUE")) + b"\x1c\r",
    messages.sante(
        more=("OBX|4|CE|SIDEP-MUT-A||1||||||F", "OBX|5|FIC|CR~Compte rendu~L||PDF~cr.pdf~PDF||||||F")
    ),
    messages.sante(("Detected", "Dete\r\nA|cted"), line_end="\r\n") * 2,
    messages.hprim(),
    messages.hprim(line_end="\r", lines=(messages.RESULT, "RES|Mutation|SIDEP-MUT-A|C|1|||||F")) * 2,
    messages.hprim(("Resultat", "Résultat")).decode().encode("cp850"),
    "﻿".encode("utf-16-le") + messages.hprim().decode().encode("utf-16-le"),
    messages.cda(),
    messages.cda(sample="bio-trod") * 2,
    messages.fhir(),
    json.dumps(json.loads(messages.fhir())).encode()
    + b"\n"
    + json.dumps(json.loads(messages.fhir())).encode(),
    table(ROW, ROW).encode(),
    b"sep=,\r\n" + table(ROW, delimiter=",", quote=True).encode("cp1252"),
    workbook(list(ROW), list(ROW.values())),
)
FORMATS = (None, *(one for one in Format if one not in (Format.FORM, Format.UNKNOWN)))
"""As which a payload may be sent; None: nobody said."""
PIECES = st.sampled_from(
    [b"|", b"^", b"~", b"&", b"\\", b"\r", b"\n", b"\r\n", b"\x0b", b"\x1c", b'""', b"\\X", b"MSH|", b"OBX|1|",
     b"****FIN****", b"****FINFICHIER****", b"****LAB****", b"RES|", b"\xe9", b"\x82", b"\x00", b"0", b"9" * 40,
     b"-0400", b"+99999", b"\xf0\x9f\x92\x89", b"\xff\xfe", b"BTS|x", b"PID|", b"SPM|", b"ORC|", b"H|~^\\&|", b"H|^~&|", b"\rA|", b"A|", b"\rP|1|", b"\rL|1||", b"FIC",
     b"<", b"</", b"/>", b"&amp;", b"&x;", b"<!DOCTYPE a>", b"]]>", b"nullFlavor=\"UNK\"", b"{", b"}", b"[", b"]", b",", b"null",
     b";", b"\t", b'"', b"sep=|\n", b"PK\x03\x04", b"PK\x01\x02", b"\\ud800", b"\xed\xa0\x80", b"1e999", b"\x00\x00\xfe\xff"]
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A good message with pieces inserted, removed, doubled or replaced."""
    payload = draw(st.sampled_from(GOOD))
    for _ in range(draw(st.integers(1, 8))):
        at = draw(st.integers(0, len(payload)))
        to = draw(st.integers(at, min(len(payload), at + draw(st.sampled_from((0, 1, 3, 30, 400))))))
        piece = draw(st.one_of(st.just(b""), PIECES, st.binary(max_size=6), st.just(payload[at:to] * 2)))
        payload = payload[:at] + piece + payload[to:]
    return payload


def every_outcome(payload: bytes, format_: Format | None) -> None:
    for context in CONTEXTS:
        items = list(decode(payload, format=format_, context=context))
        assert items, "a payload without message gives one item too"
        assert [item.position for item in items] == list(range(len(items)))
        for item in items:
            judgement = judge(item, profile=context.profile, pathogen=context.pathogen, now=messages.NOW)
            assert judgement.outcome in Outcome
            line = json.dumps(answer(item, judgement, source="a file"))
            assert json.loads(line)["outcome"] == judgement.outcome.value
            acknowledgement = acknowledge(item, judgement, now=messages.NOW)
            assert acknowledgement.count(b"\r") == 2 + len(judgement.findings)
            assert ack.acknowledge([item], [judgement], now=messages.NOW).count(b"\nL|") == 1


@pytest.mark.parametrize("format_", FORMATS)
@given(payload=st.binary(max_size=2_000))
@settings(deadline=None, max_examples=60)
def test_any_bytes_give_an_outcome(payload: bytes, format_: Format | None) -> None:
    every_outcome(payload, format_)


@pytest.mark.parametrize("format_", FORMATS)
@given(payload=mutated())
@settings(deadline=None, max_examples=150)
def test_damaged_messages_give_an_outcome(payload: bytes, format_: Format | None) -> None:
    """Also those of another format than the one they are sent as."""
    every_outcome(payload, format_)


@given(payload=mutated())
@settings(deadline=None, max_examples=300)
def test_no_finding_tells_who_the_person_is(payload: bytes) -> None:
    for item in decode(payload, context=messages.FRENCH):
        judgement = judge(item, profile=messages.FRENCH.profile, pathogen=messages.COVID, now=messages.NOW)
        for said in judgement.findings:
            assert not any(word in said.message or word in said.location for word in NOT_TO_BE_TOLD)


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("mark", [b"", b"\xff\xfe", b"\x00\x00\xfe\xff", b"\xef\xbb\xbf", b"\x0b"])
def test_a_message_of_another_format_or_encoding_gives_an_outcome(
    mark: bytes, format_: Format | None
) -> None:
    for payload in GOOD:
        every_outcome(mark + payload, format_)


@given(head=st.text(max_size=40), lines=st.lists(st.text(max_size=60), max_size=30))
@settings(deadline=None)
def test_any_text_in_an_hprim_frame_gives_an_outcome(head: str, lines: list[str]) -> None:
    text = "\r\n".join([head, *lines, "****LAB****", *(f"RES|{line}" for line in lines), messages.FIN])
    every_outcome(text.encode("utf-8", "replace"), Format.HPRIM_MEDECIN)


@given(
    fields=st.lists(st.text(max_size=30), max_size=35),
    name=st.sampled_from(["PID", "OBR", "OBX", "ORC", "SPM"]),
)
@settings(deadline=None)
def test_any_fields_in_a_segment_give_an_outcome(fields: list[str], name: str) -> None:
    segment = "|".join([name, *fields]).replace("\r", " ").replace("\n", " ")
    payload = messages.hl7(without=(name,), more=(segment, "OBX|9|CE|94500-6^^LN||P||||||F")).decode()
    every_outcome(payload.encode("utf-8", "replace"), Format.HL7V2)


@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_any_value_anywhere_in_a_bundle_gives_an_outcome(data: st.DataObject) -> None:
    bundle = json.loads(messages.fhir())
    inner = st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=20)
    )
    anything = st.recursive(
        inner,
        lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=8), below, max_size=3),
    )
    for _ in range(data.draw(st.integers(1, 4))):
        holder, step = bundle, data.draw(st.sampled_from(sorted(bundle)))
        while isinstance(holder[step], (dict, list)) and holder[step] and data.draw(st.integers(0, 5)):
            holder = holder[step]
            step = data.draw(
                st.sampled_from(sorted(holder) if isinstance(holder, dict) else range(len(holder)))
            )
        holder[step] = data.draw(anything)
    every_outcome(json.dumps(bundle).encode(), Format.FHIR)


def test_messages_are_kept_byte_for_byte() -> None:
    one, two = messages.hl7(), messages.hl7(("MSG000001", "MSG000002"))
    found = messages.items(b"\x0b" + one + b"\x1c\r\x0b" + two + b"\x1c\r")
    assert [item.raw for item in found] == [one.rstrip(), two.rstrip()]


HOSTILE = {  # each would take hours with one step that grows with the square of the size
    "message starts inside a line": b"x" + b"MSHMSH|" * 600_000,
    "messages without content": b"MSH|^~\\&|\r" * 20_000,
    "lines that start no segment": messages.hl7() + b"x\r" * 1_000_000,
    "few long lines that start no segment": messages.hl7() + (b"x" * 300 + b"\r") * 15_000,
    "observations": messages.hl7() + b"OBX|1|ST|2160-0^^LN||1||||||F\r" * 100_000,
    "repetitions": messages.hl7().replace(b"PAT0012345", b"PAT~" * 500_000),
    "components": messages.hl7().replace(b"PAT0012345", b"^" * 1_000_000),
    "escapes": messages.hl7().replace(b"BRETEUIL", b"\\" * 500_001),
    "end tags inside a line": messages.hprim() + b"x****FIN****" * 300_000,
    "end tags": b"a\n****FIN****\n" * 20_000,
    "result lines": messages.hprim() + b"RES|a|b|C|P|||||F\n" * 100_000,
    "columns": messages.hprim().replace(b"SARS-CoV-2 RT-PCR|", b"|" * 1_000_000),
    "markup": messages.hprim().replace(b"SARS-CoV-2 RT-PCR|", b"<" * 1_000_000 + b"&" * 100_000),
    "a number without end": messages.hl7().replace(b"20210408134800+0200", b"2" * 1_000_000),
    "accents": messages.hprim().replace(b"Resultat", b"\x82" * 1_000_000),
    "continuations": messages.sante() + b"\rA|x" * 15_000,
    "few long continuations": messages.sante().replace(b"L|1||1", b"A|" + b"x" * 500_000 + b"\r") * 20,
    "starts of messages": b"H|~^\\&|\r" * 20_000,
    "half starts of messages": b"\rH|~^" * 600_000,
    "persons": messages.sante() + b"P|1|1||||A~B|||\rOBR|1\rOBX|1|CE|94500-6||P||||||F\r" * 6_000,
    "numbers to call": messages.sante(("0600000000", "6^" * 500_000)),
    "trailers": messages.hl7() + b"BTS|1\rFTS|1\r" * 100_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_sizes_take_no_more_than_their_share(name: str) -> None:
    for item in decode(HOSTILE[name], context=messages.FRENCH):
        judgement = messages.verdict(item)
        assert len(judgement.findings) < 150_000
