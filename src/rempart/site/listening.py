"""Where the web server listens: an address, with TLS of its own or without, or a private socket for a proxy."""

from __future__ import annotations

import http.client
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from rempart.site.refusals import NotServing

_SOCKET_MODE = "0660"  # the proxy's account shares our group; nobody else connects
_OTHER_KEYS = (b"BEGIN RSA PRIVATE KEY", b"BEGIN EC PRIVATE KEY", b"BEGIN ENCRYPTED PRIVATE KEY")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """A certificate (PEM, with its chain) and its key (PEM, PKCS#8, without a password)."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Where we listen; a private socket stands instead of host and port."""

    host: str = "127.0.0.1"
    port: int = 8000
    tls: Tls | None = None
    socket: Path | None = None

    @property
    def url(self) -> str:
        """How we say where we listen."""
        if self.socket is not None:
            return f"unix:{self.socket}"
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}"

    def arguments(self) -> list[str]:
        """What granian is told."""
        if self.socket is not None:
            return ["--uds", str(self.socket), "--uds-permissions", _SOCKET_MODE]
        listens = ["--host", self.host, "--port", str(self.port)]
        if self.tls is None:
            return listens
        return [
            *listens,
            "--ssl-certificate", str(self.tls.certificate), "--ssl-keyfile", str(self.tls.key),
            "--ssl-protocol-min", "tls1.2",
        ]  # fmt: skip

    def require(self) -> None:
        """Raise NotServing when we could not listen there: two servers would share a port's requests."""
        if self.socket is not None:
            _require_own(self.socket)
            return
        if free_port(self.host, self.port) != self.port:
            raise NotServing(f"port {self.port} of {self.host} is taken; choose another with --port")
        if self.tls is not None:
            _require_readable(self.tls)

    def answers(self, *, public_url: str) -> bool:
        """Whether `/sante/` says that the web server and its database live; asked under our public name."""
        connection = self._connection()
        try:
            connection.request("GET", "/sante/", headers={"Host": urlsplit(public_url).netloc})
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        if self.socket is not None:
            return _OverSocket(self.socket)
        if self.tls is None:
            return http.client.HTTPConnection(self.host, self.port, timeout=2)
        ourselves = ssl.create_default_context(cafile=self.tls.certificate)
        ourselves.check_hostname = False  # it names the public host, and we ask by address
        ourselves.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        return http.client.HTTPSConnection(self.host, self.port, timeout=2, context=ourselves)


def free_port(host: str, wished: int) -> int:
    """`wished` when nobody listens there, else a port that is free."""
    for port in (wished, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise NotServing(f"no free port on {host}")


class _OverSocket(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=2)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def _require_own(path: Path) -> None:
    """What a server that was killed left behind is taken away; one that lives is left alone."""
    if not path.parent.is_dir():
        raise NotServing(f"{path.parent} is no folder: the socket cannot be made there")
    if not path.exists():
        return
    if not path.is_socket():
        raise NotServing(f"{path} exists and is no socket; choose another with --socket")
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            path.unlink()
            return
    raise NotServing(f"somebody listens on {path}; choose another with --socket")


def _require_readable(tls: Tls) -> None:
    """The pair is one that the server can use; a mistake is said before anything is started."""
    try:
        said = tls.key.read_bytes()
        if any(other in said for other in _OTHER_KEYS):
            raise NotServing(
                f"{tls.key} is not PKCS#8 without a password: openssl pkcs8 -topk8 -nocrypt -in {tls.key} -out …"
            )
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(tls.certificate, tls.key)
    except OSError as error:  # ssl.SSLError is one
        raise NotServing(
            f"The certificate {tls.certificate} and the key {tls.key} cannot be used: {error}"
        ) from error
