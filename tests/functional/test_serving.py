"""The server as it stands on a machine: real sockets, real TLS, and requests that no library would send."""

import http.client
import secrets
import socket
import ssl
import warnings
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from tests.unit.site.test_listening import pair

from rempart.site import headers, serving
from rempart.site.configuration import Configuration
from rempart.site.listening import Listening, Tls, free_port

HOST = "rempart.example"
PUBLIC = f"https://{HOST}"
GET = "GET {path} HTTP/1.1\r\nHost: " + HOST + "\r\n{more}\r\n"


@contextmanager
def running(listening, database, var: Path, **more: str):
    """The web server, listening there, for `https://rempart.example`."""
    environment = {
        **database.environment(),
        "REMPART_VAR": str(var),
        "REMPART_SECRET_KEY": secrets.token_hex(),
        "REMPART_PUBLIC_URL": PUBLIC,
        "REMPART_HOSTS": f'["{HOST}"]',
        "DJANGO_SETTINGS_MODULE": "rempart.site.settings",
        **more,
    }
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            static = Configuration.model_validate({}).static
            static.mkdir(parents=True)
            (static / "a.css").write_text("body {}")
            processes = stack.enter_context(serving.processes(serving.web_command(listening)))
        serving.wait_until_ready(listening, processes, public_url=PUBLIC)
        yield


@pytest.fixture(scope="module")
def tls(test_database, django_db_setup, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    listening = Listening(port=free_port("127.0.0.1", 0), tls=pair(folder))
    with running(listening, test_database, folder / "var"):
        yield listening


@pytest.fixture(scope="module")
def private(test_database, django_db_setup, tmp_path_factory):
    folder = tmp_path_factory.mktemp("s")
    listening = Listening(socket=folder / "s")
    with running(listening, test_database, folder / "var"):
        yield listening


def shaken(tls: Tls, port: int, newest=ssl.TLSVersion.TLSv1_3, oldest=ssl.TLSVersion.TLSv1_2):
    """The version of TLS that the server agrees to."""
    context = ssl.create_default_context(cafile=tls.certificate)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = oldest, newest
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        return secure.version()


def test_tls_1_3_and_1_2_are_spoken_and_nothing_older(tls):
    assert shaken(tls.tls, tls.port) == "TLSv1.3"
    assert shaken(tls.tls, tls.port, ssl.TLSVersion.TLSv1_2) == "TLSv1.2"
    with pytest.raises((ssl.SSLError, ConnectionError)):
        shaken(tls.tls, tls.port, ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1)


def test_over_tls_every_answer_says_so_static_files_too(tls):
    context = ssl.create_default_context(cafile=tls.tls.certificate)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    for path, status in (("/", 200), ("/static/a.css", 200), ("/static/absent", 404), ("/absent/", 404)):
        connection = http.client.HTTPSConnection("localhost", tls.port, context=context, timeout=20)
        connection.request("GET", path, headers={"Host": HOST})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == status
        for name, value in headers.protective(secure=True).items():
            if name not in ("Content-Security-Policy", "Cache-Control"):
                assert answer.headers[name] == value
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        connection.close()


def test_a_cookie_is_of_this_host_alone(private):
    answer = said(private, GET.format(path="/connexion/", more="Connection: close\r\n"))
    assert "set-cookie: __Host-csrf=" in answer
    cookie = next(line for line in answer.split("\r\n") if line.startswith("set-cookie"))
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


def said(listening, request: str, wait: float = 5.0) -> str:
    """What comes back over the private socket for these very bytes, until the server has no more to say."""
    found = b""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(wait)
        connection.connect(str(listening.socket))
        connection.sendall(request.encode("latin-1"))
        try:
            while chunk := connection.recv(65536):
                found += chunk
        except (TimeoutError, ConnectionResetError):
            pass
    return found.decode("latin-1")


def statuses(answer: str) -> list[int]:
    return [int(line.split()[1]) for line in answer.split("\r\n") if line.startswith("HTTP/1.1 ")]


SMUGGLED = "GET /absent-smuggled/ HTTP/1.1\r\nHost: rempart.example\r\nConnection: close\r\n\r\n"
POST = "POST /mon-resultat/ HTTP/1.1\r\nHost: rempart.example\r\n"


@pytest.mark.parametrize(
    "request_",
    [
        f"{POST}Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd{SMUGGLED}",
        f"{POST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{SMUGGLED}",
        f"{POST}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n{SMUGGLED}",
        f"{POST}Content-Length: +4\r\n\r\nabcd{SMUGGLED}",
        f"{POST}Content-Length: 0x4\r\n\r\nabcd{SMUGGLED}",
        f"{POST}X: a\r\n b: c\r\nContent-Length: 0\r\n\r\n{SMUGGLED}",
        f"{POST}Transfer-Encoding: chunked\r\n\r\nZZ\r\n\r\n0\r\n\r\n{SMUGGLED}",
        f"GET / HTTP/1.1\r\nHost : rempart.example\r\n\r\n{SMUGGLED}",
    ],
)
def test_security_what_two_servers_could_read_differently_is_refused_and_ends_the_connection(
    private, request_
):
    answer = said(private, request_)
    assert 200 not in statuses(answer)
    assert 404 not in statuses(answer), "the second request was answered"


def test_security_a_length_beside_chunks_is_not_believed(private):
    """RFC 9112: chunks win, and what follows them is the next request, never part of this one's body."""
    request = f"{POST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    first = statuses(said(private, request + SMUGGLED))
    assert first in ([400], [403], [403, 404])


def test_headers_that_are_too_large_are_refused(private):
    answer = said(private, GET.format(path="/", more=f"X: {'a' * 200_000}\r\n"))
    assert statuses(answer) in ([431], [400], [])


def test_another_host_is_not_answered(private):
    answer = said(private, "GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
    assert statuses(answer) == [400]
    assert "evil" not in answer


def test_the_socket_is_closed_to_other_accounts(private):
    assert private.socket.stat().st_mode & 0o777 == 0o660
