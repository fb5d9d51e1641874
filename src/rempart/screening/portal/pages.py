"""The way into the portal: reference, birth date, one-time code; the language; and help for whoever has no telephone.

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
from django.views.decorators.http import require_POST, require_safe

from rempart.foundation.vault import Keyring, keyring_of
from rempart.screening.fields import BirthDateField
from rempart.screening.portal import languages, visits
from rempart.screening.portal.services import declaring, listing, opening
from rempart.screening.rules.attempts import Challenge

_REFERENCE, _BY_LINK, _CODE = "portal-reference", "portal-by-link", "portal-code"


class IdentityForm(forms.Form):
    """What a person shows first: the reference he was sent, and his birth date."""

    reference = forms.CharField(
        label=_("Référence"),
        max_length=200,  # the whole link, as people paste it
        help_text=_("Elle est à la fin du lien reçu par SMS ou par courriel."),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    birth_date = BirthDateField(
        label=_("Date de naissance de la personne testée"),
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
            many = listing.how_many(
                proof=proof, keyring=_keyring(), origin=_origin(request), now=_now(request)
            )
            seed = declaring.seed(reference, keyring=_keyring())
            visits.open_with_proof(request.session, proof, seed=seed, several=many > 1, now=_now(request))
            return redirect("portal-results" if many > 1 else "portal-result")
        form.add_error(
            "code",
            _(
                "Ce code ne convient pas, ou n’est plus valable. Relisez-le, ou recommencez avec la date de naissance."
            ),
        )
    return render(request, "portal/code.html", {"form": form})


@require_safe
def without_telephone(request: HttpRequest) -> HttpResponse:
    """Whom to see for whoever has neither mobile telephone nor mail."""
    return render(request, "portal/without_telephone.html")


@require_POST
def speak(request: HttpRequest) -> HttpResponse:
    """Change the language of these pages, and back to the page that asked."""
    back = request.POST.get("next", "")
    response = redirect(back if languages.leads_to(back, languages.PAGES) else "portal")
    languages.remember(response, request.POST.get("language", ""))
    return response


def closed(request: HttpRequest) -> HttpResponse:
    """Back to the beginning; who was in and stayed too long is told so."""
    if visits.was_open(request.session):
        request.session.flush()
        messages.info(
            request,
            _(
                "Par sécurité, votre consultation s’est fermée. Pour continuer, ouvrez encore le lien de votre message."
            ),
        )
    return redirect("portal")


def _now(request: HttpRequest) -> datetime:
    return request.now  # type: ignore[attr-defined,no-any-return]


def _origin(request: HttpRequest) -> str:
    return request.origin  # type: ignore[attr-defined,no-any-return]


def _keyring() -> Keyring:
    return keyring_of(settings.KEY_STORE)
