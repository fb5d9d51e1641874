"""Whatever comes to the address of return: a report or none, never an error."""

from hypothesis import example, given
from hypothesis import strategies as st
from tests.unit.foundation.messaging.test_reports import DSN, MDN

from rempart.foundation.messaging.reports import parse

_PIECES = st.sampled_from([*DSN.splitlines(keepends=True), *MDN.splitlines(keepends=True), b"--x\n", b"\n"])


@given(st.binary(max_size=400))
@example(b"Content-Type: multipart/x; boundary=\n\n--\n")
@example(b"Content-Type: multipart/x; boundary*0*=a''%ff; boundary*=b\n\n")
@example(b"Content-Type:\xff\n\n")
def test_any_bytes(raw: bytes):
    parse(raw)


@given(st.lists(st.one_of(_PIECES, st.binary(max_size=20)), max_size=60))
def test_pieces_of_reports_in_any_order(pieces: list[bytes]):
    parse(b"".join(pieces))


@given(st.sampled_from([DSN, MDN]), st.integers(0, 1200), st.integers(0, 40), st.binary(max_size=30))
def test_a_report_that_somebody_altered(raw: bytes, start: int, cut: int, put: bytes):
    report = parse(raw[:start] + put + raw[start + cut :])
    assert report is None or all(len(told.code) <= 11 for told in report.told)
