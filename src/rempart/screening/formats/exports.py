"""A stored result as it goes out: what both encoders (FHIR, CDA) write, and what they share.

Encoders are pure: the same value gives the same bytes. What a decoder of ours reads back is the same report, but for
what the format cannot hold (docs/decisions/035-documents.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from uuid import UUID, uuid5

from rempart.foundation.identifiers import ins
from rempart.screening.rules.report import Person, Report, Result

SNOMED: Mapping[Result, tuple[str, str]] = MappingProxyType(
    {
        Result.POSITIVE: ("10828004", "positif"),
        Result.NEGATIVE: ("260385009", "négatif"),
        Result.UNINTERPRETABLE: ("373068000", "indéterminé"),
        Result.NON_CONFORM: ("125154007", "échantillon insatisfaisant pour l'évaluation"),
    }
)
"""ANS, JDV_ResultatDepistage_CISIS (1.2.250.1.213.1.1.5.761): code and label of each of the four results."""

HEALTH_WORKER, RESIDENCE = "95418-0", "75617-1"  # LOINC
SYMPTOMS, MUTATION = "SIDEP-SYMPT", "SIDEP-MUT-"  # the platform's own


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """One version of one result."""

    report: Report
    result_id: UUID  # the same for all versions
    version: int  # from 1
    made_at: datetime  # aware
    qualified: bool  # whether the national teleservice confirmed the identity: only then does the INS go out

    def key(self, part: str) -> UUID:
        """A key of a part of this version, the same each time."""
        return uuid5(self.result_id, f"{self.version}/{part}")

    @property
    def matricule(self) -> tuple[str, str]:
        """(matricule, OID of its authority) where it may go out: confirmed, with all of its traits; else ("", "")."""
        person = self.report.person
        if self.qualified and ins.authority(person.ins_authority) is not None and _is_whole(person):
            return person.ins, person.ins_authority
        return "", ""


def _is_whole(person: Person) -> bool:
    """Whether the five strict traits of the INS are there."""
    return bool(
        person.ins
        and person.birth_name
        and person.first_names
        and person.sex
        and person.birth_date
        and person.birth_place
    )
