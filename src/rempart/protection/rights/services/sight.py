"""How much of a person whoever comes for him is shown: all of it, or what he proved by a code."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from uuid import UUID

from django.db.backends.utils import CursorWrapper

from rempart.foundation.access.actor import Actor
from rempart.foundation.vault import Keyring
from rempart.protection.rights.services.kept import Said
from rempart.screening.portal.services import opening, recognition


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """`results`: the versions of results that may be shown; None: those of the identities that are known to be
    the person's. `proof`: a digest of where the code was sent, empty for whoever did not come by one."""

    results: frozenset[UUID] | None
    proof: str

    def sees(self, said: Said) -> bool:
        """Whether a request may be shown: by code, those that were made by a code sent to the same place."""
        return self.results is None or hmac.compare_digest(said.proof, self.proof)


EVERYTHING = Shown(results=None, proof="")


def shown_to(cursor: CursorWrapper, actor: Actor, *, keyring: Keyring) -> Shown:
    """What a visitor of the portal is shown of his person. Raises NotAllowed when his access is gone."""
    if actor.id == recognition.METHOD:
        return EVERYTHING
    reached, results = opening.proven_likewise(cursor, actor, keyring=keyring)
    digest = hmac.new(keyring.secret("request-proof"), reached.encode(), "sha256").hexdigest()[:32]
    return Shown(results=results, proof=digest)
