"""The accounts of the demo: one of each role, each with a password and an application that the demo shows."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from importlib import resources
from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest

from rempart.foundation.access.accounts.policy import Training, accounts_on, civil_day
from rempart.foundation.access.actor import Role
from rempart.foundation.access.models import Agent
from rempart.foundation.access.signin import factors, rules
from rempart.foundation.directories.models import Laboratory
from rempart.foundation.vault import Keyring, keyring_of

_SECOND_STEPS = frozenset({"mfa_authenticate", "mfa_reauthenticate"})
_SETTING_UP = "application"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoAccount:
    """What whoever tries the demo is told about one account."""

    username: str
    password: str
    role: str


def make(*, now: datetime) -> Sequence[DemoAccount]:
    """Make the accounts, or give them back what they had: password, training, application."""
    keyring = keyring_of(settings.KEY_STORE)
    password = f"Demo-{keyring.secret('demo-password').hex()[:10]}"
    return [
        DemoAccount(
            username=_make(username, row, password, keyring, now).username,
            password=password,
            role=row["role"],
        )
        for username, row in _table().items()
    ]


def code_for(request: HttpRequest) -> str:
    """What the application of whoever is at his second step shows; "" on every other page."""
    name, keyring = (
        request.resolver_match and request.resolver_match.view_name,
        keyring_of(settings.KEY_STORE),
    )
    now: datetime = request.now  # type: ignore[attr-defined]
    if name == _SETTING_UP and (secret := request.session.get("signin.secret")):
        return rules.code(secret, rules.counter_at(now))
    if name not in _SECOND_STEPS:
        return ""
    stage = getattr(request, "_login_stage", None)
    agent = stage.login.user if stage else request.user
    return factors.next_code(agent, keyring=keyring, now=now) if isinstance(agent, Agent) else ""


@lru_cache(maxsize=1)
def _table() -> Mapping[str, Mapping[str, Any]]:
    return tomllib.loads(resources.files(__package__).joinpath("accounts.toml").read_text("utf-8"))


def _make(username: str, row: Mapping[str, Any], password: str, keyring: Keyring, now: datetime) -> Agent:
    agent = Agent.objects.filter(username=username).first() or Agent(username=username)
    agent.name, agent.role = row["name"], Role(row["role"]).value
    agent.departments, agent.region = row.get("departments", []), row.get("region", "")
    agent.establishment, agent.organisation = row.get("establishment", ""), row.get("organisation", "")
    if agent.establishment == "laboratory":
        laboratory = Laboratory.objects.order_by("finess")[0]
        agent.establishment, agent.organisation = laboratory.finess, laboratory.name
        agent.departments = [laboratory.department]
    agent.email = f"{username}@demo.invalid"
    agent.is_active, agent.closed, agent.awake_at = True, "", now
    agent.opened_at = agent.opened_at or now
    agent.ends_on = civil_day(now) + timedelta(days=row["ends_in_days"]) if "ends_in_days" in row else None
    agent.trainings = {training.value: civil_day(now).isoformat() for training in Training}
    agent.conditions, agent.conditions_at = accounts_on(civil_day(now)).conditions, now
    if not agent.check_password(password):
        agent.set_password(password)
    agent.save()
    if not Authenticator.objects.filter(user=agent, type=Authenticator.Type.TOTP).exists():
        factors.add_application(agent, secret=rules.new_secret(), counter=-1, keyring=keyring)
    return agent
