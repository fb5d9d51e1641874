"""Accounts of the tests: trained, so that their rights are open."""

from __future__ import annotations

from itertools import count
from typing import Any

from rempart.foundation.access.models import Agent
from rempart.foundation.access.rights import Role

TRAININGS = dict.fromkeys(("data-protection", "tracing", "accounts"), "2026-11-01")
_numbers = count(1)


def account(role: Role, *departments: str, **fields: Any) -> Agent:
    """Somebody of this role who works in these departments; without password."""
    known = {
        "username": f"{role}-{next(_numbers)}",
        "name": "Camille Rivière",
        "trainings": TRAININGS,
        "organisation": "Assurance maladie",
    }
    agent = Agent(role=role, departments=list(departments), **(known | fields))
    agent.set_unusable_password()
    agent.save()
    return agent
