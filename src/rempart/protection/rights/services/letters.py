"""What is written about requests: to the person that an answer is there, to the officer that time runs out."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from importlib import resources

from rempart.foundation.access.actor import Purpose, acting, system
from rempart.foundation.messaging.letters import Channel, Letter
from rempart.foundation.messaging.outbox import enqueue
from rempart.foundation.retention import Kind, retention
from rempart.foundation.vault import Keyring
from rempart.protection.officers import write_to_officers
from rempart.protection.rights import rules
from rempart.protection.rights.models import Request
from rempart.protection.rights.services import kept
from rempart.screening.models import TestResult
from rempart.screening.notices.services import contact


def tell(row: Request, kind: str, *, keyring: Keyring, public_url: str, now: datetime) -> bool:
    """Write to the person who asked, at the latest address a laboratory gave; False when there is none."""
    with acting(system(Purpose.RIGHTS)) as cursor:
        latest = (
            TestResult.objects.filter(person_id=row.person_id, current=True).order_by("-received_at").first()
        )
        details = contact(keyring, bytes(latest.sealed), latest.id.bytes) if latest else None
        letter = (
            _letter(details, kind, number=row.number, url=f"{public_url}/mes-donnees/") if details else None
        )
        if letter is None:
            return False
        until = retention(Kind.LETTER).last_day(now.date(), today=now.date())
        enqueue(cursor, [letter], keyring=keyring, expires_on=until, now=now, about="rights")
    return True


def remind(*, keyring: Keyring, public_url: str, now: datetime) -> int:
    """Tell every data-protection officer of the requests whose deadline is near or past; how many requests."""
    today = now.date()
    with acting(system(Purpose.RIGHTS)) as cursor:
        due = _due(today=today)
        if not due:
            return 0
        text = _texts()["reminder"]
        late = sum(1 for row in due if row.due_on < today)
        body = text["text"].format(near=len(due) - late, late=late, url=f"{public_url}/droits/demandes/")
        if write_to_officers(cursor, subject=text["subject"], text=body, keyring=keyring, now=now):
            Request.objects.filter(pk__in=[row.pk for row in due]).update(reminded_on=today)
    return len(due)


def _due(*, today: date) -> Sequence[Request]:
    """Requests of whose deadline whoever handles them is to be told today."""
    waiting = Request.objects.filter(closed_at__isnull=True, due_on__lte=today + rules.SOON).order_by(
        "due_on"
    )
    return [
        row
        for row in waiting
        if rules.to_remind(kept.standing_of(row), reminded_on=row.reminded_on, today=today)
    ]


def _letter(details: Mapping[str, str], kind: str, **values: str) -> Letter | None:
    text = _texts()[kind]
    body = text["text"].format(**values)
    if details["mobile"]:
        return Letter(channel=Channel.SMS, recipient=details["mobile"], text=body)
    if details["email"]:
        return Letter(channel=Channel.EMAIL, recipient=details["email"], subject=text["subject"], text=body)
    return None


@cache
def _texts() -> Mapping[str, Mapping[str, str]]:
    source = resources.files("rempart.protection.rights").joinpath("data/letters.toml")
    return tomllib.loads(source.read_text("utf-8"))
