"""An invented population: persons in households, with what a laboratory writes of them.

Ages follow the department's own classes; children live with parents, couples are of one age, a child
has the family's name, a NIR agrees with sex, birth and place. Nobody here exists: telephones are in the range kept for fiction (ARCEP, 06 39 98), mailboxes at example.org.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from rempart.foundation import territories
from rempart.simulators.names import SIMPLE_SHARE, Names, make_names
from rempart.simulators.randomness import Chance, Flags, Ints, shares

MALE, FEMALE = 0, 1
NEITHER, PHONE, MAIL, BOTH = 0, 1, 2, 3
RESIDENCES = "IHECA"  # MINSANTE n°101, item 1.4.1

# Countries of birth by INSEE code, with weights near those of the residents born abroad.
_ABROAD = {
    "99352": 13, "99350": 12, "99139": 9, "99351": 5, "99127": 4, "99134": 4, "99208": 4, "99109": 3,
    "99132": 3, "99131": 2, "99114": 2, "99341": 2, "99335": 2, "99326": 2, "99397": 1, "99410": 1,
    "99216": 1, "99243": 1, "99122": 1,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Communes as columns, in the order of departments."""

    departments: tuple[str, ...]
    codes: list[str]
    names: list[str]
    postal_codes: list[str]
    first: list[int]  # by department: rank of its first commune; one more at the end
    bounds: Ints  # cumulated inhabitants, 0 in front

    def draw(self, chance: Chance, count: int, department: int | None = None) -> Ints:
        """Communes by chance, in proportion to their inhabitants."""
        low, high = 0, len(self.codes)
        if department is not None:
            low, high = self.first[department], self.first[department + 1]
        bounds = self.bounds[low : high + 1]
        where = bounds[0] + chance.below(count, int(bounds[-1] - bounds[0]))
        ranks: Ints = low + np.searchsorted(bounds[1:], where, side="right")
        return ranks


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """Persons as columns; ranks into the tables of `names` and `places`."""

    names: Names
    places: Places
    abroad: tuple[str, ...]  # countries of birth, INSEE codes
    department: Ints  # rank in places.departments
    household: Ints
    age: Ints
    sex: Ints
    birth: Ints  # proleptic Gregorian ordinal
    birth_place: Ints  # rank of a commune; from len(places.codes) on, of a country of `abroad`
    order: Ints  # the order number of the NIR, 1 to 999
    birth_name: Ints
    used_name: Ints
    first_name: Ints
    second_name: Ints
    commune: Ints
    street: Ints
    street_number: Ints
    contact: Ints
    phone: Ints
    registered: Flags  # has an INS
    health_worker: Flags
    residence: Ints  # rank in RESIDENCES
    guardian: Ints  # whose social security number a child is insured under; oneself for an adult
    doctor: Ints  # rank among the doctors of the department

    @property
    def size(self) -> int:
        return len(self.sex)


def places(codes: Sequence[str]) -> Places:
    """The communes of the given departments that have inhabitants and a postal code."""
    kept = [
        [c for c in territories.communes_of(code, districts=True) if c.population and c.postal_codes]
        for code in codes
    ]
    communes = [one for those in kept for one in those]
    first = [0]
    for those in kept:
        first.append(first[-1] + len(those))
    inhabitants = [one.population for one in communes]
    return Places(
        departments=tuple(codes),
        codes=[one.code for one in communes],
        names=[one.name for one in communes],
        postal_codes=[one.postal_codes[0] for one in communes],
        first=first,
        bounds=np.concatenate(([0], np.cumsum(np.asarray(inhabitants, dtype=np.int64)))),
    )


def inhabited() -> tuple[str, ...]:
    """The departments whose population by class is known."""
    return tuple(code for code in territories.departments() if territories.population_by_class(code))


def make_population(*, seed: int, size: int, start: date, departments: Sequence[str] = ()) -> Population:
    """`size` persons living in the given departments (all when none is given) on the day `start`.

    Raises LookupError for a department that does not exist or whose population is not known.
    """
    all_codes = inhabited()
    for code in departments:
        if territories.department(code).code not in all_codes:
            raise LookupError(f"the population of department {code} by age is not known")
    where = places(all_codes)
    chosen = [i for i, code in enumerate(all_codes) if not departments or code in departments]
    weights = [territories.department(all_codes[i]).population for i in chosen]
    chance = Chance(seed, 1)
    parts: list[dict[str, Ints]] = []
    persons = homes = 0
    for department, count in zip(chosen, shares(size, weights), strict=True):
        if not count:
            continue
        part = _department(chance, where, department, count, start)
        inside = int(part["household"].max()) + 1
        part["household"] += homes
        part["guardian"] += persons
        part["couple"] += persons
        persons, homes = persons + count, homes + inside
        parts.append(part)
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    names = make_names(seed)
    return Population(
        names=names, places=where, abroad=tuple(_ABROAD), **_personal(chance, where, names, columns)
    )


def _department(chance: Chance, where: Places, department: int, count: int, start: date) -> dict[str, Ints]:
    """Ages, sexes and households of one department."""
    classes = territories.population_by_class(where.departments[department])
    decade = chance.choice(count, [round(figure) for figure in classes.values()])
    within = chance.uniform(count)
    age = np.where(decade < 9, decade * 10 + np.floor(within * 10), 90 + np.floor(within * within * 12))
    birth = start.toordinal() - np.floor(age * 365.25 + chance.uniform(count) * 365).astype(np.int64) - 1
    sex = chance.below(count, 2)
    household, guardian, couple = _households(chance, age, sex)
    homes = int(household.max()) + 1
    return {
        "department": np.full(count, department),
        "age": age.astype(np.int64),
        "birth": birth,
        "sex": sex,
        "household": household,
        "guardian": guardian,
        "couple": couple,
        "commune": where.draw(chance, homes, department)[household],
        "native": np.where(
            chance.happens(count, 0.6), where.draw(chance, count, department), where.draw(chance, count)
        ),
    }


def _households(chance: Chance, age: Ints, sex: Ints) -> tuple[Ints, Ints, Ints]:
    """Household and guardian of each person, and the other half of a couple (oneself when none).

    Changes `sex`, so that couples are of a man and a woman in all but three of a hundred.
    """
    count = len(age)
    household, guardian = np.full(count, -1), np.arange(count)
    couple = np.arange(count)
    children = np.flatnonzero(age < 18)
    children = children[chance.order(len(children))]
    adults = np.flatnonzero(age >= 18)
    parents = adults[(age[adults] >= 25) & (age[adults] < 55)]
    parents = parents[chance.order(len(parents))]

    sizes = 1 + chance.choice(len(children), (45, 40, 15))
    families = int(np.searchsorted(np.cumsum(sizes), len(children), side="left")) + 1 if len(children) else 0
    families = min(families, len(parents) // 2)
    alone = chance.happens(families, 0.22)
    needed = 2 * families - int(alone.sum())
    taken = parents[:needed]
    taken = taken[np.argsort(age[taken], kind="stable")]
    ends = np.cumsum(2 - alone.astype(np.int64))
    firsts = taken[ends - (2 - alone.astype(np.int64))] if families else taken
    household[firsts] = np.arange(families)
    seconds = taken[ends[~alone] - 1] if families else taken
    household[seconds] = np.flatnonzero(~alone)
    _marry(chance, sex, couple, firsts[~alone], seconds)
    if families:
        family = np.searchsorted(np.cumsum(sizes), np.arange(len(children)), side="right") % families
        household[children] = family
        guardian[children] = firsts[family]

    rest = np.flatnonzero(household < 0)
    rest = rest[np.argsort(age[rest], kind="stable")]
    together = chance.happens(len(rest) // 2, 0.62)
    left, right = rest[0 : 2 * len(together) : 2], rest[1 : 2 * len(together) : 2]
    step = np.where(together, 1, 2)
    base = families + np.cumsum(step) - step
    household[left] = base
    household[right] = base + np.where(together, 0, 1)
    if len(rest) % 2:
        household[rest[-1]] = families + int(step.sum())
    _marry(chance, sex, couple, left[together], right[together])
    return household, guardian, couple


def _marry(chance: Chance, sex: Ints, couple: Ints, left: Ints, right: Ints) -> None:
    couple[left], couple[right] = right, left
    mixed = chance.happens(len(left), 0.97)
    sex[right] = np.where(mixed, 1 - sex[left], sex[right])


def _personal(chance: Chance, where: Places, names: Names, columns: dict[str, Ints]) -> dict[str, Any]:
    """Names, numbers, contacts: what is drawn for each person once the households are there."""
    age, sex, household, couple = (columns[name] for name in ("age", "sex", "household", "couple"))
    count, homes = len(age), int(household.max()) + 1
    own, family_name = _surnames(chance, names, count), _surnames(chance, names, homes)[household]
    married = (couple != np.arange(count)) & (sex == FEMALE) & (sex[couple] == MALE)
    birth_name = np.where(married, own, family_name)
    abroad = chance.happens(count, np.where(age < 18, 0.02, 0.12))
    country = len(where.codes) + chance.choice(count, list(_ABROAD.values()))
    birth_place = np.where(abroad, country, columns["native"])
    given = np.asarray([len(table) for table in names.first_names])[sex]
    old, elsewhere = age >= 80, chance.uniform(count)
    return {
        **{
            name: columns[name]
            for name in ("department", "household", "age", "sex", "birth", "commune", "guardian")
        },
        "birth_place": birth_place,
        "order": _orders(sex, columns["birth"], birth_place),
        "birth_name": birth_name,
        "used_name": np.where(married & chance.happens(count, 0.6), family_name, birth_name),
        "first_name": np.floor(chance.uniform(count) * given).astype(np.int64),
        "second_name": np.floor(chance.uniform(count) * given).astype(np.int64),
        "street": chance.below(homes, len(names.streets))[household],
        "street_number": 1 + chance.below(homes, 120)[household],
        "contact": chance.choice(count, (10, 22, 13, 55)),
        "phone": chance.below(count, 10_000),
        "registered": chance.happens(count, 0.85),
        "health_worker": chance.happens(count, 0.05) & (age >= 20) & (age < 66),
        "residence": np.select(
            [old & (elsewhere < 0.15), elsewhere < 0.008, elsewhere < 0.010, elsewhere < 0.016],
            [2, 1, 3, 4],
            0,
        ),
        "doctor": chance.below(homes, 1 << 30)[household],
    }


def _surnames(chance: Chance, names: Names, count: int) -> Ints:
    simple = chance.below(count, names.simple)
    double = names.simple + chance.below(count, len(names.surnames) - names.simple)
    drawn: Ints = np.where(chance.happens(count, SIMPLE_SHARE), simple, double)
    return drawn


def _orders(sex: Ints, birth: Ints, place: Ints) -> Ints:
    """Order numbers such that no two persons have the same NIR.

    Persons of one sex, month and place of birth are numbered in their own cell; 7 and 999 have no
    common divisor, so the first 999 of a cell differ.
    """
    months = np.asarray([_month(ordinal) for ordinal in range(int(birth.min()), int(birth.max()) + 1)])
    cell = (months[birth - birth.min()] * 2 + sex) * 100_000 + place
    by_cell = np.argsort(cell, kind="stable")
    ordered = cell[by_cell]
    opens = np.concatenate(([True], ordered[1:] != ordered[:-1]))
    first = np.maximum.accumulate(np.where(opens, np.arange(len(cell)), 0))
    orders: Ints = np.empty_like(cell)
    orders[by_cell] = 1 + ((np.arange(len(cell)) - first) * 7 + ordered) % 999
    return orders


def _month(ordinal: int) -> int:
    """Month of birth as a NIR tells it: two digits of the year, two of the month."""
    day = date.fromordinal(ordinal)
    return day.year % 100 * 12 + day.month - 1
