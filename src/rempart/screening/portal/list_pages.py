"""The person's own tests, one of them, and what goes into the application of her phone."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_POST

from rempart.foundation.terminology import pathogen
from rempart.foundation.vault import keyring_of
from rempart.proofs import barcodes
from rempart.screening.portal import visits
from rempart.screening.portal.application import application, links
from rempart.screening.portal.pages import closed
from rempart.screening.portal.services import certifying, declaring, listing, showing
from rempart.screening.portal.services.recognition import Visit
from rempart.screening.signing.signers import signers

_MODULE = 4  # pixels; a QR code of 85 modules is then as wide as a telephone


@require_GET
def results(request: HttpRequest) -> HttpResponse:
    """One's own tests of the last three months, the newest first."""
    visit, link = _whose(request)
    common = {"pathogen": pathogen(settings.PATHOGEN), **_asked(request)}
    if visit is not None:
        lines = listing.by_franceconnect(visit=visit, **common)
    elif link is not None:
        lines = listing.by_link(proof=link, **common)
    else:
        return closed(request)
    return render(request, "portal/results.html", {"lines": lines, "by_franceconnect": visit is not None})


@require_POST
def choose(request: HttpRequest, result: UUID) -> HttpResponse:
    """Open one test of the list, or save its certificate."""
    visit, link = _whose(request)
    asked = _asked(request)
    if visit is not None:
        proof = listing.chosen_by_franceconnect(
            visit=visit, result=result, origin=asked["origin"], now=asked["now"]
        )
    elif link is not None:
        proof = listing.chosen_by_link(proof=link, result=result, **asked)
    else:
        return closed(request)
    visits.choose(request.session, proof)
    if "telecharger" in request.POST:
        return redirect(f"{reverse('portal-certificate')}?telecharger")
    return redirect("portal-result")


@require_GET
def result(request: HttpRequest) -> HttpResponse:
    """The result in words, what to do, and what may be taken away."""
    proof = visits.proof_of(request.session, now=_now(request))
    if proof is None:
        return closed(request)
    disease = pathogen(settings.PATHOGEN)
    shown = showing.show(proof=proof, pathogen=disease, **_asked(request))
    context = {
        "shown": shown,
        "said": shown.meaning.said(get_language() or ""),
        "positive": shown.makes_a_case(disease),
        "declares": declaring.may_declare(shown, pathogen=disease, now=_now(request)),
        "application": application(),
        "listed": visits.is_list(request.session),
    }
    return render(request, "portal/result.html", context)


@require_GET
def into_application(request: HttpRequest) -> HttpResponse:
    """The certificate as links and pictures for the application of a telephone; on positives, the declaration code too."""
    named, disease = application(), pathogen(settings.PATHOGEN)
    if named is None:
        raise Http404
    proof = visits.proof_of(request.session, now=_now(request))
    if proof is None:
        return closed(request)
    asked = _asked(request)
    made = certifying.signed(proof=proof, pathogen=disease, signers=signers(settings.KEY_STORE), **asked)
    issued = made.test
    code = declaring.declaration_code(
        made.shown,
        seed=visits.seed_of(request.session, now=asked["now"]),
        keyring=asked["keyring"],
        pathogen=disease,
        now=asked["now"],
    )
    holds = code is not None and code.holds(asked["now"])
    context = {
        "shown": made.shown,
        "application": named,
        "code": code,
        "holds": holds,
        "links": links(
            named, twoddoc=issued.twoddoc, hc1=issued.hc1, code=code.text if code and holds else ""
        ),
        "qr": _picture(barcodes.qr(issued.hc1, scale=_MODULE)) if issued.hc1 else "",
        "recovery": links(named, twoddoc="", hc1=made.recovery, code="").dcc,
        "recovery_qr": _picture(barcodes.qr(made.recovery, scale=_MODULE)) if made.recovery else "",
        "datamatrix": _picture(barcodes.datamatrix(issued.twoddoc, scale=_MODULE)),
    }
    return render(request, "portal/application.html", context)


def _picture(png: bytes) -> str:
    """A picture that stands in the page itself: no address leads to it."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def _whose(request: HttpRequest) -> tuple[Visit | None, str | None]:
    """Who is there: by FranceConnect, or by a link; nobody when neither."""
    now = _now(request)
    return visits.visit_of(request.session, now=now), visits.link_of(request.session, now=now)


def _asked(request: HttpRequest) -> dict[str, Any]:
    """What every service wants to know of a request."""
    return {
        "keyring": keyring_of(settings.KEY_STORE),
        "origin": request.origin,  # type: ignore[attr-defined]
        "now": _now(request),
    }


def _now(request: HttpRequest) -> datetime:
    return request.now  # type: ignore[attr-defined,no-any-return]
