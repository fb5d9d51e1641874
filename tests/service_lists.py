"""Small trust service status lists (ETSI TS 102 231) as ANTS's is laid out, with authorities, signers and their own CA."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml.xades import XAdESSigner

NS = "http://uri.etsi.org/02231/v2#"
DS = "http://www.w3.org/2000/09/xmldsig#"
C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
GRANTED = "http://uri.etsi.org/TrstSvc/Svcstatus/inaccord"
REVOKED = "http://uri.etsi.org/TrstSvc/Svcstatus/revoked"
EXPIRED = "http://uri.etsi.org/TrstSvc/Svcstatus/expired"
ISSUES = "http://uri.etsi.org/TrstSvc/Svctype/CA/PKC"
START, END = datetime(2015, 1, 1, tzinfo=UTC), datetime(2035, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A key and its certificate."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def private_bytes(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


def party(
    name: str,
    *,
    issuer: Party | None = None,
    ca: bool = False,
    start: datetime = START,
    end: datetime = END,
) -> Party:
    """A key with a certificate of that common name, issued by `issuer` or by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=0 if ca else None), critical=True)
    )
    return Party(key=key, certificate=builder.sign(issuer.key if issuer else key, hashes.SHA256()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An authority in a list: its present status and what was before, oldest first."""

    authority: str
    certificate: bytes
    status: str = GRANTED
    since: datetime = START
    before: tuple[tuple[str, datetime], ...] = ()
    kind: str = ISSUES


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What a list says; `xml` writes it."""

    entries: tuple[Entry, ...]
    sequence: str = "22"
    issued_at: str = "2021-01-01T00:00:00Z"
    next_update: str = "2021-07-01T00:00:00Z"
    extra: dict[str, str] = field(default_factory=dict)

    def xml(self) -> bytes:
        root = etree.Element(f"{{{NS}}}TrustServiceStatusList", nsmap={None: NS}, TSLTag="tag", Id="list")
        scheme = _add(root, "SchemeInformation")
        _add(scheme, "TSLVersionIdentifier", "3")
        _add(scheme, "TSLSequenceNumber", self.sequence)
        _add(_add(scheme, "SchemeOperatorName"), "Name", "Agence de test")
        _add(scheme, "SchemeTerritory", "FR")
        _add(scheme, "ListIssueDateTime", self.issued_at)
        update = _add(scheme, "NextUpdate")
        if self.next_update:
            _add(update, "dateTime", self.next_update)
        providers = _add(root, "TrustServiceProviderList")
        for entry in self.entries:
            _provider(providers, entry)
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


class _Signer(XAdESSigner):
    """Says for each reference how it was canonicalised, as the tools of European lists do; the library leaves it open."""

    def _add_reference_to_signed_info(
        self, sig_root: etree._Element, node: etree._Element, **attributes: str
    ) -> None:
        super()._add_reference_to_signed_info(sig_root, node, **attributes)
        reference = sig_root.findall(f"{{{DS}}}SignedInfo/{{{DS}}}Reference")[-1]
        transforms = etree.Element(f"{{{DS}}}Transforms")
        etree.SubElement(transforms, f"{{{DS}}}Transform", Algorithm=C14N)
        reference.insert(0, transforms)


def signed(data: bytes, signer: Party) -> bytes:
    """The list with an enveloped XAdES signature, as ANTS signs."""
    xades = _Signer(c14n_algorithm=C14N, signature_algorithm="ecdsa-sha256")
    pem = signer.certificate.public_bytes(serialization.Encoding.PEM).decode()
    key = signer.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return etree.tostring(xades.sign(etree.fromstring(data), key=key, cert=pem))


def _provider(providers: etree._Element, entry: Entry) -> None:
    provider = _add(providers, "TrustServiceProvider")
    information = _add(provider, "TSPInformation")
    _add(_add(information, "TSPName"), "Name", f"Autorité {entry.authority}")
    _add(_add(information, "TSPTradeName"), "Name", entry.authority)
    service = _add(_add(provider, "TSPServices"), "TSPService")
    current = _add(service, "ServiceInformation")
    _status(current, entry.kind, entry.status, entry.since, entry.certificate)
    history = _add(service, "ServiceHistory")
    for status, since in entry.before:
        _status(_add(history, "ServiceHistoryInstance"), entry.kind, status, since, b"")


def _status(parent: etree._Element, kind: str, status: str, since: datetime, certificate: bytes) -> None:
    _add(parent, "ServiceTypeIdentifier", kind)
    _add(_add(parent, "ServiceName"), "Name", "Certificats 2D-DOC")
    if certificate:
        identity = _add(_add(parent, "ServiceDigitalIdentity"), "DigitalId")
        _add(identity, "X509Certificate", base64.encodebytes(certificate).decode())
    _add(parent, "ServiceStatus", status)
    _add(parent, "StatusStartingTime", since.strftime("%Y-%m-%dT%H:%M:%SZ"))


def _add(parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
    element = etree.SubElement(parent, f"{{{NS}}}{name}")
    element.text = text
    return element
