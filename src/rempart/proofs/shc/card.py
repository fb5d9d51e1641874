"""A SMART Health Card opened and judged."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from rempart.proofs.reasons import ContainerError, Reason
from rempart.proofs.shc import jws
from rempart.proofs.signing import der_signature
from rempart.proofs.trust import TrustedKey, TrustList

_CARD = "https://smarthealth.cards#health-card"
_FINAL = ("final", "amended", "corrected")  # value set "completed-observation-status"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A card opened, not yet judged."""

    token: jws.Token
    issuer: str
    key_id: str
    issued_at: datetime
    expires_at: datetime | None
    types: tuple[str, ...]
    bundle: Mapping[str, object]

    def claims(self) -> dict[str, object]:
        """What it says, as JSON can hold it; patient and tests by name beside the whole bundle."""
        patients = [_patient(resource) for resource in self.resources("Patient")]
        return {
            "iss": self.issuer,
            "nbf": self.issued_at.isoformat(),
            "exp": self.expires_at.isoformat() if self.expires_at else None,
            "kid": self.key_id,
            "types": [name.partition("#")[2] or name for name in self.types],
            "patient": patients[0] if patients else {},
            "tests": [_test(resource) for resource in self.resources("Observation")],
            "bundle": self.bundle,
        }

    def fingerprints(self) -> tuple[bytes, ...]:
        """The hash under which a card may be revoked: SHA-256 of what is signed."""
        return (hashlib.sha256(self.token.signed).digest(),)

    def resources(self, kind: str) -> list[Mapping[str, object]]:
        """The bundle's resources of one kind."""
        found = (_at(entry, "resource") for entry in _all(self.bundle, "entry"))
        return [item for item in found if isinstance(item, dict) and item.get("resourceType") == kind]


def read(text: str) -> Card:
    """Open a `shc:/` text without judging it. Raises ContainerError, whatever the text."""
    token = jws.open_token(jws.from_digits(text))
    payload, key_id = token.payload, token.header.get("kid")
    issuer, types = payload.get("iss"), _all(payload, "vc", "type")
    bundle = _at(payload, "vc", "credentialSubject", "fhirBundle")
    if not isinstance(issuer, str) or _CARD not in types or not isinstance(bundle, dict):
        raise ContainerError(Reason.BAD_CLAIMS)
    return Card(
        token=token,
        issuer=issuer,
        key_id=key_id if isinstance(key_id, str) else "",
        issued_at=_moment(payload.get("nbf")),
        expires_at=_moment(payload["exp"]) if "exp" in payload else None,
        types=tuple(name for name in types if isinstance(name, str)),
        bundle=bundle,
    )


def judge(card: Card, *, trust: TrustList, at: datetime) -> Reason:
    """Whether signature, key and dates hold at the moment `at` (aware); the first reason why not."""
    if card.token.header.get("alg") != "ES256":
        return Reason.UNSUPPORTED_ALGORITHM
    if not card.key_id:
        return Reason.KEY_ID_MISSING
    candidates = trust.for_thumbprint(card.key_id)
    if not candidates:
        return Reason.KEY_UNKNOWN
    reasons = [_judge_key(key, card, at) for key in candidates if _verifies(card.token, key)]
    if not reasons:
        return Reason.BAD_SIGNATURE
    return Reason.OK if Reason.OK in reasons else reasons[0]


def _judge_key(key: TrustedKey, card: Card, at: datetime) -> Reason:
    if key.issuers is not None and card.issuer not in key.issuers:
        return Reason.KEY_ISSUER
    if at < card.issued_at:
        return Reason.NOT_YET_VALID
    if card.expires_at is not None and at > card.expires_at:
        return Reason.EXPIRED
    return Reason.OK


def _verifies(token: jws.Token, key: TrustedKey) -> bool:
    signature = der_signature(token.signature, 256)
    if signature is None or not isinstance(key.public_key, ec.EllipticCurvePublicKey):
        return False
    try:
        key.public_key.verify(signature, token.signed, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def deviations(card: Card) -> tuple[str, ...]:
    """What a card lacks or holds beyond framework and guide: warnings, never a refusal, without repeating a value."""
    return tuple(_deviations(card))


def _deviations(card: Card) -> Iterator[str]:
    if not card.issuer.startswith("https://") or card.issuer.endswith("/"):
        yield "iss: not an https address without a slash at its end"
    if card.token.header.get("zip") != "DEF":
        yield "zip: the payload is not compressed"
    if card.token.length > jws.LONGEST:
        yield f"length: {card.token.length} characters, more than one QR code holds"
    patients, tests = card.resources("Patient"), card.resources("Observation")
    if len(patients) != 1:
        yield f"Patient: exactly one expected, {len(patients)} found"
    elif not _all(patients[0], "name"):
        yield "Patient: without a name"
    for test in tests:
        if test.get("status") not in _FINAL:
            yield "Observation: not a final status"
        missing = [name for name in ("code", "subject", "effectiveDateTime") if name not in test]
        if not any(name.startswith("value") for name in test):
            missing.append("value")
        if missing:
            yield f"Observation: without {', '.join(missing)}"


def _patient(resource: Mapping[str, object]) -> dict[str, object]:
    names = [name for name in _all(resource, "name") if isinstance(name, dict)]
    name = names[0] if names else {}
    return {
        "family": name.get("family", name.get("text")),
        "given": name.get("given", []),
        "birth_date": resource.get("birthDate"),
    }


def _test(resource: Mapping[str, object]) -> dict[str, object]:
    return {
        "status": resource.get("status"),
        "code": _code(resource, "code"),
        "result": _code(resource, "valueCodeableConcept") or resource.get("valueString"),
        "sampled_at": resource.get("effectiveDateTime"),
        "laboratory": next((_at(item, "display") for item in _all(resource, "performer")), None),
    }


def _code(resource: Mapping[str, object], name: str) -> object:
    return next((_at(coding, "code") for coding in _all(resource, name, "coding")), None)


def _at(value: object, *path: str) -> object:
    """What stands at a path of members; None where it ends."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _all(value: object, *path: str) -> list[object]:
    found = _at(value, *path)
    return found if isinstance(found, list) else []


def _moment(value: object) -> datetime:
    """A NumericDate, which may have a fraction. Raises ContainerError."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ContainerError(Reason.BAD_CLAIMS)
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise ContainerError(Reason.BAD_CLAIMS) from error
