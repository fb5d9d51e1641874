"""A token of a PKCS#11 module: one session, opened when something is asked, opened again when the token was restarted.

What any module may answer becomes one of our errors, without its PIN in it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from typing import Any, TypeVar

import pkcs11
from pkcs11 import exceptions

from rempart.foundation.vault.provider import Pkcs11Settings, ProviderRefused, ProviderUnavailable

T = TypeVar("T")
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


class Token:
    """A token and its PIN. Nothing is asked of it before the first call."""

    def __init__(self, settings: Pkcs11Settings) -> None:
        self.name = settings.token
        self._settings = settings
        self._session: Any = None
        self._pid = 0
        self._wrong_pin: str | None = None

    def with_session(self, ask: Callable[[Any], T], what: str, *, writes: bool = False) -> T:
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
                    f"{place}: {self._settings.module} does not offer what is asked of it ({_said(why)})"
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


@lru_cache(maxsize=4)
def token_of(settings: Pkcs11Settings) -> Token:
    """The token of these settings, the same for everybody in this process: a module lets one log in once."""
    return Token(settings)


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
