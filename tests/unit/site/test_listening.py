"""How the web server is told where to listen, and what is said before it is started."""

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from rempart.site import serving
from rempart.site.configuration import Configuration
from rempart.site.listening import Listening, Tls, free_port
from rempart.site.refusals import CannotRun, NotServing


def pair(folder: Path, form: serialization.PrivateFormat = serialization.PrivateFormat.PKCS8) -> Tls:
    """A certificate of our own making, and its key."""
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")]),
    )
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    found = Tls(certificate=folder / "certificate.pem", key=folder / "key.pem")
    found.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    found.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return found


def test_tls_begins_with_1_2(tmp_path):
    listening = Listening(tls=pair(tmp_path), port=free_port("127.0.0.1", 0))
    listening.require()
    said = " ".join(listening.arguments())
    assert "--ssl-protocol-min tls1.2" in said
    assert "--ssl-certificate" in said
    assert listening.url.startswith("https://127.0.0.1:")


def test_a_key_that_the_server_cannot_read_is_named_with_what_to_do(tmp_path):
    tls = pair(tmp_path, serialization.PrivateFormat.TraditionalOpenSSL)
    with pytest.raises(NotServing, match="openssl pkcs8"):
        Listening(tls=tls, port=free_port("127.0.0.1", 0)).require()


def test_a_key_of_another_certificate_or_none_is_refused(tmp_path):
    (tmp_path / "other").mkdir()
    port = free_port("127.0.0.1", 0)
    mixed = Tls(certificate=pair(tmp_path).certificate, key=pair(tmp_path / "other").key)
    for tls in (mixed, Tls(certificate=tmp_path / "absent", key=mixed.key)):
        with pytest.raises(NotServing, match="cannot be used"):
            Listening(tls=tls, port=port).require()


def test_a_port_that_is_taken_is_refused():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(NotServing, match="is taken"):
            Listening(port=taken.getsockname()[1]).require()


def test_a_socket_left_by_a_killed_server_is_taken_away_and_a_living_one_is_not(tmp_path):
    path = tmp_path / "rempart.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        with pytest.raises(NotServing, match="somebody listens"):
            Listening(socket=path).require()
    Listening(socket=path).require()
    assert not path.exists()
    path.write_text("a file")
    with pytest.raises(NotServing, match="no socket"):
        Listening(socket=path).require()
    assert path.read_text() == "a file"


def test_a_private_socket_is_open_to_its_group_only(tmp_path):
    said = Listening(socket=tmp_path / "x").arguments()
    assert said[said.index("--uds-permissions") + 1] == "0660"


def test_security_a_demo_over_another_database_is_refused():
    here = {"demo": True, "database_url": "postgresql://app@db/production"}
    with pytest.raises(CannotRun, match="DATABASE_URL"):
        serving.refuse_demo_elsewhere(Configuration.model_construct(**here))
    serving.refuse_demo_elsewhere(Configuration.model_construct(**here | {"demo": False}))
    serving.refuse_demo_elsewhere(Configuration.model_construct(**here | {"database_url": ""}))
