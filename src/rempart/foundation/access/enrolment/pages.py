"""Pages: ask for a laboratory's account, confirm the address, bring the code back; the help desk's own."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from rempart.foundation.access.accounts.policy import accounts_on, civil_day
from rempart.foundation.access.actor import Actor
from rempart.foundation.access.enrolment import services
from rempart.foundation.access.enrolment.rules import Check
from rempart.foundation.access.enrolment.services import CodeRefused, Unchecked
from rempart.foundation.directories.models import Laboratory
from rempart.foundation.identifiers import finess
from rempart.foundation.vault import keyring_of

_CHECKS = (
    (Check.CALLED_BACK, _("J’ai rappelé le laboratoire au numéro de l’annuaire, pas à celui de l’appel.")),
    (Check.RESPONSIBLE, _("Le responsable du laboratoire m’a confirmé la demande.")),
    (Check.EMAIL, _("L’adresse électronique m’a été épelée, et c’est celle de la demande.")),
)


class FinessField(forms.CharField):
    """The number of an establishment, with its key."""

    def __init__(self) -> None:
        super().__init__(
            label=_("Numéro FINESS du laboratoire"),
            help_text=_("Neuf chiffres ; c’est aussi son numéro d’Assurance maladie."),
            max_length=14,
            widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
        )

    def clean(self, value: Any) -> str:
        text = str(super().clean(value))
        if not finess.is_valid(text):
            raise forms.ValidationError(_("Ce numéro n’est pas un numéro FINESS : vérifiez-le."))
        return finess.normalise(text)


class AskForm(forms.Form):
    establishment = FinessField()
    name = forms.CharField(
        label=_("Votre prénom et votre nom"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    email = forms.EmailField(
        label=_("Votre adresse électronique professionnelle"),
        help_text=_("Elle sera votre identifiant."),
        max_length=80,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    again = forms.EmailField(
        label=_("La même adresse, une seconde fois"),
        max_length=80,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    conditions = forms.BooleanField(label=_("J’accepte les conditions d’utilisation"))

    def clean(self) -> None:
        data = self.cleaned_data
        if data.get("email") and data.get("again") and data["email"].lower() != data["again"].lower():
            self.add_error("again", _("Les deux adresses ne sont pas les mêmes."))


class CodeForm(forms.Form):
    establishment = FinessField()
    email = forms.EmailField(
        label=_("L’adresse électronique de votre demande"),
        max_length=80,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    code = forms.CharField(
        label=_("Code de la lettre"),
        help_text=_("Dix caractères, par exemple K7QWM-2ZRTA"),
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autocapitalize": "characters"}),
    )


@require_http_methods(["GET", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for an account by the laboratory's number."""
    form = AskForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        services.ask(
            request=services.Request(
                establishment=given["establishment"], name=given["name"], email=given["email"]
            ),
            keyring=keyring_of(settings.KEY_STORE),
            origin=_origin(request),
            now=_now(request),
        )
        return redirect("laboratory-asked")
    return render(request, "access/laboratory_ask.html", {"form": form})


@require_GET
def asked(request: HttpRequest) -> HttpResponse:
    """What happens now; the same for everybody."""
    policy = accounts_on(civil_day(_now(request)))
    return render(request, "access/laboratory_asked.html", {"days": policy.letter.days})


@require_http_methods(["GET", "POST"])
def email(request: HttpRequest, token: str) -> HttpResponse:
    """Confirm the address: by a button, for mail servers open links."""
    if request.method == "POST":
        if services.confirm_email(token=token, origin=_origin(request), now=_now(request)):
            messages.success(request, _("Votre adresse est confirmée."))
        else:
            messages.error(request, _("Ce lien ne vaut plus rien : demandez le compte une nouvelle fois."))
        return redirect("laboratory-code")
    return render(request, "access/laboratory_email.html")


@require_http_methods(["GET", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """Bring the code of the letter back."""
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.redeem(
                **form.cleaned_data,
                keyring=keyring_of(settings.KEY_STORE),
                origin=_origin(request),
                now=_now(request),
            )
        except CodeRefused:
            form.add_error(
                "code",
                _("Ce code n’ouvre rien. Vérifiez-le, ainsi que le numéro et l’adresse de votre demande."),
            )
        else:
            return render(request, "access/laboratory_done.html")
    return render(request, "access/laboratory_code.html", {"form": form})


@require_GET
def conditions(request: HttpRequest) -> HttpResponse:
    """The conditions of use."""
    return render(
        request,
        "access/conditions.html",
        {"version": accounts_on(civil_day(_now(request))).conditions},
    )


@require_GET
def help_desk(request: HttpRequest) -> HttpResponse:
    """Who waits for a letter, by the number of his laboratory."""
    asked_for = request.GET.get("laboratoire", "")
    number = finess.normalise(asked_for) if finess.is_valid(asked_for) else ""
    found = services.waiting(actor=_actor(request), establishment=number, now=_now(request)) if number else []
    context = {
        "asked_for": asked_for,
        "number": number,
        "wrong": bool(asked_for) and not number,
        "found": found,
        "laboratory": Laboratory.objects.filter(finess=number).first() if number else None,
        "checks": _CHECKS,
    }
    return render(request, "access/help_desk.html", context)


@require_POST
def unblock(request: HttpRequest, enrolment_id: UUID) -> HttpResponse:
    """Open the account of somebody who cannot wait."""
    done = {Check(one) for one in request.POST.getlist("checks") if one in list(Check)}
    try:
        services.unblock(
            actor=_actor(request),
            enrolment_id=enrolment_id,
            checks=done,
            keyring=keyring_of(settings.KEY_STORE),
            now=_now(request),
        )
    except Unchecked:
        messages.error(
            request,
            _("Rien n’est débloqué : chaque vérification est nécessaire, et l’adresse doit être confirmée."),
        )
    else:
        messages.success(
            request, _("Le compte est débloqué : la personne reçoit un lien pour choisir son mot de passe.")
        )
    number = request.POST.get("laboratoire", "")
    query = f"?laboratoire={finess.normalise(number)}" if finess.is_valid(number) else ""
    return HttpResponseRedirect(reverse("help-desk") + query)


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined,no-any-return]


def _now(request: HttpRequest) -> datetime:
    return request.now  # type: ignore[attr-defined,no-any-return]


def _origin(request: HttpRequest) -> str:
    return request.origin  # type: ignore[attr-defined,no-any-return]
