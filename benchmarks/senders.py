"""Laboratories at work: connections that each send one message, wait for its answer, and send the next.

One process, one thread and no library between it and the sockets: what it costs is taken from the same two cores that
it measures. HTTP/1.1 in clear, or MLLP over TLS.
"""

from __future__ import annotations

import heapq
import selectors
import socket
import ssl
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

_READ = 65_536
_HEADERS_END = b"\r\n\r\n"
_LENGTH = b"content-length: "
_COME_AGAIN = 1.0  # seconds, as Retry-After says
_BEGIN, _END = b"\x0b", b"\x1c\r"


@dataclass(slots=True)
class Drove:
    """What came of a run: seconds each answer took, answers by what they said, how long the whole took."""

    times: list[float] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    cpu: float = 0.0
    unanswered: int = 0

    def per_second(self) -> float:
        return len(self.times) / self.seconds

    def latency(self, percent: int) -> float:
        """Milliseconds within which this share of the answers came."""
        return statistics.quantiles(self.times, n=100)[percent - 1] * 1000


class _Connection:
    def __init__(self, sock: socket.socket, messages: Iterator[bytes]) -> None:
        self.sock, self.messages = sock, messages
        self.buffer = b""
        self.message: bytes | None = None
        self.is_told_to_come_again = False
        self.sent_at = self.due_at = 0.0
        self.rank = 0

    def again(self) -> None:
        """What was just sent is sent once more."""
        self.is_told_to_come_again = True

    def send_next(self) -> bool:
        message = self.message if self.is_told_to_come_again else next(self.messages, None)
        self.message, self.is_told_to_come_again = message, False
        if message is None:
            return False
        self.sent_at = time.perf_counter()
        self.sock.setblocking(True)  # a message fits into the socket's buffer
        self.sock.sendall(message)
        self.sock.setblocking(False)
        return True

    def receive(self) -> str | None:
        """What the whole answer says (HTTP status, or MSA-1); None while there is more to come."""
        while True:
            try:
                part = self.sock.recv(_READ)
            except (BlockingIOError, ssl.SSLWantReadError):
                break
            if not part:
                return "closed"
            self.buffer += part
            if len(part) < _READ and not isinstance(self.sock, ssl.SSLSocket):
                break
        return self._answer()

    def _answer(self) -> str | None:
        if self.buffer.startswith(b"HTTP/"):
            end = self.buffer.find(_HEADERS_END)
            at = self.buffer.find(_LENGTH, 0, end)
            if end < 0 or at < 0:
                return None
            length = int(self.buffer[at + len(_LENGTH) : self.buffer.index(b"\r", at)])
            if len(self.buffer) < end + 4 + length:
                return None
            status, self.buffer = self.buffer[9:12].decode(), b""
            return status
        if not self.buffer.endswith(_END):
            return None
        at = self.buffer.find(b"\rMSA|")
        said, self.buffer = self.buffer[at + 5 : at + 7].decode(), b""
        return said


def drive(
    address: tuple[str, int],
    senders: Sequence[Sequence[bytes]],
    *,
    seconds: float,
    tls: Sequence[ssl.SSLContext] = (),
    rate: float = 0.0,
    patient: bool = False,
) -> Drove:
    """Let each sender send its messages over a connection of its own, one after the other, for so long.

    `tls`: the side of TLS of each sender; none of them where they speak in clear. `rate`: messages a second of all
    senders together; 0: each as soon as the one before is answered. `patient`: who is told to come again (429) does so,
    and nobody ends before he has sent everything.
    """
    drove = Drove()
    selector = selectors.DefaultSelector()
    contexts = tls or [None] * len(senders)
    connections = [
        _connect(address, iter(messages), context)
        for messages, context in zip(senders, contexts, strict=True)
    ]
    for one in connections:
        selector.register(one.sock, selectors.EVENT_READ, one)
    cpu, began = time.process_time(), time.perf_counter()
    until = began + seconds
    pause = len(connections) / rate if rate else 0.0
    due = [(began + pause * rank / len(connections), rank) for rank in range(len(connections))]
    flying = 0
    while due or flying:
        now = time.perf_counter()
        while due and due[0][0] <= now:
            at, rank = heapq.heappop(due)
            one = connections[rank]
            if (now > until and not patient) or not one.send_next():
                selector.unregister(one.sock)
                continue
            one.due_at, one.rank = max(at, now - pause), rank
            flying += 1
        if not (due or flying):
            break
        ready = selector.select(max(0.0, due[0][0] - now) if due else 10.0)
        if not ready and not due:
            break
        for key, _ in ready:
            one = key.data
            said = one.receive()
            if said is None:
                continue
            now = time.perf_counter()
            flying -= 1
            drove.answers[said] += 1
            if said == "429" and patient:
                one.again()
                heapq.heappush(due, (now + _COME_AGAIN, one.rank))
            elif said != "closed":
                drove.times.append(now - one.sent_at)
                heapq.heappush(due, (one.due_at + pause, one.rank))
            else:
                selector.unregister(one.sock)
    drove.unanswered = flying
    drove.seconds, drove.cpu = time.perf_counter() - began, time.process_time() - cpu
    for one in connections:
        one.sock.close()
    return drove


def _connect(address: tuple[str, int], messages: Iterator[bytes], tls: ssl.SSLContext | None) -> _Connection:
    sock = socket.create_connection(address, timeout=60)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if tls is not None:
        sock = tls.wrap_socket(sock, server_hostname="localhost")
    sock.setblocking(False)
    return _Connection(sock, messages)


def http(host: str, path: str, headers: Sequence[tuple[str, str]], body: bytes) -> bytes:
    """One request, as it goes over the wire."""
    said = "".join(f"{name}: {value}\r\n" for name, value in headers)
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\n{said}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def framed(message: bytes) -> bytes:
    """One message, as MLLP frames it."""
    return _BEGIN + message + _END
