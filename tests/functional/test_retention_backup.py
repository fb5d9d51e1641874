"""SECURITY: a dump taken before the day, restored after it: nothing of a person can be read or found in it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from tests.conftest import HOME
from tests.factories import NOW, codes, message, nir_of, report
from tests.functional.settling import settle
from tests.functional.test_security_nominative import assert_says_nothing, everything

from rempart.foundation.database import roles
from rempart.foundation.database.binaries import account_for, programs
from rempart.foundation.database.connection import in_cluster, prepared
from rempart.foundation.people.content import open_identity
from rempart.foundation.people.identities import digests_of_name, digests_of_number
from rempart.foundation.vault import Indexer, KeyDestroyed, Keyring, Purpose, unseal
from rempart.protection.retention.services import daily
from rempart.screening.notices.services import contact
from rempart.screening.rules.report import Outcome
from rempart.screening.services import store

pytestmark = pytest.mark.django_db(transaction=True)

BIRTH, NUMBER = date(1979, 3, 28), nir_of("2790351215189")
LATER = NOW + timedelta(days=400)


@pytest.fixture
def old_dump(keep, test_database, tmp_path) -> Path:
    """Everything the platform keeps of a person, as pg_dump wrote it while she was known."""
    keep(message(report()))
    keep(message(raw=b"a refused message about ZYGOMALAS", outcome=Outcome.HELD))
    settle()
    dump = tmp_path / "old.dump"
    _tool("pg_dump", "--format=custom", f"--file={dump}", f"--dbname={test_database.owner_url}")
    return dump


@pytest.fixture
def forgotten(old_dump, keyring) -> Iterator[None]:
    """The same platform, so much later that nothing of her may be there, by its clock and by its keys."""
    daily.run(keyring=keyring, now=LATER)
    yield
    store.ensure_months.cache_clear()


@pytest.fixture
def restored(old_dump, forgotten, cluster) -> Iterator[psycopg.Connection]:
    """The old dump in a database of its own, read by its owner, whom no row security binds."""
    name = "rempart_test_restored"
    prepared(cluster, dbname=name)
    url = in_cluster(cluster, dbname=name).owner_url
    assert url
    _tool("pg_restore", "--no-owner", "--no-privileges", f"--dbname={url}", str(old_dump))
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection
    roles.drop(cluster.admin_url, name=name)


def _tool(program: str, *arguments: str) -> None:
    path = programs(account_for(HOME)) / program
    done = subprocess.run([str(path), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


SEALED = {
    "people_identity": "id",
    "screening_result": "id",
    "messaging_message": "id",
    "screening_message": "delivery_id",
}
"""What is kept of a person by itself, and what its seals are bound to."""


def seals(connection: psycopg.Connection) -> Iterator[tuple[str, bytes, bytes]]:
    """(table, seal, what it is bound to) of every seal there is."""
    for table, key in SEALED.items():
        rows = connection.execute(
            sql.SQL("SELECT sealed, {} FROM {} WHERE sealed IS NOT NULL").format(
                sql.Identifier(key), sql.Identifier(table)
            )
        )
        yield from ((table, sealed, bound.bytes) for sealed, bound in rows)


def test_security_the_dump_is_one(old_dump, keyring, owner):
    """Before: the same looks see the person, or the tests below would prove nothing."""
    assert {table for table, _, _ in seals(owner)} == set(SEALED)
    ((identity, sealed),) = owner.execute("SELECT id, sealed FROM people_identity").fetchall()
    assert open_identity(identity, sealed, keyring=keyring).birth_name == "ZYGOMALAS"
    indexer = Indexer(keyring, NOW.date())
    assert found(owner, "ins", digests_of_number(NUMBER, indexer=indexer)) == 1
    assert found(owner, "name_birth", digests_of_name("zygomalas", BIRTH, indexer=indexer)) == 1


def found(connection: psycopg.Connection, column: str, digests: list[bytes]) -> int:
    query = sql.SQL("SELECT count(*) FROM people_identity WHERE {} = ANY(%s)").format(sql.Identifier(column))
    row = connection.execute(query, (digests,)).fetchone()
    assert row is not None
    return int(row[0])


def test_security_nothing_of_a_restored_dump_can_be_opened(restored, keyring):
    """By this process, which opened them before, and by one that starts now."""
    rows = list(seals(restored))
    assert {table for table, _, _ in rows} == set(SEALED)
    for ring in (keyring, Keyring(keyring.root)):
        for _, sealed, context in rows:
            with pytest.raises(KeyDestroyed):
                unseal(ring, sealed, purpose=Purpose(sealed[1]), context=context)
        ((identity, sealed),) = restored.execute("SELECT id, sealed FROM people_identity").fetchall()
        assert open_identity(identity, sealed, keyring=ring) is None
        ((result, sealed),) = restored.execute("SELECT id, sealed FROM screening_result").fetchall()
        assert contact(ring, sealed, result.bytes) is None


def test_security_nobody_is_found_in_a_restored_dump(restored, keyring):
    """Whoever has the dump, the whole key store and the person's number or name learns not even whether she is there."""
    indexer = Indexer(Keyring(keyring.root), LATER.date())
    assert found(restored, "ins", digests_of_number(NUMBER, indexer=indexer)) == 0
    assert found(restored, "name_birth", digests_of_name("zygomalas", BIRTH, indexer=indexer)) == 0


def test_security_no_key_of_her_time_is_left(forgotten, keyring):
    left = [name for name in keyring.names() if name.startswith(("data/", "index/"))]
    assert [name for name in left if name.startswith("data/")] == []
    assert "index/2026H2" not in left


def test_security_a_restored_dump_says_nothing_in_clear(restored):
    assert_says_nothing(everything(restored))


def test_security_nothing_is_left_where_it_was_not_restored(forgotten, owner):
    for table in (
        "people_identity", "people_link", "people_person", "people_matching_key", "screening_result",
        "screening_access", "screening_message", "screening_message_ledger", "screening_result_ledger",
        "screening_delivery", "tracing_case", "messaging_message", "events_event",
    ):  # fmt: skip
        row = owner.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
        assert row == (0,), table


def test_security_the_platform_on_a_restored_dump_knows_nobody(restored, keep):
    """What the person sends again is new: nothing of the dump is recognised."""
    (kept,) = keep(message(report()), now=LATER)
    assert codes(kept) == []
    assert not kept.repeated
