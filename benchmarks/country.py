"""The laboratories of the benchmarks of the live ways in, and what they have to send."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks import senders

NAMES = ("limit", "http", "mllp", "realtime", "overload")
PATH = "/api/v1/deliveries"
AT_MOST = 3_000  # messages a second that are prepared
WARM = 60  # messages of each sender before anything is measured
_DAYS = 14
_RESULTS_OF_ONE = 0.2  # of an inhabitant in so many days, as the simulator has it


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What to measure: seconds of each run, connections, web processes."""

    names: Sequence[str] = NAMES
    seconds: float = 10.0
    connections: int = 32
    workers: int = 1


@dataclass(slots=True, kw_only=True)
class Country:
    """Laboratories and what they have to send: (content type, key, messages) of each."""

    finess: list[str]
    types: list[str]
    keys: list[str]
    messages: list[list[bytes]]
    taken: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.taken = [0] * len(self.messages)

    def next(self, rank: int, count: int) -> list[bytes]:
        """Messages that a laboratory has not sent yet."""
        first = self.taken[rank]
        self.taken[rank] += count
        return self.messages[rank][first : first + count]


def invent(asked: Asked, *, runs: int) -> Country:
    """As many laboratories as connections, in one region, in all the formats that travel live; with keys."""
    from rempart.simulators.choices import Sending
    from rempart.simulators.laboratory import Epidemic
    from rempart.site.demo import people as demo_people

    each = (runs + 1) * (round(asked.seconds * AT_MOST / asked.connections) + 2 * WARM)
    population = round(1.3 * each * asked.connections / _RESULTS_OF_ONE)
    epidemic = Epidemic(
        seed=1,
        population=population,
        start=datetime.now(UTC).date() - timedelta(days=_DAYS),
        days=_DAYS,
        laboratories=asked.connections,
        departments=("75",),
        sending=Sending.MIXED,
        damaged=0.0,
    )
    keys = demo_people.register(epidemic.laboratories(), valid=timedelta(days=1))
    found: dict[str, list[bytes]] = defaultdict(list)
    seen: set[bytes] = set()
    for day in range(_DAYS):
        for message in epidemic.messages(day):
            if message.payload not in seen:  # what is sent twice is acknowledged twice, and kept once
                seen.add(message.payload)
                found[message.laboratory_finess].append(message.payload)
    formats = {laboratory.finess: laboratory.format for laboratory in epidemic.laboratories()}
    finess = sorted(found)
    print(f"{sum(map(len, found.values())):,} messages of {len(finess)} laboratories", file=sys.stderr)
    return Country(
        finess=finess,
        types=[content_type(formats[one]) for one in finess],
        keys=[keys[one] for one in finess],
        messages=[found[one] for one in finess],
    )


def content_type(format_: Any) -> str:
    """The content type by which a format is announced."""
    from rempart.screening.formats.media import MEDIA_TYPES

    return next(name for name, one in MEDIA_TYPES.items() if one is format_)


def requests(country: Country, rank: int, count: int, host: str) -> list[bytes]:
    """The next messages of a laboratory as requests."""
    headers = [("Authorization", f"Bearer {country.keys[rank]}"), ("Content-Type", country.types[rank])]
    return [senders.http(host, PATH, headers, message) for message in country.next(rank, count)]


def of_all(country: Country, count: int, host: str) -> list[list[bytes]]:
    """The next messages of every laboratory as requests."""
    return [requests(country, rank, count, host) for rank in range(len(country.finess))]
