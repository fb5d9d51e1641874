"""The way to the signing service: a private socket, over which messages go and signatures come back.

A frame is its length (4 bytes, big-endian) and CBOR. Asked: `["certificate", kind]` or `["sign", kind, message]`;
answered: `["ok", bytes]` or `["no", why]`.
"""

from __future__ import annotations

import os
import socket
import struct
import threading
from contextlib import suppress
from pathlib import Path

import cbor2

from rempart.foundation.vault import ProviderRefused, ProviderUnavailable
from rempart.proofs.cose import decode_cbor
from rempart.proofs.reasons import ContainerError
from rempart.proofs.signing import load_certificate
from rempart.screening.signing.keys import Kind

MOST_BYTES = 65_536
"""Of a frame: a certificate has some 400."""

_PATIENCE = 5.0  # seconds, for each answer
_LENGTH = struct.Struct(">I")


class SigningService:
    """The service behind a socket, as one process sees it; one question at a time. Reached when it is first asked."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: socket.socket | None = None
        self._pid = 0
        self._lock = threading.Lock()

    def signer(self, kind: Kind) -> RemoteSigner:
        """Whoever signs that kind now. Raises ProviderUnavailable, ProviderRefused."""
        return RemoteSigner(self, kind, self._ask(["certificate", kind]))

    def sign(self, kind: Kind, message: bytes) -> bytes:
        """The signature, r‖s. Raises ProviderUnavailable, and ProviderRefused for what is no certificate."""
        return self._ask(["sign", kind, message])

    def _ask(self, question: list[object]) -> bytes:
        with self._lock:
            try:
                answer = self._exchange(question)
            except (OSError, EOFError):  # it was started again; once more
                self._close()
                try:
                    answer = self._exchange(question)
                except (OSError, EOFError, ValueError) as why:
                    self._close()
                    raise ProviderUnavailable(
                        f"the signing service at {self._path} does not answer: {type(why).__name__}"
                    ) from None
            except ValueError:
                self._close()
                raise ProviderUnavailable(f"the signing service at {self._path} answers nonsense") from None
            except (
                BaseException
            ):  # stopped in between: the answer that is still to come is not the next one's
                self._close()
                raise
        match answer:
            case ["ok", bytes(value)]:
                return value
            case ["no", str(reason)]:
                raise ProviderRefused(f"the signing service refuses: {reason}")
        raise ProviderUnavailable(f"the signing service at {self._path} answers nonsense")

    def _exchange(self, question: list[object]) -> object:
        if self._connection is None or self._pid != os.getpid():
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.settimeout(_PATIENCE)
            self._connection, self._pid = connection, os.getpid()
            connection.connect(str(self._path))
        write_frame(self._connection, question)
        return read_frame(self._connection)

    def _close(self) -> None:
        if self._connection is not None:
            with suppress(OSError):
                self._connection.close()
        self._connection = None


class RemoteSigner:
    """A signer of `proofs` whose key is in the service."""

    def __init__(self, service: SigningService, kind: Kind, certificate: bytes) -> None:
        self.certificate = certificate
        self.key_size = load_certificate(certificate).public_key().key_size  # type: ignore[union-attr]
        self._service, self._kind = service, kind

    def sign(self, message: bytes) -> bytes:
        return self._service.sign(self._kind, message)


def write_frame(connection: socket.socket, value: object) -> None:
    """Raises OSError."""
    content = cbor2.dumps(value)
    connection.sendall(_LENGTH.pack(len(content)) + content)


def read_frame(connection: socket.socket) -> object:
    """Raises EOFError when the other end is gone, ValueError for what is no frame, OSError."""
    (length,) = _LENGTH.unpack(_read(connection, _LENGTH.size))
    if length > MOST_BYTES:
        raise ValueError("a frame that is too long")
    try:
        return decode_cbor(_read(connection, length))
    except ContainerError as why:
        raise ValueError("a frame that holds no CBOR") from why


def _read(connection: socket.socket, length: int) -> bytes:
    parts = bytearray()
    while len(parts) < length:
        part = connection.recv(length - len(parts))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)
