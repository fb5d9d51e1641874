"""Pages of the keys and certificates of a laboratory: its biologist's, and every one for the operator."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from rempart.foundation.access.accounts.policy import accounts_on
from rempart.foundation.access.actor import Actor
from rempart.foundation.access.machines import services
from rempart.foundation.access.machines.services import Fault, KeyRefused, Made
from rempart.foundation.access.models import ClientCertificate, MachineKey
from rempart.foundation.access.rights import Right, Where, granted
from rempart.foundation.access.uploads import Fault as UploadFault
from rempart.foundation.identifiers import finess

_MOST_CERTIFICATE = 20_000  # bytes
_SOON = timedelta(days=30)

_FAULTS: dict[Fault, Promise] = {
    Fault.TOO_MANY: _("Ce laboratoire a déjà dix clés valables : révoquez-en une d’abord."),
    Fault.DAYS: _("Cette durée n’est pas permise."),
    Fault.RIGHTS: _("Cet usage n’est pas de ceux d’une machine."),
    Fault.STATE: _("Cette clé n’est plus valable, ou elle a déjà été renouvelée."),
    Fault.UNREADABLE: _("Ce fichier n’est ni un certificat (PEM ou DER), ni une clé publique SSH."),
    Fault.WEAK: _("Cette clé est trop faible : Ed25519, ECDSA, ou RSA d’au moins 3072 bits."),
    Fault.EXPIRED: _("Ce certificat a expiré."),
    Fault.KNOWN: _("Ce certificat est déjà enregistré, ou l’a été."),
    Fault.LABORATORY: _("L’annuaire ne connaît pas ce laboratoire."),
}


class KeyForm(forms.Form):
    """What a new key is for, in the laboratory's own words."""

    name = forms.CharField(
        label=_("Nom de la clé"),
        help_text=_("Le logiciel ou l’automate qui s’en servira, par exemple : SIL du plateau technique"),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class CertificateForm(forms.Form):
    """A certificate or public SSH key of the laboratory's machine, as a file."""

    name = forms.CharField(
        label=_("Nom du certificat ou de la clé"),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    file = forms.FileField(
        label=_("Certificat (PEM ou DER), ou clé publique SSH"),
        help_text=_("Sans la clé privée : elle ne quitte jamais le laboratoire."),
        widget=forms.FileInput(attrs={"accept": ".pem,.crt,.cer,.der,.pub"}),
    )

    def clean_file(self) -> bytes:
        given = self.cleaned_data["file"]
        if given.size > _MOST_CERTIFICATE:
            raise forms.ValidationError(str(_FAULTS[Fault.UNREADABLE]), code=UploadFault.TOO_LARGE)
        content = bytes(given.read())
        if b"PRIVATE KEY" in content:
            raise forms.ValidationError(
                _(
                    "Ce fichier contient une clé privée : n’envoyez que la partie publique, et changez cette clé."
                )
            )
        return content


@require_GET
def keys(request: HttpRequest) -> HttpResponse:
    """The keys of my laboratory; of the one that is asked for, for whoever keeps them all."""
    return _page(request)


@require_POST
def make(request: HttpRequest) -> HttpResponse:
    """A new key, shown this once on the page that answers."""
    form = KeyForm(request.POST)
    if not form.is_valid():
        return _page(request, key_form=form)
    try:
        made = services.create_key(
            actor=_actor(request),
            laboratory=_laboratory(request),
            name=form.cleaned_data["name"],
            now=_now(request),
        )
    except KeyRefused as refused:
        messages.error(request, str(_FAULTS[refused.fault]))
        return _back(request)
    return _page(request, made=made)


@require_POST
def rotate(request: HttpRequest, key_id: UUID) -> HttpResponse:
    """The key that takes over, shown this once."""
    try:
        made = services.rotate_key(actor=_actor(request), key_id=key_id, now=_now(request))
    except KeyRefused as refused:
        messages.error(request, str(_FAULTS[refused.fault]))
        return _back(request)
    return _page(request, made=made, rotated=True)


@require_POST
def revoke(request: HttpRequest, key_id: UUID) -> HttpResponse:
    services.revoke_key(actor=_actor(request), key_id=key_id, now=_now(request))
    messages.success(request, _("La clé est révoquée : elle n’ouvre plus rien."))
    return _back(request)


@require_POST
def add_certificate(request: HttpRequest) -> HttpResponse:
    form = CertificateForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, certificate_form=form)
    try:
        services.add_certificate(
            actor=_actor(request),
            laboratory=_laboratory(request),
            name=form.cleaned_data["name"],
            content=form.cleaned_data["file"],
            now=_now(request),
        )
    except KeyRefused as refused:
        form.add_error("file", str(_FAULTS[refused.fault]))
        return _page(request, certificate_form=form)
    messages.success(request, _("Le certificat est enregistré."))
    return _back(request)


@require_POST
def revoke_certificate(request: HttpRequest, certificate_id: UUID) -> HttpResponse:
    services.revoke_certificate(actor=_actor(request), certificate_id=certificate_id, now=_now(request))
    messages.success(request, _("Le certificat est révoqué."))
    return _back(request)


def _page(
    request: HttpRequest,
    *,
    key_form: KeyForm | None = None,
    certificate_form: CertificateForm | None = None,
    made: Made | None = None,
    rotated: bool = False,
) -> HttpResponse:
    actor, laboratory, now = _actor(request), _laboratory(request), _now(request)
    context: dict[str, Any] = {
        "asks_which": granted(actor.role, Right.KEYS_MANAGE).where is Where.NATION,
        "laboratory": laboratory,
        "key_form": key_form or KeyForm(),
        "certificate_form": certificate_form or CertificateForm(),
        "made": made,
        "rotated": rotated,
        "overlap": accounts_on(now.date()).key_overlap.days,
    }
    if laboratory:
        try:
            held = services.held(actor=actor, laboratory=laboratory)
        except KeyRefused as refused:
            messages.error(request, str(_FAULTS[refused.fault]))
        else:
            replaced = {key.replaces for key in held.keys if key.revoked_at is None}
            context |= {
                "held": held,
                "whose": f"{held.laboratory} · {held.name}",
                "keys": [(key, *_state(key, now), key.id not in replaced) for key in held.keys],
                "certificates": [(one, *_state(one, now)) for one in held.certificates],
            }
    return render(request, "access/machine_keys.html", context)


def _state(one: MachineKey | ClientCertificate, now: datetime) -> tuple[bool, Promise, str]:
    """Whether it holds, and that in a word and a colour."""
    if one.revoked_at is not None:
        return False, _("révoquée"), "neutral"
    if one.expires_at <= now:
        return False, _("expirée"), "neutral"
    if one.expires_at <= now + _SOON:
        return True, _("bientôt expirée"), "warning"
    return True, _("valable"), "success"


def _laboratory(request: HttpRequest) -> str:
    """The laboratory that is meant: the actor's own, or the one that was asked for by its number."""
    actor = _actor(request)
    if granted(actor.role, Right.KEYS_MANAGE).where is Where.ESTABLISHMENT:
        return actor.laboratory
    asked = request.POST.get("laboratoire") or request.GET.get("laboratoire", "")
    return finess.normalise(asked) if finess.is_valid(asked) else ""


def _back(request: HttpRequest) -> HttpResponse:
    laboratory = _laboratory(request)
    if laboratory == _actor(request).laboratory:
        return redirect("machine-keys")
    return HttpResponseRedirect(f"{reverse('machine-keys')}?laboratoire={laboratory}")


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined,no-any-return]


def _now(request: HttpRequest) -> datetime:
    return request.now  # type: ignore[attr-defined,no-any-return]
