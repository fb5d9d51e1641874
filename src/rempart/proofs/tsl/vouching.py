"""Which signers the authorities of a list vouch for, and when (ANTS, section 5.1).

A document is judged in this order: its signature, the chain from the signer's certificate to an authority of the list on
the day of signature, whether the certificate is revoked now (then whatever the day), its validity on the day of signature.
Between signer and authority no other certificate stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from rempart.proofs.signing import load_certificate
from rempart.proofs.trust import Period, TrustedKey, TrustList
from rempart.proofs.tsl.reading import Service, TrustServices


def vouched(
    trust: TrustList, services: TrustServices, *, crls: Iterable[x509.CertificateRevocationList] = ()
) -> TrustList:
    """The same keys, those of 2D-DOC signers only for as long as an authority of the list vouches for them.

    A bare key has no certificate, so nobody vouches for it. `crls` count when an authority of the list signed them.
    Keys of other certificates stay as they are.
    """
    authorities = [
        (service, certificate) for service in services.services for certificate in _certificates(service)
    ]
    lists = list(crls)
    return TrustList.of(
        [_with_chain(key, authorities, lists) if key.documents else key for key in trust.keys],
        skipped=trust.skipped,
    )


def _certificates(service: Service) -> Iterator[x509.Certificate]:
    for data in service.certificates:
        try:
            certificate = load_certificate(data)
            constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
            continue
        if constraints.ca:
            yield certificate


def _with_chain(
    key: TrustedKey,
    authorities: list[tuple[Service, x509.Certificate]],
    crls: list[x509.CertificateRevocationList],
) -> TrustedKey:
    if not key.certificate:
        return replace(key, vouched=())
    leaf = load_certificate(key.certificate)
    periods: list[Period] = []
    revoked = False
    for service, authority in authorities:
        if not any(name.startswith(service.authority) for name in key.documents) or not _issued(
            leaf, authority
        ):
            continue
        begins, ends = authority.not_valid_before_utc, authority.not_valid_after_utc
        granted = ((max(start, begins), min(end, ends)) for start, end in service.granted())
        periods.extend(Period(start, end) for start, end in granted if start <= end)
        revoked = revoked or any(_revoked(leaf, authority, crl) for crl in crls)
    return replace(key, vouched=tuple(periods), revoked=revoked)


def _issued(leaf: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        leaf.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _revoked(
    leaf: x509.Certificate, authority: x509.Certificate, crl: x509.CertificateRevocationList
) -> bool:
    public_key = authority.public_key()
    try:
        signed = crl.issuer == authority.subject and crl.is_signature_valid(public_key)  # type: ignore[arg-type]  # what it cannot be raises TypeError
    except (TypeError, UnsupportedAlgorithm):
        return False
    return signed and crl.get_revoked_certificate_by_serial_number(leaf.serial_number) is not None
