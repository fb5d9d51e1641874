"""The signing service: a process of its own that holds the keys, and signs certificates for whoever reaches its socket.

Whoever takes over the web server can have certificates signed while he is in, each of them counted here; he never has a
key, and nothing else than a certificate is signed.
"""

from __future__ import annotations

import logging
import os
import re
import socket
import socketserver
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cbor2

from rempart.foundation.vault import KeyProviderError, KeyStore
from rempart.proofs import cose
from rempart.proofs.reasons import ContainerError
from rempart.proofs.signing import Signer, load_certificate
from rempart.proofs.trust import document_names, key_id
from rempart.proofs.twoddoc.text import days
from rempart.screening.signing.keys import Kind
from rempart.screening.signing.remote import read_frame, write_frame
from rempart.screening.signing.signers import local_signer

_log = logging.getLogger(__name__)
_LONGEST = 4_096  # bytes of a message to sign; a certificate has some 400
_AGO, _AHEAD = timedelta(days=1), timedelta(minutes=5)  # how far a certificate's own time may be from ours
_LASTS = timedelta(days=400)  # the longest that one may hold
_CLAIMS = {1, 4, 6, -260}
_BESIDE = {"ver", "nam", "dob"}
_TEST = re.compile(
    r"F0[A-Z /]{0,60}[\x1d\x1e]F1[A-Z ]{0,38}[\x1d\x1e]F2[0-9]{8}F3[MFU]"
    r"F4([A-Z0-9]{3,6}\x1d|[A-Z0-9]{7})F5[PNIX]F6[0-9]{12}"
)
_IDLE = 60.0  # seconds without a byte, then a connection is closed; whoever asks again opens another
_REMEMBERED = 60.0  # seconds, until a certificate that was installed takes over
_SAID_EVERY = 60.0  # seconds between two lines in the log


class NotACertificate(ValueError):
    """What was to be signed is none; the message says which rule it breaks."""


def require_dcc(message: bytes, *, certificate: bytes, now: datetime) -> None:
    """Raise NotACertificate unless this is what the signature of an EU DCC covers (RFC 9052 §4.4): under our key identifier,
    made now, for one test or one recovery, in the one form that we write, so that every reader reads the same."""
    match _decoded(message):
        case ["Signature1", bytes(protected), b"", bytes(payload)]:
            pass
        case _:
            raise NotACertificate("no COSE signature structure")
    if protected != cose.protected_header(key_id(certificate)):
        raise NotACertificate("not under our key identifier, with ES256")
    claims = _decoded(payload)
    if not isinstance(claims, Mapping) or {type(name) for name in claims} != {int} or set(claims) != _CLAIMS:
        raise NotACertificate("not the claims of a certificate")
    issued, expires, content = claims[6], claims[4], claims[-260]
    if type(issued) is not int or type(expires) is not int:
        raise NotACertificate("no dates")
    if not (now - _AGO).timestamp() <= issued <= (now + _AHEAD).timestamp():
        raise NotACertificate("not issued now")
    if not 0 < expires - issued <= _LASTS.total_seconds():
        raise NotACertificate("holds too long")
    alone = isinstance(content, Mapping) and [(type(name), name) for name in content] == [(int, 1)]
    match content[1] if alone else None:
        case {"t": [Mapping()], **others} | {"r": [Mapping()], **others} if set(others) <= _BESIDE:
            pass
        case _:
            raise NotACertificate("not one test or recovery")


def require_twoddoc(message: bytes, *, certificate: bytes, now: datetime) -> None:
    """Raise NotACertificate unless this is header and message of a 2D-DOC of type B2 in our name, signed today: each field once,
    in the order of the specification."""
    (name,) = document_names(load_certificate(certificate))
    try:
        text = message.decode("ascii")
    except UnicodeDecodeError:
        raise NotACertificate("not ASCII") from None
    if not text.startswith(f"DC04{name}"):
        raise NotACertificate("not a 2D-DOC in our name")
    if text[20:26] != "B201FR" or not _TEST.fullmatch(text, 26):
        raise NotACertificate("not a test certificate")
    near = [
        days(now.date() + timedelta(days=beside)) for beside in (-1, 0, 1)
    ]  # it is already tomorrow elsewhere
    if text[12:20] not in [2 * day for day in near]:
        raise NotACertificate("not signed today")


_REQUIRED: Mapping[Kind, Callable[..., None]] = {Kind.DCC: require_dcc, Kind.TWODDOC: require_twoddoc}


class Signatory:
    """What the service does, whoever asks: says who signs, and signs."""

    def __init__(self, store: KeyStore) -> None:
        self._store = store
        self._signers: dict[Kind, tuple[float, Signer]] = {}
        self._counted: Counter[str] = Counter()
        self._said = time.monotonic()
        self._lock = threading.Lock()

    def answer(self, question: object, *, now: datetime) -> list[object]:
        """The answer to a question as it came; never raises for what is in it."""
        try:
            match question:
                case ["certificate", str(kind)]:
                    return ["ok", self._signer(Kind(kind), now).certificate]
                case ["sign", str(kind), bytes(message)]:
                    return ["ok", self._sign(Kind(kind), message, now)]
        except NotACertificate as why:
            self._count("refused")
            return ["no", str(why)]
        except (KeyProviderError, ValueError) as why:
            _log.warning("cannot sign: %s", type(why).__name__)
            return ["no", type(why).__name__]
        return ["no", "what is that?"]

    def _sign(self, kind: Kind, message: bytes, now: datetime) -> bytes:
        signer = self._signer(kind, now)
        if len(message) > _LONGEST:
            raise NotACertificate("too long")
        _REQUIRED[kind](message, certificate=signer.certificate, now=now)
        signature = signer.sign(message)
        self._count(f"signed as {kind}")
        return signature

    def _signer(self, kind: Kind, now: datetime) -> Signer:
        with self._lock:
            until, signer = self._signers.get(kind, (0.0, None))
            if signer is None or time.monotonic() > until:
                signer = local_signer(self._store, kind, now)
                self._signers[kind] = (time.monotonic() + _REMEMBERED, signer)
            return signer

    def _count(self, what: str) -> None:
        """One line a minute of what was signed and refused: the operator's count, beside the platform's own."""
        with self._lock:
            self._counted[what] += 1
            if time.monotonic() < self._said + _SAID_EVERY:
                return
            said, self._counted, self._said = self._counted, Counter(), time.monotonic()
        _log.info("%s", ", ".join(f"{count} {what}" for what, count in sorted(said.items())))


@contextmanager
def serving(store: KeyStore, path: Path) -> Iterator[Signatory]:
    """The service behind a socket of this path (mode 0660) while the block lasts. Raises OSError when it is taken."""
    signatory = Signatory(store)
    open_ones: set[socket.socket] = set()

    class Connection(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.settimeout(_IDLE)
            open_ones.add(self.request)
            try:
                with suppress(OSError, EOFError, ValueError):
                    while True:
                        question = read_frame(self.request)
                        write_frame(self.request, signatory.answer(question, now=datetime.now(UTC)))
            finally:
                open_ones.discard(self.request)

    class Server(socketserver.ThreadingUnixStreamServer):
        daemon_threads = True
        request_queue_size = 128  # every process of the platform may come at once

    _free(path)
    before = os.umask(0o117)
    try:
        server = Server(str(path), Connection)
    finally:
        os.umask(before)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield signatory
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        for one in list(open_ones):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        path.unlink(missing_ok=True)


def _free(path: Path) -> None:
    """Take away the socket of a service that was killed. Raises OSError when one answers there."""
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise FileExistsError(f"{path}: a signing service answers there already")


def _decoded(content: bytes) -> object:
    """What the bytes say, when they are those that we write for it: no other length, no tag, nothing after it."""
    try:
        value = cose.decode_cbor(content)
    except ContainerError:
        raise NotACertificate("no CBOR") from None
    if cbor2.dumps(value) != content:
        raise NotACertificate("not in the form that we write")
    return value
