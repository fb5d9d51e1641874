"""The outbox of the version before: what had left stays gone, what waited leaves."""

from datetime import timedelta

import psycopg
import pytest
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from tests.factories import NOW
from tests.functional.test_audit_chain import another_database


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_what_the_version_before_wrote_is_kept(empty_database):
    with another_database(empty_database):
        MigrationExecutor(connections["owner"]).migrate([("messaging", "0002_expiry")])
        with psycopg.connect(empty_database.owner_url, autocommit=True) as owner:
            for channel, left in (("sms", NOW + timedelta(minutes=1)), ("email", None)):
                owner.execute(
                    "INSERT INTO messaging_message (id, created_at, channel, sealed, expires_on, sent_at)"
                    " VALUES (gen_random_uuid(), %s, %s, 'x', '2026-12-20', %s)",
                    [NOW, channel, left],
                )
            executor = MigrationExecutor(connections["owner"])
            executor.migrate(list(executor.loader.graph.leaf_nodes("messaging")))
            rows = owner.execute(
                "SELECT channel, channels, state, rank, taken_at, about FROM messaging_message ORDER BY channel"
            ).fetchall()
            due = owner.execute(
                "SELECT due_at, wanted_at FROM messaging_message WHERE state = 'waiting'"
            ).fetchall()
    assert rows == [
        ("email", "", "waiting", 0, None, "notice"),
        ("sms", "", "taken", 0, NOW + timedelta(minutes=1), "notice"),
    ]
    assert due == [(NOW, NOW)]
