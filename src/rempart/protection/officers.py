"""Writing to the data-protection officers: what asks for them and cannot wait until they look."""

from __future__ import annotations

from datetime import datetime

from django.db.backends.utils import CursorWrapper

from rempart.foundation.access.models import Agent
from rempart.foundation.access.rights import Role
from rempart.foundation.messaging.letters import Channel, Letter
from rempart.foundation.messaging.outbox import enqueue
from rempart.foundation.retention import Kind, retention
from rempart.foundation.vault import Keyring


def write_to_officers(
    cursor: CursorWrapper, *, subject: str, text: str, keyring: Keyring, now: datetime
) -> int:
    """A letter to each active account of the role that has an address, in the caller's transaction; how many."""
    officers = Agent.objects.filter(role=Role.DATA_PROTECTION, is_active=True).exclude(email="")
    letters = [
        Letter(channel=Channel.EMAIL, recipient=officer.email, subject=subject, text=text)
        for officer in officers
    ]
    if letters:
        until = retention(Kind.LETTER).last_day(now.date(), today=now.date())
        enqueue(cursor, letters, keyring=keyring, expires_on=until, now=now, about="watch")
    return len(letters)
