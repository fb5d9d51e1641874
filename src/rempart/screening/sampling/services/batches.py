"""Batches of tubes: sent with their list, and found again by the laboratory that unpacks them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from rempart.foundation.access.actor import Actor, acting, require
from rempart.foundation.access.refusals import NotAllowed
from rempart.foundation.access.rights import Right
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.database.keys import uuid7
from rempart.foundation.retention import Kind
from rempart.foundation.vault import Keyring
from rempart.screening.sampling.models import Batch as Row
from rempart.screening.sampling.models import Specimen
from rempart.screening.sampling.rules import tubes
from rempart.screening.sampling.services.drives import own_drive
from rempart.screening.sampling.services.sealed import last_day, opened
from rempart.screening.sampling.services.specimens import number_digests

MOST = 500
"""Tubes of one batch."""
_LISTED = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One tube of a list: its number and times, and nothing of the person."""

    number: str
    sampled_at: datetime | None
    received: bool

    @property
    def grouped(self) -> str:
        return tubes.grouped(self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A batch as both ends see it; `lines` is empty where only its head was asked for."""

    id: UUID
    drive_id: UUID
    establishment: str
    laboratory: str
    count: int
    sent_at: datetime
    received_at: datetime | None
    lines: tuple[Listed, ...] = ()

    @property
    def name(self) -> str:
        """What it is called: the end of its key, which is random."""
        return self.id.hex[-8:].upper()

    @property
    def missing(self) -> int:
        """Tubes of the list that the laboratory did not find."""
        return sum(not line.received for line in self.lines)


class NothingToSend(Exception):
    """No tube of the drive is sampled and not yet sent; or those that were scanned are not."""

    def __init__(self, unknown: Sequence[str] = ()) -> None:
        super().__init__("nothing to send")
        self.unknown = tuple(unknown)


def send(*, actor: Actor, drive_id: UUID, numbers: Sequence[str], keyring: Keyring, now: datetime) -> UUID:
    """Put the scanned tubes of a drive into a batch, or without any all that are sampled and not yet sent; its key.

    A scanned tube of which nobody said that it was sampled is: it is there. Raises NothingToSend, with the numbers that
    are none of the drive's waiting tubes: nothing is sent then. NotAllowed.
    """
    require(actor, Right.DRIVES_RUN)
    with acting(actor):
        drive = own_drive(actor, drive_id)
        waiting = Specimen.objects.filter(drive_id=drive_id, batch_id=None).select_for_update()
        if numbers:
            wanted = {
                number: number_digests(drive.laboratory, number, keyring=keyring, today=now.date())
                for number in numbers
            }
            rows = list(waiting.filter(number__in=[one for some in wanted.values() for one in some]))
            there = {bytes(row.number) for row in rows}
            if unknown := [number for number, some in wanted.items() if there.isdisjoint(some)]:
                raise NothingToSend(unknown)
        else:
            rows = list(waiting.exclude(sampled_at=None).order_by("registered_at")[:MOST])
        if not rows:
            raise NothingToSend
        batch = Row(
            id=uuid7(),
            drive_id=drive_id,
            establishment=drive.establishment,
            laboratory=drive.laboratory,
            department=drive.department,
            tubes=len(rows),
            sent_by=UUID(actor.id),
            sent_at=now,
            expires_on=last_day(Kind.REGISTRATION, now.date()),
        )
        batch.save(force_insert=True)
        keys = [row.id for row in rows]
        Specimen.objects.filter(id__in=keys, sampled_at=None).update(sampled_at=now)
        Specimen.objects.filter(id__in=keys).update(batch_id=batch.id, sent_at=now)
        record(actor, Act.BATCH_SENT, str(batch.id), now=now, tubes=len(rows))
    return batch.id


def batch(*, actor: Actor, id: UUID, keyring: Keyring) -> Batch:
    """A batch with its list, for both ends. Raises NotAllowed for everybody else."""
    require(actor, Right.DRIVES_RUN)
    with acting(actor):
        row = _seen(actor, id)
        rows = list(Specimen.objects.filter(batch_id=id).order_by("sampled_at", "id"))
    lines = []
    for one in rows:
        values = opened(one.sealed, context=one.id.bytes, keyring=keyring)
        lines.append(
            Listed(
                number=values["number"] if values else "",
                sampled_at=one.sampled_at,
                received=one.received_at is not None,
            )
        )
    return _batch(row, tuple(lines))


def of_drive(*, actor: Actor, drive_id: UUID) -> Sequence[Batch]:
    """The batches of a drive of the actor's establishment, the newest first."""
    require(actor, Right.DRIVES_RUN)
    with acting(actor):
        own_drive(actor, drive_id)
        return [_batch(row) for row in Row.objects.filter(drive_id=drive_id).order_by("-sent_at")]


def addressed(*, actor: Actor) -> Sequence[Batch]:
    """The batches that are on their way to the actor's laboratory, or came; the newest first."""
    require(actor, Right.DRIVES_RUN)
    if not actor.laboratory:
        return []
    with acting(actor):
        rows = Row.objects.filter(laboratory=actor.laboratory).order_by("-sent_at")[:_LISTED]
        return [_batch(row) for row in rows]


def receive(
    *, actor: Actor, id: UUID, numbers: Sequence[str], keyring: Keyring, now: datetime
) -> Sequence[str]:
    """Note that the laboratory has the scanned tubes, or without any the whole batch; the numbers that are not of it.

    What is noted twice keeps its first time. Raises NotAllowed for whoever is not the laboratory's.
    """
    require(actor, Right.DRIVES_RUN)
    with acting(actor):
        row = _seen(actor, id)
        if row.laboratory != actor.laboratory:
            raise NotAllowed("not for this laboratory")
        found = Specimen.objects.filter(batch_id=id)
        wanted = {
            number: number_digests(row.laboratory, number, keyring=keyring, today=now.date())
            for number in numbers
        }
        if numbers:
            found = found.filter(number__in=[one for some in wanted.values() for one in some])
        there = {bytes(number) for number in found.values_list("number", flat=True)}
        noted = found.filter(received_at=None).update(received_at=now)
        if noted:
            Row.objects.filter(pk=id).update(received_by=UUID(actor.id), received_at=now)
            record(actor, Act.BATCH_RECEIVED, str(id), now=now, tubes=noted)
    return [number for number, some in wanted.items() if there.isdisjoint(some)]


def _seen(actor: Actor, id: UUID) -> Row:
    own = Q(establishment=actor.laboratory) | Q(laboratory=actor.laboratory)
    row = Row.objects.filter(own, pk=id).first() if actor.laboratory else None
    if row is None:
        raise NotAllowed("no such batch")
    return row


def _batch(row: Row, lines: tuple[Listed, ...] = ()) -> Batch:
    return Batch(
        id=row.id,
        drive_id=row.drive_id,
        establishment=row.establishment,
        laboratory=row.laboratory,
        count=row.tubes,
        sent_at=row.sent_at,
        received_at=row.received_at,
        lines=lines,
    )
