"""How well, and how fast, records of one person are found: beside the exact key (name, first name, birth date), which is
what France's national bases were joined by, taken over the same files in the same run."""

from __future__ import annotations

import time
from dataclasses import dataclass

from benchmarks.people_files import Set, sets

from rempart.foundation.people.matching import Grade, Matches, Record, match
from rempart.foundation.people.matching.normalise import words

THIS_YEAR = 2026


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """Pairs found beside the truth: how many of them are right, how many of the true ones are found."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        whole = self.precision + self.recall
        return 2 * self.precision * self.recall / whole if whole else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One set: how it went, and the processor's seconds it took."""

    name: str
    records: int
    seconds: float
    compared: int
    exact: Quality
    certain: Quality
    possible: Quality  # certain and possible together


def run() -> list[Measured]:
    """One line per set whose file is there."""
    return [measure(one) for one in sets()]


def measure(one: Set) -> Measured:
    """Match one set by weights learnt from itself, and judge by its truth."""
    truth = one.truth()
    began = time.process_time()
    found = match(one.left, one.right, this_year=THIS_YEAR)
    seconds = time.process_time() - began
    certain, possible = pairs(one, found)
    return Measured(
        name=one.name,
        records=len(one.whose),
        seconds=seconds,
        compared=found.compared,
        exact=quality(exact_pairs(one), truth),
        certain=quality(certain, truth),
        possible=quality(possible, truth),
    )


def pairs(one: Set, found: Matches) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
    """The pairs graded certain, and those graded certain or possible, by place as in the truth."""
    first = len(one.left) if one.right is not None else 0
    graded = [(pair.left, pair.right + first, pair.grade) for pair in found]
    return (
        {(left, right) for left, right, grade in graded if grade is Grade.CERTAIN},
        {(left, right) for left, right, _ in graded},
    )


def exact_pairs(one: Set) -> set[tuple[int, int]]:
    """Pairs with the same name, first name and birth date, written alike."""
    keys = [_key(record) for record in (*one.left, *(one.right or ()))]
    joined = Set(
        name="", left=one.left, right=one.right, whose=tuple(key or f"#{at}" for at, key in enumerate(keys))
    )
    return joined.truth()


def _key(record: Record) -> str:
    parts = (words(record.birth_name), words(record.first_names), record.birth_date)
    return "|".join(parts) if all(parts) else ""


def quality(found: set[tuple[int, int]], truth: set[tuple[int, int]]) -> Quality:
    """Precision and recall of pairs."""
    right = len(found & truth)
    return Quality(
        precision=right / len(found) if found else 1.0, recall=right / len(truth) if truth else 1.0
    )


def told(measured: list[Measured]) -> str:
    """The lines as text, aligned."""
    rows = [
        (
            "file",
            "records",
            "CPU s",
            "pairs compared",
            "exact key P R F1",
            "certain P R F1",
            "+ possible P R F1",
        )
    ]
    for one in measured:
        cells = [
            f"{each.precision:.4f} {each.recall:.4f} {each.f1:.4f}"
            for each in (one.exact, one.certain, one.possible)
        ]
        rows.append((one.name, f"{one.records:,}", f"{one.seconds:.1f}", f"{one.compared:,}", *cells))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
