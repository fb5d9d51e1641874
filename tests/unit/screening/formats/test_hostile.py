"""What a hostile sender multiplies: the work and the memory of a message stay in proportion to its bytes."""

import base64
import tracemalloc

import pytest
from tests import messages

LETTER = "OBX|9|ST|SIDEP-MUT-A||{}||||||F"
RESULT = "OBX|1|CE|94500-6^SARS-CoV-2 RT-PCR^LN||POSITIF||||||F"


def test_letters_times_results_is_not_what_is_said() -> None:
    many = (*[RESULT] * 300, *[LETTER.format(n) for n in range(300)])
    item = messages.item(messages.hl7(more=many))
    assert len(item.reports) == 301
    assert max(len(report.variants) for report in item.reports) == 16


def test_letters_of_hprim_are_bounded_too() -> None:
    letters = tuple(f"RES|Mutation|SIDEP-MUT-A|C|{n}|||||F" for n in range(300))
    (report,) = messages.item(messages.hprim(lines=(messages.RESULT, messages.MOBILE, *letters))).reports
    assert len(report.variants) == 16


def test_one_letter_said_twice_is_one() -> None:
    (report,) = messages.item(messages.hl7(more=(LETTER.format(1), LETTER.format(1)))).reports
    assert report.variants == (("A", "1"),)


@pytest.mark.parametrize("sign", ["~", "^"])
@pytest.mark.parametrize(
    "place", ["OBX|3|CE|95419-8^Has symptoms related to condition of interest^LN||", "OBX|1|CE|"]
)
def test_a_field_of_signs_takes_no_multiple_of_its_size(place: str, sign: str) -> None:
    payload = messages.hl7((place, place + "A" + sign * 500_000))
    tracemalloc.start()
    try:
        messages.item(payload)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 20 * len(payload)


@pytest.mark.parametrize(
    ("place", "segment"),
    [
        ("PAT-TROIS^", "PID[1] (segment 2)"),
        ("MSG000001", "MSH[1] (segment 1)"),
        ("|O\r", "PV1[1] (segment 3)"),
    ],
)
@pytest.mark.parametrize("filler", ["A", "~", "^", "|", "\rx"])
def test_a_segment_that_would_fill_a_page_by_itself_is_not_read(
    place: str, segment: str, filler: str
) -> None:
    item = messages.item(messages.hl7((place, (filler * 40_000)[:40_000] + place)))
    ((said),) = item.findings
    assert (item.reports, said.code) == ((), "F03")
    assert said.location == segment or filler == "\rx"


def test_a_document_may_be_long() -> None:
    content = base64.b64encode(b"%PDF-1.4\n" + b" " * 120_000 + b"\n%%EOF\n").decode()
    document = f"OBX|9|ED|11502-2^CR^LN||^text^PDF^Base64^{content}"
    item = messages.item(messages.hl7(more=(document,)))
    assert item.findings == ()
    assert len(item.reports[0].documents[0].content) > 120_000
    assert len(item.reports) == 1


def test_a_header_line_of_hprim_that_is_too_long() -> None:
    item = messages.item(messages.hprim(("DOMINIQUE", "D" * 5_000)))
    assert [(said.code, said.location) for said in item.findings] == [("F03", "line 3")]


def test_a_character_reference_too_long_to_be_a_number() -> None:
    item = messages.item(
        messages.hprim(("POSITIF", "x"), lines=(messages.RESULT + "|&#" + "9" * 5_000 + ";",))
    )
    assert len(item.reports) == 1
