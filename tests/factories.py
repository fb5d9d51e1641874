"""What laboratories say, made by hand: persons, results and messages for the tests of the keeping road."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from rempart.foundation.access.actor import Actor, Purpose, Role, system
from rempart.foundation.access.rights import Fields
from rempart.foundation.database.keys import uuid7
from rempart.foundation.identifiers import luhn, nir
from rempart.foundation.terminology import pathogen
from rempart.foundation.vault import Keyring
from rempart.screening.rules.judging import Judgement
from rempart.screening.rules.report import (
    Address,
    Format,
    Item,
    Laboratory,
    Moment,
    Outcome,
    Person,
    Precision,
    Report,
    Result,
    Sex,
    Status,
)
from rempart.screening.services.prepared import Delivery, Judged
from rempart.screening.services.receive import Kept, receive

COVID = pathogen("covid19")
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
PCR, ANTIGEN, SEROLOGY = "94500-6", "94558-4", "94563-4"
_numbers = count(1)


def finess_in(department: str, number: int = 1) -> str:
    """A FINESS number of a department of metropolitan France, with its key."""
    body = f"{department}{number:06d}"
    return body + luhn.key(body)


def nir_of(body: str) -> str:
    """A NIR of 15 characters from its first 13."""
    return body + nir.key_of(body)


LAB = finess_in("75")


def person(**changes: Any) -> Person:
    """A woman of Paris who can be reached; each word of hers occurs nowhere else."""
    woman = Person(
        birth_name="ZYGOMALAS",
        used_name="QUIRINAL",
        first_names=("Théodosie", "Wilhelmine"),
        sex=Sex.FEMALE,
        birth_date=date(1979, 3, 28),
        birth_place="51215",
        ins=nir_of("2790351215189"),
        ins_authority="1.2.250.1.213.1.4.8",
        local_id="IPP-778899",
        address=Address(lines=("28 passage Xylophage",), postal_code="75007", city="PARIS"),
        mobile="0639981234",
        email="theodosie@exemple-courriel.fr",
    )
    return replace(woman, **changes)


def somebody(number: int, **changes: Any) -> Person:
    """One of many, each with traits of his own and no matricule."""
    return person(
        birth_name=f"PERSONNE{_letters(number)}",
        used_name="",
        first_names=("Alix",),
        birth_date=date(1950, 1, 1) + timedelta(days=number),
        ins="",
        ins_authority="",
        **changes,
    )


def _letters(number: int) -> str:
    return "".join(chr(ord("A") + int(digit)) for digit in str(number))


def report(who: Person | None = None, **changes: Any) -> Report:
    """A positive PCR, sampled yesterday and validated this morning."""
    one = Report(
        laboratory=Laboratory(finess=LAB, name="LBM DES TESTS"),
        record_number="DOSSIER-424242",
        person=who or person(),
        analysis_code=PCR,
        loinc=PCR,
        raw_result="P",
        result=Result.POSITIVE,
        sampled_at=Moment(at=NOW - timedelta(hours=20), precision=Precision.MINUTE),
        validated_at=Moment(at=NOW - timedelta(hours=2), precision=Precision.MINUTE),
        location="OBX[1] (segment 5)",
    )
    return replace(one, **changes)


def message(
    *reports: Report,
    control_id: str | None = None,
    sender: str = LAB,
    outcome: Outcome = Outcome.ACCEPTED,
    raw: bytes | None = None,
) -> Judged:
    """A judged message; its bytes follow from what it says, unless they are given."""
    control = f"CTRL{next(_numbers)}" if control_id is None else control_id
    body = repr((control, reports)).encode() if raw is None else raw
    item = Item(position=0, format=Format.HL7V2, raw=body, control_id=control, sender=sender, reports=reports)
    return Judged(item=item, judgement=Judgement(outcome=outcome, findings=()), delivery=delivery())


def corrected(one: Report, **changes: Any) -> Report:
    return replace(one, status=Status.CORRECTED, **changes)


def retracted(one: Report, **changes: Any) -> Report:
    return replace(one, status=Status.RETRACTED, **changes)


def delivery(*, laboratory: str = "", now: datetime = NOW) -> Delivery:
    return Delivery(channel="https", laboratory=laboratory, size=1, digest=b"\0" * 32, received_at=now)


def machine(laboratory: str) -> Actor:
    """The machine of a laboratory, as its key makes it known."""
    return Actor(
        id=str(uuid7()),
        role=Role.LABORATORY,
        purpose=Purpose.INTAKE,
        departments=("*",),
        laboratory=laboratory,
    )


def investigator(*departments: str, role: Role = Role.INVESTIGATOR) -> Actor:
    return Actor(
        id=str(uuid7()),
        role=role,
        purpose=Purpose.INVESTIGATION,
        departments=departments,
        fields=tuple(Fields),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeper:
    """Receives batches as the intake does; `keep(message, …)` is one delivery."""

    keyring: Keyring
    now: datetime = field(default=NOW)

    def __call__(
        self, *batch: Judged, laboratory: str = "", now: datetime | None = None, into: Delivery | None = None
    ) -> list[Kept]:
        moment = now or self.now
        brought = into or delivery(laboratory=laboratory, now=moment)
        return receive(
            [
                replace(one, item=replace(one.item, position=rank), delivery=brought)
                for rank, one in enumerate(batch)
            ],
            actor=machine(laboratory) if laboratory else system(Purpose.INTAKE),
            keyring=self.keyring,
            pathogen=COVID,
            now=moment,
        )


def codes(kept: Kept) -> Sequence[str]:
    return [finding.code for finding in kept.findings]


def of(number: int, **changes: Any) -> Report:
    """A positive of one of many."""
    return report(somebody(number), record_number=f"R{number}", **changes)


def in_lyon(number: int = 1) -> Report:
    """A positive of somebody who lives in Lyon and was tested there."""
    address = replace(person().address, postal_code="69003", city="LYON")
    return report(
        somebody(number, address=address),
        record_number=f"L{number}",
        laboratory=replace(report().laboratory, finess=finess_in("69")),
    )
