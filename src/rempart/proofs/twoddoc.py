"""2D-DOC: issue test certificates (type B2), open and judge any document of versions 01 to 04.

ANTS, "Spécifications techniques des codes à barres 2D-Doc", 3.1.3 (text form, called C40): a header, data
identifiers with their values, US, and a raw ECDSA signature in Base32 over everything before US.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec

from rempart.proofs.reasons import ContainerError, Reason
from rempart.proofs.signing import Signer, curve_hash, der_signature
from rempart.proofs.transliteration import capitals
from rempart.proofs.trust import TrustedKey, TrustList
from rempart.proofs.twoddoc_fields import BY_TYPE, RESULTS, SEXES, Field

GS, RS, US = "\x1d", "\x1e", "\x1f"
_ZONE = ZoneInfo("Europe/Paris")  # header dates are days of the French calendar
_EPOCH = date(2000, 1, 1)
_UNDATED = "FFFF"
_MAX_TEXT = 8_192  # characters; the largest DataMatrix holds 2,335
_MAX_FIRST_NAMES = 6
_HEADER = re.compile(
    r"DC(?P<version>0[1-4])(?P<authority>[A-Z0-9]{4})(?P<certificate_id>[A-Z0-9]{4})"
    r"(?P<emitted>[0-9A-F]{4})(?P<signed>[0-9A-F]{4})(?P<type>[A-Z0-9]{2})"
)
_PRINTED = {"<GS>": GS, "<RS>": RS, "<US>": US, "\u241d": GS, "\u241e": RS, "\u241f": US}


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A 2D-DOC opened, not yet judged."""

    version: str
    authority: str
    certificate_id: str
    emitted_on: date | None  # None: undated
    signed_on: date | None
    type: str
    perimeter: str
    country: str
    fields: dict[str, str]  # by data identifier, when the type is a known one
    unread: tuple[str, ...] = ()  # identifier and value together, when it is not
    truncated: tuple[str, ...] = ()  # identifiers whose value was cut to fit
    annexe: str = ""  # not signed
    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    def claims(self) -> dict[str, object]:
        """What it says, as JSON can hold it; `fields` as transmitted, the rest by name."""
        names = BY_TYPE.get(self.type, {})
        claims: dict[str, object] = {
            "version": self.version,
            "authority": self.authority,
            "certificate_id": self.certificate_id,
            "document_type": self.type,
            "perimeter": self.perimeter,
            "country": self.country,
            "emitted_on": self.emitted_on.isoformat() if self.emitted_on else None,
            "signed_on": self.signed_on.isoformat() if self.signed_on else None,
            "fields": self.fields,
        }
        claims |= {names[key].name: _readable(names[key].name, value) for key, value in self.fields.items()}
        optional = {"unread": list(self.unread), "truncated": list(self.truncated), "annexe": self.annexe}
        return claims | {name: value for name, value in optional.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class TestFields:
    """What a B2 document says. `sampled_at` is the local civil time of the place of sampling."""

    first_names: tuple[str, ...]
    birth_name: str
    birth_date: date
    sex: str  # M, F, U
    loinc: str  # with or without its hyphen
    result: str  # P, N, I, X
    sampled_at: datetime


def issue(
    content: TestFields, signer: Signer, *, authority: str, certificate_id: str, issued_at: datetime
) -> str:
    """The text of a signed B2 document, version 04, perimeter 01, country FR.

    Names are transliterated and, when longer than their field, cut (RS instead of GS says so). Raises
    ValueError for a sex, result, LOINC code or signer's name that the format cannot hold.
    """
    today = _days(issued_at.astimezone(_ZONE).date())
    header = f"DC04{authority}{certificate_id}{today}{today}B201FR"
    if not _HEADER.fullmatch(header[:22]):
        raise ValueError(
            f"Authority and certificate id are 4 of A–Z, 0–9 each, not {authority!r}, {certificate_id!r}."
        )
    signed = header + _message(content)
    signature = base64.b32encode(signer.sign(signed.encode("ascii"))).decode("ascii").rstrip("=")
    return f"{signed}{US}{signature}"


def _message(content: TestFields) -> str:
    loinc = content.loinc.replace("-", "")
    if content.sex not in SEXES or content.result not in RESULTS:
        raise ValueError("Sex is one of M, F, U and result one of P, N, I, X.")
    if not re.fullmatch(r"[A-Z0-9]{3,7}", loinc):
        raise ValueError("F4 takes a LOINC code of 3 to 7 letters or digits.")
    names = BY_TYPE["B2"]
    return (
        f"F0{_first_names(content.first_names, names['F0'].longest)}"
        f"F1{_variable(capitals(content.birth_name), names['F1'].longest)}"
        f"F2{content.birth_date:%d%m}{content.birth_date.year:04}F3{content.sex}"
        f"F4{loinc}{GS if len(loinc) < names['F4'].longest else ''}"
        f"F5{content.result}F6{content.sampled_at:%d%m%Y%H%M}"
    )


def _first_names(names: tuple[str, ...], longest: int) -> str:
    """At most six names between `/`; whole names are left out before one is cut."""
    spelled = [name for name in map(capitals, names) if name]
    kept = spelled[:_MAX_FIRST_NAMES]
    while len(kept) > 1 and len("/".join(kept)) > longest:
        kept.pop()
    value = "/".join(kept)
    return value + RS if len(kept) < len(spelled) and len(value) <= longest else _variable(value, longest)


def _variable(value: str, longest: int) -> str:
    return value[:longest] + RS if len(value) > longest else value + GS


def with_separators(text: str) -> str:
    """The text with its real separators, where a reader printed `<GS>` or a control picture instead."""
    for printed, separator in _PRINTED.items():
        text = text.replace(printed, separator)
    return text


def read(text: str) -> Document:
    """Open a 2D-DOC text (separators real or printed) without judging it. Raises ContainerError, whatever the text."""
    if len(text) > _MAX_TEXT:
        raise ContainerError(Reason.TOO_LARGE)
    signed, separator, rest = with_separators(text).partition(US)
    header = _HEADER.match(signed)
    if header is None:
        raise ContainerError(Reason.BAD_HEADER)
    if not separator:
        raise ContainerError(Reason.UNSIGNED)
    try:
        signed_bytes = signed.encode("iso-8859-1")
    except UnicodeEncodeError as error:
        raise ContainerError(Reason.BAD_CHARACTERS) from error
    version, kind = header["version"], header["type"]
    length = {"03": 24, "04": 26}.get(version, 22)
    if len(signed) < length:
        raise ContainerError(Reason.BAD_HEADER)
    signature, annexe = _signature(rest, version)
    fields, unread, truncated = _parse(signed[length:], BY_TYPE.get(kind, {}))
    return Document(
        version=version,
        authority=header["authority"],
        certificate_id=header["certificate_id"],
        emitted_on=_day(header["emitted"]),
        signed_on=_day(header["signed"]),
        type=kind,
        perimeter=signed[22:24] if length > 22 else "01",
        country=signed[24:26] if length > 24 else "",
        fields=fields,
        unread=unread,
        truncated=truncated,
        annexe=annexe,
        signed=signed_bytes,
        signature=signature,
    )


def _signature(text: str, version: str) -> tuple[bytes, str]:
    """The raw signature, and the annexe after it. Version 01 may carry the bytes as they are (Base256)."""
    encoded, _, annexe = text.partition(GS)
    letters = encoded.strip().rstrip("=").upper()
    try:
        return base64.b32decode(letters + "=" * (-len(letters) % 8)), annexe
    except (binascii.Error, ValueError) as error:
        if version == "01" and (raw := text.encode("iso-8859-1", "ignore")):
            return raw, ""
        raise ContainerError(Reason.UNSIGNED) from error


def _parse(message: str, known: dict[str, Field]) -> tuple[dict[str, str], tuple[str, ...], tuple[str, ...]]:
    """Values by identifier as far as the type is known, then the rest in pieces, as it stands.

    Tolerated, because seen in the field: GS after a fixed value, a variable value of full length without
    GS, and one below it whose end only the next identifier shows.
    """
    fields: dict[str, str] = {}
    truncated: list[str] = []
    rest = message.lstrip(GS)
    while rest and (definition := known.get(rest[:2])) and rest[:2] not in fields:
        identifier, body = rest[:2], rest[2:]
        end = _end(body, definition, known)
        fields[identifier], rest = body[:end], body[end:]
        if rest.startswith(RS):
            truncated.append(identifier)
        rest = rest[1:] if rest[:1] in (GS, RS) else rest
        rest = rest.lstrip(GS)
    return fields, tuple(piece for piece in re.split(f"[{GS}{RS}]", rest) if piece), tuple(truncated)


def _end(body: str, definition: Field, known: dict[str, Field]) -> int:
    if definition.fixed:
        return definition.longest
    for index, character in enumerate(body[: definition.longest + 1]):
        if character in (GS, RS):
            return index
    for length in range(min(definition.longest, len(body)), definition.shortest - 1, -1):
        if len(body) == length or body[length : length + 2] in known:
            return length
    return min(definition.longest, len(body))


def deviations(document: Document) -> tuple[str, ...]:
    """What a B2 or L1 document lacks or holds beyond its definition: warnings, never a refusal."""
    return tuple(_deviations(document))


def _deviations(document: Document) -> Iterator[str]:
    known = BY_TYPE.get(document.type)
    if known is None:
        yield f"{document.type}: a type this reader does not know; its fields are shown as they stand"
        return
    for identifier, definition in known.items():
        value = document.fields.get(identifier)
        if value is None:
            yield f"{identifier}: missing"
        elif not definition.shortest <= len(value) <= definition.longest:
            yield f"{identifier}: {len(value)} characters"
        elif definition.name in ("birth_date", "sampled_at", "vaccinated_on") and not value.isdecimal():
            yield f"{identifier}: not a date"
    for identifier, allowed in (("F3", SEXES), ("F5", RESULTS)):
        if document.fields.get(identifier, "") not in allowed | {""}:
            yield f"{identifier}: not one of {', '.join(sorted(allowed))}"
    if document.unread:
        yield "unread: data after the fields of this type"


def judge(document: Document, *, trust: TrustList, at: datetime) -> Reason:
    """Whether signature, key and dates hold at the moment `at` (aware); the first reason why not.

    The signer's certificate must have been valid on the day of signature (specification, section 5.1).
    """
    candidates = trust.for_document(document.authority, document.certificate_id)
    if not candidates:
        return Reason.KEY_UNKNOWN
    reasons = [_judge_key(key, document, at) for key in candidates if _verifies(document, key)]
    if not reasons:
        return Reason.BAD_SIGNATURE
    return Reason.OK if Reason.OK in reasons else reasons[0]


def _judge_key(key: TrustedKey, document: Document, at: datetime) -> Reason:
    today = at.astimezone(_ZONE).date()
    if any(day is not None and day > today for day in (document.emitted_on, document.signed_on)):
        return Reason.NOT_YET_VALID
    day = document.signed_on or today
    if key.not_before is not None and day < key.not_before.astimezone(_ZONE).date():
        return Reason.KEY_NOT_YET_VALID
    if key.not_after is not None and day > key.not_after.astimezone(_ZONE).date():
        return Reason.KEY_EXPIRED
    return Reason.OK


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


def _days(day: date) -> str:
    return f"{(day - _EPOCH).days:04X}"


def _day(days: str) -> date | None:
    return None if days == _UNDATED else _EPOCH + timedelta(days=int(days, 16))


def _readable(name: str, value: str) -> object:
    """A field's value as a reader expects it: names in a list, dates in ISO 8601 when they are ones."""
    if name == "first_names":
        return [part for part in value.split("/") if part]
    try:
        if name == "sampled_at":
            return datetime.strptime(value, "%d%m%Y%H%M").replace(tzinfo=UTC).strftime("%Y-%m-%dT%H:%M")
        if name in ("birth_date", "vaccinated_on"):
            return date(int(value[4:]), int(value[2:4]), int(value[:2])).isoformat()
    except ValueError:
        return value  # a lunar or partly unknown date stays as it was written
    return value
