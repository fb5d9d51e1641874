"""What an administrator does with the accounts of his perimeter, and the operator with administrators'.

Each is one transaction. What may not be done raises NotAllowed when the account is none of the actor's business
(the answer never says whether it exists), AccountRefused with codes when the actor can mend what he asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from rempart.foundation.access.accounts import rules
from rempart.foundation.access.accounts.policy import Training, accounts_on, civil_day
from rempart.foundation.access.accounts.rules import Hold, Perimeter, Refusal, Why
from rempart.foundation.access.actor import Actor, Purpose, require
from rempart.foundation.access.models import BY_CARD, Agent
from rempart.foundation.access.refusals import NotAllowed, StaleVersion
from rempart.foundation.access.rights import Right, Role
from rempart.foundation.access.signin import factors, links, sessions
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.database.row_security import EVERYWHERE
from rempart.foundation.vault import Keyring

_RESUMED_BY_ITS_KEEPER = frozenset({Why.ADMINISTRATOR, Why.REVIEW, Why.DORMANT, Why.ENDED, Why.LEFT})
"""What a keeper may undo. A region changes hands by hand_over only."""


class AccountRefused(Exception):
    """What was asked cannot be; `refusals` says why, each with its stable code."""

    def __init__(self, *refusals: Refusal) -> None:
        super().__init__(", ".join(refusals))
        self.refusals = refusals


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """An account to open. `username` is what is typed to sign in; `ends_on` its last day, if it has one."""

    username: str
    name: str
    email: str
    role: Role
    departments: tuple[str, ...]
    establishment: str = ""
    organisation: str = ""
    ends_on: date | None = None

    @property
    def wanted(self) -> rules.Wanted:
        return rules.Wanted(
            role=self.role,
            perimeter=Perimeter(departments=frozenset(self.departments), establishment=self.establishment),
            organisation=self.organisation,
            ends_on=self.ends_on,
        )


def authority(actor: Actor) -> rules.Authority:
    """What an actor who keeps accounts has, to grant. Raises NotAllowed for whoever keeps none."""
    require(actor, Right.ACCOUNTS_MANAGE)
    return rules.Authority(
        agent=actor.agent, role=actor.role, perimeter=Perimeter(departments=frozenset(actor.departments))
    )


def open_account(*, actor: Actor, opening: Opening, keyring: Keyring, now: datetime) -> Agent:
    """Open an account and invite whoever has it, by mail, to choose a password.

    Raises AccountRefused: with every reason of the rules, or when the name or the region is taken.
    """
    today = civil_day(now)
    refusals = rules.may_open(authority(actor), opening.wanted, policy=accounts_on(today), today=today)
    if refusals:
        raise AccountRefused(*refusals)
    with transaction.atomic(), _unique():
        agent = _create(opening, by=actor.agent, now=now)
        record(
            actor, Act.ACCOUNT_OPENED, str(agent.id), now=now,
            role=opening.role.value, departments=_said(opening),
        )  # fmt: skip
        links.invite(agent, keyring=keyring, now=now)
    return agent


def make_operator(*, actor: Actor, opening: Opening, keyring: Keyring, now: datetime) -> Agent:
    """Open an operator's account: on the machine itself only, as the platform.

    Raises NotAllowed for anybody else, AccountRefused when the name is taken.
    """
    if actor.role is not Role.SYSTEM or opening.role is not Role.OPERATOR:
        raise NotAllowed("operators are made on the machine")
    with transaction.atomic(), _unique():
        agent = _create(opening, by=None, now=now)
        record(
            actor, Act.ACCOUNT_OPENED, str(agent.id), now=now,
            role=opening.role.value, departments=_said(opening),
        )  # fmt: skip
        links.invite(agent, keyring=keyring, now=now)
    return agent


def invite_again(*, actor: Actor, agent_id: UUID, keyring: Keyring, now: datetime) -> None:
    """Send the invitation again to somebody who never signed in. Raises AccountRefused when he did."""
    with transaction.atomic():
        agent = _held(actor, agent_id, Hold.OPENS)
        if agent.last_login is not None or not agent.is_active:
            raise AccountRefused(Refusal.STATE)
        record(actor, Act.ACCOUNT_INVITED, str(agent.id), now=now)
        links.invite(agent, keyring=keyring, now=now)


def change_account(
    *, actor: Actor, agent_id: UUID, seen_version: int, opening: Opening, now: datetime
) -> Agent:
    """Change perimeter, organisation, name or last day; role, user name and address stay.

    Raises AccountRefused, StaleVersion when somebody changed the account since the actor saw it.
    """
    today = civil_day(now)
    with transaction.atomic():
        agent = _held(actor, agent_id, Hold.OPENS, seen=seen_version)
        refusals = rules.may_move(
            authority(actor), agent.account(), opening.wanted, policy=accounts_on(today), today=today
        )
        if refusals:
            raise AccountRefused(*refusals)
        agent.name, agent.organisation, agent.ends_on = opening.name, opening.organisation, opening.ends_on
        agent.departments = sorted(opening.departments)
        agent.establishment = opening.establishment
        agent.glass_until = None
        _save(agent)
        record(actor, Act.ACCOUNT_CHANGED, str(agent.id), now=now, departments=_said(opening))
    return agent


def suspend_account(*, actor: Actor, agent_id: UUID, why: Why, now: datetime) -> None:
    """Suspend an account at once; its sessions end with it. Whoever clicks twice does nothing twice.

    Raises AccountRefused for a reason that is not the actor's to give.
    """
    if why not in (Why.ADMINISTRATOR, Why.LEFT, Why.REVIEW):
        raise AccountRefused(Refusal.STATE)
    with transaction.atomic():
        agent = _held(actor, agent_id, Hold.STOPS)
        if agent.is_active:
            close(agent, why=why, actor=actor, now=now)


def resume_account(*, actor: Actor, agent_id: UUID, seen_version: int, now: datetime) -> None:
    """Give a suspended account back to whoever has it.

    Raises AccountRefused: it is not suspended, its end date has passed (set another one first), or
    another administrator has the region; StaleVersion.
    """
    today = civil_day(now)
    with transaction.atomic(), _unique():
        agent = _held(actor, agent_id, Hold.KEEPS, seen=seen_version)
        if agent.is_active or agent.closed not in _RESUMED_BY_ITS_KEEPER:
            raise AccountRefused(Refusal.STATE)
        ends = rules.end_fits(Role(agent.role), agent.ends_on, policy=accounts_on(today), today=today)
        if ends:
            raise AccountRefused(*ends)
        reopen(agent, now=now)
        record(actor, Act.ACCOUNT_RESUMED, str(agent.id), now=now)


def record_training(*, actor: Actor, agent_id: UUID, training: Training, on: date, now: datetime) -> None:
    """Note that somebody was trained on a day; an earlier day than the one noted changes nothing.

    Raises AccountRefused for a day that has not come.
    """
    if on > civil_day(now):
        raise AccountRefused(Refusal.DAY)
    with transaction.atomic():
        agent = _held(actor, agent_id, Hold.OPENS)
        noted = agent.trainings.get(training.value, "")
        agent.trainings = {**agent.trainings, training.value: max(noted, on.isoformat())}
        _save(agent)
        record(
            actor, Act.TRAINING_RECORDED, str(agent.id), now=now,
            training=training.value, day=on.isoformat(),
        )  # fmt: skip


def reset_factors(*, actor: Actor, agent_id: UUID, keyring: Keyring, now: datetime) -> None:
    """Forget the second factors of somebody who lost his, and end his sessions: he sets up another one at his
    next sign-in, and is written that this was done."""
    with transaction.atomic():
        agent = _held(actor, agent_id, Hold.KEEPS)
        factors.forget(agent)
        sessions.end(agent)
        record(actor, Act.FACTORS_RESET, str(agent.id), now=now)
        links.tell(agent, links.News.FACTORS_ERASED, keyring=keyring, now=now)


def accept_conditions(*, agent: Agent, version: str, origin: str, now: datetime) -> None:
    """Note that somebody accepted the conditions of use, in the version that he was shown.

    Raises AccountRefused when another one is in force by now.
    """
    if version != accounts_on(civil_day(now)).conditions:
        raise AccountRefused(Refusal.STATE)
    actor = Actor(
        id=str(agent.id),
        role=Role(agent.role),
        purpose=Purpose.ADMINISTRATION,
        agent=agent.id,
        organisation=agent.organisation,
        origin=origin,
    )
    with transaction.atomic():
        Agent.objects.filter(id=agent.id).update(conditions=version, conditions_at=now)
        record(actor, Act.CONDITIONS_ACCEPTED, str(agent.id), now=now, version=version)


def hand_over(
    *, actor: Actor, leaving: UUID, arriving: Opening | UUID, keyring: Keyring, now: datetime
) -> Agent:
    """Give a region to another administrator: one leaves, the other arrives, in one transaction.

    `arriving`: an account to open, or a suspended one of the same region that takes it up again. Raises
    AccountRefused: `leaving` has no region, or `arriving` is not an administrator of that region.
    """
    with transaction.atomic(), _unique():
        before = _held(actor, leaving, Hold.OPENS)
        if not before.region or not before.is_active:
            raise AccountRefused(Refusal.STATE)
        close(before, why=Why.REPLACED, actor=actor, now=now)
        if isinstance(arriving, Opening):
            agent = open_account(actor=actor, opening=arriving, keyring=keyring, now=now)
        else:
            agent = _held(actor, arriving, Hold.OPENS)
            if agent.is_active or agent.id == before.id:
                raise AccountRefused(Refusal.STATE)
            reopen(agent, now=now)
            record(actor, Act.ACCOUNT_RESUMED, str(agent.id), now=now)
        if agent.region != before.region:
            raise AccountRefused(Refusal.WHOLE_REGION)
        record(
            actor, Act.REGION_HANDED_OVER, str(before.id), now=now,
            region=before.region, successor=str(agent.id),
        )  # fmt: skip
    return agent


def close(agent: Agent, *, why: Why, actor: Actor, now: datetime) -> None:
    """Suspend an account that the caller holds, in his transaction; no session survives it."""
    agent.is_active, agent.closed, agent.closed_at, agent.glass_until = False, why.value, now, None
    _save(agent)
    sessions.end(agent)
    record(actor, Act.ACCOUNT_SUSPENDED, str(agent.id), now=now, reason=why.value)


def reopen(agent: Agent, *, now: datetime) -> None:
    """Give an account back, in the caller's transaction: it is awake since now."""
    agent.is_active, agent.closed, agent.closed_at, agent.awake_at = True, "", None, now
    _save(agent)


def _create(opening: Opening, *, by: UUID | None, now: datetime) -> Agent:
    username = opening.username.strip().lower()
    if username.startswith(BY_CARD):
        raise AccountRefused(Refusal.USERNAME_TAKEN)
    agent = Agent(
        username=username,
        name=opening.name.strip(),
        email=opening.email.strip(),
        role=opening.role.value,
        departments=sorted(opening.departments),
        establishment=opening.establishment,
        organisation=opening.organisation.strip(),
        ends_on=opening.ends_on,
        region=opening.wanted.perimeter.region if opening.role is Role.ADMINISTRATOR else "",
        opened_at=now,
        opened_by=by,
        awake_at=now,
    )
    agent.set_unusable_password()
    agent.save(force_insert=True)
    return agent


def _said(opening: Opening) -> list[str]:
    """A perimeter as the trail names it."""
    return ["nation"] if EVERYWHERE in opening.departments else sorted(opening.departments)


def _held(actor: Actor, agent_id: UUID, needs: Hold, *, seen: int | None = None) -> Agent:
    """An account, locked until the end of the transaction. Raises NotAllowed when it is none of the actor's
    business, or there is none."""
    known = authority(actor)
    agent = Agent.objects.select_for_update().filter(id=agent_id).first()
    if agent is None or (refusals := rules.may_touch(known, agent.account(), needs)):
        raise NotAllowed("no such account" if agent is None else ", ".join(refusals))
    if seen is not None and seen != agent.version:
        raise StaleVersion
    return agent


def _save(agent: Agent) -> None:
    agent.version += 1
    agent.save()


@contextmanager
def _unique() -> Iterator[None]:
    """Say which of the two things that exist once is taken."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") or ""
        if name == "one_administrator_a_region":
            raise AccountRefused(Refusal.OFFICE_TAKEN) from None
        if "username" in name:
            raise AccountRefused(Refusal.USERNAME_TAKEN) from None
        raise
