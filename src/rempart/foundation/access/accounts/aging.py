"""What time does to accounts: a warning, then sleep; the end on the last day. Run every night."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from rempart.foundation.access.accounts import rules
from rempart.foundation.access.accounts.policy import AccountPolicy, accounts_on, civil_day
from rempart.foundation.access.accounts.rules import Due, Use, Why
from rempart.foundation.access.accounts.services import close
from rempart.foundation.access.actor import Purpose, system
from rempart.foundation.access.models import Agent
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.messaging.letters import Channel, Letter
from rempart.foundation.messaging.outbox import enqueue
from rempart.foundation.vault import Keyring

_LETTER_KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Aged:
    """What one night did, in accounts."""

    warned: int = 0
    asleep: int = 0
    ended: int = 0


def age(*, keyring: Keyring, now: datetime) -> Aged:
    """Warn, put to sleep and end what the day asks for; a transaction for each account, and twice is once.

    An account that only a card opens does not sleep: the card proves each time who comes.
    """
    today = civil_day(now)
    policy = accounts_on(today)
    Agent.objects.filter(is_active=True, awake_at=None).update(awake_at=now)
    done = [_age_one(key, policy=policy, keyring=keyring, now=now, today=today) for key in _due(policy, now)]
    return Aged(
        warned=sum(one in (Due.WARN_SLEEP, Due.WARN_END) for one in done),
        asleep=done.count(Due.SLEEP),
        ended=done.count(Due.END),
    )


def _due(policy: AccountPolicy, now: datetime) -> list[UUID]:
    """The accounts that have to be looked at: idle for long, or near their last day."""
    since, until = now - (policy.dormant - policy.warned), civil_day(now) + policy.warned
    idle = Q(awake_at__lte=since) & (Q(last_login=None) | Q(last_login__lte=since))
    by_card = Q(rpps__isnull=False, password__startswith=UNUSABLE_PASSWORD_PREFIX)
    found = Agent.objects.filter(is_active=True).filter((idle & ~by_card) | Q(ends_on__lte=until))
    return list(found.order_by("id").values_list("id", flat=True))


@transaction.atomic
def _age_one(
    agent_id: UUID, *, policy: AccountPolicy, keyring: Keyring, now: datetime, today: date
) -> Due | None:
    agent = Agent.objects.select_for_update().get(id=agent_id)
    if not agent.is_active or agent.awake_at is None:
        return None
    use = Use(
        awake_at=agent.awake_at, seen_at=agent.last_login, ends_on=agent.ends_on, warned_at=agent.warned_at
    )
    what = rules.due(use, policy=policy, now=now, today=today)
    actor = system(Purpose.ADMINISTRATION)
    if what is Due.END:
        close(agent, why=Why.ENDED, actor=actor, now=now)
    elif what is Due.SLEEP:
        close(agent, why=Why.DORMANT, actor=actor, now=now)
    elif what is not None:
        agent.warned_at = now
        agent.save(update_fields=["warned_at"])
        record(actor, Act.ACCOUNT_WARNED, str(agent.id), now=now, reason=what.value)
        _warn(agent, what, policy=policy, keyring=keyring, now=now)
    return what


def _warn(agent: Agent, what: Due, *, policy: AccountPolicy, keyring: Keyring, now: datetime) -> None:
    if not agent.email:
        return
    if what is Due.WARN_END and agent.ends_on is not None:
        text = _(
            "Votre compte Rempart {name} prend fin le {day}. Si votre mission se poursuit, demandez à votre "
            "administrateur de fixer un autre dernier jour."
        ).format(name=agent.username, day=agent.ends_on.strftime("%d/%m/%Y"))
    else:
        text = _(
            "Votre compte Rempart {name} n’a pas servi depuis longtemps. Connectez-vous avant le {day} pour le "
            "garder ; sans cela il sera suspendu."
        ).format(name=agent.username, day=civil_day(now + policy.warned).strftime("%d/%m/%Y"))
    letter = Letter(
        channel=Channel.EMAIL, recipient=agent.email, subject=_("Rempart : votre compte"), text=text
    )
    with transaction.get_connection().cursor() as cursor:
        enqueue(
            cursor,
            [letter],
            keyring=keyring,
            expires_on=(now + _LETTER_KEPT).date(),
            now=now,
            about="account",
        )
