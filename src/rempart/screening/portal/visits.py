"""What a visit to the portal keeps in its session: the proof of one result, and whose results may be listed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.contrib.sessions.backends.base import SessionBase

from rempart.screening.portal.services.recognition import Visit

STAY = timedelta(minutes=20)
"""How long a visit stays open."""
_PROOF, _VISIT, _UNTIL = "portal-proof", "portal-visit", "portal-until"


def open_with_proof(session: SessionBase, proof: str, *, now: datetime) -> None:
    """Begin a visit of one result: by reference, birth date and code."""
    session.flush()
    session[_PROOF], session[_UNTIL] = proof, (now + STAY).timestamp()


def open_with_list(session: SessionBase, visit: Visit, *, now: datetime) -> None:
    """Begin a visit of all results of somebody recognised."""
    session.flush()
    session[_VISIT] = [str(visit.person), *map(str, visit.identities)]
    session[_UNTIL] = (now + STAY).timestamp()


def choose(session: SessionBase, proof: str) -> None:
    """Open one result of the list; the visit ends when it would have."""
    session[_PROOF] = proof


def proof_of(session: SessionBase, *, now: datetime) -> str | None:
    """The proof of the result that is open, while the visit lasts."""
    proof = session.get(_PROOF)
    return proof if isinstance(proof, str) and _lasts(session, now) else None


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


def _lasts(session: SessionBase, now: datetime) -> bool:
    return now < datetime.fromtimestamp(session.get(_UNTIL, 0), UTC)
