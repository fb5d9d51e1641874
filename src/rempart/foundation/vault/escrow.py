"""Escrow: the local key-encryption key in the hands of custodians, of whom so many together bring it back.

A package holds the versions of the key, sealed under a key of its own. For every group of as many
custodians as are needed, that key is cut into shares whose XOR it is, one for each of the group, sealed to
his public key (HPKE, RFC 9180: X25519, HKDF-SHA256, AES-256-GCM). Fewer shares say nothing of it.

It holds no data key: what was destroyed in the key store does not come back with it. What it cannot
prevent: an old copy of the key store, opened with it (docs/decisions/017-rotation-and-escrow.md).
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial, reduce
from itertools import combinations
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from rempart.foundation.vault import files
from rempart.foundation.vault.local import LocalKey

_FORMAT = "rempart-escrow-1"
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_KEY_BYTES = 32
_NONCE_BYTES = 12
_MOST_GROUPS = 1000
_RECORD = "escrow.json"


class EscrowError(Exception):
    """A package cannot be made or opened; the message says why, and holds no secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Custodian:
    """Somebody who keeps a private key, known by his public one."""

    name: str
    public: X25519PublicKey

    @property
    def fingerprint(self) -> str:
        """Of the public key, to be compared by voice."""
        return hashlib.sha256(self.public.public_bytes_raw()).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class EscrowRecord:
    """What the key store remembers of its newest package: nothing secret."""

    made_at: datetime
    needed: int
    custodians: tuple[str, ...]
    versions: Mapping[int, str]  # version → what tells its key from another

    def covers(self, key: LocalKey, version: int) -> bool:
        """Whether the package brings back this version, as it is now."""
        file = key.file(version)
        return file.is_file() and self.versions.get(version) == _check_value(file.read_bytes())


def make_custodian(passphrase: bytes) -> tuple[bytes, bytes]:
    """A new key pair as PEM: the private one under the passphrase, and the public one."""
    key = X25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private, public


def read_custodian(name: str, pem: bytes) -> Custodian:
    """Raises EscrowError when the bytes are no public key of a custodian."""
    try:
        public = serialization.load_pem_public_key(pem)
    except ValueError:
        raise EscrowError(f"{name}: no public key in PEM") from None
    if not isinstance(public, X25519PublicKey):
        raise EscrowError(f"{name}: not a custodian's key (rempart keys escrow custodian makes one)")
    return Custodian(name=name, public=public)


def read_private(name: str, pem: bytes, passphrase: bytes) -> X25519PrivateKey:
    """Raises EscrowError when the bytes are no private key of a custodian, or the passphrase is wrong."""
    try:
        private = serialization.load_pem_private_key(pem, passphrase)
    except (ValueError, TypeError):
        raise EscrowError(f"{name}: no private key, or another passphrase") from None
    if not isinstance(private, X25519PrivateKey):
        raise EscrowError(f"{name}: not a custodian's key")
    return private


def make_package(
    keys: Mapping[int, bytes], custodians: Sequence[Custodian], *, needed: int, now: datetime
) -> bytes:
    """The package from which any `needed` of the custodians bring back these versions, as JSON."""
    if not 2 <= needed <= len(custodians):
        raise EscrowError(f"{needed} of {len(custodians)}: at least two custodians must be needed, and exist")
    if len({custodian.fingerprint for custodian in custodians}) < len(custodians):
        raise EscrowError("two custodians have the same key")
    if math.comb(len(custodians), needed) > _MOST_GROUPS:
        raise EscrowError(f"{needed} of {len(custodians)} makes too many groups; name fewer custodians")
    head = {
        "format": _FORMAT,
        "made_at": now.isoformat(timespec="seconds"),
        "needed": needed,
        "custodians": [{"name": c.name, "fingerprint": c.fingerprint} for c in custodians],
        "versions": {str(version): _check_value(key) for version, key in sorted(keys.items())},
    }
    bound = _bound(head)
    own = secrets.token_bytes(_KEY_BYTES)
    nonce = secrets.token_bytes(_NONCE_BYTES)
    content = json.dumps({str(version): key.hex() for version, key in keys.items()}).encode()
    groups = []
    for members in combinations(range(len(custodians)), needed):
        shares = [secrets.token_bytes(_KEY_BYTES) for _ in members[1:]]
        shares.append(reduce(_xor, shares, own))
        groups.append(
            {
                "members": members,
                "shares": [
                    _text(_SUITE.encrypt(share, custodians[member].public, bound))
                    for member, share in zip(members, shares, strict=True)
                ],
            }
        )
    sealed = nonce + AESGCM(own).encrypt(nonce, content, bound)
    return json.dumps({**head, "groups": groups, "sealed": _text(sealed)}, indent=1).encode()


def open_package(package: bytes, private: Sequence[X25519PrivateKey]) -> dict[int, bytes]:
    """The versions of the key, by version number.

    Raises EscrowError when the package is damaged, or these are too few of its custodians.
    """
    try:
        written = json.loads(package)
        head = {name: written[name] for name in ("format", "made_at", "needed", "custodians", "versions")}
        if head["format"] != _FORMAT:
            raise EscrowError(f"a package of another format: {head['format']!s:.40}")
        places = {custodian["fingerprint"]: n for n, custodian in enumerate(head["custodians"])}
        held = {
            places[known.fingerprint]: key
            for key in private
            if (known := Custodian(name="", public=key.public_key())).fingerprint in places
        }
        group = next((g for g in written["groups"] if set(g["members"]) <= held.keys()), None)
        if group is None:
            raise EscrowError(
                f"{len(held)} of its custodians are here, {head['needed']} are needed of: "
                + ", ".join(str(custodian["name"]) for custodian in head["custodians"])
            )
        bound = _bound(head)
        shares = [
            _SUITE.decrypt(base64.b64decode(share), held[member], bound)
            for member, share in zip(group["members"], group["shares"], strict=True)
        ]
        own = reduce(_xor, shares)
        sealed = base64.b64decode(written["sealed"])
        content = json.loads(AESGCM(own).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound))
        return {int(version): bytes.fromhex(key) for version, key in content.items()}
    except (InvalidTag, KeyError, TypeError, ValueError, AttributeError) as why:
        raise EscrowError(f"the package is damaged: {type(why).__name__}") from None


def escrowed(key: LocalKey) -> dict[int, bytes]:
    """Every version of the local key, for a package. Raises EscrowError when there is none."""
    found = {version: key.file(version).read_bytes() for version in key.versions()}
    if not found:
        raise EscrowError(
            f"{key.path} is not there. A key inside a transit engine or an HSM does not leave it: it is saved "
            "by that engine's or that HSM's own means (docs/runbook/keys.md)"
        )
    return found


def put_back(key: LocalKey, keys: Mapping[int, bytes]) -> list[int]:
    """Write the versions that are missing; their numbers. Raises EscrowError rather than replace another."""
    missing = []
    for version, value in sorted(keys.items()):
        file = key.file(version)
        if file.is_file() and file.read_bytes() != value:
            raise EscrowError(
                f"{file} holds another key: move it aside, for what was made since may be wrapped by it"
            )
        if not file.is_file():
            missing.append(version)
    for version in missing:
        files.read_or_create(key.file(version), partial(keys.__getitem__, version))
    return missing


def note(root: Path, package: bytes) -> None:
    """Remember, beside the keys, what the newest package covers."""
    written = json.loads(package)
    kept = {name: written[name] for name in ("made_at", "needed", "versions")}
    kept["custodians"] = [custodian["name"] for custodian in written["custodians"]]
    path = root / _RECORD
    path.unlink(missing_ok=True)
    files.read_or_create(path, lambda: json.dumps(kept, indent=1).encode())


def record(root: Path) -> EscrowRecord | None:
    """What is remembered of the newest package, or None when there was none."""
    try:
        kept = json.loads((root / _RECORD).read_bytes())
        return EscrowRecord(
            made_at=datetime.fromisoformat(kept["made_at"]),
            needed=int(kept["needed"]),
            custodians=tuple(kept["custodians"]),
            versions={int(version): str(check) for version, check in kept["versions"].items()},
        )
    except FileNotFoundError:
        return None
    except (KeyError, TypeError, ValueError, AttributeError):
        raise EscrowError(f"{root / _RECORD} is damaged: make a new package") from None


def _check_value(key: bytes) -> str:
    """Tells one key from another and says nothing else of it."""
    return hashlib.sha256(b"rempart escrow check" + key).hexdigest()[:16]


def _bound(head: Mapping[str, Any]) -> bytes:
    return json.dumps(head, sort_keys=True, separators=(",", ":")).encode()


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
