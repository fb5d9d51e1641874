"""The demo: a country's screening system at work, on invented people, in one command."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from rempart.site import serving
from rempart.site.configuration import configuration as configured
from rempart.site.listening import Listening, free_port
from rempart.site.refusals import NotServing
from rempart.site.runtime import platform

if TYPE_CHECKING:
    from rempart.simulators.laboratory import Epidemic
    from rempart.simulators.sending import Laboratories, Tally
    from rempart.site.demo.accounts import DemoAccount

SEED = 2022
_LIVE_PER_SECOND = 1.5
_LIVE_DAYS = 10
_CERTIFICATES = 20
_KEY_DAYS = 7
_DRAIN_SECONDS = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a run did, as its last lines say it."""

    counts: Mapping[str, int]
    positives: int
    cases: int
    certificates: int
    seconds: float

    @property
    def good(self) -> bool:
        return (
            self.counts.get("failed", 0) == 0
            and self.counts.get("accepted", 0) > 0
            and self.positives > 0
            and self.certificates > 0
        )


def run(*, once: bool, days: int, population: int, host: str, port: int) -> bool:
    """Set everything up, let laboratories send, and stay up until Ctrl-C unless `once`.

    Returns whether everything went as it should. Raises CannotRun over a database that is not the demo's own.
    """
    serving.refuse_demo_elsewhere(configured().model_copy(update={"demo": True}))
    started = time.monotonic()
    console = Console()
    for number in (signal.SIGINT, signal.SIGTERM):  # also when a shell started us with SIGINT ignored
        signal.signal(number, signal.default_int_handler)
    wished, port = port, free_port(host, port)
    if port != wished:
        console.print(f"Port {wished} is taken: this demo is on {port}.")
    url = f"http://{'localhost' if host == '127.0.0.1' else host}:{port}"
    os.environ["REMPART_PUBLIC_URL"] = url
    with platform(demo=True) as configuration:
        from rempart.protection.oversight.services import counting
        from rempart.simulators.laboratory import Epidemic
        from rempart.simulators.sending import Laboratories, Tally
        from rempart.site.demo import accounts, directory, people

        with console.status("An epidemic is being invented…"):
            start = datetime.now(UTC).date() - timedelta(days=days)
            epidemic = Epidemic(seed=SEED, population=population, start=start, days=days)
            keys = people.register(epidemic.laboratories(), valid=timedelta(days=_KEY_DAYS))
            directory.publish(epidemic.laboratories(), now=datetime.now(UTC))
            signing_in = accounts.make(now=datetime.now(UTC))
            serving.collect_static(configuration)
        listening = Listening(host=host, port=port)
        web = serving.web_command(listening)
        with _sms_centre(), serving.processes(web, serving.worker_command()) as running:
            serving.wait_until_ready(listening, running, public_url=url)
            tally = Tally()
            laboratories = Laboratories(url, tally)
            laboratories.meet(epidemic.laboratories(), keys)
            _invite(console, url, signing_in, time.monotonic() - started)
            try:
                _send_history(console, epidemic, laboratories, tally)
                _wait_for_subscribers()
                counting.count(since=epidemic.start, now=datetime.now(UTC))
                summary = Summary(
                    counts=tally.counts,
                    positives=people.positives(),
                    cases=people.cases(),
                    certificates=people.collect_certificates(_CERTIFICATES),
                    seconds=time.monotonic() - started,
                )
                _print(console, summary)
                if not once:
                    _stay(console, running, epidemic, laboratories, keys, tally)
            except KeyboardInterrupt:
                console.print("Stopping…")
                return True
            finally:
                laboratories.close()
    return summary.good


@contextmanager
def _sms_centre() -> Iterator[None]:
    """An imitated SMS centre, to which the worker hands text messages; some numbers do not exist, some telephones are off."""
    from rempart.simulators.sms import centre

    habits = centre.Habits(unknown=("13",), unreachable=("42", "77"), silent=("8",), receipt_seconds=2.0)
    with centre.running(centre.Centre(habits=habits)) as port:
        os.environ.update(centre.settings_of(port))
        yield


def _invite(console: Console, url: str, accounts: Sequence[DemoAccount], seconds: float) -> None:
    console.print(f"\n[bold]Rempart is ready[/] after {seconds:.0f} s.\n")
    table = Table(box=None, show_header=False, pad_edge=False)
    for label, address in (
        ("The epidemic, for everybody", f"{url}/indicateurs/"),
        ("The investigator's list", f"{url}/suivi/"),
        ("What people were sent", f"{url}/demonstration/messages/"),
        ("Everything", f"{url}/"),
    ):
        table.add_row(label, address)
    console.print(table)
    console.print("\nAccounts; at the second step, the page shows the code that a telephone would:")
    people = Table(box=None, show_header=False, pad_edge=False)
    for account in accounts:
        people.add_row(account.username, account.password, account.role)
    console.print(people)
    console.print()


def _send_history(console: Console, epidemic: Epidemic, laboratories: Laboratories, tally: Tally) -> None:
    """Every day of the epidemic, as fast as the platform takes it."""
    with Progress(
        TextColumn("Laboratories send"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("days, {task.fields[received]} messages, {task.fields[rate]:.0f}/s"),
        TimeElapsedColumn(),
        console=console,
    ) as progress:
        task = progress.add_task("", total=epidemic.days, received=0, rate=0.0)
        began = time.monotonic()
        for day in range(epidemic.days):
            laboratories.deliver_day(epidemic.messages(day))
            received = tally.counts["received"]
            progress.update(task, advance=1, received=received, rate=received / (time.monotonic() - began))


def _wait_for_subscribers() -> None:
    from rempart.foundation.events.stream import waiting
    from rempart.site.worker import subscribers

    deadline = time.monotonic() + _DRAIN_SECONDS
    while any(waiting(subscriber) for subscriber in subscribers()):
        if time.monotonic() > deadline:
            raise NotServing("the worker does not keep up")
        time.sleep(0.2)


def _print(console: Console, summary: Summary) -> None:
    counts = summary.counts
    console.print(
        f"received {counts['received']}  accepted {counts['accepted']}  held {counts['held']}  "
        f"rejected {counts['rejected']}  repeated {counts['repeated']}  failed {counts['failed']}  "
        f"positives {summary.positives}  cases {summary.cases}  certificates {summary.certificates}  "
        f"seconds {summary.seconds:.1f}",
        highlight=False,
    )


def _stay(
    console: Console,
    running: list[subprocess.Popen[bytes]],
    epidemic: Epidemic,
    laboratories: Laboratories,
    keys: dict[str, str],
    tally: Tally,
) -> None:
    """Keep sending, a few messages a second, and show what flows, until Ctrl-C."""
    console.print("\nLaboratories keep sending; open the pages above and watch. Ctrl-C stops everything.\n")
    stop = threading.Event()
    sender = threading.Thread(target=_trickle, args=(epidemic, laboratories, keys, stop), daemon=True)
    sender.start()
    try:
        with Live(_flow(tally), console=console, refresh_per_second=2) as live:
            while True:
                time.sleep(0.5)
                serving.check_alive(running)
                live.update(_flow(tally))
    finally:
        stop.set()
        sender.join(timeout=10)


def _trickle(
    epidemic: Epidemic, laboratories: Laboratories, keys: dict[str, str], stop: threading.Event
) -> None:
    """Messages of other epidemics, one by one, from each of the last days in turn: the wave keeps its shape.

    `keys`: those of the laboratories met so far, by FINESS number; who is new gets one.
    """
    from rempart.simulators.laboratory import Epidemic as Other
    from rempart.site.demo import people as demo_people

    last = range(max(0, epidemic.days - _LIVE_DAYS), epidemic.days)
    for seed in range(SEED + 1, SEED + 1_000):
        other = Other(seed=seed, population=4_000, start=epidemic.start, days=epidemic.days)
        new = [laboratory for laboratory in other.laboratories() if laboratory.finess not in keys]
        keys |= demo_people.register(new, valid=timedelta(days=_KEY_DAYS))
        laboratories.meet(other.laboratories(), keys)
        for together in zip_longest(*(other.messages(day) for day in last)):
            for message in filter(None, together):
                if stop.wait(1 / _LIVE_PER_SECOND):
                    return
                laboratories.deliver(message.laboratory_finess, message.payload)


def _flow(tally: Tally) -> Table:
    table = Table(title="What flows", title_justify="left")
    names = ("received", "accepted", "held", "rejected", "repeated", "failed")
    for name in names:
        table.add_column(name, justify="right")
    table.add_row(*(f"{tally.counts[name]:,}" for name in names))
    return table
