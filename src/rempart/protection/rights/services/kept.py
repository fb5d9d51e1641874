"""A request as it is kept: what stands open, and what is said of it, sealed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from uuid import UUID

from rempart.foundation.access.refusals import NotAllowed, StaleVersion
from rempart.foundation.vault import KeyDestroyed, Keyring, Purpose, SealBroken, Sealer, unseal
from rempart.protection.rights.models import Request
from rempart.protection.rights.rules import Channel, Kind, Standing, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What is said in a request: by the person, and to him."""

    asks: str = ""
    extension: str = ""  # why it takes longer
    answer: str = ""  # or why it is refused
    proof: str = ""  # what proved who asks (sight.py); empty: FranceConnect, or a letter


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request, opened. `said` is empty once its day has passed."""

    id: UUID
    number: str
    person_id: UUID
    kind: Kind
    channel: Channel
    standing: Standing
    made_at: datetime
    closed_at: datetime | None
    taken_by: str
    version: int
    said: Said


def opened(row: Request, *, keyring: Keyring) -> Asked:
    """A row as a value."""
    return Asked(
        id=row.id,
        number=row.number,
        person_id=row.person_id,
        kind=Kind(row.kind),
        channel=Channel(row.channel),
        standing=standing_of(row),
        made_at=row.made_at,
        closed_at=row.closed_at,
        taken_by=row.taken_by,
        version=row.version,
        said=_said(row, keyring),
    )


def standing_of(row: Request) -> Standing:
    return Standing(
        state=State(row.state), made_on=row.made_at.date(), due_on=row.due_on, extended=row.extended
    )


def seal(said: Said, *, key: UUID, expires_on: date, keyring: Keyring) -> bytes:
    """What is said, sealed for the request of this key until its day."""
    content = json.dumps(asdict(said), ensure_ascii=False).encode()
    return Sealer(keyring, Purpose.REQUEST, expires_on).seal(content, context=key.bytes)


def locked(key: UUID, *, seen_version: int) -> Request:
    """The row, locked. Raises NotAllowed when there is none in sight, StaleVersion when somebody changed it."""
    row = Request.objects.select_for_update().filter(pk=key).first()
    if row is None:
        raise NotAllowed("no such request")
    if row.version != seen_version:
        raise StaleVersion
    return row


def write(
    row: Request, standing: Standing, *, said: Iterable[tuple[str, str]] = (), keyring: Keyring, **fields: object
) -> None:  # fmt: skip
    """Keep the next version of a request; `said` adds to what was."""
    changed = replace(_said(row, keyring), **dict(said)) if said else None
    Request.objects.filter(pk=row.pk).update(
        state=standing.state.value,
        due_on=standing.due_on,
        extended=standing.extended,
        version=row.version + 1,
        **(
            {"sealed": seal(changed, key=row.id, expires_on=row.expires_on, keyring=keyring)}
            if changed
            else {}
        ),
        **fields,
    )


def _said(row: Request, keyring: Keyring) -> Said:
    try:
        content = unseal(keyring, bytes(row.sealed), purpose=Purpose.REQUEST, context=row.id.bytes)
    except (KeyDestroyed, SealBroken):
        return Said()
    return Said(**json.loads(content))
