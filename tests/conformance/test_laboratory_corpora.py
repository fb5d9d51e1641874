"""Other people's messages: CDC ReportStream (CC0), ANS and hprimtool samples. Every file gives an outcome."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests import messages

from rempart.screening.formats import decode, sniff
from rempart.screening.rules.report import Format, Item, Outcome, Result, Sex, Status, Symptoms

CORPORA = Path(__file__).parents[2].parent / "shared" / "corpora" / "lab"
pytestmark = pytest.mark.skipif(
    not CORPORA.is_dir(), reason=f"public laboratory messages are not at {CORPORA}"
)

FILES = sorted(path for path in CORPORA.rglob("*") if path.is_file())
HL7 = [path for path in FILES if path.suffix == ".hl7"]
NOW = datetime(2024, 12, 31, tzinfo=UTC)

# file (without "-expected" twins): reports with the generic profile, and what becomes of the message
REPORTSTREAM = {
    "ORU_deidentified": (1, "rejected"),  # placeholders for birth date and sampling time
    "elims_1_72_3029202646_5532_NoPII": (4, "accepted"),
    "elims_29_5065302_35227_NoPII_CANCELED": (16, "accepted"),  # all "cannot be obtained"
    "elims_2_40_05059364_34872_MIN": (1, "rejected"),  # no name, no dates
    "elims_2_52_5068110_35230_NoPII": (2, "accepted"),
    "elims_2_72_3029198209_5121_NoPII": (8, "accepted"),
    "elims_40_4988249_33033": (1, "rejected"),  # no name
    "elims_40_4988249_33033-with-truncation": (1, "rejected"),  # a field ends with the truncation sign
    "elims_47_1_32361_04608646_11034_mega_case": (2, "accepted"),
    "elims_47_2_04608646_11024_mega_specimen": (2, "accepted"),
    "elims_52_24095_04204575_5120": (1, "accepted"),
    "etor_ORU_20240220": (6, "accepted"),
    "hci": (4, "accepted"),
    "mmtc-msh5-msh6-sender-override": (1, "rejected"),  # no name
    "sample-single-pdi-20210608-0002": (1, "rejected"),  # a disease as the value, sampled after validation
}


def the_item(path: Path) -> Item:
    (item,) = decode(path.read_bytes(), context=messages.GENERIC)
    return item


def test_every_file_gives_an_outcome_under_both_profiles() -> None:
    for path in FILES:
        for context in (messages.FRENCH, messages.GENERIC):
            found = list(decode(path.read_bytes(), context=context))
            assert found, path
            for item in found:
                assert messages.verdict(item, context, NOW).outcome in Outcome


def test_every_hl7_file_holds_one_message_and_is_told_from_the_others() -> None:
    for path in FILES:
        expected = {".hl7": Format.HL7V2, ".hpr": Format.HPRIM_MEDECIN, ".hpm": Format.HPRIM_MEDECIN}
        if path.stem.startswith("BIO-"):
            expected[".xml"] = Format.CDA
        payload = path.read_bytes()
        if payload.lstrip().startswith(b"{"):
            expected[".json"] = Format.FHIR
        if b"patient_last_name" in payload[:200].lower():
            expected[".csv"] = Format.TABLE
        assert sniff(payload) is expected.get(path.suffix, Format.UNKNOWN), path
    assert len(HL7) > 90
    for path in HL7:
        assert len(list(decode(path.read_bytes(), context=messages.GENERIC))) == 1


@pytest.mark.parametrize("name", REPORTSTREAM)
def test_reportstream_messages(name: str) -> None:
    folder = CORPORA / "hl7v2" / "reportstream"
    for path in folder.glob(f"{name}*.hl7"):
        if path.stem.removesuffix("-expected") != name:
            continue
        item = the_item(path)
        verdict = messages.verdict(item, messages.GENERIC, NOW)
        assert (len(item.reports), verdict.outcome.value) == REPORTSTREAM[name]


def test_a_whole_report_of_reportstream() -> None:
    item = the_item(CORPORA / "hl7v2" / "reportstream" / "sample-single-pdi-20210608-0002.hl7")
    (report,) = item.reports
    assert item.control_id == "885617"
    assert report.loinc == "94558-4"
    assert report.record_number == "380604"
    assert report.person.birth_name == "Schaefer"
    assert report.person.first_names == ("Stephenie", "Davis")
    assert report.person.sex is Sex.UNKNOWN
    assert report.person.email == "otto.daugherty@email.com"
    assert (report.raw_result, report.result, report.status) == ("840539006", None, Status.CORRECTED)
    assert report.sampled_at is not None
    assert report.sampled_at.at == datetime(2021, 6, 4, 11, 25, tzinfo=UTC)
    assert "R03" in messages.codes(messages.verdict(item, messages.GENERIC, NOW))


def test_cancelled_analyses_are_non_conform() -> None:
    item = the_item(CORPORA / "hl7v2" / "reportstream" / "elims_29_5065302_35227_NoPII_CANCELED.hl7")
    assert {report.result for report in item.reports} == {Result.NON_CONFORM}


def test_questions_are_no_reports_and_answer_for_all_orders() -> None:
    item = the_item(CORPORA / "hl7v2" / "reportstream" / "ORU_deidentified.hl7")
    (report,) = item.reports
    assert (report.loinc, report.result) == ("97097-0", Result.POSITIVE)
    assert report.symptoms is not None


def test_small_messages_of_one_data_type_each() -> None:
    values = {
        path.stem.removeprefix("OBX-to-Observation-"): [
            report.raw_result for report in the_item(path).reports
        ]
        for path in (CORPORA / "hl7v2" / "reportstream-datatypes" / "obx").glob("*.hl7")
    }
    assert values.pop("st-value") == [], "OBX-29 says that it is a question"
    assert all(len(found) == 1 for found in values.values())
    assert values["ce-value"] == ["1"]
    assert values["nm-value"] == ["5"]
    assert values["tx-value"] == ["Some formatted value"]
    assert values["sn-as-range-value"] == ["-1-3"]
    assert values["ed-value"] == ["BINARY JPEG"]
    assert values["data-absent-x-value"] == [""]


def test_orders_are_refused_by_their_type() -> None:
    folder = CORPORA / "hl7v2" / "reportstream-datatypes" / "orcobr"
    for name in ("oml-obr-to-specimen", "orm-obr-to-specimen"):
        item = the_item(folder / f"{name}.hl7")
        assert messages.codes(messages.verdict(item, messages.GENERIC, NOW)) == ["H01"]


def test_the_official_french_sample_is_read_with_its_quirks() -> None:
    item = the_item(CORPORA / "hl7v2" / "ans" / "message_ORU_CR_Bio_INIT_N1_N3.hl7")
    person = item.reports[0].person
    assert person.ins == "279035121518989"
    assert person.ins_authority == "1.2.250.1.213.1.4.10"
    assert person.birth_place == "63220"
    assert (person.birth_name, person.first_names) == ("PAT-TROIS", ("DOMINIQUE",))
    said = messages.codes(messages.verdict(item, messages.GENERIC, NOW))
    assert said.count("C04") == 1, "one lost character in a base64, repaired"
    assert said.count("C05") == 2, "plain text where XML is announced"


def test_the_official_rapid_test_is_read_with_its_quirks() -> None:
    item = the_item(CORPORA / "cda" / "ans" / "BIO-TROD_2024.01_COVID-19.xml")
    (report,) = item.reports
    assert (report.loinc, report.result) == ("94558-4", Result.NEGATIVE)
    assert report.person.first_names == ("DOMINIQUE", "MARIE-LOUISE")
    assert report.person.address.lines == ("28 Avenue de Breteuil", "Escalier A")
    assert (report.person.mobile, report.person.email) == ("0647151010", "")
    assert report.device == "(01)00686597200018(17)260930(10)A12345"
    assert report.general_practitioner.rpps == "01234567897"
    assert report.validated_at is not None
    assert report.validated_at.at.isoformat() == "2024-01-06T11:36:23+01:00", "+100 is taken as local"
    verdict = messages.verdict(item, messages.GENERIC, NOW)
    assert (verdict.outcome, messages.codes(verdict)) == (Outcome.ACCEPTED, ["S04", "S03"])
    # The pharmacy of the sample is named by its SIREN: nothing here says which laboratory answers.
    assert messages.codes(messages.verdict(item, messages.FRENCH, NOW)) == ["S04", "L01", "S03"]


def test_the_official_laboratory_report_keeps_every_rule_of_its_header() -> None:
    path = CORPORA / "cda" / "ans" / "BIO-CR-BIO_2024.01_Microbiologie_V1.xml"
    item = the_item(path)
    assert not [said for said in item.findings if said.code in ("C01", "C06")]
    assert len(item.reports) == 14, "with the generic profile, every analysis; earlier results are none"
    first = item.reports[0]
    assert (first.loinc, first.raw_result) == ("5778-6", "paille"), "from the narrative it refers to"
    assert item.reports[2].raw_result == "500 /mL"
    assert item.reports[7].raw_result == "0.512.."
    assert first.laboratory.finess == "120459876"
    assert first.record_number == "202411111123"
    assert first.prescriber.name == "BLUE Eva"
    assert first.sampled_at is not None
    assert first.sampled_at.at.isoformat() == "2024-01-04T07:35:00+01:00"
    assert first.validated_at is not None
    assert first.validated_at.at.isoformat() == "2024-01-04T11:20:00+01:00"
    (document,) = first.documents
    assert (document.media_type, len(document.content)) == ("application/pdf", 102_826)
    # Nothing of it is of the disease: with the French profile it must not have been sent.
    (item,) = decode(path.read_bytes(), context=messages.FRENCH)
    assert item.reports == ()
    assert messages.codes(messages.verdict(item, messages.FRENCH, NOW))[-1] == "A01"


def test_the_bundle_of_simplereport_is_read() -> None:
    item = the_item(CORPORA / "fhir" / "simplereport" / "bundle.json")
    assert item.control_id == "45e9539f-c9a4-4c86-b79d-4ba2c43f9ee0"
    assert [(r.loinc, r.result) for r in item.reports] == [
        ("92141-1", Result.UNINTERPRETABLE),
        ("92142-9", Result.NEGATIVE),
        ("94533-7", Result.POSITIVE),
    ], "questions, known or not, are no reports"
    covid = item.reports[2]
    assert (covid.person.birth_name, covid.person.first_names) == ("Jordan", ("Tracy",))
    assert covid.person.phone == "(773) 555 1234"
    assert (covid.laboratory.name, covid.prescriber.name) == ("School", "Quinn Michaela")
    assert covid.record_number == "5db534ea-5e97-4861-ba18-d74acc46db15"
    assert (covid.symptoms, covid.health_worker) == (Symptoms.UNKNOWN, False)
    assert covid.device == "model"
    assert covid.sampled_at is not None
    assert covid.sampled_at.iso() == "2023-07-14T15:45:34+00:00"
    assert covid.validated_at is not None
    assert covid.validated_at.iso() == "2023-07-14T15:52:34+00:00"
    verdict = messages.verdict(item, messages.GENERIC, NOW)
    assert (verdict.outcome, set(messages.codes(verdict))) == (Outcome.ACCEPTED, {"S03"})


def test_resources_of_simplereport_alone() -> None:
    folder = CORPORA / "fhir" / "simplereport"
    corrected = the_item(folder / "observationCorrection.json").reports[0]
    assert (corrected.status, corrected.result) == (Status.CORRECTED, Result.NEGATIVE)
    for name in ("patient", "practitioner", "specimen", "device", "organization", "serviceRequest"):
        assert messages.codes(messages.verdict(the_item(folder / f"{name}.json"))) == ["F01"]


def test_hprim_with_a_fixed_width_first_line() -> None:
    item = the_item(CORPORA / "hprim" / "hprimtool" / "header-solabio.hpm")
    person = item.reports[0].person
    assert (person.birth_name, person.first_names, person.local_id) == ("DUPONT", ("JEAN",), "")
    assert person.address.postal_code == "76000"
    assert [report.analysis_label for report in item.reports] == ["HEMOGLOBINE", "Cond. Rbt"]
    assert [report.raw_result for report in item.reports] == ["14.8", "Diabète"]
    assert item.reports[0].record_number == "260624HE0103"
    assert item.sender == "SOLABIO"


def test_check_walks_the_corpora_without_a_traceback() -> None:
    command = [
        sys.executable,
        "-m",
        "rempart.site.cli",
        "check",
        "--json",
        "--profile",
        "generic",
        str(CORPORA),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == ""
    assert {json.loads(line)["source"] for line in done.stdout.splitlines()} == set(map(str, FILES))


def test_an_upload_file_of_another_country_is_read_row_by_row() -> None:
    """Its columns are recognised; its days, written month first, are not guessed at."""
    payload = (CORPORA / "csv" / "simplereport" / "test-results-upload-valid-required-only.csv").read_bytes()
    first, second = decode(payload, context=messages.GENERIC)
    (jane,), (john,) = first.reports, second.reports
    assert (jane.person.birth_name, jane.person.first_names, jane.analysis_code) == (
        "Doe",
        ("Jane",),
        "94534-5",
    )
    assert (john.loinc, john.result) == ("94558-4", Result.NEGATIVE)
    assert (john.specimen, john.person.address.city) == ("ANTERIOR NARES SWAB", "Hoover")
    assert jane.sampled_at is None
    assert {said.code for said in first.findings} >= {"S01", "P03"}
