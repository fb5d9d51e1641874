"""Asking for an account, bringing the code back, and what the help desk does for who cannot wait.

Whoever asks is told the same, in the same time, whether the laboratory exists, has an account, or had too many
letters. No account exists before the code came back; then its holder is written how to choose a password.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db import IntegrityError, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import F
from django.urls import reverse
from django.utils.translation import gettext as _

from rempart.foundation.access import limits
from rempart.foundation.access.accounts.policy import accounts_on, civil_day
from rempart.foundation.access.actor import Actor, Purpose, require
from rempart.foundation.access.enrolment import rules
from rempart.foundation.access.enrolment.rules import Check, Refused
from rempart.foundation.access.limits import Door, Use
from rempart.foundation.access.models import Agent, Enrolment
from rempart.foundation.access.refusals import NotAllowed, TooMany
from rempart.foundation.access.rights import Right, Role
from rempart.foundation.access.signin import links
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.directories.models import Laboratory
from rempart.foundation.messaging.letters import Channel, Letter
from rempart.foundation.messaging.outbox import enqueue
from rempart.foundation.vault import Keyring

_SALT = "rempart.enrolment.email"
_LINK_VALID = timedelta(days=3)
_FORGOTTEN_AFTER = timedelta(days=30)
MOST_SHOWN = 20


class CodeRefused(Exception):
    """The code opens nothing; nobody is told more than that."""


class Unchecked(Exception):
    """The help desk did not do all that it has to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What somebody of a laboratory asks for. `establishment`: a FINESS number with the right key."""

    establishment: str
    name: str
    email: str


def ask(*, request: Request, keyring: Keyring, origin: str, now: datetime) -> None:
    """Ask for an account: a letter goes to the laboratory, a message to the address to confirm it.

    Raises TooMany for whoever asks too often. Nothing else tells anything.
    """
    limits.charge(Door.RECOVERY, subject=f"enrol:{request.establishment}", address=origin, now=now)
    posted = _may_post(request.establishment, now)
    policy, code = accounts_on(civil_day(now)), rules.new_code()
    laboratory = Laboratory.objects.filter(finess=request.establishment).exclude(address="").first()
    with transaction.atomic(), transaction.get_connection().cursor() as cursor:
        row = _kept(request, now)
        if row.done_at is None and (posted or not row.code):
            row.code = rules.digest(code, enrolment=row.id.bytes, secret=_secret(keyring))
            row.tries, row.letters = 0, row.letters + 1
            row.expires_at = now + policy.letter_code
        row.name, row.conditions = request.name, policy.conditions
        row.save()
        with transaction.atomic():  # the same is done for a laboratory that nobody knows, and taken back
            _post(cursor, laboratory, row, code, keyring=keyring, now=now)
            if laboratory is None or not posted or row.done_at is not None:
                transaction.set_rollback(True)
        _ask_to_confirm(cursor, row, keyring=keyring, now=now)
        record(_nobody(origin), Act.ENROLMENT_ASKED, str(row.id), now=now, establishment=row.establishment)


def confirm_email(*, token: str, origin: str, now: datetime) -> bool:
    """Note that somebody reads the mail of the address that was given; False for a link that is none."""
    try:
        key, email = signing.loads(token, salt=_SALT, max_age=_LINK_VALID)
        row_id = UUID(hex=key)
    except (signing.BadSignature, ValueError, TypeError):
        return False
    with transaction.atomic():
        row = Enrolment.objects.select_for_update().filter(id=row_id, email=email).first()
        if row is None:
            return False
        if row.email_confirmed_at is None:
            row.email_confirmed_at = now
            row.save(update_fields=["email_confirmed_at"])
            record(_nobody(origin), Act.EMAIL_CONFIRMED, str(row.id), now=now)
    return True


def redeem(
    *, establishment: str, email: str, code: str, keyring: Keyring, origin: str, now: datetime
) -> None:
    """Bring the code of the letter back: the account is opened, and its holder written how to choose a password.

    Raises CodeRefused, whatever is wrong; TooMany.
    """
    subject = f"code:{establishment}:{email.lower()}"
    limits.charge(Door.RECOVERY, subject=subject, address=origin, now=now)
    with transaction.atomic():
        row = (
            Enrolment.objects.select_for_update()
            .filter(establishment=establishment, email=email.lower())
            .first()
        )
        why = _refusal(row, code, keyring=keyring, now=now)
        if row is not None and why is None:
            why = None if _open(row, keyring=keyring, now=now) else Refused.NAME_TAKEN
        if row is not None and why is Refused.CODE:
            Enrolment.objects.filter(id=row.id).update(tries=F("tries") + 1)
        subject_of = str(row.id) if row else "unknown"
        if why is None:
            record(_nobody(origin), Act.ENROLMENT_DONE, subject_of, now=now, establishment=establishment)
        else:
            record(_nobody(origin), Act.ENROLMENT_REFUSED, subject_of, now=now, reason=why.value)
    if why is not None:
        raise CodeRefused
    limits.give_back(Door.RECOVERY, subject=subject, address=origin, now=now)


def waiting(*, actor: Actor, establishment: str, now: datetime) -> Sequence[Enrolment]:
    """Who waits for a letter to this laboratory, the latest first. Raises NotAllowed."""
    require(actor, Right.ACCOUNTS_UNBLOCK)
    found = Enrolment.objects.filter(establishment=establishment, done_at=None, expires_at__gt=now)
    return list(found.order_by("-asked_at")[:MOST_SHOWN])


def unblock(
    *, actor: Actor, enrolment_id: UUID, checks: Collection[Check], keyring: Keyring, now: datetime
) -> None:
    """Open the account of somebody who cannot wait for his letter; he is written how to choose a password.

    Raises NotAllowed, Unchecked: not every check was done, the address was not confirmed, or the laboratory is
    in no directory (then whom did one call back?).
    """
    require(actor, Right.ACCOUNTS_UNBLOCK)
    with transaction.atomic():
        row = Enrolment.objects.select_for_update().filter(id=enrolment_id).first()
        if row is None or row.done_at is not None or row.expires_at <= now:
            raise NotAllowed("nobody waits")
        if not rules.all_checked(checks) or row.email_confirmed_at is None:
            raise Unchecked
        row.unblocked_by = actor.agent
        if not _open(row, keyring=keyring, now=now):
            raise Unchecked
        record(
            actor, Act.ACCOUNT_UNBLOCKED, str(row.agent_id), now=now, checks=sorted(one.value for one in checks)
        )  # fmt: skip


def forget(*, now: datetime) -> int:
    """Forget requests a month after their code ended, done or not; how many."""
    count, _rows = Enrolment.objects.filter(expires_at__lt=now - _FORGOTTEN_AFTER).delete()
    return count


def _may_post(establishment: str, now: datetime) -> bool:
    try:
        limits.take(Use.LETTERS, of=establishment, now=now)
    except TooMany:
        return False
    return True


def _kept(request: Request, now: datetime) -> Enrolment:
    """The row of a request, locked; a new one has no code yet."""
    row, _made = Enrolment.objects.select_for_update().get_or_create(
        establishment=request.establishment,
        email=request.email.lower(),
        defaults={"name": request.name, "asked_at": now, "code": b"", "letters": 0, "expires_at": now},
    )
    return row


def _refusal(row: Enrolment | None, code: str, *, keyring: Keyring, now: datetime) -> Refused | None:
    known = row or Enrolment(code=b"", expires_at=now)
    why = rules.refusal(
        given=rules.digest(code, enrolment=known.id.bytes, secret=_secret(keyring)),
        kept=bytes(known.code),
        tries=known.tries,
        most_tries=accounts_on(civil_day(now)).letter_tries,
        expires_at=known.expires_at,
        is_done=known.done_at is not None,
        now=now,
    )
    return Refused.UNKNOWN if row is None else why


def _open(row: Enrolment, *, keyring: Keyring, now: datetime) -> bool:
    """Make the account of an enrolment and invite its holder; False when the name is taken, or nobody knows the
    laboratory."""
    laboratory = Laboratory.objects.filter(finess=row.establishment).first()
    if laboratory is None:
        return False
    agent = Agent(
        username=row.email,
        name=row.name,
        email=row.email,
        role=Role.BIOLOGIST.value,
        establishment=row.establishment,
        departments=[laboratory.department],
        organisation=laboratory.name,
        conditions=row.conditions,
        conditions_at=row.asked_at,
        opened_at=now,
        awake_at=now,
    )
    agent.set_unusable_password()
    try:
        with transaction.atomic():
            agent.save(force_insert=True)
    except IntegrityError:
        return False
    row.agent, row.done_at = agent, now
    row.save()
    links.invite(agent, keyring=keyring, now=now)
    return True


def _post(
    cursor: CursorWrapper,
    laboratory: Laboratory | None,
    row: Enrolment,
    code: str,
    *,
    keyring: Keyring,
    now: datetime,
) -> None:
    text = (  # to the laboratory, in French whatever the language of who asked
        "{name} a demandé un compte Rempart pour votre laboratoire ({finess}).\n\n"
        "Si vous en êtes d’accord, remettez-lui ce code : {code}\n\n"
        "Il se saisit sur {link} avant le {day}. Sans votre accord, détruisez cette lettre : rien ne sera ouvert."
    ).format(
        name=row.name,
        finess=row.establishment,
        code=code,
        link=str(settings.PUBLIC_URL) + reverse("laboratory-code"),
        day=civil_day(row.expires_at).strftime("%d/%m/%Y"),
    )
    to = f"{laboratory.name}\n{laboratory.address}" if laboratory else "—"
    letter = Letter(channel=Channel.POST, recipient=to, subject="Votre code Rempart", text=text)
    enqueue(cursor, [letter], keyring=keyring, expires_on=row.expires_at.date(), now=now, about="account")


def _ask_to_confirm(cursor: CursorWrapper, row: Enrolment, *, keyring: Keyring, now: datetime) -> None:
    token = signing.dumps([row.id.hex, row.email], salt=_SALT)
    text = _(
        "Quelqu’un a demandé un compte Rempart avec cette adresse, pour le laboratoire {finess}. Si c’est vous, "
        "confirmez votre adresse dans les trois jours : {link}\n\nSi ce n’est pas vous, ne faites rien."
    ).format(
        finess=row.establishment,
        link=str(settings.PUBLIC_URL) + reverse("laboratory-email", args=[token]),
    )
    letter = Letter(
        channel=Channel.EMAIL, recipient=row.email, subject=_("Rempart : confirmez votre adresse"), text=text
    )
    enqueue(
        cursor,
        [letter],
        keyring=keyring,
        expires_on=(now + _LINK_VALID).date(),
        now=now,
        about="account",
        wakes=True,
    )


def _secret(keyring: Keyring) -> bytes:
    return keyring.secret("enrolment")


def _nobody(origin: str) -> Actor:
    """Whoever has not proved anything yet."""
    return Actor(id="nobody", role=Role.SYSTEM, purpose=Purpose.ADMINISTRATION, origin=origin)
