"""The text form of a 2D-DOC: header, data identifiers with their values, US, a Base32 signature, perhaps an annexe."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import date, timedelta

from rempart.proofs.reasons import ContainerError, Reason
from rempart.proofs.twoddoc.document import GS, RS, US, Document
from rempart.proofs.twoddoc.fields import BY_TYPE, Field

MARK = "DC0"
_HEADER = re.compile(
    r"DC(?P<version>0[1-4])(?P<authority>[A-Z0-9]{4})(?P<certificate_id>[A-Z0-9]{4})"
    r"(?P<emitted>[0-9A-F]{4})(?P<signed>[0-9A-F]{4})(?P<type>[A-Z0-9]{2})"
)
_LENGTHS = {"01": 22, "02": 22, "03": 24, "04": 26}  # of the header; 03 adds the perimeter, 04 the country
_EPOCH = date(2000, 1, 1)
_UNDATED = "FFFF"
_RAW = (64, 96, 132)  # bytes of a signature on P-256, P-384, P-521
_PRINTED = {"<GS>": GS, "<RS>": RS, "<US>": US, "\u241d": GS, "\u241e": RS, "\u241f": US}


def days(day: date) -> str:
    """A date of the header: days since 1 January 2000, in four hexadecimal digits."""
    return f"{(day - _EPOCH).days:04X}"


def with_separators(text: str) -> str:
    """The text with its real separators, where a reader printed `<GS>` or a control picture instead."""
    for printed, separator in _PRINTED.items():
        text = text.replace(printed, separator)
    return text


def read(text: str) -> Document:
    """Open a text of real separators. Raises ContainerError."""
    header = _HEADER.match(text)
    if header is None:
        raise ContainerError(Reason.BAD_HEADER)
    version, kind = header["version"], header["type"]
    signed, signature, annexe = _parts(text, version)
    length = _LENGTHS[version]
    if len(signed) < length:
        raise ContainerError(Reason.BAD_HEADER)
    try:
        signed_bytes = signed.encode("iso-8859-1")
    except UnicodeEncodeError as error:
        raise ContainerError(Reason.BAD_CHARACTERS) from error
    fields, unread, truncated = _parse(signed[length:], BY_TYPE.get(kind, {}))
    return Document(
        version=version,
        authority=header["authority"],
        certificate_id=header["certificate_id"],
        emitted_on=_day(header["emitted"]),
        signed_on=_day(header["signed"]),
        type=kind,
        perimeter=signed[22:24] if length > 22 else "01",
        country=signed[24:26] if length > 24 else "",
        fields=fields,
        unread=unread,
        truncated=truncated,
        annexe=annexe,
        signed=signed_bytes,
        signature=signature,
    )


def _parts(text: str, version: str) -> tuple[str, bytes, str]:
    """What is signed, the signature, and the annexe after it. Raises ContainerError."""
    signed, separator, rest = text.partition(US)
    encoded, _, annexe = rest.partition(GS)
    signature = _base32(encoded) if separator else None
    if version == "01" and (signature is None or len(signature) not in _RAW):
        raw = _raw_parts(text)
        if raw is not None:
            return *raw, ""
    if signature is None:
        raise ContainerError(Reason.UNSIGNED)
    return signed, signature, annexe.rstrip("\r\n")


def _base32(text: str) -> bytes | None:
    letters = text.strip().rstrip("=").upper()
    try:
        return base64.b32decode(letters + "=" * (-len(letters) % 8))
    except (binascii.Error, ValueError):
        return None


def _raw_parts(text: str) -> tuple[str, bytes] | None:
    """A version 01 document whose signature stands as bytes (Base256), after US or right after the message.

    Without US nothing says where it begins: 64 bytes, the curve of the time.
    """
    try:
        data = text.encode("iso-8859-1")
    except UnicodeEncodeError:
        return None
    for length in _RAW:
        if data[-length - 1 : -length] == US.encode():
            return text[: -length - 1], data[-length:]
    return (text[: -_RAW[0]], data[-_RAW[0] :]) if len(data) > _RAW[0] else None


def _parse(message: str, known: dict[str, Field]) -> tuple[dict[str, str], tuple[str, ...], tuple[str, ...]]:
    """Values by identifier as far as the type is known, then the rest in pieces, as it stands.

    Tolerated, because seen in the field: GS after a fixed value, a variable value of full length without
    GS, and one below it whose end only the next identifier shows.
    """
    fields: dict[str, str] = {}
    truncated: list[str] = []
    rest = message.lstrip(GS)
    while rest and (definition := known.get(rest[:2])) and rest[:2] not in fields:
        identifier, body = rest[:2], rest[2:]
        end = _end(body, definition, known)
        fields[identifier], rest = body[:end], body[end:]
        if rest.startswith(RS):
            truncated.append(identifier)
            rest = rest[1:]
        rest = rest.lstrip(GS)
    return fields, tuple(piece for piece in re.split(f"[{GS}{RS}]", rest) if piece), tuple(truncated)


def _end(body: str, definition: Field, known: dict[str, Field]) -> int:
    if definition.fixed:
        return definition.longest
    for index, character in enumerate(body[: definition.longest + 1]):
        if character in (GS, RS):
            return index
    for length in range(min(definition.longest, len(body)), definition.shortest - 1, -1):
        if len(body) == length or body[length : length + 2] in known:
            return length
    return min(definition.longest, len(body))


def _day(text: str) -> date | None:
    return None if text == _UNDATED else _EPOCH + timedelta(days=int(text, 16))
