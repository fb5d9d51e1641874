"""However many accounts open, move and stop one another, in whatever order: nobody gets beyond whoever began."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from tests.factories import finess_in

from rempart.foundation.access.accounts import rules
from rempart.foundation.access.accounts.policy import accounts_on
from rempart.foundation.access.accounts.rules import Account, Authority, Hold, Perimeter, Wanted
from rempart.foundation.access.rights import Role
from rempart.foundation.territories import departments

TODAY = date(2026, 11, 20)
POLICY = accounts_on(TODAY)
ROLES = [role for role in Role if role not in (Role.LABORATORY, Role.PATIENT, Role.SYSTEM)]
HERE, THERE = rules.region_perimeter("32"), rules.region_perimeter("11")
PLACES = st.one_of(
    st.sampled_from([HERE.departments, THERE.departments, frozenset({"*"}), frozenset()]),
    st.frozensets(st.sampled_from(["59", "62", "75", "2A", "*", "XX", *HERE.departments]), max_size=6),
    st.frozensets(st.sampled_from(sorted(departments())), max_size=3),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """Somebody asks for something: `target` none opens an account, otherwise it moves that one."""

    who: int
    target: int | None
    role: Role
    places: frozenset[str]
    establishment: str


ANYTHING = st.tuples(st.sampled_from(ROLES), PLACES, st.sampled_from(["", finess_in("59")]))
PLAUSIBLE = st.sampled_from(
    [
        (Role.ADMINISTRATOR, HERE.departments, ""),
        (Role.ADMINISTRATOR, THERE.departments, ""),
        (Role.HELP_DESK, frozenset({"*"}), ""),
        (Role.INVESTIGATOR, frozenset({"59", "62"}), ""),
        (Role.INVESTIGATOR, frozenset({"75"}), ""),
        (Role.DELEGATE, frozenset({"59", "75"}), ""),
        (Role.REGIONAL_INVESTIGATOR, HERE.departments, ""),
    ]
)
TRIES = st.lists(
    st.builds(
        lambda who, target, what: Try(
            who=who, target=target, role=what[0], places=what[1], establishment=what[2]
        ),
        who=st.integers(0, 4),
        target=st.none() | st.integers(0, 8),
        what=PLAUSIBLE | ANYTHING,
    ),
    min_size=5,
    max_size=60,
)


@dataclass
class World:
    """Accounts, and whoever opened each."""

    accounts: list[Account] = field(default_factory=list)
    opened_by: dict[UUID, UUID] = field(default_factory=dict)

    def add(self, role: Role, perimeter: Perimeter, by: Account | None = None) -> None:
        account = Account(id=UUID(int=len(self.accounts) + 1), role=role, perimeter=perimeter)
        self.accounts.append(account)
        if by is not None:
            self.opened_by[account.id] = by.id

    def attempt(self, one: Try) -> None:
        """Do what the rules let be done, and nothing else."""
        actor = self.accounts[one.who % len(self.accounts)]
        authority = Authority(agent=actor.id, role=actor.role, perimeter=actor.perimeter)
        perimeter = Perimeter(departments=one.places, establishment=one.establishment)
        wanted = Wanted(role=one.role, perimeter=perimeter, organisation="Prestataire", ends_on=TODAY)
        if one.target is None:
            if not rules.may_open(authority, wanted, policy=POLICY, today=TODAY):
                self.add(one.role, perimeter, by=actor)
            return
        place = one.target % len(self.accounts)
        account = self.accounts[place]
        if not rules.may_move(authority, account, wanted, policy=POLICY, today=TODAY):
            self.accounts[place] = replace(account, perimeter=perimeter)


@given(TRIES)
def test_what_an_administrator_brings_about_stays_in_his_region_and_below_him(tries):
    world = World()
    world.add(Role.ADMINISTRATOR, HERE)
    for one in tries:
        world.attempt(one)
    administrator, *others = world.accounts
    assert administrator.perimeter == HERE
    for account in others:
        assert account.role in rules.opened_by(Role.ADMINISTRATOR)
        assert account.perimeter.within(HERE)
        assert rules.held_by(account.role) == ()  # and opens nothing itself


@given(TRIES)
def test_what_an_operator_brings_about_is_below_him_and_shrinks_at_each_step(tries):
    world = World()
    world.add(Role.OPERATOR, Perimeter(departments=frozenset({"*"})))
    for one in tries:
        world.attempt(one)
    by_id = {account.id: account for account in world.accounts}
    for account in world.accounts[1:]:
        opener = by_id[world.opened_by[account.id]]
        assert account.role in rules.opened_by(opener.role)
        assert account.perimeter.within(opener.perimeter)
        assert account.role is not Role.OPERATOR
        if opener.role is Role.ADMINISTRATOR:
            assert "*" not in account.perimeter.departments
            assert len({departments()[code].region for code in account.perimeter.departments}) == 1


@given(TRIES, st.sampled_from(ROLES))
def test_who_may_open_nothing_changes_nothing(tries, role):
    if rules.opened_by(role):
        return
    world = World()
    world.add(role, HERE)
    for one in tries:
        world.attempt(one)
    assert world.accounts == [Account(id=UUID(int=1), role=role, perimeter=HERE)]


@given(PLACES, PLACES, PLACES)
def test_within_is_an_order(one, two, three):
    a, b, c = (Perimeter(departments=places) for places in (one, two, three))
    if a.within(b) and b.within(c):
        assert a.within(c)
    assert a.within(Perimeter(departments=frozenset({"*"})))


@given(st.sampled_from(ROLES), st.sampled_from(ROLES), PLACES)
def test_touching_more_needs_no_less(role, other, places):
    """Whoever may open may keep, whoever may keep may stop."""
    authority = Authority(agent=UUID(int=1), role=role, perimeter=HERE)
    account = Account(id=UUID(int=2), role=other, perimeter=Perimeter(departments=places))
    allowed = [not rules.may_touch(authority, account, needs) for needs in Hold]
    assert allowed == sorted(allowed, reverse=True)
