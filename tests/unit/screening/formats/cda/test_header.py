"""The header rules of the CI-SIS, beside those of the table (tests/spec/test_cda_headers.py)."""

import pytest
from tests import messages

from rempart.screening.rules.report import Outcome

INS = "1.2.250.1.213.1.4.10"
REAL = "1.2.250.1.213.1.4.8"
PATIENT = "ClinicalDocument/recordTarget/patientRole"


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
