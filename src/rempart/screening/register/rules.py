"""Kinds of laboratories, the states of a connection, and how far a territory is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

_SHADES = (0.25, 0.5, 0.75, 1.0)


class Kind(StrEnum):
    """The three kinds that the ministry told apart (MINSANTE n°101): hospitals without an automaton come first."""

    PRIVATE = "private"
    HOSPITAL = "hospital"
    AUTOMATON = "automaton"  # hospital with a high-throughput automaton (MGI)


class State(StrEnum):
    """How far the connection of a laboratory is."""

    TO_CALL = "to-call"
    CALLED = "called"
    SCHEDULED = "scheduled"  # its vendor has given a date
    TEST = "test"  # what it sends is judged and answered, and nothing of it is kept
    PRODUCTION = "production"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How many laboratories of a territory stand where."""

    states: Mapping[State, int]
    blocked: int

    @property
    def total(self) -> int:
        return sum(self.states.values())

    @property
    def in_production(self) -> int:
        return self.states.get(State.PRODUCTION, 0)

    @property
    def share(self) -> float | None:
        """Of those in production, 0 to 1; None where there is no laboratory."""
        return self.in_production / self.total if self.total else None

    @property
    def shade(self) -> int | None:
        """1 to 5, darker with the share; None where there is no laboratory."""
        share = self.share
        return None if share is None else 1 + sum(share >= step for step in _SHADES)

    @property
    def stages(self) -> Sequence[tuple[State, int]]:
        """Every state with its number, in the order of a connection."""
        return [(state, self.states.get(state, 0)) for state in State]


def progress(rows: Iterable[tuple[str, str, bool, int]]) -> dict[str, Progress]:
    """By department, from (department, state, whether something blocks it, how many)."""
    states: dict[str, Counter[State]] = {}
    blocked: Counter[str] = Counter()
    for department, state, is_blocked, count in rows:
        states.setdefault(department, Counter())[State(state)] += count
        blocked[department] += count if is_blocked else 0
    return {one: Progress(states=found, blocked=blocked[one]) for one, found in states.items()}


def together(parts: Iterable[Progress]) -> Progress:
    """Several territories as one."""
    states: Counter[State] = Counter()
    blocked = 0
    for part in parts:
        states.update(part.states)
        blocked += part.blocked
    return Progress(states=states, blocked=blocked)
