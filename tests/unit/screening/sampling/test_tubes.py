"""Numbers of tubes and codes of registrations: what is misread is found out."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.screening.sampling.rules import codes, tubes

NUMBERS = st.integers(0, 10**12 - 1).map(lambda body: tubes.new_number(lambda _: body))
CODES = st.integers().map(lambda seed: codes.new_code(random.Random(seed).choice))


@given(NUMBERS, st.integers(0, 13), st.integers(1, 9))
def test_a_wrong_digit_is_found(number, place, more):
    wrong = number[:place] + str((int(number[place]) + more) % 10) + number[place + 1 :]
    assert tubes.is_ours(number)
    with pytest.raises(tubes.Misread):
        tubes.read(wrong)


@given(NUMBERS, st.integers(0, 12))
def test_two_digits_turned_round_are_found(number, place):
    turned = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    assert turned == number or not tubes.is_ours(turned)


@given(NUMBERS)
def test_a_number_is_read_as_it_is_shown(number):
    assert len(number) == 14
    assert tubes.read(tubes.grouped(number)) == number


@pytest.mark.parametrize(
    ("typed", "number"),
    [(" lab-2026/0042\r\n", "LAB-2026/0042"), ("a123", "A123"), ("123456789012345", "123456789012345")],
)
def test_a_laboratorys_own_label_is_taken_as_it_is(typed, number):
    assert tubes.read(typed) == number


@pytest.mark.parametrize(
    "typed", ["", "   ", "A12", "A" * 31, "-A123", "ÉTUI", "A_1234", "'; DROP", "12345678901234"]
)
def test_what_is_no_number_is_misread(typed):
    with pytest.raises(tubes.Misread):
        tubes.read(typed)


def test_a_list_is_read_line_by_line_each_once():
    good, bad = tubes.read_all("A123\n\nb456\r\nA123\n??\n")
    assert (good, bad) == (("A123", "B456"), ("??",))


@given(CODES)
def test_a_code_is_read_as_it_is_shown_or_typed(code):
    assert codes.read(codes.grouped(code)) == codes.read(f" {code.lower()} ") == code


@given(CODES, st.integers(0, 9), st.sampled_from(codes.ALPHABET))
def test_a_mistyped_sign_is_found(code, place, sign):
    assert codes.read(code[:place] + sign + code[place + 1 :]) == (code if sign == code[place] else "")


@given(CODES, st.integers(0, 7))
def test_two_signs_that_changed_places_are_found(code, place):
    turned = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    assert codes.read(turned) in ("", code)


@given(st.text(max_size=40))
def test_any_text_is_a_code_or_none(text):
    read = codes.read(text)
    assert read == "" or (len(read) == 10 and set(read) <= set(codes.ALPHABET))
