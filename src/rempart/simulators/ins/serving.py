"""The stand-in's server: HTTPS on the loopback, and nobody without a certificate of its authority."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import UUID

from rempart.foundation.people.teleservice.endpoint import Endpoint, Software
from rempart.foundation.people.teleservice.envelope import CONTENT_TYPE
from rempart.simulators.ins import protocol
from rempart.simulators.ins.certificates import Certificates
from rempart.simulators.ins.register import Asked, Behaviour, Register

_MOST_BYTES = 65_536
_PATH = "/lps"
_SLOW_SECONDS = 3.0
_SOFTWARE = Software(
    authorisation="REMPART00000",
    name="rempart",
    version="1",
    instance=UUID("636c9d43-1a19-4b8c-a8b1-ac43227cfe46"),
    sender="690000005",
)


def settings_of(endpoint: Endpoint) -> Mapping[str, str]:
    """The settings of a Rempart that asks it."""
    return {
        "REMPART_INS_URL": endpoint.url,
        "REMPART_INS_CERTIFICATE": str(endpoint.certificate.absolute()),
        "REMPART_INS_KEY": str(endpoint.key.absolute()),
        "REMPART_INS_AUTHORITIES": str((endpoint.authorities or endpoint.certificate).absolute()),
        "REMPART_INS_AUTHORISATION": endpoint.software.authorisation,
        "REMPART_INS_INSTANCE": str(endpoint.software.instance),
        "REMPART_INS_SENDER": endpoint.software.sender,
    }


@contextmanager
def teleservice(register: Register, certificates: Certificates, *, port: int = 0) -> Iterator[Endpoint]:
    """The service for as long as the block lasts; whom to ask, and as whom. Port 0 is any free one."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(certificates.authority))
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_cert_chain(certificates.server, certificates.server_key)
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def setup(self) -> None:
            self.request = tls.wrap_socket(self.request, server_side=True)
            super().setup()

        def finish(self) -> None:
            super().finish()
            self.request.close()  # ours: the server closes the one beneath it

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            if self.path != _PATH or not 0 < length <= _MOST_BYTES:
                self._say(404, b"")
                return
            content = self.rfile.read(length)
            if not (self.headers.get("Content-Type") or "").startswith("application/soap+xml"):
                self._say(415, b"")
                return
            try:
                asked = protocol.read(content)
            except protocol.Refused:
                self._say(500, protocol.fault(sender=True))
                return
            behaviour = register.take(asked)
            over.wait(register.latency)
            self._behave(behaviour, asked)

        def _behave(self, behaviour: Behaviour, asked: Asked) -> None:
            found = register.find(asked)
            match behaviour:
                case Behaviour.FAULT:
                    self._say(500, protocol.fault())
                case Behaviour.UNAVAILABLE:
                    self._say(503, b"")
                case Behaviour.SILENCE:
                    over.wait(60)
                    self.close_connection = True
                case Behaviour.SLOW:
                    over.wait(_SLOW_SECONDS)
                    self._say(200, protocol.answer(found))
                case Behaviour.CUT:
                    self._say(200, protocol.answer(found), cut=True)
                case Behaviour.HUGE:
                    self._say(200, protocol.answer(found) + b" " * 4_000_000)
                case Behaviour.DRIP:
                    self._drip(protocol.answer(found))
                case Behaviour.BOMB:
                    self._say(200, protocol.bomb())
                case Behaviour.OTHER_NAMESPACE:
                    self._say(200, protocol.answer(found, namespace="http://example.org/INSiResultat"))
                case Behaviour.SOMEBODY_ELSE:
                    self._say(200, protocol.answer(register.somebody_else(asked)))
                case Behaviour.NONSENSE:
                    self._say(200, b"<html>maintenance")
                case Behaviour.ANSWER:
                    self._say(200, protocol.answer(found))

        def _say(self, status: int, content: bytes, *, cut: bool = False) -> None:
            self.send_response(status)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2] if cut else content)
            self.close_connection = self.close_connection or cut

        def _drip(self, content: bytes) -> None:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            for byte in content * 100:
                if over.wait(0.05):
                    break
                self.wfile.write(bytes([byte if byte > 32 else 120]))
                self.wfile.flush()
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Says nothing: the register remembers what was asked."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, *_: object) -> None:
            """Clients without a certificate, and those that hang up, are no news."""

    with Server(("127.0.0.1", port), Handler) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        serving.start()
        try:
            yield Endpoint(
                url=f"https://localhost:{server.server_address[1]}{_PATH}",
                certificate=certificates.client,
                key=certificates.client_key,
                authorities=certificates.authority,
                software=_SOFTWARE,
            )
        finally:
            over.set()
            server.shutdown()
            serving.join()
