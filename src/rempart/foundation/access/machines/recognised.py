"""Which machines this process knows: keys and certificates that the database said hold, a moment ago.

A laboratory sends a thousand messages with one key. Asking for each would cost as much as keeping it, so that what
was shown is remembered by its digest, and all that is remembered is asked for again each second, in one query. What
is revoked opens nothing after FRESH seconds at the latest, also when the database does not answer.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import DatabaseError, connections

from rempart.foundation.access.actor import Actor
from rempart.foundation.access.models import ClientCertificate, MachineKey
from rempart.foundation.access.rights import Right

FRESH = 2.0
"""Seconds for which an answer of the database is believed."""

_EVERY = 0.8
_FORGOTTEN = 60.0
"""Seconds after which what nobody shows any more is not asked for again."""

_MOST = 10_000
_SHA256 = re.compile(r"[0-9a-f]{64}")


_Shown = tuple[bytes, str]
"""What a machine showed: the digest of its key (empty: none), the fingerprint of its certificate (empty: none)."""


@dataclass(slots=True)
class _Known:
    actor: Actor
    shown_at: float
    asked_at: float


class Recognised:
    """The machines that one process recognises without asking. Safe in any thread."""

    def __init__(self) -> None:
        self._known: dict[_Shown, _Known] = {}
        self._lock = threading.Lock()

    def get(self, key: str, certificate: str) -> Actor | None:
        """The machine that this key, certificate (SHA-256 fingerprint) or both made known less than FRESH seconds
        ago; None: ask the database, and `remember`."""
        now = time.monotonic()
        known = self._known.get((_digest(key), certificate))
        if known is None or now > known.asked_at + FRESH:
            return None
        known.shown_at = now
        return known.actor

    def remember(self, key: str, certificate: str, actor: Actor) -> None:
        """The database just said that these are of this machine."""
        now = time.monotonic()
        with self._lock:
            if len(self._known) >= _MOST:  # keys that hold, all of them: nobody fills it from outside
                self._known.clear()
            self._known[_digest(key), certificate] = _Known(actor=actor, shown_at=now, asked_at=now)

    def watch(self, stop: threading.Event) -> None:
        """Ask again each moment for what is remembered, until told to stop; without it, what is remembered goes
        stale."""
        try:
            while not stop.wait(_EVERY):
                self._forget()
                try:
                    self.ask(now=datetime.now(UTC))
                except DatabaseError:  # what is known goes stale
                    connections.close_all()
        finally:
            connections.close_all()

    def _forget(self) -> None:
        limit = time.monotonic() - _FORGOTTEN
        with self._lock:
            self._known = {shown: one for shown, one in self._known.items() if one.shown_at > limit}

    def ask(self, *, now: datetime) -> None:
        """Ask the database which of the remembered still hold."""
        began = time.monotonic()
        with self._lock:
            asked = list(self._known)
        if not asked:
            return
        hold = _holding(asked, now=now)
        with self._lock:
            for shown in asked:
                known = self._known.get(shown)
                if known is None:
                    continue
                if shown in hold:
                    known.asked_at = began
                else:
                    del self._known[shown]


def _holding(asked: Collection[_Shown], *, now: datetime) -> set[_Shown]:
    """Those of these that still hold, as access.models.machine judges one; that they were used today is noted."""
    alive = {"expires_at__gt": now, "revoked_at": None}
    keys = {
        bytes(row.digest): row
        for row in MachineKey.objects.filter(digest__in={key for key, _ in asked if key}, **alive)
        if Right.DELIVERIES_SEND.value in row.rights
    }
    certificates = {
        bytes(row.fingerprint).hex(): row
        for row in ClientCertificate.objects.filter(
            fingerprint__in={bytes.fromhex(one) for _, one in asked if _SHA256.fullmatch(one)}, **alive
        )
    }
    for model, rows in ((MachineKey, keys.values()), (ClientCertificate, certificates.values())):
        if unnoted := [row.id for row in rows if row.last_used_on != now.date()]:
            model.objects.filter(id__in=unnoted).update(last_used_on=now.date())

    def holds(key: bytes, certificate: str) -> bool:
        shown = certificates.get(certificate)
        if not key:
            return shown is not None
        return key in keys and (shown is None or shown.laboratory == keys[key].laboratory)

    return {shown for shown in asked if holds(*shown)}


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest() if key else b""
