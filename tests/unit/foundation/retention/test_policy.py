"""The table of retentions, and what is derived from it."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.foundation.retention import CEILING, ELSEWHERE, Kind, Version, last_day, longest, retentions
from rempart.foundation.terminology import pathogen, pathogens

TODAY = date(2026, 11, 20)
DAYS = st.dates(min_value=date(2020, 1, 1), max_value=date(2030, 1, 1))
VERSIONS = st.lists(
    st.builds(Version, since=DAYS, days=st.integers(1, 365), extends_kept=st.booleans(), source=st.just("")),
    min_size=1,
    max_size=5,
).map(lambda versions: sorted(versions, key=lambda version: version.since))


def test_every_kind_has_its_row_and_every_version_its_source() -> None:
    assert set(retentions()) == set(Kind) - ELSEWHERE
    assert all(version.source for kind in retentions().values() for version in kind.versions)


def test_nothing_is_kept_longer_than_a_year() -> None:
    assert timedelta(days=365) == CEILING
    kept = [version for kind in retentions().values() for version in kind.versions]
    kept += [v for name in pathogens() for letter in "PNIX" for v in pathogen(name).retention_of(letter)]
    assert max(version.days for version in kept) <= CEILING.days


@given(collected=DAYS, versions=VERSIONS, today=DAYS)
def test_no_law_keeps_a_thing_longer_than_the_longest_of_them(collected, versions, today) -> None:
    last = last_day(collected, versions, today=today)
    assert timedelta(days=1) <= last - collected <= timedelta(days=max(v.days for v in versions))


@given(collected=DAYS, versions=VERSIONS, today=DAYS)
def test_laws_that_do_not_extend_never_lengthen(collected, versions, today) -> None:
    """As days go by, the last day of a thing comes nearer or stays."""
    strict = [Version(since=v.since, days=v.days, source="") for v in versions]
    before = last_day(collected, strict, today=today)
    assert last_day(collected, strict, today=today + timedelta(days=100)) <= before


@given(first=DAYS, length=st.integers(0, 40), versions=VERSIONS, today=DAYS)
def test_the_longest_of_a_time_is_that_of_one_of_its_days(first, length, versions, today) -> None:
    last = first + timedelta(days=length)
    days = [first + timedelta(days=n) for n in range(length + 1)]
    assert longest(first, last, [versions], today=today) == max(
        last_day(day, versions, today=today) for day in days
    )


@pytest.mark.parametrize("kind", list(retentions().values()), ids=lambda kind: kind.kind.value)
def test_the_first_day_that_is_kept_is_the_one_after_the_last_that_is_not(kind) -> None:
    since = kind.kept_since(TODAY)
    assert kind.last_day(since, today=TODAY) >= TODAY
    assert kind.last_day(since - timedelta(days=1), today=TODAY) < TODAY
