"""A person registers herself before she comes: a form without account, and a code to show at the drive."""

from __future__ import annotations

import base64
from datetime import date, datetime

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from rempart.foundation.vault import Keyring, keyring_of
from rempart.proofs import barcodes
from rempart.screening import information
from rempart.screening.sampling.forms import LANGUAGES, OwnForm
from rempart.screening.sampling.rules import codes
from rempart.screening.sampling.services import preregistrations
from rempart.screening.sampling.services.specimens import Informed

_CODE = "preregistration-code"


@require_http_methods(["GET", "POST"])
def begin(request: HttpRequest) -> HttpResponse:
    """Say who one is, once; what was left before in this visit gives way to it."""
    form = OwnForm(request.POST or None)
    notice = information.notice_on(_now(request).date())
    if request.method == "POST" and form.is_valid():
        left = preregistrations.leave(
            registration=form.registration(),
            informed=Informed(version=notice.since, language=_language()),
            keyring=_keyring(),
            origin=_origin(request),
            now=_now(request),
        )
        _forget(request)
        request.session[_CODE] = [left.code, left.until.isoformat()]
        return redirect("preregistered")
    if form.is_bound:
        form.lead_to()
    return render(request, "sampling/own.html", {"form": form, "notice": notice})


@require_GET
def code(request: HttpRequest) -> HttpResponse:
    """The code, to be shown or printed; as long as the browser's visit lasts."""
    kept = request.session.get(_CODE)
    if not kept:
        return redirect("preregister")
    given, until = kept
    picture = base64.b64encode(barcodes.qr(given, scale=6)).decode()
    context = {
        "code": codes.grouped(given),
        "until": date.fromisoformat(until),
        "picture": f"data:image/png;base64,{picture}",
    }
    return render(request, "sampling/own_code.html", context)


@require_POST
def withdraw(request: HttpRequest) -> HttpResponse:
    """Forget what was left."""
    _forget(request)
    messages.success(request, _("Votre préinscription est effacée."))
    return redirect("preregister")


def _forget(request: HttpRequest) -> None:
    if kept := request.session.pop(_CODE, None):
        preregistrations.withdraw(
            code=kept[0], keyring=_keyring(), origin=_origin(request), now=_now(request)
        )


def _language() -> str:
    """The language in which the page, and its notice, was read."""
    spoken = (get_language() or "fr")[:2]
    return spoken if spoken in dict(LANGUAGES) else "fr"


def _now(request: HttpRequest) -> datetime:
    return request.now  # type: ignore[attr-defined,no-any-return]


def _origin(request: HttpRequest) -> str:
    return request.origin  # type: ignore[attr-defined,no-any-return]


def _keyring() -> Keyring:
    return keyring_of(settings.KEY_STORE)
