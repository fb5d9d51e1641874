"""Who keeps whose account, what an account needs, and when it ends."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from tests.factories import finess_in

from rempart.foundation.access.accounts import rules
from rempart.foundation.access.accounts.policy import Training, accounts_on, civil_day, training_on
from rempart.foundation.access.accounts.rules import (
    Account,
    Authority,
    Due,
    Hold,
    Lack,
    Perimeter,
    Refusal,
    Use,
    Wanted,
    due,
    may_move,
    may_open,
    may_touch,
)
from rempart.foundation.access.rights import Right, Role, has

TODAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
POLICY = accounts_on(TODAY)
NORTH = rules.region_perimeter("32")  # Hauts-de-France
NATION = Perimeter(departments=frozenset({"*"}))
ACCOUNTS = [role for role in Role if role not in (Role.LABORATORY, Role.PATIENT, Role.SYSTEM)]


def perimeter(*codes: str, establishment: str = "") -> Perimeter:
    return Perimeter(departments=frozenset(codes), establishment=establishment)


ADMINISTRATOR = Authority(agent=UUID(int=1), role=Role.ADMINISTRATOR, perimeter=NORTH)
OPERATOR = Authority(agent=UUID(int=2), role=Role.OPERATOR, perimeter=NATION)


def wanted(role: Role = Role.INVESTIGATOR, *codes: str, **more: object) -> Wanted:
    return Wanted(role=role, perimeter=perimeter(*(codes or ("59",))), **more)  # type: ignore[arg-type]


def refusals(authority: Authority, wish: Wanted) -> set[Refusal]:
    return set(may_open(authority, wish, policy=POLICY, today=TODAY))


def test_an_administrator_opens_an_investigator_in_his_region():
    assert refusals(ADMINISTRATOR, wanted(Role.INVESTIGATOR, "59", "62")) == set()


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        (wanted(Role.INVESTIGATOR, "59", "75"), Refusal.PERIMETER),
        (wanted(Role.INVESTIGATOR, "*"), Refusal.PERIMETER),
        (wanted(Role.INVESTIGATOR, "59", "XX"), Refusal.UNKNOWN_PLACE),
        (wanted(Role.DELEGATE, "59", ends_on=TODAY), Refusal.ORGANISATION),
        (wanted(Role.DELEGATE, "59", organisation="Prestataire"), Refusal.END),
        (wanted(Role.INVESTIGATOR, "59", ends_on=TODAY - timedelta(days=1)), Refusal.END),
        (wanted(Role.INVESTIGATOR, "59", ends_on=TODAY + timedelta(days=367)), Refusal.END),
        (wanted(Role.ADMINISTRATOR, *NORTH.departments), Refusal.ROLE),
        (wanted(Role.HELP_DESK, "*"), Refusal.ROLE),
        (wanted(Role.BIOLOGIST, "59"), Refusal.ROLE),
    ],
)
def test_what_an_administrator_may_not_open(wish, why):
    assert why in refusals(ADMINISTRATOR, wish)


def test_a_perimeter_of_nothing_is_none():
    wish = Wanted(role=Role.INVESTIGATOR, perimeter=perimeter())
    assert refusals(ADMINISTRATOR, wish) == {Refusal.NO_PERIMETER}


def test_the_operator_appoints_an_administrator_of_one_whole_region():
    assert refusals(OPERATOR, wanted(Role.ADMINISTRATOR, *NORTH.departments)) == set()
    assert refusals(OPERATOR, wanted(Role.ADMINISTRATOR, "59", "62")) == {Refusal.WHOLE_REGION}
    assert refusals(OPERATOR, wanted(Role.ADMINISTRATOR, *NORTH.departments, "75")) == {Refusal.WHOLE_REGION}
    assert refusals(OPERATOR, wanted(Role.ADMINISTRATOR, "*")) == {Refusal.WHOLE_REGION}


def test_the_operator_opens_nobody_who_sees_a_person():
    for role in rules.opened_by(Role.OPERATOR):
        assert not has(role, Right.CASES_OPEN)
        assert not has(role, Right.FILES_SAMPLING)
    assert Refusal.ROLE in refusals(OPERATOR, wanted(Role.INVESTIGATOR, "59"))
    assert Refusal.ROLE in refusals(OPERATOR, wanted(Role.OPERATOR, "*"))


@pytest.mark.parametrize("role", ACCOUNTS)
def test_nobody_opens_his_own_role_nor_one_that_opens_it(role):
    """However long the chain of accounts that open accounts."""
    reached, waiting = set(), [role]
    while waiting:
        for other in rules.opened_by(waiting.pop()):
            if other not in reached:
                reached.add(other)
                waiting.append(other)
    assert role not in reached


@pytest.mark.parametrize("role", ACCOUNTS)
def test_who_keeps_accounts_is_who_has_that_right(role):
    assert bool(rules.held_by(role)) == has(role, Right.ACCOUNTS_MANAGE)


def test_an_account_is_touched_by_whoever_keeps_it_only():
    account = Account(id=UUID(int=9), role=Role.INVESTIGATOR, perimeter=perimeter("59"))
    assert may_touch(ADMINISTRATOR, account, Hold.OPENS) == ()
    assert may_touch(OPERATOR, account, Hold.STOPS) == ()
    assert may_touch(OPERATOR, account, Hold.KEEPS) == (Refusal.ROLE,)
    partly_elsewhere = replace(account, perimeter=perimeter("59", "75"))
    assert may_touch(ADMINISTRATOR, partly_elsewhere, Hold.STOPS) == (Refusal.PERIMETER,)
    nowhere = replace(account, perimeter=perimeter())
    assert may_touch(ADMINISTRATOR, nowhere, Hold.STOPS) == (Refusal.PERIMETER,)
    other_role = replace(account, role=Role.DATA_PROTECTION)
    assert may_touch(ADMINISTRATOR, other_role, Hold.STOPS) == (Refusal.ROLE,)


def test_nobody_touches_his_own_account():
    own = Account(id=UUID(int=2), role=Role.OPERATOR, perimeter=NATION)
    assert may_touch(OPERATOR, own, Hold.STOPS) == (Refusal.SELF,)


def test_an_account_keeps_its_role():
    account = Account(id=UUID(int=9), role=Role.INVESTIGATOR, perimeter=perimeter("59"))
    moved = may_move(ADMINISTRATOR, account, wanted(Role.REGIONAL_INVESTIGATOR), policy=POLICY, today=TODAY)
    assert moved == (Refusal.ROLE,)
    assert may_move(ADMINISTRATOR, account, wanted(Role.INVESTIGATOR, "62"), policy=POLICY, today=TODAY) == ()


def test_an_account_of_elsewhere_is_not_brought_here():
    account = Account(id=UUID(int=9), role=Role.INVESTIGATOR, perimeter=perimeter("75"))
    moved = may_move(ADMINISTRATOR, account, wanted(Role.INVESTIGATOR, "59"), policy=POLICY, today=TODAY)
    assert moved == (Refusal.PERIMETER,)


def test_a_region_is_all_of_its_departments():
    assert NORTH.region == "32"
    assert perimeter("59", "62").region == ""
    assert rules.region_perimeter("975").region == "975"
    assert NATION.region == ""
    assert perimeter("XX").region == ""


TRAINED = {"data-protection": TODAY - timedelta(days=365), "tracing": TODAY - timedelta(days=730)}


def account(**changes: object) -> Account:
    base = Account(id=UUID(int=9), role=Role.INVESTIGATOR, perimeter=perimeter("59"), trainings=TRAINED)
    return replace(base, **changes)  # type: ignore[arg-type]


def lacks(one: Account, day: date = TODAY) -> tuple[Lack, ...]:
    return rules.lacks(one, policy=training_on(day), conditions="2026-11", today=day)


def test_a_training_is_worth_something_until_its_last_day_included():
    assert lacks(account()) == ()
    assert lacks(account(), TODAY + timedelta(days=1)) == (Lack.TRAINING,)
    missing = rules.missing_trainings(Role.INVESTIGATOR, {}, policy=training_on(TODAY), today=TODAY)
    assert missing == (Training.DATA_PROTECTION, Training.TRACING)


def test_rights_end_after_the_last_day():
    assert lacks(account(ends_on=TODAY)) == ()
    assert lacks(account(ends_on=TODAY - timedelta(days=1))) == (Lack.END,)


def test_professionals_need_no_training_of_ours_and_accept_the_conditions_in_force():
    lab = perimeter("59", establishment=finess_in("59"))
    biologist = account(role=Role.BIOLOGIST, perimeter=lab, trainings={}, conditions="2026-11")
    assert lacks(biologist) == ()
    assert lacks(replace(biologist, conditions="2025-01")) == (Lack.CONDITIONS,)
    assert lacks(replace(biologist, conditions="")) == (Lack.CONDITIONS,)
    assert lacks(account(conditions="")) == ()  # whose account somebody else opened accepts nothing


def test_a_day_is_the_states():
    assert civil_day(datetime(2026, 6, 30, 22, 30, tzinfo=UTC)) == date(2026, 7, 1)


def use(idle_days: int, *, warned_days_ago: int | None = None, ends_in: int | None = None) -> Use:
    return Use(
        awake_at=NOW - timedelta(days=idle_days + 30),
        seen_at=NOW - timedelta(days=idle_days),
        ends_on=None if ends_in is None else TODAY + timedelta(days=ends_in),
        warned_at=None if warned_days_ago is None else NOW - timedelta(days=warned_days_ago),
    )


@pytest.mark.parametrize(
    ("found", "what"),
    [
        (use(10), None),
        (use(52), None),
        (use(53), Due.WARN_SLEEP),
        (use(55, warned_days_ago=2), None),
        (use(60, warned_days_ago=7), Due.SLEEP),
        (use(60, warned_days_ago=6), None),
        (use(400), Due.WARN_SLEEP),  # nobody looked for a year: a warning first, all the same
        (use(53, warned_days_ago=80), Due.WARN_SLEEP),  # that warning was before he came back
        (use(1, ends_in=0), Due.WARN_END),
        (use(1, ends_in=6), Due.WARN_END),
        (use(1, ends_in=7), None),
        (use(3, warned_days_ago=1, ends_in=3), None),
        (use(1, ends_in=-1), Due.END),
        (use(400, ends_in=-1), Due.END),
    ],
)
def test_what_the_day_asks_for(found, what):
    assert due(found, policy=POLICY, now=NOW, today=TODAY) is what


def test_an_account_nobody_ever_used_is_dormant_from_its_opening():
    never = Use(awake_at=NOW - timedelta(days=53), seen_at=None, ends_on=None, warned_at=None)
    assert due(never, policy=POLICY, now=NOW, today=TODAY) is Due.WARN_SLEEP


def test_a_resumed_account_is_awake_from_that_day():
    resumed = Use(
        awake_at=NOW - timedelta(days=1),
        seen_at=NOW - timedelta(days=300),
        ends_on=None,
        warned_at=NOW - timedelta(days=240),
    )
    assert due(resumed, policy=POLICY, now=NOW, today=TODAY) is None
