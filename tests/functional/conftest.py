"""What the tests of the keeping road share: a key store of their own, and a look at every row there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from tests.factories import LAB, Keeper

from rempart.foundation.access.models import create_machine_key
from rempart.foundation.database.connection import Database
from rempart.foundation.vault import Keyring
from rempart.screening import api

Query = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def keyring(tmp_path: Path, settings: Any) -> Iterator[Keyring]:
    """An empty key store, which the whole site uses during the test; facts go beside it."""
    settings.KEYS_ROOT = tmp_path / "keys"
    settings.FACTS_ROOT = tmp_path / "facts"
    api._intake.cache_clear()
    yield Keyring(settings.KEYS_ROOT)
    api._intake.cache_clear()


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
    now = datetime.now(UTC)
    return create_machine_key(laboratory=LAB, now=now, expires_at=now + timedelta(days=1))
