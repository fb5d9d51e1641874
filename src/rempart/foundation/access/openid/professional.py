"""Who Pro Santé Connect says a professional is: its claims as a value, with what is missing or malformed.

Source: claims of the userinfo endpoint, as ANS's samples show them (certificates reference §11). The national
identifier is 8 and the RPPS (PSIdNat); test accounts carry others, which have no RPPS. Codes come bare
("10") or with their object identifier ("10^1.2.250.1.213.1.1.5.5").
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rempart.foundation.access.openid.claims import Fault, Finding, Reader
from rempart.foundation.identifiers import finess, rpps

_CODE = re.compile(r"[0-9A-Za-z]{1,12}", re.ASCII)
_RPPS_BEHIND_PREFIX = re.compile(r"8[0-9]{11}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """One place where a professional works. `site` and `legal` are FINESS numbers with the right key, or empty
    (a practice has none)."""

    site: str
    legal: str
    sector: str  # TRE_R02: SA07 private practice, SA25 laboratory, SA33 pharmacy…
    section: str  # of the table of pharmacists: A owner, D deputy, G biologist…
    organisation: str

    @property
    def establishments(self) -> tuple[str, ...]:
        """Its FINESS numbers, the place before the juridical entity."""
        return tuple(number for number in (self.site, self.legal) if number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice:
    """One profession that somebody exercises."""

    profession: str  # TRE_G15: 10 doctor, 21 pharmacist…
    category: str  # C civilian, M military, E student
    skill: str  # TRE_R38: SM03 medical biology…
    activities: tuple[Activity, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Professional:
    """A professional as the provider describes him; `rpps` is empty when the number is missing or wrong."""

    subject: str
    national_id: str
    rpps: str
    given_name: str
    family_name: str
    sector: str
    roles: tuple[str, ...]
    practices: tuple[Practice, ...]
    findings: tuple[Finding, ...]

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip()


def professional_of(claims: object) -> Professional:
    """Read the claims. Never raises: what cannot be read is empty, and named in `findings`."""
    reader = Reader(claims)
    national_id = reader.text("SubjectNameID") or reader.text("preferred_username", required=True)
    return Professional(
        subject=reader.text("sub", required=True),
        national_id=national_id,
        rpps=_rpps(reader, national_id),
        given_name=reader.text("given_name", required=True),
        family_name=reader.text("family_name", required=True),
        sector=_code(reader, "Secteur_Activite"),
        roles=tuple(role.partition("^")[0] for role in reader.texts("SubjectRole")),
        practices=tuple(_practice(one) for one in reader.inside("SubjectRefPro").each("exercices")),
        findings=tuple(reader.findings),
    )


def _rpps(reader: Reader, national_id: str) -> str:
    if not national_id:
        return ""
    if not _RPPS_BEHIND_PREFIX.fullmatch(national_id):
        reader.find("SubjectNameID", Fault.MALFORMED)
        return ""
    number = national_id[1:]
    if not rpps.is_rpps(number):
        reader.find("SubjectNameID", Fault.KEY)
        return ""
    return number


def _practice(reader: Reader) -> Practice:
    return Practice(
        profession=_code(reader, "codeProfession", required=True),
        category=_code(reader, "codeCategorieProfessionnelle"),
        skill=_code(reader, "codeSavoirFaire"),
        activities=tuple(_activity(one) for one in reader.each("activities")),
    )


def _activity(reader: Reader) -> Activity:
    return Activity(
        site=_finess(reader, "numeroFinessSite"),
        legal=_finess(reader, "numeroFinessetablissementJuridique"),
        sector=_code(reader, "codeSecteurDactivite"),
        section=_code(reader, "codeSectionPharmacien"),
        organisation=reader.text("raisonSocialeSite"),
    )


def _code(reader: Reader, name: str, *, required: bool = False) -> str:
    code = reader.text(name, required=required).partition("^")[0]
    if code and not _CODE.fullmatch(code):
        reader.find(name, Fault.MALFORMED)
        return ""
    return code


def _finess(reader: Reader, name: str) -> str:
    text = reader.text(name)
    if not text:
        return ""
    number = finess.parse(text)
    if not number.valid:
        shape = finess.FinessFault.SHAPE in number.faults
        reader.find(name, Fault.MALFORMED if shape else Fault.KEY)
        return ""
    return number.number
