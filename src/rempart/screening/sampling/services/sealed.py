"""What is sealed of work by hand: one purpose, a day for each kind."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from rempart.foundation.retention import Kind, retention
from rempart.foundation.vault import KeyDestroyed, Keyring, Purpose, Sealer, unseal


def last_day(kind: Kind, today: date) -> date:
    """The last day on which what is taken down today may be read."""
    return retention(kind).last_day(today, today=today)


def seal(content: Mapping[str, Any], *, context: bytes, until: date, keyring: Keyring) -> bytes:
    """Plain values, sealed until a day for the row whose key is `context`."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return Sealer(keyring, Purpose.SAMPLING, until).seal(text.encode(), context=context)


def opened(sealed: bytes | memoryview, *, context: bytes, keyring: Keyring) -> dict[str, Any] | None:
    """What was sealed, or None once its day has passed."""
    try:
        content = unseal(keyring, bytes(sealed), purpose=Purpose.SAMPLING, context=context)
    except KeyDestroyed:
        return None
    values: dict[str, Any] = json.loads(content)
    return values
