"""Streams of sealed chunks: each at its place, the last one known for the last."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rempart.foundation.vault import KeyDestroyed, Keyring, Purpose, SealBroken
from rempart.foundation.vault.streams import CHUNK_BYTES, StreamOpener, StreamSealer

DAY = date(2026, 11, 28)
PARTS = [b"first", b"second", b"", b"fourth"]


@pytest.fixture
def keyring(tmp_path):
    return Keyring(tmp_path / "keys")


def sealed(keyring, parts=PARTS, context=b"row"):
    sealer = StreamSealer.begin(keyring, Purpose.EXCHANGE, DAY, context=context)
    chunks = [sealer.seal(part, last=rank == len(parts) - 1) for rank, part in enumerate(parts)]
    return sealer.salt, chunks


def opener(keyring, salt, chunks, context=b"row"):
    return StreamOpener.begin(keyring, Purpose.EXCHANGE, DAY, salt=salt, context=context, chunks=chunks)


@settings(max_examples=30, deadline=None)
@given(parts=st.lists(st.binary(max_size=200), min_size=1, max_size=8))
def test_what_was_sealed_is_opened(tmp_path_factory, parts):
    keyring = Keyring(tmp_path_factory.getbasetemp() / "keys-of-streams")
    salt, chunks = sealed(keyring, parts)
    found = opener(keyring, salt, len(chunks))
    assert [found.open(n, chunk) for n, chunk in enumerate(chunks)] == parts
    assert [len(chunk) for chunk in chunks] == [len(part) + 16 for part in parts]


def test_chunks_open_in_any_order(keyring):
    salt, chunks = sealed(keyring)
    assert opener(keyring, salt, 4).open(2, chunks[2]) == b""


@pytest.mark.parametrize(
    ("number", "which", "chunks"),
    [(0, 1, 4), (1, 0, 4), (3, 2, 4), (2, 3, 4), (2, 2, 3), (3, 3, 5), (0, 0, 1), (4, 3, 4), (-1, 3, 4)],
    ids=["moved", "moved back", "not last", "last early", "cut short", "made longer", "one of four",
         "after the end", "before the beginning"],
)  # fmt: skip
def test_a_chunk_opens_at_its_place_only(keyring, number, which, chunks):
    salt, parts = sealed(keyring)
    with pytest.raises(SealBroken):
        opener(keyring, salt, chunks).open(number, parts[which])


def test_one_changed_bit_never_opens(keyring):
    salt, (chunk,) = sealed(keyring, [b"one chunk"])
    for position in range(len(chunk)):
        changed = bytearray(chunk)
        changed[position] ^= 1
        with pytest.raises(SealBroken):
            opener(keyring, salt, 1).open(0, bytes(changed))


@pytest.mark.parametrize("wrong", [b"", b"short"])
def test_what_is_too_short_is_no_chunk(keyring, wrong):
    salt, _ = sealed(keyring)
    with pytest.raises(SealBroken):
        opener(keyring, salt, 4).open(0, wrong)


def test_a_chunk_of_another_stream_does_not_open(keyring):
    salt, _ = sealed(keyring)
    other_salt, others = sealed(keyring)
    assert salt != other_salt
    with pytest.raises(SealBroken):
        opener(keyring, salt, 4).open(0, others[0])


def test_a_stream_copied_to_another_row_does_not_open(keyring):
    salt, chunks = sealed(keyring)
    with pytest.raises(SealBroken):
        opener(keyring, salt, 4, context=b"other").open(0, chunks[0])


def test_without_its_salt_nothing_opens(keyring):
    _, chunks = sealed(keyring)
    with pytest.raises(SealBroken):
        opener(keyring, b"\0" * 32, 4).open(0, chunks[0])


def test_a_stream_is_gone_with_the_key_of_its_day(keyring):
    salt, _ = sealed(keyring)
    keyring.destroy_expired(DAY + timedelta(days=1))
    with pytest.raises(KeyDestroyed):
        opener(keyring, salt, 4)


def test_nothing_is_sealed_after_the_last_chunk_nor_too_much_at_once(keyring):
    sealer = StreamSealer.begin(keyring, Purpose.EXCHANGE, DAY, context=b"row")
    with pytest.raises(ValueError):
        sealer.seal(b"x" * (CHUNK_BYTES + 1), last=False)
    sealer.seal(b"all", last=True)
    with pytest.raises(ValueError):
        sealer.seal(b"more", last=False)


def test_no_key_is_shown(keyring):
    sealer = StreamSealer.begin(keyring, Purpose.EXCHANGE, DAY, context=b"row")
    assert "AESGCM" not in repr(sealer)
