"""HL7 v2: which field holds which item, and the habits of real senders."""

from datetime import UTC, date, datetime

import pytest
from tests import messages

from rempart.screening.formats import Context
from rempart.screening.formats.telephones import is_mobile
from rempart.screening.rules.report import (
    Address,
    Format,
    Laboratory,
    Moment,
    Practitioner,
    Precision,
    Report,
    Residence,
    Result,
    Sex,
    Status,
    Symptoms,
)
from rempart.screening.transcoding.rules import Kind, Transcoding

PID5 = "PAT-TROIS^DOMINIQUE^DOMINIQUE MARIE-LOUISE^^^^L~MARTIN^DOMINIQUE^^^^^D"
PID13 = "^PRN^CP^^^^^^^^^0600000000~^NET^Internet^dominique@example.org"
VALUE = "260373001^Detected^SCT^P^Positif^99SIDEP"
QUESTIONS = ("OBX|2|", "OBX|3|")


def test_a_whole_message() -> None:
    item = messages.item(messages.hl7())
    assert (item.format, item.control_id, item.sender, item.findings) == (
        Format.HL7V2,
        "MSG000001",
        "690001235",
        (),
    )
    (report,) = item.reports
    assert report == Report(
        laboratory=Laboratory(finess="690001235", name="LBM EXEMPLE"),
        record_number="21048BC000020",
        person=report.person,
        analysis_code="94500-6",
        analysis_label="SARS-CoV-2 RT-PCR",
        loinc="94500-6",
        raw_result="260373001",
        result=Result.POSITIVE,
        status=Status.FINAL,
        sampled_at=Moment(at=datetime(2021, 4, 8, 11, 48, tzinfo=UTC), precision=Precision.SECOND),
        validated_at=Moment(at=datetime(2021, 4, 8, 13, 0, tzinfo=UTC), precision=Precision.SECOND),
        prescriber=Practitioner(rpps="10003456786", name="MARTIN PAUL"),
        residence=(),
        health_worker=False,
        symptoms=Symptoms.UNKNOWN,
        specimen="258500001",
        location="OBX[1] (segment 6)",
    )
    person = report.person
    assert (person.birth_name, person.used_name) == ("PAT-TROIS", "MARTIN")
    assert person.first_names == ("DOMINIQUE", "MARIE-LOUISE")
    assert (person.sex, person.birth_date, person.birth_place) == (Sex.FEMALE, date(1979, 3, 28), "51215")
    assert (person.ins, person.ins_authority) == ("279035121518989", "1.2.250.1.213.1.4.10")
    assert person.local_id == "PAT0012345"
    assert person.address == Address(
        lines=("28 AV DE BRETEUIL",), postal_code="75007", city="PARIS", country="FRA"
    )
    assert (person.mobile, person.email, person.phone) == ("0600000000", "dominique@example.org", "")


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_any_line_end_gives_the_same_report(end: str) -> None:
    assert messages.report(messages.hl7(line_end=end)) == messages.report(messages.hl7())


def test_other_delimiters_give_the_same_report() -> None:
    swapped = messages.hl7().decode().translate(str.maketrans("|^~&\\", "$%;@!")).encode()
    assert messages.report(swapped) == messages.report(messages.hl7())


def test_a_fifth_encoding_character_is_met_before_version_2_7() -> None:
    assert messages.report(messages.hl7(("MSH|^~\\&|", "MSH|^~\\&#|"))) == messages.report(messages.hl7())


@pytest.mark.parametrize(
    ("written", "birth", "used", "first"),
    [
        ("DUPONT^JEAN", "DUPONT", "", ("JEAN",)),
        ("DUPONT^JEAN PAUL^JEAN PAUL MARIE^^^^L", "DUPONT", "", ("JEAN PAUL", "MARIE")),
        ("DUPONT^JEAN^JEAN, PAUL^^^^L", "DUPONT", "", ("JEAN", "PAUL")),
        ("DUPONT^Jeanne^Jean^^^^L", "DUPONT", "", ("Jeanne", "Jean")),
        ("DUPONT^ANNE^ANNE-MARIE^^^^L", "DUPONT", "", ("ANNE", "ANNE-MARIE")),
        ("DURAND^ZOE^^^^^D~DUPONT^ZOE^^^^^L", "DUPONT", "DURAND", ("ZOE",)),
        ("DURAND^ZOE^^^^^D", "", "DURAND", ("ZOE",)),
        ("VAN DE VELDE&VAN DE&VELDE^EVA^^^^^L", "VAN DE VELDE", "", ("EVA",)),
        ('""^""', "", "", ()),
        ("^^^^^^S", "", "", ()),
    ],
)  # fmt: skip
def test_names(written: str, birth: str, used: str, first: tuple[str, ...]) -> None:
    person = messages.report(messages.hl7((PID5, written))).person
    assert (person.birth_name, person.used_name, person.first_names) == (birth, used, first)


def test_numbers_of_a_person() -> None:
    old = "279035121518989^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^INS~PAT0012345^^^LBM-EX^PI"
    new = "185057800608491^^^^NH~77^^^X^PI~2 79 03 51 215 189 89^^^ASIP-SANTE- INS-NIR^INS"
    person = messages.report(messages.hl7((old, new))).person
    assert person.insured_number == "185057800608491"
    assert person.local_id == "77"
    assert person.ins == "279035121518989"
    assert person.ins_authority == "1.2.250.1.213.1.4.8", "by its name, when it has no object identifier"


@pytest.mark.parametrize(
    ("written", "phone", "mobile", "email"),
    [
        ("0612345678", "", "0612345678", ""),
        ("01 42 34 56 78^PRN^PH", "01 42 34 56 78", "", ""),
        ("^PRN^PH^^33^6^12345678", "", "+33612345678", ""),
        ("^^^otto@example.org^^260^7595016", "2607595016", "", "otto@example.org"),
        ("otto@example.org^NET^Internet", "", "", "otto@example.org"),
        ("^NET^X.400^279035121518989@patient.mssante.fr", "", "", "279035121518989@patient.mssante.fr"),
        ("0142345678~0612345678~0712345678", "0142345678", "0612345678", ""),
        ("^PRN^CP^pas d'adresse^^^^^^^^0600000000", "", "0600000000", ""),
    ],
)
def test_contacts(written: str, phone: str, mobile: str, email: str) -> None:
    person = messages.report(messages.hl7((PID13, written))).person
    assert (person.phone, person.mobile, person.email) == (phone, mobile, email)


@pytest.mark.parametrize(
    "number", ["0612345678", "07 12 34 56 78", "+33 6 12 34 56 78", "0033612345678", "+590 690 12 34 56"]
)
def test_french_mobile_numbers(number: str) -> None:
    assert is_mobile(number)


@pytest.mark.parametrize("number", ["0142345678", "06123456", "+44 7700 900123", "", "061234567890"])
def test_other_numbers(number: str) -> None:
    assert not is_mobile(number)


@pytest.mark.parametrize(
    ("changes", "laboratory"),
    [
        ((("|690001235|SIDEP", "|LABO^1690001235^L|SIDEP"),), Laboratory(finess="690001235", name="LABO")),
        ((("|690001235|SIDEP", "|labo|SIDEP"),), Laboratory(finess="690001235", name="LBM EXEMPLE")),
        ((("^^^1690001235", "^^^1130054323"),), Laboratory(finess="690001235", name="")),
        (
            (("|690001235|SIDEP", "|labo|SIDEP"), ("^^^1690001235", "^^^00Z0000042")),
            Laboratory(finess="", name="labo"),
        ),
        (
            (("|690001235|SIDEP", "|Hospital^1043269798^NPI|SIDEP"), ("^^^1690001235", "")),
            Laboratory(finess="", name="Hospital"),
        ),
    ],
)
def test_the_laboratory_that_answers_is_the_sender_where_it_gives_its_finess(
    changes: tuple[tuple[str, str], ...], laboratory: Laboratory
) -> None:
    assert messages.report(messages.hl7(*changes)).laboratory == laboratory


@pytest.mark.parametrize(
    ("written", "practitioner"),
    [
        ("10003456786^MARTIN^PAUL", Practitioner(rpps="10003456786", name="MARTIN PAUL")),
        ("810003456786", Practitioner(rpps="10003456786")),
        ("R854^NURSE^JANET^^^^^^^D^^^EI", Practitioner(name="NURSE JANET")),
        ("1528068368^Israel^Rosa^^^^^^NPI", Practitioner(name="Israel Rosa")),
        ("8011234567897^X^Y^^^^^^^D^^^IDNPS", Practitioner(rpps="8011234567897", name="X Y")),
        ("", Practitioner()),
    ],
)
def test_prescribers(written: str, practitioner: Practitioner) -> None:
    assert messages.report(messages.hl7((messages.DOCTOR, written))).prescriber == practitioner


def test_the_general_practitioner_is_in_pd1() -> None:
    report = messages.report(messages.hl7(("PV1|1|O", "PD1||||10100000016^DURAND^EVE")))
    assert report.general_practitioner == Practitioner(rpps="10100000016", name="DURAND EVE")


@pytest.mark.parametrize(
    ("written", "raw", "result"),
    [
        ("P", "P", Result.POSITIVE),
        ("^Negative", "Negative", Result.NEGATIVE),
        ("^^^260415000^Not detected^SCT", "260415000", Result.NEGATIVE),
        ("^^^^^^^^No 2019 nCoV RNA detected.", "No 2019 nCoV RNA detected.", Result.NEGATIVE),
        ("373068000", "373068000", Result.UNINTERPRETABLE),
        ("260415000^Negative *** High ***^SCT", "260415000", Result.NEGATIVE),
        ("260373001~260373001^Detected", "260373001", Result.POSITIVE),
        ("260373001~260415000", "260373001", None),
        ("260373001^Not detected", "260373001", None),
        ("840533007^Detected", "840533007", None),
        ("quelques copies", "quelques copies", None),
        ("x" * 5_000, "x" * 5_000, None),
    ],
)
def test_results(written: str, raw: str, result: Result | None) -> None:
    report = messages.report(messages.hl7((VALUE, written)))
    assert (report.raw_result, report.result) == (raw, result)


@pytest.mark.parametrize(
    ("order", "status", "result"),
    [("F", Status.FINAL, None), ("C", Status.CORRECTED, None), ("P", Status.HELD, None), ("S", Status.HELD, None),
     ("X", Status.FINAL, Result.NON_CONFORM), ("", Status.HELD, None)],
)  # fmt: skip
def test_without_a_status_of_its_own_a_result_has_that_of_its_order(
    order: str, status: Status, result: Result | None
) -> None:
    changes = (("|||A|||F|||", "|||A||||||"), ("+0200|||F\r", f"+0200|||{order}\r"), (VALUE, "?"))
    report = messages.report(messages.hl7(*changes))
    assert (report.status, report.result) == (status, result)


@pytest.mark.parametrize("place", ["OBR", "SPM", "OBX"])
def test_the_sampling_time_is_taken_where_it_is(place: str) -> None:
    order = ["OBR", "SPM", "OBX"]
    text = messages.hl7().decode()
    lines = []
    for line in text.split("\r"):
        emptied = line[:3] in order[: order.index(place)]
        lines.append(line.replace("20210408134800+0200", "") if emptied else line)
    sampled = messages.report("\r".join(lines).encode()).sampled_at
    assert sampled is not None
    assert sampled.at == datetime(2021, 4, 8, 11, 48, tzinfo=UTC)


def test_a_time_without_a_zone_is_that_of_the_laboratory_overseas() -> None:
    changes = (("|690001235|SIDEP", "|971000120|SIDEP"), ("20210408134800+0200", "20210408134800"))
    sampled = messages.report(messages.hl7(*changes)).sampled_at
    assert sampled is not None
    assert sampled.at == datetime(2021, 4, 8, 17, 48, tzinfo=UTC)


@pytest.mark.parametrize(
    ("answers", "symptoms"),
    [
        (("95419-8^^LN||N",), Symptoms.NONE),
        (("95419-8^^LN||Y",), Symptoms.UNKNOWN),
        (("95419-8^^LN||UNK^Unknown^NULLFL",), Symptoms.UNKNOWN),
        (("95419-8^^LN||Y", "65222-2^^LN||20210408"), Symptoms.UNDER_2_DAYS),
        (("65222-2^^LN||20210407",), Symptoms.UNDER_2_DAYS),
        (("11368-8^^LN||20210406",), Symptoms.DAYS_2_TO_4),
        (("65222-2^^LN||20210401",), Symptoms.DAYS_5_TO_7),
        (("65222-2^^LN||20210331",), Symptoms.OVER_A_WEEK),
        (("65222-2^^LN||20210410",), Symptoms.UNKNOWN),
        (("SIDEP-SYMPT||S5",), Symptoms.DAYS_5_TO_7),
        ((), None),
    ],
)
def test_symptoms(answers: tuple[str, ...], symptoms: Symptoms | None) -> None:
    more = tuple(f"OBX|{n}|CE|{answer}||||||F" for n, answer in enumerate(answers, 4))
    assert messages.report(messages.hl7(without=QUESTIONS, more=more)).symptoms is symptoms


@pytest.mark.parametrize(
    ("answers", "residence"),
    [
        (("95421-4^^LN||Y",), (Residence.OTHER_COLLECTIVE,)),
        (("95421-4^^LN||N",), (Residence.INDIVIDUAL,)),
        (("95421-4^^LN||Y", "75617-1^^LN||42665001^Nursing Home^SCT"), (Residence.CARE_HOME,)),
        (("75617-1^^LN||H~E",), (Residence.HOSPITALISED, Residence.CARE_HOME)),
        (("75617-1^^LN||?",), ()),
    ],
)
def test_residence(answers: tuple[str, ...], residence: tuple[Residence, ...]) -> None:
    more = tuple(f"OBX|{n}|CE|{answer}||||||F" for n, answer in enumerate(answers, 4))
    assert messages.report(messages.hl7(more=more)).residence == residence


def test_questions_that_are_not_kept_and_options_are_neither_reports_nor_findings() -> None:
    more = (
        "OBX|4|NM|35659-2^Age^LN||44||||||F",
        "OBX|5|CE|DESTDMP^Destinataire DMP^MetaDMPMSS||Y||||||F",
        "OBX|6|CE|1234^Local question^L||Y||||||F||||||||||||||||||QST",
    )
    assert messages.item(messages.hl7(more=more)).findings == ()


def test_every_analysis_is_a_report_with_the_generic_profile() -> None:
    more = ("OBX|4|NM|2160-0^Creatinine^LN||80|umol/L|||||F", "OBX|5|ST|GLU^Glucose^L||1.1||||||F")
    found = messages.item(messages.hl7(more=more), messages.GENERIC)
    assert [r.loinc for r in found.reports] == ["94500-6", "2160-0", ""]
    assert [r.analysis_code for r in found.reports] == ["94500-6", "2160-0", "GLU"]
    assert [f.code for f in messages.item(messages.hl7(more=more)).findings] == ["A03", "A03"]


def test_several_orders_each_with_its_own_record_and_time() -> None:
    second = "OBR|2||22222|94558-4^Ag^LN|||20210407||||||||||||||||||F\rOBX|1|ST|94558-4^Ag^LN||NEG||||||F"
    first, other = messages.item(messages.hl7(("SPM|1|", f"{second}\rSPM|1|"))).reports
    assert (first.record_number, other.record_number) == ("21048BC000020", "22222")
    assert (first.result, other.result) == (Result.POSITIVE, Result.NEGATIVE)
    assert other.sampled_at is not None
    assert other.sampled_at.iso() == "2021-04-07"
    assert other.prescriber.rpps == "10003456786", "of the ORC before"
    assert first.person is other.person
    assert other.health_worker is False


def test_several_patients_in_a_message() -> None:
    more = ("PID|2||||DURAND^EVE||19800101|F", "OBR|1||9", "OBX|1|ST|94500-6^^LN||N||||||F")
    first, second = messages.item(messages.hl7(more=more)).reports
    assert (first.person.birth_name, second.person.birth_name) == ("PAT-TROIS", "DURAND")
    assert second.symptoms is None, "the answers are the first patient's"


def test_what_follows_spm_is_of_the_specimen_unless_it_can_only_be_of_the_person() -> None:
    text = messages.hl7().decode()
    after = text + "OBX|4|ST|33882-2^Collection date^LN||x||||||F\rOBX|5|ST|94558-4^Ag^LN||N||||||F\r"
    assert [r.loinc for r in messages.item(after.encode(), messages.GENERIC).reports] == [
        "94500-6",
        "94558-4",
    ]


def test_a_specimen_that_stands_first_takes_no_result_away() -> None:
    lines = messages.hl7().decode().split("\r")
    moved = [*lines[:5], lines[8], *lines[5:8], ""]
    assert messages.report("\r".join(moved).encode()).result is Result.POSITIVE


def test_a_laboratorys_own_code_is_transcoded_by_its_finess() -> None:
    payload = messages.hl7(("OBX|1|CE|94500-6^SARS-CoV-2 RT-PCR^LN", "OBX|1|CE|PCRCOV^RT-PCR^L"))
    table = Transcoding({("690001235", Kind.ANALYSIS, "PCRCOV"): "94500-6"})
    context = Context(pathogen=messages.COVID, transcoding=table)
    report = messages.report(payload, context)
    assert (report.loinc, report.analysis_code, report.status) == ("94500-6", "PCRCOV", Status.FINAL)
    assert messages.item(payload).reports == ()


def test_a_code_in_the_second_triplet_is_read() -> None:
    report = messages.report(
        messages.hl7(("94500-6^SARS-CoV-2 RT-PCR^LN||260", "PCR^x^L^94500-6^SARS^LN||260"))
    )
    assert (report.loinc, report.analysis_code) == ("94500-6", "PCR")


def test_the_character_set_of_each_message_is_its_own() -> None:
    accented = ("DE BRETEUIL", "DES CÉDRES")
    latin = messages.hl7(accented, ("UNICODE UTF-8", "8859/15")).decode().encode("iso8859-15")
    found = messages.items(messages.hl7(accented) + latin)
    assert [item.reports[0].person.address.lines for item in found] == [("28 AV DES CÉDRES",)] * 2
    assert [item.findings for item in found] == [(), ()]


def test_xml_with_entities_is_refused() -> None:
    import base64

    bomb = b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
    line = f"OBX|4|ED|11502-2^CR^LN||^TEXT^XML^Base64^{base64.b64encode(bomb).decode()}||||||F"
    assert "C05" in [f.code for f in messages.item(messages.hl7(more=(line,))).findings]


NK1 = "NK1|1|PROCHE^JEAN|||^PRN^CP^^^^^^^^^0611111111~^NET^Internet^proche@example.org||{}"
NO_CONTACT = ("^PRN^CP^^^^^^^^^0600000000~^NET^Internet^dominique@example.org", "")


@pytest.mark.parametrize(
    ("role", "mobile"), [("", "0611111111"), ("N", "0611111111"), ("C", "0611111111"), ("E", ""), ("I", "")]
)
def test_an_employer_or_insurer_is_no_relative(role: str, mobile: str) -> None:
    person = messages.report(messages.hl7(NO_CONTACT, more=(NK1.format(role),))).person
    assert person.relative_mobile == mobile
    assert bool(person.relative_email) is bool(mobile)


def test_a_relative_is_asked_only_where_the_person_has_nothing() -> None:
    assert messages.report(messages.hl7(more=(NK1.format("N"),))).person.relative_mobile == ""


def test_the_first_relatives_who_have_one_are_reached() -> None:
    more = (
        "NK1|1|A^B|||^NET^Internet^a@example.org",
        "NK1|2|C^D|||^PRN^CP^^^^^^^^^0622222222",
        NK1.format("N"),
    )
    person = messages.report(messages.hl7(NO_CONTACT, more=more)).person
    assert (person.relative_email, person.relative_mobile) == ("a@example.org", "0622222222")


@pytest.mark.parametrize(("given", "device"), [("1232", "1232"), ("SN-0042", ""), ("1234567", "")])
def test_a_rapid_test_is_known_by_its_number_in_the_eu_list(given: str, device: str) -> None:
    change = ("20210408134800+0200|||||||||LBM", f"20210408134800+0200||||{given}|||||LBM")
    assert messages.report(messages.hl7(change)).device == device
