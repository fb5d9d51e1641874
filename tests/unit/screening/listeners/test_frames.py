"""MLLP framing: what each way of cutting, gluing and breaking frames makes of a message."""

import pytest

from rempart.screening.listeners.frames import Frame, Frames, TooLarge

A, B = b"MSH|^~\\&|A\rPID|1\r", b"MSH|^~\\&|B\rPID|1\r"


def fed(*parts, most=1000):
    frames = Frames(most=most)
    return [frame for part in parts for frame in frames.feed(part)], frames


@pytest.mark.parametrize(
    ("parts", "payloads"),
    [
        ([b"\x0b" + A + b"\x1c\r"], [A]),
        ([b"\x0b" + A + b"\x1c\r\x0b" + B + b"\x1c\r"], [A, B]),
        ([b"\x0b" + A[:5], A[5:] + b"\x1c", b"\r\x0b" + B + b"\x1c\r"], [A, B]),
        ([b"\x0b" + A + b"\x1c\x0b" + B + b"\x1c"], [A, B]),  # without the last 0x0D
        ([b"\r\n\r\n\x0b" + A + b"\x1c\r\n"], [A]),
        ([b"\x0b\x1c\r\x0b" + A + b"\x1c\r"], [A]),  # an empty frame keeps a connection alive
        ([b"\x0b" + A + B + b"\x1c\r"], [A + B]),  # the decoder tells them apart
    ],
)
def test_frames(parts, payloads):
    found, frames = fed(*parts)
    assert found == [Frame(payload=payload) for payload in payloads]
    assert frames.pending == 0


def test_a_frame_that_another_one_cuts_short_is_not_whole():
    found, _ = fed(b"\x0b" + A[:8] + b"\x0b" + B + b"\x1c\r")
    assert found == [Frame(payload=A[:8], whole=False), Frame(payload=B)]


def test_silence_ends_no_frame():
    found, frames = fed(b"\x0b" + A)
    assert found == []
    assert frames.silence() is None
    assert frames.start(4) == b"MSH|"


def test_without_frames_a_message_ends_where_the_next_begins():
    found, frames = fed(A + B[:4], B[4:])
    assert found == [Frame(payload=A[:-1])]
    assert frames.silence() == Frame(payload=B)


def test_without_frames_half_a_line_is_not_the_end():
    _, frames = fed(A + b"OBX|1|CE|945")
    assert frames.silence() is None


def test_without_frames_a_batch_ends_where_its_sender_does():
    batch = b"FHS|^~\\&\rBHS|^~\\&\r" + A + B + b"BTS|2\rFTS|1\r"
    found, frames = fed(batch)
    assert found == []
    assert frames.silence() == Frame(payload=batch)


def test_a_frame_may_have_so_many_bytes_and_no_more():
    assert fed(b"\x0b" + b"x" * 100 + b"\x1c\r", most=100)[0] == [Frame(payload=b"x" * 100)]
    for parts in ([b"\x0b" + b"x" * 101 + b"\x1c\r"], [b"\x0b" + b"x" * 60, b"x" * 60], [b"x" * 120]):
        with pytest.raises(TooLarge):
            fed(*parts, most=100)


def test_what_came_before_too_much_is_read():
    frames, found = Frames(most=100), []
    with pytest.raises(TooLarge):
        for frame in frames.feed(b"\x0bok\x1c\r\x0b" + b"x" * 200):
            found.append(frame)  # noqa: PERF402 -- what came before the error
    assert found == [Frame(payload=b"ok")]
