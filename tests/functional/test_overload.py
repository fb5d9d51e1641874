"""Ten times more than there is room for: who comes over HTTP is told when to come again, who speaks MLLP waits; nobody
is kept for ever, nothing is lost and nothing is kept twice, and afterwards everything is as before."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests import messages
from tests.functional.doors import SENDER
from tests.functional.mllp import Authorities, Machine, framed, listening

from rempart.foundation.access.limits import Counters, Local, Pace, limits
from rempart.screening import api
from rempart.screening.services import gathering
from rempart.site import limiting

pytestmark = pytest.mark.django_db(transaction=True)

ROOM = 4  # messages that may wait
BURST = 10 * ROOM
CONNECTIONS = 4


def one(number: int) -> bytes:
    return messages.hl7(("MSG000001", f"MSG{number}"), ("21048BC000020", f"BC{number}"))


class Slow:
    """`keep`, which takes its time, and what it saw waiting."""

    def __init__(self, intake) -> None:
        self.keep, self.intake, self.waited = gathering.keep, intake, []

    def __call__(self, batch, **more):
        time.sleep(0.02)
        self.waited.append(sum(len(one.judged) for one in self.intake.gathering._waiting))
        return self.keep(batch, **more)


@pytest.fixture
def slow(keyring, monkeypatch):
    intake = api.intake_of()
    monkeypatch.setattr(intake.gathering, "_most", ROOM)
    monkeypatch.setattr(gathering, "BATCH", ROOM)
    monkeypatch.setattr(
        limiting,
        "counters",
        Counters({**limits().process, Local.KEY: Pace(burst=10_000, each=limits().process[Local.KEY].each)}),
    )
    found = Slow(intake)
    monkeypatch.setattr(gathering, "keep", found)
    return found


def test_a_burst_of_ten_times_the_room_is_refused_or_waits_and_is_all_kept_once(
    slow, deliver, tmp_path, query
):
    refused: list[str] = []

    def over_http(number: int) -> None:
        while (answer := deliver(one(number))).status_code != 200:
            assert (answer.status_code, answer.json()["title"]) == (429, "busy")
            refused.append(answer.headers["Retry-After"])
            time.sleep(0.2)
        assert "MSA|AA" in answer.content.decode()

    def over_mllp(machine: Machine, numbers: range) -> None:
        machine.send(b"".join(framed(one(number)) for number in numbers))
        assert machine.codes(len(numbers)) == [("AA", f"MSG{number}") for number in numbers]

    authorities = Authorities(tmp_path)
    laboratory = authorities.laboratory(SENDER)
    with listening(authorities.door(most_in_flight=2), slow.intake) as (port, _):
        machines = [Machine(port, laboratory, wait=60) for _ in range(CONNECTIONS)]
        with ThreadPoolExecutor(BURST + CONNECTIONS) as pool:
            each = BURST // CONNECTIONS
            brought = [pool.submit(over_http, number) for number in range(BURST)]
            brought += [
                pool.submit(over_mllp, machine, range(BURST + each * rank, BURST + each * (rank + 1)))
                for rank, machine in enumerate(machines)
            ]
            for each_of_them in brought:
                each_of_them.result(60)
    assert refused
    assert set(refused) == {str(gathering.RETRY_AFTER)}
    assert max(slow.waited) <= ROOM
    assert query("SELECT count(*), count(DISTINCT ledger_key) FROM screening_result") == [(2 * BURST,) * 2]
    assert query("SELECT count(*) FROM screening_message") == [(2 * BURST,)]
    assert deliver(one(2 * BURST)).status_code == 200  # it recovered by itself
