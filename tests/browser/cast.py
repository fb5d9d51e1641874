"""Who plays in the journeys: two invented laboratories of the North, and the persons they tested."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from rempart.foundation.identifiers import finess, nir
from rempart.screening.rules.report import Format
from rempart.simulators.messages import Laboratory, Sample, Wording


def laboratory(number: int, format_: Format, department: str = "59") -> Laboratory:
    body = f"{department}99{number:04d}"
    return Laboratory(
        finess=body + finess.key_of(body),
        name=f"LBM DE LILLE {number}",
        department=department,
        format=format_,
        encoding="cp1252" if format_ is Format.HPRIM_MEDECIN else "utf-8",
        line_end="\r",
        accents=True,
        wording=Wording.BOTH,
        batches=False,
    )


IN_CDA = laboratory(2003, Format.CDA)
IN_HL7, IN_HPRIM = laboratory(2001, Format.HL7V2), laboratory(2002, Format.HPRIM_MEDECIN)
ODETTE = {
    "birth_name": "Vandamme",
    "used_name": "Lemaire",
    "first_name": "Odette",
    "sex": "F",
    "born": "19410614",
    "phone": "0639980101",
}
MEHDI = {
    "birth_name": "Benali",
    "used_name": "Benali",
    "first_name": "Mehdi",
    "sex": "M",
    "born": "19880229",
    "phone": "0639980102",
}


def number_of(person: dict[str, str]) -> str:
    """A social security number that the person could have."""
    body = f"{'12'[person['sex'] == 'F']}{person['born'][2:6]}59350{person['phone'][-3:]}"
    return body + nir.key_of(body)


def sample(
    lab: Laboratory, person: dict[str, str], record: str, *, result: str = "P", status: str = "F"
) -> Sample:
    """A PCR of this morning, or of last night: sampled three hours ago, validated one hour ago."""
    now = datetime.now(UTC).astimezone(ZoneInfo("Europe/Paris"))

    def ago(hours: int) -> str:
        return f"{now - timedelta(hours=hours):%Y%m%d%H%M%S%z}"

    number = number_of(person)
    return Sample(
        **person,
        laboratory=lab,
        finess=lab.finess,
        control_id=f"C{record}{result}{status}",
        record=record,
        written=ago(0),
        sampled=ago(3),
        validated=ago(1),
        local_id=f"P{record}",
        nir=number,
        insured=number,
        second_name="Camille",
        birth_place="59350",
        street="12 rue de la Monnaie",
        postal_code="59000",
        city="Lille",
        mail="",
        rpps="10003456786",
        doctor="MARTIN^PAUL",
        analysis="94500-6",
        label="SARS-CoV-2 RT-PCR",
        specimen="258500001^Nasopharyngeal swab^SCT",
        result=result,
        value="",
        status=status,
        symptoms="S0",
        onset="",
        health_worker=False,
        residence="E" if person is ODETTE else "I",
    )
