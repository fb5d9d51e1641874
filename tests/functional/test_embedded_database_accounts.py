"""The embedded server as root, who may not run PostgreSQL, and as an ordinary user, who may."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from rempart.foundation.database import binaries, embedded, place
from rempart.foundation.database.binaries import Account
from rempart.foundation.database.errors import DatabaseError
from rempart.foundation.database.tuning import Tuning

SMALL = Tuning.for_tests()
SOURCES = Path(binaries.__file__).parents[3]
OTHER = 65534  # nobody

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")

WHO = """
import os, sys
from pathlib import Path
import psycopg
from rempart.foundation.database import embedded
from rempart.foundation.database.tuning import Tuning
with embedded.running(Path(sys.argv[1]), tuning=Tuning.for_tests()) as cluster:
    with psycopg.connect(cluster.admin_url) as connection:
        connection.execute("SELECT 1")
    print(os.geteuid(), (Path(sys.argv[1]) / "server" / "data").stat().st_uid)
"""


def _python_for_others() -> str:
    """An interpreter of our version that an unprivileged user may run (ours may lie under /root)."""
    account = Account(uid=OTHER, gid=OTHER)
    minor = f"python3.{sys.version_info.minor}"
    for candidate in (sys.executable, shutil.which(minor, path="/usr/local/bin:/usr/bin:/bin")):
        if candidate and account.reaches(Path(candidate).resolve()):
            return candidate
    pytest.skip(f"no {minor} on this machine that an unprivileged user may run")


def _as_other(home: Path) -> subprocess.CompletedProcess[str]:
    site_packages = Path(psycopg.__file__).parents[1]
    return subprocess.run(
        [_python_for_others(), "-c", WHO, str(home)],
        env={
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": f"{SOURCES}:{site_packages}",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        cwd="/",
        user=OTHER,
        group=OTHER,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
    )


@as_root
def test_root_hands_the_server_to_an_unprivileged_account(open_folder: Path) -> None:
    with embedded.running(open_folder / "pg", tuning=SMALL):
        here = place.at(open_folder / "pg")
        assert here.account is not None
        assert here.account.uid != 0
        assert here.data.stat().st_uid == here.account.uid
        assert here.passwords.stat().st_uid == 0


@as_root
def test_an_ordinary_user_runs_it_himself(open_folder: Path) -> None:
    os.chown(open_folder, OTHER, OTHER)
    done = _as_other(open_folder / "pg")
    assert done.stdout.split() == [str(OTHER), str(OTHER)], done.stderr


@as_root
def test_root_in_an_ordinary_users_folder_leaves_it_usable_to_him(open_folder: Path) -> None:
    os.chown(open_folder, OTHER, OTHER)
    home = open_folder / "pg"
    assert _as_other(home).returncode == 0
    with embedded.running(home, tuning=SMALL):
        assert (home / "server" / "data").stat().st_uid == OTHER
    done = _as_other(home)
    assert done.returncode == 0, done.stderr


@as_root
def test_a_folder_that_root_made_is_refused_to_others_with_the_reason(open_folder: Path) -> None:
    home = open_folder / "pg"
    with embedded.running(home, tuning=SMALL):
        pass
    os.chown(home, OTHER, OTHER)
    for file in home.iterdir():
        if file.name != "server":
            os.chown(file, OTHER, OTHER)
    os.chown(home / "server", 1, 1)
    done = _as_other(home)
    assert done.returncode == 1
    assert "belongs to user 1, and we are 65534" in done.stderr


@as_root
def test_a_home_closed_to_the_account_keeps_its_data_elsewhere(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A checkout in /root: the account cannot reach it, and nobody opens /root for that."""
    monkeypatch.setattr(binaries, "SYSTEM", open_folder / "system")
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    told: list[str] = []
    for _ in range(2):
        with (
            embedded.running(closed / "pg", tuning=SMALL, tell=told.append) as cluster,
            psycopg.connect(cluster.admin_url) as connection,
        ):
            connection.execute("CREATE TABLE IF NOT EXISTS kept ()")
            assert cluster.socket_dir.is_relative_to(open_folder / "system")
    assert len(told) == 1
    assert "the data is kept in" in told[0]


@as_root
def test_binaries_closed_to_the_account_are_copied_once(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binaries, "SYSTEM", open_folder / "system")
    account = Account(uid=OTHER, gid=OTHER)
    monkeypatch.setattr(Account, "reaches", lambda _self, path: path.is_relative_to(open_folder))
    folder = binaries.programs(account)
    assert folder.is_relative_to(open_folder)
    assert binaries.programs(account) == folder
    asked = binaries.spawn(account, "pg_ctl", "--version", folder=open_folder)
    said, _ = asked.communicate()
    assert said.startswith(b"pg_ctl (PostgreSQL) 18")


def test_a_home_that_cannot_be_made_is_named(open_folder: Path) -> None:
    (open_folder / "file").write_text("")
    with pytest.raises(DatabaseError, match="cannot be made: Not a directory"):
        embedded.running(open_folder / "file" / "pg").__enter__()
