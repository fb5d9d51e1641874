"""HPRIM Médecin: which line holds which item, and the faults of real files."""

from datetime import UTC, date, datetime

import pytest
from tests import messages
from tests.messages import FIN, FINFICHIER, MOBILE, RESULT

from rempart.screening.formats.hprim_medecin.lines import message_of
from rempart.screening.rules.report import (
    Address,
    Format,
    Laboratory,
    Practitioner,
    Precision,
    Residence,
    Result,
    Sex,
    Status,
    Symptoms,
)


def test_a_whole_message() -> None:
    item = messages.item(messages.hprim())
    assert (item.format, item.control_id, item.sender, item.findings) == (
        Format.HPRIM_MEDECIN,
        "",
        "690001235",
        (),
    )
    (report,) = item.reports
    assert report.laboratory == Laboratory(finess="690001235", name="LBM EXEMPLE")
    assert report.record_number == "21048BC000020"
    assert (report.loinc, report.analysis_label) == ("94500-6", "SARS-CoV-2 RT-PCR")
    assert (report.raw_result, report.result, report.status) == ("P", Result.POSITIVE, Status.FINAL)
    assert report.prescriber == Practitioner(rpps="10003456786", name="DR MARTIN PAUL")
    assert report.location == "line 18"
    assert report.sampled_at is not None
    assert (report.sampled_at.iso(), report.sampled_at.precision) == ("2021-04-08", Precision.DAY)
    assert report.validated_at is None
    person = report.person
    assert (person.birth_name, person.used_name, person.first_names) == ("PAT-TROIS", "", ("DOMINIQUE",))
    assert (person.birth_date, person.sex) == (date(1979, 3, 28), Sex.FEMALE)
    assert (person.ins, person.ins_authority, person.insured_number) == ("279035121518989", "", "")
    assert person.local_id == "PAT0012345"
    assert person.address == Address(lines=("28 AVENUE DE BRETEUIL",), postal_code="75007", city="PARIS")


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_any_line_end_gives_the_same_report(end: str) -> None:
    assert messages.report(messages.hprim(line_end=end)) == messages.report(messages.hprim())


def test_what_the_header_has_no_place_for_travels_in_reserved_codes() -> None:
    lines = [
        "RES|Sexe|SIDEP-SEXE|C|F",
        "RES|Nom de naissance|SIDEP-NOMNAISS|A|DURAND",
        "RES|Prélèvement|SIDEP-PRELDT|A|202104081348",
        "RES|Validation|SIDEP-VALIDDT|A|202104081500",
        "RES|Résidence|SIDEP-RESID|C|E,H",
        "RES|Professionnel de santé|SIDEP-PROSANTE|C|O",
        "RES|Symptômes|SIDEP-SYMPT|C|S2",
        "RES|Mobile|SIDEP-MOBILE|A|0612345678",
        "RES|Courriel|SIDEP-EMAIL|A|d@example.org",
        "RES|Prescripteur|SIDEP-RPPSPRESC|A|10100000016",
        "RES|Médecin traitant|SIDEP-RPPSMT|A|810000000009",
    ]
    report = messages.report(messages.hprim(lines=(RESULT, *lines)))
    person = report.person
    assert (person.birth_name, person.used_name) == ("DURAND", "PAT-TROIS")
    assert (person.mobile, person.email) == ("0612345678", "d@example.org")
    assert report.sampled_at is not None
    assert report.sampled_at.at == datetime(2021, 4, 8, 11, 48, tzinfo=UTC)
    assert report.validated_at is not None
    assert report.validated_at.at == datetime(2021, 4, 8, 13, 0, tzinfo=UTC)
    assert report.residence == (Residence.CARE_HOME, Residence.HOSPITALISED)
    assert (report.health_worker, report.symptoms) == (True, Symptoms.DAYS_2_TO_4)
    assert report.prescriber == Practitioner(rpps="10100000016")
    assert report.general_practitioner == Practitioner(rpps="10000000009")


@pytest.mark.parametrize(
    ("line", "result", "status"),
    [
        ("RES|SARS|94500-6|C|N|||||F||||", Result.NEGATIVE, Status.FINAL),
        ("RES|SARS|94500-6|A|Non détecté|||||C|", Result.NEGATIVE, Status.CORRECTED),
        ("  RES|SARS : |94500-6|N|POSITIF *|||||R", Result.POSITIVE, Status.HELD),
        ("RES|SARS|94500-6|A|D&eacute;tect&eacute;|||||F", Result.POSITIVE, Status.FINAL),
        ("RES|SARS|94500-6|A|<b>Négatif</b>|||||F", Result.NEGATIVE, Status.FINAL),
        ("RES|SARS|94500-6|C|NC|||||F", Result.NON_CONFORM, Status.FINAL),
        ("RES|SARS|94500-6|A", None, Status.HELD),
    ],
)
def test_result_lines_of_every_length(line: str, result: Result | None, status: Status) -> None:
    report = messages.report(messages.hprim(lines=(line,)))
    assert (report.result, report.status) == (result, status)


def test_columns_are_padded_and_the_second_result_is_not_mixed_with_the_first() -> None:
    (line,) = message_of("****LAB****\nRES|Na|NA|N|140|mmol/L|136|145||F|3.2|g/L|3.1|3.3|more").results
    assert [line.column(n) for n in (5, 6, 10, 11, 12, 14)] == ["140", "mmol/L", "F", "3.2", "g/L", "3.3"]
    (short,) = message_of("****LAB****\nRES||IGET 005|A").results
    assert (short.column(3), short.column(14), short.line) == ("IGET 005", "", 2)


@pytest.mark.parametrize(
    ("number", "own", "insured", "codes"),
    [
        ("279035121518989", "279035121518989", "", []),
        ("2 79 03 51 215 189 89", "279035121518989", "", []),
        ("2790351215189 89", "279035121518989", "", []),
        ("2790351215189", "279035121518989", "", ["P09"]),
        ("279035121518988", "279035121518988", "", []),
        ("150209913456766", "", "150209913456766", ["P10"]),
        ("1502099134567", "", "150209913456766", ["P10"]),
        ("INCONNU", "INCONNU", "", []),
        ("", "", "", []),
    ],
)
def test_the_number_of_line_8(number: str, own: str, insured: str, codes: list[str]) -> None:
    item = messages.item(messages.hprim(("279035121518989", number)))
    person = item.reports[0].person
    assert (person.ins, person.insured_number) == (own, insured)
    assert [f.code for f in item.findings] == codes


def test_a_number_of_the_other_sex_is_not_the_persons() -> None:
    report = messages.report(messages.hprim(lines=(RESULT, "RES|Sexe|SIDEP-SEXE|C|M|||||F")))
    assert (report.person.ins, report.person.sex) == ("", Sex.MALE)


@pytest.mark.parametrize(
    ("line", "laboratory"),
    [
        ("690001235 LBM EXEMPLE", Laboratory(finess="690001235", name="LBM EXEMPLE")),
        ("690001235", Laboratory(finess="690001235")),
        ("1690001235 LBM", Laboratory(finess="690001235", name="LBM")),
        ("690001234 LBM", Laboratory(finess="690001234", name="LBM")),
        ("SOLABIO    SOLABIO", Laboratory(name="SOLABIO")),
        ("", Laboratory()),
    ],
)
def test_line_11_names_the_laboratory(line: str, laboratory: Laboratory) -> None:
    assert messages.report(messages.hprim(("690001235 LBM EXEMPLE", line))).laboratory == laboratory


@pytest.mark.parametrize(
    ("line", "practitioner"),
    [
        ("10003456786 DR MARTIN", Practitioner(rpps="10003456786", name="DR MARTIN")),
        ("810003456786 DR MARTIN", Practitioner(rpps="10003456786", name="DR MARTIN")),
        ("MARTPA     MARTIN PAUL", Practitioner(name="MARTIN PAUL")),
        ("MARTIN", Practitioner(name="MARTIN")),
        ("", Practitioner()),
    ],
)
def test_line_12_names_the_prescriber(line: str, practitioner: Practitioner) -> None:
    assert messages.report(messages.hprim(("10003456786 DR MARTIN PAUL", line))).prescriber == practitioner


def test_mutation_letters_go_with_the_positive_nucleic_acid_test() -> None:
    letters = [
        f"RES|Mutation|SIDEP-MUT-{letter}|C|{value}|||||F"
        for letter, value in zip("DCBA", "0109", strict=True)
    ]
    serology = "RES|IgG anti-SARS-CoV-2|94563-4|C|N|||||F"
    first, second = messages.item(messages.hprim(lines=(serology, RESULT, *letters))).reports
    assert first.variants == ()
    assert second.variants == (("A", "9"), ("B", "0"), ("C", "1"), ("D", "0"))


def test_several_messages_in_a_file() -> None:
    one = messages.hprim().decode().replace(FINFICHIER + "\r\n", "")
    two = one.replace("PAT-TROIS", "DURAND")
    found = messages.items((one + two + FINFICHIER).encode())
    assert [item.reports[0].person.birth_name for item in found] == ["PAT-TROIS", "DURAND"]
    assert [item.position for item in found] == [0, 1]
    assert all(item.findings == () for item in found)
    assert found[0].raw == one.encode()


def test_files_one_after_the_other_are_both_read() -> None:
    first, second = messages.items(messages.hprim() * 2)
    assert first.findings == ()
    assert [f.code for f in second.findings] == ["F06"]
    assert second.reports == first.reports


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ((FIN, "   " + FIN), []),
        ((FINFICHIER, FINFICHIER + "\x1a"), []),
        ((f"{FIN}\r\n{FINFICHIER}", f"{FIN}\r\n\r\n{FINFICHIER}"), []),
        ((FINFICHIER, f"du texte\r\n{FINFICHIER}"), ["F06"]),
        ((FINFICHIER, f"{FINFICHIER}\r\ndu texte"), ["F06"]),
        ((f"{FIN}\r\n{FINFICHIER}", FINFICHIER), ["F02"]),
        ((f"{FIN}\r\n{FINFICHIER}", f"{FINFICHIER}\r\n{FIN}"), ["F02"]),
        ((f"{FIN}\r\n{FINFICHIER}\r\n", ""), ["F02", "F05"]),
        (("****LAB****", "   ****LAB****"), []),
        (("****LAB****\r\n", ""), []),
        (("PAT0012345\r\n", "\r\n\r\nPAT0012345\r\n"), []),
        (("PAT0012345\r\n", "\r\n"), []),
    ],
)
def test_frames_of_messages(change: tuple[str, str], codes: list[str]) -> None:
    item = messages.item(messages.hprim(change))
    assert [f.code for f in item.findings] == codes
    assert item.reports[0].person.birth_name == "PAT-TROIS"
    assert item.reports[0].result is Result.POSITIVE


def test_text_that_could_be_a_lost_message_is_not_passed_over() -> None:
    lost = messages.hprim().decode().replace(FIN, "").replace(FINFICHIER, "")
    payload = messages.hprim().decode().replace(FINFICHIER, lost + FINFICHIER)
    first, second = messages.items(payload.encode())
    assert first.findings == ()
    assert "F02" in [f.code for f in second.findings]


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "cp1252", "cp850", "mac_roman", "utf-16"])
def test_encodings(codec: str) -> None:
    changes = (
        ("PAT-TROIS", "LEFÈVRE"),
        ("DOMINIQUE", "Hélène"),
        ("28 AVENUE DE BRETEUIL", "3 allée des Cèdres"),
    )
    payload = messages.hprim(*changes).decode().encode(codec)
    person = messages.report(payload).person
    assert (person.birth_name, person.first_names) == ("LEFÈVRE", ("Hélène",))
    assert person.address.lines == ("3 allée des Cèdres",)


def test_no_message_is_read_from_a_blank_file() -> None:
    item = messages.item(b"\r\n \x1a")
    assert (item.format, [f.code for f in item.findings]) == (Format.UNKNOWN, ["F01"])


def test_an_unknown_code_with_a_telling_label_waits_for_somebody_to_look() -> None:
    report = messages.report(messages.hprim(lines=("RES|Recherche COVID-19 salive|COVSAL|C|P|||||F", MOBILE)))
    assert (report.loinc, report.status, report.result) == ("", Status.HELD, Result.POSITIVE)
