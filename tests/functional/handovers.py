"""Laboratories in the directories, and results of patients whom nothing reaches."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.factories import LAB, finess_in, person, report
from tests.functional.desks import laboratory

from rempart.foundation.directories.models import Establishment, Mailbox
from rempart.screening.rules.report import Moment, Person, Precision, Report, Result

ENTITY, SECOND, ELSEWHERE = finess_in("75", 900), finess_in("75", 2), finess_in("69", 3)
LOCAL_BOX, POOLED_BOX = "site@labo.mssante.fr", "commun@labo.mssante.fr"


def listed(number: str, entity: str, *, name: str = "") -> None:
    """A site in FINESS, under its juridical entity, which is a laboratory."""
    Establishment.objects.create(
        digest=number.encode(), finess=number, entity=entity, name=name or f"LBM {number}", department=number[:2],
        commune="", address="", phone="", category="611", category_name="", siret="", opened_on="",
    )  # fmt: skip
    laboratory(number)


def mailbox(address: str, number: str, service: str = "Biologie @SIDEP") -> None:
    """An organisational mailbox of a structure in the directory."""
    Mailbox.objects.create(
        digest=address.encode(), address=address, kind="ORG", number="", structure=number, finess=number,
        service=service, title="", family_name="", first_name="", profession_code="", structure_name="",
        structure_address="",
    )  # fmt: skip


def unreachable(**changes: Any) -> Person:
    return person(mobile="", email="", **changes)


def a_test(who: Person | None = None, *, finess: str = LAB, hours: int = 20, **changes: Any) -> Report:
    """A negative of somebody whom nothing reaches, sampled some hours ago."""
    now = datetime.now(UTC)
    one = report(
        who or unreachable(),
        result=Result.NEGATIVE,
        raw_result="N",
        sampled_at=Moment(at=now - timedelta(hours=hours), precision=Precision.MINUTE),
        validated_at=Moment(at=now - timedelta(minutes=30), precision=Precision.MINUTE),
    )
    return replace(one, **{"laboratory": replace(one.laboratory, finess=finess), **changes})
