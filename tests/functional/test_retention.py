"""The daily run, with the clock moved: what goes, in which order, and what is left."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.factories import NOW, corrected, message, of, report, retracted
from tests.functional.settling import settle

from rempart.foundation.vault import Indexer
from rempart.protection.retention.models import DestroyedKey
from rempart.protection.retention.services import daily, proof
from rempart.screening.rules.report import Outcome, Result
from rempart.site import worker

pytestmark = pytest.mark.django_db(transaction=True)

POSITIVE, OTHERS = timedelta(days=180), timedelta(days=90)
NEGATIVE = {"result": Result.NEGATIVE, "raw_result": "N"}


@pytest.fixture
def run(keyring):
    """`run(days)`: the daily run, so many days after NOW."""
    return lambda days: daily.run(keyring=keyring, now=NOW + timedelta(days=days))


def test_nothing_goes_before_its_day(keep, run, counts):
    keep(message(report()), message(of(1, **NEGATIVE)))
    settle()
    before = counts()
    run(90)
    after = counts()
    gone = {name: (before[name], after[name]) for name in before if after[name] < before[name]}
    assert set(gone) <= {"events_event"}  # read by everybody, and past its ninety days or on the last of them


def test_a_negative_goes_after_three_months_and_a_positive_after_six(keep, run, counts, query):
    keep(message(report()), message(of(1, **NEGATIVE)))
    settle()
    assert run(91)["screening_result"] == 1
    assert query("SELECT result FROM screening_result") == [("P",)]
    assert counts()["people_person"] == 1
    assert run(181)["screening_result"] == 1
    left = counts()
    for table in ("screening_result", "people_identity", "people_link", "people_person", "tracing_case", "screening_access"):
        assert left[table] == 0, table
