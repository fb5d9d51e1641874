"""Second factors of an agent: which he has, whether a code is right, adding and taking away."""

from __future__ import annotations

from datetime import datetime

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.db import transaction

from rempart.foundation.access.models import Agent
from rempart.foundation.access.signin import rules
from rempart.foundation.access.signin.sealed import seal, unseal
from rempart.foundation.vault import Keyring

_HELD = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def has_one(agent: Agent) -> bool:
    """Whether the agent has an application or a passkey; recovery codes alone are none."""
    return bool(Authenticator.objects.filter(user=agent, type__in=_HELD).exists())


def has_application(agent: Agent) -> bool:
    """Whether a code can be asked of the agent."""
    return bool(Authenticator.objects.filter(user=agent, type=Authenticator.Type.TOTP).exists())


def has_passkey(agent: Agent) -> bool:
    """Whether a passkey can be asked of the agent."""
    return bool(Authenticator.objects.filter(user=agent, type=Authenticator.Type.WEBAUTHN).exists())


def verified(agent: Agent, given: str, *, keyring: Keyring, now: datetime) -> Authenticator | None:
    """Which of the agent's factors this code is of, and spend it; None when it is wrong or was spent.

    Six digits are an application's, more are a recovery code. Two who bring the same code at the same
    moment wait for each other, and one of them is refused.
    """
    typed = rules.plain(given)
    if len(typed) == rules.CODE_DIGITS:
        return _by_application(agent, typed, keyring=keyring, now=now)
    codes = Authenticator.objects.filter(user=agent, type=Authenticator.Type.RECOVERY_CODES).first()
    return codes if codes is not None and RecoveryCodes(codes).validate_code(typed) else None


@transaction.atomic
def add_application(agent: Agent, *, secret: str, counter: int, keyring: Keyring) -> Authenticator:
    """Give the agent's account an application, in place of the one before; `counter` is of the code that
    proved it, which serves no second time."""
    Authenticator.objects.filter(user=agent, type=Authenticator.Type.TOTP).delete()
    return Authenticator.objects.create(
        user=agent,
        type=Authenticator.Type.TOTP,
        data={"secret": seal(secret, keyring=keyring), "counter": counter},
    )


def next_code(agent: Agent, *, keyring: Keyring, now: datetime) -> str:
    """The code of the agent's application that is right now and was not spent; "" when there is none."""
    found = Authenticator.objects.filter(user=agent, type=Authenticator.Type.TOTP).first()
    if found is None:
        return ""
    counter = max(rules.counter_at(now), found.data["counter"] + 1)
    return rules.code(unseal(found.data["secret"], keyring=keyring), counter)


def forget(agent: Agent) -> int:
    """Take every factor from an account; how many there were."""
    count, _ = Authenticator.objects.filter(user=agent).delete()
    return int(count)


@transaction.atomic
def _by_application(agent: Agent, typed: str, *, keyring: Keyring, now: datetime) -> Authenticator | None:
    found = Authenticator.objects.select_for_update().filter(user=agent, type=Authenticator.Type.TOTP).first()
    if found is None:
        return None
    counter = rules.counter_of(
        typed, secret=unseal(found.data["secret"], keyring=keyring), now=now, used=found.data["counter"]
    )
    if counter is None:
        return None
    found.data["counter"] = counter
    found.save(update_fields=["data"])
    return found
