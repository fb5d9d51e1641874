"""CDA documents: what is read of them, what is made of what is odd."""

from datetime import UTC, date, datetime

import pytest
from tests import messages

from rempart.screening.formats import decode, sniff
from rempart.screening.rules.report import (
    Address,
    Format,
    Laboratory,
    Outcome,
    Practitioner,
    Precision,
    Result,
    Sex,
    Status,
    Symptoms,
)

VALUE = '<value xsi:type="CD" code="10828004" codeSystem="2.16.840.1.113883.6.96" displayName="positif"/>'
OBSERVATION = '<code code="94500-6" codeSystem="2.16.840.1.113883.6.1" displayName="SARS-CoV-2 RT-PCR"/>'
ANSWER = (
    '<code code="95418-0" codeSystem="2.16.840.1.113883.6.1" displayName="Employed in a healthcare setting"/>'
)
COMPLETED = '<statusCode code="completed"/>\n                  <effectiveTime value="20210408145000+0200"/>'
MAIL = '<telecom value="mailto:dominique@example.org"/>'
MOBILE = '<telecom value="tel:0600000000" use="MC"/>'


def with_value(value: str) -> bytes:
    return messages.cda((VALUE, value))


def test_the_sample_of_a_laboratory_report_is_accepted_without_remark() -> None:
    judgement = messages.judged(messages.cda())
    assert (judgement.outcome, judgement.findings) == (Outcome.ACCEPTED, ())


def test_a_laboratory_report_gives_every_item_of_annex_1_that_it_has() -> None:
    item = messages.item(messages.cda())
    (report,) = item.reports
    assert (item.format, item.sender) == (Format.CDA, "690001235")
    assert item.control_id == "2.25.329800735698586629295641978511506172918^CR000001.1"
    assert report.laboratory == Laboratory(finess="690001235", name="LBM EXEMPLE")
    assert report.record_number == "21048BC000020"
    person = report.person
    assert (person.birth_name, person.used_name) == ("PAT-TROIS", "MARTIN")
    assert person.first_names == ("DOMINIQUE", "MARIE-LOUISE")
    assert (person.sex, person.birth_date, person.birth_place) == (Sex.FEMALE, date(1979, 3, 28), "51215")
    assert (person.ins, person.ins_authority) == ("279035121518989", "1.2.250.1.213.1.4.10")
    assert person.address == Address(
        lines=("28 AVENUE DE BRETEUIL",), postal_code="75007", city="PARIS", country="FRA"
    )
    assert (person.mobile, person.email) == ("0600000000", "dominique@example.org")
    assert (report.analysis_code, report.loinc) == ("94500-6", "94500-6")
    assert (report.raw_result, report.result, report.status) == ("10828004", Result.POSITIVE, Status.FINAL)
    assert report.sampled_at is not None
    assert report.sampled_at.at == datetime(2021, 4, 8, 11, 48, tzinfo=UTC)
    assert report.sampled_at.precision is Precision.SECOND
    assert report.validated_at is not None
    assert report.validated_at.at == datetime(2021, 4, 8, 13, 0, tzinfo=UTC)
    assert report.prescriber == Practitioner(rpps="10003456786", name="MARTIN PAUL")
    assert report.health_worker is False
    assert report.specimen == "258500001"
    (document,) = report.documents
    assert (document.media_type, document.title) == ("application/pdf", "Copie du document")
    assert document.content.startswith(b"%PDF-1.4")


def test_a_rapid_test_gives_its_device_and_the_time_of_the_test() -> None:
    judgement = messages.judged(messages.cda(sample="bio-trod"))
    assert (judgement.outcome, judgement.findings) == (Outcome.ACCEPTED, ())
    report = messages.report(messages.cda(sample="bio-trod"))
    assert (report.loinc, report.result) == ("94558-4", Result.NEGATIVE)
    assert report.device == "(01)00686597200018(17)260930(10)A12345"
    assert report.record_number == "TROD000001", "the set of versions stands in for a record number"
    assert report.sampled_at is not None
    assert report.sampled_at.at == datetime(2021, 4, 8, 11, 48, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "raw", "result"),
    [
        ('<value xsi:type="CD" code="260415000" displayName="Not detected"/>', "260415000", Result.NEGATIVE),
        ('<value xsi:type="CD" code="125154007"/>', "125154007", Result.NON_CONFORM),
        ('<value xsi:type="ST">Négatif</value>', "Négatif", Result.NEGATIVE),
        ('<value xsi:type="CD"><originalText>positif</originalText></value>', "positif", Result.POSITIVE),
        (
            '<value xsi:type="CD"><originalText><reference value="#r1"/></originalText></value>',
            "SARS-CoV-2 RT-PCR : positif",
            None,
        ),
        (
            '<value xsi:type="CD" code="X1"><translation code="10828004"/></value>',
            "X1",
            Result.POSITIVE,
        ),
        ('<value xsi:type="PQ" value="22.4" unit="{Ct}"/>', "22.4 {Ct}", None),
        (
            '<value xsi:type="PQ" value="22.4" unit="{Ct}"/><interpretationCode code="POS"/>',
            "22.4 {Ct}",
            Result.POSITIVE,
        ),
        (
            '<value xsi:type="PQ" value="2" unit="a"/><interpretationCode code="N"/>',
            "2 a",
            None,
        ),
        ('<value xsi:type="INT" value="3"/>', "3", None),
        ('<value xsi:type="IVL_PQ"><high value="0.1"/></value>', "..0.1", None),
        ('<value xsi:type="CD" code="840539006" displayName="Positif"/>', "840539006", None),
        ("", "", None),
    ],
)
def test_values_of_every_type(value: str, raw: str, result: Result | None) -> None:
    report = messages.report(with_value(value))
    assert (report.raw_result, report.result) == (raw, result)


def test_normal_is_not_negative() -> None:
    """N in an interpretation is "normal" of the HL7 table, not the N of the platform's alphabet."""
    report = messages.report(
        with_value('<value xsi:type="PQ" value="1" unit="a"/><interpretationCode code="N"/>')
    )
    assert report.result is None


def test_a_value_that_contradicts_itself_is_said() -> None:
    payload = with_value('<value xsi:type="CD" code="10828004" displayName="négatif"/>')
    assert "R08" in messages.codes(messages.judged(payload))


@pytest.mark.parametrize(
    ("status", "value", "expected", "result"),
    [
        ("active", VALUE, Status.HELD, Result.POSITIVE),
        ("nullified", VALUE, Status.RETRACTED, Result.POSITIVE),
        ("aborted", "", Status.FINAL, Result.NON_CONFORM),
        ("aborted", VALUE, Status.HELD, Result.POSITIVE),
        ("nonsense", VALUE, Status.HELD, Result.POSITIVE),
    ],
)
def test_the_status_of_an_observation(status: str, value: str, expected: Status, result: Result) -> None:
    changed = COMPLETED.replace("completed", status)
    report = messages.report(messages.cda((COMPLETED, changed), (VALUE, value)))
    assert (report.status, report.result) == (expected, result)


def test_a_second_version_corrects_the_first() -> None:
    report = messages.report(messages.cda(('<versionNumber value="1"/>', '<versionNumber value="2"/>')))
    assert report.status is Status.CORRECTED
    assert report.record_number == messages.report(messages.cda()).record_number


def test_a_document_that_replaces_another_corrects_it() -> None:
    related = '<versionNumber value="1"/><relatedDocument typeCode="RPLC"><parentDocument/></relatedDocument>'
    report = messages.report(messages.cda(('<versionNumber value="1"/>', related)))
    assert report.status is Status.CORRECTED


def test_earlier_results_are_no_results_of_this_document() -> None:
    earlier = (
        f'<entryRelationship typeCode="REFR"><observation>{OBSERVATION}<statusCode code="completed"/>'
        '<value xsi:type="CD" code="260385009"/></observation></entryRelationship>'
    )
    report = messages.report(with_value(VALUE + earlier))
    assert report.result is Result.POSITIVE


def test_other_analyses_are_left_aside_and_said() -> None:
    other = OBSERVATION.replace("94500-6", "18928-2").replace("SARS-CoV-2 RT-PCR", "Gentamicine")
    judgement = messages.judged(messages.cda((OBSERVATION, other)))
    assert messages.codes(judgement) == ["A03", "A01"]
    assert judgement.findings[0].location.startswith("observation[1]/code (line ")


def test_a_local_code_with_a_loinc_translation_is_recognised() -> None:
    local = (
        '<code code="COVPCR" codeSystem="1.2.3" displayName="PCR">'
        '<translation code="94500-6" codeSystem="2.16.840.1.113883.6.1"/></code>'
    )
    report = messages.report(messages.cda((OBSERVATION, local)))
    assert (report.loinc, report.analysis_code) == ("94500-6", "COVPCR")


def test_answers_and_mutation_letters_stand_beside_the_result() -> None:
    symptoms = '<code code="SIDEP-SYMPT"/>', '<value xsi:type="ST">S2</value>'
    letter = '<observation><code code="SIDEP-MUT-C"/><value xsi:type="ST">1</value></observation>'
    payload = messages.cda(
        (ANSWER, symptoms[0]),
        (
            '<value xsi:type="BL" value="false"/>',
            symptoms[1] + f"<entryRelationship>{letter}</entryRelationship>",
        ),
    )
    report = messages.report(payload)
    assert report.symptoms is Symptoms.DAYS_2_TO_4
    assert report.variants == (("C", "1"),)


def test_a_relative_is_asked_for_only_where_the_person_has_nothing() -> None:
    relative = (
        "<author>\n    <time",
        '<informant><relatedEntity classCode="NOK"><telecom value="tel:0611111111" use="MC"/></relatedEntity>'
        "</informant><author>\n    <time",
    )
    person = messages.report(messages.cda(relative)).person
    assert (person.relative_mobile, person.mobile) == ("", "0600000000")
    person = messages.report(messages.cda(relative, (MOBILE, ""), (MAIL, ""))).person
    assert (person.relative_mobile, person.mobile) == ("0611111111", "")


def test_the_state_s_own_mailbox_takes_no_ordinary_mail() -> None:
    mail = MAIL.replace("dominique@example.org", "279035121518989@patient.mssante.fr")
    assert messages.report(messages.cda((MAIL, mail))).person.email == ""


def test_the_address_in_parts_and_the_names_of_use() -> None:
    parts = "<houseNumber>28</houseNumber><streetName>Av de Breteuil</streetName><unitID>Esc A</unitID>"
    payload = messages.cda(
        ("<streetAddressLine>28 AVENUE DE BRETEUIL</streetAddressLine>", parts),
        ('<family qualifier="BR">PAT-TROIS</family>', ""),
    )
    person = messages.report(payload).person
    assert person.address.lines == ("28 Av de Breteuil", "Esc A")
    assert (person.birth_name, person.used_name) == ("", "MARTIN")


def test_several_documents_in_a_file_are_several_messages() -> None:
    second = messages.cda(("CR000001.1", "CR000002.1"), ("21048BC000020", "21048BC000021"))
    items = messages.items(messages.cda() + b"\n" + second)
    assert [item.reports[0].record_number for item in items] == ["21048BC000020", "21048BC000021"]
    assert [item.raw for item in items] == [messages.cda().strip(), second.strip()]


def test_a_body_that_is_only_a_copy_gives_a_document_and_no_report() -> None:
    whole = messages.cda().decode()
    copy = whole[whole.index("JVBER") : whole.index("</value>", whole.index("JVBER"))]
    start, end = whole.index("<structuredBody>"), whole.index("</structuredBody>") + len("</structuredBody>")
    body = f'<nonXMLBody><text mediaType="application/pdf" representation="B64">{copy}</text></nonXMLBody>'
    payload = (whole[:start] + body + whole[end:]).encode()
    assert messages.codes(messages.judged(payload)) == ["A01"]


def test_documents_in_other_encodings_are_read() -> None:
    text = messages.cda(("DOMINIQUE</given>", "HÉLÈNE</given>")).decode()
    for payload in (
        text.replace('encoding="UTF-8"', 'encoding="ISO-8859-1"').encode("iso8859-1"),
        text.replace('encoding="UTF-8"', 'encoding="windows-1252"').encode("cp1252"),
        text.encode("utf-16"),
        text.replace('encoding="UTF-8"', 'encoding="us-ascii"').encode("utf-8"),
    ):
        assert messages.report(payload).person.first_names[0] == "HÉLÈNE"


def test_documents_are_told_from_other_files() -> None:
    assert sniff(messages.cda()) is Format.CDA
    assert sniff(messages.cda(sample="bio-trod")) is Format.CDA
    assert sniff(b"<?xml version='1.0'?><html/>") is Format.UNKNOWN
    assert sniff(messages.cda().replace(b"<ClinicalDocument ", b"<h:ClinicalDocument ")) is Format.CDA


@pytest.mark.parametrize(
    ("payload", "code", "where"),
    [
        (b"<ClinicalDocument", "F01", "line 1"),
        (b"<ClinicalDocument>\n<a></ClinicalDocument>", "F01", "line 2"),
        (b"<ClinicalDocument/>", "F01", "document"),
        (b"<x:ClinicalDocument xmlns:x='urn:hl7-org:v2'/>", "F01", "document"),
    ],
)
def test_what_cannot_be_read_says_where(payload: bytes, code: str, where: str) -> None:
    (item,) = decode(payload, format=Format.CDA, context=messages.FRENCH)
    (said,) = item.findings
    assert (said.code, said.location, item.reports) == (code, where, ())
