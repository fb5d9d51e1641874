"""What a message says, as it is sealed: its routes, in JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rempart.foundation.messaging.letters import Channel, Enclosure, Letter


def written(routes: Sequence[Letter]) -> bytes:
    """The routes of a message, to be sealed."""
    return json.dumps([_plain(letter) for letter in routes], ensure_ascii=False).encode()


def read(content: bytes, *, channel: Channel) -> tuple[Letter, ...]:
    """The routes of a message. One of before there were routes is a single letter, of the row's `channel`."""
    found = json.loads(content)
    if found and isinstance(found[0], str):
        recipient, subject, text = found
        return (Letter(channel=channel, recipient=recipient, subject=subject, text=text),)
    return tuple(map(_letter, found))


def _plain(letter: Letter) -> list[object]:
    enclosures = [[one.name, one.media_type, one.maker, one.of] for one in letter.enclosures]
    return [
        letter.channel.value, letter.recipient, letter.subject, letter.text, letter.html,
        dict(letter.headers), enclosures,
    ]  # fmt: skip


def _letter(plain: Sequence[Any]) -> Letter:
    channel, recipient, subject, text, html, headers, enclosures = plain
    return Letter(
        channel=Channel(channel),
        recipient=recipient,
        subject=subject,
        text=text,
        html=html,
        headers=headers,
        enclosures=tuple(
            Enclosure(name=name, media_type=media_type, maker=maker, of=of)
            for name, media_type, maker, of in enclosures
        ),
    )
