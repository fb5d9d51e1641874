import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn as stdnum_luhn

from rempart.foundation.identifiers import luhn

DIGITS = st.text("0123456789", min_size=2, max_size=20)


@given(DIGITS)
def test_the_answer_is_that_of_stdnum(digits):
    assert luhn.is_valid(digits) == stdnum_luhn.is_valid(digits)


@given(DIGITS)
def test_a_key_completes(digits):
    assert luhn.is_valid(digits + luhn.key(digits))


@pytest.mark.parametrize("text", ["", "0", "12a", "١٢", " 18"])
def test_other_text_has_no_key(text):
    assert not luhn.is_valid(text)


def test_asking_the_key_of_other_text_is_an_error():
    with pytest.raises(ValueError, match="digits"):
        luhn.key("12A")
