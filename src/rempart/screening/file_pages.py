"""A tested person's file, on the page of the professional who has him before his eyes."""

from __future__ import annotations

from functools import partial

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from rempart.foundation.access.rights import Right
from rempart.foundation.identifiers import nir
from rempart.foundation.vault import keyring_of
from rempart.screening.services import files as service


class FileForm(forms.Form):
    """Three fields, all of them needed; sent by POST, so that no address holds them."""

    number = forms.CharField(
        label=_("Numéro de sécurité sociale"),
        help_text=_("15 caractères, comme sur la carte Vitale"),
        max_length=30,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    name = forms.CharField(
        label=_("Nom de naissance ou nom utilisé"),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    first_name = forms.CharField(
        label=_("Prénom"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    def clean_number(self) -> str:
        number = str(self.cleaned_data["number"])
        if not nir.parse(number).valid:
            raise forms.ValidationError(_("Ce numéro n’est pas un numéro de sécurité sociale : vérifiez-le."))
        return number


def _page(request: HttpRequest, *, right: Right, title: Promise, lead: Promise) -> HttpResponse:
    """Ask for the three fields; then the file, without any result, or the word that there is none."""
    form = FileForm(request.POST or None)
    found = None
    if request.method == "POST" and form.is_valid():
        found = service.find(
            actor=request.actor,  # type: ignore[attr-defined]
            right=right,
            keyring=keyring_of(settings.KEY_STORE),
            now=request.now,  # type: ignore[attr-defined]
            **form.cleaned_data,
        )
    sees = {group.name: True for group in request.actor.fields}  # type: ignore[attr-defined]
    context = {"form": form, "found": found, "title": title, "lead": lead, "sees": sees}
    return render(request, "screening/files.html", context)


sampling = require_http_methods(["GET", "POST"])(
    partial(
        _page,
        right=Right.FILES_SAMPLING,
        title=_("Fiche pour un prélèvement"),
        lead=_("Retrouvez la personne que vous prélevez. Les résultats n’y figurent jamais."),
    )
)
masks = require_http_methods(["GET", "POST"])(
    partial(
        _page,
        right=Right.FILES_MASKS,
        title=_("Fiche pour une remise de masques"),
        lead=_("Vérifiez l’identité de la personne à qui vous remettez des masques."),
    )
)
