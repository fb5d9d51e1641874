"""What a professional is here, and where: data/professions.toml over what Pro Santé Connect says of him."""

from __future__ import annotations

import tomllib
from collections.abc import Container, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from rempart.foundation.access.openid.professional import Activity, Practice, Professional
from rempart.foundation.access.rights import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the table; an empty condition holds for everybody."""

    role: Role
    professions: frozenset[str]
    skills: frozenset[str]
    sections: frozenset[str]
    laboratory: bool

    def places(self, practice: Practice, laboratories: Container[str]) -> tuple[Activity, ...] | None:
        """The places of work for which the row fits a practice; None when it does not fit."""
        if practice.profession not in self.professions:
            return None
        if self.skills and practice.skill not in self.skills:
            return None
        fitting = tuple(
            activity
            for activity in practice.activities
            if (not self.sections or activity.section in self.sections)
            and (not self.laboratory or any(place in laboratories for place in activity.establishments))
        )
        return None if (self.sections or self.laboratory) and not fitting else fitting


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """What somebody is here; `establishment` is a FINESS number, empty for a practice that has none."""

    role: Role
    establishment: str
    organisation: str


@lru_cache(maxsize=1)
def table() -> tuple[frozenset[str], tuple[Row, ...]]:
    """The categories that count, and the rows. Raises ValueError when the file names a role that does not exist."""
    text = resources.files("rempart.foundation.access").joinpath("data/professions.toml").read_text("utf-8")
    found = tomllib.loads(text)
    rows = tuple(
        Row(
            role=Role(row["role"]),
            professions=frozenset(row["professions"]),
            skills=frozenset(row.get("skills", ())),
            sections=frozenset(row.get("sections", ())),
            laboratory=row.get("laboratory", False),
        )
        for row in found["row"]
    )
    return frozenset(found["categories"]), rows


def card_roles() -> frozenset[Role]:
    """The roles that a card gives."""
    return frozenset(row.role for row in table()[1])


def position_of(
    professional: Professional, *, laboratories: Container[str], before: str = ""
) -> Position | None:
    """What a professional is here, by the first row that fits; None when none does.

    Of several places of work that fit: the one of `before` (where he was last time), else a laboratory of our
    directory, else the first that has a FINESS number.
    """
    for row, practice in _candidates(professional):
        places = row.places(practice, laboratories)
        if places is not None:
            numbers = [(number, place) for place in places for number in place.establishments]
            numbers.sort(key=lambda found: (found[0] != before, found[0] not in laboratories))
            organisation = places[0].organisation if places else ""
            number, place = numbers[0] if numbers else ("", None)
            return Position(
                role=row.role,
                establishment=number,
                organisation=place.organisation if place else organisation,
            )
    return None


def _candidates(professional: Professional) -> Iterator[tuple[Row, Practice]]:
    categories, rows = table()
    for row in rows:
        for practice in professional.practices:
            if practice.category in categories:
                yield row, practice
