"""Synthetic laboratories that report an invented epidemic.

    epidemic = Epidemic(seed=7, population=20_000, start=date(2021, 3, 1), days=30, laboratories=12)
    epidemic.laboratories()               who sends
    for message in epidemic.messages(3):  what is sent on the fourth day, in the order of its times

The same arguments give the same bytes, on any machine and on any day.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import numpy as np

from rempart.foundation import territories
from rempart.foundation.identifiers import finess
from rempart.screening.rules.report import Format
from rempart.simulators import damage, epidemic
from rempart.simulators.choices import DEFAULT_START, Sending
from rempart.simulators.damage import Damage
from rempart.simulators.disease import Disease
from rempart.simulators.disease import disease as the_disease
from rempart.simulators.messages import Laboratory, Sample, Wording
from rempart.simulators.names import plain
from rempart.simulators.population import Population, make_population
from rempart.simulators.randomness import Chance, Flags, Ints, shares
from rempart.simulators.writing import Writer, Writing

_RESULTS = "PNIX"
_UNINTERPRETABLE, _NON_CONFORM = 0.004, 0.006
_ONCE, _HELD, _CORRECTED, _RETRACTED, _DUPLICATED = range(5)
_FATES = (976, 10, 5, 1, 8)  # of a thousand results, in the order above
_OPENS, _CLOSES = 7 * 60, 22 * 60  # local minutes between which results are validated
_OVERSEAS_FINESS = {
    "971": "9701", "972": "9702", "973": "9703", "974": "9704",
    "975": "9705", "976": "9805", "977": "9701", "978": "9701",
}  # fmt: skip
_ENCODINGS = ("cp1252", "utf-8", "cp1252", "cp850", "cp1252")
_FORMATS = {
    Sending.HL7V2: Format.HL7V2, Sending.HPRIM: Format.HPRIM_MEDECIN, Sending.HPRIM_SANTE: Format.HPRIM_SANTE,
    Sending.CDA: Format.CDA, Sending.FHIR: Format.FHIR,
}  # fmt: skip
_MIXED = (
    Format.HL7V2, Format.HPRIM_MEDECIN, Format.HL7V2, Format.HL7V2, Format.HPRIM_MEDECIN, Format.HPRIM_SANTE,
)  # fmt: skip
_LINE_ENDS = ("\r", "\r\n", "\r", "\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedMessage:
    """One message, complete on its own, and when its laboratory sends it."""

    laboratory_finess: str
    format: Format
    payload: bytes
    at: datetime  # UTC
    damage: Damage  # what is wrong with it on purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tests:
    """The tests of one day as columns. Minutes count from midnight UTC."""

    persons: Ints
    laboratory: Ints
    offset: Ints
    analysis: Ints
    result: Ints
    sampled: Ints
    validated: Ints
    delay: Ints  # minutes from validation to sending
    fate: Ints
    again: Ints  # minute of the message that follows, the same day for a duplicate, else the next
    harm: Ints  # rank in damage.KINDS, -1 for none
    symptoms: Ints  # rank in _SYMPTOMS
    onset: Ints
    number_habit: Ints


_SYMPTOMS = ("ASY", "S0", "S2", "S5", "S8", "NSP")


class Epidemic:
    """An epidemic of `days` days among `population` persons, as laboratories report it."""

    def __init__(
        self,
        *,
        seed: int,
        population: int,
        start: date = DEFAULT_START,
        days: int,
        laboratories: int | None = None,
        departments: Sequence[str] = (),
        sending: Sending = Sending.MIXED,
        damaged: float = 0.01,
        disease: Disease | None = None,
    ) -> None:
        """`laboratories` defaults to one for 2,000 persons, between 3 and 400; `damaged` is the share
        of messages damaged on purpose; `disease` defaults to that of data/covid19.toml. Raises ValueError for numbers that make no sense and
        LookupError for a department that is unknown or whose population is."""
        if population < 1 or days < 1 or (laboratories is not None and laboratories < 1):
            raise ValueError("population, days and laboratories must be at least 1")
        if not 0 <= damaged <= 1:
            raise ValueError("the share of damaged messages lies between 0 and 1")
        self.start, self.days = start, days
        self._seed, self._damaged = seed, damaged
        self._disease = disease or the_disease("covid19")
        self._rapid = np.asarray([assay.rapid for assay in self._disease.assays])
        self._people = make_population(seed=seed, size=population, start=start, departments=departments)
        self._course = epidemic.run(self._people, self._disease, seed=seed, start=start, days=days)
        count = laboratories or min(400, max(3, population // 2_000))
        self._laboratories = _make_laboratories(self._people, seed, count, sending)
        self._laboratory_of = _assign(self._people, self._laboratories)
        self._hprim = np.asarray([lab.format is Format.HPRIM_MEDECIN for lab in self._laboratories])
        self._writer = Writer(self._people, seed=seed, start=start, days=days)

    def laboratories(self) -> tuple[Laboratory, ...]:
        """Who sends: FINESS number, name, department, format and habits."""
        return self._laboratories

    def messages(self, day: int) -> Iterator[SimulatedMessage]:
        """The messages sent on a day (0 is `start`), in the order of their times."""
        if not 0 <= day < self.days:
            raise ValueError(f"day {day} is not one of the {self.days} days")
        rows = list(self._first_messages(day))
        if day:
            rows += self._follow_ups(day - 1)
        rows.sort(key=lambda row: (row[0], row[1].control_id))
        midnight = datetime.combine(self.start + timedelta(days=day), time(), UTC)
        for minute, sample, harm in rows:
            yield SimulatedMessage(
                laboratory_finess=sample.laboratory.finess,
                format=sample.laboratory.format,
                payload=damage.payload(sample, harm),
                at=midnight + timedelta(minutes=minute),
                damage=harm,
            )

    def _first_messages(self, day: int) -> Iterator[tuple[int, Sample, Damage]]:
        """What the tests of a day give the same day: each result once, some of them twice."""
        tests = self._tests(day)
        everything = np.arange(len(tests.persons))
        writings = self._writings(tests, everything, day, version=0)
        samples = self._writer.samples(tests.persons, writings)
        columns = (tests.fate.tolist(), tests.again.tolist(), tests.harm.tolist())
        for writing, sample, fate, again, harm in zip(writings, samples, *columns, strict=True):
            yield writing.written, sample, damage.KINDS[harm] if harm >= 0 else Damage.NONE
            if fate == _DUPLICATED:
                yield max(again, writing.written), sample, Damage.NONE

    def _follow_ups(self, day: int) -> Iterator[tuple[int, Sample, Damage]]:
        """What the tests of a day give on the next: held results released, corrections, retractions."""
        tests = self._tests(day)
        which = np.flatnonzero((tests.fate >= _HELD) & (tests.fate <= _RETRACTED))
        writings = self._writings(tests, which, day, version=1)
        samples = self._writer.samples(tests.persons[which], writings)
        for writing, sample in zip(writings, samples, strict=True):
            yield writing.written - 1440, sample, Damage.NONE

    def _tests(self, day: int) -> _Tests:
        """The tests of a day, drawn anew in the same way each time they are asked for."""
        persons = self._course.tested[day]
        count = len(persons)
        chance = Chance(self._seed, 3, day)
        laboratory = self._laboratory_of[persons]
        offset = self._offsets(day)[laboratory]
        analysis = chance.choice(count, [assay.share for assay in self._disease.assays])
        validated = _within_opening(chance, offset)
        symptoms, onset = self._symptoms(chance, persons, day)
        fate = chance.choice(count, _FATES)
        fate[self._hprim[laboratory] & (fate == _RETRACTED)] = _ONCE  # HPRIM has no word for it
        harm = np.where(
            (fate == _ONCE) & chance.happens(count, self._damaged), chance.below(count, len(damage.KINDS)), -1
        )
        delay = 1 + chance.below(count, 5)
        again = _within_opening(chance, offset)
        return _Tests(
            persons=persons,
            laboratory=laboratory,
            offset=offset,
            analysis=analysis,
            result=self._results(chance, persons, analysis, day),
            sampled=_sampled(chance, self._rapid[analysis], validated, offset),
            validated=validated,
            delay=delay,
            fate=fate,
            again=again,
            harm=harm,
            symptoms=symptoms,
            onset=onset,
            number_habit=chance.below(count, 100),
        )

    def _results(self, chance: Chance, persons: Ints, analysis: Ints, day: int) -> Ints:
        infected_on = self._course.infected_on[persons]
        found = np.zeros(len(persons), dtype=bool)
        for rank, assay in enumerate(self._disease.assays):
            sees = epidemic.within(assay.detects, infected_on, day)
            found |= (analysis == rank) & sees & chance.happens(len(persons), assay.sensitivity)
        other = chance.uniform(len(persons))
        return np.select(
            [other < _UNINTERPRETABLE, other < _UNINTERPRETABLE + _NON_CONFORM, found], [2, 3, 0], 1
        )

    def _symptoms(self, chance: Chance, persons: Ints, day: int) -> tuple[Ints, Ints]:
        """Class of symptoms and day of the first ones: of the disease, else of some other one."""
        count = len(persons)
        infected_on, after = self._course.infected_on[persons], self._course.symptoms_after[persons]
        onset = infected_on + after
        ill = (after > 0) & (onset <= day) & (day - onset <= 20)
        reason = chance.uniform(count)
        otherwise_ill = ~ill & (reason < 0.07)
        onset = np.where(otherwise_ill, day - chance.below(count, 7), onset)
        since = day - onset
        by_age = np.select([since < 2, since < 5, since < 8], [1, 2, 3], 4)
        return np.select([ill | otherwise_ill, reason > 0.95], [by_age, 5], 0), onset

    def _offsets(self, day: int) -> Ints:
        """By laboratory, the minutes by which its legal time is ahead of UTC at noon."""
        noon = datetime.combine(self.start + timedelta(days=day), time(12), UTC)
        minutes: list[int] = []
        for lab in self._laboratories:
            ahead = noon.astimezone(territories.zone_of(lab.department)).utcoffset() or timedelta()
            minutes.append(ahead // timedelta(minutes=1))
        return np.asarray(minutes, dtype=np.int64)

    def _writings(self, tests: _Tests, which: Ints, day: int, *, version: int) -> list[Writing]:
        fate, result = tests.fate[which], tests.result[which]
        if version:
            validated = tests.again[which] + 1440
            written = validated + tests.delay[which]
            corrected = np.where(result == 0, 1, 0)  # a positive becomes negative, the rest positive
            result = np.where(fate == _CORRECTED, corrected, result)
            status = np.select([fate == _CORRECTED, fate == _RETRACTED], [1, 3], 0)
        else:
            validated = tests.validated[which]
            written = validated + tests.delay[which]
            status = np.where(fate == _HELD, 2, 0)
        columns = (
            which, tests.laboratory[which], tests.offset[which], tests.sampled[which], validated, written,
            tests.analysis[which], result, status, tests.symptoms[which], tests.onset[which],
            tests.number_habit[which],
        )  # fmt: skip
        return [
            Writing(
                rank=rank,
                version=version,
                laboratory=self._laboratories[laboratory],
                offset=offset,
                day=day,
                sampled=sampled,
                validated=validated_at,
                written=written_at,
                assay=self._disease.assays[analysis],
                result=_RESULTS[letter],
                status="FCPD"[status_of],
                symptoms=_SYMPTOMS[symptoms],
                onset=onset if 0 < symptoms < 5 else None,
                number_habit=number_habit,
            )
            for rank, laboratory, offset, sampled, validated_at, written_at, analysis, letter, status_of,
                symptoms, onset, number_habit in zip(*(column.tolist() for column in columns), strict=True)
        ]  # fmt: skip


def _within_opening(chance: Chance, offset: Ints) -> Ints:
    """Minutes UTC when a laboratory works, kept inside the UTC day so that a day is complete when it ends."""
    low, high = np.maximum(1, _OPENS - offset), np.minimum(1430, _CLOSES - offset)
    minutes: Ints = low + np.floor(chance.uniform(len(offset)) * (high - low)).astype(np.int64)
    return minutes


def _sampled(chance: Chance, is_rapid: Flags, validated: Ints, offset: Ints) -> Ints:
    """A rapid test is read within the hour; another one is of the same morning, or of the day before."""
    count = len(is_rapid)
    rapid = validated - 20 - chance.below(count, 40)
    morning = 450 + chance.below(count, 210) - offset
    day_before = 480 + chance.below(count, 660) - offset - 1440
    same_day = (validated + offset >= 14 * 60) & chance.happens(count, 0.6)
    return np.where(is_rapid, rapid, np.where(same_day, morning, day_before))


def _make_laboratories(people: Population, seed: int, count: int, sending: Sending) -> tuple[Laboratory, ...]:
    """Laboratories by department in proportion to its persons, each with its habits."""
    chance = Chance(seed, 5)
    places = people.places
    persons = np.bincount(people.department, minlength=len(places.departments)).tolist()
    made: list[Laboratory] = []
    for department, inside in enumerate(shares(count, persons)):
        for _ in range(inside):
            rank = len(made)
            code = places.departments[department]
            city = places.names[int(places.draw(chance, 1, department)[0])]
            format_ = _FORMATS.get(sending) or _MIXED[rank % len(_MIXED)]
            in_hprim = format_ in (Format.HPRIM_MEDECIN, Format.HPRIM_SANTE)
            encoding = _ENCODINGS[rank // 3 % len(_ENCODINGS)] if in_hprim else "utf-8"
            body = f"{_OVERSEAS_FINESS.get(code, code + '99')}{1000 + rank:04d}"
            made.append(
                Laboratory(
                    finess=body + finess.key_of(body),
                    name=f"LBM {plain(city)}",
                    department=code,
                    format=format_,
                    encoding=encoding,
                    line_end="\r\n" if in_hprim and rank % 2 else _LINE_ENDS[rank % len(_LINE_ENDS)],
                    accents=encoding == "cp850" or rank % 2 == 1,
                    wording=list(Wording)[rank // 2 % len(Wording)],
                    batches=format_ is Format.HL7V2 and rank % 4 == 3,
                )
            )
    return tuple(made)


def _assign(people: Population, laboratories: tuple[Laboratory, ...]) -> Ints:
    """By person, the rank of his household's laboratory: in his department if it has any."""
    chosen = people.household % len(laboratories)
    for department, code in enumerate(people.places.departments):
        there = [rank for rank, lab in enumerate(laboratories) if lab.department == code]
        if there:
            mine = people.department == department
            chosen[mine] = np.asarray(there)[people.household[mine] % len(there)]
    return chosen
