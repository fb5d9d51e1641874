"""Sheets of one page that say what to do: information, hygiene, handover, orientation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from rempart.proofs import barcodes
from rempart.proofs.documents import printing
from rempart.proofs.documents.certificate import SEXES
from rempart.proofs.documents.printing import printable, unbroken
from rempart.proofs.documents.templates import template
from rempart.proofs.documents.texts import filled, paragraphs, printed, runs, texts_of
from rempart.proofs.testcertificate import Sex
from rempart.proofs.typesetting import typeset

_CODE = re.compile(r"[0-9A-Za-z-]{1,40}")
_LINK = re.compile(r"https?://[!-~]{1,290}")
_LONGEST_FACT = 90  # characters; two lines, which the longest analysis needs
_LONGEST_ISSUER = 60
_LONGEST_SITES = 160  # characters of all together
Fact = tuple[str, str, str]
"""A label, the same in English, a value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """The code by which a person declares a positive test in an application, and what leads there.

    Raises ValueError for a code that is not 1 to 40 letters, digits and hyphens, and for a link that is not one.
    """

    application: str  # its name: "TousAntiCovid"
    code: str = field(repr=False)
    link: str = field(repr=False)  # opens the application with the code; printed as a QR code
    until: date | None = None  # the day before which it is to be used

    def __post_init__(self) -> None:
        if not _CODE.fullmatch(self.code):
            raise ValueError("A declaration code has 1 to 40 letters, digits and hyphens.")
        check_link(self.link)


@dataclass(frozen=True, slots=True, kw_only=True)
class InformationSheet:
    """What a person with a positive result does now. It names nobody."""

    issuer: str
    disease: str  # "COVID-19"
    sampled_at: datetime  # aware
    zone: str = "Europe/Paris"  # IANA name of the legal time where the sample was taken
    laboratory_name: str = ""
    reference: str = ""  # the patient's own reference
    has_report: bool = False  # whether the laboratory's report (annex 4.1.4) downloads beside it
    declaration: Declaration | None = None
    at: datetime  # when the sheet is made; aware


@dataclass(frozen=True, slots=True, kw_only=True)
class HygieneSheet:
    """What everybody does so that nobody else falls ill."""

    issuer: str
    disease: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverSheet:
    """What a laboratory site prints with the certificate of a patient without telephone and mail."""

    issuer: str
    laboratory_name: str
    site_finess: str
    birth_name: str = field(repr=False)
    first_names: tuple[str, ...] = field(repr=False)
    birth_date: date | None = field(repr=False)
    sex: Sex
    ins: str = field(default="", repr=False)  # matricule
    loinc: str = ""
    analysis_label: str
    sampled_at: datetime  # aware
    zone: str = "Europe/Paris"
    received_at: datetime | None = None  # when the platform took the result in
    destroy_by: datetime  # 72 hours or 6 months after sampling; said on the sampling place's clock
    application: str = ""  # to be recommended, with these sites
    sites: tuple[str, ...] = ()
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OrientationSheet:
    """Whom to see without telephone and mail."""

    issuer: str
    disease: str
    portal: str  # its address as people type it: "sidep.gouv.fr"
    at: datetime


def render_information(sheet: InformationSheet) -> bytes:
    """The PDF of the information sheet, at most 40 kB; the same bytes for the same values. Raises RenderError."""
    texts = texts_of("information", printing.issued_day(sheet.at))
    sampled = sheet.sampled_at.astimezone(ZoneInfo(sheet.zone))
    values = {"disease": sheet.disease} | _made(sheet.issuer, sheet.at)
    report = texts["report_beside" if sheet.has_report else "report_later"]
    facts = [
        (*texts["sampled_label"], printing.day_and_time(sampled)),
        (*texts["laboratory_label"], sheet.laboratory_name),
        (*texts["reference_label"], sheet.reference),
    ]
    return _typeset(
        texts,
        values,
        facts=facts,
        notice=f"{texts['notice']} {report}",
        code=declared(sheet.declaration, texts) if sheet.declaration else None,
        issuer=sheet.issuer,
        at=sheet.at,
    )


def render_hygiene(sheet: HygieneSheet) -> bytes:
    """The PDF of the hygiene sheet, at most 40 kB; the same bytes for the same values. Raises RenderError."""
    texts = texts_of("hygiene", printing.issued_day(sheet.at))
    values = {"disease": sheet.disease} | _made(sheet.issuer, sheet.at)
    return _typeset(texts, values, issuer=sheet.issuer, at=sheet.at)


def render_handover(sheet: HandoverSheet) -> bytes:
    """The PDF of the handover sheet, at most 40 kB; the same bytes for the same values. Raises RenderError."""
    texts = texts_of("handover", printing.issued_day(sheet.at))
    zone = ZoneInfo(sheet.zone)
    facts = [
        (texts["family_name"], "", sheet.birth_name),
        (texts["first_names"], "", ", ".join(sheet.first_names)),
        (texts["birth_date"], "", printing.day(sheet.birth_date) if sheet.birth_date else ""),
        (texts["sex"], "", SEXES[sheet.sex][0]),
        (texts["ins"], "", sheet.ins),
        (texts["test"], "", f"{sheet.loinc} {sheet.analysis_label}".strip()),
        (texts["sampled"], "", printing.day_and_time(sheet.sampled_at.astimezone(zone))),
        (
            texts["received"],
            "",
            printing.day_and_time(sheet.received_at.astimezone(zone)) if sheet.received_at else "",
        ),
        (texts["site"], "", f"{sheet.laboratory_name} (FINESS {sheet.site_finess})"),
    ]
    values = {
        "destroy": printing.day_and_time(sheet.destroy_by.astimezone(zone)),
        "application": sheet.application,
    } | _made(sheet.issuer, sheet.at)
    return _typeset(
        texts,
        values,
        facts=facts,
        notice=texts["destroy"],
        long={"sites": unbroken(", ".join(sheet.sites), longest=_LONGEST_SITES)},
        issuer=sheet.issuer,
        at=sheet.at,
    )


def render_orientation(sheet: OrientationSheet) -> bytes:
    """The PDF of the orientation sheet, at most 40 kB; the same bytes for the same values. Raises RenderError."""
    texts = texts_of("orientation", printing.issued_day(sheet.at))
    values = {"disease": sheet.disease, "portal": sheet.portal} | _made(sheet.issuer, sheet.at)
    return _typeset(texts, values, issuer=sheet.issuer, at=sheet.at)


def declared(declaration: Declaration, texts: Mapping[str, Any]) -> dict[str, object]:
    """What a template prints of a declaration code."""
    until = filled(texts["code_until"], {"day": printing.day(declaration.until)}) if declaration.until else ""
    values = printed({"application": declaration.application}) | {"until": until}
    return {
        "title": filled(texts["code_title"], values),
        "before": paragraphs(texts.get("code_before", ()), values),
        "text": declaration.code,
        "link": declaration.link,
        "after": paragraphs(texts["code_after"], values),
        "picture": list(barcodes.qr(declaration.link)),
        "alt": filled(texts["code_alt"], values),
    }


def check_link(link: str) -> None:
    """Raises ValueError for what is not an address of at most 300 ASCII characters."""
    if not _LINK.fullmatch(link):
        raise ValueError("A link starts with https:// or http:// and has at most 300 ASCII characters.")


def _made(issuer: str, at: datetime) -> dict[str, str]:
    return {"issuer": issuer, "made": printing.day(printing.issued_day(at))}


def _typeset(
    texts: Mapping[str, Any],
    values: Mapping[str, str],
    *,
    issuer: str,
    at: datetime,
    facts: list[Fact] | None = None,
    notice: str = "",
    code: dict[str, object] | None = None,
    long: Mapping[str, str] | None = None,
) -> bytes:
    """`long` has values as they are printed, which may be longer than those of a sentence."""
    safe = printed(values) | dict(long or {})
    phone = (
        {"number": filled(texts["phone"], {}), "label": filled(texts["phone_label"], {})}
        if "phone" in texts
        else None
    )
    data = {
        "issuer": printable(issuer, longest=_LONGEST_ISSUER),
        "size": texts["size"],  # points
        "mark": texts["mark"],
        "title": filled(texts["title"], safe),
        "subtitle": filled(texts.get("subtitle", ""), safe),
        "notice": runs(notice, safe),
        "lead": paragraphs(texts.get("lead", ()), safe),
        "facts": [
            (label, english, printable(value, longest=_LONGEST_FACT), "")
            for label, english, value in facts or ()
            if value
        ],
        "sections": [
            {"title": filled(section["title"], safe), "points": paragraphs(section["points"], safe)}
            for section in texts["section"]
        ],
        "code": code,
        "blanks": texts.get("blanks", ()),
        "phone": phone,
        "english": paragraphs(texts.get("english", ()), safe),
        "foot": runs(texts["foot"], safe),
        "date": printing.parts(printing.issued_day(at)),
    }
    return typeset(template("sheet.typ"), data, at=at)
