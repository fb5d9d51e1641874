"""One refused message: as a machine masks it, or opened with a reason, which is noted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from rempart.foundation.access.actor import Actor, Purpose, acting, system
from rempart.foundation.access.rights import Right
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.vault import KeyDestroyed, Keyring, SealBroken
from rempart.screening.desk import showing
from rempart.screening.desk.models import RefusedMessage
from rempart.screening.desk.rules import Reason, State
from rempart.screening.desk.services.reading import read_findings
from rempart.screening.desk.services.within import own_message, within
from rempart.screening.rules.report import Format
from rempart.screening.services.refused import bytes_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A refused message. `shown` is None once it can be read no more."""

    row: RefusedMessage
    findings: Sequence[tuple[str, str, str]]  # code, severity, place
    shown: showing.Shown | None
    masked: bool


def message(*, actor: Actor, message_id: UUID, keyring: Keyring) -> Message:
    """A message with its values masked. Raises NotAllowed."""
    row = own_message(actor, Right.DESK_USE, message_id)
    return _message(row, keyring=keyring, masked=True)


def open_message(
    *, actor: Actor, message_id: UUID, reason: Reason, keyring: Keyring, now: datetime
) -> Message:
    """A message as it came; who opened which message of which laboratory and why is noted, and nobody's name.

    Raises NotAllowed.
    """
    row = own_message(actor, Right.DESK_OPEN, message_id)
    with transaction.atomic():
        record(
            actor, Act.MESSAGE_OPENED, str(row.id), now=now, laboratory=row.laboratory, reason=reason.value
        )
    return _message(row, keyring=keyring, masked=False)


def set_aside(*, actor: Actor, message_id: UUID, now: datetime) -> RefusedMessage:
    """Say that there is nothing to correct about a message; twice is once. Raises NotAllowed."""
    row = own_message(actor, Right.DESK_USE, message_id)
    _set_aside(actor, row.laboratory, codes=row.codes, only=row.id, now=now)
    return row


def set_group_aside(*, actor: Actor, laboratory: str, code: str, now: datetime) -> int:
    """The same for every open message that was refused for a reason; how many. Raises NotAllowed."""
    within(actor, Right.DESK_USE, laboratory)
    return _set_aside(actor, laboratory, codes=[code], now=now)


def _set_aside(
    actor: Actor, laboratory: str, *, codes: Sequence[str], only: UUID | None = None, now: datetime
) -> int:
    found = RefusedMessage.objects.filter(laboratory=laboratory, state=State.OPEN.value)
    found = found.filter(id=only) if only else found.filter(codes__overlap=list(codes))
    with transaction.atomic():
        count = found.update(state=State.ASIDE.value, closed_at=now, again_at=None)
        if count:
            record(
                actor, Act.MESSAGES_SET_ASIDE, str(only or laboratory), now=now,
                laboratory=laboratory, codes=list(codes), messages=count,
            )  # fmt: skip
    return count


def _message(row: RefusedMessage, *, keyring: Keyring, masked: bool) -> Message:
    """The machine reads every message; what it shows of it is the caller's right to decide."""
    with acting(system(Purpose.INTAKE)) as cursor:
        cursor.execute(
            "SELECT findings, sealed FROM screening_message WHERE (month, delivery_id, position) = (%s, %s, %s)",
            (row.month, row.delivery_id, row.position),
        )
        findings, sealed = cursor.fetchone() or (None, None)
    said = read_findings(findings)
    try:
        raw = bytes_of(sealed or b"", delivery_id=row.delivery_id, position=row.position, keyring=keyring)
    except (KeyDestroyed, SealBroken):
        return Message(row=row, findings=said, shown=None, masked=masked)
    places = [location for _, _, location in said]
    shown = showing.shown(raw, format=Format(row.format), locations=places, masked=masked)
    return Message(row=row, findings=said, shown=shown, masked=masked)
