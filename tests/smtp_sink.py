"""A mail server that takes everything and forgets it, or answers what a test tells it to: STARTTLS, with or without
asking for a certificate, no more than a client needs. As a thread in a test, as a process in a benchmark."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

FEATURES = ("STARTTLS", "SIZE 1000000", "PIPELINING", "DSN", "ENHANCEDSTATUSCODES", "8BITMIME")
Answering = Callable[[str], str | None]
"""A command line, or "." for a message that has come whole: the reply to it; None: the usual one; "": hang up."""


@dataclass(kw_only=True)
class Sink:
    """`said`: every command of every session, in order; `mails`: what came, when `keeps`."""

    certificate: Path
    authority: Path | None = None  # of clients; None: strangers are welcome
    features: tuple[str, ...] = FEATURES
    answer: Answering = lambda line: None
    keeps: bool = True
    port: int = 0
    said: list[str] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)
    sessions: int = 0

    async def serve(self, started: Callable[[int], None]) -> None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certificate)
        if self.authority is not None:
            context.load_verify_locations(self.authority)
            context.verify_mode = ssl.CERT_REQUIRED

        async def session(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.sessions += 1
            try:
                await self._session(reader, writer, context)
            except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(session, "127.0.0.1", 0, limit=1 << 22)
        async with server:
            started(server.sockets[0].getsockname()[1])
            await server.serve_forever()

    async def _session(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, context: ssl.SSLContext
    ) -> None:
        writer.write((self.answer("") or "220 sink ESMTP").encode() + b"\r\n")
        while line := (await reader.readline()).decode("latin-1").rstrip("\r\n"):
            if self.keeps:
                self.said.append(line)
            verb = line[:4].upper()
            said = self.answer(line)
            if said == "":
                return
            if verb == "STAR" and said is None:
                writer.write(b"220 go ahead\r\n")
                await writer.drain()
                await writer.start_tls(context)
            elif verb == "EHLO" and said is None:
                writer.write(
                    "".join(f"250-{one}\r\n" for one in ("sink", *self.features)).encode() + b"250 HELP\r\n"
                )
            elif verb == "DATA" and said is None:
                writer.write(b"354 go ahead\r\n")
                mail = await reader.readline()
                if mail != b".\r\n":
                    mail += await reader.readuntil(b"\r\n.\r\n")
                if self.keeps:
                    self.mails.append(mail)
                said = self.answer(".")
                if said == "":
                    return
                writer.write((said or "250 2.0.0 taken").encode() + b"\r\n")
            else:
                writer.write((said or "250 2.0.0 ok").encode() + b"\r\n")
                if verb == "QUIT":
                    return


@contextmanager
def running(sink: Sink) -> Iterator[Sink]:
    """The sink in a thread of its own; its `port` is known inside."""
    loop = asyncio.new_event_loop()
    ready = threading.Event()

    def started(port: int) -> None:
        sink.port = port
        ready.set()

    def run() -> None:
        asyncio.set_event_loop(loop)
        task = loop.create_task(sink.serve(started))
        try:
            loop.run_until_complete(task)
        except asyncio.CancelledError:
            pass
        finally:
            loop.run_until_complete(asyncio.gather(*asyncio.all_tasks(loop), return_exceptions=True))
            loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield sink
    finally:
        loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks(loop)])
        thread.join(10)
