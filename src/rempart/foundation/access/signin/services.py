"""What changes how an agent signs in: passwords, second factors, entry by card."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth import logout
from django.db import transaction
from django.http import HttpRequest

from rempart.foundation.access.actor import Actor
from rempart.foundation.access.models import Agent
from rempart.foundation.access.refusals import NotAllowed
from rempart.foundation.access.rights import Role
from rempart.foundation.access.signin import factors, links, rules, sessions, trace
from rempart.foundation.access.signin.links import Link, News
from rempart.foundation.access.signin.rules import Means
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.vault import Keyring, keyring_of


@transaction.atomic
def ask_recovery(*, actor: Actor, name: str, keyring: Keyring, now: datetime) -> None:
    """Send a link to the account of that name, if there is one with an e-mail and a second factor.

    Everything is done for a name that no account has, too, and its letter taken back: neither the answer
    nor its time tells whether the account exists.
    """
    agent = Agent.objects.filter(username=name.lower(), is_active=True).exclude(email="").first()
    known = agent or Agent(username=name.lower(), email="nobody@invalid")
    allowed = factors.has_one(known)
    with transaction.atomic():
        links.recover(known, allowed=allowed, keyring=keyring, now=now)
        if agent is None:
            transaction.set_rollback(True)
    record(actor, Act.PASSWORD_ASKED, str(agent.id) if agent else "unknown", now=now, sent=allowed)


@transaction.atomic
def choose_password(*, link: Link, password: str, actor: Actor, now: datetime) -> Agent:
    """Set the password by a link; every session of the account ends. Raises NotAllowed when somebody used
    the link a moment ago."""
    agent = Agent.objects.select_for_update().get(id=link.agent.id)
    if agent.password != link.agent.password:
        raise NotAllowed("the link was used")
    _set(agent, password)
    record(actor, Act.PASSWORD_CHANGED, str(agent.id), now=now, method=link.kind.value)
    return agent


@transaction.atomic
def change_password(
    *, agent: Agent, password: str, actor: Actor, keep: UUID | None, keyring: Keyring, now: datetime
) -> None:
    """Set another password, and end every session but the one at hand."""
    _set(agent, password, keep=keep)
    record(actor, Act.PASSWORD_CHANGED, str(agent.id), now=now, method="oneself")
    links.tell(agent, News.PASSWORD_CHANGED, keyring=keyring, now=now)


@transaction.atomic
def start_again(*, actor: Actor, username: str, now: datetime) -> Agent:
    """Take password, second factors and sessions from an account: on the machine itself only, as the platform,
    for an operator who lost everything. A link lets him begin again.

    Raises NotAllowed for anybody else, and for a name that no active account has.
    """
    agent = Agent.objects.select_for_update().filter(username=username.lower(), is_active=True).first()
    if actor.role is not Role.SYSTEM or agent is None:
        raise NotAllowed("no such account")
    agent.set_unusable_password()
    agent.save(update_fields=["password"])
    factors.forget(agent)
    sessions.end(agent)
    record(actor, Act.FACTORS_RESET, str(agent.id), now=now)
    return agent


def sign_in_by_card(request: HttpRequest, agent: Agent, *, proved_at: float) -> None:
    """Sign in an agent whom Pro Santé Connect has just named: the card and its code are both factors.

    Also how such an agent proves again who he is before something sensitive: what counts is when he proved it there
    (`proved_at`, seconds since 1970), for a session that he left open with the provider brings anybody at his desk
    back here. Raises NotAllowed when the account is suspended.
    """
    if not agent.is_active:
        raise NotAllowed("suspended")
    if request.user.pk != agent.pk:
        logout(request)
    at = min(proved_at, trace.at(request).timestamp())
    record_authentication(request, agent, Means.CARD.value, at=at)
    get_adapter().login(request, agent)


def enter(request: HttpRequest, agent: Agent, *, means: Sequence[Means]) -> None:
    """Sign in an agent who just chose a password by a link: what he proved on the way counts."""
    logout(request)
    for one in means:
        _recorded(request, agent, one)
    get_adapter().login(request, agent)


def second_factor_set_up(request: HttpRequest, agent: Agent, authenticator: Authenticator) -> None:
    """A new second factor was proved: a session that had the password only has both now, under another key."""
    before = rules.passed(sessions.proofs_of(request))
    _recorded(request, agent, Means(authenticator.type))
    trace.note(Act.SECOND_FACTOR_ADDED, agent, request, method=authenticator.type)
    links.tell(agent, News.SECOND_FACTOR_ADDED, keyring=keyring_of(settings.KEY_STORE), now=trace.at(request))
    if before is not rules.Passed.BOTH:
        request.session.cycle_key()
        trace.signed_in(agent, request, [proof.means for proof in sessions.proofs_of(request)])


def _recorded(request: HttpRequest, agent: Agent, means: Means) -> None:
    if means in (Means.PASSWORD, Means.CARD):
        record_authentication(request, agent, means.value)
    else:
        record_authentication(request, agent, "mfa", type=means.value)


def _set(agent: Agent, password: str, *, keep: UUID | None = None) -> None:
    agent.set_password(password)
    agent.save(update_fields=["password"])
    sessions.end(agent, but=keep)
