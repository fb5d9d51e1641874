"""What is overdue, what a law moved, and how long a hold may be."""

import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from rempart.foundation.retention import Kind, Version
from rempart.protection.retention import rules

TODAY = date(2026, 11, 20)
FIRST = Version(since=date(2020, 5, 11), days=180)


def test_a_law_that_did_not_change_moves_nothing() -> None:
    assert rules.misplaced(TODAY - timedelta(days=365), TODAY, {"P": [FIRST]}) == []


def test_a_shorter_law_moves_what_was_received_before_it() -> None:
    law = [FIRST, Version(since=TODAY, days=90)]
    moved = rules.misplaced(TODAY - timedelta(days=200), TODAY, {"P": law})
    assert {(one.was - one.day).days for one in moved} == {180}
    assert {(one.due - one.day).days for one in moved} == {90}
    assert max(one.day for one in moved) == TODAY - timedelta(days=1)
    # what was past its first day already is none of its business
    assert min(one.day for one in moved) == TODAY - timedelta(days=180)


def test_a_longer_law_moves_nothing_unless_it_extends() -> None:
    longer = Version(since=TODAY, days=200)
    assert rules.misplaced(TODAY - timedelta(days=100), TODAY, {"P": [FIRST, longer]}) == []
    extending = Version(since=TODAY, days=200, extends_kept=True)
    assert rules.misplaced(TODAY - timedelta(days=100), TODAY, {"P": [FIRST, extending]})


@pytest.mark.parametrize(
    ("first_due", "overdue"), [(None, False), (TODAY, False), (TODAY - rules.ONE_DAY, True)]
)
def test_a_row_is_overdue_on_the_day_after_its_last(first_due, overdue) -> None:
    found = rules.line(table="t", kind=Kind.LETTER, first_due=first_due, today=TODAY)
    assert found.overdue is overdue


def test_keys_are_overdue_on_the_day_after_theirs() -> None:
    names = [
        "data/identity/2026-11-19",
        "data/identity/2026-11-20",
        "index/2025H2",
        "index/2026H1",
        "index/2026H1-2",
        "secret/facts",
        "document/signing-dcc",
    ]
    late = rules.overdue_keys(names, today=TODAY, digests_dead=date(2025, 12, 31))
    assert late == ["data/identity/2026-11-19", "index/2025H2"]


@pytest.mark.parametrize("days", [1, 5 * 366])
def test_a_hold_ends_within_five_years(days) -> None:
    assert rules.hold_until(TODAY + timedelta(days=days), today=TODAY) == TODAY + timedelta(days=days)


def test_only_two_tables_hold_what_is_sealed_as_identity_or_contact() -> None:
    """A third one would lose what it sealed: keys of days under which these hold nothing are destroyed early."""
    sources = Path(__file__).parents[3] / "src" / "rempart"
    sealing = {
        str(path.relative_to(sources))
        for path in sources.rglob("*.py")
        if re.search(r"(Sealer|sealer)\([^)]*Purpose\.(IDENTITY|CONTACT)", path.read_text("utf-8"))
    }
    assert sealing == {
        "screening/services/prepare.py",  # people_identity, screening_result
        "screening/services/rectifying.py",  # screening_result
        "foundation/people/correcting.py",  # people_identity
    }
