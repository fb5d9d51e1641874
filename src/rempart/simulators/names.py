"""French names and streets from Faker, drawn once into tables."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from faker import Faker

_SURNAMES, _DOUBLE_SURNAMES, _STREETS = 400, 1_200, 1_500
SIMPLE_SHARE = 0.85  # of persons with one surname, not two joined by a hyphen


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Tables as people write them ("Désirée", "rue des Fossés"); `simple` surnames come first."""

    surnames: tuple[str, ...]
    simple: int
    first_names: tuple[tuple[str, ...], tuple[str, ...]]  # of men, of women
    streets: tuple[str, ...]


@cache
def make_names(seed: int) -> Names:
    """The tables of a seed."""
    faker = Faker("fr_FR")
    faker.seed_instance(seed)
    simple = _distinct(faker.last_name, _SURNAMES)
    doubles = _distinct(
        lambda: f"{faker.random_element(simple)}-{faker.random_element(simple)}", _DOUBLE_SURNAMES
    )
    return Names(
        surnames=(*simple, *doubles),
        simple=len(simple),
        first_names=(_distinct(faker.first_name_male, 200), _distinct(faker.first_name_female, 200)),
        streets=_distinct(faker.street_name, _STREETS),
    )


def plain(text: str) -> str:
    """Upper case without accents, as most laboratories and the INS write names."""
    text = text.replace("œ", "oe").replace("Œ", "OE")
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).upper()


def _distinct(draw: Callable[[], str], wanted: int) -> tuple[str, ...]:
    """Different values in the order they came; as many as wanted, or as a long draw gives."""
    found: dict[str, None] = {}
    for _ in range(wanted * 12):
        found[draw()] = None
        if len(found) == wanted:
            break
    return tuple(found)
