"""The binary form of a 2D-DOC (version 04): a header of 19 bytes, blocks, 0xFF, the signature as bytes.

Nobody has been seen to issue a certificate in it. Header, blocks and dates are those of the specification; two things it
leaves open are decided here: a value whose field is a date is read as one when it has three bytes, any other as C40, and
what is not C40 is shown in hexadecimal.
"""

from __future__ import annotations

from datetime import date

from rempart.proofs.reasons import ContainerError, Reason
from rempart.proofs.twoddoc import c40
from rempart.proofs.twoddoc.document import Document
from rempart.proofs.twoddoc.fields import BY_TYPE, Field

MARK = b"\xdc\x04"  # of version 04, the first with a binary form
# Bytes: mark and version 2, country 2, authority and certificate 6, two dates of 3, type 1, perimeter 2.
_HEADER = 19
_SIGNATURE = b"\xff"
_LONG = b"\xff"  # instead of a length: the length is in the next two bytes
_UNDATED = b"\xff\xff\xff"


def read(data: bytes) -> Document:
    """Open a document. Raises ContainerError."""
    if len(data) < _HEADER or not data.startswith(MARK):
        raise ContainerError(Reason.BAD_HEADER)
    try:
        country, names = c40.decode(data[2:4]), c40.decode(data[4:10])
        emitted_on, signed_on = read_date(data[10:13]), read_date(data[13:16])
    except ValueError as error:
        raise ContainerError(Reason.BAD_HEADER) from error
    kind = data[16:17].hex().upper()
    known = BY_TYPE.get(kind, {})
    blocks, end = _blocks(data)
    fields: dict[str, str] = {}
    unread: list[str] = []
    for identifier, value in blocks:
        if identifier in known and identifier not in fields:
            fields[identifier] = _value(value, known[identifier])
        else:
            unread.append(identifier + _value(value, None))
    return Document(
        version="04",
        authority=names[:4],
        certificate_id=names[4:].strip(),
        emitted_on=emitted_on,
        signed_on=signed_on,
        type=kind,
        perimeter=data[17:19].hex().upper(),
        country=country,
        fields=fields,
        unread=tuple(unread),
        signed=data[:end],
        signature=data[end + 1 :],
    )


def read_date(data: bytes) -> date | None:
    """A date of three bytes, the number MMDDYYYY; None when all bits are set. Raises ValueError."""
    if data == _UNDATED:
        return None
    number = int.from_bytes(data, "big")
    return date(number % 10_000, number // 1_000_000, number // 10_000 % 100)


def _blocks(data: bytes) -> tuple[list[tuple[str, bytes]], int]:
    """Identifier and value of each block, and where the signature's mark stands. Raises ContainerError without one."""
    blocks = []
    at = _HEADER
    while data[at : at + 1] != _SIGNATURE:
        identifier = data[at : at + 1].hex().upper()
        length, start = data[at + 1 : at + 2], at + 2
        if length == _LONG:
            length, start = data[start : start + 2], start + 2
        at = start + int.from_bytes(length, "big")
        if at >= len(data):
            raise ContainerError(Reason.UNSIGNED)
        blocks.append((identifier, data[start:at]))
    return blocks, at


def _value(data: bytes, field: Field | None) -> str:
    """A value as the text form writes it."""
    try:
        if field is not None and field.name.endswith("_date") and len(data) == 3:
            day = read_date(data)
            return f"{day:%d%m}{day.year:04}" if day else ""
        return c40.decode(data)
    except ValueError:
        return data.hex().upper()
