"""What everybody may know: which data, why, for how long, and who. Made from the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from rempart.foundation.access.rights import Fields, Role, table
from rempart.foundation.retention import Kind, retention
from rempart.protection.accesses.words import FIELDS, ROLES
from rempart.protection.catalogue.entries import Form, Processing, processings, results_kept, tables
from rempart.protection.exchange.rules import policy_on

_NOBODYS = frozenset({"operation", "oversight"})
"""Processings without personal data, which the page leaves out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Treated:
    """One processing, in words."""

    processing: Processing
    data: tuple[str, ...]
    seen_by: tuple[str, ...]
    kept: tuple[str, ...]


@require_safe
def data_register(request: HttpRequest) -> HttpResponse:
    """Each processing of personal data, beside the notice that rights/ shows."""
    today = request.now.date()  # type: ignore[attr-defined]
    treated = [_treated(one, today) for code, one in processings().items() if code not in _NOBODYS]
    return render(request, "catalogue/register.html", {"treated": treated, "counts": _counts()})


def _treated(processing: Processing, today: date) -> Treated:
    groups = {
        group
        for one in tables()
        if one.processing is processing
        for field in one.fields
        for group in field.sees
    } | {group for right in processing.rights for group in table()[right].sees}
    roles = {role for right in processing.rights for role in table()[right].to}
    return Treated(
        processing=processing,
        data=tuple(str(FIELDS[group]) for group in Fields if group in groups) or (_own_words(processing),),
        seen_by=tuple(str(ROLES[role]) for role in Role if role in roles),
        kept=tuple(_kept(processing, today)),
    )


def _own_words(processing: Processing) -> str:
    """The data of a processing that holds no group of a person's fields."""
    return {
        "surveillance": _("jour, département, classe d’âge, sexe, résultat ; aucune identité"),
        "accounts": _("nom, rôle et organisme de l’agent ; ses actes et leurs dates"),
        "exchange": _("le contenu des fichiers, chiffré"),
    }.get(processing.code, "")


def _kept(processing: Processing, today: date) -> list[str]:
    said = []
    for kind in processing.kinds:
        if kind is Kind.RESULT:
            said += [
                _("%(what)s : %(days)s") % {"what": results, "days": _in_days(days)}
                for days, results in _by_days(results_kept()).items()
            ]
        elif kind is Kind.EXCHANGE:
            said.append(_("%(days)s au plus") % {"days": _in_days(max(policy_on(today).days))})
        else:
            found = retention(kind)
            said.append(
                _("%(what)s : %(days)s") % {"what": _(found.label), "days": _in_days(found.versions[-1].days)}
            )
    return said or [_("tant que la plateforme fonctionne, sans rien qui désigne une personne")]


def _by_days(results: Mapping[str, Mapping[str, int]]) -> Mapping[int, str]:
    """How long results are kept: a positive one may be kept longer."""
    found: dict[int, str] = {}
    for letters in results.values():
        for letter, days in letters.items():
            words = _("résultats positifs") if letter == "P" else _("autres résultats")
            found[days] = words if days not in found or found[days] == words else _("résultats")
    return dict(sorted(found.items()))


def _in_days(days: int) -> str:
    return _("1 jour") if days == 1 else _("%(days)s jours") % {"days": days}


def _counts() -> Mapping[str, int]:
    """How many fields there are, and how many of those that concern a person are sealed or digested."""
    fields = [field for one in tables() for field in one.fields]
    personal = [field for field in fields if field.sees]
    hidden = [field for field in personal if field.form in (Form.SEALED, Form.DIGEST)]
    return {"fields": len(fields), "personal": len(personal), "hidden": len(hidden)}
