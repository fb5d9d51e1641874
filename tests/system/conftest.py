"""SoftHSM: a PKCS#11 module in software, with a token of the test's own. Postfix and Dovecot: see `mail.py`."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.system.mail import Mail, running

from rempart.foundation.vault import Pkcs11Settings

PIN, SO_PIN = "493027", "81772055"
_MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)


@dataclass(frozen=True, kw_only=True)
class Token:
    """A token of SoftHSM, and the settings that reach it."""

    folder: Path
    settings: Pkcs11Settings

    def take_out(self) -> None:
        """The slot is empty."""
        self.folder.rename(self.folder.with_name("taken-out"))
        self.folder.mkdir()

    def put_back(self) -> None:
        self.folder.rmdir()
        self.folder.with_name("taken-out").rename(self.folder)


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Token:
    """A fresh token, which other processes started by the test find too."""
    module = next((Path(path) for path in _MODULES if Path(path).exists()), None)
    tool = shutil.which("softhsm2-util")
    if module is None or tool is None:
        pytest.fail("SoftHSM is not installed: tests/system/install.sh, or apt-get install softhsm2")
    folder = tmp_path / "tokens"
    folder.mkdir()
    configuration = tmp_path / "softhsm2.conf"
    configuration.write_text(
        f"directories.tokendir = {folder}\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    monkeypatch.setenv("SOFTHSM2_CONF", str(configuration))
    subprocess.run(
        [tool, "--init-token", "--free", "--label", "health", "--pin", PIN, "--so-pin", SO_PIN],
        check=True,
        capture_output=True,
    )
    return Token(folder=folder, settings=Pkcs11Settings(module=module, token="health", pin=PIN))


@pytest.fixture(scope="session")
def mail() -> Iterator[Mail]:
    """A real Postfix and a real Dovecot behind a private authority."""
    with running() as both:
        yield both
