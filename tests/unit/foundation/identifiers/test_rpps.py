import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.foundation.identifiers import rpps


@pytest.mark.parametrize(
    "number", ["10003456786", "10100000016", "10000000009", "10002422979", "07655473259", "01234567897"]
)
def test_valid_rpps(number):
    assert rpps.is_rpps(number)
    assert rpps.rpps_of("8" + number) == number
    assert rpps.is_professional("8" + number)


@pytest.mark.parametrize(
    "number", ["01234534765", "01234567866", "1000345678", "100034567860", "", "1000345678A"]
)
def test_invalid_rpps(number):
    assert not rpps.is_rpps(number)


def test_adeli_has_a_luhn_key_too():
    assert rpps.is_adeli("633999156")
    assert not rpps.is_adeli("633999157")
    assert rpps.rpps_of("0633999156") == "633999156"
    assert rpps.is_professional("0633999156")


@pytest.mark.parametrize(
    ("written", "bare"),
    [
        ("810003456786", "10003456786"),
        ("10100997245", "10100997245"),  # not prefixed
        ("8011234567897", "8011234567897"),  # too long to know what the prefix is
        ("1 0003456786", "10003456786"),
    ],
)
def test_a_prefix_is_removed_only_where_the_length_leaves_no_doubt(written, bare):
    assert rpps.rpps_of(written) == bare


def test_finess_inside_a_structure_identifier():
    assert rpps.finess_of("1690001235") == "690001235"
    assert rpps.finess_of("12A0000014") == "2A0000014"
    assert rpps.finess_of("690001235") == "690001235"
    assert rpps.finess_of("335600000000048") == "335600000000048"


@given(st.text(max_size=14))
def test_any_text_gives_an_answer(text):
    assert isinstance(rpps.is_professional(text), bool)
    assert isinstance(rpps.finess_of(text), str)
