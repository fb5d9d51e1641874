"""The process that stops the server when its users were killed: python -m …watchdog HOME LOCK.

It sleeps on the users' lock. LOCK is the descriptor, inherited, of the lock that makes it the only
one. Should it be killed itself, the next user starts another.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from rempart.foundation.database import locks, place, server
from rempart.foundation.database.place import Place

GRACE = 1.0  # seconds for somebody else to come
WAIT = 3600.0  # seconds for the lock: whoever holds it may wait for a long recovery


def watch(home: Path, lock: int) -> None:
    """Return once nobody uses the server and it is stopped; `lock` is let go under the cluster's lock."""
    here = place.at(home)
    try:
        while not _stopped(here, lock, at_once=False):
            time.sleep(GRACE)
            if _stopped(here, lock, at_once=True):
                return
    except FileNotFoundError:
        if home.exists():
            raise
        server.stop(here)  # the home was deleted; its data may lie elsewhere


def _stopped(here: Place, lock: int, *, at_once: bool) -> bool:
    """Whether the work is done: no user, no server. `at_once`: make it so if there is no user."""
    if not at_once:
        locks.await_free(here.users)
    with locks.exclusive(here.lock, wait=WAIT):
        if locks.shared(here.users):
            return False
        server.await_started(here)
        if at_once:
            server.stop(here)
        if server.find(here) is not None:
            return False
        os.close(lock)
        return True


if __name__ == "__main__":
    watch(Path(sys.argv[1]), int(sys.argv[2]))
