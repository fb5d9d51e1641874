"""Who FranceConnect says a citizen is: the pivot identity, as a value, with what is missing or malformed.

Source: FranceConnect's data page and its scopes (certificates reference §10). The family name is the birth
name, in capitals with accents; presumed birth dates end in -01-01 or -01, so that the first of a month may
be presumed; the place is INSEE's code, empty for who was born abroad; the country is 99100 for France.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from rempart.foundation.access.openid.claims import Fault, Finding, Reader

FRANCE = "99100"
_SUBJECT = re.compile(r"[0-9a-f]{64}v1", re.ASCII)
_COMMUNE = re.compile(r"[0-9][0-9AB][0-9]{3}", re.ASCII)
_COUNTRY = re.compile(r"99[0-9]{3}", re.ASCII)
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", re.ASCII)
_NAME = re.compile(r"(?=.*[^\W\d_])[^\d_<>]{1,120}")


class Sex(StrEnum):
    """As FranceConnect says it; the value is ours."""

    FEMALE = "F"
    MALE = "M"


_SEXES = {"female": Sex.FEMALE, "male": Sex.MALE}


@dataclass(frozen=True, slots=True, kw_only=True)
class PivotIdentity:
    """The identity that the State vouches for. A field that is missing or malformed is empty."""

    subject: str  # 64 hexadecimal digits and "v1": another one for every relying party
    birth_name: str
    given_names: tuple[str, ...]
    birth_date: date | None
    sex: Sex | None
    birth_place: str  # INSEE commune; empty abroad
    birth_country: str
    findings: tuple[Finding, ...]

    @property
    def maybe_presumed(self) -> bool:
        """Whether the birth date may stand for an unknown day: many share the first of January."""
        return self.birth_date is not None and self.birth_date.day == 1

    @property
    def complete(self) -> bool:
        """Whether it says everything that somebody is recognised by."""
        born = self.birth_place if self.birth_country == FRANCE else self.birth_country
        return bool(self.birth_name and self.given_names and self.birth_date and self.sex and born)


def pivot_identity_of(claims: object) -> PivotIdentity:
    """Read the claims. Never raises: what cannot be read is empty, and named in `findings`."""
    reader = Reader(claims)
    return PivotIdentity(
        subject=_matching(reader, "sub", _SUBJECT, required=True),
        birth_name=_matching(reader, "family_name", _NAME, required=True),
        given_names=_given_names(reader),
        birth_date=_birth_date(reader),
        sex=_sex(reader),
        birth_place=_matching(reader, "birthplace", _COMMUNE),
        birth_country=_matching(reader, "birthcountry", _COUNTRY, required=True),
        findings=tuple(reader.findings),
    )


def _matching(reader: Reader, name: str, pattern: re.Pattern[str], *, required: bool = False) -> str:
    text = reader.text(name, required=required)
    if text and not pattern.fullmatch(text):
        reader.find(name, Fault.MALFORMED)
        return ""
    return text


def _given_names(reader: Reader) -> tuple[str, ...]:
    """The list when it is there, else the one text, whose names a space parts."""
    names = reader.texts("given_name_array") or tuple(reader.text("given_name", required=True).split())
    good = tuple(name for name in names if _NAME.fullmatch(name))
    if len(good) != len(names):
        reader.find("given_name", Fault.MALFORMED)
        return ()
    return good


def _birth_date(reader: Reader) -> date | None:
    text = reader.text("birthdate", required=True)
    if not text:
        return None
    parts = _DATE.fullmatch(text)
    try:
        born = date(int(parts[1]), int(parts[2]), int(parts[3])) if parts else None
    except ValueError:
        born = None
    if born is None:
        reader.find("birthdate", Fault.MALFORMED)
    return born


def _sex(reader: Reader) -> Sex | None:
    said = reader.text("gender", required=True)
    if said and said not in _SEXES:
        reader.find("gender", Fault.MALFORMED)
    return _SEXES.get(said)
