"""The values that travel: what is said to whom by which channel, and what became of it with a carrier."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID


class Channel(StrEnum):
    SMS = "sms"
    EMAIL = "email"
    POST = "post"
    PUSH = "push"
    MSSANTE = "mssante"  # secure mail between health professionals, and to the patient's own health space


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """A document that goes with a letter. It is made when the letter leaves, so that nothing of it is kept meanwhile."""

    name: str  # of the file, as the recipient sees it
    media_type: str
    maker: str  # who makes it: a name that `deliver` knows
    of: str  # what of, in the maker's own words; a key, never a name


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What is said to whom: a telephone number, an e-mail address, or the lines of a postal one; a text message
    has no `subject`."""

    channel: Channel
    recipient: str = field(repr=False)
    text: str = field(repr=False)
    subject: str = field(default="", repr=False)
    html: str = field(default="", repr=False)  # the same as `text`, for mail programs that show it
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)  # of the mail, beyond the usual ones
    enclosures: tuple[Enclosure, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One thing said to one person: by the first of its routes, and by the next one when that one fails for good."""

    about: str  # what kind of thing, for the figures and the policy: "result.positive", "code"
    routes: tuple[Letter, ...]  # at least one
    expires_on: date  # what nobody has brought out by then is forgotten
    once: bytes = b""  # of messages with the same mark only the first is kept; empty: no mark
    concerns: bytes = (
        b""  # a digest of what it tells, by which it is found when that is true no more; empty: none
    )
    due_at: datetime | None = None  # not before; None: now
    wakes: bool = False  # whether it may leave in quiet hours
    zone: str = "Europe/Paris"  # on whose clock those are
    id: UUID | None = None  # by which its sender will ask what became of it; None: nobody will


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A letter that leaves now, with its documents made."""

    id: UUID  # of the message
    letter: Letter
    documents: tuple[tuple[str, str, bytes], ...] = ()  # name, media type, content


class State(StrEnum):
    """Where a message is. `taken`: a carrier has it; `delivered`: it said that it arrived."""

    WAITING = "waiting"
    TAKEN = "taken"
    DELIVERED = "delivered"
    FAILED = "failed"  # every route
    DROPPED = "dropped"  # nothing to say any more, or its recipient wants none
    EXPIRED = "expired"


class Answer(StrEnum):
    """What a carrier says of a parcel."""

    TAKEN = "taken"
    LATER = "later"  # try again
    REFUSED = "refused"  # this route is no use


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    answer: Answer
    reference: str = ""  # the carrier's own name for it, by which receipts come back
    reason: str = ""  # a stable code, never with anything of the recipient


class Carrier(Protocol):
    """Who brings letters of one channel out: an SMS operator, a mail server."""

    def carry(self, parcels: Sequence[Parcel]) -> Sequence[Outcome]:
        """One outcome for each parcel, in their order. Whatever it raises counts as LATER for all of them."""


class Withdrawn(Exception):
    """A maker has nothing to make any more: the message says nothing true, and is dropped."""


Maker = Callable[[str], bytes]
"""Makes a document from what its enclosure says `of`. Raises Withdrawn."""
