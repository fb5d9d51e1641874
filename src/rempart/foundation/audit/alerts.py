"""Alerts and the persons they protect: what the data-protection officer does with them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Count

from rempart.foundation.audit.models import Alert, Watched
from rempart.foundation.audit.trail import Act, Who, record

PAGE = 50


class State(StrEnum):
    NEW = "new"
    SEEN = "seen"
    CLOSED = "closed"


class Kind(StrEnum):
    """Why a person's file is watched."""

    WELL_KNOWN = "well-known"
    COLLEAGUE = "colleague"


class NoSuchAlert(LookupError):
    """There is no alert of that key."""


class Changed(Exception):
    """Somebody handled the alert since the actor saw it."""


class NoReason(ValueError):
    """An alert is closed with the reason only."""


class AlreadyWatched(Exception):
    """That person is watched so already."""


def alerts(*, state: State | None = None, after: UUID | None = None) -> Sequence[Alert]:
    """A page of alerts and one more, newest first, those of a state when one is named."""
    found = Alert.objects.order_by("-made_at", "-id")
    if state:
        found = found.filter(state=state.value)
    last = Alert.objects.filter(pk=after).first() if after else None
    if last:
        found = found.filter(made_at__lte=last.made_at).exclude(made_at=last.made_at, id__gte=last.id)
    return list(found[: PAGE + 1])


def counts() -> dict[State, int]:
    """How many alerts there are of each state."""
    counted = Alert.objects.values_list("state").annotate(count=Count("id")).order_by()
    return dict.fromkeys(State, 0) | {State(state): count for state, count in counted}


def alert(key: UUID) -> Alert:
    """One alert. Raises NoSuchAlert."""
    found = Alert.objects.filter(pk=key).first()
    if found is None:
        raise NoSuchAlert(key)
    return found


def handle(actor: Who, key: UUID, *, state: State, reason: str, seen_version: int, now: datetime) -> Alert:
    """Say that an alert was seen, or close it with what was found. Raises NoSuchAlert, Changed, NoReason."""
    if state is State.CLOSED and not reason.strip():
        raise NoReason
    found = Alert.objects.select_for_update().filter(pk=key).first()
    if found is None:
        raise NoSuchAlert(key)
    if found.version != seen_version:
        raise Changed
    found.state, found.reason = state.value, reason.strip()
    found.handled_by, found.handled_at = actor.id, now
    found.version += 1
    found.save(update_fields=["state", "reason", "handled_by", "handled_at", "version"])
    record(actor, Act.ALERT_HANDLED, str(key), now=now, state=state.value, rule=found.rule)
    return found


def watched(person: UUID | None = None) -> Sequence[Watched]:
    """Who is watched now, newest first; one person's lines when one is named."""
    found = Watched.objects.filter(ended_at__isnull=True).order_by("-since")
    return list(found.filter(person_id=person) if person else found)


def watch(actor: Who, person: UUID, *, kind: Kind, organisation: str = "", now: datetime) -> Watched:
    """Watch a person's file: whoever opens it (of that organisation, when one is named) causes an alert.
    Raises AlreadyWatched."""
    try:
        with transaction.atomic():
            line = Watched.objects.create(
                person_id=person, kind=kind.value, organisation=organisation, since=now
            )
    except IntegrityError:
        raise AlreadyWatched from None
    record(actor, Act.PERSON_WATCHED, str(line.id), now=now, person=person, kind=kind.value)
    return line


def unwatch(actor: Who, line: UUID, *, now: datetime) -> None:
    """Watch no longer; a line that ended already stays as it is."""
    found = Watched.objects.select_for_update().filter(pk=line, ended_at__isnull=True).first()
    if found is None:
        return
    found.ended_at = now
    found.save(update_fields=["ended_at"])
    record(actor, Act.PERSON_UNWATCHED, str(line), now=now, person=found.person_id, kind=found.kind)
