"""The centre: who may bind, what becomes of each message, and what its subscribers answer."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from rempart.foundation.messaging import gsm7
from rempart.simulators.sms import pdus
from rempart.simulators.sms.pdus import ANSWER, Command, Status, Submitted

_NAME, _PASSWORD = "rempart", "secret"
_RECEIPT = 0x04
_STATES = {"DELIVRD": 2, "UNDELIV": 5, "REJECTD": 8}
_MESSAGE_ID, _MESSAGE_STATE = 0x001E, 0x0427


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How the centre behaves. Numbers are told by what they end with."""

    unknown: tuple[str, ...] = ()  # refused at once: no such subscriber
    unreachable: tuple[str, ...] = ()  # taken, and given up later
    silent: tuple[str, ...] = ()  # taken, and nothing heard of again
    stops: tuple[str, ...] = ()  # whose owner answers STOP
    busy_after: int = 0  # every so many segments one is throttled; 0: never
    drops_after: int = 0  # segments after which the connection is cut, once; 0: never
    receipt_seconds: float = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A text on a telephone, put together from its segments."""

    number: str = field(repr=False)
    source: str
    text: str = field(repr=False)
    segments: int


@dataclass(slots=True)
class _Client:
    """One connection."""

    writer: asyncio.StreamWriter
    bound: bool = False
    number: int = 0  # of the last request that we sent
    parts: dict[tuple[str, int], dict[int, Submitted]] = field(default_factory=dict)


class Centre:
    """An SMS centre for as long as a block lasts (`running`). `seen`: what it says to whoever watches."""

    def __init__(
        self,
        *,
        system_id: str = _NAME,
        password: str = _PASSWORD,
        habits: Habits | None = None,
        seen: Callable[[Arrived], None] = lambda one: None,
    ) -> None:
        self.habits = habits or Habits()
        self.arrived: list[Arrived] = []
        self.asked = 0  # segments that clients brought
        self.acknowledged: list[int] = []  # status of each answer to what we delivered
        self._system_id, self._password, self._seen = system_id, password, seen
        self._clients: list[_Client] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._dropped = False
        self._ids = iter(range(1, 2**62))
        self._tasks: set[asyncio.Task[None]] = set()

    async def end(self) -> None:
        """Cut every connection, and forget what was to come."""
        for client in self._clients:
            client.writer.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.sleep(0.01)

    async def serve(self, host: str, port: int) -> asyncio.Server:
        """Listen, in the running loop."""
        self._loop = asyncio.get_running_loop()
        return await asyncio.start_server(self._meet, host, port, limit=pdus.LONGEST)

    def say(self, number: str, text: str) -> None:
        """A telephone writes to whoever is bound. From any thread."""
        cut = gsm7.segmented(text)
        body = pdus.delivered(source=number, to="rempart", octets=cut.segments[0], coding=cut.coding.value)
        self._do(lambda: self._tell(body))

    def hang_up(self) -> None:
        """Cut every connection. From any thread."""
        for one in self._clients:
            self._do(one.writer.close)

    def _do(self, what: Callable[[], object]) -> None:
        if self._loop is None:
            raise RuntimeError("the centre does not run")
        self._loop.call_soon_threadsafe(what)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = _Client(writer=writer)
        self._clients.append(client)
        try:
            while True:
                head = await reader.readexactly(pdus.HEADER.size)
                length, command, status, number = pdus.HEADER.unpack(head)
                if not pdus.HEADER.size <= length <= pdus.LONGEST:
                    return
                body = await reader.readexactly(length - pdus.HEADER.size)
                if not self._answer(client, command, status, number, body):
                    return
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, pdus.Malformed):
            return
        finally:
            self._clients.remove(client)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    def _answer(self, client: _Client, command: int, status: int, number: int, body: bytes) -> bool:
        """Answer one PDU; whether the connection goes on."""
        write = client.writer.write
        if command in (Command.BIND_TRANSCEIVER, Command.BIND_RECEIVER, Command.BIND_TRANSMITTER):
            name, password = pdus.bound(body)
            client.bound = name == self._system_id and hmac.compare_digest(password, self._password)
            said = Status.OK if client.bound else Status.BIND_FAILED
            write(pdus.written(command | ANSWER, number, status=said, body=b"rempart-smsc\0"))
            return client.bound
        if command == Command.ENQUIRE_LINK:
            write(pdus.written(command | ANSWER, number))
        elif command == Command.UNBIND:
            write(pdus.written(command | ANSWER, number))
            return False
        elif command == Command.SUBMIT_SM:
            return self._take(client, number, pdus.submitted(body))
        elif command == Command.DELIVER_SM | ANSWER:
            self.acknowledged.append(status)
        elif not command & ANSWER:
            write(pdus.written(Command.GENERIC_NACK, number, status=Status.INVALID_COMMAND))
        return True

    def _take(self, client: _Client, number: int, segment: Submitted) -> bool:
        self.asked += 1
        habits = self.habits
        if habits.drops_after and self.asked > habits.drops_after and not self._dropped:
            self._dropped = True
            return False
        said, key = Status.OK, ""
        if not client.bound:
            said = Status.NOT_BOUND
        elif habits.busy_after and self.asked % habits.busy_after == 0:
            said = Status.THROTTLED
        elif segment.number.endswith(habits.unknown or ("none",)):
            said = Status.INVALID_DESTINATION
        else:
            key = f"{next(self._ids):016x}"
            self._keep(client, segment)
        body = key.encode() + b"\0" if said is Status.OK else b""
        client.writer.write(pdus.written(Command.SUBMIT_SM | ANSWER, number, status=said, body=body))
        if key:
            self._later(self._afterwards(segment, key))
        return True

    def _keep(self, client: _Client, segment: Submitted) -> None:
        """A whole text, once its last segment came."""
        header = segment.octets[: segment.octets[0] + 1] if segment.esm_class & 0x40 else b""
        if header:
            _, _, _, reference, total, rank = header
            parts = client.parts.setdefault((segment.number, reference), {})
            parts[rank] = segment
            if len(parts) < total:
                return
            client.parts.pop((segment.number, reference))
            pieces = [parts[each].octets[len(header) :] for each in sorted(parts)]
        else:
            pieces = [segment.octets]
        text = "".join(gsm7.decode(piece, segment.coding) for piece in pieces)
        arrived = Arrived(number=segment.number, source=segment.source, text=text, segments=len(pieces))
        self.arrived.append(arrived)
        self._seen(arrived)

    async def _afterwards(self, segment: Submitted, key: str) -> None:
        """The receipt, and what the telephone's owner answers."""
        await asyncio.sleep(self.habits.receipt_seconds)
        if segment.wants_receipt and not segment.number.endswith(self.habits.silent or ("none",)):
            gone = segment.number.endswith(self.habits.unreachable or ("none",))
            self._tell(_receipt(segment, key, "UNDELIV" if gone else "DELIVRD"))
        if segment.wants_receipt and segment.number.endswith(self.habits.stops or ("none",)):
            self._tell(pdus.delivered(source=segment.number, to=segment.source, octets=b"STOP"))

    def _tell(self, body: bytes) -> None:
        """To the first who is bound."""
        for client in self._clients:
            if client.bound and not client.writer.is_closing():
                client.number += 1
                client.writer.write(pdus.written(Command.DELIVER_SM, client.number, body=body))
                return

    def _later(self, what: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(what)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _receipt(segment: Submitted, key: str, state: str) -> bytes:
    """SMPP 3.4, appendix B, and the same as parameters."""
    at = datetime.now(UTC).strftime("%y%m%d%H%M")
    failed = "000" if state == "DELIVRD" else "027"
    text = (
        f"id:{key} sub:001 dlvrd:{int(state == 'DELIVRD'):03d} submit date:{at} done date:{at} stat:{state}"
        f" err:{failed} text:"
    )
    parameters = pdus.parameter(_MESSAGE_ID, key.encode() + b"\0") + pdus.parameter(
        _MESSAGE_STATE, bytes([_STATES[state]])
    )
    return pdus.delivered(
        source=segment.number,
        to=segment.source,
        octets=text.encode(),
        esm_class=_RECEIPT,
        parameters=parameters,
    )


def settings_of(port: int) -> Mapping[str, str]:
    """The settings of a Rempart that hands its texts to a centre of this machine."""
    return {
        "REMPART_SMS_HOST": "127.0.0.1",
        "REMPART_SMS_PORT": str(port),
        "REMPART_SMS_TLS": "false",
        "REMPART_SMS_SYSTEM_ID": _NAME,
        "REMPART_SMS_PASSWORD": _PASSWORD,
        "REMPART_SMS_SOURCE": "38000",
        "REMPART_SMS_RATE": "500",
    }


@contextmanager
def running(centre: Centre, *, host: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """The centre, in a thread of its own, for as long as the block lasts; its port. Port 0 is any free one."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="sms-centre", daemon=True)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(centre.serve(host, port), loop).result(10)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(_ended(server, centre), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _ended(server: asyncio.Server, centre: Centre) -> None:
    server.close()
    await centre.end()
