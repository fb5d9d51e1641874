"""Ten times as many messages at once as are kept in a moment: nothing is lost, and it goes on as before.

Every sender sends at the same instant, more of them than may wait; who is refused (429) sends again after a second. At the end what was
acknowledged is counted in the database, and laboratories send as usual.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator

import psycopg
from benchmarks.country import Asked, Country, requests
from benchmarks.driving import apart, measured

from rempart.site import serving
from rempart.site.configuration import Configuration
from rempart.site.listening import Listening

SENDERS = 1_920
EACH = 6


def run(asked: Asked, configuration: Configuration, port: int, country: Country) -> Iterator[str]:
    """Two lines: the burst, and afterwards."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    listening, host = Listening(port=port), f"127.0.0.1:{port}"
    senders_of_one = SENDERS // len(country.finess)
    with serving.processes(serving.web_command(listening, workers=asked.workers)) as running:
        serving.wait_until_ready(listening, running, public_url=configuration.public_url)
        ranks = range(len(country.finess))
        apart(("127.0.0.1", port), [requests(country, rank, 30, host) for rank in ranks], seconds=3)
        before = _kept()
        load = [requests(country, rank, EACH, host) for rank in ranks for _ in range(senders_of_one)]
        drove = apart(("127.0.0.1", port), load, seconds=600, patient=True)
        kept = _kept() - before
        count, acknowledged = sum(map(len, load)), drove.answers["200"]
        yield (
            f"{'overload: a burst':32} {count:,} messages of {len(load):,} senders at once: answers "
            f"{dict(drove.answers)} in {drove.seconds:.1f} s; acknowledged {acknowledged:,}, kept {kept:,}, "
            f"unanswered {drove.unanswered}: {'nothing lost' if count == acknowledged == kept else 'LOST OR TWICE'}"
        )
        usual = [requests(country, rank, 1_000, host) for rank in ranks]
        yield measured("overload: afterwards", asked, ("127.0.0.1", port), usual, running)


def _kept() -> int:
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"]) as owner:
        row = owner.execute("SELECT count(*) FROM screening_message").fetchone()
    return int(row[0]) if row else 0
