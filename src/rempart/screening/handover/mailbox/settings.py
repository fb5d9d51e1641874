"""The file that says which mailbox is read and where its certificates go: TOML, read once, every mistake named."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rempart.foundation.identifiers import finess
from rempart.foundation.messaging.mailboxes import Account

PASSWORD = "REMPART_MAILBOX_PASSWORD"  # noqa: S105 -- the name of a variable
TOKEN = "REMPART_MAILBOX_TOKEN"  # noqa: S105 -- likewise

_KNOWN = {
    "mailbox": {
        "host",
        "port",
        "starttls",
        "user",
        "password_file",
        "certificate",
        "key",
        "authorities",
        "folder",
    },
    "certificates": {"into", "senders", "sites", "print_with"},
    "answers": {"host", "port", "starttls", "user", "password_file", "certificate", "key", "authorities"},
}


class BadSettings(Exception):
    """The file cannot be used; the message says which entry, and what it should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The mail server that takes our receipts. `user` empty: without a password."""

    host: str
    port: int = 587
    starttls: bool = True
    user: str = ""
    password: str = field(default="", repr=False)
    certificate: Path | None = None  # PEM, with its chain
    key: Path | None = None  # PEM; None: in the same file
    authorities: Path | None = None  # PEM, who vouches for the server; None: those of the machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`sites`: geographic FINESS of the laboratory's, none meaning any; `print_with`: a command that takes the paths of
    PDFs, empty for none; `answers`: None to answer nobody."""

    account: Account
    into: Path
    senders: tuple[str, ...]
    sites: frozenset[str]
    print_with: tuple[str, ...]
    answers: Answers | None


def read(path: Path, *, environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of a file; relative paths are beside it. Raises BadSettings."""
    env = os.environ if environment is None else environment
    try:
        said = tomllib.loads(path.read_text("utf-8"))
    except OSError as why:
        raise BadSettings(f"{path}: {why.strerror or type(why).__name__}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as why:
        raise BadSettings(f"{path} is no TOML: {why}") from None
    for section, known in _KNOWN.items():
        if unknown := set(_section(said, section)) - known:
            raise BadSettings(
                f"[{section}] {sorted(unknown)[0]}: no such entry; there are {', '.join(sorted(known))}"
            )
    box, shelf = _section(said, "mailbox"), _section(said, "certificates")
    return Settings(
        account=_account(box, path.parent, env),
        into=_path(path.parent, _text(shelf, "certificates", "into")),
        senders=_senders(shelf),
        sites=_sites(shelf),
        print_with=_command(shelf),
        answers=_answers(_section(said, "answers"), path.parent) if "answers" in said else None,
    )


def _account(box: Mapping[str, Any], beside: Path, env: Mapping[str, str]) -> Account:
    password = env.get(PASSWORD, "") or _secret(box, "mailbox", beside)
    token, certificate = env.get(TOKEN, ""), _file(box, "mailbox", "certificate", beside)
    if not (password or token or certificate):
        raise BadSettings(
            f"[mailbox] give password_file or certificate, or set {PASSWORD} or {TOKEN}: nothing opens the mailbox"
        )
    starttls = _flag(box, "mailbox", "starttls", default=False)
    return Account(
        host=_text(box, "mailbox", "host"),
        user=_text(box, "mailbox", "user"),
        port=_port(box, "mailbox", default=143 if starttls else 993),
        starttls=starttls,
        password=password,
        token=token,
        certificate=certificate,
        key=_file(box, "mailbox", "key", beside),
        authorities=_file(box, "mailbox", "authorities", beside),
        folder=_text(box, "mailbox", "folder") if "folder" in box else "INBOX",
    )


def _answers(said: Mapping[str, Any], beside: Path) -> Answers:
    return Answers(
        host=_text(said, "answers", "host"),
        port=_port(said, "answers", default=587),
        starttls=_flag(said, "answers", "starttls", default=True),
        user=_text(said, "answers", "user") if "user" in said else "",
        password=_secret(said, "answers", beside),
        certificate=_file(said, "answers", "certificate", beside),
        key=_file(said, "answers", "key", beside),
        authorities=_file(said, "answers", "authorities", beside),
    )


def _file(said: Mapping[str, Any], section: str, name: str, beside: Path) -> Path | None:
    if name not in said:
        return None
    path = _path(beside, _text(said, section, name))
    if not path.is_file():
        raise BadSettings(f"[{section}] {name}: there is no file {path}")
    return path


def _section(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = said.get(name, {})
    if not isinstance(found, dict):
        raise BadSettings(f"{name} should be a section: [{name}]")
    return found


def _text(said: Mapping[str, Any], section: str, name: str) -> str:
    value = said.get(name)
    if not isinstance(value, str) or not value.strip():
        raise BadSettings(f'[{section}] {name} is missing: {name} = "…"')
    return value.strip()


def _port(said: Mapping[str, Any], section: str, *, default: int) -> int:
    port = said.get("port", default)
    if isinstance(port, bool) or not isinstance(port, int) or not 0 < port < 65_536:
        raise BadSettings(f"[{section}] port should be a number from 1 to 65535")
    return port


def _flag(said: Mapping[str, Any], section: str, name: str, *, default: bool) -> bool:
    value = said.get(name, default)
    if not isinstance(value, bool):
        raise BadSettings(f"[{section}] {name} should be true or false")
    return value


def _secret(said: Mapping[str, Any], section: str, beside: Path) -> str:
    if "password_file" not in said:
        return ""
    path = _path(beside, _text(said, section, "password_file"))
    try:
        return path.read_text("utf-8").strip()
    except OSError as why:
        raise BadSettings(f"[{section}] password_file {path}: {why.strerror or type(why).__name__}") from None
    except UnicodeDecodeError:
        raise BadSettings(f"[{section}] password_file {path} is no text in UTF-8") from None


def _senders(shelf: Mapping[str, Any]) -> tuple[str, ...]:
    found = _texts(shelf, "senders")
    if not found or not all("@" in one for one in found):
        raise BadSettings('[certificates] senders should name whom certificates come from: ["…@…"]')
    return found


def _sites(shelf: Mapping[str, Any]) -> frozenset[str]:
    found: Collection[str] = _texts(shelf, "sites")
    for one in found:
        if not finess.is_valid(one):
            raise BadSettings(f"[certificates] sites: {one} is no FINESS number")
    return frozenset(finess.normalise(one) for one in found)


def _command(shelf: Mapping[str, Any]) -> tuple[str, ...]:
    return _texts(shelf, "print_with")


def _texts(shelf: Mapping[str, Any], name: str) -> tuple[str, ...]:
    found = shelf.get(name, [])
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise BadSettings(f'[certificates] {name} should be a list: ["…", "…"]')
    return tuple(one.strip() for one in found if one.strip())


def _path(beside: Path, text: str) -> Path:
    return beside / Path(text).expanduser()
