"""From a positive result to a case, by the worker's subscriber."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.factories import (
    ANTIGEN,
    COVID,
    NOW,
    SEROLOGY,
    corrected,
    message,
    nir_of,
    person,
    report,
    retracted,
    somebody,
)
from tests.functional.settling import settle

from rempart.screening.rules.report import Moment, Precision, Result
from rempart.tracing import rules
from rempart.tracing.services import opening

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def open_cases(keep, query):
    """Let tracing read what was kept; the cases there are, oldest sampling first."""
    subscriber = opening.subscriber(pathogen=COVID)

    def run():
        settle(subscriber)
        return query(
            "SELECT state, version, sampled_on::text, kind FROM tracing_case ORDER BY sampled_on, id"
        )

    return run


def sampled(days_ago, **changes):
    at = Moment(at=NOW - timedelta(days=days_ago), precision=Precision.MINUTE)
    return report(sampled_at=at, record_number=f"D{days_ago}", **changes)


def states(cases):
    return [state for state, *_ in cases]


def test_a_positive_opens_a_case_with_what_the_caller_needs(keep, open_cases, query):
    keep(message(report(health_worker=True)))
    assert states(open_cases()) == ["waiting"]
    ((result_id, person_id, identity_id, expires),) = query(
        "SELECT id, person_id, identity_id, expires_on FROM screening_result"
    )
    assert query(
        "SELECT result_id, person_id, identity_id, expires_on, department, health_worker, version FROM tracing_case"
    ) == [(result_id, person_id, identity_id, expires, "75", True, 1)]


@pytest.mark.parametrize("result", [Result.NEGATIVE, Result.UNINTERPRETABLE, Result.NON_CONFORM])
def test_nothing_else_opens_one(keep, open_cases, result):
    keep(message(report(result=result)))
    assert open_cases() == []


@pytest.mark.parametrize(("loinc", "opened"), [(ANTIGEN, ["waiting"]), (SEROLOGY, [])])
def test_which_analyses_are_traced_is_the_policys_say(keep, open_cases, loinc, opened):
    keep(message(report(loinc=loinc, analysis_code=loinc)))
    assert states(open_cases()) == opened


def test_a_second_positive_of_the_episode_opens_none(keep, open_cases):
    keep(message(sampled(10)))
    assert len(open_cases()) == 1
    keep(message(sampled(3)))
    assert len(open_cases()) == 1


def test_two_positives_of_an_episode_in_one_batch_open_one(keep, open_cases):
    keep(message(sampled(10)), message(sampled(3)), message(sampled(3, loinc=ANTIGEN, analysis_code=ANTIGEN)))
    assert len(open_cases()) == 1


def test_a_new_episode_opens_another(keep, open_cases):
    keep(message(sampled(100)))
    open_cases()
    keep(message(sampled(1)))
    assert len(open_cases()) == 2


def test_homonyms_have_a_case_each(keep, open_cases):
    keep(message(sampled(2)), message(sampled(1, who=person(ins=nir_of("2790351215200")))))
    assert len(open_cases()) == 2


def test_a_correction_to_negative_withdraws_the_case(keep, open_cases):
    keep(message(report()))
    open_cases()
    keep(message(corrected(report(), result=Result.NEGATIVE)))
    assert open_cases()[0][:2] == ("withdrawn", 2)


def test_a_retraction_withdraws_the_case(keep, open_cases):
    keep(message(report()))
    open_cases()
    keep(message(retracted(report())))
    assert states(open_cases()) == ["withdrawn"]


def test_a_result_that_turns_positive_again_is_called_again(keep, open_cases):
    keep(message(report()))
    open_cases()
    keep(message(corrected(report(), result=Result.NEGATIVE)))
    open_cases()
    keep(message(corrected(report(), result=Result.POSITIVE)))
    assert states(open_cases()) == ["waiting"]


def test_a_correction_from_negative_to_positive_opens_a_case(keep, open_cases):
    keep(message(report(result=Result.NEGATIVE)))
    assert open_cases() == []
    keep(message(corrected(report())))
    assert states(open_cases()) == ["waiting"]


def test_positive_and_its_withdrawal_before_anybody_looked_open_nothing(keep, open_cases):
    keep(message(report()))
    keep(message(corrected(report(), result=Result.NEGATIVE)))
    assert open_cases() == []


def test_a_corrected_positive_keeps_its_case_in_the_same_hands(keep, open_cases, query, owner):
    keep(message(report()))
    open_cases()
    owner.execute("UPDATE tracing_case SET state = 'taken', taken_by = gen_random_uuid()")
    ((case_id, hands),) = query("SELECT id, taken_by FROM tracing_case")
    keep(message(corrected(report(), health_worker=True)))
    open_cases()
    assert query("SELECT id, taken_by, state, health_worker FROM tracing_case") == [
        (case_id, hands, "taken", True)
    ]
    assert query("SELECT c.result_id = r.id FROM tracing_case c, screening_result r WHERE r.current") == [
        (True,)
    ]


def test_when_the_first_positive_falls_the_next_of_the_episode_is_called(keep, open_cases):
    """A person stays positive by her second test: nobody may lose sight of her."""
    keep(message(sampled(10)))
    keep(message(sampled(3)))
    assert len(open_cases()) == 1
    keep(message(corrected(sampled(10), result=Result.NEGATIVE)))
    cases = open_cases()
    assert [(state, day) for state, _, day, _ in cases] == [
        ("withdrawn", "2026-11-10"),
        ("waiting", "2026-11-17"),
    ]


def test_a_corrected_positive_and_a_new_one_together_stay_one_case(keep, open_cases):
    """The new one comes first in the batch; the person has her case already."""
    keep(message(sampled(10)))
    open_cases()
    keep(message(sampled(3)), message(corrected(sampled(10), health_worker=True)))
    cases = open_cases()
    assert [(state, day) for state, _, day, _ in cases] == [("waiting", "2026-11-10")]


def test_whoever_loses_a_case_to_another_person_is_looked_at_again(keep, open_cases):
    """Of her two positives the first was somebody else's; the second is hers still."""
    keep(message(sampled(10)), message(sampled(3)))
    assert len(open_cases()) == 1
    keep(message(corrected(sampled(10), person=somebody(7))))
    assert [day for _, _, day, _ in open_cases()] == ["2026-11-10", "2026-11-17"]


def test_a_case_that_begins_anew_is_in_nobodys_hands(keep, open_cases, query, owner):
    keep(message(report()))
    open_cases()
    owner.execute("UPDATE tracing_case SET state = 'called', taken_by = gen_random_uuid(), called_at = now()")
    keep(message(corrected(report(), result=Result.NEGATIVE)))
    open_cases()
    keep(message(corrected(report(), health_worker=False)))
    open_cases()
    assert query("SELECT state, taken_by, taken_at, called_at FROM tracing_case") == [
        ("waiting", None, None, None)
    ]


def test_a_positive_given_to_another_person_by_its_correction_takes_its_case_along(keep, open_cases, query):
    """The laboratory mixed up two people, and the right one has a case of this episode already."""
    right = somebody(7)
    keep(message(sampled(10)), message(sampled(4, who=right)))
    assert len(open_cases()) == 2
    keep(message(corrected(replace(sampled(10), person=right))))
    open_cases()
    assert query(
        "SELECT count(*) FROM tracing_case c JOIN screening_result r ON r.id = c.result_id"
        " AND r.person_id = c.person_id AND r.identity_id = c.identity_id AND r.current"
    ) == [(2,)]


def test_the_bell_rings_for_the_lists_that_a_case_enters_and_for_all_that_it_may_leave(
    keep, open_cases, monkeypatch
):
    rung = []
    monkeypatch.setattr(opening.CASES, "ring", lambda about=(): rung.append(set(about)))
    keep(message(report(result=Result.NEGATIVE, record_number="N")))
    open_cases()
    assert rung == []
    keep(message(report()))
    open_cases()
    assert rung == [{"75"}]
    keep(message(corrected(report(), result=Result.NEGATIVE)))
    open_cases()
    assert rung == [{"75"}, set()]
    assert rules.policy_on(NOW.date()).same_episode == timedelta(days=60)
