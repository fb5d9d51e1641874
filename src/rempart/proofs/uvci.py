"""UVCI: the identifier of one certificate.

Form used by SI-DEP: `URN:UVCI:01:FR:` + 12 characters + `#` + checksum (eHealth Network, "Guidelines
on verifiable vaccination certificates", annex 2, option 3; Luhn mod 38 of the same annex).
"""

from __future__ import annotations

import hashlib

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/:"
_VALUE = {character: value for value, character in enumerate(ALPHABET)}
_OPAQUE = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_OPAQUE_LENGTH = 12


def checksum(body: str) -> str:
    """Luhn mod 38 character of `body`, everything before `#` including `URN:UVCI:`.

    Raises ValueError for a character outside A–Z, 0–9, `/` and `:`.
    """
    total, factor = 0, 2
    for character in reversed(body):
        if character not in _VALUE:
            raise ValueError(f"A UVCI holds A–Z, 0–9, / and : only, not {character!r}.")
        product = factor * _VALUE[character]
        total += product // len(ALPHABET) + product % len(ALPHABET)
        factor = 3 - factor
    return ALPHABET[-total % len(ALPHABET)]


def derive(secret: bytes, *, country: str = "FR") -> str:
    """The UVCI of a certificate, the same for the same secret (62 bits of its SHA-256).

    `secret` must be random and known to the platform only (the certificate's own token), never a
    trait of the person: whoever guesses it could compute the identifier.
    """
    number = int.from_bytes(hashlib.sha256(b"uvci:" + secret).digest(), "big")
    opaque = ""
    for _ in range(_OPAQUE_LENGTH):
        number, digit = divmod(number, len(_OPAQUE))
        opaque += _OPAQUE[digit]
    body = f"URN:UVCI:01:{country}:{opaque}"
    return f"{body}#{checksum(body)}"


def is_consistent(uvci: str) -> bool:
    """Whether the checksum after `#` fits; a UVCI without `#` has nothing to contradict.

    Some issuers compute it in other ways, so a reader may warn but must not refuse.
    """
    body, separator, check = uvci.partition("#")
    if not separator:
        return True
    try:
        return checksum(body) == check
    except ValueError:
        return False
