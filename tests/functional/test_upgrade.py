"""A database of the version before, after its migrations: its row security asks for what sessions set today."""

from __future__ import annotations

import pytest
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.operations import RunSQL

pytestmark = pytest.mark.django_db(transaction=True)

BEFORE = {
    "people": "0002_protect", "screening": "0002_partitioned", "tracing": "0002_protect",
}  # fmt: skip
"""The last migration of each room with tables of persons, as the version before had them."""
TABLES = ("people_identity", "screening_message", "screening_result", "tracing_case")
POLICY = (
    "DROP POLICY by_department ON {table};"
    "CREATE POLICY by_department ON {table} USING (current_setting('rempart.departments', true) = '*')"
)


def since(app: str, last: str) -> list[str]:
    """The SQL of row security that the migrations of a room after `last` run, in their order."""
    disk = MigrationExecutor(connections["default"]).loader.disk_migrations
    return [
        operation.sql
        for (room, name), migration in sorted(disk.items())
        if room == app and name > last
        for operation in migration.operations
        if isinstance(operation, RunSQL) and "CREATE POLICY" in operation.sql
    ]


def test_no_policy_of_the_version_before_outlives_the_migrations(owner):
    with owner.transaction(force_rollback=True):
        for table in TABLES:
            owner.execute(POLICY.format(table=table))
        for app, last in BEFORE.items():
            for statements in since(app, last):
                owner.execute(statements)
        left = owner.execute("SELECT tablename FROM pg_policies WHERE qual LIKE '%rempart.departments%'")
        assert left.fetchall() == []
