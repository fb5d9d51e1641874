"""The road from bytes to kept results, whatever the door they came through."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice

from rempart.foundation.access.actor import Actor
from rempart.foundation.terminology import Pathogen
from rempart.foundation.vault import Keyring
from rempart.screening.formats import Context, decode
from rempart.screening.rules.catalogue import Profile
from rempart.screening.rules.judging import Judgement, judge
from rempart.screening.rules.report import Format, Item
from rempart.screening.services.prepared import Delivery, Judged
from rempart.screening.services.receive import BATCH, Kept, receive


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One message and what became of it; only ever made after its batch is on disk."""

    item: Item
    kept: Kept

    @property
    def judgement(self) -> Judgement:
        """What was said of it in the end, the store's findings included."""
        return Judgement(outcome=self.kept.outcome, findings=self.kept.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What the intake of one process needs; made once, for it remembers what it recognised."""

    pathogen: Pathogen
    keyring: Keyring
    profile: Profile = Profile.FR
    context: Context = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "context", Context(pathogen=self.pathogen, profile=self.profile))

    def read(self, payload: bytes, *, delivery: Delivery, format: Format | None = None) -> Iterator[Judged]:
        """Decode and judge every message of a delivery; nothing is kept."""
        for item in decode(payload, format=format, context=self.context):
            now = datetime.now(UTC)
            judgement = judge(item, profile=self.profile, pathogen=self.pathogen, now=now)
            yield Judged(item=item, judgement=judgement, delivery=delivery)

    def keep(self, judged: Iterable[Judged], *, actor: Actor) -> Iterator[Sequence[Answered]]:
        """Keep judged messages batch by batch; yields each batch once it is on disk."""
        messages = iter(judged)
        while batch := list(islice(messages, BATCH)):
            kept = receive(
                batch, actor=actor, keyring=self.keyring, pathogen=self.pathogen, now=datetime.now(UTC)
            )
            yield [Answered(item=j.item, kept=k) for j, k in zip(batch, kept, strict=True)]
