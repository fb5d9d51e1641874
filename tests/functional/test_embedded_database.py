"""The embedded server among processes that come, go and are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import psutil
import psycopg
import pytest

from rempart.foundation.database import embedded, place, server
from rempart.foundation.database.errors import DatabaseError
from rempart.foundation.database.passwords import Role
from rempart.foundation.database.tuning import Tuning

SMALL = Tuning.for_tests()
SOON = 15.0  # seconds for what should take one or two

USER = """
import os, signal, sys
from pathlib import Path
import psycopg
from rempart.foundation.database import embedded, place, server
from rempart.foundation.database.tuning import Tuning
home = Path(sys.argv[1])
signal.signal(signal.SIGINT, signal.default_int_handler)  # also when the tests run with it ignored
with embedded.running(home, tuning=Tuning.for_tests()) as cluster:
    try:
        print(server.find(place.at(home)).pid, flush=True)
        sys.stdin.readline()
    except KeyboardInterrupt:
        with psycopg.connect(cluster.admin_url) as connection:
            print(connection.execute("SELECT 'still here'").fetchone()[0], flush=True)
"""


@pytest.fixture
def home(open_folder: Path) -> Iterator[Path]:
    """A home for a cluster, with a space and accents; whatever runs there afterwards is ended."""
    folder = open_folder / "données d'été" / "postgres"
    yield folder
    for process in _of(folder):
        with suppress(psutil.Error):
            process.kill()


@contextmanager
def user(home: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that uses the cluster until its stdin is closed."""
    process = subprocess.Popen(
        [sys.executable, "-c", USER, str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        yield process


def _pid(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())


def _of(home: Path) -> list[psutil.Process]:
    """Every process of a cluster: its server's and its watchdog."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            line = process.cmdline()
            serves = process.name().startswith("postgres") and Path(process.cwd()).is_relative_to(home)
            watches = str(home) in line and "rempart.foundation.database.watchdog" in line
            if (serves or watches) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def _watchdogs(home: Path) -> list[psutil.Process]:
    return [process for process in _of(home) if not process.name().startswith("postgres")]


def _eventually(true: Callable[[], bool], *, within: float = SOON) -> bool:
    deadline = time.monotonic() + within
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.002)
    return True


def _gone(home: Path) -> bool:
    return _eventually(lambda: not _of(home))


def _postmaster(home: Path) -> server.Postmaster:
    found = server.find(place.at(home))
    assert found is not None
    return found


def test_starts_is_joined_and_stops_with_the_last(home: Path) -> None:
    with embedded.running(home, tuning=SMALL) as cluster:
        first = _postmaster(home).pid
        with embedded.running(home, tuning=SMALL) as same:
            assert same == cluster
        assert _postmaster(home).pid == first  # somebody is still there
        with psycopg.connect(cluster.admin_url, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
            settings = "SELECT string_agg(current_setting(n), ' ') FROM unnest(%s::text[]) AS n"
            names = ["listen_addresses", "data_checksums", "server_encoding", "password_encryption"]
            assert connection.execute(settings, [names]).fetchone() == (" on UTF8 scram-sha-256",)
            (upper,) = connection.execute("SELECT upper('éœ')").fetchone() or ("",)
            assert upper == "ÉŒ"
    assert server.find(place.at(home)) is None
    assert _gone(home)
    with (
        embedded.running(home, tuning=SMALL) as cluster,
        psycopg.connect(cluster.admin_url) as connection,
    ):
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_four_processes_at_the_same_moment_share_one_server(home: Path) -> None:
    with user(home) as one, user(home) as two, user(home) as three, user(home) as four:
        assert len({_pid(process) for process in (one, two, three, four)}) == 1
        assert len(_watchdogs(home)) == 1
    assert _gone(home)


def test_a_user_killed_leaves_no_server(home: Path) -> None:
    with user(home) as process:
        _pid(process)
        process.kill()
    assert _gone(home)


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_a_user_who_ends_while_the_server_starts_leaves_none(home: Path, end: signal.Signals) -> None:
    with embedded.running(home, tuning=SMALL):
        pass
    with user(home) as process:
        assert _eventually((home / "starting").exists)
        process.send_signal(end)
    assert _gone(home)
    assert not (home / "starting").exists()


def test_the_next_user_takes_over_from_one_killed_while_starting(home: Path) -> None:
    with embedded.running(home, tuning=SMALL):
        pass
    with user(home) as process:
        assert _eventually((home / "starting").exists)
        process.kill()
        with embedded.running(home, tuning=SMALL) as cluster:
            psycopg.connect(cluster.admin_url).close()
    assert _gone(home)


def test_a_long_recovery_is_told_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "PATIENCE", 0)
    told: list[str] = []
    with embedded.running(home, tuning=SMALL, tell=told.append):
        pass
    assert told == ["the database is starting; after a crash it recovers first, which may take minutes"]


def test_time_to_wait_for_a_recovery_is_bounded(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with embedded.running(home, tuning=SMALL):
        recovering = replace(_postmaster(home), ready=False)
        monkeypatch.setattr(server, "find", lambda _here: recovering)
        with pytest.raises(DatabaseError, match="still recovering when the time to wait was over"):
            embedded.running(home, tuning=SMALL, wait=0.1).__enter__()
        monkeypatch.undo()


def test_others_keep_the_server_when_one_user_is_killed(home: Path) -> None:
    with embedded.running(home, tuning=SMALL) as cluster:
        with user(home) as process:
            pid = _pid(process)
            process.kill()
        time.sleep(2)  # more than the watchdog's grace
        assert _postmaster(home).pid == pid
        psycopg.connect(cluster.admin_url).close()


def test_a_watchdog_killed_is_replaced_by_the_next_user(home: Path) -> None:
    with user(home) as one:
        _pid(one)
        (watchdog,) = _watchdogs(home)
        watchdog.kill()
        watchdog.wait(SOON)
        with user(home) as two:
            _pid(two)
            assert len(_watchdogs(home)) == 1
            one.kill()
            two.kill()
    assert _gone(home)


def test_ctrl_c_in_the_terminal_lets_users_finish(home: Path) -> None:
    with user(home) as process:
        _pid(process)
        os.killpg(process.pid, signal.SIGINT)
        assert process.stdout is not None
        assert process.stdout.readline() == "still here\n"
    assert process.returncode == 0
    assert _gone(home)


def test_a_forked_child_that_ends_stops_nothing(home: Path) -> None:
    with embedded.running(home, tuning=SMALL) as cluster:
        script = USER.replace(
            "sys.stdin.readline()", "child = os.fork()\n        if child: os.waitpid(child, 0)"
        )
        subprocess.run([sys.executable, "-c", script, str(home)], check=True, capture_output=True)
        psycopg.connect(cluster.admin_url).close()


def test_a_killed_server_recovers_for_the_next_user(home: Path) -> None:
    """What was acknowledged is there; a backend that computes on without its postmaster is ended."""
    durable = Tuning(shared_buffers=128)
    told: list[str] = []
    with embedded.running(home, tuning=durable) as cluster:
        with psycopg.connect(cluster.admin_url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT n FROM generate_series(1, 10000) AS n")
        endless = psycopg.connect(cluster.admin_url)
        busy = threading.Thread(target=_compute_for_ever, args=(endless,))
        busy.start()
        assert _eventually(lambda: _computes(cluster.admin_url))
        before = psutil.Process(_postmaster(home).pid)
        before.kill()
        before.wait(SOON)
        with (
            embedded.running(home, tuning=durable, tell=told.append) as again,
            psycopg.connect(again.admin_url) as connection,
        ):
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (10000,)
            assert _postmaster(home).pid != before.pid
        busy.join(SOON)
    assert told == ["ending what a dead database server left running"]
    assert _gone(home)


def _compute_for_ever(connection: psycopg.Connection) -> None:
    with suppress(psycopg.Error):
        connection.execute(
            "SELECT count(*) FROM generate_series(1, 1000000) a, generate_series(1, 1000000) b"
        )


def _computes(url: str) -> bool:
    with psycopg.connect(url) as connection:
        query = (
            "SELECT FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%% b' AND wait_event IS NULL"
        )
        return connection.execute(query).fetchone() is not None


def test_a_stale_pid_now_of_another_program(home: Path) -> None:
    with embedded.running(home, tuning=SMALL):
        here = place.at(home)
        lines = (here.data / "postmaster.pid").read_text().split("\n")
    account = {"user": here.account.uid, "group": here.account.gid} if here.account else {}
    stranger = subprocess.Popen(["sleep", "60"], **account)  # type: ignore[call-overload]
    try:
        for stale in (here.data / "postmaster.pid", here.run / f".s.PGSQL.{place.PORT}.lock"):
            stale.write_text("\n".join([str(stranger.pid), *lines[1:]]))
            here.give(stale, 0o600)
        with embedded.running(home, tuning=SMALL) as cluster:
            psycopg.connect(cluster.admin_url).close()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_half_made_data_folder_is_made_again(home: Path) -> None:
    home.mkdir(parents=True)
    place.make(home, tell=pytest.fail)
    half = home / "server" / "data.half-1"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    with embedded.running(home, tuning=SMALL):
        assert not half.exists()


def test_data_of_another_major_version_is_refused(home: Path) -> None:
    home.mkdir(parents=True)
    here = place.make(home, tell=pytest.fail)
    here.folder(here.data)
    (here.data / "PG_VERSION").write_text("16\n")
    with pytest.raises(DatabaseError, match=r"data of PostgreSQL 16; .* brings PostgreSQL 18"):
        embedded.running(home, tuning=SMALL).__enter__()
    assert _gone(home)


def test_lost_passwords_are_named(home: Path) -> None:
    with embedded.running(home, tuning=SMALL):
        pass
    (home / "passwords.json").write_text("{")
    with pytest.raises(DatabaseError, match=r"passwords\.json does not hold"):
        embedded.running(home, tuning=SMALL).__enter__()
    assert _gone(home)


def test_a_server_that_cannot_start_says_why(home: Path) -> None:
    with embedded.running(home, tuning=SMALL):
        pass
    conf = home / "server" / "data" / "postgresql.conf"
    conf.write_text(conf.read_text() + "\nshared_memory_type = 'nonsense'\n")
    with pytest.raises(DatabaseError, match=r"did not start(.|\n)*shared_memory_type"):
        embedded.running(home, tuning=SMALL).__enter__()
    assert _gone(home)


def test_a_lock_held_by_another_does_not_wait_for_ever(home: Path) -> None:
    home.mkdir(parents=True)
    from rempart.foundation.database import locks

    with (
        locks.exclusive(home / "lock", wait=1),
        pytest.raises(DatabaseError, match="Another process has held"),
    ):
        embedded.running(home, tuning=SMALL, wait=0.1).__enter__()


@pytest.mark.parametrize("name", ["x" * 120, "a,b"])
def test_a_path_that_no_socket_may_have(open_folder: Path, name: str) -> None:
    home = open_folder / name
    with embedded.running(home, tuning=SMALL) as cluster:
        assert not cluster.socket_dir.is_relative_to(home)
        assert cluster.socket_dir.stat().st_mode & 0o777 == 0o700
        psycopg.connect(cluster.admin_url).close()
        with embedded.running(home, tuning=SMALL) as same:
            assert same.socket_dir == cluster.socket_dir
    assert not cluster.socket_dir.exists()
    assert _gone(home)


def test_nobody_enters_without_the_password(home: Path) -> None:
    with embedded.running(home, tuning=SMALL) as cluster:
        url = cluster.url(user=Role.ADMIN, dbname="postgres")
        for wrong in (
            url.replace(cluster.passwords[Role.ADMIN], "wrong"),
            url.replace(":" + cluster.passwords[Role.ADMIN], ""),
        ):
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(wrong)
        assert (home / "passwords.json").stat().st_mode & 0o777 == 0o600
        assert cluster.passwords[Role.ADMIN] not in repr(cluster)
        assert _postmaster(home).socket_folder.stat().st_mode & 0o077 == 0


def test_the_log_keeps_nothing_of_a_failed_statement(home: Path) -> None:
    with embedded.running(home, tuning=SMALL) as cluster:
        connection = psycopg.connect(cluster.admin_url, autocommit=True)
        connection.execute("CREATE TABLE person (nir text PRIMARY KEY)")
        connection.execute("INSERT INTO person VALUES ('2840375123456')")
        for wrong in ("INSERT INTO person VALUES ('2840375123456')", "SELECT '2840375123456x'::bigint"):
            with pytest.raises(psycopg.Error, match="2840375123456"):
                connection.execute(wrong)
        connection.close()
    assert "2840375123456" not in (home / "server" / "log").read_text()


def test_a_home_deleted_under_its_users_is_left_quietly(home: Path) -> None:
    with embedded.running(home, tuning=SMALL):
        processes = _of(home)
        home.rename(home.with_name("moved"))
    assert processes
    for process in processes:
        with suppress(psutil.Error):
            process.kill()
