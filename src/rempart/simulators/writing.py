"""From columns to samples: the persons of an invented population as laboratories write them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np

from rempart.foundation.identifiers import luhn, nir
from rempart.screening.rules.report import Format
from rempart.simulators.disease import Assay
from rempart.simulators.messages import Laboratory, Sample
from rempart.simulators.names import plain
from rempart.simulators.population import BOTH, MAIL, PHONE, RESIDENCES, Population
from rempart.simulators.randomness import Chance, Ints

_BEFORE = 64  # days before the first one that a message may name
_AFTER = 3
_HHMM = [f"{minute // 60:02d}{minute % 60:02d}" for minute in range(1440)]
_COLUMNS = (
    "department", "sex", "birth", "birth_place", "order", "birth_name", "used_name", "first_name",
    "second_name", "commune", "street", "street_number", "contact", "phone", "registered",
    "health_worker", "residence", "doctor", "guardian", "age",
)  # fmt: skip


class Writing(NamedTuple):
    """What a laboratory writes of one test, beside the person. Minutes count from midnight UTC of `day`."""

    rank: int  # of the test in its day
    version: int  # 0 for the first message, 1 for the one that follows
    laboratory: Laboratory
    offset: int  # minutes by which its legal time is ahead of UTC
    day: int  # of the test
    sampled: int
    validated: int
    written: int
    assay: Assay
    result: str
    status: str
    symptoms: str
    onset: int | None  # day
    number_habit: int  # what stands for the social security number: see _insured


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spelling:
    """Tables of names in one spelling."""

    surnames: list[str]
    first_names: tuple[list[str], list[str]]
    streets: list[str]
    cities: list[str]


_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Writer:
    """Writes samples of a population from `start` on."""

    def __init__(self, people: Population, *, seed: int, start: date, days: int) -> None:
        self._people = people
        names = people.names
        written = _Spelling(
            surnames=list(names.surnames),
            first_names=(list(names.first_names[0]), list(names.first_names[1])),
            streets=list(names.streets),
            cities=people.places.names,
        )
        bare = _Spelling(
            surnames=[plain(one) for one in written.surnames],
            first_names=(
                [plain(one) for one in written.first_names[0]],
                [plain(one) for one in written.first_names[1]],
            ),
            streets=[plain(one) for one in written.streets],
            cities=[plain(one) for one in written.cities],
        )
        self._spelling = {True: written, False: bare}
        self._mail_surnames = [_mailbox(one) for one in bare.surnames]
        self._mail_first = tuple([_mailbox(one) for one in table] for table in bare.first_names)
        self._dates = [f"{start + timedelta(days=d):%Y%m%d}" for d in range(-_BEFORE, days + _AFTER)]
        # Two seeds never number alike: one laboratory may send both epidemics.
        self._series = _base_36(seed)
        self._day_codes = [_base_36(d) for d in range(days + _AFTER)]
        self._record_days = [f"{start + timedelta(days=d):%y%j}" for d in range(days + _AFTER)]
        self._births = _births(people)
        self._first_birth = int(people.birth.min())
        self._places = [*people.places.codes, *people.abroad]
        self._doctors = _doctors(people, bare, seed)

    def samples(self, persons: Ints, writings: Sequence[Writing]) -> Iterator[Sample]:
        """One sample for each person and what is written of his test."""
        columns = [getattr(self._people, name)[persons].tolist() for name in _COLUMNS]
        for person, writing, *rest in zip(persons.tolist(), writings, *columns, strict=True):
            yield self._sample(person, writing, *rest)

    def _sample(
        self, person: int, w: Writing, department: int, sex: int, birth: int, birth_place: int, order: int,
        birth_name: int, used_name: int, first_name: int, second_name: int, commune: int, street: int,
        street_number: int, contact: int, phone: int, registered: bool, health_worker: bool, residence: int,
        doctor: int, guardian: int, age: int,
    ) -> Sample:  # fmt: skip
        lab = w.laboratory
        spelling = self._spelling[lab.accents]
        given = spelling.first_names[sex]
        born, month = self._births[birth - self._first_birth]
        place = self._places[birth_place]
        number = self._number(sex, month, place, order)
        doctors = self._doctors[department]
        rpps, doctor_name = doctors[doctor % len(doctors)]
        shift = (
            f"+{w.offset // 60:02d}{w.offset % 60:02d}"
            if w.offset >= 0
            else f"-{-w.offset // 60:02d}{-w.offset % 60:02d}"
        )
        mail = ""
        if contact in (MAIL, BOTH):
            mail = f"{self._mail_first[sex][first_name]}.{self._mail_surnames[used_name]}{phone % 100}@example.org"
        return Sample(
            laboratory=lab,
            finess=lab.finess,
            control_id=f"{lab.finess}{self._series}{self._day_codes[w.day]}{w.rank:06d}{w.version}",
            record=f"{self._record_days[w.day]}{self._series}{w.rank:06d}",
            written=self._time(w.day, w.written + w.offset) + shift,
            sampled=self._time(w.day, w.sampled + w.offset) + shift,
            validated=self._time(w.day, w.validated + w.offset) + shift,
            local_id=f"P{person:07d}",
            nir=number if registered else "",
            insured=self._insured(w, number, guardian, age) if registered else "",
            birth_name=spelling.surnames[birth_name],
            used_name=spelling.surnames[used_name],
            first_name=given[first_name],
            second_name=given[second_name],
            sex="MF"[sex],
            born=born,
            birth_place=place,
            street=f"{street_number} {spelling.streets[street]}",
            postal_code=self._people.places.postal_codes[commune],
            city=spelling.cities[commune],
            phone=f"063998{phone:04d}" if contact in (PHONE, BOTH) else "",
            mail=mail,
            rpps=rpps,
            doctor=doctor_name,
            analysis=w.assay.loinc,
            label=w.assay.label,
            specimen=w.assay.specimen,
            result=w.result,
            value="",
            status=w.status,
            symptoms=w.symptoms,
            onset="" if w.onset is None else self._dates[w.onset + _BEFORE],
            health_worker=health_worker,
            residence=RESIDENCES[residence],
            device=w.assay.device,
        )

    def _time(self, day: int, minute: int) -> str:
        """YYYYMMDDHHMMSS of a local minute."""
        later, minute = divmod(minute, 1440)
        return f"{self._dates[day + later + _BEFORE]}{_HHMM[minute]}00"

    @staticmethod
    def _number(sex: int, month: str, place: str, order: int) -> str:
        body = f"{sex + 1}{month}{place}{order:03d}"
        return body + nir.key_of(body)

    def _insured(self, w: Writing, number: str, guardian: int, age: int) -> str:
        """Line 8 of HPRIM: a child's may be a parent's, some are empty, some come without a key."""
        if w.laboratory.format is not Format.HPRIM_MEDECIN or w.number_habit >= 20:
            return number
        if age < 16:
            people = self._people
            month = self._births[int(people.birth[guardian]) - self._first_birth][1]
            place = self._places[int(people.birth_place[guardian])]
            return self._number(int(people.sex[guardian]), month, place, int(people.order[guardian]))
        return "" if w.number_habit < 10 else number[:13]


def _births(people: Population) -> list[tuple[str, str]]:
    """By day of birth, from the earliest: YYYYMMDD, and YYMM for a NIR."""
    days = range(int(people.birth.min()), int(people.birth.max()) + 1)
    return [(f"{one:%Y%m%d}", f"{one:%y%m}") for one in map(date.fromordinal, days)]


def _doctors(people: Population, names: _Spelling, seed: int) -> list[list[tuple[str, str]]]:
    """By department: RPPS number and NAME^FIRST of each doctor."""
    chance = Chance(seed, 4)
    made: list[list[tuple[str, str]]] = []
    first_number = 0
    for inhabitants in np.bincount(people.department, minlength=len(people.places.departments)).tolist():
        count = max(1, inhabitants // 900)
        surnames = chance.below(count, len(names.surnames)).tolist()
        first_names = chance.below(count, len(names.first_names[1])).tolist()
        made.append(
            [
                (_rpps(first_number + rank), f"{names.surnames[surname]}^{names.first_names[1][first]}")
                for rank, (surname, first) in enumerate(zip(surnames, first_names, strict=True))
            ]
        )
        first_number += count
    return made


def _rpps(rank: int) -> str:
    body = f"10{90_000_000 + rank:08d}"
    return body + luhn.key(body)


def _mailbox(name: str) -> str:
    return name.lower().replace(" ", "-").replace("'", "")


def _base_36(number: int) -> str:
    """Two characters for a number below 1,296; larger ones begin again."""
    high, low = divmod(number % 1296, 36)
    return _DIGITS[high] + _DIGITS[low]
