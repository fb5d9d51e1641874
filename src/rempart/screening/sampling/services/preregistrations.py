"""What a person says of herself before she comes: left under a code, picked up once she is there."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, replace
from datetime import date, datetime

from rempart.foundation.access.actor import Actor, Purpose, acting, require, system
from rempart.foundation.access.limits import Use, take
from rempart.foundation.access.origin import network
from rempart.foundation.access.rights import Right
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.retention import Kind
from rempart.foundation.territories import department_of
from rempart.foundation.vault import Keyring
from rempart.screening.sampling.models import Preregistration as Row
from rempart.screening.sampling.rules import codes
from rempart.screening.sampling.rules.registration import Registration, as_values, registration_of
from rempart.screening.sampling.services.sealed import last_day, opened, seal
from rempart.screening.sampling.services.specimens import Informed


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What was left: its code, and the last day on which it may be picked up."""

    code: str
    until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    """What was picked up; `code` is read and right."""

    code: str
    registration: Registration
    informed: Informed


def leave(
    *, registration: Registration, informed: Informed, keyring: Keyring, origin: str, now: datetime
) -> Left:
    """Keep what somebody says of herself, for some days. Raises TooMany for a network that leaves too much."""
    take(Use.PREREGISTRATIONS, of=network(origin), now=now)
    code, until = codes.new_code(secrets.choice), last_day(Kind.PREREGISTRATION, now.date())
    digest = _digest(code, keyring)
    address = registration.person.address
    row = Row(
        code=digest,
        department=department_of(address.postal_code, commune=address.commune),
        made_at=now,
        notice_version=informed.version,
        notice_language=informed.language,
        sealed=seal(as_values(registration), context=digest, until=until, keyring=keyring),
        expires_on=until,
    )
    visitor = replace(system(Purpose.OWN_DATA), origin=origin)
    with acting(visitor):
        row.save(force_insert=True)
        record(visitor, Act.PREREGISTERED, "preregistration", now=now)
    return Left(code=code, until=until)


def withdraw(*, code: str, keyring: Keyring, origin: str, now: datetime) -> None:
    """Forget what was left under a code, at the wish of whoever left it."""
    visitor = replace(system(Purpose.OWN_DATA), origin=origin)
    with acting(visitor):
        gone, _ = Row.objects.filter(code=_digest(code, keyring)).delete()
        if gone:
            record(visitor, Act.PREREGISTRATION_WITHDRAWN, "preregistration", now=now)


def pick_up(*, actor: Actor, text: str, keyring: Keyring, now: datetime) -> Picked | None:
    """What lies under the code that was scanned or typed, or None. It stays there until `collected`.

    Raises TooMany for whoever tries too many; a mistyped code, which its key tells, is no try.
    """
    require(actor, Right.DRIVES_RUN)
    code = codes.read(text)
    if not code:
        return None
    take(Use.PREREGISTRATION_CODES, of=actor.id, now=now)
    digest = _digest(code, keyring)
    with acting(replace(system(Purpose.CARE), origin=actor.origin)):
        row = Row.objects.filter(code=digest, expires_on__gte=now.date()).first()
        record(actor, Act.PREREGISTRATION_PICKED, "preregistration", now=now, found=int(row is not None))
    values = opened(row.sealed, context=digest, keyring=keyring) if row else None
    if row is None or values is None:
        return None
    return Picked(
        code=code,
        registration=registration_of(values),
        informed=Informed(version=row.notice_version, language=row.notice_language),
    )


def collected(*, actor: Actor, code: str, keyring: Keyring) -> None:
    """Forget what was picked up: the person is registered."""
    require(actor, Right.DRIVES_RUN)
    with acting(system(Purpose.CARE)):
        Row.objects.filter(code=_digest(code, keyring)).delete()


def _digest(code: str, keyring: Keyring) -> bytes:
    return hmac.digest(keyring.secret("preregistration"), code.encode(), "sha256")
