import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.foundation.identifiers import finess
from rempart.foundation.identifiers.finess import FinessFault


@pytest.mark.parametrize(
    ("number", "department"),
    [
        ("660780180", "66"),
        ("750712184", "75"),
        ("2A0000014", "2A"),
        ("2B0000020", "2B"),
        ("690001235", "69"),
        ("130054323", "13"),
        ("971000120", "971"),
        ("2A0001236", "2A"),
        ("2B0001234", "2B"),
        ("970102018", "971"),  # Saint-Barthélemy, in the department file code 9A
        ("970300026", "973"),
        ("970400024", "974"),
        ("980501506", "976"),
        ("980600027", "986"),
    ],
)
def test_numbers_of_every_kind_of_department(number, department):
    read = finess.parse(number)
    assert read.valid
    assert read.department == department


@pytest.mark.parametrize(
    ("number", "faults"),
    [
        ("690001234", (FinessFault.KEY,)),
        ("2A0000015", (FinessFault.KEY,)),
        ("AUTRE", (FinessFault.SHAPE,)),
        ("ARS-IDF", (FinessFault.SHAPE,)),
        ("A PRECISER", (FinessFault.SHAPE,)),
        ("35600000000048", (FinessFault.SHAPE,)),
        ("", (FinessFault.SHAPE,)),
        ("990000000", (FinessFault.DEPARTMENT, FinessFault.KEY)),
        ("2C0000014", (FinessFault.SHAPE,)),
    ],
)
def test_faults(number, faults):
    assert finess.parse(number).faults == faults


def test_case_and_spaces_do_not_matter():
    assert finess.parse("2a 0000014") == finess.parse("2A0000014")


@given(st.sampled_from(["75", "2A", "2B", "01", "9704"]), st.integers(0, 999_999))
def test_a_computed_key_is_valid(department, order):
    body = (department + f"{order:06d}")[:8]
    assert finess.is_valid(body + finess.key_of(body))


@given(st.text(max_size=12))
def test_any_text_gives_an_answer(text):
    assert isinstance(finess.is_valid(text), bool)
