"""SECURITY: what a session of each right shows in PostgreSQL, asked by plain SQL as the application's role."""

import pytest
from tests.factories import NOW, finess_in, in_lyon, report
from tests.functional.accounts import account

from rempart.foundation.access.actor import acting
from rempart.foundation.access.rights import Purpose, Right, Role, Where, table

pytestmark = pytest.mark.django_db(transaction=True)

TABLES = ("people_identity", "screening_result", "screening_message", "tracing_case")
CELLS = [
    (right, role, where)
    for right, row in table().items()
    for role, where in row.to.items()
    if role not in (Role.PATIENT, Role.LABORATORY)
]


def rows_seen(actor) -> dict[str, set[str]]:
    """Departments of the rows that each table shows, without any condition."""
    with acting(actor) as cursor:
        seen = {}
        for name in TABLES:
            cursor.execute(f"SELECT DISTINCT department FROM {name}")
            seen[name] = {department for (department,) in cursor.fetchall()}
    return seen


@pytest.mark.parametrize(("right", "role", "where"), CELLS)
def test_security_a_forgotten_filter_shows_no_more_than_the_right(
    right: Right, role: Role, where: Where, arrive
):
    arrive(report(), in_lyon(9))
    actor = account(role, "75", establishment=finess_in("75")).actor(right, now=NOW)
    expected = {Where.NATION: {"75", "69"}, Where.DEPARTMENTS: {"75"}}.get(where, set())
    if not table()[right].sees:
        expected = set()
    assert rows_seen(actor) == dict.fromkeys(TABLES, expected)


@pytest.mark.parametrize(("right", "role", "where"), CELLS)
def test_security_the_trail_opens_to_those_who_watch_only(right: Right, role: Role, where: Where, arrive):
    arrive(report())
    actor = account(role, "75", establishment=finess_in("75")).actor(right, now=NOW)
    with acting(actor) as cursor:
        cursor.execute("SELECT count(*) FROM audit_entry")
        (entries,) = cursor.fetchone()
    watches = where is Where.NATION and table()[right].purpose is Purpose.OVERSIGHT
    assert bool(entries) == watches
