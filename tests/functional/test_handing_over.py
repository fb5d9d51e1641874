"""A case handed to a delegate: he sees it and no other, until it is taken back."""

from dataclasses import replace

import pytest
from tests.factories import NOW, in_lyon, of
from tests.functional.accounts import account

from rempart.foundation.access.actor import acting, system
from rempart.foundation.access.models import Agent
from rempart.foundation.access.refusals import NotAllowed, StaleVersion
from rempart.foundation.access.rights import Purpose, Right, Role
from rempart.foundation.people.models import Identity
from rempart.screening.models import TestResult
from rempart.tracing import rules
from rempart.tracing.models import Case
from rempart.tracing.services import working
from rempart.tracing.services import worklist as lists

pytestmark = pytest.mark.django_db(transaction=True)

ALL = tuple(rules.State)


@pytest.fixture
def paris() -> Agent:
    return account(Role.INVESTIGATOR, "75")


@pytest.fixture
def delegate() -> Agent:
    return account(Role.DELEGATE, "75")


@pytest.fixture
def cases(arrive) -> list[Case]:
    """Two cases of Paris and one of Lyon."""
    arrive(of(1), of(2), in_lyon(9))
    with acting(system(Purpose.OPERATION)):
        return list(Case.objects.order_by("department", "id").filter(department="75"))


def using(agent: Agent, right: Right):
    agent.refresh_from_db()
    return agent.actor(right, now=NOW)


def seen(agent: Agent, keyring, states=ALL) -> list[tuple]:
    """What an agent's list shows: cases and whether a name stands beside."""
    page = lists.worklist(actor=using(agent, Right.CASES_LIST), states=states, keyring=keyring, now=NOW)
    return [(line.case.id, line.identity is not None) for line in page.lines]


def hand(paris: Agent, case: Case, delegate: Agent, version: int = 1) -> Case:
    actor = using(paris, Right.CASES_HAND_OVER)
    return working.hand_over(actor=actor, case_id=case.id, seen_version=version, to=delegate.id, now=NOW)


def test_a_delegate_sees_what_was_handed_to_him_with_its_person(paris, delegate, cases, keyring):
    assert seen(delegate, keyring) == []
    hand(paris, cases[0], delegate)
    assert seen(delegate, keyring) == [(cases[0].id, True)]
    file = lists.open_file(
        actor=using(delegate, Right.CASES_OPEN), case_id=cases[0].id, keyring=keyring, now=NOW
    )
    assert file.mobile
    assert file.identity.birth_name.startswith("PERSONNE")
    with pytest.raises(NotAllowed):
        lists.open_file(
            actor=using(delegate, Right.CASES_OPEN), case_id=cases[1].id, keyring=keyring, now=NOW
        )


def test_a_forgotten_filter_shows_a_delegate_nothing_else(paris, delegate, cases):
    hand(paris, cases[0], delegate)
    with acting(using(delegate, Right.CASES_LIST)):
        assert [case.id for case in Case.objects.all()] == [cases[0].id]
        assert not Identity.objects.exists()
        assert not TestResult.objects.exists()


def test_he_works_on_it_and_the_investigator_still_sees_it(paris, delegate, cases, keyring):
    hand(paris, cases[0], delegate)
    work = using(delegate, Right.CASES_WORK)
    working.take_case(actor=work, case_id=cases[0].id, seen_version=2, now=NOW)
    done = working.mark_called(actor=work, case_id=cases[0].id, seen_version=3, now=NOW)
    assert done.state == "called"
    assert (cases[0].id, True) in seen(paris, keyring)


def test_taken_back_it_is_gone_from_his_list_and_waits_again(paris, delegate, cases, keyring):
    hand(paris, cases[0], delegate)
    working.take_case(actor=using(delegate, Right.CASES_WORK), case_id=cases[0].id, seen_version=2, now=NOW)
    back = working.take_back(
        actor=using(paris, Right.CASES_HAND_OVER), case_id=cases[0].id, seen_version=3, now=NOW
    )
    assert (back.state, back.taken_by, back.handed_to) == ("waiting", None, None)
    assert seen(delegate, keyring) == []
    with pytest.raises(NotAllowed):
        working.mark_called(
            actor=using(delegate, Right.CASES_WORK), case_id=cases[0].id, seen_version=4, now=NOW
        )


def test_only_to_an_active_delegate_of_the_department(paris, cases):
    strangers = [
        account(Role.DELEGATE, "69"),
        account(Role.INVESTIGATOR, "75"),
    ]
    gone = account(Role.DELEGATE, "75")
    Agent.objects.filter(pk=gone.pk).update(is_active=False)
    for stranger in (*strangers, gone):
        with pytest.raises(NotAllowed):
            hand(paris, cases[0], stranger)
    with acting(system(Purpose.OPERATION)):
        assert Case.objects.get(pk=cases[0].pk).handed_to is None


def test_not_from_another_department_nor_by_a_delegate(delegate, cases):
    lyon = account(Role.INVESTIGATOR, "69")
    with pytest.raises(NotAllowed):
        hand(lyon, cases[0], delegate)
    with pytest.raises(NotAllowed):
        delegate.actor(Right.CASES_HAND_OVER, now=NOW)
    pretender = replace(delegate.actor(Right.CASES_WORK, now=NOW), departments=("75",))
    with pytest.raises(NotAllowed):
        working.hand_over(actor=pretender, case_id=cases[0].id, seen_version=1, to=delegate.id, now=NOW)


def test_not_out_of_a_colleagues_hands_nor_on_an_old_view(paris, delegate, cases):
    colleague = account(Role.INVESTIGATOR, "75")
    working.take_case(actor=using(colleague, Right.CASES_WORK), case_id=cases[0].id, seen_version=1, now=NOW)
    with pytest.raises(StaleVersion):
        hand(paris, cases[0], delegate)
    with pytest.raises(rules.NotNow):
        hand(paris, cases[0], delegate, version=2)
    with pytest.raises(rules.NotNow):
        working.take_back(
            actor=using(paris, Right.CASES_HAND_OVER), case_id=cases[1].id, seen_version=1, now=NOW
        )
