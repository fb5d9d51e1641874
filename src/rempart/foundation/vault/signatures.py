"""Keys that sign certificates, held where the deployment wants them: in the key store, inside an HSM, inside a transit engine.

Whoever has one gets a private key of `cryptography` (ECDSA on P-256). That of an HSM or an engine signs, and can be
exported by nobody.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from rempart.foundation.vault.provider import Provider, ProviderRefused
from rempart.foundation.vault.store import KeyStore

T = TypeVar("T")
_HALF = 32  # bytes of r, and of s


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Where a signature key is: its provider, its name there, and the key itself (PKCS#8) where it is in the key store."""

    provider: Provider
    name: str
    private: bytes = field(default=b"", repr=False)

    def written(self) -> str:
        """As it is kept."""
        return json.dumps([self.provider, self.name, base64.b64encode(self.private).decode()])

    @classmethod
    def read(cls, written: str) -> Held:
        provider, name, private = json.loads(written)
        return cls(provider=Provider(provider), name=name, private=base64.b64decode(private))


def make_signature_key(store: KeyStore, *, name: str) -> Held:
    """A new key with the deployment's provider of signature keys. Raises KeyProviderError."""
    if store.signing is Provider.FILE:
        private = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return Held(provider=Provider.FILE, name=name, private=private)
    if store.signing is Provider.PKCS11:
        from rempart.foundation.vault import hsm_signing

        hsm_signing.make(_configured(store.pkcs11, store.signing), name=name)
    else:
        from rempart.foundation.vault import transit_signing

        transit_signing.make(_configured(store.transit, store.signing), name=name)
    return Held(provider=store.signing, name=name)


def signature_key(held: Held, store: KeyStore) -> ec.EllipticCurvePrivateKey:
    """The key that is held there. Raises KeyProviderError."""
    if held.provider is Provider.FILE:
        key = serialization.load_der_private_key(held.private, None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ProviderRefused(f"signature key {held.name} is not one of an elliptic curve")
        return key
    if held.provider is Provider.PKCS11:
        from rempart.foundation.vault import hsm_signing

        return hsm_signing.key(_configured(store.pkcs11, held.provider), name=held.name)
    from rempart.foundation.vault import transit_signing

    return transit_signing.key(_configured(store.transit, held.provider), name=held.name)


def _configured(settings: T | None, provider: Provider) -> T:
    if settings is None:
        raise ProviderRefused(f"signature keys are with {provider}, but its settings are missing")
    return settings


class ElsewhereKey(ec.EllipticCurvePrivateKey):
    """A P-256 key that signs somewhere else; here are its public half and how to ask."""

    def __init__(self, public: ec.EllipticCurvePublicKey, sign: Callable[[bytes], bytes]) -> None:
        """`sign`: the signature of a message (ECDSA with SHA-256), r‖s."""
        self._public = public
        self._sign = sign

    @property
    def curve(self) -> ec.EllipticCurve:
        return self._public.curve

    @property
    def key_size(self) -> int:
        return self._public.key_size

    def public_key(self) -> ec.EllipticCurvePublicKey:
        return self._public

    def sign(
        self,
        data: bytes | bytearray | memoryview[int],
        signature_algorithm: ec.EllipticCurveSignatureAlgorithm,
    ) -> bytes:
        """The signature, DER. Raises ValueError for another hash than SHA-256, and KeyProviderError."""
        if not isinstance(signature_algorithm.algorithm, hashes.SHA256):
            raise ValueError("a key on P-256 signs with SHA-256")
        raw = self._sign(bytes(data))
        if len(raw) != 2 * _HALF:
            raise ProviderRefused(f"a signature has {2 * _HALF} bytes, not {len(raw)}")
        return encode_dss_signature(int.from_bytes(raw[:_HALF], "big"), int.from_bytes(raw[_HALF:], "big"))

    def exchange(self, algorithm: ec.ECDH, peer_public_key: ec.EllipticCurvePublicKey) -> bytes:
        raise self._kept()

    def private_numbers(self) -> ec.EllipticCurvePrivateNumbers:
        raise self._kept()

    def private_bytes(
        self,
        encoding: serialization.Encoding,
        format: serialization.PrivateFormat,
        encryption_algorithm: serialization.KeySerializationEncryption,
    ) -> bytes:
        raise self._kept()

    def __copy__(self) -> ElsewhereKey:
        return self

    def __deepcopy__(self, memo: object) -> ElsewhereKey:
        return self

    def _kept(self) -> ProviderRefused:
        return ProviderRefused("this key signs, and does nothing else")
