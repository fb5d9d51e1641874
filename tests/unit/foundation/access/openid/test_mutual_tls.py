"""Over real TLS: who vouches for the provider's servers, and the certificate by which the token endpoint knows us."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.provider import NOW, provider

from rempart.foundation.access.openid.party import Party
from rempart.foundation.access.openid.provider import ClientAuthentication
from rempart.foundation.access.openid.refusals import Reason, SignInRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """An authority, and what it issued to a server and to us, as PEM files."""

    authority: Path
    server: tuple[Path, Path]
    ours: tuple[Path, Path]


def issue(name: str, folder: Path, *, by: tuple[x509.Name, ec.EllipticCurvePrivateKey] | None = None):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    issuer, signer = by or (subject, key)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=3650))
        .not_valid_after(NOW + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(signer, hashes.SHA256())
    )
    paths = (folder / f"{name}.pem", folder / f"{name}.key")
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths, (subject, key)


@pytest.fixture
def papers(tmp_path: Path) -> Papers:
    authority, by = issue("authority", tmp_path)
    server, _ = issue("server", tmp_path, by=by)
    ours, _ = issue("rempart", tmp_path, by=by)
    return Papers(authority=authority[0], server=server, ours=ours)


@contextmanager
def listening(papers: Papers, answers: dict[str, object], *, asks: bool) -> Iterator[str]:
    """A TLS server that says these documents; `asks` for a certificate and lets nobody in without."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            body = json.dumps(answers.get(self.path, {})).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *said: object) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*papers.server)
    if asks:
        context.load_verify_locations(papers.authority)
        context.verify_mode = ssl.CERT_REQUIRED
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *refused: None  # a handshake that was refused is what is tested
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"https://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def service(papers: Papers) -> Iterator[tuple[str, str]]:
    """An issuer, and the host of its token endpoint, which asks for a certificate."""
    documents: dict[str, object] = {}
    with (
        listening(papers, {"/token": {"access_token": "a", "id_token": "i"}}, asks=True) as tokens,
        listening(papers, documents, asks=False) as issuer,
    ):
        documents["/.well-known/openid-configuration"] = {
            "issuer": issuer,
            "token_endpoint": f"{issuer}/token",
            "mtls_endpoint_aliases": {"token_endpoint": f"{tokens}/token"},
        }
        yield issuer, tokens.removeprefix("https://")


def party(issuer: str, host: str, papers: Papers, **changes: object) -> Party:
    settings = {
        "issuer": issuer,
        "client_secret": "",
        "authentication": ClientAuthentication.MUTUAL_TLS,
        "certificate": papers.ours[0],
        "private_key": papers.ours[1],
        "authorities": papers.authority,
        "other_hosts": (host,),
    }
    return Party(provider(**(settings | changes)))


GRANT = {"grant_type": "authorization_code", "code": "c"}


def test_our_certificate_opens_the_token_endpoint(papers):
    with service(papers) as (issuer, host):
        assert party(issuer, host, papers).exchange(GRANT, now=NOW)["id_token"] == "i"


def test_without_our_certificate_it_stays_closed(papers):
    with service(papers) as (issuer, host):
        stranger = party(
            issuer, host, papers, authentication=ClientAuthentication.SECRET_POST, client_secret="x"
        )
        with pytest.raises(httpx.TransportError):
            stranger.http.post(f"https://{host}/token")


def test_a_server_for_whom_nobody_vouches_is_not_asked(papers):
    with service(papers) as (issuer, host), pytest.raises(SignInRefused) as refused:
        party(issuer, host, papers, authorities=None).exchange(GRANT, now=NOW)
    assert refused.value.reason is Reason.UNREACHABLE
    assert refused.value.detail == "ConnectError"


def test_the_other_server_is_asked_only_where_it_is_named(papers):
    with service(papers) as (issuer, host), pytest.raises(SignInRefused) as refused:
        party(issuer, host, papers, other_hosts=()).exchange(GRANT, now=NOW)
    assert refused.value.detail == "an address that is not the provider's"
