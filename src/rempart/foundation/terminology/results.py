"""What laboratories write for a result, read as the letter the platform publishes."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from rempart.foundation.terminology.spelling import normalise


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    letters: dict[str, str]  # code or normalised spelling -> letter
    presumptive: frozenset[str]
    noise: frozenset[str]  # words that devices add and that say nothing of the result


@lru_cache(maxsize=65_536)
def result_of(text: str) -> str | None:
    """The letter of a result: a letter, a SNOMED CT or LOINC answer code, or a spelling.

    "P" positive, "N" negative, "I" uninterpretable, "X" specimen not fit; None for anything else,
    and never a guess: the whole text must be known, so that "non detecte" cannot pass for "detecte".
    """
    return _table().letters.get(_key(text))


@lru_cache(maxsize=16_384)
def is_presumptive(text: str) -> bool:
    """Whether a positive is written as presumptive, that is to be confirmed."""
    return _key(text) in _table().presumptive


def _key(text: str) -> str:
    words = normalise(text).split()
    noise = _table().noise
    return " ".join([w for w in words if w not in noise]) if len(words) > 1 else " ".join(words)


@cache
def _table() -> _Table:
    data = tomllib.loads((files(__package__) / "data" / "results.toml").read_text("utf-8"))
    letters: dict[str, str] = {}
    for letter, section in data["letter"].items():
        for spelling in (letter, *section["snomed"], *section["loinc_answers"], *section["spellings"]):
            key = normalise(str(spelling))
            if letters.setdefault(key, letter) != letter:
                raise ValueError(f"results.toml: {spelling!r} is both {letters[key]} and {letter}")
    return _Table(
        letters=letters,
        presumptive=frozenset(normalise(s) for s in data["presumptive"]),
        noise=frozenset(data["noise_words"]),
    )
