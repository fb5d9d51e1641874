"""What in one agent's day asks for a look: pure rules over entries, with dated thresholds.

A suspicion is not a finding of guilt: it says what was counted, and a person of the data-protection officer's
looks at it.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from itertools import pairwise
from statistics import median
from typing import TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

_T = TypeVar("_T")


class Rule(StrEnum):
    """Each has its row in data/detection.toml and its page in docs/runbook."""

    VOLUME = "volume"
    OFF_HOURS = "off-hours"
    BROWSING = "browsing"
    GUESSING = "guessing"
    REFUSED = "refused"
    WATCHED = "watched"
    COLLEAGUE = "colleague"


Figures = Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """The figures of each rule on a day, and the zone of its civil days and hours."""

    zone: ZoneInfo
    of: Mapping[Rule, Figures]


class What(StrEnum):
    """What an entry is to detection; any other act is left aside."""

    OPENED = "opened"  # a person's file was read
    WORKED = "worked"  # something was done with it
    NOTHING_FOUND = "nothing-found"  # a search that found nobody
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One entry of an agent."""

    at: datetime
    what: What
    subject: str = ""
    person: UUID | None = None
    namesake: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """What an agent and his team usually do. `own` and `team`: persons whose files were opened, by past
    day of work (`team`: of every agent of it). `hours`: on how many past days the agent worked at that hour."""

    own: Sequence[int] = ()
    team: Sequence[int] = ()
    hours: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """What a rule found. `key` tells it from another of the same agent and rule, so that it is told once."""

    rule: Rule
    key: str
    first_at: datetime
    last_at: datetime
    figures: Figures
    person: UUID | None = None


def thresholds(on: date) -> Thresholds:
    """Those in force on a day. Raises ValueError when the file leaves a rule out."""
    data = _data()
    if missing := set(Rule) - set(data):
        raise ValueError(f"detection.toml has no row for {', '.join(sorted(missing))}")
    return Thresholds(
        zone=ZoneInfo(str(data["zone"])), of={rule: _in_force(data[rule]["version"], on) for rule in Rule}
    )


def label(rule: Rule) -> str:
    """What the data-protection officer reads."""
    return str(_data()[rule]["label"])


def suspicions(
    day: date,
    seen: Sequence[Seen],
    *,
    habit: Habit,
    watched: Collection[UUID],
    known: Thresholds,
) -> list[Suspicion]:
    """What asks for a look in an agent's civil day, as far as it went: `seen` in order of time.

    `watched`: persons whose files this agent should not open without a reason.
    """
    found: list[Suspicion] = []
    for rule, check in _CHECKS.items():
        found += check(_Day(on=day, seen=seen, habit=habit, watched=watched, zone=known.zone), known.of[rule])
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Day:
    on: date
    seen: Sequence[Seen]
    habit: Habit
    watched: Collection[UUID]
    zone: ZoneInfo

    def of(self, *what: What) -> list[Seen]:
        return [one for one in self.seen if one.what in what]

    def suspicion(
        self, rule: Rule, about: Sequence[Seen], *, person: UUID | None = None, **figures: int
    ) -> Suspicion:
        key = f"{self.on.isoformat()}/{person}" if person else self.on.isoformat()
        return Suspicion(
            rule=rule, key=key, first_at=about[0].at, last_at=about[-1].at, figures=figures, person=person
        )


def _volume(day: _Day, known: Figures) -> Iterator[Suspicion]:
    opened = day.of(What.OPENED)
    persons = len({one.person for one in opened})
    own = _usual(day.habit.own, known["enough"])
    team = _usual(day.habit.team, known["enough"])
    least = known["persons"] if own or team else known["alone"]
    if persons >= least and persons > known["own"] * own and persons > known["team"] * team:
        yield day.suspicion(Rule.VOLUME, opened, persons=persons, own=round(own), team=round(team))


def _usual(days: Sequence[int], enough: int) -> float:
    """The median day, or 0 when there are too few to tell."""
    return float(median(days)) if len(days) >= enough else 0.0


def _off_hours(day: _Day, known: Figures) -> Iterator[Suspicion]:
    def unusual(one: Seen) -> bool:
        hour = one.at.astimezone(day.zone).hour
        at_work = known["begin"] <= hour < known["end"] or day.habit.hours.get(hour, 0) >= known["usual"]
        return not at_work

    outside = [one for one in day.of(What.OPENED) if unusual(one)]
    if len(outside) >= known["acts"]:
        yield day.suspicion(Rule.OFF_HOURS, outside, acts=len(outside))


def _browsing(day: _Day, known: Figures) -> Iterator[Suspicion]:
    worked = {one.subject for one in day.of(What.WORKED)}
    opened = day.of(What.OPENED)
    persons: Counter[UUID | None] = Counter()
    subjects: Counter[str] = Counter()
    left = 0
    for start, end in _windows(opened, known["minutes"]):
        persons[opened[end].person] += 1
        subjects[opened[end].subject] += 1
        for one in opened[left:start]:
            _less(persons, one.person)
            _less(subjects, one.subject)
        left = start
        if len(persons) < known["persons"]:
            continue
        followed = len(subjects.keys() & worked)
        if followed * 100 <= known["worked"] * len(subjects):
            window = opened[start : end + 1]
            in_order = _in_order([one.subject for one in window])
            yield day.suspicion(
                Rule.BROWSING, window, persons=len(persons), worked=followed, in_order=in_order
            )
            return


def _less(counted: Counter[_T], one: _T) -> None:
    counted[one] -= 1
    if not counted[one]:
        del counted[one]


def _in_order(subjects: Sequence[str]) -> int:
    """The longest stretch of files opened in the order of their keys, up or down: keys go by time of making."""
    longest = 0
    for rising in (True, False):
        run = 1
        for before, after in pairwise(subjects):
            run = run + 1 if before != after and (before < after) is rising else 1
            longest = max(longest, run)
    return longest


def _guessing(day: _Day, known: Figures) -> Iterator[Suspicion]:
    yield from _burst(day, Rule.GUESSING, What.NOTHING_FOUND, known["searches"], known["minutes"])


def _refused(day: _Day, known: Figures) -> Iterator[Suspicion]:
    yield from _burst(day, Rule.REFUSED, What.REFUSED, known["times"], known["minutes"])


def _burst(day: _Day, rule: Rule, what: What, least: int, minutes: int) -> Iterator[Suspicion]:
    seen = day.of(what)
    for start, end in _windows(seen, minutes):
        if end - start + 1 >= least:
            yield day.suspicion(rule, seen[start : end + 1], times=end - start + 1)
            return


def _watched(day: _Day, known: Figures) -> Iterator[Suspicion]:
    yield from _each_person(day, Rule.WATCHED, known, lambda one: one.person in day.watched)


def _colleague(day: _Day, known: Figures) -> Iterator[Suspicion]:
    yield from _each_person(day, Rule.COLLEAGUE, known, lambda one: one.namesake)


def _each_person(
    day: _Day, rule: Rule, known: Figures, concerns: Callable[[Seen], bool]
) -> Iterator[Suspicion]:
    """One suspicion for each person whose file was opened so many times."""
    about: dict[UUID, list[Seen]] = {}
    for one in day.of(What.OPENED):
        if one.person and concerns(one):
            about.setdefault(one.person, []).append(one)
    for person, times in about.items():
        if len(times) >= known["times"]:
            yield day.suspicion(rule, times, person=person, times=len(times))


def _windows(seen: Sequence[Seen], minutes: int) -> Iterator[tuple[int, int]]:
    """For each entry, the first and last rank of the stretch of at most so many minutes that ends with it."""
    width, start = timedelta(minutes=minutes), 0
    for end, one in enumerate(seen):
        while one.at - seen[start].at > width:
            start += 1
        yield start, end


_CHECKS: Mapping[Rule, Callable[[_Day, Figures], Iterator[Suspicion]]] = {
    Rule.VOLUME: _volume,
    Rule.OFF_HOURS: _off_hours,
    Rule.BROWSING: _browsing,
    Rule.GUESSING: _guessing,
    Rule.REFUSED: _refused,
    Rule.WATCHED: _watched,
    Rule.COLLEAGUE: _colleague,
}


def _in_force(versions: Sequence[Mapping[str, object]], on: date) -> Figures:
    """The versions up to a day, each over the one before."""
    figures: dict[str, int] = {}
    for version in sorted(versions, key=lambda one: str(one["from"])):
        since = version["from"]
        if isinstance(since, date) and since <= on:
            figures |= {name: value for name, value in version.items() if isinstance(value, int)}
    return figures


@lru_cache(maxsize=1)
def _data() -> Mapping[str, Mapping[str, Sequence[Mapping[str, object]]]]:
    return tomllib.loads(resources.files(__package__).joinpath("data/detection.toml").read_text("utf-8"))
