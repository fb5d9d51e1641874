"""What the portal shows of one result: its latest version, in whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.backends.utils import CursorWrapper

from rempart.foundation.access.actor import Actor, acting, naming
from rempart.foundation.access.refusals import NotAllowed
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.directories.models import Laboratory
from rempart.foundation.identifiers import finess
from rempart.foundation.people.content import IdentityRecord
from rempart.foundation.people.identities import read_identity
from rempart.foundation.terminology import Analysis, Pathogen, ResultRule
from rempart.foundation.territories import zone_of
from rempart.foundation.vault import Keyring
from rempart.screening.models import Access
from rempart.screening.notices.services import contact
from rempart.screening.portal.services.opening import latest, proven
from rempart.screening.rules.report import Result
from rempart.screening.services.documents import Attached, attached_to
from rempart.screening.services.published import PublishedResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the portal shows of one result; times are on the clock of the place of sampling."""

    result: PublishedResult
    identity: IdentityRecord
    analysis: Analysis
    meaning: ResultRule
    laboratory_name: str
    sampled_locally: datetime
    details: Mapping[str, Any] = field(repr=False)  # what is sealed beside the result
    documents: Sequence[Attached]
    device: str  # the rapid test used, by its number in the EU list; empty when it has none

    @property
    def record_number(self) -> str:
        return str(self.details["record"])

    @property
    def doctor(self) -> str:
        return doctor_of(self.details.get("prescriber"))

    @property
    def withdrawn(self) -> bool:
        """Whether the laboratory took the result back, or gave it to another person by a correction."""
        return not self.result.current

    def makes_a_case(self, pathogen: Pathogen) -> bool:
        """Whether it says that its person carries the virus: a positive that holds, of a kind that opens a case."""
        kinds = pathogen.policy_on(self.result.sampled_on).case_kinds
        return not self.withdrawn and self.result.result == Result.POSITIVE and self.analysis.kind in kinds


def show(*, proof: str, keyring: Keyring, pathogen: Pathogen, origin: str, now: datetime) -> Shown:
    """The result behind a proven access, in its latest version. Raises NotAllowed when it is gone."""
    actor, access = proven(proof, origin=origin, now=now)
    with acting(actor) as cursor:
        shown = shown_by(cursor, access, actor, keyring, pathogen)
        record(actor, Act.RESULT_SEEN, str(shown.result.id), now=now, person=access.person_id)
    return shown


def shown_by(
    cursor: CursorWrapper, access: Access, actor: Actor, keyring: Keyring, pathogen: Pathogen
) -> Shown:
    """The latest version of the result of an access. Raises NotAllowed when there is nothing left of it."""
    result = latest(cursor, access)
    identity_id = result.identity_id if result else access.identity_id  # a correction may correct it too
    with acting(naming(actor, identities=(identity_id,))):
        identity = read_identity(identity_id, keyring=keyring)
    details = contact(keyring, result.sealed, result.id.bytes) if result else None
    analysis = pathogen.analysis(result.loinc) if result else None
    if result is None or identity is None or details is None or analysis is None:
        raise NotAllowed("nothing left to show")
    laboratory = Laboratory.objects.filter(finess=result.laboratory).first()
    zone = zone_of(finess.parse(result.laboratory).department)
    return Shown(
        result=result,
        identity=identity,
        analysis=analysis,
        meaning=pathogen.meaning(result.result, analysis.kind),
        laboratory_name=laboratory.name if laboratory else details["laboratory"] or result.laboratory,
        sampled_locally=result.sampled_at.astimezone(zone),
        details=details,
        documents=attached_to(result.id),
        device=number if (number := details.get("device", "")).isdigit() else "",
    )


def doctor_of(kept: Sequence[str] | None) -> str:
    """Who prescribed: a name, else a number of RPPS or ADELI; empty when nobody is known."""
    rpps, name, adeli = (*(kept or ()), "", "", "")[:3]
    return name or rpps or adeli
