"""An investigator for the benchmarks, and a browser in which he has signed in: what is measured is behind the doors."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.test import Client


def signed_in(departments: Sequence[str], *, name: str = "bench") -> Client:
    """A client of an account of its own, past both factors."""
    from django.test import Client

    from rempart.foundation.access.accounts.policy import Training
    from rempart.foundation.access.actor import Role
    from rempart.foundation.access.models import Agent

    now = datetime.now(UTC)
    agent = Agent(
        username=name, name="Bench", role=Role.INVESTIGATOR.value, departments=list(departments),
        organisation="Bench", trainings={training.value: now.date().isoformat() for training in Training},
    )  # fmt: skip
    agent.set_unusable_password()
    agent.save()
    client = Client(SERVER_NAME="localhost")
    client.force_login(agent)
    session = client.session
    session["account_authentication_methods_user"] = str(agent.pk)
    session["account_authentication_methods"] = [
        {"method": "password", "at": now.timestamp()},
        {"method": "mfa", "type": "totp", "at": now.timestamp()},
    ]
    session.save()
    return client
