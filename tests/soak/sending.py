"""A laboratory that sends over every way in at once, notes what was acknowledged, and repeats the rest."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import httpx
from tests import messages
from tests.functional.mllp import Machine, framed
from tests.soak.platform import KEY, Platform, _struck

from rempart.screening.listeners.boxes import JSON

_AGAIN = 0.1  # seconds before something is sent again
_WAITS = 5.0  # for an answer
_ENDS = 90.0  # for the last acknowledgement
_DELIVERIES = "/api/v1/deliveries"


def written(number: int) -> bytes:
    """A message of a person of his own: two of three are positive."""
    rank, rest = number % 998 + 1, number // 998
    month, year = rest % 12 + 1, 30 + rest // 12 % 70
    nir = f"2{year:02}{month:02}51215{rank:03}"
    name = "".join(chr(ord("A") + int(digit)) for digit in f"{number:06}")
    changes = [
        ("MSG000001", f"MSG{number}"),
        ("21048BC000020", f"RECORD{number}"),
        ("PAT-TROIS", f"PAT{name}"),
        ("279035121518989", f"{nir}{97 - int(nir) % 97:02}"),
        ("19790328", f"19{year:02}{month:02}28"),
    ]
    if not is_positive(number):
        changes.append(("260373001^Detected^SCT^P^Positif", "260415000^Not detected^SCT^N^Negatif"))
    return messages.hl7(*changes)


def is_positive(number: int) -> bool:
    return number % 3 != 0


class Load:
    """What was sent, what was acknowledged by whom, and what nobody expected."""

    def __init__(self, platform: Platform, *, ingested: int, pause: float) -> None:
        """`ingested`: messages of one run of `rempart ingest`; `pause`: seconds between two rounds of a sender."""
        self.platform, self.ingested, self.pause = platform, ingested, pause
        self.stop = threading.Event()
        self.acknowledged: dict[str, set[int]] = {way: set() for way in WAYS}
        self.unexpected: list[str] = []
        self.repeated = 0
        self.ingesting = Ingesting(platform)
        self._next, self._lock = 0, threading.Lock()
        self._senders = [
            threading.Thread(target=self._run, args=(way,), name=way, daemon=True) for way in WAYS
        ]

    @property
    def numbers(self) -> set[int]:
        """All that was begun; numbers are shared out once."""
        return set(range(self._next))

    @property
    def all_acknowledged(self) -> set[int]:
        return set().union(*self.acknowledged.values())

    @contextmanager
    def running(self) -> Iterator[None]:
        """Send as long as the block lasts; then everybody repeats until all that he began is acknowledged."""
        for sender in self._senders:
            sender.start()
        try:
            yield
        finally:
            self.stop.set()
            deadline = time.monotonic() + _ENDS
            for sender in self._senders:
                sender.join(max(0.1, deadline - time.monotonic()))
        assert not self.unexpected, self.unexpected
        late = [sender.name for sender in self._senders if sender.is_alive()]
        left = sorted(self.numbers - self.all_acknowledged)[:20]
        assert not late, f"not acknowledged in {_ENDS:.0f} s, by {late}: {left}"

    def note(self, way: str, numbers: Sequence[int]) -> None:
        with self._lock:
            self.acknowledged[way].update(numbers)

    def surprise(self, what: str) -> None:
        self.unexpected.append(what[:2000])

    def _run(self, way: str) -> None:
        send, most = WAYS[way]
        try:
            while not self.stop.is_set():
                numbers = self._share(most or self.ingested)
                tries = 0
                while left := [n for n in numbers if n not in self.acknowledged[way]]:
                    self.repeated += len(left) if tries else 0
                    with suppress(httpx.HTTPError, OSError, _Again):
                        send(self, left)
                        tries += 1
                        continue
                    tries += 1
                    time.sleep(_AGAIN)
                self.stop.wait(self.pause)
        except Exception as error:
            self.surprise(f"{way}: {type(error).__name__}: {error}")

    def _share(self, count: int) -> range:
        with self._lock:
            first, self._next = self._next, self._next + count
        return range(first, first + count)


class _Again(Exception):
    """Not acknowledged: to be sent again."""


class Ingesting:
    """The run of `rempart ingest` that is under way, if there is one."""

    name = "ingest"

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, paths: Sequence[str]) -> tuple[int, bytes]:
        """What it said before it ended, by itself or struck."""
        with (self._platform.folder / "ingest.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._platform.ingest_command, *paths],
                env=self._platform.environment, stdout=subprocess.PIPE, stderr=log, start_new_session=True,
            )  # fmt: skip
        said, _ = self._process.communicate()
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        return self._process.returncode, said

    def strike(self, rng: random.Random) -> str:
        deadline = time.monotonic() + 60
        while self._process is None or self._process.poll() is not None:
            assert time.monotonic() < deadline, "nothing is ingested"
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 3))  # it needs a second or two before it reads anything
        with suppress(OSError):
            return _struck(self._process.pid, rng)
        return "nothing: it had just ended"

    def recover(self) -> None:
        """Its operator runs it again: Load does."""


def _over_http(load: Load, numbers: Sequence[int]) -> None:
    answer = _posted(load, numbers)
    if answer.status_code in (429, 503):
        raise _Again
    if answer.status_code != 200 or answer.text.count("MSA|AA|") != len(numbers):
        load.surprise(f"http: {answer.status_code} {answer.text}")
        raise _Again
    load.note("http", numbers)


def _deferred(load: Load, numbers: Sequence[int]) -> None:
    answer = _posted(load, numbers, {"Prefer": "respond-async"})
    if answer.status_code != 202:
        if answer.status_code not in (429, 503):
            load.surprise(f"deferred: {answer.status_code} {answer.text}")
        raise _Again
    while True:  # what was taken is never sent again
        with suppress(httpx.HTTPError):
            said = httpx.get(load.platform.url + answer.headers["Location"], headers=_SHOWN, timeout=_WAITS)
            if said.status_code == 200 and said.json()["status"] != "waiting":
                break
            if said.status_code not in (200, 429, 503):
                load.surprise(f"deferred, asked: {said.status_code} {said.text}")
        time.sleep(_AGAIN)
    items = said.json().get("items", [])
    if [item["outcome"] for item in items] != ["accepted"] * len(numbers):
        load.surprise(f"deferred, done: {said.text}")
    load.note("deferred", numbers)


_SHOWN = {"Authorization": f"Bearer {KEY}"}


def _posted(load: Load, numbers: Sequence[int], more: dict[str, str] | None = None) -> httpx.Response:
    return httpx.post(
        load.platform.url + _DELIVERIES,
        content=b"".join(map(written, numbers)),
        headers={"Content-Type": "application/hl7-v2", **_SHOWN, **(more or {})},
        timeout=_WAITS,
    )


def _over_mllp(load: Load, numbers: Sequence[int]) -> None:
    """All of them in flight at once, on one connection."""
    machine = Machine(load.platform.mllp_port, load.platform.tls, wait=_WAITS)
    try:
        machine.send(b"".join(framed(written(number)) for number in numbers))
        for number in numbers:
            ((code, control),) = machine.codes(1)
            if (code, control) != ("AA", f"MSG{number}"):
                load.surprise(f"mllp: {code} {control}, not AA MSG{number}")
                raise _Again
            load.note("mllp", [number])
    finally:
        machine.close()


def _into_folder(load: Load, numbers: Sequence[int]) -> None:
    """A file is put down once, and waited for: nobody sends it again."""
    box, name = load.platform.box, f"{numbers[0]}.hl7"
    draft = box.inbox / f"{name}.part"
    draft.write_bytes(b"".join(map(written, numbers)))
    draft.rename(box.inbox / name)
    while not (box.done / name).exists():
        if (box.refused / name).exists():
            load.surprise(f"folder: {name} was refused")
            return
        time.sleep(0.05)
    said = json.loads((box.done / (name + JSON)).read_bytes())
    if said["outcomes"] != {"accepted": len(numbers)}:
        load.surprise(f"folder: {said}")
    load.note("folder", numbers)


def _ingested(load: Load, numbers: Sequence[int]) -> None:
    """Run until it says that nothing failed; each line it wrote is an acknowledgement."""
    folder = load.platform.folder / "to ingest"
    folder.mkdir()
    half = len(numbers) // 2 or 1
    for start in range(0, len(numbers), half):
        content = b"".join(map(written, numbers[start : start + half]))
        (folder / f"{start:05}.hl7").write_bytes(content)
    try:
        code, said = load.ingesting.run([str(folder)])
    finally:
        shutil.rmtree(folder)
    lines = [json.loads(line) for line in said.splitlines() if line.endswith(b"}")]
    if wrong := [line for line in lines if line["outcome"] != "accepted"]:
        load.surprise(f"ingest: {wrong[0]}")
    if code == 1:
        load.surprise("ingest: it says that something was rejected")
    load.note("ingest", [int(line["control_id"].removeprefix("MSG")) for line in lines])
    if code != 0:
        raise _Again


WAYS: dict[str, tuple[Callable[[Load, Sequence[int]], None], int]] = {
    "http": (_over_http, 4),
    "deferred": (_deferred, 5),
    "mllp": (_over_mllp, 8),
    "folder": (_into_folder, 5),
    "ingest": (_ingested, 0),
}
"""How each way sends, and how many messages in one round; 0: as many as the load says."""
