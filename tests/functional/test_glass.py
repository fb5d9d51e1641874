"""Breaking the glass: what it opens, how long, and who is told."""

from datetime import timedelta

import pytest
from tests.factories import NOW, in_lyon, of
from tests.functional.accounts import account

from rempart.foundation.access.glass import services as service
from rempart.foundation.access.glass.rules import Refusal
from rempart.foundation.access.models import Agent, Glass
from rempart.foundation.access.refusals import NotAllowed
from rempart.foundation.access.rights import Right, Role
from rempart.foundation.messaging.outbox import newest
from rempart.tracing import rules
from rempart.tracing.services import worklist as cases

pytestmark = pytest.mark.django_db(transaction=True)

REASON = "Une personne de Paris est hospitalisée à Lyon, l'équipe de Lyon ne répond pas."
WAITING = (rules.State.WAITING,)


def agent(role: Role, *departments: str, name: str = "Camille Rivière") -> Agent:
    return account(role, *departments, name=name, email=f"{role}.{''.join(departments)}@exemple.fr")


@pytest.fixture
def paris() -> Agent:
    return agent(Role.INVESTIGATOR, "75")


def break_it(who: Agent, keyring, *, departments=("69",), reason=REASON, now=NOW) -> Glass:
    return service.break_glass(
        actor=who.actor(Right.GLASS_BREAK, now=now), departments_=departments, reason=reason,
        keyring=keyring, now=now,
    )  # fmt: skip


def seen(who: Agent, keyring, now) -> set[str]:
    who.refresh_from_db()
    actor = who.actor(Right.CASES_LIST, now=now)
    return {
        c.case.department for c in cases.worklist(actor=actor, states=WAITING, keyring=keyring, now=now).lines
    }


def test_the_glass_opens_other_departments_for_two_hours(paris, arrive, keyring):
    arrive(of(1))
    arrive(in_lyon(9))
    assert seen(paris, keyring, NOW) == {"75"}
    break_it(paris, keyring)
    assert seen(paris, keyring, NOW + timedelta(minutes=119)) == {"75", "69"}
    assert seen(paris, keyring, NOW + timedelta(hours=2)) == {"75"}


def test_it_can_be_ended_before(paris, arrive, keyring):
    arrive(in_lyon())
    break_it(paris, keyring)
    service.mend_glass(actor=paris.actor(Right.GLASS_BREAK, now=NOW), now=NOW + timedelta(minutes=5))
    assert seen(paris, keyring, NOW + timedelta(minutes=6)) == set()


@pytest.mark.parametrize(
    ("departments", "reason", "refusals"),
    [
        ((), REASON, [Refusal.NO_DEPARTMENT]),
        (("69", "01", "38", "42"), REASON, [Refusal.TOO_MANY]),
        (("*",), REASON, [Refusal.UNKNOWN]),
        (("75",), REASON, [Refusal.ALREADY_SEEN]),
        (("69",), "urgent" + " " * 60, [Refusal.NO_REASON]),
        (("00", "75"), "", [Refusal.UNKNOWN, Refusal.ALREADY_SEEN, Refusal.NO_REASON]),
    ],
)
def test_the_glass_holds_and_says_everything_that_is_wrong(departments, reason, refusals, paris, keyring):
    with pytest.raises(service.GlassHolds) as holds:
        break_it(paris, keyring, departments=departments, reason=reason)
    assert holds.value.refusals == refusals
    paris.refresh_from_db()
    assert paris.glass_until is None
    assert not Glass.objects.exists()


def test_those_who_watch_are_told_at_once_and_nobody_else(paris, keyring):
    agent(Role.ADMINISTRATOR, "75", "92")
    agent(Role.ADMINISTRATOR, "69")
    agent(Role.DATA_PROTECTION)
    agent(Role.INVESTIGATOR, "75", name="Dominique Leroy")
    break_it(paris, keyring)
    told = {letter.recipient: letter for _, letter in newest(keyring=keyring)}
    assert set(told) == {"administrator.7592@exemple.fr", "data-protection.@exemple.fr"}
    assert "Rhône" in told["administrator.7592@exemple.fr"].text
    assert "Camille Rivière" in told["administrator.7592@exemple.fr"].text


def test_the_review_shows_what_was_opened_meanwhile(paris, arrive, keyring):
    arrive(in_lyon())
    glass = break_it(paris, keyring)
    paris.refresh_from_db()
    (line,) = cases.worklist(
        actor=paris.actor(Right.CASES_LIST, now=NOW), states=WAITING, keyring=keyring, now=NOW
    ).lines
    for minutes in (1, 5, 121):
        moment = NOW + timedelta(minutes=minutes)
        who = paris.actor(Right.CASES_OPEN, now=NOW)
        cases.open_file(actor=who, case_id=line.case.id, keyring=keyring, now=moment)
    watcher = agent(Role.ADMINISTRATOR, "75").actor(Right.GLASS_REVIEW, now=NOW)
    (row,) = service.broken(actor=watcher)
    assert (row.glass.id, row.opened, row.agent.name) == (glass.id, 2, "Camille Rivière")
    service.review(actor=watcher, glass_id=glass.id, justified=False, now=NOW)
    with pytest.raises(NotAllowed):  # once
        service.review(actor=watcher, glass_id=glass.id, justified=True, now=NOW)
    glass.refresh_from_db()
    assert glass.justified is False


def test_another_region_reviews_nothing(paris, keyring):
    glass = break_it(paris, keyring)
    elsewhere = agent(Role.ADMINISTRATOR, "69").actor(Right.GLASS_REVIEW, now=NOW)
    assert service.broken(actor=elsewhere) == []
    with pytest.raises(NotAllowed):
        service.review(actor=elsewhere, glass_id=glass.id, justified=True, now=NOW)


@pytest.mark.parametrize("role", [Role.DELEGATE, Role.BIOLOGIST, Role.ADMINISTRATOR, Role.EPIDEMIOLOGIST])
def test_who_has_not_the_right_breaks_nothing(role):
    with pytest.raises(NotAllowed):
        agent(role, "75").actor(Right.GLASS_BREAK, now=NOW)


def test_the_glass_is_for_investigations_only(paris, keyring):
    """What else an investigator may do stays within his departments."""
    break_it(paris, keyring)
    paris.refresh_from_db()
    assert paris.actor(Right.EXCHANGE_USE, now=NOW).departments == ("75",)
