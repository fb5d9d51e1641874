"""The course of an invented epidemic: who is infected when, and who is tested on which day.

A wave rises and falls in each department, later the farther it lies from where it began; on top of
it, the infected pass the disease on at home. People are tested because they have symptoms, because
somebody at home is positive, or for another reason (work, travel, care). The shape is prescribed
rather than left to a transmission model, so that it is a wave for any population and any number of days.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from rempart.foundation.territories import shapes
from rempart.simulators.disease import Disease
from rempart.simulators.population import Population
from rempart.simulators.randomness import Chance, Flags, Floats, Ints

NEVER = -1_000
BURN_IN = 16  # days before the first one, so that it starts in the midst of things

WIDTH = 0.15  # of the wave in a department, as a share of the days
EARLIEST, LATEST = 0.26, 0.52  # its top, as a share of the days, near and far from the origin
HOME_CONTACT_TESTED = 0.5
OTHER_REASONS = 0.0112  # tested without symptoms nor contact, per person and day
BY_WEEKDAY = (1.15, 1.1, 1.05, 1.05, 1.15, 0.8, 0.4)  # Monday to Sunday


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    infected_on: Ints  # day, NEVER for the others
    symptoms_after: Ints  # days between infection and first symptoms; 0 without symptoms
    tested: tuple[Ints, ...]  # by day: the persons tested, in increasing order
    at_home: tuple[int, ...]  # by day: how many of the infected live with somebody infectious


def run(population: Population, disease: Disease, *, seed: int, start: date, days: int) -> Course:
    """Let `days` days pass from `start` on."""
    chance = Chance(seed, 2)
    tops = _tops(population.places.departments, chance, days)
    size = population.size
    infected_on = np.full(size, NEVER)
    due = np.full(size, NEVER)  # the day a test is planned for
    symptomatic = chance.happens(size, disease.symptomatic)
    shortest, longest = disease.incubation
    incubation = shortest + chance.below(size, longest - shortest + 1)
    homes = int(population.household.max()) + 1
    eagerness = np.where(population.health_worker, 3.0, 1.0) * OTHER_REASONS
    tested: list[Ints] = []
    at_home: list[int] = []
    for day in range(-BURN_IN, days):
        risk = _risk(disease, day, tops, days)[population.department]
        exposed = _exposed(population, disease, infected_on, day, homes)
        risk = np.where(exposed, disease.at_home + risk, risk)
        caught = np.flatnonzero(chance.happens(size, risk) & (infected_on == NEVER))
        infected_on[caught] = day
        sick = caught[symptomatic[caught] & chance.happens(len(caught), disease.seeks_test)]
        due[sick] = day + incubation[sick] + chance.below(len(sick), 3)
        weekday = BY_WEEKDAY[(start + timedelta(days=day)).weekday()]
        waits = (due == day) & chance.happens(size, max(0.0, 0.95 - weekday))  # few are open on a Sunday
        due[waits] = day + 1
        today = np.flatnonzero((due == day) | chance.happens(size, eagerness * weekday))
        found = today[within(disease.detectable, infected_on[today], day)]
        _plan_for_homes(chance, population, due, found, day, homes)
        if day >= 0:
            tested.append(today)
            at_home.append(int(exposed[caught].sum()))
    return Course(
        infected_on=infected_on,
        symptoms_after=np.where(symptomatic, incubation, 0),
        tested=tuple(tested),
        at_home=tuple(at_home),
    )


def within(period: tuple[int, int], infected_on: Ints, day: int) -> Flags:
    """Who is, on a day, in a period told by its first and last day after infection."""
    since = day - infected_on
    return (since >= period[0]) & (since <= period[1])


def _risk(disease: Disease, day: int, tops: Floats, days: int) -> Floats:
    """Probability of an infection outside the home, by department: a bell without any exponential."""
    distance = (day - tops) / (WIDTH * days)
    return disease.quiet + disease.peak / (1 + distance * distance) ** 2


def _exposed(population: Population, disease: Disease, infected_on: Ints, day: int, homes: int) -> Flags:
    """Who lives with an infectious person."""
    homes_hit = np.zeros(homes, dtype=bool)
    homes_hit[population.household[within(disease.infectious, infected_on, day)]] = True
    return homes_hit[population.household]


def _plan_for_homes(
    chance: Chance, population: Population, due: Ints, found: Ints, day: int, homes: int
) -> None:
    """Those who live with a person found positive today may be tested within the week."""
    hit = np.zeros(homes, dtype=bool)
    hit[population.household[found]] = True
    near = np.flatnonzero(hit[population.household] & (due <= day))
    near = near[chance.happens(len(near), HOME_CONTACT_TESTED)]
    due[near] = day + 1 + chance.below(len(near), 6)


def _tops(departments: tuple[str, ...], chance: Chance, days: int) -> Floats:
    """The day of the top of the wave by department: it spreads over the map from one of them.

    The first point of its shape stands for a department; overseas, where there is no shape or only a
    square, the wave comes last.
    """
    points = {s.code: _first_point(s.path) for s in shapes().shapes if not s.inset}
    metropolitan = [code for code in departments if code in points]
    origin = points[metropolitan[int(chance.below(1, len(metropolitan))[0])]]
    far = max(_distance(points[code], origin) for code in metropolitan)
    delay = [_distance(points[code], origin) / far if code in points else 1.0 for code in departments]
    ragged = (chance.uniform(len(departments)) - 0.5) * 0.15
    share = np.clip(np.asarray(delay) + ragged, 0, 1)
    return (EARLIEST + (LATEST - EARLIEST) * share) * days - 4


def _first_point(path: str) -> tuple[float, float]:
    found = re.match(r"[mM]\s*(-?[\d.]+)[ ,]+(-?[\d.]+)", path)
    if not found:
        raise ValueError(f"the path {path[:20]!r} does not begin with a point")
    return float(found[1]), float(found[2])


def _distance(a: tuple[float, float], b: tuple[float, float]) -> float:
    return float(((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5)
