"""The actor of every service, and the sight that the database session is given for him."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from django.db import transaction
from django.db.backends.utils import CursorWrapper

from rempart.foundation.database.row_security import EVERYWHERE, set_sight


class Role(StrEnum):
    INVESTIGATOR = "investigator"
    ADMINISTRATOR = "administrator"
    LABORATORY = "laboratory"
    PATIENT = "patient"
    OPERATOR = "operator"
    SYSTEM = "system"


class Purpose(StrEnum):
    """Why something nominative is done; written in the audit."""

    INTAKE = "intake"
    INVESTIGATION = "investigation"
    OWN_RESULT = "own-result"
    NOTICE = "notice"
    SURVEILLANCE = "surveillance"
    OPERATION = "operation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A person, a machine or the system itself. `departments` bounds what it sees; `person` and
    `identity` are a patient's own keys, the only ones he may see."""

    id: str
    role: Role
    purpose: Purpose
    departments: tuple[str, ...] = ()
    person: UUID | None = None
    identity: UUID | None = None
    laboratory: str = ""  # FINESS of the laboratory a machine speaks for; empty: any


def system(purpose: Purpose) -> Actor:
    """The platform acting by itself, everywhere."""
    return Actor(id="system", role=Role.SYSTEM, purpose=purpose, departments=(EVERYWHERE,))


def patient(*, access: str, person: UUID, identity: UUID) -> Actor:
    """Somebody who proved to hold the reference, the birth date and the code of one result."""
    return Actor(id=access, role=Role.PATIENT, purpose=Purpose.OWN_RESULT, person=person, identity=identity)


@contextmanager
def acting(actor: Actor) -> Iterator[CursorWrapper]:
    """One transaction in which the session sees what the actor may see; yields its cursor."""
    with transaction.atomic(), transaction.get_connection().cursor() as cursor:
        set_sight(cursor, departments=actor.departments, person=actor.person, identity=actor.identity)
        yield cursor
