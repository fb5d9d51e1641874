"""A stand-in for the transit engine of Vault or OpenBao: its HTTP protocol, over real keys in memory.

For tests and for whoever tries the provider without an engine at hand; it keeps nothing and is no secure
place. It answers the requests that `foundation/vault/transit.py` makes, with the statuses and errors of
the engine. Source: the API of the transit secrets engine (Vault 1.18, OpenBao 2.1).
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_ROUTE = re.compile(
    r"/v1/transit/(?:(encrypt|decrypt|rewrap|sign)/([\w-]+)|keys/([\w-]+)(?:/(rotate|config|trim))?)"
)
_CIPHERTEXT = re.compile(r"vault:v([1-9][0-9]*):([A-Za-z0-9+/=]+)")
_NONCE_BYTES = 12

Answer = tuple[int, dict[str, Any]]


class _Refusal(Exception):
    """An error of the engine: its status and text."""

    def __init__(self, status: HTTPStatus, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(slots=True, kw_only=True)
class Key:
    """A key of the engine; `secrets_` by version, which a trim takes away."""

    secrets_: dict[int, bytes] = field(default_factory=lambda: {1: secrets.token_bytes(32)})
    derived: bool = True
    exportable: bool = False
    min_decryption_version: int = 1
    min_encryption_version: int = 0
    min_available_version: int = 0

    @property
    def latest(self) -> int:
        return max(self.secrets_)

    def encrypt(self, plaintext: str, context: str) -> str:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._cipher(self.latest, context).encrypt(nonce, _decoded(plaintext), None)
        return f"vault:v{self.latest}:{base64.b64encode(nonce + sealed).decode()}"

    def decrypt(self, ciphertext: str, context: str) -> str:
        found = _CIPHERTEXT.fullmatch(ciphertext)
        if found is None:
            raise _Refusal(HTTPStatus.BAD_REQUEST, "invalid ciphertext: no prefix")
        version, sealed = int(found[1]), _decoded(found[2])
        if version < self.min_decryption_version or version not in self.secrets_:
            raise _Refusal(
                HTTPStatus.BAD_REQUEST, "ciphertext or signature version is disallowed by policy (too old)"
            )
        try:
            opened = self._cipher(version, context).decrypt(
                sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None
            )
        except (InvalidTag, ValueError):
            raise _Refusal(HTTPStatus.BAD_REQUEST, "cipher: message authentication failed") from None
        return base64.b64encode(opened).decode()

    def rotate(self) -> None:
        self.secrets_[self.latest + 1] = secrets.token_bytes(32)

    def configure(self, wanted: dict[str, Any]) -> None:
        decrypts = wanted.get("min_decryption_version", self.min_decryption_version)
        encrypts = wanted.get("min_encryption_version", self.min_encryption_version)
        if not (0 <= decrypts <= self.latest and 0 <= encrypts <= self.latest):
            raise _Refusal(HTTPStatus.BAD_REQUEST, "cannot set a minimum version beyond the latest")
        if 0 < encrypts < decrypts:
            raise _Refusal(
                HTTPStatus.BAD_REQUEST, "minimum encryption version is less than minimum decryption version"
            )
        self.min_decryption_version, self.min_encryption_version = decrypts, encrypts

    def trim(self, version: int) -> None:
        if not 0 < version <= min(self.min_decryption_version, self.min_encryption_version):
            raise _Refusal(
                HTTPStatus.BAD_REQUEST,
                "minimum available version cannot be greater than minimum decryption version",
            )
        self.min_available_version = version
        self.secrets_ = {number: key for number, key in self.secrets_.items() if number >= version}

    def described(self) -> dict[str, Any]:
        return {
            "type": "aes256-gcm96",
            "derived": self.derived,
            "exportable": self.exportable,
            "latest_version": self.latest,
            "min_available_version": self.min_available_version,
            "min_decryption_version": self.min_decryption_version,
            "min_encryption_version": self.min_encryption_version,
            "keys": {str(number): 0 for number in self.secrets_ if number >= self.min_decryption_version},
        }

    def _cipher(self, version: int, context: str) -> AESGCM:
        if not self.derived:
            return AESGCM(self.secrets_[version])
        if not context:
            raise _Refusal(
                HTTPStatus.BAD_REQUEST, "missing 'context' for key derivation; the key was created as derived"
            )
        derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=_decoded(context))
        return AESGCM(derive.derive(self.secrets_[version]))


@dataclass(slots=True, kw_only=True)
class SignatureKey:
    """A key of the engine that signs: `ecdsa-p256`."""

    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    exportable: bool = False
    backed_up: bool = False  # in clear, to whoever may ask
    latest: int = 1

    def sign(self, wanted: dict[str, Any]) -> str:
        if wanted.get("marshaling_algorithm") != "jws" or wanted.get("hash_algorithm") != "sha2-256":
            raise _Refusal(HTTPStatus.BAD_REQUEST, "the stand-in signs messages: sha2-256, jws")
        der = self.private.sign(_decoded(str(wanted["input"])), ec.ECDSA(SHA256()))
        r, s = decode_dss_signature(der)
        raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return f"vault:v{self.latest}:{base64.urlsafe_b64encode(raw).rstrip(b'=').decode()}"

    def described(self) -> dict[str, Any]:
        pem = self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return {
            "type": "ecdsa-p256",
            "exportable": self.exportable,
            "allow_plaintext_backup": self.backed_up,
            "latest_version": self.latest,
            "keys": {str(self.latest): {"public_key": pem.decode()}},
        }


@dataclass(slots=True, kw_only=True)
class Engine:
    """The engine's state, which a test changes under the provider's feet."""

    token: str = field(default_factory=lambda: f"s.{secrets.token_hex(12)}")
    sealed: bool = False
    keys: dict[str, Key] = field(default_factory=lambda: {"rempart": Key()})
    signature_keys: dict[str, SignatureKey] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)  # "POST /v1/transit/encrypt/rempart", as they came
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, method: str, path: str, token: str, body: dict[str, Any]) -> Answer:
        self.asked.append(f"{method} {path}")
        try:
            if self.sealed:
                raise _Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "Vault is sealed")
            if not secrets.compare_digest(token.encode(), self.token.encode()):
                raise _Refusal(HTTPStatus.FORBIDDEN, "permission denied")
            with self.lock:
                return HTTPStatus.OK, {"data": self._asked_of_key(method, path, body)}
        except _Refusal as why:
            return why.status, {"errors": [str(why)]}

    def _asked_of_key(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        found = _ROUTE.fullmatch(path)
        if found is None:
            raise _Refusal(HTTPStatus.NOT_FOUND, "no handler for route")
        verb, name, context = (
            found[1] or found[4] or "read",
            found[2] or found[3],
            str(body.get("context") or ""),
        )
        if verb == "sign" or name in self.signature_keys or (verb == "read" and method != "GET"):
            return self._asked_of_signature_key(verb, name, body)
        if (method == "GET") != (verb == "read"):
            raise _Refusal(HTTPStatus.METHOD_NOT_ALLOWED, "unsupported operation")
        key = self.keys.get(name)
        if key is None:
            status = HTTPStatus.NOT_FOUND if verb == "read" else HTTPStatus.BAD_REQUEST
            raise _Refusal(status, "encryption key not found")
        match verb:
            case "encrypt":
                return {"ciphertext": key.encrypt(str(body["plaintext"]), context)}
            case "decrypt":
                return {"plaintext": key.decrypt(str(body["ciphertext"]), context)}
            case "rewrap":
                return {"ciphertext": key.encrypt(key.decrypt(str(body["ciphertext"]), context), context)}
            case "rotate":
                key.rotate()
            case "config":
                key.configure(body)
            case "trim":
                key.trim(int(body["min_available_version"]))
        return key.described()

    def _asked_of_signature_key(self, verb: str, name: str, body: dict[str, Any]) -> dict[str, Any]:
        if verb == "read" and body.get("type") == "ecdsa-p256":
            self.signature_keys.setdefault(name, SignatureKey())
        key = self.signature_keys.get(name)
        if key is None:
            raise _Refusal(HTTPStatus.BAD_REQUEST, "signing key not found")
        return {"signature": key.sign(body)} if verb == "sign" else key.described()


@contextmanager
def engine(*, port: int = 0) -> Iterator[Engine]:
    """An engine that listens on the loopback for as long as the block lasts; `url` says where."""
    state = Engine()

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            status, said = state.answer(self.command, self.path, self.headers.get("X-Vault-Token", ""), body)
            content = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = _handle  # noqa: N815 -- names of the base class

        def log_message(self, *_: object) -> None:
            """Says nothing: `asked` remembers."""

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        state.url = f"http://127.0.0.1:{server.server_address[1]}"
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        serving.start()
        try:
            yield state
        finally:
            server.shutdown()
            serving.join()


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise _Refusal(HTTPStatus.BAD_REQUEST, "failed to base64-decode") from None
