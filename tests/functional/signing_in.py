"""What the tests of signing in share: an agent with both factors, and his steps."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.functional.accounts import account
from tests.functional.trail import entries

from rempart.foundation.access.rights import Role
from rempart.foundation.access.signin import factors, rules

PASSWORD = "Une phrase de passe longue, n° 7"
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # RFC 6238's
SIGN_IN, SECOND, ACCOUNT = "/connexion/", "/connexion/second-facteur/", "/compte/"


def code_now(*, ahead=0):
    return rules.code(SECRET, rules.counter_at(datetime.now(UTC)) + ahead)


def newcomer(**fields):
    """An investigator with a password, and nothing else yet."""
    agent = account(
        Role.INVESTIGATOR, "75", **{"username": "camille", "email": "camille@exemple.fr"} | fields
    )
    agent.set_password(PASSWORD)
    agent.save()
    return agent


def employed(keyring, **fields):
    """An investigator with a password and an application."""
    agent = newcomer(**fields)
    factors.add_application(agent, secret=SECRET, counter=-1, keyring=keyring)
    return agent


def password_step(client, name="camille", password=PASSWORD, **more):
    return client.post(SIGN_IN, {"login": name, "password": password, **more})


def code_step(client, code):
    return client.post(SECOND, {"code": code})


def is_in(client):
    return client.get(ACCOUNT).status_code == 200


def enter(client, *, ahead=0):
    password_step(client)
    code_step(client, code_now(ahead=ahead))
    assert is_in(client)


def details(act):
    return [entry.details for entry in entries(act=act)]
