"""Whatever bytes stand in a file of the directories, each line is a row or a fault, and nothing crashes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.directories import (
    MAILBOXES_HEAD,
    PROFESSIONALS_HEAD,
    entity,
    establishment,
    finess,
    mailbox,
    position,
    practice,
    rpps,
    table,
)

from rempart.foundation.directories.layouts import LAYOUTS, layouts_of, published_on
from rempart.foundation.directories.layouts.rows import Fault, Layout, Row

GOOD = [
    establishment(finess("69", 1)).encode(),
    entity(finess("69", 2)).encode(),
    position(finess("69", 3)).encode(),
    *table(PROFESSIONALS_HEAD, [practice(rpps(1))]).split(b"\n")[:2],
    *table(MAILBOXES_HEAD, [mailbox("a@b.fr", number=rpps(1))]).split(b"\n")[:2],
]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A good line with some of its bytes replaced, or any bytes at all."""
    line = bytearray(draw(st.sampled_from(GOOD)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(line) - 1))
        line[at : at + draw(st.integers(0, 3))] = draw(
            st.binary(max_size=4) | st.sampled_from([b";", b"|", b'"'])
        )
        line = line or bytearray(b"x")
    return bytes(line).replace(b"\n", b"")


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.directory)
@given(
    content=st.lists(damaged() | st.binary(max_size=60).map(lambda raw: raw.replace(b"\n", b"")), max_size=6)
)
def test_every_line_is_a_row_or_a_fault(layout: Layout, content: list[bytes]) -> None:
    for one in layout.read(enumerate([line for line in content if line], 1)):
        assert isinstance(one, Row | Fault)
        assert 1 <= one.line <= len(content)
        if isinstance(one, Row):
            assert len(one.values) == len(layout.columns)
            assert len(one.digest) == 16
            assert all("\0" not in value for value in one.values if isinstance(value, str))


@given(first=st.lists(st.binary(max_size=80), max_size=2))
def test_any_first_lines_are_told_or_not(first: list[bytes]) -> None:
    assert isinstance(layouts_of(first), tuple)
    assert isinstance(published_on(first), str)
