"""What a doctor reads of whose result it is."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from tests.factories import finess_in

from rempart.foundation.directories.lookups import Card
from rempart.foundation.people.content import IdentityRecord
from rempart.screening.notices.naming import of_a_patient
from rempart.screening.services.published import PublishedResult

DOCTOR = Card(
    number="1", family_name="Tilleul", first_name="Ambre", structure_name="", structure_address="",
    structure_phone="", mailbox="a@b.fr",
)  # fmt: skip


def named(*, precision: str = "minute", born: date | None = date(1979, 3, 28), laboratory: str = "LBM"):
    result = PublishedResult(
        month=date(2021, 4, 1), id=UUID(int=1), ledger_key=b"", version=1, current=True, retracted=False,
        received_at=datetime(2021, 4, 9, tzinfo=UTC), laboratory=finess_in("97"), department="974",
        residence_department="", person_id=UUID(int=2), identity_id=UUID(int=3), pathogen="covid19", loinc="",
        kind="", result="P", sampled_at=datetime(2021, 4, 8, 21, 30, tzinfo=UTC), sampled_precision=precision,
        sampled_on=date(2021, 4, 9), validated_at=None, sex="F", age_class="", residence="",
        health_worker=None, symptoms="", expires_on=date(2021, 7, 1), sealed=b"",
    )  # fmt: skip
    identity = IdentityRecord(
        id=UUID(int=3), birth_name="ZYGOMALAS", used_name="QUIRINAL", first_names=("Théodosie",), sex="F",
        birth_date=born, birth_place="", ins="",
    )  # fmt: skip
    return of_a_patient(result, identity, laboratory=laboratory, doctor=DOCTOR)


@pytest.mark.parametrize(("precision", "said"), [("minute", " à "), ("day", "/2021")])
def test_the_time_of_sampling_is_as_precise_as_it_was_said(precision, said):
    assert said in named(precision=precision)["sampled"]
    assert (" à " in named(precision=precision)["sampled"]) == (precision == "minute")


def test_whose_it_is_and_who_reads_it():
    said = named()
    assert said["patient"] == "ZYGOMALAS (QUIRINAL) Théodosie"
    assert said["born"] == "28/03/1979"
    assert said["doctor"] == "Docteur Ambre TILLEUL"
    assert named(born=None)["born"] == "inconnue"
    assert named(laboratory="")["laboratory"] == finess_in("97")
