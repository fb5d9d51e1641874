from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.fr import nir as stdnum_nir

from rempart.foundation.identifiers import nir
from rempart.foundation.identifiers.nir import NirFault

VALID = {
    "279035121518989": ("F", "79", "03", "51", "215"),
    "185057800608491": ("M", "85", "05", "78", "006"),
    "293037511234540": ("F", "93", "03", "75", "112"),
    "189022A00400131": ("M", "89", "02", "2A", "004"),
    "295082B03301293": ("F", "95", "08", "2B", "033"),
    "205129710522264": ("F", "05", "12", "971", "05"),
    "170019935112388": ("M", "70", "01", "99", "351"),
    "785067800608401": ("M", "85", "06", "78", "006"),
    "893037511234531": ("F", "93", "03", "75", "112"),
    "150209913456766": ("M", "50", "20", "99", "134"),
}


@pytest.mark.parametrize(("number", "parts"), VALID.items())
def test_every_part_of_a_valid_number_is_read(number, parts):
    read = nir.parse(number)
    assert read.faults == ()
    assert (read.sex, read.year, read.month, read.department, read.commune) == parts
    assert read.number == number
    assert read.given_key == read.key == number[13:]
    assert nir.is_valid(number)


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        ("279035121518988", NirFault.KEY),
        ("185137800608425", NirFault.MONTH),
        ("985057800608479", NirFault.SEX),
        ("189022A0040013", NirFault.SHAPE),  # 14 characters
        ("189022C00400131", NirFault.SHAPE),  # no department 2C
        ("", NirFault.SHAPE),
        ("²79035121518989", NirFault.SHAPE),
        ("٢79035121518989", NirFault.SHAPE),  # a digit of another script
    ],
)
def test_each_fault_has_its_name(number, fault):
    assert nir.parse(number).faults == (fault,)
    assert not nir.is_valid(number)


def test_a_number_of_zeros_is_wrong_everywhere_though_its_key_is_right():
    assert stdnum_nir.is_valid("000000000000097")
    assert nir.parse("000000000000097").faults == (
        NirFault.SEX,
        NirFault.MONTH,
        NirFault.DEPARTMENT,
        NirFault.COMMUNE,
        NirFault.ORDER,
    )


@pytest.mark.parametrize("text", ["1 85 05 78 006 084 91", "1850578006084-91", "1.85.05.78.006.084.91"])
def test_separators_are_ignored(text):
    assert nir.parse(text).number == "185057800608491"
    assert nir.is_valid(text)


def test_without_a_key_the_right_one_is_computed():
    read = nir.parse("2790351215189")
    assert read.valid
    assert read.given_key == ""
    assert read.number == "279035121518989"
    assert not nir.is_valid("2790351215189")


@pytest.mark.parametrize("month", ["20", "30", "42", "50", "99"])
def test_special_months_are_accepted_and_not_compared_with_the_birth(month):
    read = nir.parse(f"170{month}75001001")
    assert read.valid
    assert not read.month_is_real
    assert read.agrees_with_birth(date(1970, 4, 1))
    assert not read.agrees_with_birth(date(1971, 4, 1))


@pytest.mark.parametrize("month", ["00", "13", "19", "21", "29", "43", "49"])
def test_other_months_are_faults(month):
    assert nir.parse(f"170{month}75001001").faults == (NirFault.MONTH,)


def test_birth_is_compared_by_year_and_month():
    read = nir.parse("279035121518989")
    assert read.agrees_with_birth(date(1979, 3, 28))
    assert not read.agrees_with_birth(date(1979, 4, 28))
    assert read.birth_place == "51215"


@given(
    sex=st.sampled_from("123478"),
    year=st.integers(0, 99),
    month=st.integers(1, 12),
    place=st.sampled_from(["75056", "2A004", "2B033", "97105", "98735", "99351"]),
    order=st.integers(1, 999),
)
def test_keys_are_those_of_stdnum(sex, year, month, place, order):
    body = f"{sex}{year:02d}{month:02d}{place}{order:03d}"
    read = nir.parse(body)
    assert read.valid
    assert stdnum_nir.is_valid(read.number)
    assert nir.is_valid(read.number)
    assert read.birth_place == place


@given(st.text(max_size=20))
def test_any_text_gives_an_answer(text):
    assert isinstance(nir.is_valid(text), bool)


@given(st.sampled_from(sorted(VALID)), st.integers(0, 14), st.sampled_from("0123456789"))
def test_one_wrong_digit_is_always_seen(number, at, digit):
    if number[at] in "AB" or number[at] == digit:
        return
    changed = number[:at] + digit + number[at + 1 :]
    assert not nir.is_valid(changed)
