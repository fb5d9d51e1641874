"""Handing files over: what I received, what I sent, to whom and why, then the file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from uuid import UUID

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from rempart.foundation.access.actor import Actor
from rempart.foundation.access.refusals import StaleVersion
from rempart.foundation.access.uploads import Fault as FileFault
from rempart.foundation.access.uploads import UploadRefused, headers
from rempart.foundation.vault import Keyring, keyring_of
from rempart.protection.exchange import rules
from rempart.protection.exchange.forms import MOTIVES, OfferForm
from rempart.protection.exchange.rules import Fault, OfferRefused, State
from rempart.protection.exchange.services import fetching, incoming, offering
from rempart.protection.exchange.services.fetching import Handed, Outgoing
from rempart.protection.exchange.uploading import FIELD, Sealing

_OFFER_WORDS = {
    Fault.NOBODY: ("to", _("Indiquez au moins un destinataire.")),
    Fault.RECIPIENT: (
        "to",
        _("Aucun compte auquel vous puissiez remettre un fichier ne répond à « %(name)s »."),
    ),
    Fault.TOO_MANY_RECIPIENTS: ("to", _("Trop de destinataires pour un même fichier.")),
    Fault.TOO_MANY_WAITING: (None, _("Trop de fichiers de votre compte attendent déjà : retirez-en.")),
    Fault.LIFETIME: ("days", _("Choisissez l’une des durées proposées.")),
    Fault.DOWNLOADS: ("downloads", _("Choisissez l’un des nombres proposés.")),
}
_FILE_WORDS = {
    FileFault.EMPTY: _("Choisissez un fichier qui ne soit pas vide."),
    FileFault.TOO_LARGE: _("Ce fichier est trop volumineux."),
    FileFault.KIND: _(
        "Ce fichier n’est pas d’un type accepté : PDF, image PNG ou JPEG, texte ou CSV, classeur, document, archive ZIP."
    ),
    FileFault.ACTIVE: _("Ce document contient des macros : enregistrez-le sans elles."),
}
_OVERTAKEN = _("Cet envoi a été repris ailleurs, ou la remise a pris fin. Recommencez.")
_AROUND_A_FILE = 64 * 1024  # bytes of a form beside its file


@require_GET
def received(request: HttpRequest) -> HttpResponse:
    """What waits for me."""
    return _list(request, "exchange/received.html", fetching.received)


@require_GET
def sent(request: HttpRequest) -> HttpResponse:
    """What I handed over, and what became of it."""
    return _list(request, "exchange/sent.html", fetching.sent)


@require_http_methods(["GET", "POST"])
def offer(request: HttpRequest) -> HttpResponse:
    """To whom, why, how long: said before the file, so that no file travels in vain."""
    policy = rules.policy_on(_now(request).date())
    form = OfferForm(request.POST or None, policy=policy, initial={"days": 3, "downloads": 1})
    if request.method == "POST" and form.is_valid():
        try:
            key = offering.offer(
                actor=_actor(request), keyring=_keyring(), now=_now(request), **form.cleaned_data
            )
        except OfferRefused as refused:
            name, words = _OFFER_WORDS[refused.fault]
            form.add_error(name, words % {"name": refused.about} if refused.about else words)
        else:
            return redirect("exchange-upload", handover_id=key)
    return render(request, "exchange/offer.html", {"form": form})


@require_GET
def file(request: HttpRequest, handover_id: UUID) -> HttpResponse:
    """One hand-over, as its sender or one of its recipients sees it."""
    one = fetching.one(actor=_actor(request), handover_id=handover_id, keyring=_keyring())
    if one.mine and one.state is State.DRAFT:
        return redirect("exchange-upload", handover_id=handover_id)
    return render(request, "exchange/file.html", {"one": one, "motive": MOTIVES[one.motive]})


@csrf_exempt  # the check reads the form, and the form holds the file: it is made once the file has a handler
@require_http_methods(["GET", "POST"])
def upload(request: HttpRequest, handover_id: UUID) -> HttpResponse:
    """The file of a hand-over of mine, sealed while it comes; a page's script may show how far it is."""
    if request.method != "POST":
        return _upload_page(request, handover_id)
    most = rules.policy_on(_now(request).date()).most_bytes
    if int(request.META.get("CONTENT_LENGTH") or 0) > most + _AROUND_A_FILE:
        return _upload_page(request, handover_id, error=str(_FILE_WORDS[FileFault.TOO_LARGE]), status=413)
    try:
        attempt = incoming.begin(
            actor=_actor(request), handover_id=handover_id, keyring=_keyring(), now=_now(request)
        )
    except StaleVersion:
        return _upload_page(request, handover_id, error=str(_OVERTAKEN), status=409)
    handler = Sealing(request, attempt)
    request.upload_handlers = [handler]
    try:
        return csrf_protect(_finish)(request, handover_id, attempt, handler)
    finally:
        if not attempt.finished:
            attempt.abandon()


@require_POST
def fetch(request: HttpRequest, handover_id: UUID) -> HttpResponseBase:
    """The file itself: saved, never shown."""
    outgoing = fetching.fetch(
        actor=_actor(request), handover_id=handover_id, keyring=_keyring(), now=_now(request)
    )
    response = StreamingHttpResponse(_pieces(outgoing))
    for name, value in headers(name=outgoing.name, kind=outgoing.kind).items():
        response.headers[name] = value
    response.headers["Content-Length"] = str(outgoing.size)
    return response


@require_POST
def withdraw(request: HttpRequest, handover_id: UUID) -> HttpResponse:
    """Take a file back."""
    offering.withdraw(actor=_actor(request), handover_id=handover_id, now=_now(request))
    messages.success(request, str(_("La remise est retirée : plus personne ne peut télécharger ce fichier.")))
    return redirect("exchange-sent")


def _finish(
    request: HttpRequest, handover_id: UUID, attempt: incoming.Incoming, handler: Sealing
) -> HttpResponse:
    """Once the request is read and known for a form of ours."""
    brought = request.FILES.get(
        FIELD
    )  # there once the boundary after it was seen: a file that is cut short is not
    try:
        if handler.refused is not None:
            raise handler.refused
        if brought is None:
            raise UploadRefused(FileFault.EMPTY)
        attempt.finish(name=brought.name or "", public_url=settings.PUBLIC_URL, now=_now(request))
    except UploadRefused as refused:
        return _upload_page(request, handover_id, error=str(_FILE_WORDS[refused.fault]), status=422)
    except StaleVersion:
        return _upload_page(request, handover_id, error=str(_OVERTAKEN), status=409)
    messages.success(request, str(_("Le fichier est remis. Ses destinataires en sont prévenus.")))
    address = reverse("exchange-file", kwargs={"handover_id": handover_id})
    return JsonResponse({"address": address}) if _asks_json(request) else redirect(address)


def _upload_page(
    request: HttpRequest, handover_id: UUID, *, error: str = "", status: int = 200
) -> HttpResponse:
    if error and _asks_json(request):
        return JsonResponse({"error": error}, status=status)
    one = fetching.one(actor=_actor(request), handover_id=handover_id, keyring=_keyring())
    if not one.mine or one.state is not State.DRAFT:
        return redirect("exchange-file", handover_id=handover_id)
    most = rules.policy_on(_now(request).date()).most_bytes
    context = {"one": one, "motive": MOTIVES[one.motive], "error": error, "field": FIELD, "most": most}
    return render(request, "exchange/upload.html", context, status=status)


async def _pieces(outgoing: Outgoing) -> AsyncIterator[bytes]:
    """One chunk in clear at a time; what goes wrong breaks the answer off, which its length tells."""
    for number in range(outgoing.chunks):
        yield await sync_to_async(outgoing.chunk, thread_sensitive=False)(number)


def _list(request: HttpRequest, template: str, listed: Callable[..., list[Handed]]) -> HttpResponse:
    found = listed(actor=_actor(request), keyring=_keyring())
    return render(request, template, {"handed": [(one, MOTIVES[one.motive]) for one in found]})


def _asks_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "") == "application/json"


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined,no-any-return]


def _now(request: HttpRequest) -> datetime:
    return request.now  # type: ignore[attr-defined,no-any-return]


def _keyring() -> Keyring:
    return keyring_of(settings.KEY_STORE)
