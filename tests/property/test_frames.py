"""MLLP framing: however the bytes are cut on their way, the same messages come out."""

from hypothesis import given
from hypothesis import strategies as st

from rempart.screening.listeners.frames import Frame, Frames, TooLarge

LINES = st.lists(
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20), min_size=1, max_size=4
)
MESSAGES = st.lists(
    st.tuples(LINES, st.sampled_from(["\r", "\n", "\r\n"])).map(
        lambda one: ("MSH|^~\\&|" + one[1].join(one[0]) + one[1]).encode()
    ),
    min_size=1,
    max_size=5,
)
BETWEEN = st.sampled_from([b"", b"\r", b"\n", b"\r\n\r\n", b"\x00", b" "])


@st.composite
def pieces(draw, stream):
    """A stream, cut anywhere."""
    cuts = sorted(draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    return [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]


def read(parts, most=10_000):
    frames = Frames(most=most)
    return [frame for part in parts for frame in frames.feed(part)], frames


@given(st.data(), MESSAGES, BETWEEN)
def test_framed_messages_come_out_as_they_were_however_they_are_cut(data, messages, between):
    stream = b"".join(b"\x0b" + one + b"\x1c\r" + between for one in messages)
    found, frames = read(data.draw(pieces(stream)))
    assert found == [Frame(payload=one) for one in messages]
    assert frames.pending == 0


@given(st.data(), MESSAGES)
def test_messages_without_frames_come_out_too_the_last_one_by_silence(data, messages):
    stream = b"".join(messages)
    found, frames = read(data.draw(pieces(stream)))
    last = frames.silence()
    assert last is not None
    assert last.whole
    whole = [*found, last]
    assert [one.payload.rstrip(b"\r\n") for one in whole] == [one.rstrip(b"\r\n") for one in messages]
    assert frames.silence() is None


@given(st.data(), st.binary(max_size=300))
def test_any_bytes_are_read_and_bounded(data, stream):
    frames = Frames(most=100)
    try:
        for part in data.draw(pieces(stream)):
            for frame in frames.feed(part):
                assert len(frame.payload) <= 100
            assert frames.pending <= 100
    except TooLarge:
        pass
