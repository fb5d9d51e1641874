"""Who wants no messages by a channel: by answering STOP to a text message, or by the link of a mail.

What is kept is a digest of the number or address under a secret of this deployment: it names nobody, and answers only who
asks with the number in hand. It is forgotten a year after the last message that it stopped.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from enum import StrEnum

from django.conf import settings
from django.db.backends.utils import CursorWrapper
from django.urls import reverse

from rempart.foundation.messaging.letters import Channel, Letter
from rempart.foundation.messaging.numbers import comparable
from rempart.foundation.retention import Kind, retention
from rempart.foundation.vault import Keyring

_DIGEST = 16
_BELOW = "Ne plus recevoir de messages à cette adresse"
_STOP_WORDS = frozenset({"STOP", "ARRET", "ARRÊT"})
_START_WORDS = frozenset({"START", "REPRISE"})


class How(StrEnum):
    """How somebody said that he wants none."""

    STOP = "stop"  # a text message
    LINK = "link"  # of a mail
    OFFICER = "officer"  # to the data-protection officer


def says_stop(text: str) -> bool:
    """Whether an answer to a text message asks for no more: STOP, as the operators' charter has it, or its French."""
    return _first_word(text) in _STOP_WORDS


def says_start(text: str) -> bool:
    """Whether it takes that back."""
    return _first_word(text) in _START_WORDS


def _first_word(text: str) -> str:
    words = text.upper().split()
    return words[0].strip(".,!«»\"'") if words else ""


def refuse(
    cursor: CursorWrapper, channel: Channel, recipient: str, *, how: How, keyring: Keyring, now: datetime
) -> None:
    """From now on nothing that may be refused goes to this recipient by this channel. Twice is as once."""
    _keep(cursor, _digest(channel, recipient, keyring=keyring), channel, how=how, now=now)


def refuse_by(cursor: CursorWrapper, token: str, *, keyring: Keyring, now: datetime) -> None:
    """The same, for whoever holds the token of a mail; nothing when it is none of ours."""
    digest = _read(token, keyring=keyring)
    if digest is not None:
        _keep(cursor, digest, Channel.EMAIL, how=How.LINK, now=now)


def accept(cursor: CursorWrapper, channel: Channel, recipient: str, *, keyring: Keyring) -> None:
    """Whoever refused takes it back."""
    _forget(cursor, _digest(channel, recipient, keyring=keyring))


def accept_by(cursor: CursorWrapper, token: str, *, keyring: Keyring) -> None:
    """The same, for whoever holds the token of a mail; nothing when it is none of ours."""
    digest = _read(token, keyring=keyring)
    if digest is not None:
        _forget(cursor, digest)


def is_token(token: str, *, keyring: Keyring) -> bool:
    """Whether it is one that we made."""
    return _read(token, keyring=keyring) is not None


def token_of(address: str, *, keyring: Keyring) -> str:
    """What a mail to this address carries, so that its recipient can refuse more: nobody guesses one, and it does not
    say whose it is."""
    digest = _digest(Channel.EMAIL, address, keyring=keyring)
    return base64.urlsafe_b64encode(digest + _seal(digest, keyring=keyring)).decode().rstrip("=")


def refusable(letter: Letter, *, keyring: Keyring) -> Letter:
    """A mail with the link by which its recipient refuses more: below what it says, and as mail programs show it
    (RFC 2369, RFC 8058)."""
    link = (
        f"{settings.PUBLIC_URL}{reverse('message-stop', args=[token_of(letter.recipient, keyring=keyring)])}"
    )
    headers = {"List-Unsubscribe": f"<{link}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    below = f'<p><a href="{link}">{_BELOW}</a></p>'
    body, end, tail = letter.html.rpartition("</body>")
    html = f"{body}{below}{end}{tail}" if end else f"{letter.html}{below}"
    return replace(
        letter,
        text=f"{letter.text.rstrip()}\n\n-- \n{_BELOW} : {link}\n",
        html=html if letter.html else "",
        headers={**letter.headers, **headers},
    )


def unwanted(
    cursor: CursorWrapper, letters: Sequence[Letter], *, keyring: Keyring, now: datetime
) -> list[bool]:
    """Of each letter, whether its recipient refused its channel. Those who did are remembered a year more."""
    if not letters:
        return []
    digests = [_digest(letter.channel, letter.recipient, keyring=keyring) for letter in letters]
    cursor.execute(
        "UPDATE messaging_refusal SET expires_on = %s WHERE digest = ANY(%s) RETURNING digest",
        (_last_day(now), list(set(digests))),
    )
    found = {bytes(digest) for (digest,) in cursor.fetchall()}
    return [digest in found for digest in digests]


def counts(cursor: CursorWrapper) -> Mapping[tuple[str, str], int]:
    """How many refused, by channel and by how they said so."""
    cursor.execute("SELECT channel, how, count(*) FROM messaging_refusal GROUP BY channel, how ORDER BY 1, 2")
    return {(channel, how): number for channel, how, number in cursor.fetchall()}


def _keep(cursor: CursorWrapper, digest: bytes, channel: Channel, *, how: How, now: datetime) -> None:
    cursor.execute(
        "INSERT INTO messaging_refusal (digest, channel, how, since, expires_on) VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT (digest) DO UPDATE SET expires_on = excluded.expires_on",
        (digest, channel.value, how.value, now, _last_day(now)),
    )


def _read(token: str, *, keyring: Keyring) -> bytes | None:
    try:
        whole = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        return None
    digest, seal = whole[:_DIGEST], whole[_DIGEST:]
    return digest if hmac.compare_digest(seal, _seal(digest, keyring=keyring)) else None


def _forget(cursor: CursorWrapper, digest: bytes) -> None:
    cursor.execute("DELETE FROM messaging_refusal WHERE digest = %s", (digest,))


def _last_day(now: datetime) -> date:
    return retention(Kind.REFUSAL).last_day(now.date(), today=now.date())


def _digest(channel: Channel, recipient: str, *, keyring: Keyring) -> bytes:
    said = f"{channel.value}|{comparable(channel, recipient)}".encode()
    return hmac.digest(keyring.secret("refusals"), said, "sha256")[:_DIGEST]


def _seal(digest: bytes, *, keyring: Keyring) -> bytes:
    return hmac.digest(keyring.secret("refusals"), b"token|" + digest, "sha256")[:_DIGEST]
