"""What others ask of notices: the contact details of a result, how a reference is kept, a letter to a person."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from rempart.foundation.messaging.letters import Channel, Letter
from rempart.foundation.vault import KeyDestroyed, Keyring, Purpose, unseal
from rempart.screening.notices.rules import contacts
from rempart.screening.notices.wording.rules import filled, html_of
from rempart.screening.notices.wording.services import Texts


def reference_digest(reference: str) -> bytes:
    """How a reference is kept: it has 128 random bits, so a plain hash tells nothing."""
    return hashlib.sha256(reference.encode()).digest()


def contact(keyring: Keyring, sealed: bytes, result_id: bytes) -> dict[str, Any] | None:
    """The contact details of a result, or None once their day has passed."""
    try:
        content = unseal(keyring, sealed, purpose=Purpose.CONTACT, context=result_id)
    except KeyDestroyed:
        return None
    details: dict[str, Any] = json.loads(content)
    return details


def ways_to(details: Mapping[str, Any]) -> tuple[str, tuple[tuple[Channel, str], ...]]:
    """Where something for the person goes, the first way first: her own ways, else the trusted relative's (annex 1 of
    MINSANTE n°101, items 1.3.2 and 1.3.3). With what the kinds of texts for him begin: "" or "relative-"; no way at all
    where there is nobody to write to."""
    known = contacts(details)
    for prefix, mobile, email in (
        ("", known.mobile, known.email),
        ("relative-", known.relative_mobile, known.relative_email),
    ):
        ways = [(Channel.SMS, mobile)] * bool(mobile) + [(Channel.EMAIL, email)] * bool(email)
        if ways:
            return prefix, tuple(ways)
    return "", ()


def letter_to(details: Mapping[str, Any], kind: str, *, texts: Texts, **values: str) -> Letter | None:
    """A letter of this kind to the first of the ways to a person, in words for whom it is. None where there is none."""
    prefix, ways = ways_to(details)
    if not ways:
        return None
    channel, recipient = ways[0]
    return letter(f"{prefix}{kind}", channel, recipient, texts=texts, values=values)


def letter(kind: str, channel: Channel, recipient: str, *, texts: Texts, values: Mapping[str, str]) -> Letter:
    """A letter of a kind by a channel, its names filled in."""
    said = texts[kind, channel]
    subject, text = filled(said.subject, values), filled(said.text, values)
    return Letter(
        channel=channel,
        recipient=recipient,
        subject=" ".join(subject.split()),
        text=text,
        html=html_of(text, subject=subject) if channel is Channel.EMAIL else "",
    )
