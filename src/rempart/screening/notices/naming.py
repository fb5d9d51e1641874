"""What the names in braces of a text to a doctor stand for."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from rempart.foundation.directories.lookups import Card
from rempart.foundation.identifiers import finess
from rempart.foundation.people.content import IdentityRecord
from rempart.foundation.territories import zone_of
from rempart.screening.rules.report import Precision
from rempart.screening.services.published import PublishedResult


def of_a_patient(
    result: PublishedResult, identity: IdentityRecord, *, laboratory: str, doctor: Card
) -> Mapping[str, str]:
    """Patient, birth date, time of sampling on the clock of its place, laboratory, and who reads it."""
    sampled = result.sampled_at.astimezone(place_of(result))
    coarse = result.sampled_precision in (Precision.YEAR, Precision.MONTH, Precision.DAY)
    born = identity.birth_date
    return {
        "patient": identity.display_name,
        "born": f"{born:%d/%m/%Y}" if born else "inconnue",
        "sampled": f"{sampled:%d/%m/%Y}" if coarse else f"{sampled:%d/%m/%Y à %H:%M}",
        "laboratory": laboratory or result.laboratory,
        "doctor": f"Docteur {doctor.first_name} {doctor.family_name.upper()}".strip(),
    }


def place_of(result: PublishedResult) -> ZoneInfo:
    """The legal time where the sample was taken."""
    return zone_of(finess.parse(result.laboratory).department)
