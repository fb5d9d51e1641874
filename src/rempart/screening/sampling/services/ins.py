"""Asking the national teleservice for somebody's INS while he stands there: one, none, several, or no answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from rempart.screening.rules.report import Person


class Found(StrEnum):
    """What the teleservice said."""

    ONE = "one"
    NONE = "none"
    SEVERAL = "several"
    SILENT = "silent"  # it did not answer in time
    ABSENT = "absent"  # this platform has no access to it


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`person`: the traits as the teleservice has them, with matricule and authority, when it found one."""

    found: Found
    person: Person | None = None


def look_up(person: Person) -> Answer:
    """Look for the INS of a person by birth name, first name, sex, birth date and, where known, place of birth."""
    return Answer(found=Found.ABSENT)
