"""Issue a 2D-DOC of type B2, "Test COVID", in text form."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from rempart.proofs.signing import Signer, load_certificate
from rempart.proofs.transliteration import capitals
from rempart.proofs.trust import document_names
from rempart.proofs.twoddoc.document import GS, RS, US
from rempart.proofs.twoddoc.fields import RESULTS, SEXES, TEST
from rempart.proofs.twoddoc.judging import ZONE
from rempart.proofs.twoddoc.text import days

_MAX_FIRST_NAMES = 6
_NAMES = 8  # characters of authority and certificate id
_NAME = re.compile(r"[A-Z0-9]{4}")
_LOINC = re.compile(r"[A-Z0-9]{3,7}")


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
    today = days(issued_at.astimezone(ZONE).date())
    header = f"DC04{authority}{certificate_id}{today}{today}B201FR"
    if not (_NAME.fullmatch(authority) and _NAME.fullmatch(certificate_id)):
        raise ValueError(
            f"Authority and certificate id are 4 of A–Z, 0–9 each, not {authority!r}, {certificate_id!r}."
        )
    signed = header + _message(content)
    signature = base64.b32encode(signer.sign(signed.encode("ascii"))).decode("ascii").rstrip("=")
    return f"{signed}{US}{signature}"


def names_of(signer: Signer) -> tuple[str, str]:
    """Authority and certificate id of a signer, from its certificate. Raises ValueError when it has none."""
    name = _name_in(signer.certificate)
    return name[:4], name[4:]


@lru_cache(maxsize=8)
def _name_in(certificate: bytes) -> str:
    for name in document_names(load_certificate(certificate)):
        if len(name) == _NAMES:  # 9 in the binary form
            return name
    raise ValueError("A 2D-DOC signer's certificate has 4-character names: issuer CN FR00, subject CN 0001.")


def _message(content: TestFields) -> str:
    loinc = content.loinc.replace("-", "")
    if content.sex not in SEXES or content.result not in RESULTS:
        raise ValueError("Sex is one of M, F, U and result one of P, N, I, X.")
    if not _LOINC.fullmatch(loinc):
        raise ValueError("F4 takes a LOINC code of 3 to 7 letters or digits.")
    sampled = content.sampled_at
    return (
        f"F0{_first_names(content.first_names, TEST['F0'].longest)}"
        f"F1{_variable(capitals(content.birth_name), TEST['F1'].longest)}"
        f"F2{_day(content.birth_date)}F3{content.sex}"
        f"F4{loinc}{GS if len(loinc) < TEST['F4'].longest else ''}"
        f"F5{content.result}F6{_day(sampled)}{sampled.hour:02}{sampled.minute:02}"
    )


def _day(day: date) -> str:
    return f"{day.day:02}{day.month:02}{day.year:04}"


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
