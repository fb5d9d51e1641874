"""From the acknowledgement of a positive to the investigator's list, while a thousand results a second flow in.

Marked positives come four times a second from a laboratory of Lozère, whose investigator has his list open: a line of
server-sent events, and the list asked again whenever it says so, as the page does. The others come from Paris.
"""

from __future__ import annotations

import http.client
import re
import statistics
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from benchmarks import senders
from benchmarks.agents import signed_in
from benchmarks.country import PATH, WARM, Asked, Country, of_all, requests
from benchmarks.driving import apart, cpu
from django.conf import settings

from rempart.foundation.access.models import create_machine_key
from rempart.foundation.events.stream import waiting
from rempart.foundation.identifiers import luhn
from rempart.site import serving, worker
from rempart.site.configuration import Configuration
from rempart.site.listening import Listening

RATE = 1000.0
_SETTLED = 60.0
EVERY = 0.25  # seconds between two marked positives
_DEPARTMENT = "48"
_CASE = re.compile(r"/suivi/dossiers/([0-9a-f-]{36})/")
_MESSAGE = (
    "MSH|^~\\&|BENCH|{finess}|REMPART|REMPART|{now}||ORU^R01^ORU_R01|{number}|P|2.5.1|||||FRA|UNICODE UTF-8\r"
    "PID|1||||MARQUE{letters}^ALIX^^^^^L||19700101|F|||1 RUE HAUTE^^MENDE^^48000^FRA^H||^PRN^CP^^^^^^^^^0639980001\r"
    "OBR|1||{number}|94500-6^SARS-CoV-2 RT-PCR^LN|||{sampled}|||||||||||||||{now}|||F\r"
    "OBX|1|CE|94500-6^SARS-CoV-2 RT-PCR^LN||260373001^Detected^SCT||||||F|||{sampled}\r"
)


class Watcher(threading.Thread):
    """An investigator whose list is open: when each case was there for the first time."""

    def __init__(self, port: int, cookie: str) -> None:
        super().__init__(name="investigator", daemon=True)
        self._port, self._headers = port, {"Cookie": cookie}
        self.seen: list[float] = []
        self._known: set[str] = set()
        self.is_open = threading.Event()

    def run(self) -> None:
        self._look()
        self.seen.clear()
        line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=90)
        line.request("GET", "/suivi/flux/", headers=self._headers)
        answer = line.getresponse()
        self.is_open.set()
        while text := answer.readline():
            if text.startswith(b"event: cases"):
                self._look()

    def _look(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        connection.request("GET", "/suivi/", headers=self._headers)
        page = connection.getresponse().read().decode()
        now = time.perf_counter()
        connection.close()
        for case in sorted(
            set(_CASE.findall(page)) - self._known
        ):  # keys of one moment are in the order of time
            self._known.add(case)
            self.seen.append(now)


def run(asked: Asked, configuration: Configuration, port: int, country: Country) -> Iterator[str]:
    """One line: how long a positive took from its acknowledgement to the list."""
    listening = Listening(port=port)
    cookie = signed_in((_DEPARTMENT,)).cookies[settings.SESSION_COOKIE_NAME]
    finess = _finess()
    now = datetime.now(UTC)
    key = create_machine_key(laboratory=finess, now=now, expires_at=now + timedelta(days=1))
    web = serving.web_command(listening, workers=asked.workers)
    with serving.processes(web, serving.worker_command()) as running:
        serving.wait_until_ready(listening, running, public_url=configuration.public_url)
        watcher = Watcher(port, f"{cookie.key}={cookie.value}")
        watcher.start()
        watcher.is_open.wait(30)
        host = f"127.0.0.1:{port}"
        apart(("127.0.0.1", port), of_all(country, WARM, host), seconds=5)
        _settle()  # the worker has everything loaded that it loads with its first facts
        count = round(RATE * (asked.seconds + 5) / asked.connections)
        load = [requests(country, rank, count, host) for rank in range(len(country.finess))]
        flow: list[senders.Drove] = []
        before = cpu(running[0]), cpu(running[1])
        others = threading.Thread(
            target=lambda: flow.append(apart(("127.0.0.1", port), load, seconds=asked.seconds + 2, rate=RATE))
        )
        others.start()
        time.sleep(2)  # marked positives come once the others flow
        acknowledged = _send(port, key, finess, asked.seconds - 2)
        others.join()
        time.sleep(3)
        after = cpu(running[0]), cpu(running[1])
    pairs = list(zip(acknowledged, watcher.seen, strict=False))
    waited = sorted((seen - acked) * 1000 for acked, seen in pairs)
    drove = flow[0]
    each = [
        1e6 * (b[k] - a[k]) / len(drove.times)
        for a, b, k in zip(before, after, ("server", "server"), strict=True)
    ]
    yield (
        f"{'realtime: to the list':32} {drove.per_second():6,.0f}/s beside  p50 {statistics.median(waited):6.0f} ms  "
        f"p99 {waited[-1 - len(waited) // 100]:6.0f} ms  {len(waited)} of {len(acknowledged)} positives seen; "
        f"acknowledged p99 {drove.latency(99):.0f} ms  CPU µs each: server {each[0]:.0f}, worker {each[1]:.0f}"
    )


def _settle() -> None:
    """Wait until the worker has handled everything there is."""
    deadline = time.monotonic() + _SETTLED
    while any(waiting(one) for one in worker.subscribers()):
        if time.monotonic() > deadline:
            raise TimeoutError("the worker does not handle what was sent before the measurement")
        time.sleep(0.2)


def _send(port: int, key: str, finess: str, seconds: float) -> list[float]:
    """Send marked positives; when each was acknowledged."""
    acknowledged = []
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    until, number = time.perf_counter() + seconds, 0
    while time.perf_counter() < until:
        now = datetime.now(UTC)
        letters = "".join(chr(ord("A") + int(digit)) for digit in str(number))
        body = _MESSAGE.format(
            finess=finess, now=now.strftime("%Y%m%d%H%M%S+0000"), number=f"MARK{number}", letters=letters,
            sampled=(now - timedelta(hours=8)).strftime("%Y%m%d%H%M%S+0000"),
        )  # fmt: skip
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/hl7-v2"}
        connection.request("POST", PATH, body.encode(), headers)
        said = connection.getresponse().read()
        assert b"MSA|AA" in said, said
        acknowledged.append(time.perf_counter())
        number += 1
        time.sleep(EVERY)
    connection.close()
    return acknowledged


def _finess() -> str:
    body = f"{_DEPARTMENT}000001"
    return body + luhn.key(body)
