"""Signing mails for our domain (RFC 6376), by a key that the key store keeps."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

import dkim
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from rempart.foundation.vault import Keyring

_BITS = 2048
_SIGNED = (
    "from", "to", "subject", "date", "message-id", "mime-version", "content-type", "auto-submitted",
    "list-unsubscribe", "list-unsubscribe-post",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Signs for `domain` with the key that its DNS shows under `selector`."""

    domain: str
    selector: str
    key: bytes = field(repr=False)  # PEM

    def sign(self, mail: bytes) -> bytes:
        """The mail with its signature before it; its head, its body, and that it could be refused with one click."""
        present = {line.split(b":", 1)[0].lower() for line in mail.split(b"\r\n\r\n", 1)[0].split(b"\r\n")}
        header: bytes = dkim.sign(
            mail,
            self.selector.encode(),
            self.domain.encode(),
            self.key,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=[name.encode() for name in _SIGNED if name.encode() in present],
        )
        return header + mail

    @property
    def record(self) -> tuple[str, str]:
        """Name and text of the DNS record (TXT) by which others check."""
        public = load_pem_private_key(self.key, None).public_key()
        der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        name = f"{self.selector}._domainkey.{self.domain}"
        return name, f"v=DKIM1; k=rsa; p={base64.b64encode(der).decode()}"


def signer(keyring: Keyring, *, domain: str, selector: str) -> Signer:
    """The signer of a domain; its key is made when there is none."""
    name = f"dkim-{selector}"
    return Signer(domain=domain, selector=selector, key=keyring.load(name) or keyring.store(name, _new_key()))


def _new_key() -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
