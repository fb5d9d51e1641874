"""How much comes into a laboratory's mailbox, from what came in the last weeks: the guide, section 5."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

WEEKS = 4
"""Weeks looked back on."""

MESSAGE_BYTES = 110_000
"""Of one message as it travels: a certificate, a sheet and the text (tests/functional/test_handover.py measures it)."""

POSITIVE_BYTES = 220_000
"""Of one with the sheets of a positive too."""

_NEGATIVE_DAYS, _POSITIVE_DAYS = 3, 183
_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """Messages and megabytes. `held`: what lies in a mailbox that is cleared as the guide asks."""

    a_day: float
    busiest: int
    a_week: float
    megabytes_a_week: float
    held: int
    megabytes_held: float


def volume(days: Mapping[date, tuple[int, int]]) -> Volume:
    """From the certificates, and the positive ones among them, of each day of the last WEEKS."""
    everything = sum(results for results, _ in days.values())
    positives = sum(positives for _, positives in days.values())
    length = WEEKS * 7
    negatives_held = (everything - positives) * _NEGATIVE_DAYS / length
    positives_held = positives * _POSITIVE_DAYS / length
    return Volume(
        a_day=everything / length,
        busiest=max((results for results, _ in days.values()), default=0),
        a_week=everything / WEEKS,
        megabytes_a_week=_megabytes(everything - positives, positives) / WEEKS,
        held=round(negatives_held + positives_held),
        megabytes_held=_megabytes(negatives_held, positives_held),
    )


def _megabytes(negatives: float, positives: float) -> float:
    return (negatives * MESSAGE_BYTES + positives * POSITIVE_BYTES) / _MEGABYTE
