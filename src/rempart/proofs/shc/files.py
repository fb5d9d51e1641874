"""A `.smart-health-card` file (application/smart-health-card): cards as their issuer gives them to be downloaded."""

from __future__ import annotations

import json
from collections.abc import Iterable

from rempart.proofs.shc import jws

SUFFIX = ".smart-health-card"
_MEMBER = "verifiableCredential"


def write(texts: Iterable[str]) -> bytes:
    """The file of these cards (`shc:/` texts). Raises ContainerError."""
    return json.dumps({_MEMBER: [jws.from_digits(text) for text in texts]}).encode("ascii")


def looks_like_one(data: bytes) -> bool:
    """Whether bytes are JSON that speaks of credentials."""
    return data.lstrip()[:1] == b"{" and _MEMBER.encode() in data


def read(data: bytes) -> list[str]:
    """The cards in a file as `shc:/` texts. Raises ValueError when it is no such file."""
    try:
        tokens = json.loads(data)[_MEMBER]
        return [jws.digits(token) for token in tokens]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ValueError("This is no file of SMART Health Cards.") from error
