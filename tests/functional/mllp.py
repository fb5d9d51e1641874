"""A listener of MLLP in this process, and laboratories that speak to it."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme

from rempart.foundation.access.models import ClientCertificate
from rempart.screening.listeners import mllp
from rempart.screening.services.intake import Intake


class Authorities:
    """Who signs the listener's certificate and those of laboratories, and the files that say so."""

    def __init__(self, folder: Path) -> None:
        self.ours, self.theirs = trustme.CA(), trustme.CA()
        server = self.ours.issue_cert("localhost")
        self.certificate, self.key, self.laboratories = (
            folder / name for name in ("server.pem", "server.key", "laboratories.pem")
        )
        server.private_key_pem.write_to_path(self.key)
        for part in server.cert_chain_pems:
            part.write_to_path(self.certificate, append=True)
        self.theirs.cert_pem.write_to_path(self.laboratories)

    def door(self, **changes: object) -> mllp.Door:
        door = mllp.Door(
            host="127.0.0.1", port=0,
            certificate=self.certificate, key=self.key, laboratories=self.laboratories,
            farewell=0.1,
        )  # fmt: skip
        return replace(door, **changes)

    def laboratory(self, finess: str, *, registered: bool = True) -> ssl.SSLContext:
        """The side of TLS of a laboratory's machine, whose certificate is registered."""
        context, fingerprint = self.shown(finess)
        if registered:
            register(finess, fingerprint)
        return context

    def shown(self, finess: str) -> tuple[ssl.SSLContext, bytes]:
        """The side of TLS of a laboratory's machine, and the fingerprint of the certificate it shows."""
        own = self.theirs.issue_cert(f"{finess}.laboratoire.example")
        context = ssl.create_default_context()
        self.ours.configure_trust(context)
        own.configure_cert(context)
        der = ssl.PEM_cert_to_DER_cert(own.cert_chain_pems[0].bytes().decode())
        return context, hashlib.sha256(der).digest()


def register(finess: str, fingerprint: bytes) -> ClientCertificate:
    now = datetime.now(UTC)
    return ClientCertificate.objects.create(
        fingerprint=fingerprint, laboratory=finess, name="essai", created_at=now,
        expires_at=now + timedelta(days=1),
    )  # fmt: skip


@contextmanager
def listening(door: mllp.Door, intake: Intake) -> Iterator[tuple[int, threading.Event]]:
    """The port of a listener that lives as long as the block; setting the event makes it end before."""
    ports: list[int] = []
    is_ready, enough = threading.Event(), threading.Event()

    async def run() -> None:
        stop = asyncio.Event()
        asyncio.get_running_loop().run_in_executor(
            None, lambda: (enough.wait(), loop.call_soon_threadsafe(stop.set))
        )
        await mllp.serve(
            door, intake=intake, stop=stop, ready=lambda port: (ports.append(port), is_ready.set())
        )

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_until_complete, args=(run(),), name="mllp")
    thread.start()
    try:
        assert is_ready.wait(20)
        yield ports[0], enough
    finally:
        enough.set()
        thread.join(30)
        assert not thread.is_alive()
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


class Machine:
    """A laboratory's machine on one connection."""

    def __init__(self, port: int, context: ssl.SSLContext, *, wait: float = 10) -> None:
        plain = socket.create_connection(("127.0.0.1", port), timeout=wait)
        self.sock = context.wrap_socket(plain, server_hostname="localhost")
        self.buffer = b""

    def send(self, *parts: bytes) -> None:
        for part in parts:
            self.sock.sendall(part)

    def acks(self, count: int) -> list[str]:
        """The next acknowledgements, unframed."""
        found: list[str] = []
        while len(found) < count:
            end = self.buffer.find(b"\x1c\r")
            if end >= 0:
                assert self.buffer.startswith(b"\x0b")
                found.append(self.buffer[1:end].decode())
                self.buffer = self.buffer[end + 2 :]
                continue
            part = self.sock.recv(65_536)
            if not part:
                raise ConnectionError(f"closed after {len(found)} acknowledgements")
            self.buffer += part
        return found

    def codes(self, count: int) -> list[tuple[str, str]]:
        """MSA-1 and MSA-2 of the next acknowledgements."""
        lines = [next(line for line in ack.split("\r") if line.startswith("MSA")) for ack in self.acks(count)]
        return [(line.split("|")[1], line.split("|")[2]) for line in lines]

    def is_closed(self) -> bool:
        try:
            return self.sock.recv(1) == b""
        except (ConnectionError, ssl.SSLError):
            return True

    def close(self) -> None:
        self.sock.close()


def framed(message: bytes) -> bytes:
    return b"\x0b" + message + b"\x1c\r"
