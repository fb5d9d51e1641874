"""The pool of connections: who does long work without the database gives his back first."""

from __future__ import annotations

from django.db import connections


def give_back_connections() -> None:
    """Let others use this thread's connections until it asks again; not in the middle of a transaction."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()
