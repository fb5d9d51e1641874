"""Whose desk it is: its own laboratory's for a biologist, any for the operator."""

from __future__ import annotations

from uuid import UUID

from rempart.foundation.access.actor import Actor, require
from rempart.foundation.access.refusals import NotAllowed
from rempart.foundation.access.rights import Right, Where
from rempart.foundation.identifiers import finess
from rempart.screening.desk.models import RefusedMessage


def within(actor: Actor, right: Right, laboratory: str) -> None:
    """Raises NotAllowed unless the actor has the right over this laboratory."""
    where = require(actor, right)
    if not finess.is_valid(laboratory):
        raise NotAllowed("no laboratory")
    if where is Where.ESTABLISHMENT and laboratory != actor.laboratory:
        raise NotAllowed("another laboratory")


def own_message(actor: Actor, right: Right, message_id: UUID) -> RefusedMessage:
    """A refused message of a laboratory that is the actor's business. Raises NotAllowed."""
    row = RefusedMessage.objects.filter(id=message_id).first()
    if row is None:
        raise NotAllowed("no such message")
    within(actor, right, row.laboratory)
    return row
