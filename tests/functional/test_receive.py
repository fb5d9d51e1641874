"""Receiving a batch: what is kept of messages, what is recognised, who may say what."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.factories import (
    LAB,
    NOW,
    codes,
    delivery,
    finess_in,
    message,
    report,
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
        "audit_entry": 1,
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
