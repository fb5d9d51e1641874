"""The messages of SMPP 3.4 that a centre reads and writes, from the specification: nothing of the client's library."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from enum import IntEnum

HEADER = struct.Struct(">LLLL")
LONGEST = 4_096
ANSWER = 0x80000000
_PAYLOAD = 0x0424


class Command(IntEnum):
    GENERIC_NACK = 0x80000000
    BIND_RECEIVER = 1
    BIND_TRANSMITTER = 2
    SUBMIT_SM = 4
    DELIVER_SM = 5
    UNBIND = 6
    BIND_TRANSCEIVER = 9
    ENQUIRE_LINK = 0x15


class Status(IntEnum):
    OK = 0
    INVALID_COMMAND = 3
    NOT_BOUND = 4
    INVALID_DESTINATION = 0x0B
    BIND_FAILED = 0x0D
    THROTTLED = 0x58


class Malformed(ValueError):
    """Bytes that are no PDU."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """A segment that a client brought."""

    source: str
    number: str = field(repr=False)
    esm_class: int
    wants_receipt: bool
    coding: int
    octets: bytes = field(repr=False)


def written(command: int, number: int, *, status: int = 0, body: bytes = b"") -> bytes:
    """A whole PDU."""
    return HEADER.pack(HEADER.size + len(body), command, status, number) + body


def bound(body: bytes) -> tuple[str, str]:
    """Who binds: system id and password."""
    reader = _Reader(body)
    return reader.text(), reader.text()


def submitted(body: bytes) -> Submitted:
    """A submit_sm. Raises Malformed."""
    reader = _Reader(body)
    reader.text()  # service type
    reader.octets(2)
    source = reader.text()
    reader.octets(2)
    number = reader.text()
    esm_class = reader.octet()
    reader.octets(2)  # protocol, priority
    reader.text()  # when to deliver
    reader.text()  # until when
    registered = reader.octet()
    reader.octet()
    coding = reader.octet()
    reader.octet()
    octets = reader.octets(reader.octet())
    return Submitted(
        source=source,
        number=number,
        esm_class=esm_class,
        wants_receipt=bool(registered & 1),
        coding=coding,
        octets=reader.parameter(_PAYLOAD) or octets,
    )


def delivered(
    *, source: str, to: str, octets: bytes, esm_class: int = 0, coding: int = 0, parameters: bytes = b""
) -> bytes:
    """The body of a deliver_sm."""
    return b"".join(
        (
            b"\0\x01\x01", source.encode() + b"\0", b"\x01\x01", to.encode() + b"\0", bytes([esm_class, 0, 0]),
            b"\0\0\0\0", bytes([coding, 0, len(octets)]), octets, parameters,
        )
    )  # fmt: skip


def parameter(tag: int, value: bytes) -> bytes:
    """An optional parameter."""
    return struct.pack(">HH", tag, len(value)) + value


class _Reader:
    def __init__(self, body: bytes) -> None:
        self._body, self._at = body, 0

    def octet(self) -> int:
        return self.octets(1)[0]

    def octets(self, number: int) -> bytes:
        found = self._body[self._at : self._at + number]
        if len(found) < number:
            raise Malformed("too short")
        self._at += number
        return found

    def text(self) -> str:
        end = self._body.find(b"\0", self._at)
        if end < 0:
            raise Malformed("a text without end")
        found = self._body[self._at : end].decode("latin-1")
        self._at = end + 1
        return found

    def parameter(self, tag: int) -> bytes:
        while self._at < len(self._body):
            found, length = struct.unpack(">HH", self.octets(4))
            value = self.octets(length)
            if found == tag:
                return value
        return b""
