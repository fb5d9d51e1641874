"""Signing in of agents: password, second factor, and everything that is refused."""

from datetime import UTC, datetime

import pytest

from rempart.foundation.access.actor import Role
from rempart.foundation.access.models import Agent
from rempart.foundation.access.signin import factors, rules

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "Une phrase de passe longue, n° 7"
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # RFC 6238's


def code_now(*, ahead: int = 0) -> str:
    return rules.code(SECRET, rules.counter_at(datetime.now(UTC)) + ahead)


@pytest.fixture
def agent(keyring):
    """An investigator with a password and an application."""
    made = Agent(
        username="camille", name="Camille Rivière", role=Role.INVESTIGATOR, departments=["75"],
        email="camille@exemple.fr",
    )  # fmt: skip
    made.set_password(PASSWORD)
    made.save()
    factors.add_application(made, secret=SECRET, counter=-1, keyring=keyring)
    return made


def password_step(client, name="camille", password=PASSWORD, **more):
    return client.post("/connexion/", {"login": name, "password": password, **more})


def code_step(client, code):
    return client.post("/connexion/second-facteur/", {"code": code})


def signed_in(client):
    return client.get("/compte/").status_code == 200


def test_password_then_code_opens(client, agent, query):
    answer = password_step(client, next="/suivi/")
    assert answer["Location"] == "/connexion/second-facteur/"
    assert not signed_in(client)
    answer = code_step(client, code_now())
    assert answer["Location"] == "/suivi/"
    assert signed_in(client)
    assert query("SELECT act, details FROM audit_entry WHERE actor = %s", str(agent.id)) == [
        ("signed-in", {"method": "password+totp"})
    ]
