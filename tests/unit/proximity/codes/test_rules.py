"""Declaration codes: their shape, and how the policy hangs together."""

import re
from datetime import UTC, date, datetime
from uuid import UUID

from rempart.foundation.retention import Kind, retention
from rempart.proximity.codes.rules import Code, State, shaped, until, validity_on

LONG = re.compile(r"[a-f0-9]{8}(-[a-f0-9]{4}){4}[a-f0-9]{8}")


def test_a_code_has_the_shape_that_the_application_reads():
    for random in (bytes(16), bytes([255]) * 32, bytes(range(16))):
        text = shaped(random)
        assert LONG.fullmatch(text)
        assert UUID(text).version == 4


def test_122_bits_are_free():
    fixed = [bit for bit in range(128) if shaped(bytes(16)) == shaped((1 << bit).to_bytes(16, "big"))]
    assert len(fixed) == 6


def test_a_used_code_holds_no_more():
    last = until(date(2021, 4, 16))
    assert Code(text="", until=last).holds(datetime(2021, 4, 16, 12, tzinfo=UTC))
    assert not Code(text="", until=last, state=State.USED).holds(datetime(2021, 4, 16, 12, tzinfo=UTC))


def test_a_row_is_kept_as_long_as_its_code_may_be_asked_for_again():
    """Else a code that has ended would be given anew, with a new end.

    In Nouméa it is the next day already from 13:00 UTC on: a code may be asked for on the day before that of its sampling.
    """
    validity = validity_on(date(2021, 4, 9))
    for version in retention(Kind.DECLARATION_CODE).versions:
        assert version.days >= max(validity.useful + 1, validity.days)
