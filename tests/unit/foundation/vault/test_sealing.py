"""Seals: open for their own row, purpose and day only; indexes: the same value, the same digest, while its key lives."""

from __future__ import annotations

import hashlib
import hmac
import os
from datetime import date, timedelta
from pathlib import Path

import pytest

from rempart.foundation.vault import (
    BlindIndex,
    Indexer,
    KeyDestroyed,
    Keyring,
    Purpose,
    SealBroken,
    Sealer,
    unseal,
)
from rempart.foundation.vault.indexing import DIGEST_BYTES
from rempart.foundation.vault.periods import period_of

DAY = date(2027, 2, 18)


@pytest.fixture
def ring(tmp_path: Path) -> Keyring:
    return Keyring(tmp_path / "keys")


def seal(ring: Keyring, value: bytes = b"Martin", context: bytes = b"row 1") -> bytes:
    return Sealer(ring, Purpose.IDENTITY, DAY).seal(value, context=context)


def opened(
    ring: Keyring, sealed: bytes, purpose: Purpose = Purpose.IDENTITY, context: bytes = b"row 1"
) -> bytes:
    return unseal(ring, sealed, purpose=purpose, context=context)


def test_what_was_sealed_comes_back(ring: Keyring) -> None:
    assert opened(ring, seal(ring)) == b"Martin"
    assert opened(ring, memoryview(seal(ring))) == b"Martin"


def test_the_length_of_a_seal_is_what_its_docstring_says(ring: Keyring) -> None:
    assert len(seal(ring, b"")) == 32
    assert len(seal(ring, b"x" * 100)) == 132


def test_two_seals_of_one_value_differ_and_hide_it(ring: Keyring) -> None:
    one, other = seal(ring), seal(ring)
    assert one[4:] != other[4:]
    assert b"Martin" not in one


def test_no_nonce_serves_twice_not_even_in_a_child_that_was_forked(ring: Keyring) -> None:
    seal(ring)  # some nonces are drawn already
    theirs, ours = os.pipe()
    child = os.fork()
    if not child:
        os.write(ours, b"".join(seal(ring)[4:16] for _ in range(300)))
        os._exit(0)
    mine = [seal(ring)[4:16] for _ in range(300)]
    os.waitpid(child, 0)
    written = os.read(theirs, 300 * 12)
    os.close(theirs), os.close(ours)
    every = {*mine, *(written[at : at + 12] for at in range(0, len(written), 12))}
    assert len(every) == 600


def test_a_seal_copied_to_another_row_does_not_open(ring: Keyring) -> None:
    with pytest.raises(SealBroken, match="another row"):
        opened(ring, seal(ring), context=b"row 2")


@pytest.mark.parametrize("purpose", [purpose for purpose in Purpose if purpose is not Purpose.IDENTITY])
def test_a_seal_does_not_open_for_another_purpose(ring: Keyring, purpose: Purpose) -> None:
    with pytest.raises(SealBroken, match="another purpose"):
        opened(ring, seal(ring), purpose=purpose)


def test_a_seal_whose_purpose_was_rewritten_does_not_open(ring: Keyring) -> None:
    ring.data_key(Purpose.CONTACT, DAY)
    forged = bytearray(seal(ring))
    forged[1] = Purpose.CONTACT
    with pytest.raises(SealBroken):
        opened(ring, bytes(forged), purpose=Purpose.CONTACT)


def test_a_seal_whose_day_was_put_off_does_not_open(ring: Keyring) -> None:
    ring.data_key(Purpose.IDENTITY, DAY + timedelta(days=1))
    forged = bytearray(seal(ring))
    forged[3] += 1
    with pytest.raises(SealBroken):
        opened(ring, bytes(forged))


def test_no_byte_of_a_seal_can_be_changed(ring: Keyring) -> None:
    sealed = seal(ring)
    for place in range(len(sealed)):
        forged = bytearray(sealed)
        forged[place] ^= 1
        with pytest.raises((SealBroken, KeyDestroyed)):
            opened(ring, bytes(forged))


@pytest.mark.parametrize("length", [0, 1, 4, 31])
def test_a_seal_cut_short_is_none(ring: Keyring, length: int) -> None:
    with pytest.raises(SealBroken):
        opened(ring, seal(ring)[:length])


def test_after_its_day_a_seal_is_gone_for_ever(ring: Keyring) -> None:
    sealed = seal(ring)
    assert ring.destroy_expired(DAY) == []
    assert opened(ring, sealed) == b"Martin"
    ring.destroy_expired(DAY + timedelta(days=1))
    with pytest.raises(KeyDestroyed):
        opened(ring, sealed)
    seal(ring)  # a new key of that day, made by a mistake, opens nothing old
    with pytest.raises(SealBroken):
        opened(ring, sealed)


@pytest.mark.parametrize(
    ("day", "period"),
    [
        (date(2026, 1, 1), "2026H1"),
        (date(2026, 6, 30), "2026H1"),
        (date(2026, 7, 1), "2026H2"),
        (date(2026, 12, 31), "2026H2"),
    ],
)
def test_periods_are_half_years(day: date, period: str) -> None:
    assert period_of(day) == period


def test_a_value_is_found_again_in_its_period(ring: Keyring) -> None:
    indexer = Indexer(ring, DAY)
    digest = indexer.digest(BlindIndex.INS, "279035121518989")
    assert len(digest) == DIGEST_BYTES
    assert Indexer(ring, DAY).digests(BlindIndex.INS, "279035121518989") == (digest,)
    assert indexer.digests(BlindIndex.INS, b"279035121518989") == (digest,)


@pytest.mark.parametrize("value", ["", "1790351215189|1979-03-12", "é" * 500])
def test_a_digest_is_the_start_of_an_hmac(ring: Keyring, value: str) -> None:
    """What was written by a version is found by the next."""
    key = hmac.digest(ring.index_key(period_of(DAY)), b"person-ins", hashlib.sha256)
    whole = hmac.digest(key, value.encode(), hashlib.sha256)
    assert Indexer(ring, DAY).digest(BlindIndex.PERSON_INS, value) == whole[:DIGEST_BYTES]


def test_indexes_have_nothing_in_common(ring: Keyring) -> None:
    indexer = Indexer(ring, DAY)
    assert len({indexer.digest(index, "the same") for index in BlindIndex}) == len(BlindIndex)


def test_two_platforms_have_nothing_in_common(ring: Keyring, tmp_path: Path) -> None:
    other = Keyring(tmp_path / "other")
    assert Indexer(ring, DAY).digest(BlindIndex.INS, "x") != Indexer(other, DAY).digest(BlindIndex.INS, "x")


def test_a_value_of_an_earlier_period_is_found_while_its_key_lives(ring: Keyring) -> None:
    kept = Indexer(ring, date(2026, 12, 31)).digest(BlindIndex.INS, "x")
    later = Indexer(ring, date(2027, 1, 1))
    assert later.digest(BlindIndex.INS, "x") != kept
    assert later.digests(BlindIndex.INS, "x") == (later.digest(BlindIndex.INS, "x"), kept)


def test_a_destroyed_period_leaves_digests_without_meaning(ring: Keyring) -> None:
    kept = Indexer(ring, date(2026, 12, 31)).digest(BlindIndex.INS, "x")
    (ring.root / "index" / "2026H2").unlink()
    assert kept not in Indexer(Keyring(ring.root), date(2027, 1, 1)).digests(BlindIndex.INS, "x")


def test_a_clock_that_goes_back_still_writes_under_its_own_period(ring: Keyring) -> None:
    ahead = Indexer(ring, date(2027, 1, 1)).digest(BlindIndex.INS, "x")
    back = Indexer(ring, date(2026, 12, 31))
    assert back.digest(BlindIndex.INS, "x") != ahead
    assert ahead in back.digests(BlindIndex.INS, "x")
