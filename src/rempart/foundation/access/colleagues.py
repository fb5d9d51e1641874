"""Whether an agent opens the file of somebody who bears the name of a colleague, or his own.

Accounts keep a name and no birth date: equality of names is all that can be said, and only yes or no is kept of
it, in the trace of the opening. The names are those of the agents of one organisation.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

from rempart.foundation.access.actor import Actor
from rempart.foundation.access.models import Agent
from rempart.foundation.terminology.spelling import normalise

_REMEMBERED_SECONDS = 600.0
_names: dict[str, tuple[float, frozenset[frozenset[str]]]] = {}
_reading = threading.Lock()


def is_namesake(actor: Actor, *, family_names: Iterable[str], first_name: str) -> bool:
    """Whether an agent of the actor's organisation (the actor himself, when it has no name) is called so.

    Case, accents, hyphens and the order of words do not matter. Agents are read once in ten minutes.
    """
    first = normalise(first_name).split()
    called = [{*normalise(family).split(), *first} for family in family_names if family]
    if not first or not called or actor.agent is None:
        return False
    known = _of(actor)
    return any(frozenset(words) in known for words in called)


def forget() -> None:
    """Read the names again when they are next asked for."""
    _names.clear()


def _of(actor: Actor) -> frozenset[frozenset[str]]:
    key, moment = actor.organisation or str(actor.agent), time.monotonic()
    with _reading:
        kept = _names.get(key)
        if kept is None or moment - kept[0] > _REMEMBERED_SECONDS:
            whose = {"organisation": actor.organisation} if actor.organisation else {"id": str(actor.agent)}
            own = Agent.objects.filter(is_active=True, **whose)
            names = own.values_list("name", flat=True)
            kept = (moment, frozenset(frozenset(normalise(name).split()) for name in names))
            _names[key] = kept
    return kept[1]
