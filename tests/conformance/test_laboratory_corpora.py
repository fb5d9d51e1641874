"""Other people's messages: CDC ReportStream (CC0), ANS and hprimtool samples. Every file gives an outcome."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests import messages

from rempart.screening.formats import decode, sniff
from rempart.screening.rules.report import Format, Item, Outcome, Result, Sex, Status

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
        assert sniff(path.read_bytes()) is expected.get(path.suffix, Format.UNKNOWN), path
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
    assert len(done.stdout.splitlines()) == len(FILES)
