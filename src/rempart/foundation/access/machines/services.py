"""Making, replacing and revoking the keys and certificates of a laboratory's machines.

The biologist does it for his laboratory, the operator for every one. A key is read once, when it is made. It is
replaced without a gap: the old one goes on for `key_overlap` beside the new one.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from django.db import IntegrityError, transaction

from rempart.foundation.access.accounts.policy import accounts_on, civil_day
from rempart.foundation.access.actor import Actor, require
from rempart.foundation.access.models import (
    MACHINE_RIGHTS,
    ClientCertificate,
    MachineKey,
    new_machine_key,
)
from rempart.foundation.access.refusals import NotAllowed
from rempart.foundation.access.rights import Right, Role, Where
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.directories.models import Laboratory

MOST_ALIVE = 10
"""Keys of one laboratory that hold at once: one for each of its systems, and those that replace them."""

MOST_SHOWN = 50

_SSH = (b"ssh-", b"ecdsa-", b"sk-")
_STRONG = (ed25519.Ed25519PublicKey, ec.EllipticCurvePublicKey, rsa.RSAPublicKey)
_LEAST_RSA = 3072


class Fault(StrEnum):
    """Why a key or a certificate is not taken; stable codes."""

    TOO_MANY = "too-many"
    DAYS = "days"
    RIGHTS = "rights"
    STATE = "state"  # revoked, expired, or replaced already
    UNREADABLE = "unreadable"
    WEAK = "weak"
    EXPIRED = "expired"
    KNOWN = "known"
    LABORATORY = "laboratory"


class KeyRefused(Exception):
    """What was asked cannot be; `fault` says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A key that was just made: `text` is shown this once."""

    id: UUID
    text: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a laboratory has: keys and certificates, newest first, and the name of the laboratory."""

    laboratory: str
    name: str
    keys: Sequence[MachineKey]
    certificates: Sequence[ClientCertificate]


def held(*, actor: Actor, laboratory: str) -> Held:
    """The keys and certificates of a laboratory, those that ended included, MOST_SHOWN at most of each.

    Raises NotAllowed outside the actor's own, KeyRefused for a laboratory that the directory does not know.
    """
    _within(actor, laboratory)
    return Held(
        laboratory=laboratory,
        name=_known(laboratory).name,
        keys=list(MachineKey.objects.filter(laboratory=laboratory).order_by("-created_at")[:MOST_SHOWN]),
        certificates=list(
            ClientCertificate.objects.filter(laboratory=laboratory).order_by("-created_at")[:MOST_SHOWN]
        ),
    )


def create_key(
    *,
    actor: Actor,
    laboratory: str,
    name: str,
    now: datetime,
    rights: Sequence[Right] = (Right.DELIVERIES_SEND,),
    days: int | None = None,
) -> Made:
    """Make a key for a laboratory's software, for `days` or as long as the policy lets it live.

    Raises NotAllowed, KeyRefused: unknown laboratory, a right that no machine has, too many days or keys.
    """
    _may_be_given(actor, laboratory)
    longest = accounts_on(civil_day(now)).key
    valid = timedelta(days=days) if days is not None else longest
    if not timedelta() < valid <= longest:
        raise KeyRefused(Fault.DAYS)
    if not rights or not set(rights) <= set(MACHINE_RIGHTS):
        raise KeyRefused(Fault.RIGHTS)
    with transaction.atomic():
        return _make(
            actor=actor, laboratory=laboratory, name=name, rights=rights, expires_at=now + valid, now=now
        )


def rotate_key(*, actor: Actor, key_id: UUID, now: datetime) -> Made:
    """Make the key that takes over from this one: same laboratory, name and rights. Both hold until the older
    one ends, `key_overlap` from now or at its own end.

    Raises NotAllowed, KeyRefused for a key that does not hold any more or was replaced already.
    """
    policy = accounts_on(civil_day(now))
    with transaction.atomic():
        old = _own_key(actor, key_id)
        if not _holds(old, now) or MachineKey.objects.filter(replaces=old.id, revoked_at=None).exists():
            raise KeyRefused(Fault.STATE)
        old.expires_at = min(old.expires_at, now + policy.key_overlap)
        old.save(update_fields=["expires_at"])
        return _make(
            actor=actor,
            laboratory=old.laboratory,
            name=old.name,
            rights=[Right(one) for one in old.rights],
            expires_at=now + policy.key,
            replaces=old.id,
            now=now,
        )


def revoke_key(*, actor: Actor, key_id: UUID, now: datetime) -> None:
    """End a key at once; twice is once. Raises NotAllowed."""
    with transaction.atomic():
        key = _own_key(actor, key_id)
        if key.revoked_at is None:
            key.revoked_at = now
            key.save(update_fields=["revoked_at"])
            record(actor, Act.KEY_REVOKED, str(key.id), now=now, laboratory=key.laboratory)


def add_certificate(
    *, actor: Actor, laboratory: str, name: str, content: bytes, now: datetime
) -> ClientCertificate:
    """Register what a laboratory's machine will prove itself by: a certificate (PEM or DER) to our proxy and to MLLP,
    or a public key of SSH (OpenSSH's one line) to SFTP, which has no end of its own and holds as long as a key may.

    Whether the private key is there is checked at each connection. Raises NotAllowed, KeyRefused: unreadable, weak,
    expired, registered already, also to somebody else or before it was revoked, or unknown laboratory.
    """
    _may_be_given(actor, laboratory)
    fingerprint, expires_at = _ssh_key(content, now) if content.startswith(_SSH) else _certificate(content)
    if expires_at <= now:
        raise KeyRefused(Fault.EXPIRED)
    try:
        with transaction.atomic():
            row = ClientCertificate.objects.create(
                fingerprint=fingerprint,
                laboratory=laboratory,
                name=name,
                created_at=now,
                created_by=actor.agent,
                expires_at=expires_at,
            )
            record(actor, Act.CLIENT_CERTIFICATE_ADDED, str(row.id), now=now, laboratory=laboratory)
    except IntegrityError:
        raise KeyRefused(Fault.KNOWN) from None
    return row


def revoke_certificate(*, actor: Actor, certificate_id: UUID, now: datetime) -> None:
    """End a certificate at once; twice is once. Raises NotAllowed."""
    with transaction.atomic():
        row = ClientCertificate.objects.select_for_update().filter(id=certificate_id).first()
        if row is None:
            raise NotAllowed("no such certificate")
        _within(actor, row.laboratory)
        if row.revoked_at is None:
            row.revoked_at = now
            row.save(update_fields=["revoked_at"])
            record(actor, Act.CLIENT_CERTIFICATE_REVOKED, str(row.id), now=now, laboratory=row.laboratory)


def _make(
    *,
    actor: Actor,
    laboratory: str,
    name: str,
    rights: Sequence[Right],
    expires_at: datetime,
    now: datetime,
    replaces: UUID | None = None,
) -> Made:
    # whoever makes one for the same laboratory waits, or both would count one too few
    Laboratory.objects.select_for_update().filter(finess=laboratory).first()
    alive = MachineKey.objects.filter(laboratory=laboratory, revoked_at=None, expires_at__gt=now).count()
    if alive >= MOST_ALIVE:
        raise KeyRefused(Fault.TOO_MANY)
    row, text = new_machine_key(
        laboratory=laboratory,
        now=now,
        expires_at=expires_at,
        name=name.strip()[:80],
        rights=rights,
        created_by=actor.agent,
        replaces=replaces,
    )
    record(
        actor, Act.KEY_MADE, str(row.id), now=now,
        laboratory=laboratory, replaces=str(replaces) if replaces else "",
    )  # fmt: skip
    return Made(id=row.id, text=text, expires_at=expires_at)


def _own_key(actor: Actor, key_id: UUID) -> MachineKey:
    """A key, locked. Raises NotAllowed when it is another's, or none."""
    key = MachineKey.objects.select_for_update().filter(id=key_id).first()
    if key is None:
        raise NotAllowed("no such key")
    _within(actor, key.laboratory)
    return key


def _within(actor: Actor, laboratory: str) -> None:
    """Raises NotAllowed when this laboratory's machines are none of the actor's business."""
    if actor.role is Role.SYSTEM:
        return
    where = require(actor, Right.KEYS_MANAGE)
    if where is Where.ESTABLISHMENT and (not laboratory or laboratory != actor.laboratory):
        raise NotAllowed("another laboratory")


def _may_be_given(actor: Actor, laboratory: str) -> None:
    """Raises NotAllowed, and KeyRefused where the directory does not know this laboratory; on the machine, one may be
    ahead of the directory.
    """
    _within(actor, laboratory)
    if actor.role is not Role.SYSTEM:
        _known(laboratory)


def _known(laboratory: str) -> Laboratory:
    found = Laboratory.objects.filter(finess=laboratory).first()
    if found is None:
        raise KeyRefused(Fault.LABORATORY)
    return found


def _holds(key: MachineKey, now: datetime) -> bool:
    return key.revoked_at is None and key.expires_at > now


def _certificate(content: bytes) -> tuple[bytes, datetime]:
    """SHA-256 of a certificate's DER, and its end."""
    try:
        pem = b"-----BEGIN" in content
        read = x509.load_pem_x509_certificate if pem else x509.load_der_x509_certificate
        certificate = read(content)
    except ValueError:
        raise KeyRefused(Fault.UNREADABLE) from None
    return certificate.fingerprint(hashes.SHA256()), certificate.not_valid_after_utc


def _ssh_key(content: bytes, now: datetime) -> tuple[bytes, datetime]:
    """SHA-256 of a public key of SSH as it goes over the wire, and how long it may serve."""
    try:
        key = serialization.load_ssh_public_key(content.strip())
        wire = base64.b64decode(content.split()[1], validate=True)
    except (ValueError, UnsupportedAlgorithm, IndexError):
        raise KeyRefused(Fault.UNREADABLE) from None
    if not isinstance(key, _STRONG) or (isinstance(key, rsa.RSAPublicKey) and key.key_size < _LEAST_RSA):
        raise KeyRefused(Fault.WEAK)
    return hashlib.sha256(wire).digest(), now + accounts_on(civil_day(now)).key
