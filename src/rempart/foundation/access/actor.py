"""The actor of every service, and the sight that the database session is given for him."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from uuid import UUID

from django.db import transaction
from django.db.backends.utils import CursorWrapper

from rempart.foundation.access.refusals import NotAllowed
from rempart.foundation.access.rights import Fields, Purpose, Right, Role, Where, granted
from rempart.foundation.database.row_security import EVERYWHERE, set_sight

__all__ = ["Actor", "Purpose", "Role", "acting", "look", "naming", "patient", "require", "system"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A person, a machine or the system itself, doing one kind of thing.

    What it may see: rows of `departments`, those that its establishment made, of `persons` and `identities` (a patient's own; whoever else was
    named to a service one by one), and files handed to `agent`.
    """

    id: str
    role: Role
    purpose: Purpose
    departments: tuple[str, ...] = ()
    persons: tuple[UUID, ...] = ()
    identities: tuple[UUID, ...] = ()
    agent: UUID | None = None
    laboratory: str = ""  # FINESS of the establishment it speaks for; empty: none, or any for the system
    organisation: str = ""  # whom it works for, as the audit shall say
    origin: str = ""  # network address it comes from
    fields: tuple[Fields, ...] = ()  # groups of a person's fields that it sees


def system(purpose: Purpose) -> Actor:
    """The platform acting by itself, everywhere."""
    return Actor(id="system", role=Role.SYSTEM, purpose=purpose, departments=(EVERYWHERE,))


def patient(*, access: str, person: UUID, identity: UUID, origin: str = "") -> Actor:
    """Somebody who proved to hold the reference, the birth date and the code of one result."""
    return Actor(
        id=access,
        role=Role.PATIENT,
        purpose=Purpose.OWN_DATA,
        persons=(person,),
        identities=(identity,),
        origin=origin,
        fields=granted(Role.PATIENT, Right.RESULTS_OWN).sees,
    )


def require(actor: Actor, right: Right) -> Where:
    """Where the actor may use this right. Raises NotAllowed when the table gives it to another role, for
    another purpose, or when the actor's perimeter is empty. The system itself may do everything."""
    if actor.role is Role.SYSTEM:
        return Where.NATION
    grant = granted(actor.role, right)
    if actor.purpose is not grant.purpose:
        raise NotAllowed(f"{right} is not for {actor.purpose}")
    if grant.where is Where.DEPARTMENTS and not actor.departments:
        raise NotAllowed("no department")
    return grant.where


def naming(actor: Actor, *, persons: tuple[UUID, ...] = (), identities: tuple[UUID, ...] = ()) -> Actor:
    """The same actor, who may now also see these persons: a service named them to him one by one."""
    return replace(actor, persons=(*actor.persons, *persons), identities=(*actor.identities, *identities))


@contextmanager
def acting(actor: Actor) -> Iterator[CursorWrapper]:
    """One transaction in which the session sees what the actor may see; yields its cursor."""
    with transaction.atomic(), transaction.get_connection().cursor() as cursor:
        look(cursor, actor)
        yield cursor


_SEE_WITHOUT_LOOKING = frozenset({Role.SYSTEM, Role.LABORATORY})
"""Who works on rows of persons and is nobody who reads them."""


def look(cursor: CursorWrapper, actor: Actor) -> None:
    """Let the rest of this transaction see what the actor may see: no row of a person when he came for something
    that shows him no field of one."""
    set_sight(
        cursor,
        departments=actor.departments,
        nominative=bool(actor.fields) or actor.role in _SEE_WITHOUT_LOOKING,
        everything=actor.role in _SEE_WITHOUT_LOOKING or actor.purpose is Purpose.OVERSIGHT,
        persons=actor.persons,
        identities=actor.identities,
        agent=actor.agent,
        establishment=actor.laboratory,
    )
