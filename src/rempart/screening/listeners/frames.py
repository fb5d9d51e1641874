"""MLLP framing: from a stream of bytes to messages, whatever pieces it comes in (HL7 v2.5.1, appendix C).

    0x0B message 0x1C 0x0D

Senders are taken as they are: a frame whose end lacks its 0x0D, blank lines between frames, several messages in one
frame (told apart by the decoder). A sender without frames is understood too: his message begins with MSH and ends
where the next one begins, or where he falls silent after a whole line; a batch of his (FHS, BHS) ends where he does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

BEGIN, END = 0x0B, 0x1C
_BEGIN = b"\x0b"
_BETWEEN = b"\r\n \t\x00\x1a\x1c"
_ENDS = re.compile(rb"[\x0b\x1c]")
_NEXT = re.compile(rb"[\r\n](?=MSH[^A-Za-z0-9_ \r\n])|\x0b")
_BATCH = (b"FHS", b"BHS")
_LINE_ENDS = (b"\r", b"\n")
_LOOK_BACK = 5  # bytes that may belong to the beginning of the next message, split over two pieces


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What one frame held. `whole`: its end came; a message without its end may be cut anywhere."""

    payload: bytes
    whole: bool = True


class TooLarge(Exception):
    """What has come of a frame is more than a message may have."""


class Frames:
    """The frames of one connection."""

    def __init__(self, *, most: int) -> None:
        """`most`: bytes of one frame."""
        self._most = most
        self._held = bytearray()
        self._framed = False
        self._looked = 0  # up to where there is no end in what is held

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take what came; yields the frames that it completes. Raises TooLarge, after those before it."""
        self._held += data
        while True:
            if not self._begin():
                return
            end = self._end().search(self._held, self._looked)
            if end is None:
                self._looked = max(self._looked, len(self._held) - _LOOK_BACK)
                if len(self._held) > self._most:
                    raise TooLarge
                return
            at = end.start()
            if at > self._most:
                raise TooLarge
            sign, payload = self._held[at], bytes(self._held[:at])
            whole = sign == END or (not self._framed and (sign != BEGIN or payload.endswith(_LINE_ENDS)))
            del self._held[: at + (sign == END)]
            self._looked, self._framed = 0, False
            if payload:
                yield Frame(payload=payload, whole=whole)

    def _end(self) -> re.Pattern[bytes]:
        """What ends what has begun."""
        return _ENDS if self._framed or self._held.startswith(_BATCH) else _NEXT

    @property
    def pending(self) -> int:
        """Bytes of a frame that is not complete."""
        return len(self._held)

    def silence(self) -> Frame | None:
        """The sender says nothing more for now: his message, when he uses no frames and ended its last line."""
        if self._framed or not self._held.endswith(_LINE_ENDS):
            return None
        payload = bytes(self._held)
        self.clear()
        return Frame(payload=payload)

    def start(self, size: int) -> bytes:
        """The first bytes of the frame that is not complete."""
        return bytes(self._held[:size])

    def clear(self) -> None:
        """Forget what has come of a frame."""
        self._held.clear()
        self._looked, self._framed = 0, False

    def _begin(self) -> bool:
        """Drop what stands between frames; whether one has begun."""
        if self._framed or self._looked:
            return True
        self._held = self._held.lstrip(_BETWEEN)
        if self._held.startswith(_BEGIN):
            del self._held[:1]
            self._framed = True
        return self._framed or bool(self._held)
