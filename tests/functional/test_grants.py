"""The application's rights are said again at each start, while others work."""

from __future__ import annotations

import pytest
from django.db import connection, connections

from rempart.site import apps

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def test_what_runs_lacks_no_right_while_they_are_said_again(monkeypatch):
    def may_read() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT has_table_privilege('events_event', 'SELECT')")
            return bool(cursor.fetchone()[0])

    seen = []

    def stopped_midway(cursor, *, role, **_):
        cursor.execute(f"REVOKE ALL ON events_event FROM {role}")
        seen.append(may_read())
        raise KeyboardInterrupt

    monkeypatch.setattr(apps, "grant", stopped_midway)
    with pytest.raises(KeyboardInterrupt):
        apps.grant_rights(using="owner")
    assert seen == [True]
    assert may_read()
    assert not connections["owner"].in_atomic_block
