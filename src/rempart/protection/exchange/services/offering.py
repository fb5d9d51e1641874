"""Beginning a hand-over, and taking it back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.backends.utils import CursorWrapper
from django.db.models import Sum

from rempart.foundation.access.actor import Actor, acting, require
from rempart.foundation.access.refusals import NotAllowed
from rempart.foundation.access.rights import Right
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.database.keys import uuid7
from rempart.foundation.vault import Keyring, Purpose, Sealer
from rempart.protection.exchange.models import Chunk, Handover
from rempart.protection.exchange.rules import Fault, Motive, OfferRefused, Policy, State, policy_on
from rempart.protection.exchange.services.parties import own_key, resolve


def offer(
    *,
    actor: Actor,
    to: Sequence[str],
    motive: Motive,
    message: str,
    days: int,
    downloads: int,
    keyring: Keyring,
    now: datetime,
) -> UUID:
    """Begin a hand-over: to whom (user names or professional addresses), why, for how long; its file comes next.

    Raises NotAllowed, and OfferRefused for a recipient, a number or a length that the tables do not allow.
    """
    require(actor, Right.EXCHANGE_USE)
    policy = policy_on(now.date())
    if days not in policy.days:
        raise OfferRefused(Fault.LIFETIME)
    if downloads not in policy.downloads:
        raise OfferRefused(Fault.DOWNLOADS)
    if not to:
        raise OfferRefused(Fault.NOBODY)
    if len(to) > policy.most_recipients:
        raise OfferRefused(Fault.TOO_MANY_RECIPIENTS)
    key, expires_on = uuid7(), now.date() + timedelta(days=days)
    sealer = Sealer(keyring, Purpose.EXCHANGE, expires_on)
    with acting(actor):
        recipients = resolve(actor, to)
        _refuse_too_much(own_key(actor), policy)
        Handover.objects.create(
            id=key,
            created_at=now,
            sender=own_key(actor),
            recipients=[agent.id for agent in recipients],
            motive=motive.value,
            downloads=downloads,
            expires_on=expires_on,
            state=State.DRAFT.value,
            message=sealer.seal(message.encode(), context=b"message" + key.bytes),
        )
    return key


def withdraw(*, actor: Actor, handover_id: UUID, now: datetime) -> None:
    """Take a file back: from now on nobody fetches it. What was withdrawn or destroyed already stays so.

    Raises NotAllowed when it is not the actor's own.
    """
    require(actor, Right.EXCHANGE_USE)
    with acting(actor) as cursor:
        found = own(cursor, actor, handover_id)
        if found.state == State.DRAFT:
            Chunk.objects.filter(handover_id=found.id).delete()
            found.delete()
        elif found.state == State.READY:
            end([found.id], State.WITHDRAWN, now=now)
            record(actor, Act.EXCHANGE_WITHDRAWN, str(found.id), now=now)


def own(cursor: CursorWrapper, actor: Actor, handover_id: UUID) -> Handover:
    """A hand-over of the actor's, held until the end of the transaction. Raises NotAllowed for any other."""
    hold(cursor, handover_id)
    found = Handover.objects.filter(id=handover_id, sender=own_key(actor)).first()
    if found is None:
        raise NotAllowed("no such hand-over of this account")
    return found


def hold(cursor: CursorWrapper, handover_id: UUID) -> None:
    """Whoever changes or fetches this hand-over waits for the others; a recipient may lock no row of it."""
    cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"exchange {handover_id}",))


def end(keys: Sequence[UUID], state: State, *, now: datetime) -> None:
    """Leave nothing of these files but that they were there."""
    Chunk.objects.filter(handover_id__in=keys).delete()
    Handover.objects.filter(id__in=keys).update(
        state=state.value, ended_at=now, message=None, name=None, salt=None, upload=None
    )


def _refuse_too_much(sender: UUID, policy: Policy) -> None:
    waiting = Handover.objects.filter(sender=sender, state__in=(State.DRAFT, State.READY))
    held = waiting.aggregate(size=Sum("size", default=0))["size"]
    if waiting.count() >= policy.most_waiting or held >= policy.most_waiting_bytes:
        raise OfferRefused(Fault.TOO_MANY_WAITING)
