import pytest
from tests import messages

from rempart.screening.formats import sniff
from rempart.screening.formats.hl7v2 import files
from rempart.screening.formats.hl7v2.files import split
from rempart.screening.rules.report import Format

ONE, TWO = messages.hl7(), messages.hl7(("MSG000001", "MSG000002"))


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_several_messages_in_a_file(end: str) -> None:
    payload = b"".join(messages.hl7(("MSG000001", f"M{n}"), line_end=end) for n in range(5))
    assert [item.control_id for item in messages.items(payload)] == ["M0", "M1", "M2", "M3", "M4"]


def test_a_batch_whose_counts_are_right_says_nothing() -> None:
    payload = b"FHS|^~\\&\rBHS|^~\\&\r" + ONE + TWO + b"BTS|2\rBHS|^~\\&\r" + ONE + b"BTS|1|end\rFTS|2\r"
    slices = list(split(payload))
    assert [piece.raw for piece in slices] == [ONE.strip(), TWO.strip(), ONE.strip()]
    assert not any(piece.findings for piece in slices)


@pytest.mark.parametrize(
    ("trailer", "message"),
    [
        (b"BTS|3\r", "The batch announces 3 messages and holds 2."),
        (b"BTS|deux\r", "The count of the batch cannot be read."),
        (b"BTS|2\rFTS|2\r", "The file announces 2 batches and holds 1."),
    ],
)
def test_a_wrong_count_is_a_finding_on_the_last_message(trailer: bytes, message: str) -> None:
    first, last = split(b"BHS|^~\\&\r" + ONE + TWO + trailer)
    assert first.findings == ()
    assert [f.message for f in last.findings] == [message]


def test_a_batch_without_count_announces_nothing() -> None:
    assert [piece.findings for piece in split(b"BHS|^~\\&\r" + ONE + b"BTS\rFTS|\r")] == [()]


def test_frames_blank_lines_and_padding_are_not_part_of_a_message() -> None:
    payload = b"\r\n\r\n  \x0b" + ONE + b"\x1c\r\n\x0b" + TWO + b"\x1c\r\x1a\x00"
    assert [piece.raw for piece in split(payload)] == [ONE.strip(), TWO.strip()]


def test_msh_inside_a_line_starts_no_message() -> None:
    payload = messages.hl7(("28 AV DE BRETEUIL", "28 AV MSH|^~ DE BRETEUIL"), ("PAT0012345", "MSHA"))
    assert len(list(split(payload))) == 1


def test_an_envelope_without_message_gives_an_item() -> None:
    item = messages.item(b"FHS|^~\\&\rBHS|^~\\&\rBTS|0\rFTS|1\r")
    assert [f.code for f in item.findings] == ["F01"]


@pytest.mark.parametrize(
    ("payload", "format_"),
    [
        (ONE, Format.HL7V2),
        (b"\x0b" + ONE, Format.HL7V2),
        (b"\xef\xbb\xbf" + ONE, Format.HL7V2),
        (b"FHS|^~\\&\r" + ONE, Format.HL7V2),
        ("﻿".encode("utf-16-le") + ONE.decode().encode("utf-16-le"), Format.HL7V2),
        (messages.hprim(), Format.HPRIM_MEDECIN),
        (messages.hprim(line_end="\r"), Format.HPRIM_MEDECIN),
        ("﻿".encode("utf-16-be") + messages.hprim().decode().encode("utf-16-be"), Format.HPRIM_MEDECIN),
        (b"RES|GLUCOSE|GLU|N|1.42|g/L\n", Format.HPRIM_MEDECIN),
        (b"a\nb\nc\nd\ne\nf\n28/03/1979\n", Format.HPRIM_MEDECIN),
        (b"", Format.UNKNOWN),
        (b"<html>", Format.UNKNOWN),
        (b"name,date\nDUPONT,28/03/1979\n", Format.UNKNOWN),
    ],
)
def test_formats_are_told_by_what_starts_their_lines(payload: bytes, format_: Format) -> None:
    assert sniff(payload) is format_


def test_wide_characters_are_read_and_kept_as_they_came() -> None:
    payload = "﻿".encode("utf-16-le") + ONE.decode().encode("utf-16-le")
    item = messages.item(payload)
    assert item.reports[0].person.birth_name == "PAT-TROIS"
    assert item.raw == ONE.decode().strip().encode("utf-16-le")


def test_security_millions_of_beginnings_are_not_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_MOST_MESSAGES", 3)
    assert [piece.raw for piece in split(b"MSH|\r" * 9)] == [b"MSH|", b"MSH|", b"\r".join([b"MSH|"] * 7)]
    monkeypatch.setattr(files, "_MOST_BATCHES", 2)
    assert len(list(split(b"MSH|\r" + b"BHS|\rBTS|\r" * 9))) == 1
