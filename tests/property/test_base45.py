"""Our Base45 beside the library of that name, and the examples of RFC 9285."""

import base45 as library
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.proofs import base45


@pytest.mark.parametrize(
    ("data", "text"), [(b"AB", "BB8"), (b"Hello!!", "%69 VD92EX0"), (b"ietf!", "QED8WEX0"), (b"", "")]
)
def test_the_examples_of_the_standard(data: bytes, text: str) -> None:
    assert base45.encode(data) == text
    assert base45.decode(text) == data


@given(st.binary(max_size=1_000))
def test_both_write_the_same(data: bytes) -> None:
    assert base45.encode(data) == library.b45encode(data).decode("ascii")
    assert base45.decode(base45.encode(data)) == data


def outcome(text: str, decode: object) -> bytes | None:
    try:
        return decode(text)  # type: ignore[operator,no-any-return]
    except ValueError:
        return None


@given(st.text(base45.ALPHABET, max_size=60) | st.text(max_size=20))
def test_both_read_and_refuse_the_same(text: str) -> None:
    expected = (
        None if text.endswith("\n") else outcome(text, library.b45decode)
    )  # the library drops line ends
    assert outcome(text, base45.decode) == expected
