"""The signing service over its real socket, the ceremony that brings a key into force, and what is not signed."""

from __future__ import annotations

import json
import os
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cbor2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.certificates import certificate, trusting

from rempart.foundation.vault import KeyStore, ProviderRefused, ProviderUnavailable, keyring_of
from rempart.proofs import signing, trust
from rempart.proofs.testcertificate import issue, issue_twoddoc
from rempart.proofs.twoddoc.text import days
from rempart.proofs.verdict import verify
from rempart.screening.signing import ceremony, remote, service
from rempart.screening.signing.keys import Kind, NoSigner, in_force, keys_of, make, vouch_for_itself
from rempart.screening.signing.remote import SigningService, read_frame
from rempart.screening.signing.signers import Signers, export_trust, signers

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def apart(tmp_path: Path) -> KeyStore:
    """The key store of the machine that signs."""
    return KeyStore(root=tmp_path / "apart" / "keys")


@pytest.fixture
def platform(apart: KeyStore, tmp_path: Path) -> Iterator[KeyStore]:
    """The key store of the platform, which has no signing key, while the service runs."""
    path = tmp_path / "signing.sock"
    with service.serving(apart, path):
        yield KeyStore(root=tmp_path / "keys", signing_socket=path)


TODAY, LAST_WEEK = days(NOW.date()), days(NOW.date() - timedelta(days=7))
FIELDS = "F0ZOE/ANNE\x1dF1LEFEVRE\x1dF229021984F3FF4945006\x1dF5NF6080420210800"


def test_a_certificate_signed_apart_verifies_and_the_platform_has_no_key(
    platform: KeyStore, apart: KeyStore, tmp_path: Path
) -> None:
    signed_by, now = signers(platform), datetime.now(UTC)
    issued = issue(certificate(), dcc_signer=signed_by.dcc, twoddoc_signer=signed_by.twoddoc, issued_at=now)
    trusted = trust.TrustList.of(
        key
        for path in export_trust(platform, tmp_path / "trust")
        for key in trust.parse(path.read_bytes(), name=path.stem)
    )
    for text in (issued.hc1, issued.twoddoc):
        assert verify(text, trust=trusted, at=now).valid
    assert not [name for name in keyring_of(platform).names() if "signing" in name]
    assert {name for name in keyring_of(apart).names() if "signing" in name} == {
        "document/signing-dcc",
        "document/signing-2ddoc",
    }


def test_the_socket_is_closed_to_others_and_taken_once(platform: KeyStore, apart: KeyStore) -> None:
    path = platform.signing_socket
    assert path is not None
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    with pytest.raises(FileExistsError), service.serving(apart, path):
        pass


def test_a_service_that_is_started_again_is_found_again(apart: KeyStore, tmp_path: Path) -> None:
    path = tmp_path / "signing.sock"
    with service.serving(apart, path):
        way = SigningService(path)
        before = way.signer(Kind.DCC).certificate
    with pytest.raises(ProviderUnavailable, match="does not answer"):
        way.signer(Kind.DCC)
    with service.serving(apart, path):
        assert way.signer(Kind.DCC).certificate == before


def test_the_socket_of_a_killed_service_is_in_nobodys_way(apart: KeyStore, tmp_path: Path) -> None:
    path = tmp_path / "signing.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as left:
        left.bind(str(path))
    with service.serving(apart, path):
        assert SigningService(path).signer(Kind.TWODDOC).certificate


def dcc_message(
    kid: bytes, *, issued: datetime = NOW, lasts: timedelta = timedelta(days=3), **content: object
) -> bytes:
    dcc = {"ver": "1.3.0", "t": [{"tg": "840539006"}]} | content
    claims = {1: "FR", 4: int((issued + lasts).timestamp()), 6: int(issued.timestamp()), -260: {1: dcc}}
    protected = cbor2.dumps({1: -7, 4: kid})
    return cbor2.dumps(["Signature1", protected, b"", cbor2.dumps(claims)])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"t": []}, "not one test or recovery"),
        ({"t": [{}, {}]}, "not one test or recovery"),
        ({"v": [{"vp": "1119349007"}]}, "not one test or recovery"),
        ({"t": [], "r": [{}, {}]}, "not one test or recovery"),
        ({"issued": NOW - timedelta(days=30)}, "not issued now"),
        ({"issued": NOW + timedelta(hours=1)}, "not issued now"),
        ({"lasts": timedelta(days=4_000)}, "holds too long"),
        ({"lasts": timedelta(days=-1)}, "holds too long"),
        ({"kid": bytes(8)}, "not under our key identifier"),
    ],
)
def test_what_is_no_test_certificate_of_now_is_not_signed(
    platform: KeyStore, change: dict[str, object], why: str
) -> None:
    assert platform.signing_socket is not None
    way = SigningService(platform.signing_socket)
    kid = trust.key_id(way.signer(Kind.DCC).certificate)
    assert len(way.sign(Kind.DCC, dcc_message(kid))) == 64
    with pytest.raises(ProviderRefused, match=why):
        way.sign(Kind.DCC, dcc_message(**({"kid": kid} | change)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "message",
    [b"", b"anything", cbor2.dumps({}), cbor2.dumps(["Signature1", b"", b"", b""]), b"\xff" * 4000, b"x" * 5000,
     cbor2.dumps(["Signature1", cbor2.dumps([]), b"", cbor2.dumps(1)])],
)  # fmt: skip
@pytest.mark.parametrize("kind", Kind)
def test_arbitrary_bytes_are_not_signed(platform: KeyStore, kind: Kind, message: bytes) -> None:
    assert platform.signing_socket is not None
    with pytest.raises(ProviderRefused):
        SigningService(platform.signing_socket).sign(kind, message)


@pytest.mark.parametrize("start", ["DC04DEM00002", "DC04FR000001", "DC01DEM00001", "XX04DEM00001"])
def test_a_2d_doc_in_another_name_is_not_signed(platform: KeyStore, start: str) -> None:
    assert platform.signing_socket is not None
    today = days(NOW.date())
    way = SigningService(platform.signing_socket)
    way.sign(Kind.TWODDOC, f"DC04DEM00001{today}{today}B201FR{FIELDS}".encode())
    with pytest.raises(ProviderRefused):
        way.sign(Kind.TWODDOC, f"{start}{today}{today}B201FR{FIELDS}".encode())


@pytest.mark.parametrize(
    ("header", "fields"),
    [
        (f"{TODAY}{LAST_WEEK}B201FR", FIELDS),
        (f"{LAST_WEEK}{TODAY}B201FR", FIELDS),
        (f"FFFF{TODAY}B201FR", FIELDS),
        (f"{TODAY}{TODAY}L101FR", FIELDS),
        (f"{TODAY}{TODAY}B2", FIELDS),
        (f"{TODAY}{TODAY}B201FR", ""),
        (f"{TODAY}{TODAY}B201FR", FIELDS + FIELDS),
        (f"{TODAY}{TODAY}B201FR", FIELDS.replace("F5N", "F5NF5P")),
        (f"{TODAY}{TODAY}B201FR", FIELDS.replace("F1LEFEVRE", "F1LEFEVRE\x1dF1DURAND")),
        (f"{TODAY}{TODAY}B201FR", FIELDS.replace("F1", "\x1fF1")),
        (f"{TODAY}{TODAY}B201FR", FIELDS + "\x1fAAAA"),
        (f"{TODAY}{TODAY}B201FR", FIELDS + "\n"),
    ],
)
def test_security_a_2d_doc_that_two_readers_may_read_in_two_ways_is_not_signed(
    apart: KeyStore, header: str, fields: str
) -> None:
    message = f"DC04DEM00001{header}{fields}".encode()
    assert service.Signatory(apart).answer(["sign", Kind.TWODDOC, message], now=NOW)[0] == "no"


def test_security_an_eu_certificate_that_two_readers_may_read_in_two_ways_is_not_signed(
    apart: KeyStore,
) -> None:
    signatory = service.Signatory(apart)
    _, certificate_ = signatory.answer(["certificate", Kind.DCC], now=NOW)
    assert isinstance(certificate_, bytes)
    kid = trust.key_id(certificate_)
    message = dcc_message(kid)
    _, protected, _, payload = cbor2.loads(message)
    issued, claims = int(NOW.timestamp()), cbor2.loads(payload)
    test = claims[-260][1]

    def of(claims: object, header: dict[object, object] | None = None) -> bytes:
        return cbor2.dumps(["Signature1", cbor2.dumps(header or {1: -7, 4: kid}), b"", cbor2.dumps(claims)])

    beside: tuple[dict[object, object], ...] = ({2: test}, {"1": test})
    assert of(claims) == message
    for wrong in (
        message + b"\0",
        cbor2.dumps(["Signature1", protected, b"", payload + b"\0"]),
        b"\x98\x04" + message[1:],  # its length in two bytes
        b"\x9f" + message[1:] + b"\xff",  # without its length
        of(claims, {1: -7, 4: kid, 2: [99], 99: 1}),
        of(claims, {True: -7, 4: kid}),
        of(claims | {99: "more"}),
        of(claims | {6: cbor2.CBORTag(1, issued)}),
        of({float(name): value for name, value in claims.items()}),
        *(of(claims | {-260: {1: test} | more}) for more in beside),
        *(
            of(claims | {-260: {1: test | more}})
            for more in (
                {"t": 5},
                {"t": "x"},
                {"t": {"a": 1}},
                {"t": [5]},
                {"r": [{}]},
                {"\ufeffv": [{}]},
                {cbor2.CBORTag(999, "v"): [{}]},
                {b"v": [{}]},
            )
        ),
    ):
        assert signatory.answer(["sign", Kind.DCC, wrong], now=NOW)[0] == "no", wrong.hex()


def test_every_2d_doc_that_we_write_is_signed(platform: KeyStore) -> None:
    signed_by = signers(platform)
    for first_names, birth_name in (
        ((), ""),
        (("ZOE",) * 9, "X" * 90),
        (("Marie-Amélie Joséphine",) * 6, "d'Œuf"),
        (("A" * 60,), "B" * 38),
        (("A" * 61,), "B C " * 20),
        (("ليلى",), "Ωμέγα"),
    ):
        for loinc in ("94500-6", "ABC"):
            made = certificate(first_names=first_names, birth_name=birth_name, loinc=loinc)
            assert issue_twoddoc(made, signed_by.twoddoc, issued_at=NOW)


def test_security_a_connection_that_says_nothing_is_closed(
    apart: KeyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "_IDLE", 0.2)
    path = tmp_path / "signing.sock"
    with service.serving(apart, path), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as slow:
        way = SigningService(path)
        assert way.signer(Kind.DCC).certificate
        slow.settimeout(5)
        slow.connect(str(path))
        slow.sendall(b"\0")
        assert slow.recv(1) == b""
        assert way.signer(Kind.DCC).certificate  # whoever asks again is answered


@pytest.mark.parametrize(
    "sent", [b"", b"\x00", b"\xff\xff\xff\xff", b"\x00\x00\x00\x02\xff\xff", b"GET / HTTP/1.1\r\n\r\n"]
)
def test_a_hostile_connection_ends_and_the_others_go_on(platform: KeyStore, sent: bytes) -> None:
    path = platform.signing_socket
    assert path is not None
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as hostile:
        hostile.connect(str(path))
        hostile.sendall(sent)
        hostile.shutdown(socket.SHUT_WR)
        hostile.settimeout(5)
        with pytest.raises((EOFError, ConnectionResetError)):
            read_frame(hostile)
    assert SigningService(path).signer(Kind.DCC).certificate


def test_questions_that_are_none_get_a_refusal(platform: KeyStore, apart: KeyStore) -> None:
    signatory = service.Signatory(apart)
    for question in (
        None,
        [],
        ["sign"],
        ["sign", "dcc", "text"],
        ["certificate", "shc"],
        {"a": 1},
        ["sign", "dcc", [b""]],
    ):
        assert signatory.answer(question, now=NOW)[0] == "no"


def test_many_threads_share_one_way(platform: KeyStore) -> None:
    assert platform.signing_socket is not None
    way = SigningService(platform.signing_socket)
    signer = way.signer(Kind.DCC)
    message = dcc_message(trust.key_id(signer.certificate))
    public = signing.load_certificate(signer.certificate).public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    made: list[bytes] = []
    threads = [threading.Thread(target=lambda: made.append(signer.sign(message))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for signature in made:
        public.verify(signing.der_signature(signature, 256) or b"", message, ec.ECDSA(hashes.SHA256()))
    assert len(made) == 8


def test_everybody_may_come_at_once(platform: KeyStore) -> None:
    """A full queue of a Unix socket refuses at once, whatever patience whoever asks has."""
    assert platform.signing_socket is not None
    with ExitStack() as held:
        for _ in range(60):
            one = held.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            one.settimeout(5)
            one.connect(str(platform.signing_socket))
        assert SigningService(platform.signing_socket).signer(Kind.DCC).certificate


def test_an_answer_that_nobody_waited_for_is_not_the_next_ones(
    platform: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert platform.signing_socket is not None
    way = SigningService(platform.signing_socket)
    certificate_ = way.signer(Kind.DCC).certificate

    def stopped(_: socket.socket) -> object:
        raise KeyboardInterrupt

    with monkeypatch.context() as meanwhile, pytest.raises(KeyboardInterrupt):
        meanwhile.setattr(remote, "read_frame", stopped)
        way.signer(Kind.TWODDOC)
    assert way.signer(Kind.DCC).certificate == certificate_


def authority(asked: bytes, *, begins: datetime, issuer: str = "FR00", lasts: int = 700) -> bytes:
    """The certificate (DER) that an authority gives for a request."""
    request = x509.load_pem_x509_csr(asked)
    key = ec.generate_private_key(ec.SECP256R1())
    return (
        x509.CertificateBuilder()
        .subject_name(request.subject)
        .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, issuer)]))
        .public_key(request.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=lasts))
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )


SUBJECT = ceremony.subject_of(country="FR", organization="Ministère", common_name="0002")


def test_a_key_signs_from_its_certificates_first_day_on(apart: KeyStore) -> None:
    first = vouch_for_itself(apart, make(apart, Kind.TWODDOC), NOW - timedelta(days=600))
    key, asked = ceremony.request(apart, Kind.TWODDOC, subject=SUBJECT, now=NOW)
    assert [one.to_do for one in ceremony.standing(apart, now=NOW)] == [
        "",
        "send its request to the authority, then: rempart signing install",
    ]
    begins = NOW + timedelta(days=10)
    assert ceremony.install(apart, authority(asked, begins=begins), now=NOW).name == key.name == "2ddoc-2"
    assert in_force(keys_of(apart, Kind.TWODDOC), NOW).name == first.name
    assert in_force(keys_of(apart, Kind.TWODDOC), begins).name == "2ddoc-2"
    journal = [json.loads(line) for line in (apart.root / "signing-journal.jsonl").read_text().splitlines()]
    assert [(line["done"], line["key"]) for line in journal] == [
        ("requested", "2ddoc-2"),
        ("installed", "2ddoc-2"),
    ]


def test_certificates_that_are_not_taken(apart: KeyStore) -> None:
    five = ceremony.subject_of(country="FR", organization="Ministère", common_name="00021")
    _, of_five = ceremony.request(apart, Kind.TWODDOC, subject=five, now=NOW)
    _, asked = ceremony.request(apart, Kind.TWODDOC, subject=SUBJECT, now=NOW)
    other = signing.make_document_signer(
        common_name="0002", issuer_name="FR00", not_before=NOW, not_after=NOW + timedelta(days=9)
    )
    for wrong, why in (
        (b"nothing", "no certificate"),
        (other.certificate, "No key waits"),
        (authority(asked, begins=NOW - timedelta(days=900)), "It ended"),
        (authority(asked, begins=NOW, issuer="Some authority"), "4-character names"),
        (authority(of_five, begins=NOW), "4-character names"),  # as in the binary form, which nobody issues
    ):
        with pytest.raises(ceremony.NotInstalled, match=why):
            ceremony.install(apart, wrong, now=NOW)
    right = authority(asked, begins=NOW)
    ceremony.install(apart, right, now=NOW)
    with pytest.raises(ceremony.NotInstalled, match="No key waits"):
        ceremony.install(apart, right, now=NOW)


def test_nothing_signs_once_every_certificate_has_ended_and_it_is_said_before(apart: KeyStore) -> None:
    vouch_for_itself(apart, make(apart, Kind.DCC), NOW)
    (soon,) = ceremony.standing(apart, now=NOW + timedelta(days=680))
    assert soon.signs
    assert soon.to_do == "renew: rempart signing request"
    with pytest.raises(NoSigner):
        in_force(keys_of(apart, Kind.DCC), NOW + timedelta(days=731))


def test_a_withdrawn_key_signs_nothing_any_more(apart: KeyStore) -> None:
    vouch_for_itself(apart, make(apart, Kind.DCC), NOW)
    vouch_for_itself(apart, make(apart, Kind.DCC), NOW)
    ceremony.withdraw(apart, "dcc-2", now=NOW)
    assert [key.name for key in keys_of(apart, Kind.DCC)] == ["dcc-1"]
    assert not list(apart.root.glob("document/*dcc-2"))
    with pytest.raises(LookupError):
        ceremony.withdraw(apart, "dcc-2", now=NOW)


def test_keys_of_the_first_version_sign_on(apart: KeyStore) -> None:
    import base64

    made = signing.make_document_signer(
        common_name="Rempart DSC 1",
        issuer_name="Rempart CSCA",
        not_before=NOW,
        not_after=NOW + timedelta(days=9),
    )
    old = json.dumps([base64.b64encode(part).decode() for part in (made.private_key, made.certificate)])
    keyring_of(apart).store("signing-dcc", old.encode())
    key = in_force(keys_of(apart, Kind.DCC), NOW)
    signers_ = Signers(
        dcc=key.signer(apart), twoddoc=vouch_for_itself(apart, make(apart, Kind.TWODDOC), NOW).signer(apart)
    )
    issued = issue(certificate(), dcc_signer=signers_.dcc, twoddoc_signer=signers_.twoddoc, issued_at=NOW)
    assert verify(issued.hc1, trust=trusting(made), at=NOW).valid


def test_a_platform_whose_service_is_gone_says_so(platform: KeyStore, tmp_path: Path) -> None:
    gone = replace(platform, signing_socket=tmp_path / "nowhere.sock")
    with pytest.raises(ProviderUnavailable, match=r"nowhere\.sock does not answer"):
        signers(gone)
    assert os.path.lexists(platform.signing_socket or "")
