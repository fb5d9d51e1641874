"""What is taken down of a person at the counter, in a tent, or by herself before she comes (annex 1, items 1 and 2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from rempart.screening.rules.report import Address, Person, Practitioner, Residence, Sex, Symptoms

_NOBODY = Practitioner()


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """A person, how she lives and feels, and her doctors; what was not said is empty."""

    person: Person
    residence: tuple[Residence, ...] = ()
    health_worker: bool | None = None
    symptoms: Symptoms | None = None
    prescriber: Practitioner = _NOBODY
    general_practitioner: Practitioner = _NOBODY


def as_values(registration: Registration) -> dict[str, Any]:
    """A registration as plain values, to be sealed; `registration_of` reads them back."""
    values = asdict(registration)
    born = registration.person.birth_date
    values["person"]["birth_date"] = born.isoformat() if born else None
    return values


def registration_of(values: Mapping[str, Any]) -> Registration:
    """A registration from the values of `as_values`, after their way through JSON."""
    person = dict(values["person"])
    address = dict(person.pop("address"))
    born = person.pop("birth_date")
    return Registration(
        person=Person(
            **person
            | {
                "first_names": tuple(person["first_names"]),
                "sex": Sex(person["sex"]) if person["sex"] else None,
                "birth_date": date.fromisoformat(born) if born else None,
                "address": Address(**address | {"lines": tuple(address["lines"])}),
            }
        ),
        residence=tuple(Residence(kind) for kind in values["residence"]),
        health_worker=values["health_worker"],
        symptoms=Symptoms(values["symptoms"]) if values["symptoms"] else None,
        prescriber=Practitioner(**values["prescriber"]),
        general_practitioner=Practitioner(**values["general_practitioner"]),
    )
