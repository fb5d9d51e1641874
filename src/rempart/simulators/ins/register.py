"""Who is in the register of the stand-in, and how it answers about them.

A person is found by birth name, the first of his first names, sex and birth date, and by the place of birth where it is
asked: with the second first name nobody is, which is why the client tries the others.
"""

from __future__ import annotations

import random
import threading
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from importlib import resources

from rempart.foundation.identifiers import ins, nir
from rempart.simulators.choices import DEFAULT_START
from rempart.simulators.names import plain
from rempart.simulators.population import Population, make_population


class Behaviour(StrEnum):
    """How the stand-in takes a question."""

    ANSWER = "answer"
    FAULT = "fault"  # a SOAP fault of the service's kind
    UNAVAILABLE = "unavailable"  # HTTP 503
    SILENCE = "silence"  # the connection stays open, and nothing comes
    SLOW = "slow"  # the answer comes after some seconds
    CUT = "cut"  # the connection ends half-way
    HUGE = "huge"  # megabytes
    DRIP = "drip"  # one byte at a time
    BOMB = "bomb"  # entities that grow
    OTHER_NAMESPACE = "other-namespace"
    SOMEBODY_ELSE = "somebody-else"  # an identity of other traits than those asked
    NONSENSE = "nonsense"  # no XML


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """One identity of the register, spelled as it spells."""

    birth_name: str
    first_names: tuple[str, ...]
    sex: str
    birth_date: date
    birth_place: str
    number: str
    former: tuple[str, ...] = ()
    answers: Behaviour = Behaviour.ANSWER

    @property
    def authority(self) -> str:
        waiting = nir.parse(self.number).temporary
        return (ins.Authority.NIA if waiting else ins.Authority.NIR).value


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a request asks."""

    birth_name: str
    first_name: str
    sex: str
    birth_date: date
    birth_place: str


class Register:
    """The register, and the mood of the service, which a test or an option changes while it serves.

    `mood`: how it takes every question (ANSWER: as each person's own says); `failing`: share of questions that fail by
    chance; `latency`: seconds before each answer.
    """

    def __init__(self, people: Iterable[Registered], *, seed: int = 0) -> None:
        self._people: dict[tuple[str, str, str, date], list[Registered]] = defaultdict(list)
        for one in people:
            self._people[one.birth_name, one.first_names[0], one.sex, one.birth_date].append(one)
        self._chance = random.Random(seed)
        self._lock = threading.Lock()
        self.mood = Behaviour.ANSWER
        self.failing = 0.0
        self.latency = 0.0
        self.asked: list[Asked] = []

    def __len__(self) -> int:
        return sum(map(len, self._people.values()))

    def find(self, asked: Asked) -> Sequence[Registered]:
        """Everybody of these traits."""
        found = self._people.get((asked.birth_name, asked.first_name, asked.sex, asked.birth_date), [])
        return [one for one in found if asked.birth_place in ("", one.birth_place)]

    def somebody_else(self, asked: Asked) -> Sequence[Registered]:
        """An identity that is not of these traits."""
        return next(found[:1] for found in self._people.values() if found[0].birth_name != asked.birth_name)

    def take(self, asked: Asked) -> Behaviour:
        """Note a question, and say how it is taken."""
        with self._lock:
            self.asked.append(asked)
            fails = self._chance.random() < self.failing
        if self.mood is not Behaviour.ANSWER:
            return self.mood
        own = next((one.answers for one in self.find(asked) if one.answers is not Behaviour.ANSWER), None)
        return own or (Behaviour.FAULT if fails else Behaviour.ANSWER)


def people_of_data() -> list[Registered]:
    """Those of data/people.toml."""
    text = resources.files(__package__).joinpath("data/people.toml").read_text("utf-8")
    return [
        Registered(
            birth_name=row["birth_name"],
            first_names=tuple(row["first_names"]),
            sex=row["sex"],
            birth_date=row["birth_date"],
            birth_place=row["birth_place"],
            number=row["number"],
            former=tuple(row.get("former", ())),
            answers=Behaviour(row.get("answers", "answer")),
        )
        for row in tomllib.loads(text)["person"]
    ]


def people_of_population(
    *, seed: int, size: int, start: date = DEFAULT_START, departments: Sequence[str] = ()
) -> list[Registered]:
    """Those of `rempart simulate lab` with the same seed, size, start and departments: one in ten is not in the register,
    one in twenty goes by the second first name there."""
    people = make_population(seed=seed, size=size, start=start, departments=departments)
    chance = random.Random(seed)
    return [_registered(people, rank, chance) for rank in range(people.size) if chance.random() > 0.1]


def _registered(people: Population, rank: int, chance: random.Random) -> Registered:
    sex = int(people.sex[rank])
    given = people.names.first_names[sex]
    names = [plain(given[int(people.first_name[rank])]), plain(given[int(people.second_name[rank])])]
    if chance.random() < 0.05:
        names.reverse()
    born = date.fromordinal(int(people.birth[rank]))
    place = int(people.birth_place[rank])
    known = len(people.places.codes)
    code = people.places.codes[place] if place < known else people.abroad[place - known]
    body = f"{sex + 1}{born:%y%m}{code}{int(people.order[rank]):03d}"
    return Registered(
        birth_name=plain(people.names.surnames[int(people.birth_name[rank])]),
        first_names=tuple(dict.fromkeys(name.replace(" ", "-") for name in names)),
        sex="MF"[sex],
        birth_date=born,
        birth_place=code,
        number=body + nir.key_of(body),
    )
