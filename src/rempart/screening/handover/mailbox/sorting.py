"""What to do with one message of a laboratory's mailbox: pure, of its bytes alone."""

from __future__ import annotations

import email.policy
import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.utils import getaddresses, parseaddr
from enum import StrEnum

from rempart.foundation.identifiers import finess
from rempart.foundation.territories import zone_of
from rempart.screening.handover.rules import wording
from rempart.screening.handover.rules.keeping import kept_until, policy
from rempart.screening.handover.rules.wording import HEADER, Kind, Slip, Subject

MOST_BYTES = 2_000_000
"""Of a message that is looked at: twice what the guide allows one to be."""

_MOST_PARTS, _MOST_DOCUMENTS = 40, 4
_PDF = "application/pdf"
_UNSAFE = re.compile(r"[^A-Z0-9]+", re.ASCII)
_LONGEST_NAME = 40


class Reason(StrEnum):
    """Why a message is left alone, where it is."""

    TOO_LARGE = "too-large"
    UNREADABLE = "unreadable"  # no mail at all
    SENDER = "sender"  # not from who sends certificates
    SUBJECT = "subject"  # without the four facts
    SITE = "site"  # of no site of this laboratory
    CONTRADICTION = "contradiction"  # subject and text name different sites or different things
    UNDATED = "undated"  # neither header nor text say until when it is kept
    NO_DOCUMENT = "no-document"
    NOT_PDF = "not-pdf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """Left in the mailbox, for somebody to look at. `answer_to`: whom to tell, "" for nobody."""

    reason: Reason
    digest: str
    message_id: str = ""
    answer_to: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A test message: nothing to file."""

    digest: str
    site: str
    message_id: str = ""
    answer_to: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """What belongs into the folder of a site. `key`: the same for everything about one test; `name`: of its files,
    made of letters and digits alone; `documents`: their PDFs, in order, none of a destruction."""

    digest: str
    key: str
    kind: Kind
    site: str
    day: str  # of sampling, on the clock of the site: 2021-07-05
    name: str = field(repr=False)
    subject: Subject = field(repr=False)
    kept_until: datetime
    documents: tuple[bytes, ...] = field(repr=False)
    message_id: str
    answer_to: str = field(default="", repr=False)


def sort(raw: bytes, *, senders: Collection[str], sites: Collection[str]) -> Filed | Trial | Aside:
    """What one message is. `senders`: whom certificates come from; `sites`: the laboratory's, by geographic FINESS,
    none meaning any. Never raises on content."""
    digest = hashlib.sha256(raw).hexdigest()
    if len(raw) > MOST_BYTES:
        return Aside(reason=Reason.TOO_LARGE, digest=digest)
    try:
        return _sort(message_from_bytes(raw, policy=email.policy.default), digest, senders, sites)
    except Exception:  # the mail library raises whatever it likes on what is no mail
        return Aside(reason=Reason.UNREADABLE, digest=digest)


def _sort(
    mail: EmailMessage, digest: str, senders: Collection[str], sites: Collection[str]
) -> Filed | Trial | Aside:
    written = [address for _, address in getaddresses([str(one) for one in mail.get_all("From", [])])]
    if len(written) != 1 or written[0].casefold() not in {one.casefold() for one in senders}:
        return Aside(reason=Reason.SENDER, digest=digest)
    answer_to = parseaddr(str(mail.get("Disposition-Notification-To", "")))[1]
    message_id = _message_id(mail)

    def aside(reason: Reason) -> Aside:
        return Aside(reason=reason, digest=digest, message_id=message_id, answer_to=answer_to)

    title = str(mail.get("Subject", ""))
    if (site := wording.read_trial(title)) is not None:
        return Trial(digest=digest, site=site, message_id=message_id, answer_to=answer_to)
    subject = wording.read_subject(title)
    if subject is None or subject.kind is None:
        return aside(Reason.SUBJECT)
    if sites and subject.site not in sites:
        return aside(Reason.SITE)
    parts = [part for _, part in zip(range(_MOST_PARTS), mail.walk(), strict=False)]
    slip = wording.read_header(str(mail.get(HEADER, ""))) or wording.read_body(_text(parts), subject.kind)
    if slip is None:
        return aside(Reason.UNDATED)
    if slip.site != subject.site or slip.kind is not subject.kind:
        return aside(Reason.CONTRADICTION)
    documents = _documents(parts) if slip.kind is not Kind.DESTRUCTION else ()
    if documents is None:
        return aside(Reason.NOT_PDF)
    if not documents and slip.kind is not Kind.DESTRUCTION:
        return aside(Reason.NO_DOCUMENT)
    return _filed(digest, slip, subject, documents, message_id=message_id, answer_to=answer_to)


def _filed(
    digest: str,
    slip: Slip,
    subject: Subject,
    documents: tuple[bytes, ...],
    *,
    message_id: str,
    answer_to: str,
) -> Filed:
    zone = zone_of(finess.parse(slip.site).department)
    day = slip.sampled_at.astimezone(zone).date()
    until = kept_until(
        slip.sampled_at,
        knows_hour=slip.knows_hour,
        positive=slip.positive,
        zone=zone,
        policy=policy(day),
    )
    key = (
        slip.id.hex
        if slip.id
        else hashlib.sha256(f"{slip.site}|{subject.sampled}|{subject.patient}".encode()).hexdigest()[:32]
    )
    return Filed(
        digest=digest,
        key=key,
        kind=slip.kind,
        site=slip.site,
        day=day.isoformat(),
        name=safe_name(subject.patient.partition(",")[0]),
        subject=subject,
        kept_until=until,
        documents=documents,
        message_id=message_id,
        answer_to=answer_to,
    )


def safe_name(text: str) -> str:
    """A piece of a file's name: capitals, digits and single underscores; never a path, never empty."""
    parts = unicodedata.normalize("NFKD", text)
    plain = "".join(part for part in parts if not unicodedata.combining(part)).upper()
    return _UNSAFE.sub("_", plain).strip("_")[:_LONGEST_NAME].strip("_") or "PATIENT"


def _text(parts: Iterable[EmailMessage]) -> str:
    for part in parts:
        if part.get_content_type() == "text/plain" and not part.is_attachment():
            return str(part.get_content())
    return ""


def _documents(parts: Iterable[EmailMessage]) -> tuple[bytes, ...] | None:
    """The attached PDFs; None when something that is said to be one is not."""
    found = []
    for part in parts:
        if part.get_content_type() != _PDF:
            continue
        content = part.get_payload(decode=True)
        if (
            not isinstance(content, bytes)
            or not content.startswith(b"%PDF-")
            or b"%%EOF" not in content[-1024:]
        ):
            return None
        found.append(content)
    return tuple(found[:_MOST_DOCUMENTS])


def _message_id(mail: EmailMessage) -> str:
    found = re.fullmatch(r"<[\x21-\x7e]{1,200}>", str(mail.get("Message-ID", "")).strip())
    return found[0] if found else ""
