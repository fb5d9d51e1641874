"""Read a trust service status list: who may issue signers' certificates, since when, by which certificates.

ETSI TS 102 231 version 3 (namespace `02231/v2`), later TS 119 612. The file is somebody else's: no entity, no DTD, no
network, bounded size; when it is held against a signer's certificate, only what that signature covers is read.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rempart.proofs.signing import load_certificate

if TYPE_CHECKING:
    from lxml.etree import _Element

_LIMIT = 4_000_000  # bytes; ANTS's list of 2025 is well under 1 MB
_NS = "{http://uri.etsi.org/02231/v2#}"
_ROOT = f"{_NS}TrustServiceStatusList"
_AUTHORITY = re.compile(r"[A-Z0-9]{4}")
_ISSUES_CERTIFICATES = "/Svctype/CA/PKC"  # other services (OCSP, CRL, list issuer) certify no signer
_GRANTED = frozenset({"inaccord", "granted"})  # TS 102 231, then TS 119 612
_REVOKED = frozenset({"revoked"})


class TslError(Exception):
    """A list that cannot be used; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A status of a service, from a moment on."""

    status: str  # the last part of its URI: inaccord, granted, expired, suspended, revoked…
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service that issues certificates."""

    authority: str  # 4 characters, FR03
    provider: str
    name: str
    phases: tuple[Phase, ...]  # oldest first; the last one is the present one
    certificates: tuple[bytes, ...]  # of the authority, DER

    @property
    def revoked(self) -> bool:
        """Whether its approval was taken back, which undoes what it was before."""
        return self.phases[-1].status in _REVOKED

    def granted(self) -> tuple[tuple[datetime, datetime], ...]:
        """When it was approved, from and to; nothing for a service that is revoked now."""
        if self.revoked:
            return ()
        ends = [phase.since for phase in self.phases[1:]] + [datetime.max.replace(tzinfo=UTC)]
        return tuple(
            (phase.since, end)
            for phase, end in zip(self.phases, ends, strict=True)
            if phase.status in _GRANTED
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustServices:
    """A list as read."""

    sequence: int
    issued_at: datetime
    next_update: datetime | None  # None: the list is closed, nothing follows
    operator: str
    territory: str
    services: tuple[Service, ...]
    signature_checked: bool  # False: nobody knows who wrote it

    def stale(self, at: datetime) -> bool:
        """Whether a newer list had to be there at that moment."""
        return self.next_update is not None and at > self.next_update


def parse(data: bytes, *, signer: bytes | None, at: datetime) -> TrustServices:
    """Read a list at an aware moment.

    `signer` is the certificate (PEM or DER) that must have signed the whole of it (XML signature, XAdES or not) and be
    valid then; without one the signature is not looked at, and `signature_checked` says so. Raises TslError for a list
    that is too large, cut, no such list, of the future, not signed by `signer`, or changed since.
    """
    if len(data) > _LIMIT:
        raise TslError(f"The list is larger than {_LIMIT // 1_000_000} MB.")
    root = _element(data) if signer is None else _signed(data, signer, at)
    if root.tag != _ROOT:
        raise TslError("This is no trust service status list (TrustServiceStatusList, ETSI TS 102 231).")
    scheme = _child(root, "SchemeInformation")
    sequence = _text(scheme, "TSLSequenceNumber")
    if not sequence.isdecimal() or len(sequence) > 9:
        raise TslError("TSLSequenceNumber is no number.")
    issued_at = _moment(_text(scheme, "ListIssueDateTime"), "ListIssueDateTime")
    if issued_at > at:
        raise TslError(f"The list was issued on {issued_at:%Y-%m-%d}, later than the moment it is used at.")
    next_update = _text(scheme, "NextUpdate", "dateTime")
    return TrustServices(
        sequence=int(sequence),
        issued_at=issued_at,
        next_update=_moment(next_update, "NextUpdate") if next_update else None,
        operator=_text(scheme, "SchemeOperatorName", "Name"),
        territory=_text(scheme, "SchemeTerritory"),
        services=tuple(_services(root)),
        signature_checked=signer is not None,
    )


def _element(data: bytes) -> _Element:
    from lxml import etree

    try:
        root = etree.fromstring(data, _parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        raise TslError("The list is not well-formed XML; it was probably cut.") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise TslError("The list brings a DTD, which no such list needs.")
    return root


def _signed(data: bytes, signer: bytes, at: datetime) -> _Element:
    """The element that the signer's signature covers: the whole list, without the signature. Raises TslError."""
    from lxml import etree
    from signxml.exceptions import SignXMLException
    from signxml.verifier import SignatureConfiguration, XMLVerifier

    _element(data)
    try:
        certificate = load_certificate(signer)
    except ValueError as error:
        raise TslError("The certificate of the list's signer cannot be read.") from error
    expected = SignatureConfiguration(location="./", expect_references=True, verification_time=at)
    try:
        results = XMLVerifier().verify(data, x509_cert=certificate, parser=_parser(), expect_config=expected)
    except (SignXMLException, etree.LxmlError, ValueError, TypeError, KeyError) as error:
        raise TslError(f"The list is not signed by the certificate it is held against: {error}") from error
    covered = [result.signed_xml for result in (results if isinstance(results, list) else [results])]
    whole = [element for element in covered if element is not None and element.tag == _ROOT]
    if len(whole) != 1:
        raise TslError("The signature does not cover the whole list.")
    return whole[0]


def _parser() -> object:
    from lxml import etree

    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=False
    )


def _services(root: _Element) -> Iterator[Service]:
    for provider in root.iterfind(f"{_NS}TrustServiceProviderList/{_NS}TrustServiceProvider"):
        information = _child(provider, "TSPInformation")
        names = [(name.text or "").strip() for name in information.iterfind(f"{_NS}TSPTradeName/{_NS}Name")]
        authority = next((name for name in names if _AUTHORITY.fullmatch(name)), None)
        if authority is None:
            continue  # it signs no 2D-DOC: these are named by four characters
        for service in provider.iterfind(f"{_NS}TSPServices/{_NS}TSPService"):
            current = _child(service, "ServiceInformation")
            if not _text(current, "ServiceTypeIdentifier").endswith(_ISSUES_CERTIFICATES):
                continue
            before = service.iterfind(f"{_NS}ServiceHistory/{_NS}ServiceHistoryInstance")
            yield Service(
                authority=authority,
                provider=_text(information, "TSPName", "Name"),
                name=_text(current, "ServiceName", "Name"),
                phases=(*sorted(map(_phase, before), key=lambda phase: phase.since), _phase(current)),
                certificates=tuple(_certificates(current)),
            )


def _phase(element: _Element) -> Phase:
    return Phase(
        status=_text(element, "ServiceStatus").rstrip("/").rpartition("/")[2],
        since=_moment(_text(element, "StatusStartingTime"), "StatusStartingTime"),
    )


def _certificates(service: _Element) -> Iterator[bytes]:
    path = f"{_NS}ServiceDigitalIdentity/{_NS}DigitalId/{_NS}X509Certificate"
    for certificate in service.iterfind(path):
        try:
            yield base64.b64decode("".join((certificate.text or "").split()), validate=True)
        except (binascii.Error, ValueError) as error:
            raise TslError("X509Certificate is not Base64.") from error


def _child(element: _Element, name: str) -> _Element:
    found = element.find(f"{_NS}{name}")
    if found is None:
        raise TslError(f"The list lacks {name}; it was probably cut.")
    return found


def _text(element: _Element, *path: str) -> str:
    """The text at a path; empty where there is none. Of names in several languages the first."""
    return (element.findtext("/".join(f"{_NS}{name}" for name in path)) or "").strip()


def _moment(text: str, name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise TslError(f"{name} is no time.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)  # TS 102 231, 5.2.3: times are UTC
