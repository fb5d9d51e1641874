"""What may be asked, by when it is answered, and what may be done with a request.

GDPR art. 12(3): within one month of receipt; two further months where necessary, the person being told of it
and why within the first. Art. 15 (access), 16 (rectification), 21 (objection).
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum


class Kind(StrEnum):
    ACCESS = "access"
    RECTIFICATION = "rectification"
    OBJECTION = "objection"


class State(StrEnum):
    RECEIVED = "received"
    TAKEN = "taken"
    ANSWERED = "answered"
    REFUSED = "refused"


class Channel(StrEnum):
    """How a request came."""

    PORTAL = "portal"
    LETTER = "letter"  # by post or over the telephone, written down by the data-protection officer


OPEN = frozenset({State.RECEIVED, State.TAKEN})
SOON = timedelta(days=7)
"""How long before its deadline a request is called to mind."""

_AGAIN = timedelta(days=3)
MOST_TEXT = 4000
"""Characters of what a person says, and of an answer."""


class NotNow(Exception):
    """The state of the request does not allow it."""


class NoReason(ValueError):
    """An extension, a refusal or an answer says why, or what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a request stands."""

    state: State
    made_on: date
    due_on: date
    extended: bool = False

    @property
    def open(self) -> bool:
        return self.state in OPEN

    def days_left(self, today: date) -> int:
        """Days until the deadline, that day included; negative once it is past."""
        return (self.due_on - today).days

    def overdue(self, today: date) -> bool:
        return self.open and today > self.due_on


def received(made_on: date) -> Standing:
    """A request that comes now: due within a month."""
    return Standing(state=State.RECEIVED, made_on=made_on, due_on=months_later(made_on, 1))


def months_later(day: date, months: int) -> date:
    """The same day of a later month, or its last one (Regulation 1182/71, art. 3). A deadline that falls on
    a holiday could end a working day later; it is not moved."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def take(standing: Standing) -> Standing:
    """Somebody handles it. Raises NotNow unless it waits."""
    if standing.state is not State.RECEIVED:
        raise NotNow
    return replace(standing, state=State.TAKEN)


def extend(standing: Standing, *, reason: str, today: date) -> Standing:
    """Two further months, once, within the first one. Raises NotNow, NoReason."""
    if not standing.open or standing.extended or today > standing.due_on:
        raise NotNow
    if not reason.strip():
        raise NoReason
    return replace(standing, due_on=months_later(standing.made_on, 3), extended=True)


def answer(standing: Standing, *, text: str) -> Standing:
    """The person has what she asked, or is told what was done. Raises NotNow, NoReason."""
    return _close(standing, State.ANSWERED, text)


def refuse(standing: Standing, *, reason: str) -> Standing:
    """The person is told why not, and that she may complain (art. 12(4)). Raises NotNow, NoReason."""
    return _close(standing, State.REFUSED, reason)


def _close(standing: Standing, state: State, text: str) -> Standing:
    if not standing.open:
        raise NotNow
    if not text.strip():
        raise NoReason
    return replace(standing, state=state)


def to_remind(standing: Standing, *, reminded_on: date | None, today: date) -> bool:
    """Whether whoever handles requests is to be told of this one today: from a week before its deadline on,
    every three days."""
    near = standing.open and today >= standing.due_on - SOON
    return near and (reminded_on is None or today >= reminded_on + _AGAIN)
