"""Health mail to one relay over mutual TLS, a certificate of 30 kB with each, beside a raw SMTP session in the same run.

The server is a process of its own that answers and forgets, so that it is not the bound. The raw session has its bytes
ready and waits for each answer: what is left is the protocol and TLS.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from benchmarks.rows import Row
from tests.igc import Authority
from tests.smtp_sink import Sink

from rempart.foundation.messaging.letters import Answer, Channel, Letter, Parcel
from rempart.foundation.messaging.mssante.credentials import Credentials
from rempart.foundation.messaging.mssante.message import Sender, compose
from rempart.foundation.messaging.mssante.servers import Server
from rempart.foundation.messaging.mssante.transport import MssanteCarrier, Pace
from rempart.foundation.messaging.mssante.whitelist import WhiteList

NOW = datetime(2021, 7, 1, 8, tzinfo=UTC)
RAW = "raw SMTP session over mutual TLS, one message prepared"
_DOMAIN = "labo.mssante.test"
_SENDER = Sender(
    address="no-reply@rempart.test", label="Dépistage", returns="returns+{id}@rempart.test", product="N1"
)


def run(*, messages: int = 1000) -> list[Row]:
    """One row per way of sending `messages` messages."""
    random.seed(1)
    parcels = [_parcel(number) for number in range(messages)]
    with TemporaryDirectory() as name:
        folder = Path(name)
        authority = Authority(folder)
        server, ours = authority.sign("CN=localhost"), authority.sign("CN=rempart.test")
        credentials = Credentials(certificate=ours, authorities=authority.path)
        with _serving(server, authority.path) as port:
            raw = compose(parcels[0], sender=_SENDER, now=NOW).raw
            context = credentials.context(by_name=True, now=NOW)
            bare = messages / _timed(lambda: _raw(port, context, raw, times=messages))
            rows = [
                Row(name=RAW, per_second=bare),
                _row("a mail written", messages / _timed(lambda: _write(parcels)), bare),
            ]
            for sessions in (1, 2, 4):
                carrier = _carrier(credentials, port, sessions=sessions)
                _carry(carrier, parcels[:100])
                spent = _timed(lambda carrier=carrier: _carry(carrier, parcels))
                carrier.close()
                rows.append(
                    _row(
                        f"letters carried, {sessions} session{'s' if sessions > 1 else ''}",
                        messages / spent,
                        bare,
                    )
                )
    return rows


def _row(name: str, per_second: float, bare: float) -> Row:
    return Row(name=name, per_second=per_second, limit_name=RAW, ratio=per_second / bare)


def _parcel(number: int) -> Parcel:
    letter = Letter(
        channel=Channel.MSSANTE,
        recipient=f"labo@{_DOMAIN}",
        subject="Certificat de test à remettre | 750712184 | 08/04/2021 13:48 | SARS-CoV-2 ARN | MARTIN Zoé, 01/02/1980",
        text="Vous avez transmis un résultat de test sans moyen de contacter le patient.\n" * 15,
    )
    return Parcel(
        id=UUID(int=number + 1),
        letter=letter,
        documents=(("certificat.pdf", "application/pdf", random.randbytes(30_000)),),
    )


def _carrier(credentials: Credentials, port: int, *, sessions: int) -> MssanteCarrier:
    white_list = WhiteList(generated_at=NOW, domains={_DOMAIN: ("CN=localhost",)})
    return MssanteCarrier(
        sender=_SENDER,
        credentials=credentials,
        listed=lambda: white_list,
        find=lambda _: (),
        clock=lambda: NOW,
        relay=Server(host="localhost", port=port),
        pace=Pace(sessions=sessions),
    )


def _carry(carrier: MssanteCarrier, parcels: list[Parcel]) -> None:
    assert all(outcome.answer is Answer.TAKEN for outcome in carrier.carry(parcels))


def _write(parcels: list[Parcel]) -> None:
    for parcel in parcels:
        compose(parcel, sender=_SENDER, now=NOW)


def _timed(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _raw(port: int, context: ssl.SSLContext, raw: bytes, *, times: int) -> None:
    """One session by hand: an envelope in one step, the message, the answer."""
    with socket.create_connection(("localhost", port)) as plain:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        plain.recv(1000)
        plain.sendall(b"EHLO bench\r\n")
        plain.recv(1000)
        plain.sendall(b"STARTTLS\r\n")
        plain.recv(1000)
        with context.wrap_socket(plain, server_hostname="localhost") as secure:
            reader = secure.makefile("rb")
            secure.sendall(b"EHLO bench\r\n")
            while reader.readline()[3:4] == b"-":
                pass
            for _ in range(times):
                secure.sendall(b"MAIL FROM:<a@b.fr>\r\nRCPT TO:<c@d.fr>\r\nDATA\r\n")
                for _ in range(3):
                    reader.readline()
                secure.sendall(raw + b".\r\n")
                assert reader.readline().startswith(b"250")


@contextmanager
def _serving(certificate: Path, authority: Path) -> Iterator[int]:
    """A server in a process of its own; its port."""
    spawning = multiprocessing.get_context("spawn")
    ours, theirs = spawning.Pipe()
    process = spawning.Process(target=_serve, args=(certificate, authority, theirs), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()


def _serve(certificate: Path, authority: Path, started: Connection) -> None:
    asyncio.run(Sink(certificate=certificate, authority=authority, keeps=False).serve(started.send))
