"""The patient's portal: reference, birth date, one-time code; then the result and its certificate.

The reference leaves the address at once: it waits in the session, and no later page, log or history
holds it. What a step answers never tells which part was wrong.
"""

from __future__ import annotations

from datetime import UTC, datetime

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_safe

from rempart.foundation.terminology import pathogen
from rempart.foundation.vault import Keyring, keyring_of
from rempart.screening.fields import BirthDateField
from rempart.screening.portal import visits
from rempart.screening.portal.services import certifying, opening, showing
from rempart.screening.rules.attempts import Challenge
from rempart.screening.signing.signers import signers

_REFERENCE, _BY_LINK, _CODE = "portal-reference", "portal-by-link", "portal-code"


class IdentityForm(forms.Form):
    """What a person shows first: the reference he was sent, and his birth date."""

    reference = forms.CharField(
        label=_("Référence"),
        max_length=200,  # the whole link, as people paste it
        help_text=_("Elle figure à la fin du lien que vous avez reçu par SMS ou par courriel."),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    birth_date = BirthDateField(
        label=_("Votre date de naissance"),
        widget=forms.TextInput(attrs={"autocomplete": "bday", "inputmode": "numeric"}),
    )


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("Code à 6 chiffres"),
        max_length=12,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}
        ),
    )


@require_safe
def arrive(request: HttpRequest, reference: str) -> HttpResponse:
    """The link of the message: keep the reference aside and go where no address shows it."""
    request.session.flush()
    request.session[_REFERENCE], request.session[_BY_LINK] = reference[:40], True
    return redirect("portal")


def identify(request: HttpRequest) -> HttpResponse:
    """First step: reference and birth date; a code is sent if they are right.

    Who came by the link is not asked for the reference, and the page does not hold it.
    """
    form = IdentityForm(request.POST or None)
    if request.session.get(_BY_LINK):
        del form.fields["reference"]
    next(iter(form.fields.values())).widget.attrs["autofocus"] = True
    if request.method == "POST" and form.is_valid():
        if typed := form.cleaned_data.get("reference"):
            request.session[_REFERENCE] = typed.strip().rsplit("/", 1)[-1][:40]
        challenge = opening.ask_code(
            reference=request.session[_REFERENCE],
            birth_date=form.cleaned_data["birth_date"],
            keyring=_keyring(),
            origin=_origin(request),
            now=_now(request),
        )
        request.session[_CODE] = [challenge.digest.hex(), challenge.until.timestamp()]
        return redirect("portal-code")
    return render(request, "portal/identify.html", {"form": form})


def enter_code(request: HttpRequest) -> HttpResponse:
    """Second step: the code."""
    reference, expected = request.session.get(_REFERENCE), request.session.get(_CODE)
    if not reference or not expected:
        return redirect("portal")
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        proof = opening.open_result(
            reference=reference,
            challenge=Challenge(
                digest=bytes.fromhex(expected[0]), until=datetime.fromtimestamp(expected[1], UTC)
            ),
            code=form.cleaned_data["code"],
            keyring=_keyring(),
            origin=_origin(request),
            now=_now(request),
        )
        if proof is not None:
            visits.open_with_proof(request.session, proof, now=_now(request))
            return redirect("portal-result")
        form.add_error(
            "code",
            _(
                "Ce code ne convient pas, ou n’est plus valable. Vérifiez-le, ou recommencez avec votre date de naissance."
            ),
        )
    return render(request, "portal/code.html", {"form": form})


@require_GET
def result(request: HttpRequest) -> HttpResponse:
    """The result, what it means, and the certificate."""
    proof = _proof(request)
    if proof is None:
        return closed(request)
    shown = showing.show(
        proof=proof,
        keyring=_keyring(),
        pathogen=pathogen(settings.PATHOGEN),
        origin=_origin(request),
        now=_now(request),
    )
    listed = visits.visit_of(request.session, now=_now(request)) is not None
    return render(request, "portal/result.html", {"shown": shown, "listed": listed})


@require_GET
def certificate(request: HttpRequest) -> HttpResponse:
    """The certificate as PDF: shown, or saved with ?telecharger."""
    proof = _proof(request)
    if proof is None:
        return closed(request)
    pdf = certifying.certificate(
        proof=proof,
        keyring=_keyring(),
        pathogen=pathogen(settings.PATHOGEN),
        signers=signers(settings.KEY_STORE),
        origin=_origin(request),
        now=_now(request),
    )
    kind = "attachment" if "telecharger" in request.GET else "inline"
    return HttpResponse(
        pdf,
        content_type="application/pdf",
        headers={"Content-Disposition": f'{kind}; filename="certificat-de-test.pdf"'},
    )


def _proof(request: HttpRequest) -> str | None:
    return visits.proof_of(request.session, now=_now(request))


def closed(request: HttpRequest) -> HttpResponse:
    """Back to the beginning; who was in and stayed too long is told so."""
    if visits.was_open(request.session):
        request.session.flush()
        messages.info(
            request,
            _(
                "Par sécurité, votre consultation s’est fermée. Pour la reprendre, ouvrez de nouveau le lien de votre message."
            ),
        )
    return redirect("portal")


def _now(request: HttpRequest) -> datetime:
    return request.now  # type: ignore[attr-defined,no-any-return]


def _origin(request: HttpRequest) -> str:
    return request.origin  # type: ignore[attr-defined,no-any-return]


def _keyring() -> Keyring:
    return keyring_of(settings.KEY_STORE)
