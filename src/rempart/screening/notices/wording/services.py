"""The texts in force, and what the communication team does with them: look, publish, take back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction

from rempart.foundation.access.actor import Actor, require
from rempart.foundation.access.models import Agent
from rempart.foundation.access.refusals import NotAllowed
from rempart.foundation.access.rights import Right
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.database.keys import uuid7
from rempart.foundation.messaging.letters import Channel
from rempart.screening.notices.models import Wording
from rempart.screening.notices.wording.rules import Kind, Problem, Text, kinds, problems

Texts = Mapping[tuple[str, Channel], Text]
"""The text of each kind by each channel that it goes out by."""

LATEST_START = timedelta(days=90)
"""How far ahead a text may be published."""

_SHOWN = 50


class Wrong(Exception):
    """A text that may not be published, and everything that is wrong with it."""

    def __init__(self, found: Sequence[Problem]) -> None:
        super().__init__("a text that may not be published")
        self.problems = found


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A text that was published, or the default of the code (without `id`); `by`: the name of who did it."""

    text: Text
    id: UUID | None = None
    starts_at: datetime | None = None
    published_at: datetime | None = None
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Everything about the text of one kind by one channel. `in_force` is one of `versions`, newest start first; the
    last of them is the default."""

    kind: Kind
    channel: Channel
    in_force: Version
    versions: Sequence[Version]


def texts_at(now: datetime) -> Texts:
    """Every text in force, in one query: what was published last of those that have begun, else the default."""
    found = {
        (kind.name, channel): text for kind in kinds().values() for channel, text in kind.defaults.items()
    }
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT DISTINCT ON (kind, channel) kind, channel, subject, text FROM screening_wording
               WHERE starts_at <= %s ORDER BY kind, channel, starts_at DESC, id DESC""",
            (now,),
        )
        published = cursor.fetchall()
    for kind, channel, subject, text in published:
        if (kind, channel) in found:
            found[kind, Channel(channel)] = Text(text=text, subject=subject)
    return found


def overview(*, actor: Actor, now: datetime) -> Sequence[tuple[Kind, Sequence[tuple[Channel, Text]]]]:
    """Every kind with the texts in force, in the order of the file. Raises NotAllowed."""
    require(actor, Right.NOTICES_WORD)
    texts = texts_at(now)
    return [
        (kind, [(channel, texts[kind.name, channel]) for channel in kind.defaults])
        for kind in kinds().values()
    ]


def page(*, actor: Actor, kind: str, channel: str, now: datetime) -> Page:
    """The versions of one text. Raises NotAllowed, also for one that there is not."""
    require(actor, Right.NOTICES_WORD)
    asked, by = _known(kind, channel)
    rows = list(
        Wording.objects.filter(kind=asked.name, channel=by.value).order_by("-starts_at", "-id")[:_SHOWN]
    )
    names = dict(Agent.objects.filter(pk__in=[row.published_by for row in rows]).values_list("pk", "name"))
    versions = [
        Version(
            id=row.id,
            text=Text(text=row.text, subject=row.subject),
            starts_at=row.starts_at,
            published_at=row.published_at,
            by=names.get(row.published_by, ""),
        )
        for row in rows
    ]
    versions.append(Version(text=asked.defaults[by]))
    in_force = next(one for one in versions if one.starts_at is None or one.starts_at <= now)
    return Page(kind=asked, channel=by, in_force=in_force, versions=versions)


def publish(
    *,
    actor: Actor,
    kind: str,
    channel: str,
    text: Text,
    starts_at: datetime | None,
    public_url: str,
    now: datetime,
) -> None:
    """Use a text from a moment on (None: from now on). Raises NotAllowed; Wrong with everything that is wrong with the
    text. A moment that is past counts as now, one that is too far away is refused with NotAllowed."""
    require(actor, Right.NOTICES_WORD)
    asked, by = _known(kind, channel)
    if found := problems(asked, by, text, public_url=public_url):
        raise Wrong(found)
    begins = max(starts_at or now, now)
    if begins > now + LATEST_START:
        raise NotAllowed("too far ahead")
    with transaction.atomic():
        row = Wording.objects.create(
            id=uuid7(),
            kind=asked.name,
            channel=by.value,
            subject=text.subject,
            text=text.text,
            starts_at=begins,
            published_at=now,
            published_by=UUID(actor.id),
        )
        record(actor, Act.WORDING_PUBLISHED, str(row.id), now=now, kind=asked.name, channel=by.value)


def _known(kind: str, channel: str) -> tuple[Kind, Channel]:
    asked = kinds().get(kind)
    by = next((one for one in asked.defaults if one.value == channel), None) if asked else None
    if asked is None or by is None:
        raise NotAllowed("no such text")
    return asked, by
