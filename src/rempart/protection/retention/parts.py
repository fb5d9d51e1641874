"""Every table that forgets, in the order in which it does: what leans on an identity before the identity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rempart.foundation.access import retention as access
from rempart.foundation.audit import retention as audit
from rempart.foundation.events import retention as events
from rempart.foundation.messaging import retention as messaging
from rempart.foundation.people import retention as people
from rempart.foundation.retention import Digests, Kind, Part, Version, expiring, retention
from rempart.foundation.terminology import pathogen, pathogens
from rempart.protection.exchange import retention as exchange
from rempart.proximity import retention as proximity
from rempart.screening.services import retention as screening
from rempart.tracing.services import retention as tracing

PARTS: tuple[Part, ...] = (
    *tracing.PARTS,
    *screening.PARTS,
    *proximity.PARTS,
    *people.PARTS,
    *messaging.PARTS,
    *events.PARTS,
    *access.PARTS,
    *audit.PARTS,
    *exchange.PARTS,
    expiring("rights_request", kind=Kind.REQUEST),
    expiring("rights_informed", kind=Kind.REQUEST, key="person_id, version"),
    expiring("retention_hold", kind=Kind.HOLD),
)
DIGESTS: tuple[Digests, ...] = (*screening.DIGESTS, *people.DIGESTS)


def by_result() -> Mapping[str, Mapping[str, Sequence[Version]]]:
    """How long results are kept, by pathogen and result."""
    return {
        name: {result: pathogen(name).retention_of(result) for result in pathogen(name).results}
        for name in pathogens()
    }


def label_of(kind: Kind) -> str:
    """What a kind is called on pages; those whose days are said elsewhere have no row in the table."""
    return _ELSEWHERE[kind] if kind in _ELSEWHERE else retention(kind).label


_ELSEWHERE = {
    Kind.RESULT: "Résultats, et ce qui les suit : identités, cas, accès au portail",
    Kind.EXCHANGE: "Fichiers remis d’un compte à un autre, chiffrés",
}
