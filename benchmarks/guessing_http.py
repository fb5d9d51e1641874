"""Wrong guesses over HTTP against a real server: what it answers, what opens, and what its answers' times tell.

A small invented country, so that references exist. Two hundred networks (said by a proxy that is believed)
guess the birth date of one of them, ten times each; then its owner comes, who knows it.
"""

from __future__ import annotations

import os
import re
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path

import httpx

from rempart.site import serving
from rempart.site.listening import Listening, free_port
from rempart.site.runtime import platform

NETWORKS, EACH, AT_ONCE, TIMED = 200, 10, 16, 40
_UNKNOWN = "A" * 22


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A patient's reference, and the birth date that goes with it."""

    reference: str
    born: date


def run() -> str:
    """Everything, as text."""
    with tempfile.TemporaryDirectory() as place, _country(Path(place)) as (url, targets):
        networks = count()

        def guess(target: Target, born: date, times: int = 1) -> list[tuple[int, float]]:
            return _guess(url, target.reference, born, times, network=next(networks))

        target = targets[0]
        began = time.perf_counter()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            wrong = [target.born + timedelta(days=1 + number) for number in range(NETWORKS)]
            answers = [
                one for found in pool.map(lambda born: guess(target, born, EACH), wrong) for one in found
            ]
        seconds = time.perf_counter() - began
        statuses = Counter(status for status, _ in answers)
        owner = _open(url, target, network=next(networks))
        lines = [
            f"{len(answers):,} wrong birth dates from {NETWORKS} networks in {seconds:.0f} s: "
            f"{statuses[302]:,} looked at, {statuses[429]:,} told to wait, {statuses.total() - statuses[302] - statuses[429]} else",
            f"then its owner, from a network of his own: {'came in at once' if owner else 'DID NOT COME IN'}",
            *_times(guess, targets[1:]),
        ]
    return "\n".join(lines)


def _times(guess: Callable[..., list[tuple[int, float]]], targets: list[Target]) -> Iterator[str]:
    """How long answers take to right, wrong and unknown: each from a network of its own."""
    kinds = {
        "right": lambda target: guess(target, target.born),
        "wrong": lambda target: guess(target, target.born + timedelta(days=1)),
        "unknown reference": lambda target: guess(Target(reference=_UNKNOWN, born=target.born), target.born),
    }
    taken: dict[str, list[float]] = {kind: [] for kind in kinds}
    for number in range(TIMED):  # in turn, so that whatever else the machine does meets all alike
        for kind, ask in kinds.items():
            taken[kind] += [seconds for _, seconds in ask(targets[number % len(targets)])]
    for kind, seconds in taken.items():
        quartiles = statistics.quantiles((one * 1000 for one in seconds), n=4)
        yield f"{kind}: median {quartiles[1]:.1f} ms, quartiles {quartiles[0]:.1f} to {quartiles[2]:.1f} ms"


@contextmanager
def _country(place: Path) -> Iterator[tuple[str, list[Target]]]:
    """A platform with its worker, in which some people were tested; the proxy it believes is this program."""
    port = free_port("127.0.0.1", 0)
    url = f"http://localhost:{port}"
    os.environ |= {
        "REMPART_VAR": str(place / "var"), "REMPART_PUBLIC_URL": url, "REMPART_PROXIES": '["127.0.0.1"]',
    }  # fmt: skip
    with platform(demo=True) as configuration:
        from rempart.simulators.laboratory import Epidemic
        from rempart.simulators.sending import Laboratories, Tally
        from rempart.site.demo import people as demo_people

        serving.collect_static(configuration)
        start = datetime.now(UTC).date() - timedelta(days=5)
        epidemic = Epidemic(seed=1, population=1_500, start=start, days=5)
        keys = demo_people.register(epidemic.laboratories(), valid=timedelta(days=1))
        listening = Listening(port=port)
        with serving.processes(serving.web_command(listening), serving.worker_command()) as running:
            serving.wait_until_ready(listening, running, public_url=url)
            laboratories = Laboratories(url, Tally())
            laboratories.meet(epidemic.laboratories(), keys)
            for day in range(epidemic.days):
                laboratories.deliver_day(epidemic.messages(day))
            laboratories.close()
            yield url, _targets()


def _targets() -> list[Target]:
    from rempart.site.demo import people as demo_people

    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = {}
        for letter in demo_people.letters(most=200):
            if letter["born"] and (match := re.search(r"/r/([\w-]+)", letter["letter"].text)):
                found[match[1]] = Target(reference=match[1], born=letter["born"])
        if len(found) > TIMED // 4:
            return list(found.values())
        time.sleep(0.5)
    raise LookupError("too few letters were sent")


def _browser(url: str, network: int) -> httpx.Client:
    address = f"10.{network // 65536}.{network // 256 % 256}.{network % 256}"
    return httpx.Client(base_url=url, timeout=60, headers={"X-Forwarded-For": address, "Origin": url})


def _guess(url: str, reference: str, born: date, times: int, *, network: int) -> list[tuple[int, float]]:
    """Status and seconds of each try."""
    found = []
    with _browser(url, network) as browser:
        browser.get(f"/r/{reference}")
        fields = {
            "birth_date": f"{born:%d/%m/%Y}",
            "csrfmiddlewaretoken": _token(browser.get("/mon-resultat/")),
        }
        for _ in range(times):
            began = time.perf_counter()
            answer = browser.post("/mon-resultat/", data=fields)
            found.append((answer.status_code, time.perf_counter() - began))
    return found


def _open(url: str, target: Target, *, network: int) -> bool:
    """Whether somebody who knows the birth date comes in, with the code that his phone is sent."""
    with _browser(url, network) as browser:
        browser.get(f"/r/{target.reference}")
        token = _token(browser.get("/mon-resultat/"))
        fields = {"birth_date": f"{target.born:%d/%m/%Y}", "csrfmiddlewaretoken": token}
        if browser.post("/mon-resultat/", data=fields).status_code != 302:
            return False
        (code, *_) = re.findall(r"(\d{6}) est votre code", browser.get("/demonstration/messages/").text)
        token = _token(browser.get("/mon-resultat/code/"))
        browser.post("/mon-resultat/code/", data={"code": code, "csrfmiddlewaretoken": token})
        return browser.get("/mon-resultat/resultat/").status_code == 200


def _token(page: httpx.Response) -> str:
    (token, *_) = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
    return str(token)
