"""Reading a mailbox over IMAP (RFC 3501): what came, and then seen or deleted. Within bounds, over TLS only."""

from __future__ import annotations

import imaplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from imapclient import DELETED, SEEN, IMAPClient
from imapclient.exceptions import LoginError

_TIMEOUT_SECONDS = 30.0
_LARGEST = 30_000_000
"""Bytes of one message; the trust space of health mail has 25 MB at most (reference certificates.md §7.5)."""


class MailboxUnavailable(Exception):
    """The mailbox cannot be read now. `code` is stable; what the server said is not kept, for it may name people."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A mailbox and how we prove whose we are: by `password`, by a `token` (XOAUTH2, with Pro Santé Connect), or by
    our certificate alone (EXTERNAL), as mailboxes of applications do."""

    host: str
    user: str = field(repr=False)
    port: int = 993
    starttls: bool = False  # the connection begins in clear and turns to TLS, as on port 143
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    certificate: Path | None = None  # PEM, with its chain
    key: Path | None = None  # PEM; None: in the same file as the certificate
    authorities: Path | None = None  # PEM, who vouches for the server; None: those of the machine
    folder: str = "INBOX"


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A message of a mailbox. `uid` is the server's; `raw` is cut at what was asked for when it is larger."""

    uid: int
    arrived_at: datetime
    size: int  # bytes, of the whole message
    seen: bool
    raw: bytes = field(repr=False)

    @property
    def whole(self) -> bool:
        return len(self.raw) >= self.size


class Mailbox:
    """An open mailbox; made by `opened`. `validity`: as long as it stays the same, a uid names the same message."""

    def __init__(self, client: IMAPClient, *, validity: int) -> None:
        self._client = client
        self.validity = validity

    def unseen(self, *, most: int = 200) -> Sequence[int]:
        """The oldest messages that nobody has read, at most `most`, by uid."""
        return self._found("UNSEEN", most=most)

    def everything(self, *, most: int = 10_000) -> Sequence[int]:
        """The oldest messages, read or not, at most `most`, by uid."""
        return self._found("ALL", most=most)

    def fetch(self, uids: Sequence[int], *, most_bytes: int = _LARGEST) -> Iterator[Received]:
        """The messages, one at a time, left as unread as they were; those that went away meanwhile are left out.

        Of each at most `most_bytes` are brought.
        """
        for uid in uids:
            with _said():
                answer = self._client.fetch(
                    [uid], ["RFC822.SIZE", "INTERNALDATE", "FLAGS", f"BODY.PEEK[]<0.{most_bytes}>"]
                )
            if (found := answer.get(uid)) is not None and (raw := found.get(b"BODY[]<0>")) is not None:
                yield _received(uid, found, raw[:most_bytes])

    def mark_seen(self, uids: Sequence[int]) -> None:
        """They are read: `unseen` shows them no more."""
        if uids:
            with _said():
                self._client.add_flags(uids, [SEEN], silent=True)

    def delete(self, uids: Sequence[int]) -> None:
        """They are gone, and no others: with UIDPLUS (RFC 4315) only these are expunged; without it, whatever is marked
        as deleted would be, and what somebody else marked loses its mark meanwhile."""
        if not uids:
            return
        with _said():
            alone = self._client.has_capability("UIDPLUS")
            others = [] if alone else sorted({*self._client.search(["DELETED"])} - {*uids})
            if others:
                self._client.remove_flags(others, [DELETED], silent=True)
            self._client.add_flags(uids, [DELETED], silent=True)
            self._client.expunge(uids if alone else None)
            if others:
                self._client.add_flags(others, [DELETED], silent=True)

    def _found(self, criterion: str, *, most: int) -> Sequence[int]:
        with _said():
            self._client.noop()  # the server tells of what came since the mailbox was opened
            return sorted(self._client.search([criterion]))[:most]


@contextmanager
def opened(account: Account, *, timeout: float = _TIMEOUT_SECONDS) -> Iterator[Mailbox]:
    """The mailbox, open until the end of the block. Raises MailboxUnavailable: `imap.unreachable`, `imap.tls`,
    `imap.login`, `imap.broken`; `timeout` is in seconds, of each step."""
    with _said():
        client = IMAPClient(
            account.host,
            port=account.port,
            ssl=not account.starttls,
            ssl_context=_context(account),
            timeout=timeout,
        )
    try:
        with _said():
            if account.starttls:
                client.starttls(_context(account))
            _log_in(client, account)
            folder = client.select_folder(account.folder)
        yield Mailbox(client, validity=int(folder[b"UIDVALIDITY"]))
    finally:
        _close(client)


def _context(account: Account) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=account.authorities)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if account.certificate is not None:
        context.load_cert_chain(account.certificate, account.key)
    return context


def _log_in(client: IMAPClient, account: Account) -> None:
    if account.token:
        client.oauth2_login(account.user, account.token)
    elif account.password:
        client.login(account.user, account.password)
    else:
        client.sasl_login("EXTERNAL", lambda _: account.user.encode())


def _received(uid: int, found: dict[bytes, Any], raw: bytes) -> Received:
    at = found[b"INTERNALDATE"]
    return Received(
        uid=uid,
        arrived_at=at.astimezone(UTC),  # without a zone it is on this machine's clock: so imapclient gives it
        size=int(found[b"RFC822.SIZE"]),
        seen=SEEN in found[b"FLAGS"],
        raw=raw,
    )


def _close(client: IMAPClient) -> None:
    try:
        client.logout()
    except (OSError, imaplib.IMAP4.error):
        client.shutdown()


@contextmanager
def _said() -> Iterator[None]:
    """Whatever goes wrong with the server, as MailboxUnavailable."""
    try:
        yield
    except ssl.SSLError:
        raise MailboxUnavailable("imap.tls") from None
    except OSError:
        raise MailboxUnavailable("imap.unreachable") from None
    except LoginError:
        raise MailboxUnavailable("imap.login") from None
    except (imaplib.IMAP4.error, ValueError, KeyError, AssertionError):
        raise MailboxUnavailable("imap.broken") from None
