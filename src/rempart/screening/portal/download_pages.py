"""What a person takes away from the portal: the certificate, sheets, her laboratory's report, her result for another software.

What a laboratory attached is saved, never shown: it opens in no page of ours. What we made ourselves may be shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from rempart.foundation.access.uploads import Kind, headers
from rempart.foundation.terminology import pathogen
from rempart.foundation.vault import keyring_of
from rempart.screening.portal import visits
from rempart.screening.portal.pages import closed
from rempart.screening.portal.services import certifying, downloads, sheets
from rempart.screening.rules.report import Format
from rempart.screening.signing.signers import signers

_ENDINGS = {Kind.PDF: "pdf", Kind.PNG: "png", Kind.JPEG: "jpg"}
_FORMS: Mapping[str, tuple[Format, str]] = {
    "json": (Format.FHIR, "application/fhir+json"),
    "xml": (Format.CDA, "application/hl7-cda+xml"),
}


@require_GET
def certificate(request: HttpRequest) -> HttpResponse:
    """The certificate as PDF: shown, or saved with ?telecharger."""
    proof = visits.proof_of(request.session, now=request.now)  # type: ignore[attr-defined]
    if proof is None:
        return closed(request)
    pdf = certifying.certificate(proof=proof, signers=signers(settings.KEY_STORE), **_asked(request))
    return _paper(request, pdf, "certificat-de-test.pdf")


@require_GET
def information(request: HttpRequest) -> HttpResponse:
    """The information sheet of a positive, likewise."""
    proof = visits.proof_of(request.session, now=request.now)  # type: ignore[attr-defined]
    if proof is None:
        return closed(request)
    seed = visits.seed_of(request.session, now=request.now)  # type: ignore[attr-defined]
    pdf = sheets.information(proof=proof, seed=seed, **_asked(request))
    return _paper(request, pdf, "fiche-d-information.pdf")


@require_GET
def hygiene(request: HttpRequest) -> HttpResponse:
    """The hygiene sheet, likewise."""
    proof = visits.proof_of(request.session, now=request.now)  # type: ignore[attr-defined]
    if proof is None:
        return closed(request)
    return _paper(request, sheets.hygiene(proof=proof, **_asked(request)), "consignes-sanitaires.pdf")


@require_GET
def orientation(request: HttpRequest) -> HttpResponse:
    """Whom to see without telephone and mail, on paper: for everybody, and for whoever hands it out."""
    pdf = sheets.orientation(
        disease=pathogen(settings.PATHOGEN).label_fr,
        portal=settings.PUBLIC_URL.split("://", 1)[-1],
        on=localdate(request.now),  # type: ignore[attr-defined]
    )
    return _paper(request, pdf, "sans-telephone.pdf")


@require_GET
def document(request: HttpRequest, rank: int) -> HttpResponse:
    """A report that the laboratory attached, by its place among those of the result."""
    proof = visits.proof_of(request.session, now=request.now)  # type: ignore[attr-defined]
    if proof is None:
        return closed(request)
    found = downloads.document(proof=proof, rank=rank, **_asked(request))
    kind = Kind(found.media_type)
    name = _("compte-rendu-%(rank)s.%(ending)s") % {"rank": rank, "ending": _ENDINGS[kind]}
    return HttpResponse(found.content, headers=headers(name=name, kind=kind))


@require_GET
def export(request: HttpRequest, form: str) -> HttpResponse:
    """The result as FHIR (json) or CDA (xml)."""
    if form not in _FORMS:
        raise Http404
    format_, media_type = _FORMS[form]
    proof = visits.proof_of(request.session, now=request.now)  # type: ignore[attr-defined]
    if proof is None:
        return closed(request)
    content = downloads.export(proof=proof, form=format_, **_asked(request))
    named = headers(name=_("resultat.%(form)s") % {"form": form}, kind=Kind.TEXT)
    return HttpResponse(content, headers={**named, "Content-Type": media_type})


def _paper(request: HttpRequest, pdf: bytes, name: str) -> HttpResponse:
    """A PDF of ours: shown, so that it can be printed; or saved with ?telecharger."""
    kind = "attachment" if "telecharger" in request.GET else "inline"
    return HttpResponse(
        pdf,
        content_type="application/pdf",
        headers={"Content-Disposition": f'{kind}; filename="{name}"'},
    )


def _asked(request: HttpRequest) -> dict[str, Any]:
    """What every service wants to know of a request."""
    return {
        "keyring": keyring_of(settings.KEY_STORE),
        "pathogen": pathogen(settings.PATHOGEN),
        "origin": request.origin,  # type: ignore[attr-defined]
        "now": request.now,  # type: ignore[attr-defined]
    }
