"""HL7 messages that enclose documents: CDA whose reports join the message's, and files."""

import base64

import pytest
from tests import messages

from rempart.screening.rules.report import Outcome, Report, Result, Status

PDF = messages.report(messages.cda()).documents[0].content
CR = "11502-2^CR d'examens biologiques^LN"


def enclosed(content: bytes, *, kind: str = "XML", status: str = "F", code: str = CR) -> str:
    text = base64.b64encode(content).decode()
    return f"OBX|9|ED|{code}||^TEXT^{kind}^Base64^{text}||||||{status}"


def french(content: bytes, *, order: str = "NW", status: str = "F", more: tuple[str, ...] = ()) -> bytes:
    """A message of the French profile: no result of its own, a document instead."""
    return messages.hl7(
        ("ORC|RE|", f"ORC|{order}|"),
        ("94500-6^SARS-CoV-2 RT-PCR^LN|||2021", f"{CR}|||2021"),
        without=("OBX|1",),
        more=(enclosed(content, status=status), *more),
    )


def the_report(payload: bytes) -> Report:
    (report,) = messages.item(payload).reports
    return report


def test_the_reports_of_a_document_are_those_of_the_message() -> None:
    judgement = messages.judged(french(messages.cda()))
    assert (judgement.outcome, judgement.findings) == (Outcome.ACCEPTED, ())
    report = the_report(french(messages.cda()))
    assert (report.loinc, report.result, report.status) == ("94500-6", Result.POSITIVE, Status.FINAL)
    assert report.location.startswith("OBX[3] (segment 8), observation[1] (line ")
    assert [one.content for one in report.documents] == [PDF]
    assert report.person.local_id == "PAT0012345", "the person is that of the message"
    assert report.health_worker is False, "of the document"
    assert report.symptoms is not None, "an answer of the message goes with the document's result"


def test_a_document_is_completed_by_its_message() -> None:
    poor = messages.cda(
        ("1690001235", "2690001235"),
        ('<id root="1.2.250.1.213.1.1.9" extension="21048BC000020"/>', ""),
        ('<effectiveTime value="20210408134800+0200"/>', ""),
    )
    report = the_report(french(poor))
    assert report.laboratory.finess == "690001235"
    assert report.record_number == "21048BC000020"
    assert report.sampled_at is not None
    assert report.sampled_at.iso() == "2021-04-08T13:48:00+02:00"


def test_a_message_is_completed_by_its_document() -> None:
    payload = french(messages.cda()).replace(
        b"^PRN^CP^^^^^^^^^0600000000~^NET^Internet^dominique@example.org", b""
    )
    person = the_report(payload).person
    assert (person.mobile, person.email) == ("0600000000", "dominique@example.org")


def test_what_message_and_document_both_say_is_one_result() -> None:
    report = the_report(messages.hl7(more=(enclosed(messages.cda()),)))
    assert report.location == "OBX[1] (segment 6)"
    assert [one.content for one in report.documents] == [PDF]


def test_message_and_document_that_contradict_each_other_are_refused() -> None:
    other = messages.cda(
        ('code="10828004"', 'code="260385009"'), ('displayName="positif"', 'displayName="négatif"')
    )
    judgement = messages.judged(messages.hl7(more=(enclosed(other),)))
    (said,) = judgement.findings
    assert (judgement.outcome, said.code, said.location) == (Outcome.REJECTED, "R08", "OBX[4]-5 (segment 9)")


@pytest.mark.parametrize(
    ("change", "traits"),
    [
        (("279035121518989", "185057800608491"), "matricule"),
        (('value="19790328"', 'value="19790329"'), "birth date"),
        (("PAT-TROIS", "AUTRE"), ""),  # the used name is the same
    ],
)
def test_another_person_in_the_document_is_seen(change: tuple[str, str], traits: str) -> None:
    said = [f for f in messages.item(french(messages.cda(change))).findings if f.code == "C02"]
    assert [f.message.rpartition(": ")[2] for f in said] == ([f"{traits}."] if traits else [])


@pytest.mark.parametrize(
    ("change", "traits"),
    [
        (('value="19790328"', 'value="19790329"'), "birth date"),
        (('code="F"', 'code="M"'), "sex"),
        (("DOMINIQUE", "DOMINIQUE"), ""),
    ],
)
def test_without_a_matricule_traits_tell_persons_apart(change: tuple[str, str], traits: str) -> None:
    anonymous = (
        '<id root="1.2.250.1.213.1.4.10" extension="279035121518989"/>',
        '<id root="1.2.3" extension="X"/>',
    )
    said = [f for f in messages.item(french(messages.cda(anonymous, change))).findings if f.code == "C02"]
    assert [f.message.rpartition(": ")[2] for f in said] == ([f"{traits}."] if traits else [])


@pytest.mark.parametrize(
    ("order", "status", "expected", "codes"),
    [
        ("NW", "F", Status.FINAL, []),
        ("RO", "C", Status.CORRECTED, []),
        ("CA", "D", Status.RETRACTED, ["R06"]),
        ("NW", "C", Status.CORRECTED, ["C03"]),
        ("RO", "F", Status.FINAL, ["C03"]),
        ("CA", "F", Status.FINAL, ["C03"]),
        ("NW", "P", Status.HELD, ["R04"]),
        ("NW", "", Status.HELD, ["R07", "R04"]),
    ],
)
def test_order_control_and_status_agree(order: str, status: str, expected: Status, codes: list[str]) -> None:
    payload = french(messages.cda(), order=order, status=status).replace(b"|||F\rOBX", b"|||\rOBX")
    assert the_report(payload).status is expected
    assert messages.codes(messages.judged(payload)) == codes


def test_a_second_version_inside_a_new_order_corrects() -> None:
    assert the_report(
        french(messages.cda(('<versionNumber value="1"/>', '<versionNumber value="2"/>')))
    ).status is (Status.CORRECTED)


def test_a_file_goes_with_every_result_of_the_person() -> None:
    payload = messages.hl7(more=(enclosed(PDF, kind="PDF"),))
    judgement = messages.judged(payload)
    assert (judgement.outcome, judgement.findings) == (Outcome.ACCEPTED, ())
    (document,) = the_report(payload).documents
    assert (document.media_type, document.content) == ("application/pdf", PDF)
    assert document.title == "CR d'examens biologiques"


def test_a_file_under_the_code_of_an_analysis_is_no_result() -> None:
    payload = messages.hl7(more=(enclosed(PDF, kind="PDF", code="94500-6^SARS-CoV-2 RT-PCR^LN"),))
    assert len(the_report(payload).documents) == 1


def test_level_1_and_level_3_of_one_report_are_one_document() -> None:
    whole = messages.cda().decode()
    copy = base64.b64encode(PDF).decode()
    start, end = whole.index("<structuredBody>"), whole.index("</structuredBody>") + len("</structuredBody>")
    body = f'<nonXMLBody><text mediaType="application/pdf" representation="B64">{copy}</text></nonXMLBody>'
    level_1 = (whole[:start] + body + whole[end:]).encode()
    report = the_report(french(messages.cda(), more=(enclosed(level_1),)))
    assert [one.content for one in report.documents] == [PDF]


@pytest.mark.parametrize(
    ("content", "kind", "code"),
    [
        (b"Bonjour !", "XML", "C05"),
        (b"<html/>", "XML", "C05"),
        (b"<ClinicalDocument>", "XML", "F01"),
        (b"Bonjour !", "PDF", "C05"),
        (PDF + b"<script>", "PDF", "C05"),
        (b"{\\rtf1}", "RTF", "C08"),
    ],
)
def test_documents_that_are_not_what_they_say(content: bytes, kind: str, code: str) -> None:
    item = messages.item(messages.hl7(more=(enclosed(content, kind=kind),)))
    assert [said.code for said in item.findings] == [code]
    assert item.findings[0].location.startswith("OBX[4]-5 (segment 9)")


def test_what_is_wrong_inside_a_document_is_said_at_its_segment() -> None:
    title = ("<title>Compte rendu d'examens biologiques</title>", "<title>CR</title>")
    (said,) = messages.judged(french(messages.cda(title))).findings
    assert (said.code, said.location) == ("C06", "OBX[3]-5 (segment 8): ClinicalDocument/title")


def test_the_text_of_a_mail_is_no_document() -> None:
    mail = enclosed(PDF, kind="", code="CORPSMAIL_PS^Corps du mail pour un PS^MetaDMPMSS")
    assert (
        the_report(french(messages.cda(), more=(mail,))).documents
        == the_report(french(messages.cda())).documents
    )


def test_a_document_that_is_not_in_base64_is_left_out() -> None:
    plain = f"OBX|9|ED|{CR}||^TEXT^XML^A^<ClinicalDocument/>||||||F"
    assert messages.codes(messages.judged(messages.hl7(more=(plain,)))) == ["C08"]
