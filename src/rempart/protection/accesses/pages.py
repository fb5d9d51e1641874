"""Pages of the trail: the data-protection officer's search, and the person's own list of accesses."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from rempart.foundation.access.actor import Actor
from rempart.foundation.audit.catalogue import catalogue
from rempart.foundation.identifiers import nir
from rempart.foundation.vault import keyring_of
from rempart.protection.accesses import services as service
from rempart.protection.accesses.words import FIELDS, PURPOSES, ROLES, detailed, listed, word
from rempart.screening.fields import BirthDateField
from rempart.screening.portal import visits
from rempart.screening.portal.services import opening

_DAYS = ["%d/%m/%Y", "%Y-%m-%d"]
_KNOWN = [MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2999, 12, 31))]
"""Days that have a day before and after them, in every zone."""


class SearchForm(forms.Form):
    """Any of them; sent by POST, so that no address holds what is searched."""

    number = forms.CharField(
        label=_("Numéro de sécurité sociale"),
        required=False,
        max_length=30,
        help_text=_("13 ou 15 caractères"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    name = forms.CharField(
        label=_("Nom de naissance ou nom utilisé"),
        required=False,
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    birth_date = BirthDateField(
        label=_("Date de naissance"), required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    reference = forms.CharField(
        label=_("Référence reçue par la personne"),
        required=False,
        max_length=200,
        help_text=_("Le lien du message, ou ce qui le termine"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    key = forms.UUIDField(
        label=_("Clé"),
        required=False,
        help_text=_("D’un dossier, d’un résultat ou d’une personne"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"invalid": _("Une clé s’écrit ainsi : 0190a5f2-7b1c-7c3e-9d4f-2a6b8c0e1f35.")},
    )
    agent = forms.CharField(
        label=_("Agent"),
        required=False,
        max_length=80,
        help_text=_("Son identifiant de connexion"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    act = forms.ChoiceField(label=_("Acte"), required=False)
    since = forms.DateField(
        label=_("Du"),
        required=False,
        input_formats=_DAYS,
        validators=_KNOWN,
        help_text=_("Exemple : 01/11/2026"),
    )
    until = forms.DateField(
        label=_("Au"),
        required=False,
        input_formats=_DAYS,
        validators=_KNOWN,
        help_text=_("Ce jour compris"),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        labels = sorted((gettext(act.label), code) for code, act in catalogue().items())
        field = self.fields["act"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 -- said a few lines above, for mypy
        field.choices = [("", _("Tous")), *((code, label) for label, code in labels)]

    def clean_number(self) -> str:
        number = str(self.cleaned_data["number"])
        if number and not nir.parse(number).valid:
            raise forms.ValidationError(_("Ce numéro n’est pas un numéro de sécurité sociale : vérifiez-le."))
        return number

    def clean(self) -> None:
        data = self.cleaned_data
        if bool(data.get("name")) != bool(data.get("birth_date")) and not self.errors:
            raise forms.ValidationError(_("Un nom se cherche avec la date de naissance."))
        if data.get("since") and data.get("until") and data["until"] < data["since"]:
            raise forms.ValidationError(_("La période finit avant de commencer."))


@require_http_methods(["GET", "POST"])
def search(request: HttpRequest) -> HttpResponse:
    """Who opened whose file, and when: all that is said must hold."""
    form = SearchForm(request.POST if request.method == "POST" else None)
    found = None
    if form.is_valid():
        asked = service.Asked(**form.cleaned_data, zone=ZoneInfo(settings.TIME_ZONE))
        try:
            found = service.search(
                actor=_actor(request),
                asked=asked,
                keyring=keyring_of(settings.KEY_STORE),
                now=_now(request),
                after=request.POST.get("after", ""),
            )
        except service.NothingAsked:
            form.add_error(None, _("Indiquez au moins un critère."))
        except service.TooBroad:
            form.add_error(
                None,
                _(
                    "Sans personne ni agent, la période ne peut dépasser sept jours : indiquez un début et une fin."
                ),
            )
    context = {
        "form": form,
        "found": found,
        "rows": [_row(line) for line in found.lines] if found else [],
        "person": found.persons[0] if found and len(found.persons) == 1 else None,
        "again": [(name, value) for name, value in request.POST.items() if name in form.fields and value],
        "continued": bool(request.POST.get("after")),
    }
    return render(request, "accesses/search.html", context)


@require_GET
def mine(request: HttpRequest) -> HttpResponse:
    """Who had access to the visitor's data: when, what for, under whose authority."""
    actor = visitor(request)
    if actor is None:
        return redirect("portal")
    told = service.told_to(actor=actor, keyring=keyring_of(settings.KEY_STORE), now=_now(request))
    rows = [
        {
            "at": one.at,
            "what": gettext(one.what),  # data, with its English in the catalogue of the pages
            "who": _("Vous-même") if one.role == actor.role else word(ROLES, one.role),
            "organisation": one.organisation,
            "why": word(PURPOSES, one.purpose),
            "fields": listed(FIELDS, one.fields),
        }
        for one in told
    ]
    with_result = visits.proof_of(request.session, now=_now(request)) is not None
    return render(request, "accesses/mine.html", {"rows": rows, "with_result": with_result})


def _row(line: service.Line) -> dict[str, Any]:
    entry = line.entry
    declared = catalogue().get(entry.act)
    return {
        "entry": entry,
        "act": gettext(declared.label) if declared else entry.act,
        "who": (line.agent.name or line.agent.username) if line.agent else "",
        "username": line.agent.username if line.agent else "",
        "role": word(ROLES, entry.role),
        "why": word(PURPOSES, entry.purpose),
        "fields": listed(FIELDS, entry.fields),
        "details": detailed(entry.details),
        "subject": entry.subject if _is_key(entry.subject) else "",
    }


def _is_key(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def visitor(request: HttpRequest) -> Actor | None:
    """Whoever proved on the portal who he is, by one result or by FranceConnect; None when nobody is there."""
    now, origin = _now(request), request.origin  # type: ignore[attr-defined]
    visit = visits.visit_of(request.session, now=now)
    if visit is not None:
        return visit.actor(origin)
    proof = visits.proof_of(request.session, now=now)
    return opening.visitor(proof=proof, origin=origin, now=now) if proof else None


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined,no-any-return]


def _now(request: HttpRequest) -> datetime:
    return request.now  # type: ignore[attr-defined,no-any-return]
