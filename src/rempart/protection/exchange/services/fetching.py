"""Fetching a file that was handed to one, and what one's hand-overs have become."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from rempart.foundation.access.actor import Actor, acting, require
from rempart.foundation.access.refusals import NotAllowed, StaleVersion
from rempart.foundation.access.rights import Right
from rempart.foundation.access.uploads import Kind
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.database.keys import uuid7
from rempart.foundation.database.pool import give_back_connections
from rempart.foundation.vault import KeyDestroyed, Keyring, Purpose, SealBroken, unseal
from rempart.foundation.vault.streams import StreamOpener
from rempart.protection.exchange.models import Chunk, Fetch, Handover
from rempart.protection.exchange.rules import Motive, State
from rempart.protection.exchange.services.chunks import context_of, read_chunk
from rempart.protection.exchange.services.offering import hold
from rempart.protection.exchange.services.parties import names_of, own_key, still_open

_MOST_SHOWN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """A hand-over as one of its parties sees it; name and message are empty once they are destroyed.

    `left`: how often this recipient may still fetch it; `fetched`: how many recipients have.
    """

    id: UUID
    mine: bool  # I am its sender
    sender: str
    recipients: tuple[str, ...]
    motive: Motive
    message: str = field(repr=False)
    name: str = field(repr=False)
    kind: str
    size: int
    created_at: datetime
    expires_on: date
    state: State
    left: int
    fetched: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A file that is being fetched: `chunk(n)` for n from 0 to `chunks` - 1 gives its bytes."""

    name: str
    kind: Kind
    size: int
    chunks: int
    _actor: Actor
    _handover_id: UUID
    _upload: UUID
    _opener: StreamOpener

    def chunk(self, number: int) -> bytes:
        """The next bytes. Raises SealBroken when the file was destroyed meanwhile, or is not what was sealed."""
        try:
            return read_chunk(
                number,
                actor=self._actor,
                handover_id=self._handover_id,
                upload=self._upload,
                opener=self._opener,
            )
        finally:
            give_back_connections()


def fetch(*, actor: Actor, handover_id: UUID, keyring: Keyring, now: datetime) -> Outgoing:
    """Fetch a file that was handed to the actor; counted and audited before its first byte.

    Raises NotAllowed when it is not his, or the table no longer lets it come to him; StaleVersion when it was
    withdrawn or destroyed, or he has fetched it as often as he may.
    """
    require(actor, Right.EXCHANGE_USE)
    me = own_key(actor)
    with acting(actor) as cursor:
        hold(cursor, handover_id)
        found = Handover.objects.filter(id=handover_id, recipients__contains=[me]).first()
        if found is None:
            raise NotAllowed("no such file for this account")
        if found.state != State.READY or found.expires_on < now.date():
            raise StaleVersion("withdrawn, destroyed, or not there yet")
        if not still_open(found.sender, me):
            raise NotAllowed("the table no longer lets it come to this account")
        if Fetch.objects.filter(handover_id=found.id, recipient=me).count() >= found.downloads:
            raise StaleVersion("fetched as often as it may be")
        try:
            outgoing = _opened(found, actor=actor, keyring=keyring)
        except KeyDestroyed as error:
            raise StaleVersion("its key is destroyed") from error
        Fetch.objects.create(id=uuid7(), handover_id=found.id, sender=found.sender, recipient=me, at=now)
        record(actor, Act.EXCHANGE_FETCHED, str(found.id), now=now, size=outgoing.size, kind=found.kind)
    return outgoing


def received(*, actor: Actor, keyring: Keyring) -> list[Handed]:
    """What was handed to the actor, newest first."""
    return _listed(actor, keyring, received=True)


def sent(*, actor: Actor, keyring: Keyring) -> list[Handed]:
    """What the actor hands over, newest first, drafts too."""
    return _listed(actor, keyring, received=False)


def one(*, actor: Actor, handover_id: UUID, keyring: Keyring) -> Handed:
    """One hand-over. Raises NotAllowed for whoever is not one of its parties, and for its recipients before its
    file is there."""
    require(actor, Right.EXCHANGE_USE)
    with acting(actor):
        rows = [row for row in Handover.objects.filter(id=handover_id) if _is_seen(row, own_key(actor))]
        if not rows:
            raise NotAllowed("no such hand-over for this account")
        return _shown(rows, actor=actor, keyring=keyring)[0]


def _is_seen(row: Handover, me: UUID) -> bool:
    return row.sender == me or (me in row.recipients and row.state != State.DRAFT)


def _listed(actor: Actor, keyring: Keyring, *, received: bool) -> list[Handed]:
    require(actor, Right.EXCHANGE_USE)
    me = own_key(actor)
    with acting(actor):
        rows = Handover.objects.order_by("-created_at")
        if received:
            rows = rows.filter(recipients__contains=[me]).exclude(state=State.DRAFT)
        else:
            rows = rows.filter(sender=me)
        return _shown(rows[:_MOST_SHOWN], actor=actor, keyring=keyring)


def _shown(rows: Iterable[Handover], *, actor: Actor, keyring: Keyring) -> list[Handed]:
    handovers = list(rows)
    me = own_key(actor)
    fetches: Counter[tuple[UUID, UUID]] = Counter(
        Fetch.objects.filter(handover_id__in=[row.id for row in handovers]).values_list(
            "handover_id", "recipient"
        )
    )
    names = names_of(key for row in handovers for key in (row.sender, *row.recipients))
    return [
        Handed(
            id=row.id,
            mine=row.sender == me,
            sender=names.get(row.sender, ""),
            recipients=tuple(filter(None, map(names.get, row.recipients))),
            motive=Motive(row.motive),
            message=_text(row.message, b"message" + row.id.bytes, keyring),
            name=_text(row.name, b"name" + row.id.bytes, keyring),
            kind=row.kind,
            size=row.size or 0,
            created_at=row.created_at,
            expires_on=row.expires_on,
            state=State(row.state),
            left=row.downloads - fetches[row.id, me] if row.state == State.READY else 0,
            fetched=sum(1 for key in row.recipients if fetches[row.id, key]),
        )
        for row in handovers
    ]


def _text(sealed: bytes | memoryview | None, context: bytes, keyring: Keyring) -> str:
    if sealed is None:
        return ""
    try:
        return unseal(keyring, bytes(sealed), purpose=Purpose.EXCHANGE, context=context).decode()
    except KeyDestroyed:
        return ""


def _opened(row: Handover, *, actor: Actor, keyring: Keyring) -> Outgoing:
    """Raises SealBroken when chunks are missing: a file that cannot come whole does not begin to."""
    upload, salt, size, chunks = row.upload, row.salt, row.size, row.chunks
    if upload is None or salt is None or size is None or chunks is None:
        raise SealBroken("a file that is ready has all of it")
    if Chunk.objects.filter(handover_id=row.id, upload=upload).count() != chunks:
        raise SealBroken("chunks are missing")
    opener = StreamOpener.begin(
        keyring,
        Purpose.EXCHANGE,
        row.expires_on,
        salt=bytes(salt),
        context=context_of(row.id),
        chunks=chunks,
    )
    return Outgoing(
        name=_text(row.name, b"name" + row.id.bytes, keyring),
        kind=Kind(row.kind),
        size=size,
        chunks=chunks,
        _actor=actor,
        _handover_id=row.id,
        _upload=upload,
        _opener=opener,
    )
