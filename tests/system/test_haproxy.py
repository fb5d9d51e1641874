"""A real HAProxy under deploy/haproxy.cfg: who comes, by which certificate, and what a client cannot say of himself."""

import os
import shutil
import socket
import ssl
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.factories import LAB
from tests.functional.test_serving import HOST, running

from rempart.foundation.access.models import ClientCertificate
from rempart.foundation.database.connection import Database
from rempart.site.listening import Listening, free_port

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]

ROOT = Path(__file__).parents[2]
DOOR = "/api/v1/deliveries"
FORGED = {"X-Forwarded-For": "198.51.100.1", "X-Real-IP": "198.51.100.1", "Forwarded": "for=198.51.100.1"}


class Authority:
    """An authority that signs certificates, each into one file with its key."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._key = folder, ec.generate_private_key(ec.SECP256R1())
        self._name = self._of("Authority of the tests")
        self.path = folder / "authority.pem"
        self.path.write_bytes(
            self._signed(self._name, self._key.public_key(), authority=True).public_bytes(
                serialization.Encoding.PEM
            )
        )

    def sign(self, name: str) -> tuple[Path, bytes]:
        """The file, and the SHA-256 of the certificate."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._signed(self._of(name), key.public_key())
        path = self._folder / f"{name}.pem"
        path.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return path, certificate.fingerprint(hashes.SHA256())

    @staticmethod
    def _of(name: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])

    def _signed(self, subject: x509.Name, key, *, authority: bool = False) -> x509.Certificate:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject).issuer_name(self._name).public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .sign(self._key, hashes.SHA256())
        )  # fmt: skip


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def proxy(test_database: Database, django_db_setup, authority, tmp_path_factory):
    """HAProxy before a web server on its private socket: (address of people, address of machines)."""
    program = shutil.which("haproxy", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.fail("HAProxy is not installed: tests/system/install.sh, or apt-get install haproxy")
    folder = tmp_path_factory.mktemp("h")
    people, machines = free_port("127.0.0.1", 0), free_port("127.0.0.1", 0)
    environment = {
        **os.environ,
        "REMPART_PEOPLE": f"127.0.0.1:{people}",
        "REMPART_MACHINES": f"127.0.0.1:{machines}",
        "REMPART_CERTIFICATE": str(authority.sign("server")[0]),
        "REMPART_LABORATORIES": str(authority.path),
        "REMPART_SOCKET": str(folder / "s"),
        "REMPART_HOST": HOST,
    }
    command = [program, "-f", str(ROOT / "deploy" / "haproxy.cfg")]
    checked = subprocess.run([*command, "-c"], env=environment, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    with (
        running(Listening(socket=folder / "s"), test_database, folder / "var"),
        subprocess.Popen([*command, "-db"], env=environment) as process,
    ):
        try:
            _wait(people)
            yield f"https://localhost:{people}", f"https://localhost:{machines}"
        finally:
            process.terminate()


def _wait(port: int) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail("HAProxy does not listen")


@pytest.fixture
def client(authority):
    """`client(address, certificate)`: a client that trusts the authority and shows this certificate."""
    opened = []

    def make(address: str, certificate: Path | None = None) -> httpx.Client:
        context = ssl.create_default_context(cafile=str(authority.path))
        if certificate is not None:
            context.load_cert_chain(certificate)
        made = httpx.Client(base_url=address, verify=context, headers={"Host": HOST}, timeout=20)
        opened.append(made)
        return made

    yield make
    for one in opened:
        one.close()


def register(fingerprint: bytes) -> None:
    now = datetime.now(UTC)
    ClientCertificate.objects.create(
        fingerprint=fingerprint, laboratory=LAB, name="software", created_at=now,
        expires_at=now + timedelta(days=1),
    )  # fmt: skip


def test_people_come_by_tls_and_are_told_to_stay_there(proxy, client):
    answer = client(proxy[0]).get("/")
    assert answer.status_code == 200
    assert "Strict-Transport-Security" in answer.headers


def test_a_machine_is_known_by_its_certificate(proxy, client, authority):
    path, fingerprint = authority.sign("laboratory")
    register(fingerprint)
    answer = client(proxy[1], path).post(DOOR, content=b"x", headers={"Content-Type": "text/plain"})
    assert answer.json()["title"] == "format-unknown"  # it was let in, and said nothing we read


def test_a_certificate_of_nobody_is_none(proxy, client, authority):
    path, _ = authority.sign("stranger")
    assert client(proxy[1], path).post(DOOR, content=b"x").status_code == 401


def test_without_a_certificate_no_machine_comes_in(proxy, client):
    with pytest.raises(httpx.TransportError):
        client(proxy[1]).post(DOOR, content=b"x")


def test_machines_see_no_page(proxy, client, authority):
    path, _ = authority.sign("curious")
    assert client(proxy[1], path).get("/").status_code == 403


@pytest.mark.parametrize("door", [0, 1])
def test_security_nobody_says_whose_certificate_he_has(door, proxy, client, authority):
    _, fingerprint = authority.sign("owner")
    register(fingerprint)
    path, _ = authority.sign("thief")
    said = {
        "X-Rempart-Certificate-SHA256": fingerprint.hex(),
        "x-rempart-certificate-sha256": fingerprint.hex(),
    }
    answer = client(proxy[door], path).post(DOOR, content=b"x", headers=said)
    assert answer.status_code == 401


def test_security_nobody_says_where_he_comes_from(proxy, client):
    """Five tries are one network's, whatever addresses it claims to have."""
    seen = []
    for number in range(7):
        visitor = client(proxy[0])
        visitor.headers.update({name: value.replace(".1", f".{number}") for name, value in FORGED.items()})
        page = visitor.get("/mon-resultat/")
        token = page.text.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
        data = {"reference": "A" * 22, "birth_date": "28/03/1979", "csrfmiddlewaretoken": token}
        answer = visitor.post(
            "/mon-resultat/", data=data, headers={"Referer": f"https://{HOST}/mon-resultat/"}
        )
        seen.append(answer.status_code)
    assert seen == [302] * 5 + [429] * 2
