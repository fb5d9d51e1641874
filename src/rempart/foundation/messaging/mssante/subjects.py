"""Who a certificate is of, compared as a person would: the order and the case of its parts do not matter.

The white list writes a subject as text ("CN=mx.example,OU=318310021300028,O=GIP,ST=Paris (75),C=FR"), a certificate
holds it as attributes. Both become the same set of pairs, or two different ones.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

from cryptography import x509
from cryptography.x509.oid import NameOID

Subject = frozenset[tuple[str, str, int]]
"""Attribute, value, and how often that pair stands; values in one case, with single spaces."""

_NAMES = {
    "CN": NameOID.COMMON_NAME, "COMMONNAME": NameOID.COMMON_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME, "ORGANIZATIONALUNITNAME": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "O": NameOID.ORGANIZATION_NAME, "ORGANIZATIONNAME": NameOID.ORGANIZATION_NAME,
    "ST": NameOID.STATE_OR_PROVINCE_NAME, "S": NameOID.STATE_OR_PROVINCE_NAME,
    "STATEORPROVINCENAME": NameOID.STATE_OR_PROVINCE_NAME,
    "L": NameOID.LOCALITY_NAME, "LOCALITYNAME": NameOID.LOCALITY_NAME,
    "C": NameOID.COUNTRY_NAME, "COUNTRYNAME": NameOID.COUNTRY_NAME,
    "SERIALNUMBER": NameOID.SERIAL_NUMBER, "STREET": NameOID.STREET_ADDRESS,
    "ORGANIZATIONIDENTIFIER": NameOID.ORGANIZATION_IDENTIFIER,
    "E": NameOID.EMAIL_ADDRESS, "EMAILADDRESS": NameOID.EMAIL_ADDRESS,
    "UID": NameOID.USER_ID, "DC": NameOID.DOMAIN_COMPONENT, "T": NameOID.TITLE, "TITLE": NameOID.TITLE,
    "SN": NameOID.SURNAME, "GN": NameOID.GIVEN_NAME,
}  # fmt: skip
_PART = re.compile(
    rf"(?:^|(?<!\\)[,;+/])\s*({'|'.join(_NAMES)}|(?:OID\.)?[0-9]+(?:\.[0-9]+)+)\s*=", re.IGNORECASE
)
_ESCAPED = re.compile(r"\\(?:([0-9A-Fa-f]{2})|(.))")


def subject_of_text(text: str) -> Subject:
    """The subject that a text writes, as RFC 4514 does, or OpenSSL ("/C=FR/O=…"), even with commas that nobody
    escaped. Raises ValueError for a text without any attribute."""
    found = list(_PART.finditer(text))
    if not found or text[: found[0].start()].strip():
        raise ValueError("not a subject: attributes such as CN=… are expected")
    ends = [after.start() for after in found[1:]] + [len(text)]
    return _numbered(
        (_attribute(part[1]), _unescaped(text[part.end() : end]))
        for part, end in zip(found, ends, strict=True)
    )


def subject_of(certificate: bytes) -> Subject:
    """The subject of a certificate in DER. Raises ValueError for what is none."""
    name = x509.load_der_x509_certificate(certificate).subject
    return _numbered(
        (one.oid.dotted_string, one.value if isinstance(one.value, str) else one.value.hex()) for one in name
    )


def _numbered(pairs: Iterable[tuple[str, str]]) -> Subject:
    counted: Counter[tuple[str, str]] = Counter((name, _plain(value)) for name, value in pairs)
    return frozenset((name, value, times) for (name, value), times in counted.items())


def _attribute(name: str) -> str:
    known = _NAMES.get(name.upper())
    return known.dotted_string if known is not None else name.upper().removeprefix("OID.")


def _unescaped(value: str) -> str:
    """RFC 4514: a backslash before a character, or before the two digits of a byte of UTF-8."""
    raw = _ESCAPED.sub(lambda found: chr(int(found[1], 16)) if found[1] else found[2], value)
    if "\\" in value:
        try:
            return raw.encode("latin-1").decode()
        except UnicodeError:
            return raw
    return raw


def _plain(value: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split())
