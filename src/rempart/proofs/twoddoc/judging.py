"""Whether a 2D-DOC holds, and what it says beside its definition."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import MAXYEAR, date, datetime
from zoneinfo import ZoneInfo

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec

from rempart.proofs.reasons import Reason
from rempart.proofs.signing import curve_hash, der_signature
from rempart.proofs.trust import Period, TrustedKey, TrustList
from rempart.proofs.twoddoc.document import Document
from rempart.proofs.twoddoc.fields import BY_TYPE, Field

ZONE = ZoneInfo("Europe/Paris")  # header dates are days of the French calendar


def judge(document: Document, *, trust: TrustList, at: datetime) -> Reason:
    """Whether signature, key and dates hold at the moment `at` (aware); the first reason why not.

    In the order of the specification, section 5.1: signature, an authority that vouches for the signer on the day of
    signature (where a list of authorities is used), revocation, the signer's certificate on the day of signature.
    """
    candidates = trust.for_document(document.authority, document.certificate_id)
    if not candidates:
        return Reason.KEY_UNKNOWN
    reasons = [_judge_key(key, document, at) for key in candidates if _verifies(document, key)]
    if not reasons:
        return Reason.BAD_SIGNATURE
    return Reason.OK if Reason.OK in reasons else reasons[0]


def _judge_key(key: TrustedKey, document: Document, at: datetime) -> Reason:
    today = at.astimezone(ZONE).date()
    if any(day is not None and day > today for day in (document.emitted_on, document.signed_on)):
        return Reason.NOT_YET_VALID
    day = document.signed_on or today
    if key.vouched is not None and not any(_contains(period, day) for period in key.vouched):
        return Reason.KEY_NOT_VOUCHED
    if key.revoked:
        return Reason.KEY_REVOKED
    if key.not_before is not None and day < key.not_before.astimezone(ZONE).date():
        return Reason.KEY_NOT_YET_VALID
    if key.not_after is not None and day > key.not_after.astimezone(ZONE).date():
        return Reason.KEY_EXPIRED
    return Reason.OK


def _contains(period: Period, day: date) -> bool:
    # The end of a phase may be the last moment there is, which no zone can be added to.
    return period.start.astimezone(ZONE).date() <= day and (
        period.end.year == MAXYEAR or day <= period.end.astimezone(ZONE).date()
    )


def _verifies(document: Document, key: TrustedKey) -> bool:
    public_key = key.public_key
    if not isinstance(public_key, ec.EllipticCurvePublicKey):
        return False
    size = public_key.curve.key_size
    signature = der_signature(document.signature, size)
    if signature is None:
        return False
    try:
        public_key.verify(signature, document.signed, ec.ECDSA(curve_hash(size)))
    except InvalidSignature:
        return False
    return True


def deviations(document: Document) -> tuple[str, ...]:
    """What a B2 or L1 document lacks or holds beyond its definition: warnings, never a refusal."""
    return tuple(_deviations(document))


def _deviations(document: Document) -> Iterator[str]:
    known = BY_TYPE.get(document.type)
    if known is None:
        yield f"{document.type}: a type this reader does not know; its fields are shown as they stand"
        return
    if document.emitted_on is None:
        yield "header: without its date of emission"
    if document.perimeter.lstrip("0") != "1":
        yield f"header: the perimeter of {document.type} is 01"
    for identifier, definition in known.items():
        value = document.fields.get(identifier)
        if value is None:
            yield f"{identifier}: missing"
        elif problem := _problem(value, definition):
            yield f"{identifier}: {problem}"
    if document.unread:
        yield "unread: data after the fields of this type"


def _problem(value: str, definition: Field) -> str:
    if not definition.shortest <= len(value) <= definition.longest:
        return f"{len(value)} characters"
    if definition.choices is not None and value not in definition.choices:
        return f"not one of {', '.join(sorted(definition.choices))}"
    if not definition.content.value.fullmatch(value):
        return "holds characters that its field does not allow"
    return ""
