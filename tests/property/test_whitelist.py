"""Whatever is published as a white list: a list, or a refusal by its code, never an error."""

from hypothesis import example, given
from hypothesis import strategies as st
from tests.unit.foundation.messaging.mssante.test_whitelist import ENTRIES, listed

from rempart.foundation.messaging.mssante.subjects import subject_of_text
from rempart.foundation.messaging.mssante.whitelist import Refused, ascii_domain, parse

RAW = listed(ENTRIES)


@given(st.integers(0, len(RAW)), st.integers(0, 60), st.binary(max_size=30))
def test_a_list_that_somebody_altered(start: int, cut: int, put: bytes):
    try:
        found = parse(RAW[:start] + put + RAW[start + cut :], checksum=None)
    except Refused:
        return
    assert all(ascii_domain(name) == name and found.subjects(name) for name in found.domains)


@given(st.text(max_size=80) | st.text(alphabet="CNOUST=,;+/\\ 0a.", max_size=60))
@example("CN=a,CN=b\\")
@example("CN=\\ff\\fe")
def test_any_text_is_a_subject_or_none(text: str):
    try:
        found = subject_of_text(text)
    except ValueError:
        return
    assert found


@given(st.text(max_size=300))
def test_any_text_is_a_domain_or_none(text: str):
    name = ascii_domain(text)
    assert name.isascii()
    assert ascii_domain(name) == name or not name
