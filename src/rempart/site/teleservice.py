"""The queue of the INS teleservice worked off, with a trace of each look-up."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime

from django.db.backends.utils import CursorWrapper

from rempart.foundation.access.actor import Purpose, acting, system
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.people.teleservice import asking
from rempart.foundation.people.teleservice.asking import Told
from rempart.foundation.people.teleservice.endpoint import Endpoint
from rempart.foundation.vault import Keyring


def run(endpoint: Endpoint, *, keyring: Keyring, clock: Callable[[], datetime], until: datetime) -> int:
    """Look up who is due, until none is, the breaker opens or `until` has come; how many ended."""
    platform = system(Purpose.INTAKE)

    def seeing() -> AbstractContextManager[CursorWrapper]:
        return acting(platform)

    def tell(told: Told) -> None:
        record(
            platform,
            Act.INS_LOOKED_UP,
            str(told.identity),
            now=clock(),
            person=told.person,
            state=told.state.value,
        )

    return asking.work(endpoint, seeing=seeing, keyring=keyring, clock=clock, until=until, tell=tell)
