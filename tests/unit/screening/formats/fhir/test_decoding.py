"""FHIR resources: what is read of them, what is made of what is odd."""

import json
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, date, datetime
from typing import Any

import pytest
from tests import messages

from rempart.screening.formats import sniff
from rempart.screening.formats.dates import iso_date, iso_moment
from rempart.screening.rules.report import (
    Address,
    Format,
    Laboratory,
    Outcome,
    Practitioner,
    Precision,
    Report,
    Residence,
    Result,
    Sex,
    Status,
    Symptoms,
)

GOOD: dict[str, Any] = json.loads(messages.fhir())
REPORT, OBSERVATION, PATIENT, ORGANIZATION, SPECIMEN, ORDER, DOCTOR, ANSWER = range(8)


def changed(change: Callable[..., object]) -> bytes:
    """The good Bundle after a change of its resources, which are given in order."""
    bundle = deepcopy(GOOD)
    change(*(entry["resource"] for entry in bundle["entry"]))
    return json.dumps(bundle).encode()


def with_value(**value: object) -> Report:
    def change(*resources: dict[str, Any]) -> None:
        del resources[OBSERVATION]["valueCodeableConcept"]
        resources[OBSERVATION].update(value)

    return messages.report(changed(change))


def set_in(rank: int, **members: object) -> bytes:
    """The good Bundle with members of one resource replaced; None removes one."""

    def change(*resources: dict[str, Any]) -> None:
        resources[rank].update(members)
        for name, value in members.items():
            if value is None:
                del resources[rank][name]

    return changed(change)


def coded(code: str, display: str = "") -> dict[str, Any]:
    return {"coding": [{"system": "http://snomed.info/sct", "code": code, "display": display}]}


def test_the_sample_bundle_is_accepted_without_remark() -> None:
    judgement = messages.judged(messages.fhir())
    assert (judgement.outcome, judgement.findings) == (Outcome.ACCEPTED, ())


def test_a_bundle_gives_every_item_of_annex_1_that_it_has() -> None:
    item = messages.item(messages.fhir())
    (report,) = item.reports
    assert (item.format, item.sender) == (Format.FHIR, "690001235")
    assert item.control_id == "urn:uuid:0f8f7d0e-33a5-4ed4-8d79-2f0f2e0a7c11"
    assert report.laboratory == Laboratory(finess="690001235", name="LBM EXEMPLE")
    assert report.record_number == "21048BC000020"
    person = report.person
    assert (person.birth_name, person.used_name) == ("PAT-TROIS", "MARTIN")
    assert person.first_names == ("DOMINIQUE", "MARIE-LOUISE")
    assert (person.sex, person.birth_date, person.birth_place) == (Sex.FEMALE, date(1979, 3, 28), "51215")
    assert (person.ins, person.ins_authority) == ("279035121518989", "1.2.250.1.213.1.4.10")
    assert person.local_id == "PAT0012345"
    assert person.address == Address(
        lines=("28 AVENUE DE BRETEUIL",), postal_code="75007", city="PARIS", country="FRA"
    )
    assert (person.mobile, person.email) == ("0600000000", "dominique@example.org")
    assert (report.analysis_code, report.loinc) == ("94500-6", "94500-6")
    assert (report.raw_result, report.result, report.status) == ("260373001", Result.POSITIVE, Status.FINAL)
    assert report.sampled_at is not None
    assert report.sampled_at.at == datetime(2021, 4, 8, 11, 48, tzinfo=UTC)
    assert report.validated_at is not None
    assert report.validated_at.at == datetime(2021, 4, 8, 13, 0, tzinfo=UTC)
    assert report.prescriber == Practitioner(rpps="10003456786", name="MARTIN PAUL")
    assert (report.health_worker, report.specimen) == (False, "258500001")
    assert report.location == "Bundle.entry[1].resource"
    (document,) = report.documents
    assert (document.media_type, document.title) == ("application/pdf", "Compte rendu")


@pytest.mark.parametrize(
    ("value", "raw", "result"),
    [
        ({"valueCodeableConcept": coded("260415000")}, "260415000", Result.NEGATIVE),
        ({"valueCodeableConcept": {"text": "Négatif"}}, "Négatif", Result.NEGATIVE),
        ({"valueCodeableConcept": coded("LA6576-8")}, "LA6576-8", Result.POSITIVE),
        ({"valueCodeableConcept": coded("840539006", "Positive")}, "840539006", None),
        ({"valueString": "Not detected"}, "Not detected", Result.NEGATIVE),
        ({"valueQuantity": {"value": 22.40, "unit": "{Ct}"}}, "22.4 {Ct}", None),
        (
            {"valueQuantity": {"value": 22}, "interpretation": [{"coding": [{"code": "POS"}]}]},
            "22",
            Result.POSITIVE,
        ),
        ({"valueQuantity": {"value": 1}, "interpretation": [{"coding": [{"code": "N"}]}]}, "1", None),
        ({"valueInteger": 3}, "3", None),
        ({"valueBoolean": True}, "Y", None),
        ({"valueDateTime": "2021-04-08"}, "2021-04-08", None),
        ({}, "", None),
    ],
)
def test_values_of_every_type(value: dict[str, object], raw: str, result: Result | None) -> None:
    report = with_value(**value)
    assert (report.raw_result, report.result) == (raw, result)


def test_a_value_that_contradicts_itself_is_said() -> None:
    judgement = messages.judged(set_in(OBSERVATION, valueCodeableConcept=coded("260373001", "Not detected")))
    said = next(f for f in judgement.findings if f.code == "R08")
    assert said.location == "Bundle.entry[1].resource.value"


@pytest.mark.parametrize(
    ("observation", "report", "expected"),
    [
        ("final", "final", Status.FINAL),
        ("corrected", "final", Status.CORRECTED),
        ("amended", "final", Status.CORRECTED),
        ("final", "corrected", Status.CORRECTED),
        ("preliminary", "final", Status.HELD),
        ("registered", "final", Status.HELD),
        ("final", "partial", Status.HELD),
        ("entered-in-error", "final", Status.RETRACTED),
        ("final", "entered-in-error", Status.RETRACTED),
        ("final", "cancelled", Status.RETRACTED),
        ("cancelled", "final", Status.HELD),  # and yet there is a value
        ("unknown", "final", Status.HELD),
        ("", "final", Status.HELD),
    ],
)
def test_the_status_of_a_result(observation: str, report: str, expected: Status) -> None:
    def change(*resources: dict[str, Any]) -> None:
        resources[OBSERVATION]["status"] = observation
        resources[REPORT]["status"] = report

    assert messages.report(changed(change)).status is expected


def test_a_measurement_that_was_not_made_is_a_specimen_that_was_not_fit() -> None:
    payload = set_in(OBSERVATION, status="cancelled", valueCodeableConcept=None)
    report = messages.report(payload)
    assert (report.status, report.result) == (Status.FINAL, Result.NON_CONFORM)


def test_answers_stand_beside_the_result_and_what_is_asked_elsewhere_is_no_result() -> None:
    def change(*resources: dict[str, Any]) -> None:
        resources[ANSWER]["code"] = coded("76691-5", "Gender identity")
        resources[ANSWER]["code"]["coding"][0]["system"] = "http://loinc.org"

    item = messages.item(changed(change), messages.GENERIC)
    assert [report.loinc for report in item.reports] == ["94500-6"]


def test_answers_of_every_type_are_understood() -> None:
    def answer(code: str, **value: object) -> dict[str, object]:
        coding = {"coding": [{"system": "http://loinc.org", "code": code}]}
        return {"resource": {"resourceType": "Observation", "status": "final", "code": coding, **value}}

    bundle = deepcopy(GOOD)
    bundle["entry"] += [
        answer("95418-0", valueCodeableConcept=coded("N")),
        answer("65222-2", valueDateTime="2021-04-05T10:00:00+02:00"),
        answer("75617-1", valueString="E"),
    ]
    report = messages.report(json.dumps(bundle).encode())
    assert report.symptoms is Symptoms.DAYS_2_TO_4
    assert report.residence == (Residence.CARE_HOME,)


def test_mutation_letters_may_be_components_or_observations_of_their_own() -> None:
    def change(*resources: dict[str, Any]) -> None:
        resources[OBSERVATION]["component"] = [
            {"code": {"coding": [{"code": "SIDEP-MUT-C"}]}, "valueString": "1"},
            {"code": {"coding": [{"code": "SIDEP-MUT-A"}]}, "valueInteger": 0},
        ]
        letter = {"code": {"coding": [{"code": "SIDEP-MUT-D"}]}, "valueString": "0"}
        resources[ANSWER].update(letter | {"effectiveDateTime": "2021-04-09"})
        del resources[ANSWER]["valueBoolean"]

    report = messages.report(changed(change))
    assert report.variants == (("A", "0"), ("C", "1"), ("D", "0"))
    assert report.screened_at is not None
    assert report.screened_at.iso() == "2021-04-09"


def test_parts_of_a_panel_are_results() -> None:
    part = {
        "code": {"coding": [{"system": "http://loinc.org", "code": "94558-4"}]},
        "valueCodeableConcept": coded("260415000"),
    }
    heading = {"coding": [{"system": "http://loinc.org", "code": "95422-2"}]}
    report = messages.report(set_in(OBSERVATION, code=heading, valueCodeableConcept=None, component=[part]))
    assert (report.loinc, report.result) == ("94558-4", Result.NEGATIVE)
    assert report.location == "Bundle.entry[1].resource.component[0]"


def test_members_of_a_set_belong_to_its_report() -> None:
    def change(*resources: dict[str, Any]) -> None:
        heading = {
            "resourceType": "Observation",
            "id": "set",
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "95422-2"}]},
            "hasMember": [resources[REPORT]["result"][0], {"reference": "Observation/set"}],
        }
        resources[ANSWER].clear()
        resources[ANSWER].update(heading)
        resources[REPORT]["result"] = [{"reference": "Observation/set"}]

    report = messages.report(changed(change))
    assert (report.loinc, len(report.documents)) == ("94500-6", 1)


def test_two_patients_of_a_bundle_stay_two() -> None:
    bundle = deepcopy(GOOD)
    other = deepcopy(GOOD["entry"])
    text = json.dumps(other).replace("6f3b0c1e-7a51", "aaaaaaaa-7a51").replace("PAT-TROIS", "AUTRE")
    bundle["entry"] += json.loads(text.replace("260373001", "260415000").replace("Detected", "Not detected"))
    first, second = messages.item(json.dumps(bundle).encode()).reports
    assert (first.person.birth_name, first.result) == ("PAT-TROIS", Result.POSITIVE)
    assert (second.person.birth_name, second.result) == ("AUTRE", Result.NEGATIVE)


def test_a_report_that_contains_everything_is_a_message() -> None:
    report = deepcopy(GOOD["entry"][REPORT]["resource"])
    contained = []
    for rank, entry in enumerate(GOOD["entry"]):
        if rank != REPORT:
            contained.append({**deepcopy(entry["resource"]), "id": f"r{rank + 1}"})
    text = json.dumps(report | {"contained": contained})
    for n in range(1, 9):
        text = text.replace(f"urn:uuid:6f3b0c1e-7a51-4b61-9a3c-{n:012d}", f"#r{n}")
    item = messages.item(text.encode())
    alone, bundled = item.reports[0], messages.report(messages.fhir())
    assert item.control_id == ""
    assert alone.location == "DiagnosticReport.contained[0]"
    for name in ("person", "laboratory", "record_number", "sampled_at", "validated_at", "prescriber"):
        assert getattr(alone, name) == getattr(bundled, name)


def test_a_lone_observation_names_what_it_refers_to_in_place() -> None:
    observation = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "94558-4"}]},
        "identifier": [{"value": "TROD1"}],
        "effectiveDateTime": "2021-04-08T13:48:00+02:00",
        "valueCodeableConcept": coded("260415000"),
        "performer": [
            {
                "type": "Organization",
                "identifier": {"system": "urn:oid:1.2.250.1.71.4.2.2", "value": "1690001235"},
                "display": "PHARMACIE EXEMPLE",
            }
        ],
        "device": {"identifier": {"value": "1232"}, "display": "A test"},
        "contained": [{**deepcopy(GOOD["entry"][PATIENT]["resource"]), "id": "p"}],
        "subject": {"reference": "#p"},
    }
    judgement = messages.judged(json.dumps(observation).encode())
    assert (judgement.outcome, judgement.findings) == (Outcome.ACCEPTED, ())
    report = messages.report(json.dumps(observation).encode())
    assert report.laboratory == Laboratory(finess="690001235", name="PHARMACIE EXEMPLE")
    assert (report.record_number, report.device) == ("TROD1", "1232")


def test_references_by_type_and_id_and_by_absolute_url_are_followed() -> None:
    text = messages.fhir().decode()
    bundle = json.loads(text)
    for rank, entry in enumerate(bundle["entry"]):
        entry["resource"]["id"] = f"x{rank + 1}"
        del entry["fullUrl"]
    text = json.dumps(bundle)
    for n, entry in enumerate(bundle["entry"], 1):
        kind = entry["resource"]["resourceType"]
        url = f"urn:uuid:6f3b0c1e-7a51-4b61-9a3c-{n:012d}"
        text = text.replace(
            url, f"https://lab.example.org/fhir/{kind}/x{n}/_history/2" if n % 2 else f"{kind}/x{n}"
        )
    report = messages.report(text.encode())
    assert report.person.birth_name == "PAT-TROIS"
    assert report.laboratory.finess == "690001235"
    assert len(report.documents) == 1


def test_a_file_of_lines_holds_as_many_messages() -> None:
    one = json.dumps(GOOD).encode()
    two = json.dumps({**GOOD, "identifier": {"value": "two"}}).encode()
    items = messages.items(one + b"\r\n\n" + two + b"\n")
    assert [item.control_id for item in items] == ["urn:uuid:0f8f7d0e-33a5-4ed4-8d79-2f0f2e0a7c11", "two"]
    assert [item.raw for item in items] == [one, two]


def test_a_brace_in_a_text_does_not_make_one_message_of_two_lines() -> None:
    odd = json.dumps(GOOD | {"identifier": {"value": "odd {"}}).encode()
    assert [item.control_id for item in messages.items(odd + b"\n" + odd)] == ["odd {", "odd {"]


def test_the_place_of_a_sampling_time_names_both_elements_that_give_it() -> None:
    (said,) = messages.judged(json.dumps(GOOD).encode(), now=datetime(2021, 6, 1, tzinfo=UTC)).findings
    assert said.location == "Specimen.collection, else effective, of Bundle.entry[1].resource"


def test_a_tag_that_marks_a_test_holds_the_results() -> None:
    bundle = GOOD | {"meta": {"tag": [{"code": "HTEST"}]}}
    judgement = messages.judged(json.dumps(bundle).encode())
    assert (judgement.outcome, messages.codes(judgement)) == (Outcome.HELD, ["H04"])
    assert judgement.findings[0].location == "Bundle.meta.tag[0]"


def test_a_relative_is_asked_for_only_where_the_person_has_nothing() -> None:
    contact = [{"telecom": [{"system": "phone", "value": "0611111111"}]}]
    assert messages.report(set_in(PATIENT, contact=contact)).person.relative_mobile == ""
    person = messages.report(set_in(PATIENT, contact=contact, telecom=None)).person
    assert person.relative_mobile == "0611111111"


def test_a_document_beside_the_report_may_be_a_binary_of_the_bundle() -> None:
    bundle = deepcopy(GOOD)
    form = bundle["entry"][REPORT]["resource"]["presentedForm"][0]
    bundle["entry"].append(
        {"fullUrl": "urn:b", "resource": {"resourceType": "Binary", "data": form.pop("data")}}
    )
    form["url"] = "urn:b"
    assert len(messages.report(json.dumps(bundle).encode()).documents) == 1


@pytest.mark.parametrize("kind", ["history", "searchset", "batch-response", ""])
def test_bundles_that_bring_nothing_new_are_refused_by_their_type(kind: str) -> None:
    judgement = messages.judged(json.dumps(GOOD | {"type": kind}).encode())
    assert [(f.code, f.location) for f in judgement.findings] == [("H01", "Bundle.type")]


def test_resources_are_told_from_other_files() -> None:
    assert sniff(messages.fhir()) is Format.FHIR
    assert sniff(b'{"a": 1}') is Format.UNKNOWN
    assert sniff(b"\xef\xbb\xbf" + messages.fhir()) is Format.FHIR


def test_wide_characters_are_read() -> None:
    assert messages.report(messages.fhir().decode().encode("utf-16")).person.birth_name == "PAT-TROIS"


@pytest.mark.parametrize(
    ("text", "iso", "precision"),
    [
        ("2021", "2021", Precision.YEAR),
        ("2021-04", "2021-04", Precision.MONTH),
        ("2021-04-08", "2021-04-08", Precision.DAY),
        ("2021-04-08T13:48Z", "2021-04-08T13:48:00+00:00", Precision.MINUTE),
        ("2021-04-08T13:48:10.123+02:00", "2021-04-08T13:48:10+02:00", Precision.SECOND),
        ("2021-04-08T13:48:10", "2021-04-08T13:48:10+00:00", Precision.SECOND),
    ],
)
def test_times_keep_their_precision(text: str, iso: str, precision: Precision) -> None:
    moment = iso_moment(text, UTC)
    assert moment is not None
    assert (moment.iso(), moment.precision) == (iso, precision)


@pytest.mark.parametrize(
    "text", ["", "2021-13", "2021-04-31", "08/04/2021", "2021-04-08T25:00:00Z", "2021-04-08T13", "9" * 50]
)
def test_what_is_no_time_is_none(text: str) -> None:
    assert iso_moment(text, UTC) is None
    assert iso_date(text) is None
