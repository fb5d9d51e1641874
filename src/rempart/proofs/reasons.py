"""Why a certificate holds or does not: codes that machines and people may rely on.

A code never changes its meaning; new ones may be added.
"""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What a text claims to be, by its first characters."""

    EU_DCC = "eu-dcc"
    TWODDOC = "2d-doc"
    SHC = "smart-health-card"
    UNKNOWN = "unknown"


class Reason(StrEnum):
    OK = "ok"
    # what was handed in
    NOT_RECOGNISED = "not-recognised"
    UNREADABLE_FILE = "unreadable-file"
    NO_CODE_FOUND = "no-code-found"
    TOO_LARGE = "too-large"
    # the container
    BAD_CHARACTERS = "bad-characters"
    BAD_BASE45 = "bad-base45"
    BAD_COMPRESSION = "bad-compression"
    BAD_CBOR = "bad-cbor"
    BAD_COSE = "bad-cose"
    BAD_CLAIMS = "bad-claims"
    BAD_HEADER = "bad-header"
    UNSIGNED = "unsigned"
    BAD_JWS = "bad-jws"
    ONE_PART = "one-part"
    # the key and the signature
    UNSUPPORTED_ALGORITHM = "unsupported-algorithm"
    KEY_ID_MISSING = "key-id-missing"
    KEY_UNKNOWN = "key-unknown"
    BAD_SIGNATURE = "bad-signature"
    KEY_USAGE = "key-usage"
    KEY_ISSUER = "key-issuer"
    KEY_NOT_VOUCHED = "key-not-vouched"
    KEY_REVOKED = "key-revoked"
    KEY_EXPIRED = "key-expired"
    KEY_NOT_YET_VALID = "key-not-yet-valid"
    # the dates
    NOT_YET_VALID = "not-yet-valid"
    EXPIRED = "expired"
    # what became of it
    REVOKED = "revoked"
    # what may be asked of it
    NO_RULES = "no-rules"


MEANING: dict[Reason, str] = {
    Reason.OK: "The signature and the dates hold.",
    Reason.NOT_RECOGNISED: "Neither an HC1: or shc:/ text, nor a 2D-DOC, nor a file that exists.",
    Reason.UNREADABLE_FILE: "The file could not be read as text, PNG or PDF.",
    Reason.NO_CODE_FOUND: "The file holds no certificate that could be read.",
    Reason.TOO_LARGE: "Larger than any certificate can be; it was not opened.",
    Reason.BAD_CHARACTERS: "It holds characters that its format does not allow.",
    Reason.BAD_BASE45: "The text after HC1: is not Base45; it was probably cut or changed.",
    Reason.BAD_COMPRESSION: "The content is not a compressed stream; it was probably cut or changed.",
    Reason.BAD_CBOR: "The content is not well-formed CBOR, or is nested too deeply.",
    Reason.BAD_COSE: "The content is not a COSE_Sign1 message.",
    Reason.BAD_CLAIMS: "The signed content lacks the claims of a health certificate.",
    Reason.BAD_HEADER: "The 2D-DOC header is cut or holds something unexpected.",
    Reason.UNSIGNED: "The 2D-DOC has no signature, or one that is not Base32.",
    Reason.BAD_JWS: "The content is not a compact JWS; it was probably cut or changed.",
    Reason.ONE_PART: "It is one part of a card in several codes, which is not read; ask for the card's file.",
    Reason.UNSUPPORTED_ALGORITHM: "The signature algorithm is not one that its format allows.",
    Reason.KEY_ID_MISSING: "The certificate does not say which key signed it.",
    Reason.KEY_UNKNOWN: "The key that signed it is not among the trusted ones.",
    Reason.BAD_SIGNATURE: "The signature does not fit the content and the trusted key.",
    Reason.KEY_USAGE: "The key may not sign this type of certificate.",
    Reason.KEY_ISSUER: "The key is trusted, but not for the issuer that the card names.",
    Reason.KEY_NOT_VOUCHED: "No authority of the trust list vouched for the signer's certificate on that day.",
    Reason.KEY_REVOKED: "The signer's certificate was revoked by its authority.",
    Reason.KEY_EXPIRED: "The signer's certificate had expired.",
    Reason.KEY_NOT_YET_VALID: "The signer's certificate was not valid yet.",
    Reason.NOT_YET_VALID: "It was issued later than the moment it is judged at.",
    Reason.EXPIRED: "It has expired.",
    Reason.REVOKED: "It was taken back.",
    Reason.NO_RULES: "No business rule in force asks anything of it; they are for EU certificates.",
}


class ContainerError(Exception):
    """A text that cannot be opened, with the reason."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(MEANING[reason])
        self.reason = reason
