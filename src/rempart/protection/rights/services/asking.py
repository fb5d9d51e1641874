"""The person's side: ask, follow the answer, object, be informed."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from rempart.foundation.access.actor import Actor, acting, require
from rempart.foundation.access.rights import Right
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.database.keys import uuid7
from rempart.foundation.retention import Kind as Kept
from rempart.foundation.retention import retention
from rempart.foundation.vault import Keyring
from rempart.protection.rights.models import Informed, Request
from rempart.protection.rights.rules import MOST_TEXT, OPEN, Channel, Kind, Standing, State, received
from rempart.protection.rights.services.kept import Asked, Said, opened, seal
from rempart.protection.rights.services.sight import shown_to
from rempart.screening import information
from rempart.screening.portal.services.opening import person_of
from rempart.screening.services import objecting

MOST_OPEN = 5
"""Requests of one person that wait at once."""

_ALPHABET = "BCDFGHJKLMNPQRSTVWXZ23456789"  # no vowel, no word; no 0, O, 1, I


class TooManyOpen(Exception):
    """The person has as many requests waiting as may be."""


class Empty(ValueError):
    """A request for rectification says what is wrong, in MOST_TEXT characters at most."""


def ask_rectification(*, actor: Actor, text: str, keyring: Keyring, now: datetime) -> str:
    """Ask for a correction; the number of the request. Raises Empty, TooManyOpen."""
    require(actor, Right.REQUESTS_OWN)
    if not text.strip() or len(text) > MOST_TEXT:
        raise Empty
    with acting(actor) as cursor:
        if Request.objects.filter(person_id=person_of(actor), state__in=OPEN).count() >= MOST_OPEN:
            raise TooManyOpen
        proof = shown_to(cursor, actor, keyring=keyring).proof
        said = Said(asks=text.strip(), proof=proof)
        return _write(actor, Kind.RECTIFICATION, said, keyring=keyring, now=now)


def ask_access(*, actor: Actor, keyring: Keyring, now: datetime) -> str:
    """Ask for one's data: answered at once, for they are shown on the next page; once a day is one request."""
    require(actor, Right.REQUESTS_OWN)
    with acting(actor) as cursor:
        since = now.replace(hour=0, minute=0, second=0, microsecond=0)
        same = Request.objects.filter(
            person_id=person_of(actor), kind=Kind.ACCESS.value, made_at__gte=since
        ).first()
        if same is not None:
            return same.number
        said = Said(proof=shown_to(cursor, actor, keyring=keyring).proof)
        return _write(actor, Kind.ACCESS, said, state=State.ANSWERED, keyring=keyring, now=now)


def set_objection(*, actor: Actor, objects: bool, keyring: Keyring, now: datetime) -> None:
    """Object to the reuse for research, or no longer; it holds at once. Saying the same again changes nothing."""
    require(actor, Right.REQUESTS_OWN)
    person = person_of(actor)
    with acting(actor) as cursor:
        if objecting.objects(person) == objects:
            return
        if objects:
            objecting.object_to_research(person, keyring=keyring, now=now)
            said = Said(proof=shown_to(cursor, actor, keyring=keyring).proof)
            _write(actor, Kind.OBJECTION, said, state=State.ANSWERED, keyring=keyring, now=now)
        else:
            objecting.no_longer_object(person, keyring=keyring)
        record(actor, Act.OBJECTION_CHANGED, str(person), now=now, person=person, objects=objects)


def objects(*, actor: Actor) -> bool:
    """Whether the person objects to the reuse for research."""
    require(actor, Right.REQUESTS_OWN)
    with acting(actor):
        return objecting.objects(person_of(actor))


def own(*, actor: Actor, keyring: Keyring) -> Sequence[Asked]:
    """The person's requests, newest first: by code, those that were made by the same telephone or address."""
    require(actor, Right.REQUESTS_OWN)
    with acting(actor) as cursor:
        shown = shown_to(cursor, actor, keyring=keyring)
        rows = list(Request.objects.filter(person_id=person_of(actor)).order_by("-made_at", "-id"))
    return [one for one in (opened(row, keyring=keyring) for row in rows) if shown.sees(one.said)]


def inform(*, actor: Actor, now: datetime) -> information.Notice:
    """The information notice in force, and that this person was shown it."""
    require(actor, Right.REQUESTS_OWN)
    notice = information.notice_on(now.date())
    expires_on = retention(Kept.REQUEST).last_day(now.date(), today=now.date())
    with acting(actor):
        Informed.objects.bulk_create(
            [Informed(person_id=person_of(actor), version=notice.since, shown_at=now, expires_on=expires_on)],
            ignore_conflicts=True,
        )
    return notice


def write_down(*, actor: Actor, person: UUID, kind: Kind, text: str, keyring: Keyring, now: datetime) -> str:
    """Note a request that came by letter or telephone; its number. Raises Empty, NotAllowed without the right."""
    require(actor, Right.REQUESTS_HANDLE)
    if not text.strip() or len(text) > MOST_TEXT:
        raise Empty
    with acting(actor):
        return _write(
            actor,
            kind,
            Said(asks=text.strip()),
            person=person,
            channel=Channel.LETTER,
            keyring=keyring,
            now=now,
        )


def _write(
    actor: Actor, kind: Kind, said: Said, *, person: UUID | None = None, state: State = State.RECEIVED,
    channel: Channel = Channel.PORTAL, keyring: Keyring, now: datetime,
) -> str:  # fmt: skip
    standing: Standing = received(now.date())
    key, number = uuid7(), "".join(secrets.choice(_ALPHABET) for _ in range(8))
    whose = person or person_of(actor)
    expires_on = retention(Kept.REQUEST).last_day(now.date(), today=now.date())
    Request.objects.create(
        id=key,
        number=number,
        person_id=whose,
        kind=kind.value,
        state=state.value,
        channel=channel.value,
        made_at=now,
        due_on=standing.due_on,
        closed_at=now if state is State.ANSWERED else None,
        sealed=seal(said, key=key, expires_on=expires_on, keyring=keyring),
        expires_on=expires_on,
    )
    record(actor, Act.REQUEST_MADE, str(key), now=now, person=whose, kind=kind.value, channel=channel.value)
    return number
