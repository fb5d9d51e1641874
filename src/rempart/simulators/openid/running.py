"""Both identity providers, running as one process as long as a block lasts."""

from __future__ import annotations

import json
import select
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rempart.simulators.openid import node as tools
from rempart.simulators.openid.node import NoProvider

_READY_SECONDS = 30.0
_STOP_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Imitations:
    """What a relying party needs to know of them; `phone` is where a professional's phone is answered."""

    pro_sante_connect: str  # issuer
    france_connect: str  # issuer
    secret: str
    private_key: str  # PEM, of the client "rempart-key" of Pro Santé Connect, which has no secret
    phone: str

    def environment(self) -> dict[str, str]:
        """The settings of a Rempart that signs in by them."""
        return {
            "REMPART_PSC_ISSUER": self.pro_sante_connect,
            "REMPART_PSC_CLIENT_ID": "rempart",
            "REMPART_PSC_CLIENT_SECRET": self.secret,
            "REMPART_PSC_CIBA": "true",
            "REMPART_FC_ISSUER": self.france_connect,
            "REMPART_FC_CLIENT_ID": "rempart-es256",
            "REMPART_FC_CLIENT_SECRET": self.secret,
            "REMPART_FC_ALGORITHM": "ES256",
            "REMPART_OPENID_TEST": "true",
        }


@contextmanager
def imitations(*, origin: str, home: Path, psc_port: int = 0, fc_port: int = 0) -> Iterator[Imitations]:
    """Start both for the Rempart at `origin`; packages are kept under `home`; port 0 is any free one.

    Raises NoProvider when Node or the packages cannot be had, or a port is taken.
    """
    node = tools.find()
    folder = tools.installed(home, node)
    asked = {"origin": origin, "psc": psc_port or _free_port(), "fc": fc_port or _free_port()}
    process = subprocess.Popen(  # noqa: S603 -- a program of ours
        [*node.node, "main.mjs", json.dumps(asked)],
        cwd=folder,
        env=tools.environment(node),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        said = json.loads(_first_line(process))
        yield Imitations(
            pro_sante_connect=said["psc"],
            france_connect=said["fc"],
            secret=said["secret"],
            private_key=said["key"],
            phone=f"http://localhost:{asked['psc']}/telephone",
        )
    finally:
        _stop(process)


def _first_line(process: subprocess.Popen[str]) -> str:
    """What the provider says when it listens. Raises NoProvider when it ends, or says nothing in time."""
    if process.stdout is None:
        raise NoProvider("the provider has no output")
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        ready, _, _ = select.select([process.stdout], [], [], 0.2)
        if ready and (line := process.stdout.readline()):
            return line
        if process.poll() is not None:
            raise NoProvider(f"the provider ended with {process.returncode}; is its port taken?")
    raise NoProvider(f"the provider did not listen within {_READY_SECONDS:.0f} s")


def _stop(process: subprocess.Popen[str]) -> None:
    if process.stdin is not None:
        process.stdin.close()  # it ends with whoever started it
    try:
        process.wait(timeout=_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
