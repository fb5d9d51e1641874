"""MLLP over TLS: HL7 v2 messages over connections that stay open, an acknowledgement for each, in order.

A laboratory proves itself by its registered client certificate, at the handshake and again for every message. Messages
of all connections are kept together (services/gathering.py); nothing is acknowledged before it is on disk. Where more
comes than can be kept, connections are not read from: their senders wait, nothing is refused and nothing is lost. When
the database is away, the connection ends without an acknowledgement, and its sender sends again.

    bytes ─▶ frames ─▶ judge ─▶ gathering ─▶ acknowledgement, in the order in which the messages came

One connection is in conversation.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.db import connections

from rempart.foundation.access.limits import Counters, limits
from rempart.foundation.access.machines.recognised import Recognised
from rempart.screening.services.intake import Intake
from rempart.screening.services.mailbox import Mailbox

_log = logging.getLogger(__name__)

_LOOK_EVERY = 0.25  # seconds between two looks at how long connections have been silent


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Where and how the listener listens, and what it bears; times in seconds.

    `certificate`, `key`: its own (PEM); `laboratories`: the authorities of laboratories' certificates (PEM).
    """

    host: str
    port: int
    certificate: Path
    key: Path
    laboratories: Path
    most_bytes: int = 16 * 1024 * 1024  # of one frame
    most_held: int = 256 * 1024 * 1024  # of unfinished frames of all connections
    most_in_flight: int = 32  # frames of one connection that wait for their acknowledgement
    most_connections: int = 1000
    most_for_one: int = 50  # connections of one address
    handshake: float = 10.0
    idle: float = 900.0  # without a byte
    frame: float = 60.0  # from the first byte of a frame to its last
    silence: float = 2.0  # after which a message without a frame has ended
    farewell: float = 2.0  # for the other side to end TLS, once we did
    stopping: float = 10.0  # for what is in flight at the end

    def tls(self) -> ssl.SSLContext:
        """Its side of TLS: 1.2 and 1.3, a client certificate required. Raises OSError for unusable files."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.certificate, self.key)
        context.load_verify_locations(self.laboratories)
        context.verify_mode = ssl.CERT_REQUIRED
        context.num_tickets = 0  # every connection shows its certificate anew
        context.options |= ssl.OP_NO_TICKET
        return context


@dataclass(slots=True, kw_only=True)
class Listener:
    """What the connections share."""

    door: Door
    intake: Intake
    recognised: Recognised = field(default_factory=Recognised)
    counters: Counters = field(default_factory=lambda: Counters(limits().process))
    by_address: Counter[str] = field(default_factory=Counter)
    connections: set[Any] = field(default_factory=set)
    mailbox: Mailbox = field(default_factory=lambda: Mailbox(asyncio.get_running_loop()))
    held: int = 0  # bytes of unfinished frames
    empty: asyncio.Event = field(default_factory=asyncio.Event)  # no connection is open
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.empty.set()

    def soon(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something that takes its time, beside everything else."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("an MLLP connection failed: %s", type(error).__name__)

    async def look(self) -> None:
        """Tell every connection the time, again and again."""
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            for connection in list(self.connections):
                connection.look()

    async def finish(self) -> None:
        """Let every connection end once what it brought is acknowledged."""
        for connection in list(self.connections):
            connection.finish()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.door.stopping):
                await self.empty.wait()
        for connection in list(self.connections):
            connection.abort()


async def serve(door: Door, *, intake: Intake, stop: asyncio.Event, ready: Callable[[int], None]) -> None:
    """Serve until told to stop; `ready` is told the port. What is in flight then is kept and acknowledged.

    Raises OSError for files of TLS that cannot be used, or a port that is taken.
    """
    from rempart.screening.listeners.conversation import Conversation

    listener = Listener(door=door, intake=intake)
    await asyncio.to_thread(apart, intake.table.refresh)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Conversation(listener),
        door.host,
        door.port,
        ssl=door.tls(),
        ssl_handshake_timeout=door.handshake,
        ssl_shutdown_timeout=door.farewell,
        backlog=512,
        reuse_port=True,  # several listeners share a port, one for each core
    )
    enough = threading.Event()
    watchers = [
        loop.run_in_executor(None, watch, enough) for watch in (listener.recognised.watch, intake.table.watch)
    ]
    looking = loop.create_task(listener.look())
    ready(server.sockets[0].getsockname()[1])
    try:
        await stop.wait()
    finally:
        server.close()
        await listener.finish()
        enough.set()
        looking.cancel()
        await asyncio.gather(*watchers)


def apart(work: Callable[..., Any]) -> Any:
    """Call something with the time, in a thread whose connections to the database do not outlast it."""
    try:
        return work(now=datetime.now(UTC))
    finally:
        connections.close_all()
