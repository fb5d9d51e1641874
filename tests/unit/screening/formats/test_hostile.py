"""What a hostile sender multiplies: the work and the memory of a message stay in proportion to its bytes."""

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
@pytest.mark.parametrize("place", ["279035121518989^", "PAT-TROIS^", "28 AV DE BRETEUIL^", "^PRN^"])
def test_a_field_of_signs_takes_no_multiple_of_its_size(place: str, sign: str) -> None:
    payload = messages.hl7((place, "A" + sign * 500_000 + place))
    tracemalloc.start()
    try:
        item = messages.item(payload)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(item.reports) == 1
    assert peak < 20 * len(payload)


def test_a_character_reference_too_long_to_be_a_number() -> None:
    item = messages.item(
        messages.hprim(("POSITIF", "x"), lines=(messages.RESULT + "|&#" + "9" * 5_000 + ";",))
    )
    assert len(item.reports) == 1
