"""HPRIM Santé: what is read of a message, and how much a sender may differ."""

import base64
from datetime import date

import pytest
from tests import messages
from tests.messages import codes, item, judged, report, sante

from rempart.screening.formats import Context, decode, sniff
from rempart.screening.rules.report import (
    Format,
    Outcome,
    Practitioner,
    Precision,
    Residence,
    Result,
    Sex,
    Status,
    Symptoms,
)
from rempart.screening.transcoding.rules import Kind, Transcoding


def test_the_whole_of_a_good_message() -> None:
    found = item(sante())
    assert (found.format, found.sender, found.control_id) == (
        Format.HPRIM_SANTE,
        "690001235",
        "LABO01.HPR/20210408150500",
    )
    one = report(sante())
    person = one.person
    assert (person.birth_name, person.used_name) == ("PAT-TROIS", "MARTIN")
    assert person.first_names == ("DOMINIQUE", "MARIE-LOUISE")
    assert (person.sex, person.birth_date, person.birth_place) == (Sex.FEMALE, date(1979, 3, 28), "51215")
    assert (person.ins, person.ins_authority) == ("279035121518989", "1.2.250.1.213.1.4.10")
    assert person.local_id == "PAT0012345"
    assert person.address.lines == ("28 AVENUE DE BRETEUIL",)
    assert (person.address.postal_code, person.address.city, person.address.country) == (
        "75007",
        "PARIS",
        "FRA",
    )
    assert (person.mobile, person.phone) == ("0600000000", "0145678901")
    assert (one.laboratory.finess, one.laboratory.name) == ("690001235", "LBM EXEMPLE")
    assert one.record_number == "21048BC000020"
    assert one.sampled_at is not None
    assert one.sampled_at.iso() == "2021-04-08T13:48:00+02:00"
    assert one.validated_at is not None
    assert one.validated_at.iso() == "2021-04-08T15:00:00+02:00"
    assert (one.loinc, one.result, one.status) == ("94500-6", Result.POSITIVE, Status.FINAL)
    assert one.prescriber == Practitioner(rpps="10003456786", name="MARTIN PAUL")
    assert one.general_practitioner == Practitioner(rpps="10003456786", name="LEROY ANNE")
    assert (one.specimen, one.health_worker) == ("NPH", False)
    assert one.location == "OBX[1] (segment 4)"
    assert codes(judged(sante())) == []


@pytest.mark.parametrize("line_end", ["\r", "\n", "\r\n", "\r\n\r\n"])
@pytest.mark.parametrize(
    ("whole", "cut"),
    [
        ("Detected", "Detec{}A|ted"),
        ("260373001~", "26037{}A|3001{}A|~"),
        ("|LABO01.HPR|", "|LABO01{}A|.HPR|"),
    ],
)
def test_a_line_may_go_on_in_the_middle_of_a_word(line_end: str, whole: str, cut: str) -> None:
    payload = sante((whole, cut.replace("{}", line_end)), line_end=line_end)
    assert report(payload) == report(sante())
    assert item(payload).control_id == item(sante()).control_id
    assert item(payload).raw == payload.rstrip()


@pytest.mark.parametrize("header", ["H|^~\\&|", "H!@#$%!", "H|~^*&|"])
def test_a_message_brings_its_own_delimiters(header: str) -> None:
    separator, component, repetition, _, sub = header[1:6]
    table = str.maketrans({"|": separator, "~": component, "^": repetition, "&": sub})
    text = sante().decode()
    payload = header.encode() + text[len(header) :].translate(table).encode()
    assert report(payload).person == report(sante()).person
    assert codes(judged(payload)) == []


def test_the_escape_sign_may_be_left_out() -> None:
    payload = sante().replace(b"H|~^\\&|", b"H|~^&|")
    assert report(payload) == report(sante())


@pytest.mark.parametrize("header", [b"H|~~\\&|", b"H|~^\\~|", b"H|~^&&|"])
def test_delimiters_all_differ(header: bytes) -> None:
    payload = sante().replace(b"H|~^\\&|", header)
    (one,) = decode(payload, format=Format.HPRIM_SANTE, context=messages.FRENCH)
    assert [f.code for f in one.findings] == ["F01"]


def test_escapes_are_read() -> None:
    assert report(sante(("PAT-TROIS", "D\\S\\A\\T\\B"))).person.birth_name == "D~A&B"


def test_several_persons_and_orders_in_one_message() -> None:
    second = (
        "P|2|PAT2|||DURAND~JEAN||19500102|M",
        "OBR|1||22222|94500-6~RT-PCR~LN|||20210408",
        "OBX|1|CE|94500-6~RT-PCR~LN||N||||||F",
        "OBR|2||33333|94558-4~Ag~LN|||202104081200",
        "OBX|2|ST|94558-4~Ag~LN||NEGATIF||||||F",
    )
    reports = item(sante(more=second, end="L|1||2|12")).reports
    assert [(r.person.birth_name, r.record_number) for r in reports] == [
        ("PAT-TROIS", "21048BC000020"),
        ("DURAND", "22222"),
        ("DURAND", "33333"),
    ]
    assert reports[1].sampled_at is not None
    assert reports[1].sampled_at.precision is Precision.DAY
    assert codes(judged(sante(more=second, end="L|1||2|12"))) == ["P08"]


def test_several_messages_in_one_file() -> None:
    payload = b"\x0b" + sante() + b"\x1c\r\n" + sante(("LABO01", "LABO02"))
    found = messages.items(payload)
    assert [one.control_id for one in found] == ["LABO01.HPR/20210408150500", "LABO02.HPR/20210408150500"]
    assert found[0].raw == sante().rstrip()


def test_a_comment_and_the_segments_of_other_contexts_are_left_alone() -> None:
    more = ("C|1|L|À jeun", "ACT|1|x", "AP|1|y", "ZZZ|1|z", "OBX|9|CE|95419-8~Symptomes~LN||O||||||F")
    assert report(sante(more=more)).symptoms is Symptoms.UNKNOWN
    assert codes(judged(sante(more=more))) == []


@pytest.mark.parametrize(
    ("status", "of_order", "expected", "said"),
    [
        ("F", "", Status.FINAL, []),
        ("U", "", Status.FINAL, []),
        ("C", "", Status.CORRECTED, []),
        ("P", "", Status.HELD, ["R04"]),
        ("R", "", Status.HELD, ["R04"]),
        ("I", "", Status.HELD, ["R04"]),
        ("D", "", Status.RETRACTED, ["R06"]),
        ("", "F", Status.FINAL, []),
        ("", "M", Status.HELD, ["R04"]),
        ("", "C", Status.CORRECTED, []),
        ("", "", Status.HELD, ["R07", "R04"]),
        ("Q", "F", Status.HELD, ["R07", "R04"]),
    ],
)
def test_the_status_of_the_observation_else_of_the_order(
    status: str, of_order: str, expected: Status, said: list[str]
) -> None:
    payload = sante(
        ("Detected~SCT||||||F", f"Detected~SCT||||||{status}"), ("+0200|||F", f"+0200|||{of_order}")
    )
    assert report(payload).status is expected
    assert codes(judged(payload)) == said


def test_a_result_that_cannot_be_obtained_is_not_conform() -> None:
    assert report(sante(("260373001~Detected~SCT||||||F", "||||||X"))).result is Result.NON_CONFORM


def test_the_ins_came_with_version_2_3() -> None:
    assert report(sante(("H2.3~C", "H2.2~C"))).person.ins == ""


@pytest.mark.parametrize(
    ("field", "ins", "authority"),
    [
        ("279035121518989~NIR", "279035121518989", ""),
        ("1234567890123456789012~INS-C~2012^279035121518989~NIR", "279035121518989", ""),
        ("2 79 03 51 215 189 89~INS-NIR~~1.2.250.1.213.1.4.8", "279035121518989", "1.2.250.1.213.1.4.8"),
        ("1234567890123456789012~INS-C~2012", "", ""),
    ],
)
def test_the_ins(field: str, ins: str, authority: str) -> None:
    person = report(sante(("279035121518989~INS-NIR~20210101~1.2.250.1.213.1.4.10", field))).person
    assert (person.ins, person.ins_authority) == (ins, authority)


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("10003456786&MARTIN&PAUL~PNEUMO", Practitioner(rpps="10003456786", name="MARTIN PAUL")),
        ("10003456786~MARTIN&PAUL~RPPS", Practitioner(rpps="10003456786", name="MARTIN PAUL")),
        ("10003456786", Practitioner(rpps="10003456786")),
        ("810003456786&MARTIN", Practitioner(rpps="10003456786", name="MARTIN")),
        ("633999156&MARTIN&PAUL", Practitioner(adeli="633999156", name="MARTIN PAUL")),
        ("MED12&MARTIN&PAUL", Practitioner(name="MARTIN PAUL")),
    ],
)
def test_the_prescriber(field: str, expected: Practitioner) -> None:
    assert report(sante(("10003456786&MARTIN&PAUL", field))).prescriber == expected


def test_reserved_codes_bring_what_has_no_field() -> None:
    more = (
        "OBX|4|TX|SIDEP-NUMASSURE||1 85 05 78 006 084 91||||||F",
        "OBX|6|TX|SIDEP-EMAILPROCHE||proche@example.org||||||F",
        "OBX|7|TX|SIDEP-MOBILEPROCHE||0611111111||||||F",
        "OBX|8|CE|SIDEP-RESID||E^H||||||F",
        "OBX|9|CE|SIDEP-SYMPT||S2||||||F",
        "OBX|10|ST|SIDEP-DISPOSITIF||1232||||||F",
    )
    one = report(sante(("0600000000^0145678901", ""), more=more))
    assert one.person.insured_number == "185057800608491"
    assert (one.person.relative_email, one.person.relative_mobile) == ("proche@example.org", "0611111111")
    assert one.residence == (Residence.CARE_HOME, Residence.HOSPITALISED)
    assert (one.symptoms, one.device) == (Symptoms.DAYS_2_TO_4, "1232")


def test_a_relative_is_asked_only_where_the_person_has_nothing() -> None:
    more = ("OBX|4|TX|SIDEP-EMAIL||dominique@example.org", "OBX|5|TX|SIDEP-MOBILEPROCHE||0611111111")
    person = report(sante(("0600000000^0145678901", ""), more=more)).person
    assert (person.email, person.relative_mobile) == ("dominique@example.org", "")


def test_mutation_letters_go_with_the_positive() -> None:
    more = tuple(f"OBX|{n}|CE|SIDEP-MUT-{letter}||0||||||F" for n, letter in enumerate("ABCD", 4))
    assert dict(report(sante(more=more)).variants) == {"A": "0", "B": "0", "C": "0", "D": "0"}


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ("L|1||1|8", []),
        ("L|1||2|8", ["F05"]),
        ("L|1||1|99", ["F05"]),
        ("L|1||x|8", ["F05"]),
        ("L|1", []),
        ("C|1|L|et la suite", ["F02"]),
    ],
)
def test_the_counts_of_the_last_segment(end: str, said: list[str]) -> None:
    assert codes(judged(sante(end=end, more=("C|1|P|x",)))) == said


def test_continuation_lines_may_be_counted_or_not() -> None:
    for count in (7, 8):
        payload = sante(("Detected", "Det\rA|ected"), end=f"L|1||1|{count}")
        assert codes(judged(payload)) == []


def test_a_file_that_is_named_and_not_there_is_said() -> None:
    payload = sante(more=("OBX|4|FIC|CR~Compte rendu~L||PDF~cr0001.pdf~PDF||||||F",))
    assert codes(judged(payload)) == ["C09"]
    assert judged(payload).outcome is Outcome.ACCEPTED


def test_a_file_in_base64_is_attached_however_many_lines_it_takes() -> None:
    content = b"%PDF-1.4\n" + b"x" * 60_000 + b"\n%%EOF\n"
    text = base64.b64encode(content).decode()
    lines = "\r".join(f"A|{text[at : at + 200]}" for at in range(0, len(text), 200))
    payload = sante(more=(f"OBX|4|FIC|CR~Compte rendu~L||PDF~cr.pdf~PDF~\r{lines}\rA|||||||F",))
    (document,) = report(payload).documents
    assert (document.media_type, document.content, document.title) == ("application/pdf", content, "cr.pdf")
    assert codes(judged(payload)) == []
    assert codes(judged(payload.replace(b"A|JVBER", b"A|AVBER"))) == ["C08"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("|ORU|", "|ADM|"), ["H01"]),
        (("|ORU|", "|REG|"), ["H01"]),
        (("H2.3~C", "H3.0~C"), ["H01"]),
        (("H2.3~C", "H2.1~L"), []),
        (("H2.3~C", "2.4"), []),
        (("H2.3~C", ""), ["H03"]),
        (("||P|H2.3", "||T|H2.3"), ["H04"]),
        (("690001235~LBM EXEMPLE", "LBM EXEMPLE"), ["L01"]),
        (("21048BC000020|94500-6", "|94500-6"), []),
        (("P123|21048BC000020", "|"), ["L03"]),
        (("20210408134800+0200", ""), ["S01"]),
        (("20210408134800+0200", "le 8"), ["S01"]),
        (("19790328", "1979"), ["P03", "P04"]),
        (("260373001~Detected~SCT", "Z"), ["R01"]),
    ],
)
def test_what_is_said_of_a_change(change: tuple[str, str], said: list[str]) -> None:
    assert codes(judged(sante(change))) == said


def test_a_laboratorys_own_code_and_words_are_read_by_its_table() -> None:
    payload = sante(
        ("94500-6~SARS-CoV-2 RT-PCR~LN||260373001~Detected~SCT", "COVPCR~Recherche~L||Mis en évidence")
    )
    entries = {
        ("690001235", Kind.ANALYSIS, "COVPCR"): "94500-6",
        ("690001235", Kind.RESULT, "MIS EN EVIDENCE"): "P",
    }
    one = report(payload, Context(pathogen=messages.COVID, transcoding=Transcoding(entries)))
    assert (one.loinc, one.result) == ("94500-6", Result.POSITIVE)
    assert item(payload).reports == ()


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "cp850", "mac_roman", "utf-16"])
def test_any_encoding(encoding: str) -> None:
    payload = sante(("DOMINIQUE~MARIE-LOUISE", "Hélène~Zoé")).decode().encode(encoding)
    assert report(payload).person.first_names == ("Hélène", "Zoé")


def test_formats_are_told_apart() -> None:
    assert sniff(sante()) is Format.HPRIM_SANTE
    assert sniff(b"Bonjour,\r\n" + sante()) is Format.HPRIM_SANTE
    assert sniff(messages.hl7()) is Format.HL7V2
    assert sniff(messages.hprim()) is Format.HPRIM_MEDECIN
    for payload in (
        messages.hprim(("PAT-TROIS", "H|DUPONT")),
        b"H|a|b|c\r\n",
        b"HELLO|~^\\&|",
        b"xH|~^\\&|\r",
    ):
        assert sniff(payload) is not Format.HPRIM_SANTE


def test_text_before_and_between_segments_is_said() -> None:
    assert codes(judged(b"Bonjour,\r\n" + sante())) == ["F06"]
    broken = sante(("28 AVENUE DE", "28 AVENUE\rDE"))
    assert codes(judged(broken)) == ["F06"]
    assert report(broken).person.address.lines == ("28 AVENUE\nDE BRETEUIL",)


def test_a_foreign_laboratory_has_no_finess() -> None:
    assert codes(judged(sante(("690001235~LBM EXEMPLE", "LBM")), messages.GENERIC)) == []
