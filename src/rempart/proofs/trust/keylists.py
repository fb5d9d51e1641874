"""Key lists in JSON, as countries published them; their own signatures are for whoever fetches them.

- The gateway's and Germany's: an array, or `{"certificates": […]}`, of `{"kid", "certificateType", "rawData"}`, the
  certificate in Base64 (DER). Germany puts a signature on the line before. Entries that sign no document
  (`certificateType` other than DSC) are passed over.
- France's (TousAntiCovid Verif): `{"certificatesDCC": {kid: …}, "certificates2DDoc": {"FR03AV01": …}}`, certificates and
  bare public keys in Base64 (DER), the first group in Base64 twice.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from rempart.proofs.trust.certificates import parse
from rempart.proofs.trust.keys import TrustedKey


def parse_key_list(data: bytes, *, source: str = "") -> list[TrustedKey]:
    """The keys of a list; empty when the bytes are none. What cannot be read in it is passed over.

    The identifier that a list gives to a key is the one it is found by.
    """
    try:
        content = json.loads(_without_signature(data))
    except (ValueError, RecursionError):
        return []
    if isinstance(content, dict) and isinstance(content.get("certificates"), list):
        content = content["certificates"]
    if isinstance(content, list):
        return list(_gateway(content, source))
    return list(_french(content, source)) if isinstance(content, dict) else []


def looks_like_one(data: bytes) -> bool:
    """Whether bytes may be a key list, by their first character that says something."""
    return _without_signature(data).lstrip()[:1] in (b"{", b"[")


def _without_signature(data: bytes) -> bytes:
    """What follows a first line in Base64, if there is one."""
    first, newline, rest = data.partition(b"\n")
    return (
        rest
        if newline and rest.lstrip()[:1] in (b"{", b"[") and first.strip()[:1] not in (b"{", b"[")
        else data
    )


def _gateway(entries: list[Any], source: str) -> Iterator[TrustedKey]:
    for entry in entries:
        if isinstance(entry, dict) and entry.get("certificateType", "DSC") == "DSC":
            yield from _keys(entry.get("rawData"), entry.get("kid"), source)


def _french(content: dict[str, Any], source: str) -> Iterator[TrustedKey]:
    for kid, value in _items(content.get("certificatesDCC")):
        yield from _keys(_decoded(value), kid, source)
    for name, value in _items(content.get("certificates2DDoc")):
        for key in parse(_decoded(value), name=name, source=source):
            # It signs no EU DCC; a bare key without an identifier would be asked about every one.
            yield replace(key, key_id=key.key_id or name.encode(), usages=frozenset())


def _keys(value: object, kid: object, source: str) -> Iterator[TrustedKey]:
    key_id = _decoded(kid)
    for key in parse(_decoded(value), source=source):
        if key_id or key.key_id:
            yield replace(key, key_id=key_id or key.key_id)


def _items(value: object) -> list[tuple[str, object]]:
    return list(value.items()) if isinstance(value, dict) else []


def _decoded(value: object) -> bytes:
    """The bytes of a Base64 text, or of bytes that are one; empty when it is none."""
    if not isinstance(value, str | bytes):
        return b""
    try:
        return base64.b64decode(value, validate=False)
    except ValueError:
        return b""
