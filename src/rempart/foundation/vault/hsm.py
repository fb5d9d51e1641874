"""The PKCS#11 provider: keys are wrapped inside a token (an HSM), whose key never leaves it.

AES-256-GCM by C_Encrypt, with the key's name as associated data. Key wrapping by C_WrapKey would need the
data key as an object of the token, which many modules refuse to give back, and binds no name. The module
must offer CKM_AES_GCM with a nonce of the caller's.
"""

from __future__ import annotations

import os
import re
import secrets
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import pkcs11
from pkcs11 import Attribute, KeyType, Mechanism, MechanismFlag, ObjectClass, exceptions

from rempart.foundation.vault.provider import (
    Pkcs11Settings,
    Provider,
    ProviderRefused,
    ProviderUnavailable,
    Wrapped,
)

T = TypeVar("T")
_NONCE_BYTES = 12
_WRONG_PIN = (exceptions.PinIncorrect, exceptions.PinInvalid, exceptions.PinLenRange)
_LOST = (
    exceptions.SessionHandleInvalid,
    exceptions.SessionClosed,
    exceptions.DeviceRemoved,
    exceptions.DeviceError,
    exceptions.ObjectHandleInvalid,
    exceptions.KeyHandleInvalid,
    exceptions.UserNotLoggedIn,
)
"""A session that was valid and is no more: the token was restarted, or taken out and put back."""

_modules: dict[str, int] = {}
"""The process in which each module was initialised: after a fork it must be again."""
_lock = threading.RLock()
"""PKCS#11 modules are initialised for one thread at a time."""


class HardwareKey:
    """AES-256 keys of a token, named `<label>-<version>`. Nothing is asked of it before the first call."""

    def __init__(self, settings: Pkcs11Settings) -> None:
        self._settings = settings
        self._session: Any = None
        self._pid = 0
        self._wrong_pin: str | None = None

    @property
    def provider(self) -> Provider:
        return Provider.PKCS11

    def wrap(self, key: bytes, *, name: str) -> Wrapped:
        def wrapped(session: Any) -> Wrapped:
            versions = self._keys(session)
            if not versions:
                raise ProviderRefused(
                    f"token {self._settings.token} has no key {self._settings.key}-1: `rempart keys rotate` makes it"
                )
            version = max(versions)
            payload = _encrypted(versions[version], key, name)
            return Wrapped(provider=Provider.PKCS11, version=version, payload=payload)

        return self._with_session(wrapped, f"key {name}")

    def unwrap(self, wrapped: Wrapped, *, name: str) -> bytes:
        """Raises ProviderRefused when that version is missing, or did not wrap this key for this name."""
        nonce, sealed = wrapped.payload[:_NONCE_BYTES], wrapped.payload[_NONCE_BYTES:]

        def key(session: Any) -> bytes:
            versions = self._keys(session)
            if wrapped.version not in versions:
                raise ProviderRefused(
                    f"token {self._settings.token} has no key {self._settings.key}-{wrapped.version}, "
                    f"which wrapped {name}"
                )
            used = versions[wrapped.version]
            try:
                return _decrypted(used, nonce, sealed, name)
            except _NOT_ITS_OWN as wrong:
                _require_working(used, wrong)
                raise ProviderRefused(
                    f"key {name} cannot be unwrapped by token {self._settings.token}"
                ) from wrong

        return self._with_session(key, f"key {name}")

    def rewrap(self, wrapped: Wrapped, *, name: str) -> Wrapped:
        return self.wrap(self.unwrap(wrapped, name=name), name=name)

    def versions(self) -> tuple[int, ...]:
        return self._with_session(lambda session: tuple(sorted(self._keys(session))), "its keys")

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

        return self._with_session(made, "a new version", writes=True)

    def destroy(self, version: int) -> None:
        self._with_session(
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
                    f"key {key.label} can leave token {self._settings.token}: make it sensitive and not "
                    "extractable"
                )
            found[int(named[1])] = key
        return found

    def _with_session(self, ask: Callable[[Any], T], what: str, *, writes: bool = False) -> T:
        """What `ask` finds with an open session; opened again, once, when the token was restarted."""
        place = f"token {self._settings.token} ({what})"
        with _lock:
            try:
                try:
                    return ask(self._opened(writes=writes))
                except _LOST:
                    self._session = None
                    return ask(self._opened(writes=writes))
                finally:
                    if writes:
                        self._close()
            except ProviderRefused:
                raise
            except _WRONG_PIN:
                self._wrong_pin = self._pin()
                raise ProviderRefused(self._refusal()) from None
            except exceptions.PinLocked:
                raise ProviderRefused(
                    f"{place}: its PIN is locked; its security officer unlocks it"
                ) from None
            except (exceptions.MechanismInvalid, exceptions.MechanismParamInvalid) as why:
                raise ProviderRefused(
                    f"{place}: {self._settings.module} has no AES-GCM with a nonce of ours ({_said(why)})"
                ) from None
            except pkcs11.PKCS11Error as why:
                self._session = None
                raise ProviderUnavailable(f"{place} does not answer: {_said(why)}") from None

    def _opened(self, *, writes: bool) -> Any:
        if self._session is None or self._pid != os.getpid() or writes:
            pin = self._pin()
            if pin == self._wrong_pin:  # tried again and again, a wrong PIN locks the token
                raise ProviderRefused(self._refusal())
            self._close()
            module = str(self._settings.module)
            library = _library(module)
            self._session = library.get_token(token_label=self._settings.token).open(rw=writes, user_pin=pin)
            self._pid = os.getpid()
        return self._session

    def _close(self) -> None:
        if self._session is not None and self._pid == os.getpid():
            with suppress(pkcs11.PKCS11Error):  # gone already, with its token
                self._session.close()
        self._session = None

    def _pin(self) -> str:
        if self._settings.pin_file is None:
            return self._settings.pin
        try:
            return self._settings.pin_file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as why:
            raise ProviderUnavailable(
                f"{self._settings.pin_file} holds no PIN that can be read: {type(why).__name__}"
            ) from None

    def _refusal(self) -> str:
        return f"token {self._settings.token} refuses the PIN; it is not tried again until it changes"


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


def _library(module: str) -> Any:
    """The module, initialised in this process."""
    try:
        library = pkcs11.lib(module)
    except (pkcs11.PKCS11Error, RuntimeError, OSError) as why:
        raise ProviderUnavailable(f"{module} cannot be loaded as a PKCS#11 module: {_said(why)}") from None
    if _modules.setdefault(module, os.getpid()) != os.getpid():
        library.reinitialize()
        _modules[module] = os.getpid()
    return library


def _said(why: Exception) -> str:
    return f"{type(why).__name__} {why}".strip()
