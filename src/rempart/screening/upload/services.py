"""Bringing a table: sealed at once, its columns told, the whole of it looked at, then kept whole or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from rempart.foundation.access.actor import Actor, acting, require
from rempart.foundation.access.refusals import NotAllowed
from rempart.foundation.access.rights import Right
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.database.keys import uuid7
from rempart.foundation.database.row_security import EVERYWHERE
from rempart.foundation.retention import Kind, retention
from rempart.foundation.vault import Purpose, Sealer, unseal
from rempart.screening.formats import as_8_bits
from rempart.screening.formats.tables import decode, sheets
from rempart.screening.formats.tables.columns import Columns, columns, compared, recognise
from rempart.screening.rules.judging import judge
from rempart.screening.services.intake import Intake
from rempart.screening.services.prepared import Judged, delivery_of
from rempart.screening.upload.models import Upload, UploadColumns
from rempart.screening.upload.rules import Looked, look

MOST_BYTES = 10_000_000
MOST_ROWS = 10_000
CHANNEL = "table"

_UNDER_WAY = timedelta(days=1)
_MOST_UNDER_WAY = 20
"""Tables of one establishment that wait for somebody: each is a sealed file."""


class Fault(StrEnum):
    """Why a file is not taken; stable codes."""

    UNREADABLE = "unreadable"
    ROWS = "too-many-rows"
    WAITING = "too-many-waiting"
    COLUMNS = "columns"
    ROWS_WRONG = "rows-wrong"


class Refused(Exception):
    """What was asked cannot be; `fault` says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A table that waits: its headers, which column is which, and what there is to say of its rows."""

    id: UUID
    headers: Sequence[str]
    columns: Columns
    looked: Looked


def bring(*, actor: Actor, content: bytes, intake: Intake, now: datetime) -> UUID:
    """Keep a table sealed until its columns are told; those of earlier files with the same headers are remembered.

    Raises NotAllowed, Refused.
    """
    require(actor, Right.TABLES_UPLOAD)
    if not actor.laboratory:
        raise NotAllowed("no establishment")
    payload = as_8_bits(content)[0]
    headers = _headers(payload)
    until = retention(Kind.UPLOAD).last_day(now.date(), today=now.date())
    id_ = uuid7()
    sealer = Sealer(intake.keyring, Purpose.DELIVERY, until)
    with acting(actor):
        if Upload.objects.filter(brought_at__gt=now - _UNDER_WAY).count() >= _MOST_UNDER_WAY:
            raise Refused(Fault.WAITING)
        remembered = UploadColumns.objects.filter(
            establishment=actor.laboratory, headers=_digest(headers)
        ).first()
        Upload.objects.create(
            id=id_,
            agent_id=UUID(actor.id),
            establishment=actor.laboratory,
            brought_at=now,
            columns=dict(remembered.columns if remembered else recognise(headers)),
            sealed=sealer.seal(payload, context=id_.bytes),
            expires_on=until,
        )
        record(actor, Act.TABLE_BROUGHT, str(id_), now=now, bytes=len(payload))
    return id_


def show(*, actor: Actor, id: UUID, intake: Intake, now: datetime) -> Shown:
    """A table that waits, looked at by today's rules. Raises NotAllowed when there is none in sight."""
    row, payload = _open(actor, id, intake)
    return Shown(
        id=id,
        headers=_headers(payload),
        columns=row.columns,
        looked=look(one.judgement for one in _judged(payload, row.columns, actor, intake, now)),
    )


def name_columns(*, actor: Actor, id: UUID, named: Columns, intake: Intake, now: datetime) -> None:
    """Say which column is which, for this table and for those with the same headers that come later.

    Raises NotAllowed; Refused for a key that is none, or a column that the file does not have.
    """
    row, payload = _open(actor, id, intake)
    headers = _headers(payload)
    places = list(named.values())
    if not named.keys() <= columns().keys() or not all(0 <= one < len(headers) for one in places):
        raise Refused(Fault.COLUMNS)
    if len(set(places)) < len(places):
        raise Refused(Fault.COLUMNS)
    with acting(actor):
        Upload.objects.filter(pk=row.id).update(columns=dict(named))
        UploadColumns.objects.update_or_create(
            establishment=actor.laboratory,
            headers=_digest(headers),
            defaults={"columns": dict(named), "said_at": now},
        )


def keep(*, actor: Actor, id: UUID, intake: Intake, now: datetime) -> tuple[int, int, bool]:
    """Keep every row, if none of them is wrong; how many are kept, how many were there before, and whether the
    laboratory is in test, so that nothing was.

    The table itself goes once its rows are kept: brought again, they are recognised. Raises NotAllowed,
    Refused.
    """
    row, payload = _open(actor, id, intake)
    judged = list(_judged(payload, row.columns, actor, intake, now))
    if not look(one.judgement for one in judged).may_be_kept:
        raise Refused(Fault.ROWS_WRONG)
    on_the_road = replace(actor, departments=(EVERYWHERE,))  # persons live anywhere
    kept = [one.kept for batch in intake.keep(judged, actor=on_the_road) for one in batch]
    _set_aside(actor, id)
    return len(kept), sum(one.repeated for one in kept), intake.gathering.trials.holds(actor.laboratory)


def set_aside(*, actor: Actor, id: UUID) -> None:
    """Destroy a table that is not to be kept. Raises NotAllowed when there is none in sight."""
    require(actor, Right.TABLES_UPLOAD)
    if not _set_aside(actor, id):
        raise NotAllowed("no such table")


def waiting(*, actor: Actor) -> list[Upload]:
    """Tables of the actor's establishment that wait, newest first."""
    require(actor, Right.TABLES_UPLOAD)
    with acting(actor):
        return list(Upload.objects.order_by("-brought_at").defer("sealed")[:_MOST_UNDER_WAY])


def _set_aside(actor: Actor, id: UUID) -> bool:
    with acting(actor):
        gone, _ = Upload.objects.filter(pk=id).delete()
    return bool(gone)


def _open(actor: Actor, id: UUID, intake: Intake) -> tuple[Upload, bytes]:
    require(actor, Right.TABLES_UPLOAD)
    with acting(actor):
        row = Upload.objects.filter(pk=id).first()
    if row is None:
        raise NotAllowed("no such table")
    return row, unseal(intake.keyring, bytes(row.sealed), purpose=Purpose.DELIVERY, context=row.id.bytes)


def _judged(payload: bytes, named: Columns, actor: Actor, intake: Intake, now: datetime) -> Iterator[Judged]:
    intake.table.refresh(now=now)
    delivery = delivery_of(payload, channel=CHANNEL, laboratory=actor.laboratory)
    items = decode(payload, context=intake.context, columns=named, laboratory=actor.laboratory)
    for item in items:
        judgement = judge(item, profile=intake.profile, pathogen=intake.pathogen, now=now)
        yield Judged(item=item, judgement=judgement, delivery=delivery)


def _headers(payload: bytes) -> Sequence[str]:
    """The headers of a table that has no more rows than one page can look at. Raises Refused."""
    try:
        sheet = sheets.read(payload, named=False)
        if sum(1 for _ in sheet.rows) > MOST_ROWS:
            raise Refused(Fault.ROWS)
    except sheets.Unreadable as why:
        raise Refused(Fault.ROWS if why.case == "rows" else Fault.UNREADABLE) from None
    return sheet.header


def _digest(headers: Sequence[str]) -> bytes:
    return hashlib.sha256("\n".join(map(compared, headers)).encode()).digest()
