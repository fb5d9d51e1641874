"""What a visit to the portal keeps in its session: what opened it, the result that is open, and a seed for declaration codes.

A visit begins in an empty session with a new key: nothing of whoever sat there before is in it, and a key that somebody
planted opens nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.contrib.sessions.backends.base import SessionBase

from rempart.screening.portal.services.recognition import Visit

STAY = timedelta(minutes=20)
"""How long a visit stays open."""
_PROOF, _VISIT, _UNTIL = "portal-proof", "portal-visit", "portal-until"
_LINK, _SEED, _SEVERAL = "portal-link", "portal-seed", "portal-several"


def open_with_proof(
    session: SessionBase, proof: str, *, seed: bytes, several: bool = False, now: datetime
) -> None:
    """Begin a visit by reference, birth date and code: the result of the link is open. `several`: others may be too."""
    session.flush()
    session[_SEVERAL] = several
    session[_PROOF] = session[_LINK] = proof
    session[_SEED], session[_UNTIL] = seed.hex(), (now + STAY).timestamp()


def open_with_list(session: SessionBase, visit: Visit, *, seed: bytes, now: datetime) -> None:
    """Begin a visit of all results of somebody recognised."""
    session.flush()
    session[_SEVERAL] = True
    session[_VISIT] = [str(visit.person), *map(str, visit.identities)]
    session[_SEED], session[_UNTIL] = seed.hex(), (now + STAY).timestamp()


def choose(session: SessionBase, proof: str) -> None:
    """Open one result of the list; the visit ends when it would have."""
    session[_PROOF] = proof


def proof_of(session: SessionBase, *, now: datetime) -> str | None:
    """The proof of the result that is open, while the visit lasts."""
    return _kept(session, _PROOF, now)


def link_of(session: SessionBase, *, now: datetime) -> str | None:
    """The proof that the visit began with, while it lasts; None for whoever came by FranceConnect."""
    return _kept(session, _LINK, now)


def seed_of(session: SessionBase, *, now: datetime) -> bytes:
    """What declaration codes of this visit are made from. Only while the visit lasts."""
    return bytes.fromhex(_kept(session, _SEED, now) or "")


def is_list(session: SessionBase) -> bool:
    """Whether there is a list to go back to."""
    return bool(session.get(_SEVERAL))


def visit_of(session: SessionBase, *, now: datetime) -> Visit | None:
    """Whose list is open, while the visit lasts."""
    kept = session.get(_VISIT)
    if not isinstance(kept, list) or len(kept) < 2 or not _lasts(session, now):
        return None
    person, *identities = map(UUID, kept)
    return Visit(person=person, identities=tuple(identities))


def was_open(session: SessionBase) -> bool:
    """Whether there was a visit, which may have ended by itself."""
    return _UNTIL in session


def _kept(session: SessionBase, name: str, now: datetime) -> str | None:
    kept = session.get(name)
    return kept if isinstance(kept, str) and _lasts(session, now) else None


def _lasts(session: SessionBase, now: datetime) -> bool:
    return now < datetime.fromtimestamp(session.get(_UNTIL, 0), UTC)
