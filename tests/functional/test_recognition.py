"""Citizens who come by FranceConnect: whose results they see, over a real database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.factories import COVID, NOW, corrected, message, nir_of, of, person, report, retracted
from tests.functional.settling import settle
from tests.functional.trail import entries

from rempart.foundation.access.actor import acting
from rempart.foundation.access.openid.pivot import PivotIdentity, pivot_identity_of
from rempart.foundation.access.openid.refusals import Reason, SignInRefused
from rempart.foundation.access.refusals import NotAllowed
from rempart.foundation.people.models import Identity
from rempart.foundation.vault import keyring_of
from rempart.screening import models
from rempart.screening.portal.services import listing, recognition, showing
from rempart.screening.rules.report import Result

pytestmark = pytest.mark.django_db(transaction=True)


def pivot(**changes: object) -> PivotIdentity:
    """The woman of tests/factories.py, as FranceConnect knows her."""
    claims = {
        "sub": "b" * 64 + "v1",
        "family_name": "ZYGOMALAS",
        "given_name_array": ["Théodosie", "Wilhelmine"],
        "birthdate": "1979-03-28",
        "gender": "female",
        "birthplace": "51215",
        "birthcountry": "99100",
    }
    return pivot_identity_of(claims | changes)


@pytest.fixture
def recognise(keyring):
    def run(who: PivotIdentity | None = None, *, days: int = 1) -> recognition.Visit:
        return recognition.recognise(
            pivot=who or pivot(), keyring=keyring, origin="192.0.2.1", now=NOW + timedelta(days=days)
        )

    return run


@pytest.fixture
def refusal(recognise):
    def run(who: PivotIdentity | None = None) -> tuple[Reason, str]:
        with pytest.raises(SignInRefused) as why:
            recognise(who)
        return why.value.reason, why.value.detail

    return run


def lines(visit: recognition.Visit, *, days: int = 1) -> list[listing.Line]:
    return listing.by_franceconnect(
        visit=visit,
        keyring=keyring_of(settings.KEY_STORE),
        pathogen=COVID,
        origin="192.0.2.1",
        now=NOW + timedelta(days=days),
    )


def proof(visit: recognition.Visit, line: listing.Line) -> str:
    return listing.chosen_by_franceconnect(
        visit=visit, result=line.result.id, origin="192.0.2.1", now=NOW + timedelta(days=1)
    )


def test_a_citizen_sees_each_of_his_results_once_the_newest_first(keep, recognise, keyring):
    first = report(result=Result.NEGATIVE)
    later = replace(first.sampled_at, at=NOW - timedelta(hours=3))
    keep(message(first), message(report(record_number="D2", sampled_at=later)), message(of(1)))
    keep(message(corrected(first, result=Result.POSITIVE)), now=NOW + timedelta(hours=1))
    settle()
    visit = recognise()
    found = lines(visit)
    assert [line.result.version for line in found] == [1, 2]
    assert [line.result.result for line in found] == ["P", "P"]
    shown = showing.show(
        proof=proof(visit, found[1]), keyring=keyring, pathogen=COVID, origin="", now=NOW + timedelta(days=1)
    )
    assert shown.result.id == found[1].result.id
    assert shown.identity.birth_name == "ZYGOMALAS"
    (listed,) = entries(act="results-listed")
    assert (listed.person_id, listed.details) == (visit.person, {"found": 2})
    assert [entry.details for entry in entries(act="signed-in")] == [{"method": "franceconnect"}]


def test_a_visitor_sees_no_row_of_anybody_else(keep, recognise):
    keep(message(report()), message(of(1)), message(of(2)))
    visit = recognise()
    with acting(visit.actor("")):
        assert {row.person_id for row in models.TestResult.objects.all()} == {visit.person}
        assert set(Identity.objects.values_list("id", flat=True)) == set(visit.identities)


def test_a_result_of_somebody_else_is_not_chosen(keep, recognise):
    keep(message(report()), message(of(1)))
    settle()
    visit = recognise()
    with acting(replace(visit.actor(""), departments=("*",))):
        foreign = models.TestResult.objects.exclude(person_id=visit.person).get()
    with pytest.raises(NotAllowed):
        listing.chosen_by_franceconnect(visit=visit, result=foreign.id, origin="", now=NOW)


def test_a_retracted_result_is_listed_as_withdrawn_and_opens_so(keep, recognise, keyring):
    one = report()
    keep(message(one))
    settle()
    keep(message(retracted(one)), now=NOW + timedelta(hours=1))
    settle()
    visit = recognise()
    (line,) = lines(visit)
    assert line.withdrawn
    shown = showing.show(
        proof=proof(visit, line), keyring=keyring, pathogen=COVID, origin="", now=NOW + timedelta(days=1)
    )
    assert shown.withdrawn


def test_a_result_that_was_given_to_another_person_is_withdrawn_here(keep, recognise):
    one = report()
    keep(message(one))
    settle()
    keep(
        message(corrected(one, person=person(birth_name="AUTRE", ins="", ins_authority=""))),
        now=NOW + timedelta(hours=1),
    )
    visit = recognise()
    (line,) = lines(visit)
    assert line.withdrawn


def test_what_may_no_longer_be_read_is_not_listed(keep, recognise):
    keep(message(report(result=Result.NEGATIVE)))
    visit = recognise()
    assert len(lines(visit, days=89)) == 1
    assert lines(visit, days=1000) == []


def test_without_access_yet_a_listed_result_does_not_open(keep, recognise):
    keep(message(report()))
    visit = recognise()
    (line,) = lines(visit)
    with pytest.raises(NotAllowed):
        proof(visit, line)


@pytest.mark.parametrize(
    "changes",
    [
        {"family_name": "ZYGOMALA"},
        {"given_name_array": ["Wilhelmine"]},
        {"birthdate": "1979-03-27"},
        {"gender": "male"},
    ],
)
def test_another_trait_finds_nobody(keep, refusal, changes):
    keep(message(report()))
    assert refusal(pivot(**changes)) == (Reason.NO_RESULT, "")


def test_spelling_without_accents_finds_the_same_person(keep, recognise):
    keep(message(report(person(first_names=("THEODOSIE",)))))
    assert recognise()


def test_a_namesake_born_elsewhere_is_not_shown_her_results(keep, refusal):
    keep(message(report()))
    assert refusal(pivot(birthplace="75056")) == (Reason.DOUBT, "born elsewhere")
    assert refusal(pivot(birthplace="", birthcountry="99352")) == (Reason.DOUBT, "born elsewhere")


def test_a_record_without_a_place_proves_nothing(keep, refusal):
    keep(message(report(person(birth_place="", ins="", ins_authority=""))))
    assert refusal() == (Reason.DOUBT, "no place of birth")


def test_one_unproven_record_beside_a_proven_one_stays_unseen(keep, recognise):
    keep(message(report()))
    keep(
        message(report(person(birth_place="", ins="", ins_authority=""), record_number="D2")),
        now=NOW + timedelta(hours=1),
    )
    visit = recognise()
    assert [line.result.version for line in lines(visit)] == [1]
    assert len(visit.identities) == 1


def test_two_persons_of_the_same_traits_are_nobody(keep, refusal):
    keep(message(report()))
    keep(
        message(report(person(ins=nir_of("2790351215190")), record_number="D2")),
        now=NOW + timedelta(hours=1),
    )
    assert refusal() == (Reason.DOUBT, "homonym")


@pytest.mark.parametrize(
    "changes",
    [
        {"birthplace": ""},
        {"birthdate": "1979"},
        {"gender": ""},
        {"family_name": ""},
        {"given_name_array": []},
    ],
)
def test_an_incomplete_identity_is_not_looked_for(keep, refusal, changes):
    keep(message(report()))
    assert refusal(pivot(**changes)) == (Reason.CLAIMS, "pivot identity")


def test_the_traits_are_found_under_the_key_of_the_period_before(keep, recognise):
    keep(message(report()), now=datetime(2026, 6, 30, tzinfo=UTC))
    assert recognise(days=1).identities


def test_security_a_refusal_notes_why_and_not_whose(keep, refusal, keyring):
    keep(message(report()))
    with pytest.raises(SignInRefused) as why:
        recognition.recognise(pivot=pivot(birthplace="75056"), keyring=keyring, origin="192.0.2.1", now=NOW)
    recognition.note_refusal(why.value, origin="192.0.2.1", now=NOW)
    (trace,) = entries(act="sign-in-refused")
    assert (trace.person_id, trace.subject) == (None, "franceconnect")
    assert trace.details == {"method": "franceconnect", "reason": "doubt"}


def test_a_longer_list_asks_the_database_no_more(keep, recognise):
    keep(message(report()))
    visit = recognise()
    with CaptureQueriesContext(connection) as one:
        assert len(lines(visit)) == 1
    keep(*(message(report(record_number=f"D{number}")) for number in range(5)), now=NOW + timedelta(hours=2))
    longer = recognise()
    with CaptureQueriesContext(connection) as six:
        assert len(lines(longer)) == 6
    assert len(six) == len(one)
