"""Files of people with a known truth: the public ones, and French ones that are generated."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rempart.foundation.people.matching import Record

CORPORA = Path(__file__).parents[1].parent / "shared" / "corpora" / "people"
FEBRL = {
    "birth_name": "surname",
    "first_names": "given_name",
    "birth_date": "date_of_birth",
    "birth_place": "suburb",
    "postcode": "postcode",
}
FAKE = {
    "birth_name": "surname",
    "first_names": "first_name",
    "birth_date": "dob",
    "birth_place": "city",
    "phone": "email",
}
HISTORICAL = {
    "birth_name": "surname",
    "first_names": "first_name",
    "birth_date": "dob",
    "birth_place": "birth_place",
    "postcode": "postcode_fake",
    "sex": "gender",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Set:
    """Records of one file or two, and whose each is."""

    name: str
    left: tuple[Record, ...]
    right: tuple[Record, ...] | None
    whose: tuple[str, ...]

    def truth(self) -> set[tuple[int, int]]:
        """The pairs of one person, by place; those of the right file count from the end of the left."""
        groups: dict[str, list[int]] = {}
        for at, person in enumerate(self.whose):
            groups.setdefault(person, []).append(at)
        first = len(self.left) if self.right is not None else 0
        return {
            (one, other)
            for group in groups.values()
            for rank, one in enumerate(group)
            for other in group[rank + 1 :]
            if not first or one < first <= other
        }


def sets() -> Iterator[Set]:
    """Every set whose file is there: FEBRL 3 and 4, fake_1000, the historical figures, French families."""
    for name, path, columns, whose in (
        ("FEBRL 3", "febrl/dataset3.csv", FEBRL, _of_febrl),
        ("FEBRL 3 with its number", "febrl/dataset3.csv", FEBRL | {"ins": "soc_sec_id"}, _of_febrl),
        ("fake_1000", "fake_1000.csv", FAKE, lambda row: row["cluster"]),
    ):
        if (CORPORA / path).is_file():
            records, people = _read(CORPORA / path, columns, whose)
            yield Set(name=name, left=records, right=None, whose=people)
    halves = [CORPORA / "febrl" / f"dataset4{half}.csv" for half in "ab"]
    if all(half.is_file() for half in halves):
        (left, of_left), (right, of_right) = (_read(half, FEBRL, _of_febrl) for half in halves)
        yield Set(name="FEBRL 4", left=left, right=right, whose=of_left + of_right)
    historical = CORPORA / "historical_figures_with_errors_50k.parquet"
    if historical.is_file():
        yield _historical(historical)
    if (CORPORA / "french-names").is_dir():
        yield french(seed=1)


def _of_febrl(row: dict[str, str]) -> str:
    return row["rec_id"].split("-")[1]


def _read(
    path: Path, columns: dict[str, str], whose: Callable[[dict[str, str]], str]
) -> tuple[tuple[Record, ...], tuple[str, ...]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, skipinitialspace=True))
    return _records(rows, columns), tuple(map(whose, rows))


def _historical(path: Path) -> Set:
    from pyarrow import parquet

    rows = [
        {name: "" if value is None else str(value) for name, value in row.items()}
        for row in parquet.read_table(path).to_pylist()
    ]
    return Set(
        name="historical 50k",
        left=_records(rows, HISTORICAL),
        right=None,
        whose=tuple(row["cluster"] for row in rows),
    )


def _records(rows: list[dict[str, str]], columns: dict[str, str]) -> tuple[Record, ...]:
    return tuple(
        Record(**{trait: (row[column] or "").strip() for trait, column in columns.items()}) for row in rows
    )


# French families: twins, brothers and sisters, a father and a son of one name, married women; and the errors of desks.


@dataclass(slots=True, kw_only=True)
class _Person:
    birth_name: str
    used_name: str
    first_names: list[str]
    birth_date: str
    sex: str
    birth_place: str
    postcode: str
    phone: str
    ins: str


class _Draw:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self._families = _frequencies("french_last_names.csv")
        self._firsts = _frequencies("french_first_names.csv")
        with (CORPORA / "french-names" / "2017_communes_fr_com_2dep.csv").open(encoding="utf-8") as file:
            self._communes = [row["norm_name"] for row in csv.DictReader(file)]

    def happens(self, share: float) -> bool:
        return self.random.random() < share

    def family(self) -> str:
        (name,) = self.random.choices(*self._families)
        return str(name)

    def first(self, *, but: str = "") -> str:
        while True:
            (name,) = self.random.choices(*self._firsts)
            if name != but:
                return str(name)

    def person(self, *, of: _Person | None = None) -> _Person:
        """Somebody; `of`: somebody of that household, who has its name and its address."""
        draw = self.random
        sex = draw.choice("FM")
        born = f"{draw.randint(1930, 2015)}-{draw.randint(1, 12):02d}-{draw.randint(1, 28):02d}"
        name = of.birth_name if of else self.family()
        if not of and self.happens(0.08):
            name += f"-{self.family()}"
        firsts = [
            self.first(but=of.first_names[0] if of else "") for _ in range(draw.choice((1, 1, 1, 2, 3)))
        ]
        department = draw.choice((1, 13, 31, 33, 59, 69, 75, 92) if self.happens(0.6) else range(1, 96))
        number = f"{'12'[sex == 'F']}{born[2:4]}{born[5:7]}{department:02d}{draw.randint(1, 900):03d}{draw.randint(1, 999):03d}"
        return _Person(
            birth_name=name,
            used_name=self.family() if sex == "F" and self.happens(0.4) else "",
            first_names=firsts,
            birth_date=born,
            sex=sex,
            birth_place=self._communes[int(len(self._communes) * draw.random() ** 3)],
            postcode=of.postcode
            if of
            else f"{department:02d}{draw.choice((0, 0, 1, 2, 3))}{draw.randint(0, 9)}0",
            phone=of.phone if of else self.phone(),
            ins=number,
        )

    def phone(self) -> str:
        return "06" + "".join(self.random.choices("0123456789", k=8))

    def misspelt(self, text: str) -> str:
        """One letter left out, replaced, doubled, or exchanged with its neighbour."""
        if len(text) < 3:
            return text
        at, kind = self.random.randrange(1, len(text)), self.random.random()
        if kind < 0.3:
            return text[:at] + text[at + 1 :]
        if kind < 0.6:
            return text[:at] + self.random.choice("abcdefghijklmnopqrstuvwxyz") + text[at + 1 :]
        if kind < 0.8:
            return text[:at] + text[at] + text[at:]
        return text[: at - 1] + text[at] + text[at - 1] + text[at + 1 :]

    def heard(self, text: str) -> str:
        """Written as it was heard."""
        spelt, otherwise = self.random.choice(_HEARD)
        return text.replace(spelt, otherwise)

    def record(self, person: _Person) -> Record:
        """What one laboratory wrote of somebody."""
        name, used, first = self._names(person)
        return Record(
            birth_name=name.upper() if self.happens(0.5) else name.title(),
            used_name=used,
            first_names=first,
            birth_date=self._date(person.birth_date),
            sex="" if self.happens(0.05) else "FM"[person.sex == "F"] if self.happens(0.01) else person.sex,
            birth_place=self._unless(0.3, self._perhaps(person.birth_place, 0.05)),
            postcode=f"{self.random.randint(1000, 95999):05d}" if self.happens(0.15) else person.postcode,
            phone=self._unless(0.25, self.phone() if self.happens(0.15) else person.phone),
            ins=self._unless(0.5, self._perhaps(person.ins, 0.01)),
        )

    def _names(self, person: _Person) -> tuple[str, str, str]:
        firsts = person.first_names[:1] if self.happens(0.5) else list(person.first_names)
        firsts[0] = self._perhaps(firsts[0], 0.03)
        if self.happens(0.02):
            firsts[0] = self.heard(firsts[0])
        name = self._perhaps(person.birth_name, 0.04)
        if self.happens(0.03):
            name = self.heard(name)
        if "-" in name and self.happens(0.3):
            name = self.random.choice((name.replace("-", " "), *name.split("-")))
        used = person.used_name
        if used and self.happens(0.15):
            name, used = used, ""  # the laboratory knows the used name only
        elif used and self.happens(0.3):
            used = ""
        first = " ".join(firsts)
        return (first, used, name) if self.happens(0.01) else (name, used, first)

    def _date(self, born: str) -> str:
        year, month, day = born.split("-")
        if self.happens(0.02) and int(day) <= 12:
            month, day = day, month
        if self.happens(0.03):
            at = self.random.choice((2, 3))
            year = year[:at] + str(self.random.randint(0, 9)) + year[at + 1 :]
        if self.happens(0.01):
            month = day = "01"
        return self._unless(0.01, f"{year}-{month}-{day}")

    def _perhaps(self, text: str, share: float) -> str:
        return self.misspelt(text) if self.happens(share) else text

    def _unless(self, share: float, text: str) -> str:
        return "" if self.happens(share) else text


_HEARD = (
    ("c", "k"), ("ph", "f"), ("th", "t"), ("y", "i"), ("eau", "o"), ("au", "o"), ("ll", "l"), ("ss", "s"), ("z", "s"),
    ("nn", "n"), ("tt", "t"), ("ai", "e"),
)  # fmt: skip


def french(*, seed: int, people: int = 6_000) -> Set:
    """So many generated French people and what laboratories wrote of each, one to four times; deterministic.

    One in eighty has a twin, one in eight a brother, a sister or a child at home, one in two hundred a son of his name.
    """
    draw, everybody = _Draw(seed), []
    while len(everybody) < people:
        one = draw.person()
        everybody.append(one)
        kind = draw.random.random()
        if kind < 0.012:
            twin = draw.person(of=one)
            twin.birth_date, twin.birth_place = one.birth_date, one.birth_place
            everybody.append(twin)
        elif kind < 0.15:
            everybody.append(draw.person(of=one))
        elif kind < 0.155:
            son = draw.person(of=one)
            son.first_names, son.sex = list(one.first_names), one.sex
            everybody.append(son)
    written = [
        (str(at), draw.record(one))
        for at, one in enumerate(everybody)
        for _ in range(draw.random.choice((1, 1, 1, 2, 2, 3, 4)))
    ]
    draw.random.shuffle(written)
    return Set(
        name="French families",
        left=tuple(record for _, record in written),
        right=None,
        whose=tuple(person for person, _ in written),
    )


def _frequencies(name: str) -> tuple[list[str], list[float]]:
    with (CORPORA / "french-names" / name).open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter=";"))[1:]
    return [row[0] for row in rows], [float(row[1]) for row in rows]
