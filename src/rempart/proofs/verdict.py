"""One question for every certificate: does it hold, at that moment, for those who trust these keys?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Protocol

from rempart.proofs import dcc, dcc_schema, revocation, shc, twoddoc
from rempart.proofs.reasons import ContainerError, Kind, Reason
from rempart.proofs.revocation import NOTHING_REVOKED, Revocations
from rempart.proofs.trust import TrustList


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer. `claims` are what the certificate says, true only as far as `valid`."""

    kind: Kind
    reason: Reason
    claims: Mapping[str, object] = field(default_factory=dict)  # JSON values; empty when it cannot be opened
    warnings: tuple[str, ...] = ()  # departures from the format's content rules

    @property
    def valid(self) -> bool:
        return self.reason is Reason.OK


class Judge(Protocol):
    def __call__(self, *, trust: TrustList, at: datetime) -> Reason: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A certificate read but not judged."""

    kind: Kind
    claims: Mapping[str, object]
    warnings: tuple[str, ...]
    judge: Judge = field(repr=False)
    fingerprints: Callable[[], tuple[bytes, ...]] = field(repr=False)  # under which it may be revoked
    key_id: bytes = b""  # which key says it signed; empty when the form has none
    key_id_signed: bool = True  # False: anybody may have written it


def kind_of(text: str) -> Kind:
    """What a text claims to be."""
    if text.startswith(dcc.PREFIX):
        return Kind.EU_DCC
    if text.startswith(shc.PREFIX):
        return Kind.SHC
    if twoddoc.claims_to_be(text):
        return Kind.TWODDOC
    return Kind.UNKNOWN


def open_text(text: str) -> Opened:
    """Read an `HC1:`, `shc:/` or 2D-DOC text without judging it. Raises ContainerError with the reason.

    White space around may belong to it (the last character of a Base45 text, a byte of a binary 2D-DOC), or have been
    added by copying: it is read as it stands, then without.
    """
    readers: dict[Kind, Callable[[str], Opened]] = {
        Kind.EU_DCC: _open_dcc,
        Kind.TWODDOC: _open_2ddoc,
        Kind.SHC: _open_shc,
    }
    reader = readers.get(kind_of(text.lstrip()))
    if reader is None:
        raise ContainerError(Reason.NOT_RECOGNISED)
    bare = text.lstrip().rstrip("\r\n\t")
    for candidate in dict.fromkeys((text, bare, bare.rstrip(" "))):
        try:
            return reader(candidate)
        except ContainerError as error:
            failure = error
    raise failure


def verify(text: str, *, trust: TrustList, at: datetime, revoked: Revocations = NOTHING_REVOKED) -> Verdict:
    """Judge an `HC1:`, `shc:/` or 2D-DOC text at an aware moment. Never raises on the text's content.

    Container, signature, key identifier, key usage, dates and revocation decide; departures from the schema and
    the value sets are warnings. What a certificate is worth (a negative test of last week) is for the rules of the day.
    """
    try:
        opened = open_text(text)
    except ContainerError as error:
        return Verdict(kind=kind_of(text.lstrip()), reason=error.reason)
    reason = opened.judge(trust=trust, at=at)
    # A bare key holds under any identifier: one that somebody wrote beside the signature leads past its list.
    is_known = opened.key_id_signed or not trust.for_key_id(b"")
    key_id = opened.key_id if is_known else None
    if reason is Reason.OK and revoked and revoked.has(opened.fingerprints(), key_id=key_id):
        reason = Reason.REVOKED
    return Verdict(kind=opened.kind, reason=reason, claims=opened.claims, warnings=opened.warnings)


def _open_dcc(text: str) -> Opened:
    envelope = dcc.read(text)
    return Opened(
        kind=Kind.EU_DCC,
        claims=envelope.claims(),
        warnings=dcc_schema.deviations(envelope.certificate),
        judge=partial(dcc.judge, envelope),
        fingerprints=partial(revocation.of_dcc, envelope),
        key_id=envelope.message.key_id,
        key_id_signed=envelope.message.key_id_signed,
    )


def _open_2ddoc(text: str) -> Opened:
    document = twoddoc.read(text)
    return Opened(
        kind=Kind.TWODDOC,
        claims=document.claims(),
        warnings=twoddoc.deviations(document),
        judge=partial(twoddoc.judge, document),
        fingerprints=partial(revocation.of_2ddoc, document),
    )


def _open_shc(text: str) -> Opened:
    card = shc.read(text)
    return Opened(
        kind=Kind.SHC,
        claims=card.claims(),
        warnings=shc.deviations(card),
        judge=partial(shc.judge, card),
        fingerprints=card.fingerprints,
    )
