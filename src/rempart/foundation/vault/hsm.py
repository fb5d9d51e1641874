"""The PKCS#11 provider: keys are wrapped inside a token (an HSM), whose key never leaves it.

AES-256-GCM by C_Encrypt, with the key's name as associated data. Key wrapping by C_WrapKey would need the
data key as an object of the token, which many modules refuse to give back, and binds no name. The module
must offer CKM_AES_GCM with a nonce of the caller's.
"""

from __future__ import annotations

import re
import secrets
from typing import Any

import pkcs11
from pkcs11 import Attribute, KeyType, Mechanism, MechanismFlag, ObjectClass, exceptions

from rempart.foundation.vault.provider import (
    Pkcs11Settings,
    Provider,
    ProviderRefused,
    Wrapped,
)
from rempart.foundation.vault.token import token_of

_NONCE_BYTES = 12


class HardwareKey:
    """AES-256 keys of a token, named `<label>-<version>`. Nothing is asked of it before the first call."""

    def __init__(self, settings: Pkcs11Settings) -> None:
        self._settings = settings
        self._token = token_of(settings)

    @property
    def provider(self) -> Provider:
        return Provider.PKCS11

    def wrap(self, key: bytes, *, name: str) -> Wrapped:
        def wrapped(session: Any) -> Wrapped:
            versions = self._keys(session)
            if not versions:
                raise ProviderRefused(
                    f"token {self._token.name} has no key {self._settings.key}-1: `rempart keys rotate` makes it"
                )
            version = max(versions)
            payload = _encrypted(versions[version], key, name)
            return Wrapped(provider=Provider.PKCS11, version=version, payload=payload)

        return self._token.with_session(wrapped, f"key {name}")

    def unwrap(self, wrapped: Wrapped, *, name: str) -> bytes:
        """Raises ProviderRefused when that version is missing, or did not wrap this key for this name."""
        nonce, sealed = wrapped.payload[:_NONCE_BYTES], wrapped.payload[_NONCE_BYTES:]

        def key(session: Any) -> bytes:
            versions = self._keys(session)
            if wrapped.version not in versions:
                raise ProviderRefused(
                    f"token {self._token.name} has no key {self._settings.key}-{wrapped.version}, "
                    f"which wrapped {name}"
                )
            used = versions[wrapped.version]
            try:
                return _decrypted(used, nonce, sealed, name)
            except _NOT_ITS_OWN as wrong:
                _require_working(used, wrong)
                raise ProviderRefused(
                    f"key {name} cannot be unwrapped by token {self._token.name}"
                ) from wrong

        return self._token.with_session(key, f"key {name}")

    def rewrap(self, wrapped: Wrapped, *, name: str) -> Wrapped:
        return self.wrap(self.unwrap(wrapped, name=name), name=name)

    def versions(self) -> tuple[int, ...]:
        return self._token.with_session(lambda session: tuple(sorted(self._keys(session))), "its keys")

    def rotate(self) -> int:
        def made(session: Any) -> int:
            version = max(self._keys(session), default=0) + 1
            session.generate_key(
                KeyType.AES,
                256,
                label=f"{self._settings.key}-{version}",
                id=version.to_bytes(4, "big"),
                store=True,
                capabilities=MechanismFlag.ENCRYPT | MechanismFlag.DECRYPT,
                template={Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False},
            )
            return version

        return self._token.with_session(made, "a new version", writes=True)

    def destroy(self, version: int) -> None:
        self._token.with_session(
            lambda session: self._keys(session)[version].destroy(), f"version {version}", writes=True
        )

    def _keys(self, session: Any) -> dict[int, Any]:
        """The versions on the token. One that could leave it is refused: it protects nothing."""
        label = re.compile(rf"{re.escape(self._settings.key)}-([1-9][0-9]*)")
        found = {}
        for key in session.get_objects(
            {Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.KEY_TYPE: KeyType.AES}
        ):
            named = label.fullmatch(key.label or "")
            if named is None:
                continue
            if key[Attribute.EXTRACTABLE] or not key[Attribute.SENSITIVE]:
                raise ProviderRefused(
                    f"key {key.label} can leave token {self._token.name}: make it sensitive and not "
                    "extractable"
                )
            found[int(named[1])] = key
        return found


_NOT_ITS_OWN = (
    exceptions.EncryptedDataInvalid,
    exceptions.EncryptedDataLenRange,
    exceptions.DataInvalid,
    exceptions.DataLenRange,
    exceptions.ArgumentsBad,
    exceptions.FunctionFailed,
    exceptions.GeneralError,
)
"""What modules say when the tag does not fit: they do not agree on one answer, SoftHSM's is the last."""


def _encrypted(key: Any, value: bytes, name: str) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    bound = pkcs11.GCMParams(nonce, name.encode())
    return nonce + bytes(key.encrypt(value, mechanism=Mechanism.AES_GCM, mechanism_param=bound))


def _decrypted(key: Any, nonce: bytes, sealed: bytes, name: str) -> bytes:
    bound = pkcs11.GCMParams(nonce, name.encode())
    return bytes(key.decrypt(sealed, mechanism=Mechanism.AES_GCM, mechanism_param=bound))


def _require_working(key: Any, wrong: pkcs11.PKCS11Error) -> None:
    """Raise what went wrong again when the token fails at everything: then it says nothing of the key."""
    try:
        probe = _encrypted(key, b"probe", "probe")
        _decrypted(key, probe[:_NONCE_BYTES], probe[_NONCE_BYTES:], "probe")
    except pkcs11.PKCS11Error:
        raise wrong from None
