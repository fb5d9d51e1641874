"""Receiving a batch: results, their versions and their people, over months and half-years."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.factories import (
    ANTIGEN,
    PCR,
    codes,
    corrected,
    finess_in,
    message,
    nir_of,
    person,
    report,
    retracted,
)

from rempart.screening.rules.report import Outcome, Result

pytestmark = pytest.mark.django_db(transaction=True)


def results(query, columns="version, current, retracted, result"):
    return query(f"SELECT {columns} FROM screening_result ORDER BY version, id")


def test_the_same_result_in_two_messages_is_kept_once(keep, query):
    keep(message(report()), message(report()))
    (kept,) = keep(message(report()))
    assert not kept.repeated  # another message: the result is what is known
    assert codes(kept) == []
    assert results(query) == [(1, True, False, "P")]
    assert query("SELECT sum(jsonb_array_length(payload -> 'results')) FROM events_event") == [(1,)]


def test_a_correction_makes_a_second_version(keep, query):
    keep(message(report()))
    (kept,) = keep(message(corrected(report(), result=Result.NEGATIVE)))
    assert codes(kept) == []
    assert results(query) == [(1, False, False, "P"), (2, True, False, "N")]


def test_a_retraction_leaves_no_current_version(keep, query):
    keep(message(report()))
    keep(message(retracted(report())))
    assert results(query) == [(1, False, False, "P"), (2, False, True, "P")]


def test_a_result_that_comes_back_after_its_retraction_is_current(keep, query):
    keep(message(report()))
    keep(message(retracted(report())))
    keep(message(corrected(report(), result=Result.NEGATIVE)))
    assert results(query)[-1] == (3, True, False, "N")


def test_the_correction_of_a_corrections_sender_is_said_once(keep, query):
    keep(message(report()))
    correction = message(corrected(report(), result=Result.NEGATIVE))
    keep(correction)
    keep(correction)
    assert len(results(query)) == 2


def test_original_correction_and_retraction_in_one_batch(keep, query):
    keep(
        message(report()),
        message(corrected(report(), result=Result.NEGATIVE)),
        message(retracted(report())),
    )
    assert results(query) == [(1, False, False, "P"), (2, False, False, "N"), (3, False, True, "P")]
    (ledger,) = query("SELECT version, result_id FROM screening_result_ledger")
    assert ledger == query("SELECT version, id FROM screening_result ORDER BY version DESC LIMIT 1")[0]
    ((payload,),) = query("SELECT payload FROM events_event")
    assert len(payload["results"]) == 3


def test_a_correction_without_original_is_the_first_and_its_sender_is_told(keep, query):
    (kept,) = keep(message(corrected(report())))
    assert codes(kept) == ["R05"]
    assert results(query) == [(1, True, False, "P")]


def test_a_retraction_without_original_keeps_no_result(keep, query):
    (kept,) = keep(message(retracted(report())))
    assert (kept.outcome, codes(kept)) == (Outcome.ACCEPTED, ["D02"])
    assert results(query) == []
    assert query("SELECT count(*) FROM screening_message") == [(1,)]


def test_a_final_result_that_says_something_else_is_a_version_with_a_warning(keep, query):
    keep(message(report()))
    (kept,) = keep(message(report(result=Result.NEGATIVE)))
    assert codes(kept) == ["D01"]
    assert results(query)[-1] == (2, True, False, "N")


def test_two_analyses_of_one_record_are_two_results(keep, query):
    keep(message(report(), report(loinc=ANTIGEN, analysis_code=ANTIGEN)))
    assert sorted(query("SELECT loinc, version FROM screening_result")) == [(PCR, 1), (ANTIGEN, 1)]


def test_the_same_record_number_of_two_laboratories_is_two_results(keep, query):
    other = finess_in("69")
    keep(message(report()))
    elsewhere = report(laboratory=replace(report().laboratory, finess=other))
    keep(message(elsewhere, sender=other))
    assert [row[0] for row in results(query)] == [1, 1]


def test_next_month_has_its_own_partition(keep, query):
    january = datetime(2031, 1, 3, 8, tzinfo=UTC)
    keep(message(report()))
    keep(message(corrected(report(), result=Result.NEGATIVE)), now=january)
    rows = query(
        "SELECT month::text, version, current, tableoid::regclass::text FROM screening_result ORDER BY 2"
    )
    assert rows == [
        ("2026-11-01", 1, False, "screening_result_2026_11"),
        ("2031-01-01", 2, True, "screening_result_2031_01"),
    ]


def test_the_next_half_year_still_recognises_messages_results_and_people(keep, query, counts):
    december, january = datetime(2026, 12, 31, 23, tzinfo=UTC), datetime(2027, 1, 1, 1, tzinfo=UTC)
    one = message(report())
    keep(one, now=december)
    before = counts()
    (again,) = keep(one, now=january)
    assert again.repeated
    keep(message(report()), now=january)
    assert counts() == {
        **before,
        "screening_message": 2,
        "screening_message_ledger": 2,
        "screening_delivery": 2,
        "audit_entry": 2,
        "events_event": 2,  # one more message, and no result
    }
    keep(message(corrected(report(), result=Result.NEGATIVE)), now=january)
    keep(message(report(record_number="another test")), now=january)
    assert query("SELECT count(*) FROM people_person") == [(1,)]
    assert query("SELECT count(DISTINCT person_id), count(*) FROM screening_result") == [(1, 3)]


def test_homonyms_that_part_after_a_change_of_half_year_stay_parted(keep, query):
    """Traits renewed under the new half-year's key in the batch that shows them to be shared."""
    december, january = datetime(2026, 12, 31, 23, tzinfo=UTC), datetime(2027, 1, 1, 1, tzinfo=UTC)
    homonym = person(ins=nir_of("2790351215200"))
    keep(message(report()), now=december)
    keep(message(report(homonym, record_number="H")), now=january)
    keep(message(report(person(ins=""), record_number="who?")), now=january + timedelta(hours=1))
    assert query("SELECT count(*) FROM people_person") == [(3,)]


def test_a_person_abroad_belongs_to_the_department_of_his_laboratory(keep, query):
    abroad = person(address=replace(person().address, country="BEL", postal_code="1000"))
    keep(message(report(abroad)))
    assert query("SELECT department, residence_department FROM screening_result") == [("75", "")]
