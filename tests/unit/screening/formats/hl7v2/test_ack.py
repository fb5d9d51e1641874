from dataclasses import replace

import pytest
from tests import messages

from rempart.screening.formats.hl7v2.ack import acknowledge
from rempart.screening.rules.catalogue import catalogue


def lines(payload: bytes) -> list[str]:
    """The segments that answer the only message of a payload."""
    item = messages.item(payload)
    answer = acknowledge(item, messages.verdict(item), now=messages.NOW).decode()
    assert answer.endswith("\r")
    return answer.split("\r")[:-1]


def test_a_message_without_findings_is_accepted() -> None:
    msh, msa = lines(messages.hl7())
    assert msh == (
        "MSH|^~\\&|SIDEP|DGS|SIL-EX|690001235|20210409080000+0000||ACK^R01^ACK|ACK2104090800000000000|P|2.5|||||"
        "|UNICODE UTF-8"
    )
    assert msa == "MSA|AA|MSG000001"


def test_warnings_do_not_refuse() -> None:
    _, msa, err = lines(messages.hl7((messages.PID.split("||")[-1], "")))
    assert msa == "MSA|AA|MSG000001"
    assert err.startswith("ERR||PID^^13|101^Required field missing^HL70357|W|P08^")


def test_an_error_has_its_place_its_code_and_what_to_do() -> None:
    _, msa, err = lines(messages.hl7(("260373001^Detected^SCT^P^Positif^99SIDEP", "Z")))
    assert msa == "MSA|AE|MSG000001"
    assert err == (
        "ERR||OBX^1^5|103^Table value not found^HL70357|E|R01^The value Z is not a known result for 94500-6.^99REMPART"
        "||OBX[1]-5 (segment 6)|The value Z is not a known result for 94500-6. Send P, N, I or X, or one of the SNOMED "
        "CT codes of the result table."
    )


@pytest.mark.parametrize(
    ("payload", "condition"),
    [
        (messages.hl7(("ORU^R01^ORU_R01", "ADT^A01")), "200^Unsupported message type"),
        (messages.hl7(("ORU^R01^ORU_R01", "ORU^R30")), "201^Unsupported event code"),
        (messages.hl7(("|P|2.5|", "|P|2.7|")), "203^Unsupported version id"),
        (messages.hl7().split(b"\r")[0], "199^Other HL7 error"),
    ],
)
def test_what_cannot_be_read_as_ours_is_rejected(payload: bytes, condition: str) -> None:
    _, msa, *errors = lines(payload)
    assert msa == "MSA|AR|MSG000001"
    assert any(f"|{condition}^HL70357|E|" in err for err in errors)


def test_bytes_without_a_header_are_answered_too() -> None:
    msh, msa, _ = lines(b"not a message")
    assert msh.startswith("MSH|^~\\&|REMPART||||")
    assert msa == "MSA|AR|"


def test_what_is_copied_from_the_message_is_escaped() -> None:
    payload = messages.hl7(("MSG000001", "M\\F\\1\\T\\2"), ("|SIL-EX|", "|S\\S\\L^1.2.3^ISO|"))
    msh, msa = lines(payload)
    assert "|S\\S\\L^1.2.3^ISO|690001235|" in msh
    assert msa == "MSA|AA|M\\F\\1\\T\\2"


def test_every_code_of_the_catalogue_can_be_sent() -> None:
    item = messages.item(messages.hl7(("260373001^Detected^SCT^P^Positif^99SIDEP", "Z")))
    judgement = messages.verdict(item)
    for code in catalogue():
        said = replace(judgement, findings=(replace(judgement.findings[0], code=code),))
        assert b"\rERR|" in acknowledge(item, said, now=messages.NOW)
