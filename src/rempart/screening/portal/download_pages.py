"""What a person takes away from the portal: her laboratory's report, and her result for another software.

Files are saved, never shown: what a laboratory attached opens in no page of ours.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from rempart.foundation.access.uploads import Kind, headers
from rempart.foundation.terminology import pathogen
from rempart.foundation.vault import keyring_of
from rempart.screening.portal import visits
from rempart.screening.portal.pages import closed
from rempart.screening.portal.services import downloads
from rempart.screening.rules.report import Format

_ENDINGS = {Kind.PDF: "pdf", Kind.PNG: "png", Kind.JPEG: "jpg"}
_FORMS: Mapping[str, tuple[Format, str]] = {
    "json": (Format.FHIR, "application/fhir+json"),
    "xml": (Format.CDA, "application/hl7-cda+xml"),
}


@require_GET
def document(request: HttpRequest, rank: int) -> HttpResponse:
    """A report that the laboratory attached, by its place among those of the result."""
    proof = visits.proof_of(request.session, now=request.now)  # type: ignore[attr-defined]
    if proof is None:
        return closed(request)
    found = downloads.document(
        proof=proof,
        rank=rank,
        keyring=keyring_of(settings.KEY_STORE),
        pathogen=pathogen(settings.PATHOGEN),
        origin=request.origin,  # type: ignore[attr-defined]
        now=request.now,  # type: ignore[attr-defined]
    )
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
    content = downloads.export(
        proof=proof,
        form=format_,
        keyring=keyring_of(settings.KEY_STORE),
        pathogen=pathogen(settings.PATHOGEN),
        origin=request.origin,  # type: ignore[attr-defined]
        now=request.now,  # type: ignore[attr-defined]
    )
    named = headers(name=_("resultat.%(form)s") % {"form": form}, kind=Kind.TEXT)
    return HttpResponse(content, headers={**named, "Content-Type": media_type})
