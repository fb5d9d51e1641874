"""Accounts that nobody uses fall asleep, and those of a contract end; both are told before."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.factories import NOW
from tests.functional.keeping import administrator, opened, opening

from rempart.foundation.access.accounts.aging import Aged, age
from rempart.foundation.access.models import Agent
from rempart.foundation.access.rights import Role
from rempart.foundation.access.signin.models import Session
from rempart.foundation.messaging.outbox import newest
from rempart.site import schedule

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def agent(keyring) -> Agent:
    """Somebody whose administrator is not concerned by what the tests do."""
    north = administrator()
    made = opened(north, opening(), keyring=keyring)
    Agent.objects.filter(id=north.id).update(awake_at=NOW + timedelta(days=3650))
    return made


@pytest.fixture
def night(keyring):
    """`night(60)`: what the night of that day did."""
    return lambda days: age(keyring=keyring, now=NOW + timedelta(days=days))


def state(agent: Agent) -> str:
    agent.refresh_from_db()
    return agent.closed or "open"


def texts(keyring) -> list[str]:
    return [letter.text for _, letter in newest(keyring=keyring) if "Votre compte Rempart" in letter.text]


def test_an_account_nobody_uses_is_warned_then_asleep(agent, night, keyring, owner):
    assert night(52) == Aged()
    assert night(53) == Aged(warned=1)
    assert night(53) == night(54) == night(59) == Aged()
    Session.objects.create(agent=agent, started_at=NOW, seen_at=NOW, origin="", browser="")
    assert night(60) == Aged(asleep=1)
    assert state(agent) == "dormant"
    assert not Session.objects.exists()
    assert night(61) == Aged()
    (warning,) = texts(keyring)
    assert "avant le 19/01/2027" in warning
    rows = owner.execute("SELECT act FROM audit_entry WHERE subject = %s ORDER BY id", (str(agent.id),))
    assert [act for (act,) in rows][-2:] == ["account-warned", "account-suspended"]


def test_who_comes_back_stays(agent, night, keyring):
    night(53)
    Agent.objects.filter(id=agent.id).update(last_login=NOW + timedelta(days=55))
    assert night(60) == night(107) == Aged()
    assert night(108) == Aged(warned=1)
    assert state(agent) == "open"


def test_after_a_year_without_any_night_a_warning_comes_first(agent, night):
    assert night(400) == Aged(warned=1)
    assert state(agent) == "open"
    assert night(407) == Aged(asleep=1)


def test_a_contract_ends_after_its_last_day(keyring, night):
    north = administrator()
    wish = opening(Role.DELEGATE, "59", ends_on=(NOW + timedelta(days=20)).date())
    delegate = opened(north, wish, keyring=keyring)
    assert night(13) == Aged()
    assert night(14) == Aged(warned=1)
    assert "prend fin le 10/12/2026" in texts(keyring)[0]
    assert night(20) == Aged()  # its last day is one
    assert state(delegate) == "open"
    assert night(21) == Aged(ended=1)
    assert state(delegate) == "ended"


def test_what_only_a_card_opens_does_not_sleep(night):
    card = Agent(username="rpps-1", name="Bio", role=Role.BIOLOGIST, rpps="10003456786", awake_at=NOW)
    card.set_unusable_password()
    card.save()
    assert night(400) == Aged()
    card.set_password("une phrase de passe longue")
    card.save()
    assert night(401) == Aged(warned=1)


def test_an_account_of_before_is_awake_from_the_first_night_on(agent, night):
    Agent.objects.filter(id=agent.id).update(awake_at=None)
    assert night(400) == Aged()
    assert night(460) == Aged(warned=1)


def test_the_schedule_runs_it(agent, keyring):
    schedule.run_now("accounts.age", now=NOW + timedelta(days=53))
    agent.refresh_from_db()
    assert agent.warned_at == NOW + timedelta(days=53)


def test_who_is_awake_costs_nothing(agent, keyring, django_assert_num_queries):
    Agent.objects.bulk_create(
        Agent(username=f"a{n}", name="A", role="investigator", departments=["59"], awake_at=NOW)
        for n in range(200)
    )
    with django_assert_num_queries(2):
        age(keyring=keyring, now=NOW)
