"""Who gives a command, as the audit shall say."""

from __future__ import annotations

import getpass

from rempart.foundation.access.actor import Actor, Purpose, Role


def operator() -> Actor:
    """Whoever gives the command, by his account on this machine."""
    return Actor(id=f"operator:{getpass.getuser()}", role=Role.OPERATOR, purpose=Purpose.OPERATION)
