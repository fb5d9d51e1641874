"""The tests' database: one embedded server for the whole run, a migrated template cloned per worker.

A test that asks for no database starts none. The server is shared by all workers (and by runs in the
same checkout) and stops with the last; its data, with the template, stays in var/test-postgres, so that
the next run migrates nothing unless a migration changed.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import psutil
import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.db.models import Model
from django.db.models.signals import pre_save
from django.test import TransactionTestCase
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from pytest_django import DjangoDbBlocker

from rempart.foundation.access.accounts.policy import Training, accounts_on
from rempart.foundation.database import embedded, locks, roles
from rempart.foundation.database.connection import Database, in_cluster, prepared
from rempart.foundation.database.embedded import Cluster
from rempart.foundation.database.tuning import Tuning
from rempart.foundation.database.urls import change

ROOT = Path(__file__).parents[1]
HOME = ROOT / "var" / "test-postgres"
CLONE = re.compile(r"rempart_test_\w+?_(\d+)")  # of which process


hypothesis.settings.register_profile(
    "busy machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)


LONGEST = {"test_crash.py", "test_security_demo.py"}
"""A minute or two each, most of it waiting: they begin first, so that nobody waits for them alone at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name not in LONGEST)


def pytest_configure() -> None:
    hypothesis.settings.load_profile("busy machine")  # each test has its time-out, an example has none
    settings.SECRET_KEY = secrets.token_hex()  # which commands take from the vault
    settings.AUDIT_STRICT = True  # an entry that its catalogue does not declare fails its test
    pre_save.connect(_train, weak=False)


def _train(instance: Model, **_: object) -> None:
    """Agents that a test makes by hand are trained, and accepted the conditions; those that a service opens are as it opened them."""
    if instance._meta.label == "access.Agent" and instance._state.adding and instance.opened_at is None:
        today = datetime.now(UTC).date().isoformat()
        instance.trainings = instance.trainings or {training.value: today for training in Training}
        instance.conditions = instance.conditions or accounts_on(datetime.now(UTC).date()).conditions


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The server of this run."""
    with embedded.running(HOME, tuning=Tuning.for_tests()) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def test_database(
    cluster: Cluster, request: pytest.FixtureRequest, django_db_blocker: DjangoDbBlocker
) -> Iterator[Database]:
    """A migrated database of this worker's own, as URLs."""
    worker = getattr(request.config, "workerinput", {}).get("workerid", "main")
    name = f"rempart_test_{worker}_{os.getpid()}"
    with locks.exclusive(HOME / "template", wait=600), django_db_blocker.unblock():
        template = _template(cluster)
        _drop_what_killed_runs_left(cluster)
        roles.clone(cluster.admin_url, template=template, name=name)
    yield in_cluster(cluster, dbname=name)
    roles.drop(cluster.admin_url, name=name)


@pytest.fixture
def empty_database(cluster: Cluster) -> Iterator[Database]:
    """A database with both roles and no table, dropped after the test."""
    name = f"rempart_test_empty_{os.getpid()}"
    yield prepared(cluster, dbname=name)
    roles.drop(cluster.admin_url, name=name)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every account of the machine can reach (tmp_path is closed to the others)."""
    folder = Path(tempfile.mkdtemp(prefix="rempart-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None,
    django_db_blocker: DjangoDbBlocker,
    cluster: Cluster,
    test_database: Database,
) -> Iterator[None]:
    """pytest-django's, replaced: Django creates no database, it connects to this worker's clone."""
    _point_django_at(test_database)
    clean = _Cleaning(
        change(cluster.admin_url, dbname=conninfo_to_dict(str(test_database.owner_url))["dbname"])
    )
    with pytest.MonkeyPatch.context() as patch:
        # Django would flush as the application's role, which may not empty a table
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _case: clean())
        yield
    with django_db_blocker.unblock():
        _disconnect_django()


class _Cleaning:
    """Empties what a test that committed for real left, as the superuser, whom no key and no trigger holds back.

    Tables that the migrations filled (content types, permissions) stay as they are. A few rows are deleted, which
    takes a millisecond where TRUNCATE makes new files for every table, index and partition.
    """

    _MANY = 2_000

    def __init__(self, admin_url: str) -> None:
        self.url = admin_url
        with psycopg.connect(self.url) as connection:
            self.kept = set(self._filled(connection))

    def __call__(self) -> None:
        with psycopg.connect(self.url) as connection:
            connection.execute("SET lock_timeout = '20s'")  # a transaction left open: fail, don't hang
            connection.execute("SET session_replication_role = 'replica'")
            for table, rows in self._filled(connection).items():
                if table not in self.kept:
                    empty = "TRUNCATE {} CASCADE" if rows > self._MANY else "DELETE FROM {}"
                    connection.execute(sql.SQL(empty).format(sql.Identifier(table)))

    @classmethod
    def _filled(cls, connection: psycopg.Connection) -> dict[str, int]:
        """The tables that have rows, and how many (at most one more than _MANY)."""
        names = [
            name
            for (name,) in connection.execute(
                "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
                " AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY relname"
            )
        ]
        if not names:
            return {}
        count = sql.SQL(", ").join(
            sql.SQL("(SELECT count(*) FROM (SELECT FROM {} LIMIT {}) AS first_ones)").format(
                sql.Identifier(name), sql.Literal(cls._MANY + 1)
            )
            for name in names
        )
        row = connection.execute(sql.SQL("SELECT {}").format(count)).fetchone()
        assert row is not None
        return {name: rows for name, rows in zip(names, row, strict=True) if rows}


def _point_django_at(database: Database) -> None:
    for alias, url in (("default", database.app_url), ("owner", database.owner_url)):
        assert url
        parts = conninfo_to_dict(url)
        connections.settings[alias].update(
            NAME=parts["dbname"],
            USER=parts["user"],
            PASSWORD=parts["password"],
            HOST=parts["host"],
            PORT=str(parts["port"]),
        )


def _disconnect_django() -> None:
    for alias in connections:
        connections[alias].close()
        connections[alias].close_pool()


def _template(cluster: Cluster) -> str:
    """The name of the migrated template, made now if a migration has changed since the last run."""
    fingerprint = FINGERPRINT
    name, half = f"rempart_template_{fingerprint}", f"rempart_half_{fingerprint}"
    with psycopg.connect(cluster.admin_url, autocommit=True) as connection:
        found = {row[0] for row in connection.execute("SELECT datname FROM pg_database")}
        if name in found:
            return name
        for old in found:
            if old.startswith(("rempart_template_", "rempart_half_")):
                roles.drop(cluster.admin_url, name=old)
        _point_django_at(prepared(cluster, dbname=half))
        call_command("migrate", database="owner", verbosity=0, interactive=False)
        _disconnect_django()
        connection.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(half), sql.Identifier(name))
        )
    return name


def _fingerprint() -> str:
    """What a migrated database depends on: migrations, models, grants, the SQL they share, Django's own."""
    sources = ROOT / "src" / "rempart"
    files = {
        *sources.rglob("migrations/*.py"),
        *sources.rglob("models.py"),
        *sources.rglob("apps.py"),
        *(sources / "foundation" / "database").glob("*.py"),
        ROOT / "uv.lock",
    }
    digest = hashlib.sha256(repr(settings.INSTALLED_APPS).encode())
    for file in sorted(files):
        digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def _drop_what_killed_runs_left(cluster: Cluster) -> None:
    with psycopg.connect(cluster.admin_url) as connection:
        names = [name for (name,) in connection.execute("SELECT datname FROM pg_database")]
    for name in names:
        match = CLONE.fullmatch(name)
        if match and not psutil.pid_exists(int(match[1])):
            roles.drop(cluster.admin_url, name=name)


FINGERPRINT = _fingerprint()
"""Of the code this process runs: taken before a file can change under it."""
