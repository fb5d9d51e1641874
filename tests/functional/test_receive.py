"""Receiving a batch: what is kept, what is recognised, what the sender is told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.factories import (
    ANTIGEN,
    LAB,
    NOW,
    PCR,
    codes,
    corrected,
    delivery,
    finess_in,
    message,
    nir_of,
    person,
    report,
    retracted,
    somebody,
)

from rempart.foundation.vault import Purpose, SealBroken, unseal
from rempart.screening.rules.report import Outcome, Result, Status

pytestmark = pytest.mark.django_db(transaction=True)


def results(query, columns="version, current, retracted, result"):
    return query(f"SELECT {columns} FROM screening_result ORDER BY version, id")


def test_one_message_is_kept_with_everything_that_goes_with_it(keep, counts):
    (kept,) = keep(message(report()))
    assert (kept.outcome, kept.repeated, kept.findings) == (Outcome.ACCEPTED, False, ())
    assert {table: rows for table, rows in counts().items() if rows} == {
        "events_event": 1,
        "people_identity": 1,
        "people_link": 1,
        "people_matching_key": 2,
        "people_person": 1,
        "screening_delivery": 1,
        "screening_message": 1,
        "screening_message_ledger": 1,
        "screening_result": 1,
        "screening_result_ledger": 1,
    }


def test_the_same_batch_again_is_answered_as_then_and_stores_nothing(keep, counts):
    batch = [message(report(somebody(n), record_number=f"R{n}")) for n in range(20)]
    first = keep(*batch)
    before = counts()
    again = keep(*batch)
    assert counts() == before
    assert all(kept.repeated for kept in again)
    assert [kept.delivery_id for kept in again] == [kept.delivery_id for kept in first]
    assert {kept.outcome for kept in again} == {Outcome.ACCEPTED}


def test_the_same_batch_a_day_later_is_recognised(keep, counts):
    batch = [message(report())]
    keep(*batch)
    before = counts()
    (kept,) = keep(*batch, now=NOW + timedelta(days=1))
    assert kept.repeated
    assert counts() == before


def test_a_message_without_control_id_is_known_by_its_bytes(keep, counts):
    one = message(report(), control_id="", raw=b"H|the same bytes")
    keep(one)
    before = counts()
    (kept,) = keep(one)
    assert kept.repeated
    assert counts() == before


def test_two_messages_without_control_id_are_two(keep, query):
    one = message(report(record_number="A"), control_id="", raw=b"H|one")
    other = message(report(record_number="B"), control_id="", raw=b"H|other")
    assert [kept.repeated for kept in keep(one, other)] == [False, False]
    assert len(results(query)) == 2


def test_twice_in_one_batch_is_once(keep, query):
    one = message(report())
    first, second = keep(one, one)
    assert (first.repeated, second.repeated) == (False, True)
    assert first.delivery_id == second.delivery_id
    assert results(query) == [(1, True, False, "P")]


def test_the_same_result_in_two_messages_is_kept_once(keep, query):
    keep(message(report()), message(report()))
    (kept,) = keep(message(report()))
    assert not kept.repeated  # another message: the result is what is known
    assert codes(kept) == []
    assert results(query) == [(1, True, False, "P")]
    assert query("SELECT count(*) FROM events_event") == [(1,)]


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


def test_a_control_id_that_says_something_else_is_refused(keep, query):
    keep(message(report(), control_id="C1"))
    (kept,) = keep(message(report(result=Result.NEGATIVE), control_id="C1"))
    assert (kept.outcome, codes(kept)) == (Outcome.REJECTED, ["H02"])
    assert results(query) == [(1, True, False, "P")]


def test_a_refused_control_id_is_refused_again_with_the_same_reason(keep, counts):
    """A sender that did not hear the first answer must not take the second one for a yes."""
    clash = message(report(result=Result.NEGATIVE), control_id="C1")
    keep(message(report(), control_id="C1"))
    keep(clash)
    before = counts()
    (kept,) = keep(clash)
    assert (kept.outcome, kept.repeated, codes(kept)) == (Outcome.REJECTED, True, ["H02"])
    assert counts() == before


def test_control_ids_belong_to_their_sender(keep, query):
    other = finess_in("69")
    keep(message(report(), control_id="C1"))
    elsewhere = report(laboratory=replace(report().laboratory, finess=other), record_number="Z")
    (kept,) = keep(message(elsewhere, control_id="C1", sender=other))
    assert kept.outcome is Outcome.ACCEPTED
    assert len(results(query)) == 2


def test_a_rejected_message_may_come_again_mended_under_its_control_id(keep, query):
    keep(message(control_id="C1", raw=b"MSH|damaged", outcome=Outcome.REJECTED))
    (kept,) = keep(message(report(), control_id="C1"))
    assert (kept.outcome, kept.repeated) == (Outcome.ACCEPTED, False)
    assert results(query) == [(1, True, False, "P")]
    assert query("SELECT outcome FROM screening_message ORDER BY delivery_id") == [
        ("rejected",),
        ("accepted",),
    ]


def test_a_rejected_message_again_is_rejected_again_and_kept_once(keep, counts):
    damaged = message(control_id="C1", raw=b"MSH|damaged", outcome=Outcome.REJECTED)
    keep(damaged)
    before = counts()
    (kept,) = keep(damaged)
    assert (kept.outcome, kept.repeated) == (Outcome.REJECTED, True)
    assert counts() == before


@pytest.mark.parametrize("outcome", [Outcome.HELD, Outcome.REJECTED])
def test_what_is_not_accepted_is_kept_sealed_and_gives_no_result(keep, keyring, query, outcome):
    raw = b"MSH|^~\\&|the bytes as they came"
    one = message(report(status=Status.HELD), raw=raw, outcome=outcome)
    keep(message(report(record_number="first")), one)
    ((delivery_id, position, sealed),) = query(
        "SELECT delivery_id, position, sealed FROM screening_message WHERE outcome = %s", outcome.value
    )
    context = delivery_id.bytes + position.to_bytes(4, "big")
    assert unseal(keyring, sealed, purpose=Purpose.DELIVERY, context=context) == raw
    with pytest.raises(SealBroken):
        unseal(keyring, sealed, purpose=Purpose.DELIVERY, context=delivery_id.bytes + b"\0\0\0\0")
    assert len(results(query)) == 1


def test_a_held_message_then_final_under_another_control_id(keep, query):
    keep(message(report(status=Status.HELD, result=None), outcome=Outcome.HELD))
    keep(message(report()))
    assert results(query) == [(1, True, False, "P")]


def test_the_key_of_another_laboratory_is_refused(keep, query):
    (kept,) = keep(message(report()), laboratory=finess_in("69"))
    assert (kept.outcome, codes(kept)) == (Outcome.REJECTED, ["L04"])
    assert results(query) == []


def test_a_message_of_two_laboratories_is_refused_whole(keep, query):
    foreign = report(laboratory=replace(report().laboratory, finess=finess_in("69")), record_number="Z")
    (kept,) = keep(message(report(), foreign), laboratory=LAB)
    assert codes(kept) == ["L04"]
    assert results(query) == []


def test_a_laboratory_is_known_however_its_number_is_spaced(keep, query):
    spaced = f"{LAB[:2]} {LAB[2:]}"
    (kept,) = keep(message(report(laboratory=replace(report().laboratory, finess=spaced))), laboratory=LAB)
    assert kept.outcome is Outcome.ACCEPTED
    assert query("SELECT laboratory FROM screening_result") == [(LAB,)]


def test_another_laboratory_that_replays_a_known_message_is_refused_too(keep):
    one = message(report())
    keep(one, laboratory=LAB)
    (kept,) = keep(one, laboratory=finess_in("69"))
    assert (kept.outcome, codes(kept)) == (Outcome.REJECTED, ["L04"])


def test_nobody_takes_the_control_ids_of_another_laboratory(keep, query):
    """The sender a message names is only what it says; its key says who it is."""
    other = finess_in("69")
    own = report(laboratory=replace(report().laboratory, finess=other), record_number="Z")
    keep(message(own, control_id="C1", sender=LAB), laboratory=other)
    (kept,) = keep(message(report(), control_id="C1", sender=LAB), laboratory=LAB)
    assert kept.outcome is Outcome.ACCEPTED
    assert len(results(query)) == 2


def test_a_delivery_of_several_batches_is_one_delivery(keep, query):
    whole = delivery()
    keep(message(report(record_number="A")), into=whole)
    later = message(report(record_number="B"))
    keep(message(report(record_number="A2")), message(report(record_number="A3")))
    assert query("SELECT count(*) FROM screening_delivery") == [(2,)]
    with pytest.raises(Exception, match="screening_message"):
        keep(later, into=whole)  # the same position twice: the caller counts through the whole delivery
    assert query("SELECT count(*) FROM screening_result") == [(3,)]


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
