"""The two value lists that every room shares."""

from __future__ import annotations

from enum import StrEnum


class Sex(StrEnum):
    """Administrative sex, by the letters of HL7 table 0001 and of the 2D-DOC (F3)."""

    FEMALE = "F"
    MALE = "M"
    UNKNOWN = "U"


class Result(StrEnum):
    """The four results the platform publishes on (MINSANTE n°101, item 4.1.2; field F5 of the 2D-DOC)."""

    POSITIVE = "P"
    NEGATIVE = "N"
    UNINTERPRETABLE = "I"
    NON_CONFORM = "X"
