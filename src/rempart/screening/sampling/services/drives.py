"""Sampling drives: a day, a place and a laboratory; who is registered there, and how far the tubes came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from rempart.foundation.access.actor import Actor, acting, require
from rempart.foundation.access.refusals import NotAllowed
from rempart.foundation.access.rights import Right
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.database.keys import uuid7
from rempart.foundation.identifiers import finess
from rempart.foundation.retention import Kind
from rempart.foundation.vault import Keyring
from rempart.screening.sampling.models import Drive as Row
from rempart.screening.sampling.models import Specimen
from rempart.screening.sampling.rules.specimen import Overview, overview
from rempart.screening.sampling.services.sealed import last_day
from rempart.screening.sampling.services.specimens import Tube, tube_of, way_of

_LISTED = 50
MOST_TUBES = 500
"""Tubes of a drive that its page lists; the counts are of all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive:
    """A drive, and how far its tubes came."""

    id: UUID
    place: str
    held_on: date
    establishment: str
    laboratory: str
    overview: Overview


def open_drive(*, actor: Actor, place: str, held_on: date, laboratory: str, now: datetime) -> UUID:
    """Open a drive of the actor's establishment; its key. `laboratory`: FINESS of whoever will analyse.

    Raises NotAllowed for whoever works for no establishment.
    """
    require(actor, Right.DRIVES_RUN)
    if not actor.laboratory:
        raise NotAllowed("a drive is an establishment's")
    row = Row(
        id=uuid7(),
        establishment=actor.laboratory,
        laboratory=laboratory,
        department=finess.parse(actor.laboratory).department,
        place=place,
        held_on=held_on,
        opened_by=UUID(actor.id),
        opened_at=now,
        expires_on=last_day(Kind.REGISTRATION, max(held_on, now.date())),
    )
    with acting(actor):
        row.save(force_insert=True)
        record(actor, Act.DRIVE_OPENED, str(row.id), now=now)
    return row.id


def drives(*, actor: Actor, now: datetime) -> Sequence[Drive]:
    """The drives of the actor's establishment, the newest first."""
    require(actor, Right.DRIVES_RUN)
    with acting(actor):
        rows = list(Row.objects.filter(establishment=actor.laboratory).order_by("-held_on", "-id")[:_LISTED])
        tubes = list(Specimen.objects.filter(drive_id__in=[row.id for row in rows]).defer("sealed"))
    return [_drive(row, [tube for tube in tubes if tube.drive_id == row.id], now=now) for row in rows]


def drive(*, actor: Actor, id: UUID, keyring: Keyring, now: datetime) -> tuple[Drive, Sequence[Tube]]:
    """One drive, and its newest tubes with whose they are. Raises NotAllowed when it is not the establishment's."""
    require(actor, Right.DRIVES_RUN)
    with acting(actor):
        row = own_drive(actor, id)
        rows = list(Specimen.objects.filter(drive_id=id).order_by("-registered_at", "-id"))
        record(actor, Act.SPECIMENS_LISTED, str(id), now=now, found=len(rows[:MOST_TUBES]))
    tubes = [tube_of(one, keyring=keyring, now=now) for one in rows[:MOST_TUBES]]
    return _drive(row, rows, now=now), tubes


def own_drive(actor: Actor, id: UUID) -> Row:
    """The row of a drive of the actor's establishment, in a session of his. Raises NotAllowed."""
    row = Row.objects.filter(pk=id, establishment=actor.laboratory).first()
    if row is None:
        raise NotAllowed("no such drive")
    return row


def _drive(row: Row, tubes: Sequence[Specimen], *, now: datetime) -> Drive:
    return Drive(
        id=row.id,
        place=row.place,
        held_on=row.held_on,
        establishment=row.establishment,
        laboratory=row.laboratory,
        overview=overview((way_of(tube) for tube in tubes), now=now),
    )
