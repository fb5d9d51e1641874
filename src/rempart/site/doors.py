"""Which right opens which door: data/doors.toml, and the middleware that holds every address to it."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from rempart.foundation.access.actor import Actor
from rempart.foundation.access.refusals import NotAllowed, RightsClosed
from rempart.foundation.access.rights import Right, Role, table
from rempart.foundation.access.signin.guard import sent, turned_away
from rempart.site.middleware import refused

_AGAIN = "again"

_PROVE_THEMSELVES = frozenset({Role.PATIENT, Role.LABORATORY})
"""Who has no account: their doors ask for a code or a key, and make their own actor."""


class Open(StrEnum):
    """A door that needs no right of the table."""

    EVERYBODY = "everybody"
    SIGNED_IN = "signed-in"
    SETTING_UP = "setting-up"


@lru_cache(maxsize=1)
def doors() -> Mapping[str, Right | Open]:
    """Every door by the name of its address. Raises ValueError when the file names what does not exist."""
    words = {open_.value: open_ for open_ in Open}
    return {name: words.get(word) or Right(word) for name, word in _file().items() if name != _AGAIN}


@lru_cache(maxsize=1)
def again() -> Mapping[str, timedelta]:
    """How lately one must have proved who one is, by the doors that ask. Raises ValueError when the file names
    a door that does not exist, or a time that is none."""
    found = {name: timedelta(minutes=minutes) for name, minutes in _file()[_AGAIN].items()}
    if unknown := set(found) - set(doors()):
        raise ValueError(f"doors.toml asks again at {', '.join(sorted(unknown))}, which is no door")
    return found


def _file() -> dict[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath("data/doors.toml").read_text("utf-8"))


class every_door:  # noqa: N801 -- named as the middlewares beside it
    """Nobody passes a door without its right; `request.actor` is the agent who passes, using that right."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)

    def process_view(
        self, request: HttpRequest, view: object, args: object, kwargs: Mapping[str, Any]
    ) -> HttpResponse | None:
        name = request.resolver_match.view_name if request.resolver_match else ""
        door = doors().get(name)
        if door is None:
            return refused(request, by=None, reason="no-door")
        if door is Open.EVERYBODY or (isinstance(door, Right) and _PROVE_THEMSELVES & set(table()[door].to)):
            return None
        if elsewhere := turned_away(request, setting_up=door is Open.SETTING_UP, again=again().get(name)):
            return elsewhere
        try:
            if isinstance(door, Right):
                request.actor = request.user.actor(door, now=request.now, origin=request.origin)  # type: ignore[attr-defined,union-attr]
        except RightsClosed:
            return sent(request, HttpResponseRedirect(reverse("account-standing")))
        except NotAllowed:
            return refused(request, by=_who(request, door), reason="role")
        return None


def _who(request: HttpRequest, door: Right | Open) -> Actor | None:
    """The agent whom a door refuses, with the purpose it has."""
    if not isinstance(door, Right):
        return None
    agent = request.user
    return Actor(
        id=str(agent.pk),
        role=Role(agent.role),  # type: ignore[union-attr]
        purpose=table()[door].purpose,
        organisation=agent.organisation,  # type: ignore[union-attr]
        origin=request.origin,  # type: ignore[attr-defined]
    )
