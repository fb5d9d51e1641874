"""Who keeps accounts in the tests: the North's administrator, Île-de-France's, and the operator."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.factories import NOW

from rempart.foundation.access.accounts import rules, services
from rempart.foundation.access.accounts.policy import Training
from rempart.foundation.access.accounts.services import Opening
from rempart.foundation.access.actor import Actor, Purpose, system
from rempart.foundation.access.models import Agent
from rempart.foundation.access.rights import Right, Role

NORTH, PARIS_REGION = "32", "11"
TODAY = NOW.date()


def opening(role: Role = Role.INVESTIGATOR, *departments: str, **changes: Any) -> Opening:
    values: dict[str, Any] = {
        "username": f"{role}.{'-'.join(departments) or '59'}",
        "name": "Camille Rivière",
        "email": "camille.riviere@exemple.fr",
        "role": role,
        "departments": departments or ("59",),
        "organisation": "CPAM du Nord",
    }
    return Opening(**{**values, **changes})


def trained(agent: Agent, on: datetime = NOW) -> Agent:
    """The same account with every training of that day."""
    agent.trainings = {training.value: on.date().isoformat() for training in Training}
    agent.save()
    return agent


def operator(name: str = "operator") -> Agent:
    return Agent.objects.create(
        username=name, name="Olympe Exploitante", role=Role.OPERATOR, departments=["*"], email="op@exemple.fr"
    )


def administrator(region: str = NORTH, name: str = "") -> Agent:
    """A regional administrator, as the operator appoints one, trained."""
    codes = sorted(rules.region_perimeter(region).departments)
    return Agent.objects.create(
        username=name or f"admin-{region}", name=f"Admin de {rules.region_name(region)}",
        role=Role.ADMINISTRATOR, departments=codes, region=region, email=f"admin-{region}@exemple.fr",
        awake_at=NOW,
    )  # fmt: skip


def acting_as(agent: Agent, right: Right = Right.ACCOUNTS_MANAGE, now: datetime = NOW) -> Actor:
    agent.refresh_from_db()
    return agent.actor(right, now=now)


def the_platform() -> Actor:
    return system(Purpose.ADMINISTRATION)


def opened(by: Agent, wish: Opening, *, keyring: Any, now: datetime = NOW) -> Agent:
    """An account as its keeper opened it, and trained."""
    agent = services.open_account(actor=acting_as(by, now=now), opening=wish, keyring=keyring, now=now)
    return trained(agent, now)


LATER = NOW + timedelta(days=1)
