"""What becomes of a message and of a result that may have come before.

Nothing is stored twice: a repeat is answered as the first time. A correction makes a version, a
retraction takes the current version back (lab-formats reference §11, rules H02, D01, D02, R05;
docs/decisions/006-versions.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from rempart.screening.rules.report import Outcome, Status


class Keep(StrEnum):
    """What to do with a result."""

    FIRST = "first"  # keep as version 1
    VERSION = "version"  # keep as the next version, the earlier one is no longer current
    RETRACTION = "retraction"  # keep as the next version, which says that the result is taken back
    REPEAT = "repeat"  # known already, word for word
    NOTHING = "nothing"  # takes back what never came


class Version(NamedTuple):
    """The current version of a result in the store, with what each of its versions said."""

    contents: tuple[bytes, ...]  # digests, oldest first; the last one is the current version's
    month: date
    result_id: UUID
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    keep: Keep
    number: int = 0
    previous: Version | None = None
    finding: tuple[str, str] | None = None  # code and case of what the sender should be told


_FIRST = Decision(keep=Keep.FIRST, number=1)
_CORRECTS_NOTHING = Decision(keep=Keep.FIRST, number=1, finding=("R05", "no_original"))


def decide(*, status: Status, contents: tuple[bytes, ...], current: Version | None) -> Decision:
    """What to do with one result, given the current version of the same result (or None).

    `contents`: the digests of what it says, under every index key alive. A laboratory that sends its old
    messages again after an outage does not undo its own corrections: a final result that an earlier
    version said already is a repeat; only a correction may go back to it.
    """
    retracts = status is Status.RETRACTED
    if current is None:
        if retracts:
            return Decision(keep=Keep.NOTHING, finding=("D02", "no_original"))
        return _CORRECTS_NOTHING if status is Status.CORRECTED else _FIRST
    if current.contents[-1] in contents:
        return Decision(keep=Keep.REPEAT, previous=current)
    if status is Status.FINAL and not set(contents).isdisjoint(current.contents):
        return Decision(keep=Keep.REPEAT, previous=current, finding=("D01", "superseded"))
    return Decision(
        keep=Keep.RETRACTION if retracts else Keep.VERSION,
        number=current.number + 1,
        previous=current,
        finding=("D01", "new_content") if status is Status.FINAL else None,
    )


class Earlier(NamedTuple):
    """A message kept earlier under the same sender and control id."""

    body: bytes
    outcome: Outcome
    delivery_id: UUID
    position: int


_GOOD = {Outcome.REJECTED: 0, Outcome.HELD: 1, Outcome.ACCEPTED: 2}


class Message(StrEnum):
    """What to do with a message."""

    NEW = "new"
    AGAIN = "again"  # the same bytes: answer as then, keep nothing
    REPLACES = (
        "replaces"  # the earlier one was refused, or held what is accepted now: this one takes its place
    )
    CLASH = "clash"  # the same control id says something else: refuse (H02)


def meet(*, bodies: tuple[bytes, ...], outcome: Outcome, earlier: Earlier | None) -> Message:
    """What a message is to the one that came earlier under its sender and control id.

    The same bytes are judged better where our tables changed since: a local code that is known now.
    """
    if earlier is None:
        return Message.NEW
    if earlier.body in bodies:
        better = _GOOD[outcome] > _GOOD[earlier.outcome]
        return Message.REPLACES if better else Message.AGAIN
    return Message.REPLACES if earlier.outcome is Outcome.REJECTED else Message.CLASH
