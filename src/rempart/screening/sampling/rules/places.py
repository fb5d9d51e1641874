"""A place of birth as people write it: INSEE's code, or the name of a commune with its department where several bear it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache

from rempart.foundation.people.rules import canonical_name
from rempart.foundation.territories import Commune, communes_of, departments

_CODE = re.compile(r"[0-9][0-9AB][0-9]{3}", re.ASCII)
_NAME = re.compile(r"([^0-9()]+)(?:[\s(]+(2[AB]|[0-9]{2,3})\)?)?", re.ASCII)


def codes_of(text: str) -> Sequence[str]:
    """The INSEE codes that a text may mean: one where it says which, none where nobody knows it, several where
    communes share a name. A code is taken as it is, for communes that are no more and for countries (99…)."""
    written = text.strip().upper()
    if _CODE.fullmatch(written):
        return [written]
    named = _NAME.fullmatch(written)
    if named is None:
        return []
    bearing = _by_name().get(canonical_name(named[1]), ())
    return [one.code for one in bearing if named[2] in (None, one.department)]


@cache
def _by_name() -> Mapping[str, tuple[Commune, ...]]:
    """Communes, and not the districts of Paris, Lyon and Marseille, by their names as they are compared."""
    found: dict[str, list[Commune]] = defaultdict(list)
    for department in departments():
        for one in communes_of(department):
            found[canonical_name(one.name)].append(one)
    return {name: tuple(those) for name, those in found.items()}
