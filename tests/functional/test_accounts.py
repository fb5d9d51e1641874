"""What an administrator may do with accounts, what he may not, and what everything leaves behind."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from tests.factories import NOW, finess_in
from tests.functional.keeping import (
    NORTH,
    PARIS_REGION,
    TODAY,
    acting_as,
    administrator,
    opened,
    opening,
    operator,
    the_platform,
    trained,
)

from rempart.foundation.access.accounts import lists, rules, services
from rempart.foundation.access.accounts.lists import Shown
from rempart.foundation.access.accounts.policy import Training
from rempart.foundation.access.accounts.rules import Refusal, Why
from rempart.foundation.access.accounts.services import AccountRefused
from rempart.foundation.access.models import Agent
from rempart.foundation.access.refusals import NotAllowed, RightsClosed, StaleVersion
from rempart.foundation.access.rights import Right, Role
from rempart.foundation.access.signin import factors
from rempart.foundation.access.signin.models import Session
from rempart.foundation.audit.models import Entry
from rempart.foundation.database.keys import uuid7
from rempart.foundation.messaging.outbox import newest

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def north() -> Agent:
    return administrator(NORTH)


@pytest.fixture
def investigator(north, keyring) -> Agent:
    return opened(north, opening(), keyring=keyring)


def refused(call) -> set[Refusal]:
    with pytest.raises(AccountRefused) as why:
        call()
    return set(why.value.refusals)


def acts(owner, subject: UUID) -> list[tuple[str, str]]:
    """What the trail says was done to an account, and by whom; oldest first."""
    rows = owner.execute(
        "SELECT act, actor FROM audit_entry WHERE subject = %s ORDER BY id", (str(subject),)
    ).fetchall()
    return [(act, actor) for act, actor in rows]


# opening


def test_an_account_is_opened_and_its_holder_invited(north, keyring, owner):
    agent = services.open_account(actor=acting_as(north), opening=opening(), keyring=keyring, now=NOW)
    assert (agent.role, agent.departments, agent.is_active) == ("investigator", ["59"], True)
    assert not agent.has_usable_password()
    assert agent.opened_by == north.id
    ((_, letter),) = newest(keyring=keyring)
    assert letter.recipient == "camille.riviere@exemple.fr"
    assert re.search(r"http\S+", letter.text)
    assert acts(owner, agent.id) == [("account-opened", str(north.id))]


def test_a_new_account_has_no_rights_before_its_trainings(north, keyring):
    agent = services.open_account(actor=acting_as(north), opening=opening(), keyring=keyring, now=NOW)
    with pytest.raises(RightsClosed):
        agent.actor(Right.CASES_LIST, now=NOW)
    for training in (Training.DATA_PROTECTION, Training.TRACING):
        services.record_training(
            actor=acting_as(north), agent_id=agent.id, training=training, on=TODAY, now=NOW
        )
    agent.refresh_from_db()
    assert agent.actor(Right.CASES_LIST, now=NOW).departments == ("59",)
    with pytest.raises(RightsClosed):
        agent.actor(Right.CASES_LIST, now=NOW + timedelta(days=367))


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        (opening(Role.INVESTIGATOR, "75"), Refusal.PERIMETER),
        (opening(Role.INVESTIGATOR, "*"), Refusal.PERIMETER),
        (opening(Role.ADMINISTRATOR, "02", "59", "60", "62", "80"), Refusal.ROLE),
        (opening(Role.OPERATOR, "*"), Refusal.ROLE),
        (opening(Role.DELEGATE, "59"), Refusal.END),
        (opening(Role.INVESTIGATOR, "59", ends_on=TODAY - timedelta(days=1)), Refusal.END),
    ],
)
def test_what_may_not_be_opened_is_not(north, keyring, wish, why):
    before = Agent.objects.count()

    def ask() -> None:
        services.open_account(actor=acting_as(north), opening=wish, keyring=keyring, now=NOW)

    assert why in refused(ask)
    assert Agent.objects.count() == before
    assert list(newest(keyring=keyring)) == []


def test_a_name_is_taken_once(north, keyring, investigator):
    again = opening(username=investigator.username.upper())
    assert refused(
        lambda: services.open_account(actor=acting_as(north), opening=again, keyring=keyring, now=NOW)
    ) == {Refusal.USERNAME_TAKEN}


def test_no_name_stands_in_the_way_of_a_card(north, keyring):
    """Else the professional's first sign-in would find his account's name taken."""
    wish = opening(username="RPPS-10003456786")
    assert refused(
        lambda: services.open_account(actor=acting_as(north), opening=wish, keyring=keyring, now=NOW)
    ) == {Refusal.USERNAME_TAKEN}


@pytest.mark.parametrize("role", [Role.INVESTIGATOR, Role.DELEGATE, Role.HELP_DESK, Role.DATA_PROTECTION])
def test_who_keeps_no_accounts_opens_none(keyring, role):
    agent = Agent.objects.create(username="somebody", name="Somebody", role=role, departments=["59"])
    with pytest.raises(NotAllowed):
        agent.actor(Right.ACCOUNTS_MANAGE, now=NOW)
    forged = acting_as(administrator(NORTH))
    forged = type(forged)(
        id=str(agent.id), role=role, purpose=forged.purpose, departments=("*",), agent=agent.id
    )
    with pytest.raises(NotAllowed):
        services.open_account(actor=forged, opening=opening(), keyring=keyring, now=NOW)


def test_operators_are_made_on_the_machine_only(keyring, owner):
    wish = opening(Role.OPERATOR, "*", username="second")
    with pytest.raises(NotAllowed):
        services.make_operator(actor=acting_as(operator()), opening=wish, keyring=keyring, now=NOW)
    made = services.make_operator(actor=the_platform(), opening=wish, keyring=keyring, now=NOW)
    assert made.actor(Right.ACCOUNTS_MANAGE, now=NOW).departments == ("*",)
    assert acts(owner, made.id) == [("account-opened", "system")]


# touching what is not one's own


def touches(actor, agent, keyring):
    """Everything that can be done to an account, each as a call."""
    wish = opening(Role(agent.role), "59")
    return {
        "suspend": lambda: services.suspend_account(
            actor=actor, agent_id=agent.id, why=Why.ADMINISTRATOR, now=NOW
        ),
        "resume": lambda: services.resume_account(
            actor=actor, agent_id=agent.id, seen_version=agent.version, now=NOW
        ),
        "change": lambda: services.change_account(
            actor=actor, agent_id=agent.id, seen_version=agent.version, opening=wish, now=NOW
        ),
        "train": lambda: services.record_training(
            actor=actor, agent_id=agent.id, training=Training.TRACING, on=TODAY, now=NOW
        ),
        "factors": lambda: services.reset_factors(actor=actor, agent_id=agent.id, keyring=keyring, now=NOW),
        "invite": lambda: services.invite_again(actor=actor, agent_id=agent.id, keyring=keyring, now=NOW),
        "look": lambda: lists.account(actor=actor, agent_id=agent.id, now=NOW),
    }


EVERYTHING = ("suspend", "resume", "change", "train", "factors", "invite", "look")


@pytest.mark.parametrize("what", EVERYTHING)
def test_another_regions_account_does_not_exist_for_him(investigator, keyring, what):
    paris = administrator(PARIS_REGION)
    with pytest.raises(NotAllowed):
        touches(acting_as(paris), investigator, keyring)[what]()
    before = investigator.version
    investigator.refresh_from_db()
    assert (investigator.is_active, investigator.version) == (True, before)


@pytest.mark.parametrize("what", EVERYTHING)
def test_nobody_touches_his_own_account(north, keyring, what):
    with pytest.raises(NotAllowed):
        touches(acting_as(north), north, keyring)[what]()


@pytest.mark.parametrize("what", EVERYTHING)
def test_an_administrator_does_not_touch_those_who_watch_him(north, keyring, what):
    officer = Agent.objects.create(
        username="dpo", name="Déléguée", role=Role.DATA_PROTECTION, departments=["59"]
    )
    with pytest.raises(NotAllowed):
        touches(acting_as(north), officer, keyring)[what]()


@pytest.mark.parametrize("what", ["resume", "change", "train", "factors", "invite"])
def test_the_operator_stops_an_investigator_and_does_nothing_else_with_him(investigator, keyring, what):
    chief = acting_as(operator())
    with pytest.raises(NotAllowed):
        touches(chief, investigator, keyring)[what]()
    touches(chief, investigator, keyring)["suspend"]()
    investigator.refresh_from_db()
    assert investigator.closed == Why.ADMINISTRATOR


def test_a_professional_is_kept_where_his_establishment_is(north, keyring):
    biologist = Agent.objects.create(
        username="rpps-1", name="Bio Logiste", role=Role.BIOLOGIST, departments=["59"],
        establishment=finess_in("59"), rpps="10003456786",
    )  # fmt: skip
    calls = touches(acting_as(north), biologist, keyring)
    calls["suspend"]()
    biologist.refresh_from_db()
    assert not biologist.is_active
    touches(acting_as(north), biologist, keyring)["resume"]()
    with pytest.raises(NotAllowed):
        calls["change"]()


# suspending and resuming


def test_suspending_ends_every_session_at_once(north, investigator, owner):
    Session.objects.create(
        agent=investigator, started_at=NOW, seen_at=NOW, origin="192.0.2.1", browser="Firefox"
    )
    services.suspend_account(actor=acting_as(north), agent_id=investigator.id, why=Why.LEFT, now=NOW)
    investigator.refresh_from_db()
    assert (investigator.is_active, investigator.closed) == (False, "left")
    assert not Session.objects.filter(agent=investigator).exists()
    assert acts(owner, investigator.id)[-1] == ("account-suspended", str(north.id))


def test_suspending_twice_is_once(north, investigator, owner):
    for _ in range(2):
        services.suspend_account(
            actor=acting_as(north), agent_id=investigator.id, why=Why.ADMINISTRATOR, now=NOW
        )
    assert [act for act, _ in acts(owner, investigator.id)].count("account-suspended") == 1


@pytest.mark.parametrize("why", [Why.DORMANT, Why.ENDED, Why.REPLACED])
def test_a_reason_that_is_the_platforms_is_nobodys_to_give(north, investigator, why):
    def ask() -> None:
        services.suspend_account(actor=acting_as(north), agent_id=investigator.id, why=why, now=NOW)

    assert refused(ask) == {Refusal.STATE}


def test_an_account_is_given_back_and_awake_again(north, investigator):
    services.suspend_account(actor=acting_as(north), agent_id=investigator.id, why=Why.ADMINISTRATOR, now=NOW)
    investigator.refresh_from_db()
    later = NOW + timedelta(days=100)
    services.resume_account(
        actor=acting_as(north), agent_id=investigator.id, seen_version=investigator.version, now=later
    )
    investigator.refresh_from_db()
    assert (investigator.is_active, investigator.closed, investigator.awake_at) == (True, "", later)


def test_what_is_open_cannot_be_given_back(north, investigator):
    assert refused(
        lambda: services.resume_account(
            actor=acting_as(north), agent_id=investigator.id, seen_version=investigator.version, now=NOW
        )
    ) == {Refusal.STATE}


def test_after_its_end_date_an_account_needs_another_one_first(north, keyring):
    wish = opening(Role.DELEGATE, "59", ends_on=TODAY + timedelta(days=10))
    agent = opened(north, wish, keyring=keyring)
    services.suspend_account(actor=acting_as(north), agent_id=agent.id, why=Why.LEFT, now=NOW)
    agent.refresh_from_db()
    later = NOW + timedelta(days=11)
    assert refused(
        lambda: services.resume_account(
            actor=acting_as(north), agent_id=agent.id, seen_version=agent.version, now=later
        )
    ) == {Refusal.END}
    longer = opening(Role.DELEGATE, "59", ends_on=TODAY + timedelta(days=40))
    changed = services.change_account(
        actor=acting_as(north), agent_id=agent.id, seen_version=agent.version, opening=longer, now=later
    )
    services.resume_account(
        actor=acting_as(north), agent_id=agent.id, seen_version=changed.version, now=later
    )


# changing


def test_a_perimeter_is_changed_within_the_keepers_own(north, investigator):
    changed = services.change_account(
        actor=acting_as(north), agent_id=investigator.id, seen_version=investigator.version,
        opening=opening(Role.INVESTIGATOR, "62", "80"), now=NOW,
    )  # fmt: skip
    assert changed.departments == ["62", "80"]
    assert refused(
        lambda: services.change_account(
            actor=acting_as(north), agent_id=investigator.id, seen_version=changed.version,
            opening=opening(Role.INVESTIGATOR, "62", "75"), now=NOW,
        )
    ) == {Refusal.PERIMETER}  # fmt: skip


def test_a_role_does_not_change(north, investigator):
    assert refused(
        lambda: services.change_account(
            actor=acting_as(north), agent_id=investigator.id, seen_version=investigator.version,
            opening=opening(Role.REGIONAL_INVESTIGATOR, "59"), now=NOW,
        )
    ) == {Refusal.ROLE}  # fmt: skip


def test_who_saw_another_version_changes_nothing(north, investigator):
    with pytest.raises(StaleVersion):
        services.change_account(
            actor=acting_as(north), agent_id=investigator.id, seen_version=investigator.version - 1,
            opening=opening(Role.INVESTIGATOR, "62"), now=NOW,
        )  # fmt: skip


def test_a_training_of_tomorrow_is_not_recorded_and_an_older_one_changes_nothing(north, investigator):
    def train(on) -> None:
        services.record_training(
            actor=acting_as(north), agent_id=investigator.id, training=Training.TRACING, on=on, now=NOW
        )

    assert refused(lambda: train(TODAY + timedelta(days=1))) == {Refusal.DAY}
    train(TODAY - timedelta(days=400))
    investigator.refresh_from_db()
    assert investigator.trainings["tracing"] == TODAY.isoformat()


def test_who_lost_his_second_factor_sets_up_another_and_is_told(north, investigator, keyring):
    factors.add_application(investigator, secret=factors.rules.new_secret(), counter=0, keyring=keyring)
    Session.objects.create(agent=investigator, started_at=NOW, seen_at=NOW, origin="", browser="")
    later = NOW + timedelta(hours=1)
    services.reset_factors(actor=acting_as(north), agent_id=investigator.id, keyring=keyring, now=later)
    assert not factors.has_one(investigator)
    assert not Session.objects.exists()
    (_, letter), *_ = newest(keyring=keyring)
    assert (letter.recipient, "effacer le second facteur" in letter.text) == (investigator.email, True)


def test_only_who_never_came_is_invited_again(north, investigator, keyring):
    call = touches(acting_as(north), investigator, keyring)["invite"]
    call()
    assert len(list(newest(keyring=keyring))) == 2
    Agent.objects.filter(id=investigator.id).update(last_login=NOW)
    assert refused(call) == {Refusal.STATE}


# regions


def test_a_region_has_one_administrator(keyring, north):
    wish = opening(
        Role.ADMINISTRATOR, *rules.region_perimeter(NORTH).departments, username="second", organisation="ARS"
    )
    chief = operator()
    assert refused(
        lambda: services.open_account(actor=acting_as(chief), opening=wish, keyring=keyring, now=NOW)
    ) == {Refusal.OFFICE_TAKEN}


def test_a_region_changes_hands_in_one_go_and_back(keyring, north, owner):
    chief = operator()
    wish = opening(
        Role.ADMINISTRATOR, *rules.region_perimeter(NORTH).departments, username="second", organisation="ARS"
    )
    second = services.hand_over(
        actor=acting_as(chief), leaving=north.id, arriving=wish, keyring=keyring, now=NOW
    )
    north.refresh_from_db()
    assert (north.is_active, north.closed, second.is_active) == (False, "replaced", True)
    assert ("region-handed-over", str(chief.id)) in acts(owner, north.id)
    with pytest.raises(AccountRefused):  # by the ordinary way he does not come back
        services.resume_account(
            actor=acting_as(chief), agent_id=north.id, seen_version=north.version, now=NOW
        )
    services.hand_over(actor=acting_as(chief), leaving=second.id, arriving=north.id, keyring=keyring, now=NOW)
    north.refresh_from_db()
    second.refresh_from_db()
    assert (north.is_active, second.is_active) == (True, False)


def test_a_region_is_not_handed_to_another_regions_administrator(keyring, north):
    chief, paris = operator(), administrator(PARIS_REGION)
    services.suspend_account(actor=acting_as(chief), agent_id=paris.id, why=Why.LEFT, now=NOW)
    wish = opening(Role.ADMINISTRATOR, *rules.region_perimeter("44").departments, username="east")
    for arriving in (paris.id, wish):
        assert refused(
            lambda arriving=arriving: services.hand_over(
                actor=acting_as(chief), leaving=north.id, arriving=arriving, keyring=keyring, now=NOW
            )
        ) == {Refusal.WHOLE_REGION}
    north.refresh_from_db()
    assert north.is_active  # nothing was done by half
    assert not Agent.objects.filter(username="east").exists()


def at_once(*calls) -> list[object]:
    """What each call gave or raised, all begun at the same moment."""
    outcomes: list[object] = []
    gate = threading.Barrier(len(calls))

    def run(call) -> None:
        gate.wait(10)
        try:
            outcomes.append(call())
        except Exception as error:
            outcomes.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return outcomes


def test_two_administrators_of_one_region_at_the_same_moment_are_one(keyring):
    chief = operator()
    codes = rules.region_perimeter(NORTH).departments
    actor = acting_as(chief)
    outcomes = at_once(
        *(
            lambda name=name: services.open_account(
                actor=actor,
                opening=opening(Role.ADMINISTRATOR, *codes, username=name),
                keyring=keyring,
                now=NOW,
            )
            for name in ("first", "second", "third")
        )
    )
    made = [one for one in outcomes if isinstance(one, Agent)]
    lost = [one.refusals for one in outcomes if isinstance(one, AccountRefused)]
    assert (len(made), lost) == (1, [(Refusal.OFFICE_TAKEN,)] * 2)
    assert Agent.objects.filter(region=NORTH, is_active=True).count() == 1


def test_two_accounts_of_one_name_at_the_same_moment_are_one(north, keyring):
    actor = acting_as(north)
    outcomes = at_once(
        *(
            lambda: services.open_account(
                actor=actor, opening=opening(username="same"), keyring=keyring, now=NOW
            )
            for _ in range(2)
        )
    )
    assert sorted(type(one).__name__ for one in outcomes) == ["AccountRefused", "Agent"]


def test_two_who_change_an_account_at_the_same_moment_do_not_overwrite_each_other(north, investigator):
    actor = acting_as(north)
    outcomes = at_once(
        *(
            lambda code=code: services.change_account(
                actor=actor, agent_id=investigator.id, seen_version=investigator.version,
                opening=opening(Role.INVESTIGATOR, code), now=NOW,
            )
            for code in ("62", "80")
        )
    )  # fmt: skip
    assert sorted(type(one).__name__ for one in outcomes) == ["Agent", "StaleVersion"]


# the list


def test_the_list_shows_the_perimeter_and_nothing_else(north, keyring, investigator):
    paris = administrator(PARIS_REGION)
    opened(paris, opening(Role.INVESTIGATOR, "75", name="Parisienne"), keyring=keyring)
    Agent.objects.create(username="dpo", name="Déléguée", role=Role.DATA_PROTECTION, departments=["59"])
    Agent.objects.create(username="both", name="À cheval", role=Role.INVESTIGATOR, departments=["59", "75"])
    page = lists.accounts(actor=acting_as(north), now=NOW)
    assert [line.agent.name for line in page.lines] == ["Camille Rivière"]
    everybody = lists.accounts(actor=acting_as(operator()), now=NOW)
    assert len(everybody.lines) == 6


def test_the_list_is_paged_and_searched_at_the_same_cost(north, django_assert_num_queries):
    actor = acting_as(north)
    Agent.objects.bulk_create(
        Agent(
            id=uuid7(), username=f"agent-{n:03}", name=f"Agent {n % 7} Nom{n:03}", role="investigator",
            departments=["62"], organisation="CPAM" if n % 2 else "MSA", awake_at=NOW,
        )
        for n in range(120)
    )  # fmt: skip
    seen, after = [], ""
    while True:
        with django_assert_num_queries(2 if after else 1):
            page = lists.accounts(actor=actor, after=after, now=NOW)
        seen += [line.agent.username for line in page.lines]
        if not page.next:
            break
        after = page.next
    assert len(seen) == len(set(seen)) == 120
    with django_assert_num_queries(1):
        found = lists.accounts(actor=actor, text="NOM042 msa", now=NOW)
    assert [line.agent.username for line in found.lines] == ["agent-042"]
    assert lists.accounts(actor=actor, text="100%", now=NOW).lines == []
    assert lists.accounts(actor=actor, shown=Shown.SUSPENDED, now=NOW).lines == []


def test_a_page_that_begins_nowhere_is_the_first(north, investigator):
    for after in ("", "x", str(uuid7())):
        assert len(lists.accounts(actor=acting_as(north), after=after, now=NOW).lines) == 1


def test_a_region_is_listed_by_its_own_administrator_only(north):
    with pytest.raises(NotAllowed):
        lists.accounts(
            actor=acting_as(north, Right.ACCOUNTS_REVIEW).__class__(
                id="x", role=Role.INVESTIGATOR, purpose=acting_as(north).purpose, departments=("*",)
            ),
            now=NOW,
        )


def test_the_trail_declares_what_it_says(north, investigator, owner):
    """Every entry that these services wrote was declared: settings.AUDIT_STRICT raises otherwise."""
    trained(investigator)
    assert Entry._meta.db_table == "audit_entry"
    kinds = owner.execute("SELECT DISTINCT purpose FROM audit_entry").fetchall()
    assert kinds == [("administration",)]
