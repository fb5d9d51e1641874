"""The header rules of the CI-SIS: each broken one is said, with its place (lab-formats reference, section 5.2)."""

import pytest
from tests import messages

from rempart.screening.rules.report import Outcome

INS = "1.2.250.1.213.1.4.10"
REAL = "1.2.250.1.213.1.4.8"
PATIENT = "ClinicalDocument/recordTarget/patientRole"
WHAT_BREAKS = {
    "no identifier": ('<id root="2.25.329800735698586629295641978511506172918" extension="CR000001.1"/>', "", "C01", "ClinicalDocument/id"),
    "no set": ('<setId root="2.25.329800735698586629295641978511506172918" extension="CR000001"/>', "", "C01", "ClinicalDocument/setId"),
    "no version": ('<versionNumber value="1"/>', "", "C01", "ClinicalDocument/versionNumber"),
    "version zero": ('<versionNumber value="1"/>', '<versionNumber value="0"/>', "C01", "ClinicalDocument/versionNumber"),
    "version unknown": ('<versionNumber value="1"/>', '<versionNumber value="1" nullFlavor="UNK"/>', "C01", "ClinicalDocument/versionNumber"),
    "no laboratory template": ('<templateId root="1.3.6.1.4.1.19376.1.3.3"/>', "", "C01", "ClinicalDocument/templateId[@root='1.3.6.1.4.1.19376.1.3.3']"),
    "no code of the act": ('<code code="18725-2" codeSystem="2.16.840.1.113883.6.1" displayName="Microbiologie"/>\n      <performer', "<performer", "C01", "ClinicalDocument/documentationOf/serviceEvent/code"),
    "no French template": ('<templateId root="2.16.840.1.113883.2.8.2.1"/>', "", "C06", "ClinicalDocument/templateId"),
    "no minimal template": ('<templateId root="1.2.250.1.213.1.1.1.1"/>', "", "C06", "ClinicalDocument/templateId"),
    "no CR-BIO template": ('<templateId root="1.2.250.1.213.1.1.1.55" extension="2024.01"/>', "", "C06", "ClinicalDocument/templateId"),
    "another title": ("<title>Compte rendu d'examens biologiques</title>", "<title>Résultats</title>", "C06", "ClinicalDocument/title"),
    "unknown written otherwise": ('<addr use="H">', '<addr use="H" nullFlavor="NI">', "C06", f"{PATIENT}/addr"),
    "birth name missing": ('<family qualifier="BR">PAT-TROIS</family>', "", "C06", f"{PATIENT}/patient/name/family[@qualifier='BR']"),
    "first given name missing": ('<given qualifier="BR">DOMINIQUE</given>', "", "C06", f"{PATIENT}/patient/name/given[@qualifier='BR']"),
    "list of given names missing": ("<given>DOMINIQUE MARIE-LOUISE</given>", "", "C06", f"{PATIENT}/patient/name/given"),
    "birth place missing": ("<county>51215</county>", "", "C06", f"{PATIENT}/patient/birthplace/place/addr/county"),
    "sex missing": ('<administrativeGenderCode code="F" codeSystem="2.16.840.1.113883.5.1"/>', "", "C06", f"{PATIENT}/patient/administrativeGenderCode"),
    "no time of performance": ('<time><high value="20210408150000+0200"/></time>', "", "C06", "ClinicalDocument/documentationOf/serviceEvent/performer/time"),
    "no setting of care": ('<standardIndustryClassCode code="AMBULATOIRE" codeSystem="1.2.250.1.213.1.1.4.9"/>', "", "C06", "ClinicalDocument/documentationOf/serviceEvent/performer/assignedEntity/representedOrganization/standardIndustryClassCode"),
    "another section": ('<templateId root="1.2.250.1.213.1.1.2.70"/>', "", "", ""),
    "no copy": ('<templateId root="1.2.250.1.213.1.1.2.243"/>', "", "C06", "ClinicalDocument/component/structuredBody"),
}  # fmt: skip


@pytest.mark.parametrize("name", WHAT_BREAKS)
def test_a_broken_rule_is_said_with_its_place(name: str) -> None:
    old, new, code, where = WHAT_BREAKS[name]
    judgement = messages.judged(messages.cda((old, new)))
    said = [(f.code, f.location) for f in judgement.findings if f.code in ("C01", "C06")]
    assert ((code, where) in said) if code else not said
    assert (judgement.outcome is Outcome.REJECTED) == (code == "C01")


@pytest.mark.parametrize("part", ["addr", "telecom"])
def test_who_validated_can_be_reached(part: str) -> None:
    whole = messages.cda().decode()
    start, end = whole.index("<authenticator>"), whole.index("</authenticator>")
    block = whole[start:end]
    gone = block.replace(f"<{part}", "<other").replace(f"</{part}", "</other")
    judgement = messages.judged((whole[:start] + gone + whole[end:]).encode())
    where = "ClinicalDocument/authenticator/assignedEntity"
    assert [f.location for f in judgement.findings] == [
        f"{where}/{part}",
        f"{where}/representedOrganization/{part}",
    ]


def test_an_identity_of_the_real_register_must_be_whole() -> None:
    """A test identity that lacks a trait is a warning; one that a real authority assigned is refused."""
    gone = ("<county>51215</county>", "")
    assert messages.judged(messages.cda(gone)).outcome is Outcome.ACCEPTED
    judgement = messages.judged(messages.cda(gone, (INS, REAL)))
    assert judgement.outcome is Outcome.REJECTED
    assert "C01" in messages.codes(judgement)


def test_a_person_without_national_identity_needs_no_trait_more() -> None:
    judgement = messages.judged(messages.cda((INS, "1.2.3.4"), ("<county>51215</county>", "")))
    assert judgement.findings == ()


def test_two_persons_in_a_document_are_refused() -> None:
    whole = messages.cda().decode()
    target = whole[whole.index("<recordTarget>") : whole.index("</recordTarget>") + len("</recordTarget>")]
    judgement = messages.judged(messages.cda((target, target * 2)))
    assert ("C01", PATIENT) in [(f.code, f.location) for f in judgement.findings]


def test_another_document_is_refused_by_its_type() -> None:
    judgement = messages.judged(messages.cda(('<code code="11502-2"', '<code code="11488-4"')))
    (said,) = judgement.findings
    assert (said.code, said.location) == ("H01", "ClinicalDocument/code")
    assert "11488-4" in said.message


def test_without_french_rules_a_header_may_be_poor() -> None:
    payload = messages.cda(
        ('<setId root="2.25.329800735698586629295641978511506172918" extension="CR000001"/>', "")
    )
    assert messages.judged(payload, messages.GENERIC).findings == ()


def test_numbers_of_tests_may_have_wrong_keys_but_the_laboratory_s() -> None:
    """Official samples have professionals and identities whose keys are wrong; whose results these are must be sure."""
    wrong = ("279035121518989", "279035121518988"), ("810003456786", "810003456785")
    judgement = messages.judged(messages.cda(*wrong))
    assert (judgement.outcome, messages.codes(judgement)) == (Outcome.ACCEPTED, ["P05", "L02"])
    assert messages.judged(messages.cda(*wrong, (INS, REAL))).outcome is Outcome.REJECTED
    assert messages.judged(messages.cda(("1690001235", "1690001234"))).outcome is Outcome.REJECTED
