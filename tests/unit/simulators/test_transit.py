"""`rempart simulate transit`: what it prints is what the provider needs; a port that is taken is said."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys

from rempart.foundation.vault import TransitSettings
from rempart.foundation.vault.transit import TransitKey

COMMAND = [sys.executable, "-m", "rempart.site.cli", "simulate", "transit", "--port"]


def test_the_engine_that_it_starts_wraps_keys_and_ends_when_told() -> None:
    with subprocess.Popen(
        [*COMMAND, "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as started:
        assert started.stdout is not None
        said = dict(re.findall(r"REMPART_(\w+)='(.*)'", "".join(started.stdout.readline() for _ in range(3))))
        assert said["KEY_PROVIDER"] == "transit"
        key = TransitKey(TransitSettings(url=said["TRANSIT_URL"], token=said["TRANSIT_TOKEN"]))
        assert key.unwrap(key.wrap(b"a key", name="a"), name="a") == b"a key"
        started.send_signal(signal.SIGTERM)
        assert started.wait(10) == 0


def test_a_port_that_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused = subprocess.run(
            [*COMMAND, str(taken.getsockname()[1])], capture_output=True, text=True, check=False
        )
    assert refused.returncode == 2
    assert "of this machine: Address already in use" in refused.stderr
