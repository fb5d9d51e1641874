"""One database, the processes around it, and a laboratory that all of them know."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import psutil
import psycopg
from tests.functional.mllp import Authorities

from rempart.foundation.database import embedded
from rempart.foundation.database.connection import prepared
from rempart.foundation.database.embedded import Cluster
from rempart.foundation.database.keys import uuid7
from rempart.foundation.database.tuning import Tuning
from rempart.foundation.vault import BlindIndex, Indexer, keyring_of
from rempart.screening.listeners.boxes import Box
from rempart.site import lifeline, serving
from rempart.site.configuration import Configuration
from rempart.site.listening import Listening, free_port

FINESS, KEY = "690001235", "rmp_of_the_chaos_test"
LOINC = "94500-6"
POSTGRES = "postgres"
SMALL = Tuning(
    shared_buffers=128,
    effective_cache_size=512,
    work_mem=8,
    maintenance_work_mem=64,
    max_wal_size=512,
    min_wal_size=80,
)
"""Durable, as in production: fsync is on."""

_READY = 60.0  # seconds
_ENDS = 75.0  # a task of the schedule that is under way lets the worker end after 50


class Service:
    """A process, with its children, that is started again when it was struck."""

    def __init__(
        self, name: str, command: list[str], *, environment: Mapping[str, str], log: Path, port: int = 0
    ) -> None:
        """`port`: where it listens; 0 when it does not."""
        self.name, self._command, self._environment, self._port = name, command, environment, port
        self._log = log
        self._lifeline = int(environment[lifeline.VARIABLE])
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it listens."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=self._environment, start_new_session=True, stdout=log, stderr=log,
                pass_fds=(self._lifeline,),
            )  # fmt: skip
        deadline = time.monotonic() + _READY
        while self._port and not _listens(self._port):
            assert self._process.poll() is None, f"{self.name} ended with {self._process.returncode}"
            assert time.monotonic() < deadline, f"{self.name} does not listen"
            time.sleep(0.05)

    def strike(self, rng: random.Random) -> str:
        """Kill all of its processes, or one of them; what was killed. The rest of it goes as its supervisor lets it."""
        assert self._process is not None
        return _struck(self._process.pid, rng)

    def recover(self) -> None:
        """What a supervisor does (systemd: KillMode=control-group, Restart=always): nothing stays, and it starts anew."""
        assert self._process is not None
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(2)  # one of its children was struck: it notices by itself, or goes on without
        if self._process.poll() is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self.start()

    @property
    def has_ended(self) -> bool:
        """Whether it ended though nobody struck it."""
        return self._process is not None and self._process.poll() is not None

    def stop(self) -> None:
        """End it in order."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_ENDS)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)


class Platform:
    """The whole house over a folder of its own."""

    def __init__(self, folder: Path) -> None:
        """`folder`: one that every account can reach; empty."""
        self.folder = folder
        self.configuration = Configuration.model_validate({"var": folder / "a var"})
        self.home = folder / "postgres"
        self.box = Box(root=folder / "drop", laboratory=FINESS)
        (self.configuration.static).mkdir(parents=True)
        self.authorities = Authorities(folder)
        self._database_users = ExitStack()
        self.services: dict[str, Service] = {}
        self.port, self.mllp_port = free_port("127.0.0.1", 0), free_port("127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self.port}"

    @contextmanager
    def running(self) -> Iterator[Platform]:
        """The house, ready for load, for as long as the block lasts."""
        with self._database_users:
            self.database = prepared(self._use_database())
            theirs, ours = os.pipe()  # they end when we are gone
            self._database_users.callback(os.close, theirs)
            self._database_users.callback(os.close, ours)
            self.environment = {
                **os.environ,
                lifeline.VARIABLE: str(theirs),
                **self.database.environment(),
                "REMPART_VAR": str(self.configuration.var),
                "REMPART_DROP_FOLDER": str(self.box.root),
                "REMPART_SECRET_KEY": "of this test",
                "DJANGO_SETTINGS_MODULE": "rempart.site.settings",
                "REMPART_MLLP_CERTIFICATE": str(self.authorities.certificate),
                "REMPART_MLLP_KEY": str(self.authorities.key),
                "REMPART_MLLP_LABORATORIES": str(self.authorities.laboratories),
                "REMPART_MLLP_PORT": str(self.mllp_port),
            }
            self._migrate()
            self._know_the_laboratory()
            self.box.make()
            cli = [sys.executable, "-m", "rempart.site.cli"]
            self._add("web", serving.web_command(Listening(port=self.port)), port=self.port)
            self._add("worker", serving.worker_command())
            self._add("folder", [*cli, "listen", "folder", "--every", "0.1", "--settled", "0"])
            self._add("mllp", serving.mllp_command(), port=self.mllp_port)
            self.ingest_command = [*cli, "ingest", "--json", "--workers", "2"]
            with ExitStack() as running:
                for service in self.services.values():
                    running.callback(service.stop)
                    service.start()
                yield self

    def strike_postgres(self, rng: random.Random) -> str:
        """Kill every process of the server, or one of them."""
        return _struck(self._postmaster(), rng)

    def recover_postgres(self) -> None:
        """Start it again when it is gone; when it goes on by itself, wait until it answers."""
        self._use_database()
        deadline = time.monotonic() + _READY
        while True:
            try:
                self.owner().close()
            except psycopg.OperationalError:
                assert time.monotonic() < deadline, "the database does not answer"
                time.sleep(0.05)
            else:
                return

    def must_run(self) -> None:
        """Nothing of the house ended by itself, whatever became of the rest."""
        ended = [service.name for service in self.services.values() if service.has_ended]
        assert not ended, f"{ended} ended, though only something else was struck"

    def owner(self) -> psycopg.Connection:
        assert self.database.owner_url
        return psycopg.connect(self.database.owner_url, autocommit=True)

    def keys_of(self, numbers: set[int]) -> set[bytes]:
        """By which the results of these messages are known in the ledger."""
        indexer = Indexer(keyring_of(self.configuration.key_store), datetime.now(UTC).date())
        return {indexer.digest(BlindIndex.RECORD, f"{FINESS}|RECORD{number}|{LOINC}") for number in numbers}

    def left_over(self) -> list[str]:
        """Processes of this house, the database's included, that live on; those that end need a moment."""
        deadline = time.monotonic() + _ENDS
        while (found := self._alive()) and time.monotonic() < deadline:
            time.sleep(0.1)
        return found

    def logged(self) -> str:
        """The end of what each process said."""
        return "\n".join(f"--- {log.name}\n{log.read_text()[-3000:]}" for log in self.folder.glob("*.log"))

    def _alive(self) -> list[str]:
        mark, home = str(self.configuration.var), str(self.home)
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                words = process.cmdline()
                if process.environ().get("REMPART_VAR") == mark or any(home in word for word in words):
                    found.append(" ".join(words[:6]))
        return found

    def _use_database(self) -> Cluster:
        """Start it, or find it, and keep it for as long as the house stands."""
        return self._database_users.enter_context(embedded.running(self.home, tuning=SMALL))

    def _postmaster(self) -> int:
        (found,) = self.home.rglob("postmaster.pid")
        return int(found.read_text().split("\n")[0])

    def _migrate(self) -> None:
        command = [sys.executable, "-m", "rempart.site.cli", "migrate"]
        ran = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr

    def _know_the_laboratory(self) -> None:
        self.tls, fingerprint = self.authorities.shown(FINESS)
        with self.owner() as connection:
            connection.execute(
                "INSERT INTO access_machine_key (id, digest, laboratory, name, rights, created_at, expires_at)"
                " VALUES (%s, %s, %s, '', '{deliveries.send}', now(), now() + interval '1 day')",
                (uuid7(), hashlib.sha256(KEY.encode()).digest(), FINESS),
            )
            connection.execute(
                "INSERT INTO access_client_certificate (id, fingerprint, laboratory, name, created_at, expires_at)"
                " VALUES (%s, %s, %s, '', now(), now() + interval '1 day')",
                (uuid7(), fingerprint, FINESS),
            )

    def _add(self, name: str, command: list[str], *, port: int = 0) -> None:
        log = self.folder / f"{name}.log"
        self.services[name] = Service(name, command, environment=self.environment, log=log, port=port)


def _struck(first: int, rng: random.Random) -> str:
    """kill -9 of all processes below the first, it included, at once; or of one of them."""
    try:
        family = [psutil.Process(first), *psutil.Process(first).children(recursive=True)]
    except psutil.NoSuchProcess:
        return "nothing, for it had just ended"
    whole = rng.random() < 0.5
    for process in family if whole else [rng.choice(family)]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    return f"all {len(family)} processes" if whole else f"one of {len(family)} processes"


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
