"""A parcel as health mail: its bytes, its envelope, and what it must be for the trust space (reference §7.5)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from datetime import date, datetime
from email.utils import format_datetime
from functools import lru_cache
from importlib import resources
from typing import Any

from rempart.foundation.messaging import mime
from rempart.foundation.messaging.letters import Parcel
from rempart.foundation.messaging.mssante.conventions import NO_REPLY, PATIENTS
from rempart.foundation.messaging.mssante.session import Envelope
from rempart.foundation.messaging.mssante.whitelist import ascii_domain

_OURS = frozenset(
    {"from", "to", "cc", "bcc", "subject", "date", "message-id", "mime-version", "content-type"}
)
"""Fields that a letter does not set."""


class Unfit(Exception):
    """The parcel cannot be health mail, now or later. `code` is stable."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who we are. `returns`: where reports go; `{id}` in it stands for the message's own id, where our operator takes
    such addresses. `product`: our reference in the register of convergence (X-MSS-NIL), "" while there is none.
    `receipts`: whether the recipient's program is asked to say that the message was read or taken in."""

    address: str
    label: str
    returns: str
    product: str = ""
    receipts: bool = True

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """Ready to leave. `domain`: of the recipient, in ASCII."""

    domain: str
    envelope: Envelope
    raw: bytes = field(repr=False)


def compose(parcel: Parcel, *, sender: Sender, now: datetime) -> Mail:
    """The mail of a parcel; the same parcel gives the same Message-ID. Raises Unfit: `address`, `too_large`."""
    letter = parcel.letter
    recipient, domain = recipient_of(letter.recipient)
    returns = sender.returns.replace("{id}", parcel.id.hex)
    fields = [
        ("From", mime.mailbox(sender.label, sender.address)),
        ("To", mime.mailbox("", recipient)),
        ("Subject", letter.subject),
        ("Date", format_datetime(now)),
        ("Message-ID", f"<{parcel.id.hex}@{sender.domain}>"),
        ("Auto-Submitted", "auto-generated"),
    ]
    if sender.product:
        fields.append(("X-MSS-NIL", sender.product))
    if sender.receipts:
        fields.append(("Disposition-Notification-To", mime.mailbox("", returns)))
    if domain == PATIENTS:  # nobody reads what a patient would answer
        fields += NO_REPLY.items()
    fields += [(name, value) for name, value in letter.headers.items() if name.lower() not in _OURS]
    raw = mime.build(fields, id=parcel.id, text=letter.text, html=letter.html, documents=parcel.documents)
    if len(raw) > most_bytes(domain, on=now.date()):
        raise Unfit("too_large")
    return Mail(
        domain=domain,
        envelope=Envelope(sender=returns, recipient=recipient, id=parcel.id.hex),
        raw=raw,
    )


def recipient_of(address: str) -> tuple[str, str]:
    """An address and its domain as servers know them, in ASCII. Raises Unfit: `address`."""
    local, _, name = address.strip().rpartition("@")
    domain = ascii_domain(name)
    if not domain or not mime.is_address(recipient := f"{local}@{domain}"):
        raise Unfit("address")
    return recipient, domain


def most_bytes(domain: str, *, on: date) -> int:
    """How large a mail to a domain may be: data/limits.toml. Raises ValueError for a day before the first."""
    held = [row for row in _limits() if row["from"] <= on]
    if not held:
        raise ValueError(f"no limits for health mail on {on}")
    latest = max(held, key=lambda row: row["from"])
    return int(latest["domains"].get(domain, latest["others"]))


@lru_cache(maxsize=1)
def _limits() -> list[dict[str, Any]]:
    text = (resources.files(__package__) / "data" / "limits.toml").read_text("utf-8")
    return list(tomllib.loads(text)["version"])
