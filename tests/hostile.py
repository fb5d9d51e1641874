"""Payloads made to break a reader: what each is, what is said of it, and what reading it may cost.

Each is read in a process of its own (`python -m tests.hostile`), which may take so much CPU time and so much memory,
and is ended by the kernel beyond that. tests/property/test_hostile_payloads.py looks at what came out.
"""

from __future__ import annotations

import base64
import io
import json
import os
import resource
import struct
import sys
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests import messages
from tests.unit.screening.formats.tables.test_decoding import ROW, altered, table, workbook

from rempart.screening.formats import decode
from rempart.screening.formats.hl7v2.ack import acknowledge
from rempart.screening.listeners.frames import Frames, TooLarge
from rempart.screening.rules.answer import answer
from rempart.screening.rules.report import Format

SECONDS = 10  # of CPU time, for one payload
MEMORY = 700 * 1024 * 1024  # bytes of address space beyond what the process had, payload included
MB = 1_000_000
LINE = 100 * MB
HL7, MEDECIN, SANTE = Format.HL7V2, Format.HPRIM_MEDECIN, Format.HPRIM_SANTE
CDA, FHIR, TABLE = Format.CDA, Format.FHIR, Format.TABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Hostile:
    """One payload, the format it is sent as (None: nobody said), and the codes that must be among those said; none:
    the message is taken, for it says what it must all the same."""

    make: Callable[[], bytes]
    sent_as: Format | None
    said: frozenset[str]


def _case(make: Callable[[], bytes], sent_as: Format | None, *said: str) -> Hostile:
    return Hostile(make=make, sent_as=sent_as, said=frozenset(said))


def _document(value: bytes) -> bytes:
    """A good HL7 message that encloses something in base64."""
    segment = "OBX|9|ED|11502-2^CR^LN||^text^PDF^Base64^VALUE||||||F"
    return messages.hl7(more=(segment,)).replace(b"VALUE", value)


def _entities(*, end: bytes) -> bytes:
    """Billion laughs: ten lines that stand for a thousand million words."""
    lines = [b'<!ENTITY a0 "ha">']
    lines += [b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 10)]
    return b'<?xml version="1.0"?><!DOCTYPE a [' + b"".join(lines) + b"]>" + end


def _quadratic(*, end: bytes) -> bytes:
    """One long entity, named very often."""
    return b'<!DOCTYPE a [<!ENTITY a "' + b"h" * 100_000 + b'">]>' + end.replace(b"&a9;", b"&a;" * 100_000)


_LAUGHING = b'<ClinicalDocument xmlns="urn:hl7-org:v3"><title>&a9;</title></ClinicalDocument>'
_DEEP = b'<ClinicalDocument xmlns="urn:hl7-org:v3">' + b"<a>" * 100_000
_WRONG_MARKS = (b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")


def _marked(good: bytes) -> bytes:
    """Each mark before a message in another encoding."""
    return b"".join(mark + good + b"\r\n" for mark in _WRONG_MARKS)


def _resource(text: bytes) -> bytes:
    return b'{"resourceType": "Bundle", "type": "collection", "id": ' + text + b"}"


@cache
def bomb(name: str = "xl/worksheets/sheet1.xml") -> bytes:
    """300 MB of blanks, packed into 300 kB."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(name, "w", force_zip64=True) as part,
    ):
        for _ in range(300):
            part.write(b" " * MB)
    return file.getvalue()


def _lying() -> bytes:
    """A workbook whose directory says that its parts are small."""
    packed = bytearray(bomb())
    at = packed.rindex(b"PK\x01\x02")
    packed[at + 24 : at + 28] = struct.pack("<I", 1_000)
    return bytes(packed)


def _overlapping() -> bytes:
    """One part under a thousand names: what is unpacked is a thousand times what is packed."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", b" " * MB)
        (only,) = archive.infolist()
        archive.filelist.extend([only] * 1_000)
    return file.getvalue()


def _sheet(rows: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(workbook(list(ROW), list(ROW.values())))) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
    return altered("xl/worksheets/sheet1.xml", sheet.replace(b"</sheetData>", rows + b"</sheetData>"))


_HEADER = (";".join(ROW) + "\n").encode()

PAYLOADS: Mapping[str, Hostile] = {
    # One line of 100 MB, in every format
    "a line of 100 MB": _case(lambda: b"x" * LINE, None, "F01"),
    "a line of 100 MB, HL7": _case(lambda: messages.hl7()[:-1] + b"x" * LINE, HL7, "F03"),
    "a line of 100 MB, HL7, nobody said": _case(lambda: messages.hl7()[:-1] + b"x" * LINE, None, "F03"),
    "a line of 100 MB, HPRIM Médecin": _case(lambda: b"x" * LINE + messages.hprim(), MEDECIN, "F03"),
    "a line of 100 MB, HPRIM Santé": _case(lambda: messages.sante()[:-1] + b"x" * LINE, SANTE, "F03"),
    "a line of 100 MB, CDA": _case(lambda: messages.cda()[:-30] + b"x" * LINE, CDA, "F03"),
    "a line of 100 MB, FHIR": _case(lambda: _resource(b'"' + b"x" * LINE + b'"'), FHIR, "F03"),
    "a line of 100 MB, CSV": _case(lambda: _HEADER + b"x" * LINE, TABLE, "T05"),
    "50 million empty cells": _case(lambda: _HEADER + b";" * 50 * MB, TABLE, "T05"),
    "a row of 10 million lines": _case(lambda: _HEADER + b'"\n";' * 10 * MB, TABLE, "T05"),
    "a header of five million columns": _case(lambda: _HEADER.strip() + b";nom" * 5 * MB, TABLE, "T05"),
    # XML that grows when it is read
    "billion laughs": _case(lambda: _entities(end=_LAUGHING), CDA, "F07"),
    "quadratic blow-up": _case(lambda: _quadratic(end=_LAUGHING), CDA, "F07"),
    "billion laughs behind a comment": _case(
        lambda: b"<!-- " + b"-" * 10 + b" -->" + _entities(end=_LAUGHING)[21:], CDA, "F07"
    ),
    "billion laughs in UTF-16": _case(
        lambda: ("\ufeff" + _entities(end=_LAUGHING).decode()).encode("utf-16-le"), CDA, "F07"
    ),
    "billion laughs in an HL7 message": _case(
        lambda: _document(base64.b64encode(_entities(end=_LAUGHING))), HL7, "F07"
    ),
    "an entity of a file of ours": _case(
        lambda: b'<!DOCTYPE a [<!ENTITY a9 SYSTEM "file:///etc/passwd">]>' + _LAUGHING, CDA, "F07"
    ),
    "XML of 100,000 levels": _case(lambda: _DEEP, CDA, "F03"),
    "XML of 100,000 levels, closed": _case(lambda: _DEEP + b"</a>" * 100_000, CDA, "F03"),
    "one element of a million attributes": _case(
        lambda: b"<ClinicalDocument " + b"".join(b'a%d="" ' % n for n in range(MB)) + b"/>", CDA, "F03"
    ),
    "three million comments": _case(lambda: b"<!---->" * 2_000_000 + messages.cda(), CDA, "F03"),
    # JSON
    "JSON of 1,000,000 levels": _case(lambda: _resource(b"[" * MB), FHIR, "F03"),
    "JSON of 400,000 levels": _case(lambda: _resource(b'{"a":' * 400_000), FHIR, "F03"),
    "JSON of 400,000 levels, closed": _case(lambda: _resource(b"[" * 400_000 + b"]" * 400_000), FHIR, "F03"),
    "a number of ten million digits": _case(lambda: _resource(b"9" * 10 * MB), FHIR, "A01"),
    "numbers that are none": _case(lambda: _resource(b"[1e999999999, -1e-999999999, NaN]"), FHIR, "F01"),
    "a member named 100,000 times": _case(
        lambda: _resource(b'"x"' + b', "id": {"a": 1, "a": 2}' * 50_000), FHIR, "F09"
    ),
    "half surrogate pairs": _case(
        lambda: messages.fhir().replace(b'"PAT-TROIS"', b'"\\ud800PAT\\udfff"'), FHIR
    ),
    # Archives
    "300 MB in a workbook": _case(bomb, TABLE, "T05"),
    "300 MB in an archive sent as CSV": _case(lambda: bomb().replace(b"xl/worksheets/sheet1.xml", b"results/of-the-day-1.csv"), TABLE, "T05"),
    "300 MB that say they are a kilobyte": _case(_lying, TABLE, "T05"),
    "one part under a thousand names": _case(_overlapping, TABLE, "T05"),
    "ten million cells in a row": _case(
        lambda: _sheet(b"<row>" + b"<c><v>1</v></c>" * 10 * MB + b"</row>"), TABLE, "T05"
    ),
    "billion laughs in a workbook": _case(
        lambda: altered("xl/worksheets/sheet1.xml", _entities(end=b"<worksheet>&a9;</worksheet>")), TABLE, "T05"
    ),
    "a workbook of 100,000 levels": _case(
        lambda: _sheet(b"<row>" * 100_000 + b"</row>" * 100_000), TABLE
    ),
    # Characters
    "ten million NUL": _case(lambda: b"\x00" * 10 * MB, None, "F01"),
    "NUL between all characters, HL7": _case(
        lambda: messages.hl7().replace(b"|", b"\x00|\x00") + b"\x00" * MB, HL7, "F01"
    ),
    "wrong marks, HL7": _case(lambda: _marked(messages.hl7()), HL7, "F01"),
    "wrong marks, HPRIM": _case(lambda: _marked(messages.hprim()), MEDECIN, "H05"),
    "wrong marks, HPRIM Santé": _case(lambda: _marked(messages.sante()), SANTE, "F01"),
    "wrong marks, CDA": _case(lambda: _marked(messages.cda()), CDA, "F01"),
    "wrong marks, FHIR": _case(lambda: _marked(messages.fhir()), FHIR, "F01"),
    "wrong marks, CSV": _case(lambda: _marked(table(ROW).encode()), TABLE, "T05"),
    "half surrogate pairs in UTF-8, HL7": _case(
        lambda: messages.hl7().replace(b"PAT-TROIS", b"\xed\xa0\x80PAT\xed\xbf\xbf"), HL7, "F04"
    ),
    "encodings by turns": _case(
        lambda: messages.hl7() + messages.hl7().replace(b"PARIS", "é".encode("utf-16-le") * 1_000) + b"\xff" * MB,
        HL7, "F03",
    ),
    # Base64
    "base64 of 15 MB": _case(lambda: _document(b"JVBERi0x" * 1_900_000), HL7, "C07"),
    "base64 of equals signs": _case(lambda: _document(b"=" * 9 * MB), HL7, "C05"),
    "base64 that is none": _case(lambda: _document(b"!" * 9 * MB), HL7, "C05"),
    "9,000 documents": _case(
        lambda: messages.hl7(
            more=tuple(f"OBX|{n}|ED|11502-2^CR^LN||^text^PDF^Base64^JVBERi0x{n}||||||F" for n in range(9_000))
        ),
        HL7, "C05",
    ),
}  # fmt: skip


def read(payload: bytes, sent_as: Format | None) -> set[str]:
    """The codes of what is said of the messages of a payload; everything that a sender is told is made, too."""
    said: set[str] = set()
    for item in decode(payload, format=sent_as, context=messages.FRENCH):
        judgement = messages.verdict(item)
        json.dumps(answer(item, judgement, source="a file"))
        acknowledge(item, judgement, now=messages.NOW)
        said |= {finding.code for finding in judgement.findings}
    return said


def frames_without_end() -> set[str]:
    """What a listener holds of a frame that never ends: no more than a message may have."""
    frames, piece = Frames(most=16 * 1024 * 1024), messages.hl7()
    held = 0
    try:
        list(frames.feed(b"\x0b" + piece))
        while True:
            list(frames.feed(b"x" * 65_536))
            held = max(held, frames.pending)
    except TooLarge:
        return {"F03"} if held <= 16 * 1024 * 1024 else set()


FRAMES = "an MLLP frame without end"


def apart(work: Callable[[], set[str]]) -> dict[str, object]:
    """Do something in a process that may cost SECONDS and MEMORY; what it said, or how it ended."""
    ours, theirs = os.pipe()
    child = os.fork()
    if not child:
        os.close(ours)
        bound = _address_space() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (bound, bound))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        began = time.process_time()
        try:
            told = {"said": sorted(work()), "seconds": round(time.process_time() - began, 2)}
        except BaseException as error:  # MemoryError, above all
            told = {"error": type(error).__name__, "seconds": round(time.process_time() - began, 2)}
        os.write(theirs, json.dumps(told).encode())
        os._exit(0)
    os.close(theirs)
    with os.fdopen(ours, "rb") as pipe:
        told = pipe.read()
    _, status = os.waitpid(child, 0)
    return json.loads(told) if told else {"error": f"ended by signal {os.WTERMSIG(status)}"}


def _address_space() -> int:
    return int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()


def main(names: list[str]) -> None:
    """Print one line per payload: its name, and what came out."""
    bomb()  # packed once, by the parent of all
    for name in names or [*PAYLOADS, FRAMES]:
        if name == FRAMES:
            told = apart(frames_without_end)
        else:
            hostile = PAYLOADS[name]
            told = apart(lambda hostile=hostile: read(hostile.make(), hostile.sent_as))
        print(json.dumps({"name": name, **told}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
