"""One bound connection to an SMS centre, speaking SMPP 3.4. PDUs are written and read by smpplib; the socket is ours."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from smpplib import smpp
from smpplib.command import Command

_LENGTH = struct.Struct(">L")
_LONGEST = 65_536  # bytes of a PDU
_LAST_SEQUENCE = 0x7FFFFFFF
_VERSION = 0x34


class SessionLost(Exception):
    """The connection cannot be used (any more). `code` is stable."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """An SMS centre, and who we are to it."""

    host: str
    port: int
    system_id: str
    password: str = field(repr=False)
    source: str  # what the telephone shows: a number, or up to eleven letters
    system_type: str = ""
    tls: bool = True
    authorities: Path | None = None  # PEM, who vouches for it; None: those of the machine
    rate: float = 50.0  # segments a second, as agreed with the operator
    window: int = 20  # segments on their way before the first is answered
    timeout: float = 15.0  # seconds without an answer after which the connection is given up


class Session:
    """Bound as transceiver until it is closed. It is `client` to smpplib's PDUs: it numbers them."""

    def __init__(self, gateway: Gateway) -> None:
        """Connect and bind. Raises SessionLost: smpp.unreachable, smpp.tls, smpp.login."""
        self.sequence = 0
        self.heard_at = time.monotonic()
        self._buffer = bytearray()
        self._gateway = gateway
        try:
            self._socket = _connected(gateway)
        except ssl.SSLError:
            raise SessionLost("smpp.tls") from None
        except OSError:
            raise SessionLost("smpp.unreachable") from None
        try:
            self._bind()
        except BaseException:
            self._socket.close()
            raise

    def next_sequence(self) -> int:
        self.sequence = self.sequence % _LAST_SEQUENCE + 1
        return self.sequence

    def send(self, command: str, **fields: Any) -> int:
        """Send a request; its number."""
        pdu = smpp.make_pdu(command, client=self, **fields)
        self._write(pdu)
        return int(pdu.sequence)

    def answer(self, command: str, to: Command, *, status: int = 0) -> None:
        """Answer a request of the centre."""
        pdu = smpp.make_pdu(command, client=self, status=status)
        pdu.sequence = to.sequence
        pdu.status = status
        self._write(pdu)

    def read(self, wait: float) -> Command | None:
        """The next PDU, or None when none came in so many seconds. Raises SessionLost."""
        deadline = time.monotonic() + wait
        while (whole := self._whole()) is None:
            left = deadline - time.monotonic()
            if left < 0:
                return None
            self._socket.settimeout(max(left, 0.001))
            try:
                more = self._socket.recv(_LONGEST)
            except TimeoutError:
                return None
            except OSError:
                raise SessionLost("smpp.unreachable") from None
            if not more:
                raise SessionLost("smpp.closed")
            self._buffer += more
        self.heard_at = time.monotonic()
        try:
            return smpp.parse_pdu(whole, client=self, allow_unknown_opt_params=True)
        except Exception:  # whatever smpplib makes of bytes that are none; they may hold a number
            raise SessionLost("smpp.malformed") from None

    def close(self) -> None:
        """Unbind, without waiting for the answer."""
        with contextlib.suppress(SessionLost):
            self.send("unbind")
        self._socket.close()

    def _bind(self) -> None:
        gateway = self._gateway
        number = self.send(
            "bind_transceiver",
            system_id=gateway.system_id,
            password=gateway.password,
            system_type=gateway.system_type,
            interface_version=_VERSION,
            addr_ton=0,
            addr_npi=0,
            address_range="",
        )
        answer = self.read(gateway.timeout)
        if answer is None or answer.sequence != number or answer.status != 0:
            raise SessionLost("smpp.login" if answer is not None else "smpp.silent")

    def _whole(self) -> bytes | None:
        if len(self._buffer) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._buffer)
        if not 16 <= length <= _LONGEST:
            raise SessionLost("smpp.malformed")
        if len(self._buffer) < length:
            return None
        whole = bytes(self._buffer[:length])
        del self._buffer[:length]
        return whole

    def _write(self, pdu: Command) -> None:
        try:
            self._socket.settimeout(self._gateway.timeout)
            self._socket.sendall(pdu.generate())
        except OSError:
            raise SessionLost("smpp.unreachable") from None


def _connected(gateway: Gateway) -> socket.socket:
    plain = socket.create_connection((gateway.host, gateway.port), timeout=gateway.timeout)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not gateway.tls:
        return plain
    context = ssl.create_default_context(cafile=gateway.authorities)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        return context.wrap_socket(plain, server_hostname=gateway.host)
    except BaseException:
        plain.close()
        raise
