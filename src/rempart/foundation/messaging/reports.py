"""What comes back of a mail: a delivery status (RFC 3464), or a disposition notification (RFC 8098).

The French convention for health mail is read too: a system that takes documents in answers `processed`, or
`processed/Error: code^label`; where no notification was asked for, the same comes as an ordinary mail whose subject
begins with `[KO Intégration système !][code]` (CI-SIS, reference certificates.md §7.5).

A report is a claim: whoever knows a message's id can write one. What it says of the recipient (the diagnostic text, the
label of an error) is left out; a code stays.
"""

from __future__ import annotations

import re
from binascii import Error as NotBase64
from binascii import a2b_base64, a2b_qp
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.parser import BytesHeaderParser
from enum import StrEnum
from uuid import UUID

MOST_BYTES = 262_144
"""Of a mail are read; what reports comes before the message that it is about."""

_MOST_PARTS = 20
_DEEPEST = 3
_MOST_RECIPIENTS = 100
_UUID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)
_STATUS = re.compile(r"\b([245]\.[0-9]{1,3}\.[0-9]{1,3})\b")
_REPLY = re.compile(r"\b([245][0-9]{2})\b")
_NOT_TAKEN_IN = re.compile(r"^\s*\[KO Int.{0,2}gration syst.{0,2}me ?!?\s*\]\s*\[([0-9A-Za-z]{1,10})\]")
_ERROR = re.compile(r"error\s*:?\s*([0-9A-Za-z]{1,10})?", re.IGNORECASE)
_GAP = re.compile(rb"\r?\n[ \t]*\r?\n")


class Kind(StrEnum):
    DELIVERY = "delivery"  # the servers on the way say so
    DISPOSITION = "disposition"  # the recipient's own program does


class Fate(StrEnum):
    """What became of the mail, the worst first."""

    FAILED = "failed"
    DELAYED = "delayed"  # the server tries on
    UNPROCESSED = "unprocessed"  # arrived, but the recipient's system could not take it in
    RELAYED = "relayed"  # handed to somebody who tells no more
    DELIVERED = "delivered"  # in the mailbox
    DELETED = "deleted"  # unread
    READ = "read"
    PROCESSED = "processed"  # the recipient's system took it in

    @property
    def arrived(self) -> bool:
        return self not in (Fate.FAILED, Fate.DELAYED, Fate.RELAYED)


class Cause(StrEnum):
    """Why a message failed or waits; of a delivery from its status code (RFC 3463)."""

    MAILBOX_UNKNOWN = "mailbox_unknown"
    MAILBOX_CLOSED = "mailbox_closed"
    MAILBOX_FULL = "mailbox_full"
    TOO_LARGE = "too_large"
    DOMAIN_UNKNOWN = "domain_unknown"
    UNREACHABLE = "unreachable"
    NOT_ALLOWED = "not_allowed"
    NOT_TAKEN_IN = "not_taken_in"  # it arrived, and the recipient's system could not make anything of it
    OTHER = "other"


_CAUSES = {
    "1.1": Cause.MAILBOX_UNKNOWN, "1.0": Cause.MAILBOX_UNKNOWN, "1.3": Cause.MAILBOX_UNKNOWN,
    "1.6": Cause.MAILBOX_UNKNOWN, "1.2": Cause.DOMAIN_UNKNOWN, "1.10": Cause.DOMAIN_UNKNOWN,
    "2.1": Cause.MAILBOX_CLOSED, "2.2": Cause.MAILBOX_FULL, "2.3": Cause.TOO_LARGE, "3.4": Cause.TOO_LARGE,
    "4.1": Cause.UNREACHABLE, "4.2": Cause.UNREACHABLE, "4.4": Cause.UNREACHABLE, "4.7": Cause.UNREACHABLE,
}  # fmt: skip
"""Subject and detail of a status; the last edition of the registry has 1.10 for a domain that takes no mail."""

_ACTIONS = {
    "failed": Fate.FAILED,
    "delayed": Fate.DELAYED,
    "delivered": Fate.DELIVERED,
    "relayed": Fate.RELAYED,
    "expanded": Fate.RELAYED,
}
_DISPOSITIONS = {
    "displayed": Fate.READ,
    "processed": Fate.PROCESSED,
    "deleted": Fate.DELETED,
    "dispatched": Fate.DELIVERED,
    "denied": Fate.DELIVERED,
    "failed": Fate.UNPROCESSED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is said of one recipient. `code`: a status "5.1.1", a reply "550", an error of taking in "902"; or ""."""

    recipient: str = field(repr=False)
    fate: Fate
    code: str = ""

    @property
    def cause(self) -> Cause:
        return Cause.NOT_TAKEN_IN if self.fate is Fate.UNPROCESSED else cause_of(self.code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`reference`: the id we gave the message, whichever way it came back (envelope id, address of return,
    Message-ID); None when none did. `message_id`: of the message, without its brackets; "" when not said."""

    kind: Kind
    reference: UUID | None
    message_id: str
    told: tuple[Told, ...]  # at least one

    @property
    def worst(self) -> Told:
        order = list(Fate)
        return min(self.told, key=lambda told: order.index(told.fate))

    @property
    def fate(self) -> Fate:
        return self.worst.fate

    @property
    def code(self) -> str:
        return self.worst.code


def cause_of(code: str) -> Cause:
    """What a status or reply code means for us."""
    if len(parts := code.split(".", 1)) == 2:
        if parts[1].startswith("7."):
            return Cause.NOT_ALLOWED
        return _CAUSES.get(parts[1], Cause.OTHER)
    return {"552": Cause.TOO_LARGE, "452": Cause.MAILBOX_FULL}.get(code, Cause.OTHER)


def parse(raw: bytes) -> Report | None:
    """The report that a mail is, or None when it is none. Never raises on content.

    Reads MOST_BYTES, three levels of parts and a hundred recipients, whatever there is beyond.
    """
    whole = raw[:MOST_BYTES]
    head = _headers(whole)
    parts = list(_parts(whole, depth=0))
    original = _original(parts)
    for media_type, body in parts:
        if media_type in ("message/delivery-status", "message/global-delivery-status"):
            return _delivery(body, head=head, original=original)
        if media_type in ("message/disposition-notification", "message/global-disposition-notification"):
            return _disposition(body, head=head, original=original)
    return _refusal_by_mail(head)


def _delivery(body: bytes, *, head: Message, original: str) -> Report | None:
    groups = [_headers(group) for group in _GAP.split(body.strip(b"\r\n"), _MOST_RECIPIENTS + 1)]
    told = tuple(one for group in groups[: _MOST_RECIPIENTS + 1] if (one := _told(group)) is not None)
    if not told:
        return None
    envelope = _field(groups[0], "Original-Envelope-Id")
    return Report(
        kind=Kind.DELIVERY,
        reference=_reference(envelope, *_addresses(head), original),
        message_id=original,
        told=told,
    )


def _told(group: Message) -> Told | None:
    fate = _ACTIONS.get(_field(group, "Action").lower())
    if fate is None:
        return None
    diagnosis = _field(group, "Diagnostic-Code")
    found = _STATUS.search(_field(group, "Status")) or _STATUS.search(diagnosis) or _REPLY.search(diagnosis)
    recipient = _field(group, "Original-Recipient") or _field(group, "Final-Recipient")
    return Told(recipient=_address(recipient), fate=fate, code=found[1] if found else "")


def _disposition(body: bytes, *, head: Message, original: str) -> Report | None:
    fields = _headers(body.lstrip(b"\r\n"))
    _, _, disposition = _field(fields, "Disposition").partition(";")
    kind, _, modifier = disposition.strip().partition("/")
    fate = _DISPOSITIONS.get(kind.strip().lower())
    if fate is None:
        return None
    code = ""
    if (error := _ERROR.search(modifier)) is not None:
        fate = Fate.UNPROCESSED
        code = error[1] or ""
    message_id = _bare(_field(fields, "Original-Message-ID")) or original
    recipient = _field(fields, "Original-Recipient") or _field(fields, "Final-Recipient")
    return Report(
        kind=Kind.DISPOSITION,
        reference=_reference(message_id, *_addresses(head)),
        message_id=message_id,
        told=(Told(recipient=_address(recipient), fate=fate, code=code),),
    )


def _refusal_by_mail(head: Message) -> Report | None:
    """The French convention where no notification was asked for: the subject says it."""
    found = _NOT_TAKEN_IN.match(_decoded(_field(head, "Subject")))
    if found is None:
        return None
    message_id = _bare(_field(head, "In-Reply-To")) or _bare(_field(head, "References").split(" ")[-1])
    return Report(
        kind=Kind.DISPOSITION,
        reference=_reference(message_id, *_addresses(head)),
        message_id=message_id,
        told=(Told(recipient=_address(_field(head, "From")), fate=Fate.UNPROCESSED, code=found[1]),),
    )


def _original(parts: Sequence[tuple[str, bytes]]) -> str:
    """The Message-ID of the message that comes back, or of its headers."""
    for media_type, body in parts:
        if media_type in (
            "message/rfc822",
            "message/rfc822-headers",
            "text/rfc822-headers",
            "message/global",
        ):
            return _bare(_field(_headers(body.lstrip(b"\r\n")), "Message-ID"))
    return ""


def _parts(entity: bytes, *, depth: int) -> Iterator[tuple[str, bytes]]:
    """Media type and decoded body of the parts that hold no parts, down to `_DEEPEST` levels."""
    head = _headers(entity)
    gap = _GAP.search(entity)
    body = entity[gap.end() :] if gap else b""
    media_type = head.get_content_type()
    boundary = _boundary(head)
    if not media_type.startswith("multipart/") or not boundary:
        yield media_type, _unpacked(body, _field(head, "Content-Transfer-Encoding").lower())
        return
    if depth == _DEEPEST:
        return
    ending = re.compile(rb"(?:^|\r?\n)--" + re.escape(boundary) + rb"(?:--)?[ \t]*(?=\r?\n|$)")
    for part in ending.split(body, _MOST_PARTS + 1)[1 : _MOST_PARTS + 1]:
        yield from _parts(part.removeprefix(b"\r").removeprefix(b"\n"), depth=depth + 1)


def _boundary(head: Message) -> bytes:
    try:
        return (head.get_boundary() or "")[:70].encode("ascii", "surrogateescape")
    except (ValueError, LookupError, TypeError):
        return b""


def _headers(entity: bytes) -> Message:
    """The fields before the first empty line."""
    gap = _GAP.search(entity)
    return BytesHeaderParser().parsebytes(entity[: gap.start() + 1] if gap else entity)


def _field(head: Message, name: str) -> str:
    """A field in one line, "" when it is not there; what is no ASCII is left out of it."""
    value = head.get(name)
    return " ".join(str(value).encode("ascii", "ignore").decode().split())[:2000] if value is not None else ""


def _unpacked(body: bytes, encoding: str) -> bytes:
    try:
        if encoding == "base64":
            return a2b_base64(body)
        if encoding == "quoted-printable":
            return a2b_qp(body)
    except NotBase64:
        return b""
    return body


def _decoded(subject: str) -> str:
    """A subject with its encoded words read; "" when they cannot be."""
    try:
        pieces = decode_header(subject)
        return "".join(
            piece if isinstance(piece, str) else piece.decode(charset or "ascii", "replace")
            for piece, charset in pieces
        )
    except (HeaderParseError, LookupError, ValueError):
        return ""


def _addresses(head: Message) -> tuple[str, ...]:
    """Where the report came: an address of return may carry the id of its message."""
    return tuple(_field(head, name) for name in ("X-Original-To", "Delivered-To", "To"))


def _address(value: str) -> str:
    """`rfc822; a@b` or `Name <a@b>` as `a@b`."""
    bare = value.partition(";")[2] or value
    return _bare(bare.strip())[:254]


def _bare(value: str) -> str:
    start, end = value.find("<"), value.rfind(">")
    return value[start + 1 : end].strip() if 0 <= start < end else value.strip()


def _reference(*texts: str) -> UUID | None:
    for text in texts:
        if (found := _UUID.search(text)) is not None:
            return UUID(found[0])
    return None
