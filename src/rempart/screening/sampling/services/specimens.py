"""Persons at a drive and their tubes: registered once, informed, labelled, sampled."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from rempart.foundation.access.actor import Actor, acting, require
from rempart.foundation.access.refusals import NotAllowed
from rempart.foundation.access.rights import Right
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.retention import Kind
from rempart.foundation.vault import BlindIndex, Indexer, Keyring
from rempart.screening.sampling.models import Drive as DriveRow
from rempart.screening.sampling.models import Specimen as Row
from rempart.screening.sampling.rules import tubes
from rempart.screening.sampling.rules.registration import Registration, as_values, registration_of
from rempart.screening.sampling.rules.specimen import Lack, State, Way
from rempart.screening.sampling.services.sealed import last_day, opened, seal

_TRIES = 5
"""New numbers that are drawn until one is free: of 10¹² the first one is."""


class Taken(Exception):
    """The label is on another tube of this laboratory already."""


class AlreadySent(Exception):
    """The form was sent before, and said something else then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Informed:
    """What the person was told, and in which language."""

    version: date
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tube:
    """A tube and whose it is; `registration` is None and `number` empty once the day of what was taken down is past."""

    id: UUID
    drive_id: UUID
    number: str
    registration: Registration | None
    way: Way
    lack: Lack | None
    informed: Informed
    informed_at: datetime
    batch_id: UUID | None

    @property
    def state(self) -> State:
        return self.way.state

    @property
    def grouped(self) -> str:
        """The number as people read it."""
        return tubes.grouped(self.number)


def register(
    *, actor: Actor, id: UUID, drive_id: UUID, registration: Registration, informed: Informed, number: str,
    sampled: bool, keyring: Keyring, now: datetime,
) -> None:  # fmt: skip
    """Register a person who was informed, with the tube whose label was scanned, or a number of ours where `number` is
    empty. `id` is the key that the empty form carried: the same form sent again changes nothing.

    Raises NotAllowed, Taken, AlreadySent.
    """
    require(actor, Right.DRIVES_RUN)
    with acting(actor):
        drive = DriveRow.objects.filter(pk=drive_id, establishment=actor.laboratory).first()
        if drive is None:
            raise NotAllowed("no such drive")
        if _again(id, registration, keyring=keyring):
            return
        until = last_day(Kind.REGISTRATION, now.date())
        common = {
            "id": id,
            "drive_id": drive_id,
            "establishment": drive.establishment,
            "laboratory": drive.laboratory,
            "department": drive.department,
            "registered_by": UUID(actor.id),
            "registered_at": now,
            "notice_version": informed.version,
            "notice_language": informed.language,
            "notice_at": now,
            "sampled_at": now if sampled else None,
            "expires_on": until,
        }
        for written in [number] if number else [tubes.new_number(secrets.randbelow) for _ in range(_TRIES)]:
            content = {"registration": as_values(registration), "number": written}
            row = Row(
                **common,
                number=number_digest(drive.laboratory, written, keyring=keyring, today=now.date()),
                sealed=seal(content, context=id.bytes, until=until, keyring=keyring),
            )
            if _inserted(row):
                break
        else:
            if _again(id, registration, keyring=keyring):  # sent twice at the same moment
                return
            raise Taken
        DriveRow.objects.filter(pk=drive_id, expires_on__lt=until).update(expires_on=until)
        record(actor, Act.PERSON_REGISTERED, str(id), now=now, language=informed.language)


def specimen(*, actor: Actor, id: UUID, keyring: Keyring, now: datetime) -> Tube:
    """One tube, and whose it is. Raises NotAllowed outside the establishment, the laboratory's included."""
    require(actor, Right.DRIVES_RUN)
    with acting(actor):
        row = _own(actor, id)
        record(actor, Act.SPECIMEN_OPENED, str(id), now=now)
    return tube_of(row, keyring=keyring, now=now)


def note_sampling(*, actor: Actor, id: UUID, now: datetime) -> None:
    """The sample was taken now; said twice, the first time counts."""
    require(actor, Right.DRIVES_RUN)
    with acting(actor):
        _own(actor, id)
        if Row.objects.filter(pk=id, sampled_at=None).update(sampled_at=now):
            record(actor, Act.SPECIMEN_SAMPLED, str(id), now=now)


def find(*, actor: Actor, drive_id: UUID, number: str, keyring: Keyring, now: datetime) -> UUID | None:
    """The tube of a drive that bears this number (as `tubes.read` gives it), or None."""
    require(actor, Right.DRIVES_RUN)
    with acting(actor):
        drive = DriveRow.objects.filter(pk=drive_id, establishment=actor.laboratory).first()
        if drive is None:
            raise NotAllowed("no such drive")
        digests = number_digests(drive.laboratory, number, keyring=keyring, today=now.date())
        found: UUID | None = (
            Row.objects.filter(drive_id=drive_id, laboratory=drive.laboratory, number__in=digests)
            .values_list("id", flat=True)
            .first()
        )
    return found


def number_digest(laboratory: str, number: str, *, keyring: Keyring, today: date) -> bytes:
    """How a tube's number is kept, with the laboratory whose tube it is."""
    return Indexer(keyring, today).digest(BlindIndex.SPECIMEN, f"{laboratory}|{number}")


def number_digests(laboratory: str, number: str, *, keyring: Keyring, today: date) -> Sequence[bytes]:
    """What to look for: one digest for each index key alive."""
    return Indexer(keyring, today).digests(BlindIndex.SPECIMEN, f"{laboratory}|{number}")


def tube_of(row: Row, *, keyring: Keyring, now: datetime) -> Tube:
    """A row as a value."""
    values = opened(row.sealed, context=row.id.bytes, keyring=keyring)
    way = way_of(row)
    return Tube(
        id=row.id,
        drive_id=row.drive_id,
        number=values["number"] if values else "",
        registration=registration_of(values["registration"]) if values else None,
        way=way,
        lack=way.lack(now),
        informed=Informed(version=row.notice_version, language=row.notice_language),
        informed_at=row.notice_at,
        batch_id=row.batch_id,
    )


def way_of(row: Row) -> Way:
    return Way(
        registered_at=row.registered_at,
        sampled_at=row.sampled_at,
        sent_at=row.sent_at,
        received_at=row.received_at,
        result_at=row.result_at,
    )


def _own(actor: Actor, id: UUID) -> Row:
    row = Row.objects.filter(pk=id, establishment=actor.laboratory).first()
    if row is None or not actor.laboratory:
        raise NotAllowed("no such tube")
    return row


def _again(id: UUID, registration: Registration, *, keyring: Keyring) -> bool:
    """Whether this form was kept already. Raises AlreadySent when it said something else then."""
    row = Row.objects.filter(pk=id).first()
    if row is None:
        return False
    values = opened(row.sealed, context=id.bytes, keyring=keyring)
    if values is None or registration_of(values["registration"]) != registration:
        raise AlreadySent
    return True


def _inserted(row: Row) -> bool:
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return False
    return True
