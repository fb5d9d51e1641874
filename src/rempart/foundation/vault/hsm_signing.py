"""Signature keys inside a token of an HSM: ECDSA on P-256, not extractable. PKCS#11: CKM_ECDSA over a SHA-256."""

from __future__ import annotations

import hashlib
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pkcs11 import Attribute, KeyType, Mechanism, MechanismFlag, ObjectClass
from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters

from rempart.foundation.vault.provider import Pkcs11Settings, ProviderRefused
from rempart.foundation.vault.signatures import ElsewhereKey
from rempart.foundation.vault.token import token_of


def make(settings: Pkcs11Settings, *, name: str) -> None:
    """Make a pair of that label. Raises ProviderRefused when there is one already, and KeyProviderError."""

    def made(session: Any) -> None:
        if _found(session, ObjectClass.PRIVATE_KEY, name):
            raise ProviderRefused(f"token {settings.token} has a key {name} already")
        curve = session.create_domain_parameters(
            KeyType.EC, {Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}, local=True
        )
        curve.generate_keypair(
            store=True,
            label=name,
            id=hashlib.sha256(name.encode()).digest()[:8],
            capabilities=MechanismFlag.SIGN | MechanismFlag.VERIFY,
            private_template={Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False},
        )

    token_of(settings).with_session(made, f"signature key {name}", writes=True)


def key(settings: Pkcs11Settings, *, name: str) -> ec.EllipticCurvePrivateKey:
    """The pair of that label. Raises ProviderRefused for one that is missing or could leave, and KeyProviderError."""
    token = token_of(settings)
    place = f"signature key {name}"

    def pair(session: Any) -> tuple[Any, Any]:
        private = _found(session, ObjectClass.PRIVATE_KEY, name)
        public = _found(session, ObjectClass.PUBLIC_KEY, name)
        if len(private) != 1 or len(public) != 1:
            raise ProviderRefused(f"token {settings.token} has {len(private)} keys {name}, not one")
        if private[0][Attribute.EXTRACTABLE] or not private[0][Attribute.SENSITIVE]:
            raise ProviderRefused(
                f"key {name} can leave token {settings.token}: make it sensitive and not extractable"
            )
        return private[0], public[0]

    def sign(message: bytes) -> bytes:
        digest = hashlib.sha256(message).digest()
        return bytes(
            token.with_session(
                lambda session: pair(session)[0].sign(digest, mechanism=Mechanism.ECDSA), place
            )
        )

    public = serialization.load_der_public_key(
        token.with_session(lambda session: encode_ec_public_key(pair(session)[1]), place)
    )
    if not isinstance(public, ec.EllipticCurvePublicKey) or public.curve.name != "secp256r1":
        raise ProviderRefused(f"key {name} of token {settings.token} is not on P-256")
    return ElsewhereKey(public, sign)


def _found(session: Any, kind: ObjectClass, name: str) -> list[Any]:
    return list(
        session.get_objects({Attribute.CLASS: kind, Attribute.KEY_TYPE: KeyType.EC, Attribute.LABEL: name})
    )
