"""What the tests of the keeping road share: a key store of their own, and a look at every row there is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.contrib.auth.hashers import ScryptPasswordHasher
from django.test import Client
from psycopg import sql
from tests.factories import LAB, NOW, Keeper, investigator, message, report
from tests.functional.accounts import account
from tests.functional.doors import HL7, new_key, sign_in
from tests.functional.portal import BIRTH, last_text
from tests.functional.settling import settle

from rempart.foundation.access.actor import Role, acting
from rempart.foundation.database.connection import Database
from rempart.foundation.vault import Keyring, KeyStore, keyring_of
from rempart.screening import api
from rempart.screening.rules.report import Moment, Precision, Report, Result
from rempart.site import middleware
from rempart.tracing.models import Case

Query = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are derived as in production, but for the work: a fifth of a second of a core for each."""
    monkeypatch.setattr(ScryptPasswordHasher, "work_factor", 2**4)


@pytest.fixture
def keyring(tmp_path: Path, settings: Any) -> Iterator[Keyring]:
    """An empty key store, which the whole site uses during the test; facts go beside it."""
    settings.KEY_STORE = KeyStore(root=tmp_path / "keys")
    settings.FACTS_ROOT = tmp_path / "facts"
    api.intake_of.cache_clear()
    yield keyring_of(settings.KEY_STORE)
    api.intake_of.cache_clear()


@pytest.fixture
def keep(keyring: Keyring) -> Keeper:
    return Keeper(keyring=keyring)


@pytest.fixture
def owner(test_database: Database, transactional_db: None) -> Iterator[psycopg.Connection]:
    """The owner's connection: sees every committed row."""
    assert test_database.owner_url
    with psycopg.connect(test_database.owner_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def query(owner: psycopg.Connection) -> Query:
    """`query(sql, *values)`: rows, whoever they belong to."""
    return lambda text, *values: owner.execute(text, values).fetchall()


@pytest.fixture
def counts(owner: psycopg.Connection) -> Callable[[], dict[str, int]]:
    """`counts()`: how many rows each table has, those that migrations filled left out."""
    left_out = {"django_migrations", "django_content_type", "auth_permission"}

    def count() -> dict[str, int]:
        return {
            name: owner.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))).fetchone()[0]
            for name in tables(owner)
            if name not in left_out
        }

    return count


def tables(connection: psycopg.Connection) -> list[str]:
    rows = connection.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY relname"
    )
    return [name for (name,) in rows]


@pytest.fixture
def laboratory_key(keyring: Keyring, transactional_db: None) -> str:
    """A valid key of the laboratory of the tests."""
    return new_key(LAB)


@pytest.fixture
def paris_client(client: Client, transactional_db: None) -> Client:
    """A browser in which an investigator of Paris has signed in."""
    sign_in(client, account(Role.INVESTIGATOR, "75", name="Agent de Paris"))
    return client


@pytest.fixture
def arrive(keep: Keeper) -> Callable[..., None]:
    """`arrive(report, …)`: one batch, an hour after the one before, with its cases opened."""
    hours = iter(range(1000))

    def run(*reports: Report) -> None:
        now = NOW + timedelta(hours=next(hours))
        keep(*[message(one, sender=one.laboratory.finess) for one in reports], now=now)
        settle()

    return run


@pytest.fixture
def case(arrive: Callable[..., None], owner: psycopg.Connection) -> Case:
    """The only case, waiting in Paris."""
    arrive(report())
    with acting(investigator("75")):
        return Case.objects.get()


@pytest.fixture
def clock(monkeypatch):
    """`clock(minutes=20)` lets time pass for the site."""

    class Clock(datetime):
        ahead = timedelta()

        @classmethod
        def now(cls, zone=None):
            return datetime.now(zone) + cls.ahead

    def pass_by(**time):
        Clock.ahead += timedelta(**time)

    monkeypatch.setattr(middleware, "datetime", Clock)
    return pass_by


@pytest.fixture
def recent():
    """A negative sampled yesterday, by today's clock: certificates are signed now."""
    now = datetime.now(UTC)
    return report(
        result=Result.NEGATIVE,
        sampled_at=Moment(at=now - timedelta(hours=20), precision=Precision.MINUTE),
        validated_at=Moment(at=now - timedelta(hours=2), precision=Precision.MINUTE),
    )


@pytest.fixture
def arrives(keep):
    """`arrives(report)`: kept now, and the person told; her reference."""

    def run(one):
        keep(message(one), now=datetime.now(UTC))
        settle()
        return last_text(keep.keyring).rsplit("/", 1)[-1]

    return run


@pytest.fixture
def visit(client, keyring):
    """`visit(reference)`: all the way to the result; the page."""

    def run(reference, birth=BIRTH):
        client.get(f"/r/{reference}")
        client.post("/mon-resultat/", {"birth_date": birth})
        code = re.match(r"\d{6}", last_text(keyring))[0]
        return client.post("/mon-resultat/code/", {"code": code}, follow=True)

    return run


@pytest.fixture
def client_of():
    """`client_of()`: another browser."""
    return Client


@pytest.fixture
def key(keyring: Keyring, transactional_db: None) -> str:
    return new_key()


@pytest.fixture
def deliver(client: Client, key: str) -> Callable[..., Any]:
    """`deliver(payload, …)`: one request with a valid key."""

    def run(payload: bytes, kind: str = HL7, key: str = key, **headers: str) -> Any:
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        authorization = {"Authorization": f"Bearer {key}"} if key else {}
        return client.post(
            "/api/v1/deliveries",
            payload,
            content_type=kind,
            headers={**authorization, **headers},
            CONTENT_TYPE=kind,  # the test client leaves it out beside an empty body
        )

    return run
