"""One run: what is new is sorted and filed, what is over is deleted, in the folders and in the mailbox.

Each message is filed before it is noted, and noted before it is marked as read: a run that is killed anywhere and run again
does the rest, and nothing twice but, at worst, a print.
"""

from __future__ import annotations

import hashlib
import subprocess
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from rempart.foundation.messaging.mailboxes import Received
from rempart.screening.handover.mailbox.shelves import Known, Shelves
from rempart.screening.handover.mailbox.sorting import MOST_BYTES, Aside, Filed, Reason, Trial, sort
from rempart.screening.handover.rules.wording import Kind

_MOST = 100_000
"""Messages of a mailbox that are looked at."""


ASIDE = "aside."
"""Before the reason, in the register."""


class Box(Protocol):
    """A mailbox that is open (foundation/messaging/mailboxes.Mailbox)."""

    validity: int

    def everything(self, *, most: int = ...) -> Sequence[int]: ...
    def fetch(self, uids: Sequence[int], *, most_bytes: int = ...) -> Iterator[Received]: ...
    def mark_seen(self, uids: Sequence[int]) -> None: ...
    def delete(self, uids: Sequence[int]) -> None: ...


@dataclass(slots=True, kw_only=True)
class Done:
    """What a run did; `aside`: the number of a message in the mailbox, and why it was left there."""

    filed: Counter[Kind] = field(default_factory=Counter)
    by_site: Counter[str] = field(default_factory=Counter)
    trials: int = 0
    repeats: int = 0
    overdue: int = 0  # came when their time was over
    aside: list[tuple[int, Reason]] = field(default_factory=list)
    still_aside: int = 0  # of earlier runs
    deleted_certificates: int = 0
    deleted_messages: int = 0
    printed: int = 0
    not_printed: int = 0


Progress = Callable[[int, int], None]
"""`progress(done, all)`: messages looked at."""


def collect(
    box: Box,
    shelves: Shelves,
    *,
    senders: Collection[str],
    sites: Collection[str],
    now: datetime,
    look_again: bool = False,
    progress: Progress = lambda done, all_: None,
) -> Done:
    """Everything that is to be done now but printing and answering. `look_again`: also at what was left aside."""
    done = Done()
    known = shelves.known(validity=box.validity)
    uids = box.everything(most=_MOST)
    if len(uids) < _MOST:
        for uid in set(known) - set(uids):  # somebody deleted it
            shelves.forget_message(uid, validity=box.validity)
    new = [uid for uid in uids if uid not in known or (look_again and _is_aside(known[uid]))]
    done.still_aside = sum(_is_aside(known[uid]) for uid in uids if uid in known and uid not in new)
    for count, received in enumerate(box.fetch(new, most_bytes=MOST_BYTES + 1), 1):
        _take(received, box, shelves, done, senders=senders, sites=sites, now=now)
        progress(count, len(new))
    _delete(box, shelves, shelves.known(validity=box.validity), done, now=now)
    shelves.write_pages()
    return done


def rehearse(
    box: Box, known: Mapping[int, Known], *, senders: Collection[str], sites: Collection[str], now: datetime
) -> Done:
    """What a run would do with what is new; nothing is written anywhere, nor marked."""
    done = Done()
    uids = [uid for uid in box.everything(most=_MOST) if uid not in known]
    for received in box.fetch(uids, most_bytes=MOST_BYTES + 1):
        _count(received.uid, _sorted(received, senders=senders, sites=sites), done, now=now)
    done.still_aside = sum(_is_aside(one) for one in known.values())
    done.deleted_messages = sum(
        one.kept_until is not None and one.kept_until <= now for one in known.values()
    )
    return done


def print_waiting(shelves: Shelves, command: Sequence[str], done: Done) -> None:
    """Print what was filed and not printed yet, a certificate at a time. What fails is tried at the next run."""
    for entry in shelves.to_print():
        paths = [str(path) for path in shelves.paths(entry)]
        try:
            # the command is the laboratory's own, from its settings; what is added to it are names that we made
            subprocess.run([*command, "--", *paths], check=True, capture_output=True, timeout=120)  # noqa: S603
        except (OSError, subprocess.SubprocessError):
            done.not_printed += 1
            continue
        shelves.note_printed(entry)
        done.printed += 1


def _take(
    received: Received,
    box: Box,
    shelves: Shelves,
    done: Done,
    *,
    senders: Collection[str],
    sites: Collection[str],
    now: datetime,
) -> None:
    found = _sorted(received, senders=senders, sites=sites)
    uid, validity = received.uid, box.validity
    if not isinstance(found, Aside) and shelves.was_met(found.digest):
        done.repeats += 1
        until = found.kept_until if isinstance(found, Filed) else None
        shelves.note(uid, found, "repeat", validity=validity, kept_until=until)
        box.mark_seen([uid])
        return
    _count(uid, found, done, now=now)
    if isinstance(found, Aside):
        shelves.note(uid, found, f"{ASIDE}{found.reason}", validity=validity, kept_until=None)
    elif isinstance(found, Trial):
        shelves.note(uid, found, "trial", validity=validity, kept_until=None)
        box.mark_seen([uid])
    else:
        until = shelves.file(found, now=now)
        shelves.note(uid, found, found.kind.value, validity=validity, kept_until=until)
        box.mark_seen([uid])


def _count(uid: int, found: Filed | Trial | Aside, done: Done, *, now: datetime) -> None:
    if isinstance(found, Aside):
        done.aside.append((uid, found.reason))
    elif isinstance(found, Trial):
        done.trials += 1
    elif found.kept_until <= now and found.kind is not Kind.DESTRUCTION:
        done.overdue += 1
    else:
        done.filed[found.kind] += 1
        done.by_site[found.site] += 1


def _delete(box: Box, shelves: Shelves, known: Mapping[int, Known], done: Done, *, now: datetime) -> None:
    """Delete what is over, on the shelves and in the mailbox: there only a message that is still the one we noted."""
    for entry in shelves.due(now):
        shelves.forget(entry)
        done.deleted_certificates += 1
    due = [uid for uid, one in known.items() if one.kept_until is not None and one.kept_until <= now]
    for received in box.fetch(due, most_bytes=MOST_BYTES + 1):
        if hashlib.sha256(received.raw).hexdigest() == known[received.uid].digest:
            box.delete([received.uid])
            shelves.forget_message(received.uid, validity=box.validity)
            done.deleted_messages += 1


def _sorted(received: Received, *, senders: Collection[str], sites: Collection[str]) -> Filed | Trial | Aside:
    if not received.whole or received.size > MOST_BYTES:
        return Aside(reason=Reason.TOO_LARGE, digest=hashlib.sha256(received.raw).hexdigest())
    return sort(received.raw, senders=senders, sites=sites)


def _is_aside(one: Known) -> bool:
    return one.outcome.startswith(ASIDE)
