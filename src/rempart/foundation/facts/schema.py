"""What a pseudonymous fact says, and how it is written in Parquet.

A fact is one analysis of one specimen, without anything that names the person: no name, no number, no
address, no date of birth. Times are kept to the minute, so that they cannot serve to find the nominative
row again. Columns are added at the end only, with a higher `SCHEMA_VERSION`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum

import pyarrow as pa

from rempart.foundation.terminology.values import Result as Result
from rempart.foundation.terminology.values import Sex as Sex
from rempart.foundation.territories import AGE_CLASSES

SCHEMA_VERSION = 1
VERSION_KEY = b"rempart.facts.version"

_FACT_ID = re.compile(r"[0-9a-f]{32}")


class FactsError(ValueError):
    """A fact that cannot be written, or a store that this version cannot read."""


class Kind(StrEnum):
    """How the specimen was analysed."""

    NAAT = "naat"
    ANTIGEN = "antigen"
    SEROLOGY = "serology"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFact:
    """One analysis, as the epidemiologists may see it; an empty string means not known.

    `fact_id` is a keyed hash given by the caller (32 lower-case hexadecimal digits), the same for every
    version of the same analysis; a correction is a higher `version`, a retraction a higher version with
    `retracted`. `symptoms` and `residence` hold the sender's codes (items 1.5.1 and 1.4.1 of MINSANTE
    n°101). Delays are in minutes and may be negative where a laboratory's clock was wrong.
    """

    fact_id: str
    version: int
    retracted: bool = False
    pathogen: str
    sampled_on: date  # civil day of the sampling territory
    received_at: datetime
    validated_at: datetime | None = None
    department: str = ""  # of residence, INSEE code
    laboratory_department: str = ""
    age_class: str = ""  # one of AGE_CLASSES
    sex: Sex = Sex.UNKNOWN
    kind: Kind
    loinc: str = ""
    result: Result
    symptoms: str = ""
    residence: str = ""
    health_worker: bool | None = None
    sampling_to_validation_minutes: int | None = None
    validation_to_reception_minutes: int | None = None

    def __post_init__(self) -> None:
        if not _FACT_ID.fullmatch(self.fact_id):
            raise FactsError("fact_id must be 32 lower-case hexadecimal digits (a keyed hash of 128 bits)")
        if self.version < 1:
            raise FactsError(f"fact {self.fact_id}: version is {self.version}, the first is 1")
        if self.age_class and self.age_class not in AGE_CLASSES:
            raise FactsError(f"fact {self.fact_id}: age class {self.age_class!r} is not of {AGE_CLASSES}")
        for name in ("received_at", "validated_at"):
            moment = getattr(self, name)
            if moment is not None and moment.utcoffset() is None:
                raise FactsError(f"fact {self.fact_id}: {name} has no time zone")


_TEXT = pa.dictionary(pa.int32(), pa.string())
_TIME = pa.timestamp("ms", tz="UTC")

ARROW_SCHEMA = pa.schema(
    [
        pa.field("fact_id", pa.binary(16), nullable=False),
        pa.field("version", pa.int32(), nullable=False),
        pa.field("retracted", pa.bool_(), nullable=False),
        pa.field("pathogen", _TEXT, nullable=False),
        pa.field("sampled_on", pa.date32(), nullable=False),
        pa.field("received_at", _TIME, nullable=False),
        pa.field("validated_at", _TIME),
        pa.field("department", _TEXT, nullable=False),
        pa.field("laboratory_department", _TEXT, nullable=False),
        pa.field("age_class", _TEXT, nullable=False),
        pa.field("sex", _TEXT, nullable=False),
        pa.field("kind", _TEXT, nullable=False),
        pa.field("loinc", _TEXT, nullable=False),
        pa.field("result", _TEXT, nullable=False),
        pa.field("symptoms", _TEXT, nullable=False),
        pa.field("residence", _TEXT, nullable=False),
        pa.field("health_worker", pa.bool_()),
        pa.field("sampling_to_validation_minutes", pa.int32()),
        pa.field("validation_to_reception_minutes", pa.int32()),
    ],
    metadata={VERSION_KEY: str(SCHEMA_VERSION).encode()},
)


def to_minute(moment: datetime | None) -> datetime | None:
    """The same moment in UTC, seconds dropped."""
    return moment and moment.astimezone(UTC).replace(second=0, microsecond=0)


def age_class(birth_date: date | None, on: date) -> str:
    """The `cl_age90` class of a person on a day; empty when the birth is unknown or later than the day."""
    if birth_date is None or birth_date > on:
        return ""
    age = on.year - birth_date.year - ((on.month, on.day) < (birth_date.month, birth_date.day))
    return AGE_CLASSES[min(age // 10, 9)]
