"""The road from bytes to kept results, whatever the door they came through."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from rempart.foundation.access.actor import Actor
from rempart.foundation.database.pool import give_back_connections
from rempart.foundation.terminology import Pathogen
from rempart.foundation.vault import Keyring
from rempart.screening.formats import Context, decode
from rempart.screening.register.trials import tried
from rempart.screening.rules.answer import Language, findings, groups
from rempart.screening.rules.catalogue import Profile
from rempart.screening.rules.judging import Judgement, judge
from rempart.screening.rules.refusals import Refused
from rempart.screening.rules.report import Format, Item
from rempart.screening.services.gathering import Gathering
from rempart.screening.services.prepare import Preparer
from rempart.screening.services.prepared import Delivery, Judged
from rempart.screening.services.receive import BATCH, Kept, receive
from rempart.screening.transcoding.snapshot import Snapshot

MOST_ITEMS = 10_000
MOST_SAID = 200_000
"""Reports and findings of one delivery: a file of good messages has five for each; memory and answer grow with them."""

FEW = 50
"""Messages of a delivery that is kept together with others: larger ones have transactions of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One message and what became of it; only ever made after its batch is on disk."""

    item: Item
    kept: Kept

    @property
    def judgement(self) -> Judgement:
        """What was said of it in the end, the store's findings included."""
        return Judgement(outcome=self.kept.outcome, findings=self.kept.findings)


def bounded(messages: Iterable[Judged]) -> list[Judged]:
    """The messages of a delivery. Raises Refused when they, or what is to be said of them, are too many."""
    judged: list[Judged] = []
    said = 0
    for one in messages:
        said += len(one.item.reports) + len(one.judgement.findings)
        if len(judged) == MOST_ITEMS or said > MOST_SAID:
            raise Refused("too-many")
        judged.append(one)
    return judged


def answer_of(answered: Sequence[Answered], *, language: Language) -> dict[str, Any]:
    """What became of each message of a delivery, as plain values; nothing of a person goes back."""
    return {
        "items": [
            {
                "item": one.item.position,
                "control_id": one.item.control_id,
                "outcome": one.kept.outcome.value,
                "delivery": str(one.kept.delivery_id),
                "repeated": one.kept.repeated,
                "findings": findings(one.kept.findings, language),
            }
            for one in answered
        ],
        "groups": groups([(one.item.position, one.kept.findings) for one in answered]),
    }


def answered(judged: Sequence[Judged], kept: Sequence[Kept]) -> list[Answered]:
    """Each message with what became of it."""
    return [Answered(item=j.item, kept=k) for j, k in zip(judged, kept, strict=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What the intake of one process needs; made once, for it remembers what it recognised."""

    pathogen: Pathogen
    keyring: Keyring
    profile: Profile = Profile.FR
    table: Snapshot = field(default_factory=Snapshot, init=False)
    context: Context = field(init=False)
    gathering: Gathering = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "gathering", Gathering(keyring=self.keyring, pathogen=self.pathogen))
        context = Context(pathogen=self.pathogen, profile=self.profile, transcoding=self.table.transcoding)
        object.__setattr__(self, "context", context)

    def read(self, payload: bytes, *, delivery: Delivery, format: Format | None = None) -> Iterator[Judged]:
        """Decode and judge every message of a delivery; nothing is kept. May ask the database for the tables."""
        self.table.refresh(now=datetime.now(UTC))
        return self.judge(payload, delivery=delivery, format=format)

    def judge(self, payload: bytes, *, delivery: Delivery, format: Format | None = None) -> Iterator[Judged]:
        """The same by the tables as they were last seen: asks the database nothing."""
        for item in decode(payload, format=format, context=self.context):
            now = datetime.now(UTC)
            judgement = judge(item, profile=self.profile, pathogen=self.pathogen, now=now)
            yield Judged(item=item, judgement=judgement, delivery=delivery)

    def gather(self, judged: Sequence[Judged], *, actor: Actor) -> Future[Sequence[Kept]]:
        """Keep the few messages of one delivery together with whatever else waits; see Gathering.add."""
        return self.gathering.add(judged, actor=actor, size=sum(len(one.item.raw) for one in judged))

    def take(self, judged: Sequence[Judged], *, actor: Actor) -> list[Answered]:
        """Keep the messages of one delivery, few or many; waits until all of them are on disk.

        Raises as Gathering.add and its future do.
        """
        if len(judged) <= FEW:
            kept = self.gather(judged, actor=actor)
            give_back_connections()  # the keeper needs one: who waits for it holds none
            return answered(judged, kept.result())
        return [one for batch in self.keep(judged, actor=actor) for one in batch]

    def keep(self, judged: Iterable[Judged], *, actor: Actor) -> Iterator[Sequence[Answered]]:
        """Keep judged messages batch by batch; yields each batch once it is on disk."""
        messages = iter(judged)
        trial = self.gathering.trials.holds(actor.laboratory)
        while batch := list(islice(messages, BATCH)):
            now = datetime.now(UTC)
            if trial:
                preparer = Preparer(keyring=self.keyring, pathogen=self.pathogen, now=now)
                prepared = [preparer.message(one, speaks_for=actor.laboratory) for one in batch]
                kept = tried(prepared, laboratory=actor.laboratory, now=now)
            else:
                kept = receive(batch, actor=actor, keyring=self.keyring, pathogen=self.pathogen, now=now)
            yield answered(batch, kept)
