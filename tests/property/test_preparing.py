"""What was judged can always be kept: no message stops the batch that it came in."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import messages
from tests.factories import COVID, delivery
from tests.property.test_decoders import mutated

from rempart.foundation.vault import Keyring
from rempart.screening.formats import decode
from rempart.screening.rules.judging import judge
from rempart.screening.services.prepare import Preparer
from rempart.screening.services.prepared import Judged, PreparedMessage

_FOLDER = tempfile.TemporaryDirectory(prefix="rempart-test-keys-")  # gone when the tests end
KEYRING = Keyring(Path(_FOLDER.name))


def prepared(payload: bytes) -> list[PreparedMessage]:
    preparer = Preparer(keyring=KEYRING, pathogen=COVID, now=messages.NOW)
    made = []
    for item in decode(payload, context=messages.FRENCH):
        judgement = judge(item, profile=messages.FRENCH.profile, pathogen=COVID, now=messages.NOW)
        made.append(preparer.message(Judged(item=item, judgement=judgement, delivery=delivery())))
    return made


def assert_can_be_written(message: PreparedMessage) -> None:
    """PostgreSQL takes no NUL in a text, no lone surrogate, no time that has no place in UTC."""
    for result in message.results:
        for value in result.values:
            if isinstance(value, str):
                assert "\0" not in value
                value.encode()
            if isinstance(value, datetime):
                assert value.astimezone(UTC).year >= 1
        assert len(result.values[0]) <= 9
    for finding in message.findings:
        assert "\0" not in finding.location
        finding.location.encode()


@given(payload=mutated())
@settings(deadline=None, max_examples=300)
def test_a_damaged_message_can_be_prepared(payload: bytes) -> None:
    for message in prepared(payload):
        assert_can_be_written(message)


NAMES = st.text(
    st.characters(exclude_characters="|^~\\&\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"),
    min_size=1,
    max_size=30,
)


@given(name=NAMES, line=NAMES)
@settings(deadline=None)
def test_any_name_can_be_prepared(name: str, line: str) -> None:
    text = messages.hl7(("PAT-TROIS", "NAME"), ("28 AV DE BRETEUIL", "LINE")).decode()
    payload = text.replace("NAME", name).replace("LINE", line).encode("utf-8", "surrogatepass")
    for message in prepared(payload):
        assert_can_be_written(message)


TIMES = (
    "00010101000000+1400", "00010101", "0001", "99991231235959-1200", "99991231", "19000101000000+1400",
    "18500101120000+0009", "20210408134800+9999",
)  # fmt: skip


@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize(
    "field", ["20210408134800+0200", "20210408150000+0200"], ids=["sampled", "validated"]
)
def test_any_time_can_be_prepared(time: str, field: str) -> None:
    (message,) = prepared(messages.hl7((field, time)))
    assert_can_be_written(message)


@pytest.mark.parametrize(
    "escaped", ["\\XD800\\", "\\X00\\", "\\XEDA080\\", "\\M2AD800\\", "\\C2842\\", "\\X\\"]
)
def test_any_escape_can_be_prepared(escaped: str) -> None:
    (message,) = prepared(messages.hl7(("PAT-TROIS", f"PAT{escaped}"), ("P123^PRESC", f"P{escaped}^PRESC")))
    assert message.results
    assert_can_be_written(message)
