"""kill -9 in the middle of a load: what was acknowledged is there, and exactly once after sending all again.

The server, the web processes and the folder are this test's own; PostgreSQL keeps its promises (durable).
"""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest
from tests import messages

from rempart.foundation.database import embedded
from rempart.foundation.database.connection import Database, prepared
from rempart.foundation.database.keys import uuid7
from rempart.foundation.database.tuning import Tuning
from rempart.foundation.vault import BlindIndex, Indexer, keyring_of
from rempart.site import serving
from rempart.site.configuration import Configuration
from rempart.site.listening import Listening, free_port

FINESS, KEY = "690001235", "rmp_of_the_crash_test"
SMALL = Tuning(
    shared_buffers=128,
    effective_cache_size=512,
    work_mem=8,
    maintenance_work_mem=64,
    max_wal_size=512,
    min_wal_size=80,
)
MESSAGES, PER_REQUEST, SENDERS = 600, 4, 3


def written(number: int) -> bytes:
    name = "".join(chr(ord("A") + int(digit)) for digit in f"{number:04d}")
    return messages.hl7(
        ("MSG000001", f"MSG{number}"), ("21048BC000020", f"RECORD{number}"), ("PAT-TROIS", f"PAT{name}")
    )


@pytest.fixture
def configuration(open_folder: Path) -> Configuration:
    var = open_folder / "a var"
    (var / "static").mkdir(parents=True)
    return Configuration.model_validate({"var": var})


class Platform:
    """One database and one web server that may be killed and started again."""

    def __init__(self, database: Database, configuration: Configuration) -> None:
        self.database, self.configuration = database, configuration
        self.port = free_port("127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **os.environ,
            **database.environment(),
            "REMPART_VAR": str(configuration.var),
            "REMPART_SECRET_KEY": "of this test",
            "DJANGO_SETTINGS_MODULE": "rempart.site.settings",
        }

    def migrate(self) -> None:
        command = [sys.executable, "-m", "rempart.site.cli", "migrate"]
        ran = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        digest = hashlib.sha256(KEY.encode()).digest()
        with self.owner() as connection:
            connection.execute(
                "INSERT INTO access_machine_key (id, digest, laboratory, name, rights, created_at, expires_at)"
                " VALUES (%s, %s, %s, '', '{deliveries.send}', now(), now() + interval '1 day')",
                (uuid7(), digest, FINESS),
            )

    @contextmanager
    def web(self) -> Iterator[subprocess.Popen[bytes]]:
        command = serving.web_command(Listening(port=self.port))
        process = subprocess.Popen(command, env=self.environment, start_new_session=True)
        try:
            serving.wait_until_ready(Listening(port=self.port), [process], public_url=self.url)
            yield process
        finally:
            kill_all_of(process)

    def owner(self) -> psycopg.Connection:
        assert self.database.owner_url
        return psycopg.connect(self.database.owner_url, autocommit=True)

    def kept(self) -> dict[bytes, tuple[int, int]]:
        """By result: how many versions, how many of them current."""
        with self.owner() as connection:
            rows = connection.execute(
                "SELECT ledger_key, count(*), count(*) FILTER (WHERE current) FROM screening_result GROUP BY 1"
            ).fetchall()
        return {bytes(key): (versions, current) for key, versions, current in rows}

    def keys_of(self, numbers: set[int]) -> set[bytes]:
        indexer = Indexer(keyring_of(self.configuration.key_store), datetime.now(UTC).date())
        return {indexer.digest(BlindIndex.RECORD, f"{FINESS}|RECORD{number}|94500-6") for number in numbers}


class Load:
    """Laboratories that send, and note what they were told was taken."""

    def __init__(self, url: str, numbers: range, *, patience: float = 30) -> None:
        self.url, self.acknowledged, self.patience = url, set[int](), patience
        self._left = [numbers[start : start + PER_REQUEST] for start in range(0, len(numbers), PER_REQUEST)]
        self._lock, self.stop = threading.Lock(), threading.Event()
        self.failed = 0

    def run(self) -> None:
        with ThreadPoolExecutor(SENDERS) as pool:
            for sender in [pool.submit(self._send) for _ in range(SENDERS)]:
                sender.result()

    def _send(self) -> None:
        with httpx.Client(
            base_url=self.url, timeout=self.patience, headers={"Authorization": f"Bearer {KEY}"}
        ) as client:
            while not self.stop.is_set():
                with self._lock:
                    if not self._left:
                        return
                    numbers = self._left.pop(0)
                try:
                    answer = client.post(
                        "/api/v1/deliveries",
                        content=b"".join(map(written, numbers)),
                        headers={"Content-Type": "application/hl7-v2"},
                    )
                except httpx.HTTPError:
                    answer = None
                with self._lock:
                    if answer is not None and answer.status_code == 200:
                        assert answer.text.count("MSA|AA|") == len(numbers), answer.text[:2000]
                        self.acknowledged.update(numbers)
                    else:
                        self.failed += 1
                        if self.failed > SENDERS:  # nobody is there any more
                            return


def interrupted(load: Load, *, after: int, by: object) -> None:
    """Run a load and strike once `after` messages are acknowledged."""
    sending = threading.Thread(target=load.run)
    sending.start()
    deadline = time.monotonic() + 30
    while len(load.acknowledged) < after:
        assert sending.is_alive(), "the load ended before the blow"
        assert time.monotonic() < deadline
        time.sleep(0.005)
    by()
    sending.join(60)
    assert not sending.is_alive()


def kill_all_of(process: subprocess.Popen[bytes]) -> None:
    """The server with all its processes, at once."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)


def kill_postgres(home: Path) -> None:
    """Every process of this server, the first one first: the kernel alone cleans up."""
    first = int((home / "data" / "postmaster.pid").read_text().split("\n")[0])
    parent = psutil.Process(first)
    for process in [parent, *parent.children(recursive=True)]:
        process.kill()


def postgres_home(home: Path) -> Path:
    (found,) = [path.parent.parent for path in home.rglob("postmaster.pid")]
    return found


def test_kill_9_loses_nothing_that_was_acknowledged(open_folder: Path, configuration: Configuration) -> None:
    home = open_folder / "postgres"
    with embedded.running(home, tuning=SMALL) as cluster:
        platform = Platform(prepared(cluster), configuration)
        platform.migrate()

        with platform.web() as process:
            first = Load(platform.url, range(MESSAGES // 2), patience=2)
            interrupted(first, after=60, by=lambda: kill_all_of(process))
        assert 60 <= len(first.acknowledged) < MESSAGES // 2
        assert platform.keys_of(first.acknowledged) <= platform.kept().keys()

        with platform.web() as process:
            second = Load(platform.url, range(MESSAGES // 2, MESSAGES), patience=2)
            interrupted(second, after=60, by=lambda: kill_postgres(postgres_home(home)))
            with embedded.running(home, tuning=SMALL):
                acknowledged = first.acknowledged | second.acknowledged
                kept = platform.kept()
                assert platform.keys_of(acknowledged) <= kept.keys()
                assert set(kept.values()) == {(1, 1)}

                everything = Load(platform.url, range(MESSAGES))  # the same web processes, still there
                everything.run()
                assert everything.acknowledged == set(range(MESSAGES))
                kept = platform.kept()
                assert kept.keys() == platform.keys_of(set(range(MESSAGES)))
                assert set(kept.values()) == {(1, 1)}
                with platform.owner() as connection:
                    ledger, messages_kept = connection.execute(
                        "SELECT (SELECT count(*) FROM screening_result_ledger),"
                        " (SELECT count(*) FROM screening_message)"
                    ).fetchone()
                assert (ledger, messages_kept) == (MESSAGES, MESSAGES)
