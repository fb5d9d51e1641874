"""The portal by FranceConnect: there and back, and out again."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST, require_safe

from rempart.foundation.access import farewell
from rempart.foundation.access.openid import attempt as attempts
from rempart.foundation.access.openid.party import Party, party_of
from rempart.foundation.access.openid.pivot import pivot_identity_of
from rempart.foundation.access.openid.refusals import SignInRefused
from rempart.foundation.access.sign_in_answers import answer
from rempart.foundation.vault import keyring_of
from rempart.screening.portal import visits
from rempart.screening.portal.services import declaring, recognition

_ATTEMPT = "franceconnect-attempt"


@require_safe
def begin(request: HttpRequest) -> HttpResponse:
    """To FranceConnect, and back later."""
    party = _party()
    attempt = attempts.new_attempt(provider=party.provider.name, now=_now(request))
    try:
        address = party.ask(attempt=attempt, redirect_uri=_address("fc-back"), now=_now(request))
    except SignInRefused as refused:
        return _refuse(request, refused)
    request.session[_ATTEMPT] = attempt.as_session()
    return redirect(address)


@require_GET
def back(request: HttpRequest) -> HttpResponse:
    """Back from FranceConnect. Whoever is not recognised has a session with it all the same: he can end it."""
    attempt = attempts.from_session(request.session.pop(_ATTEMPT, None))
    try:
        signed_in = _party().receive(
            answer=request.GET.dict(), attempt=attempt, redirect_uri=_address("fc-back"), now=_now(request)
        )
    except SignInRefused as refused:
        return _refuse(request, refused)
    try:
        keyring = keyring_of(settings.KEY_STORE)
        visit = recognition.recognise(
            pivot=pivot_identity_of(signed_in.claims),
            keyring=keyring,
            origin=_origin(request),
            now=_now(request),
        )
    except SignInRefused as refused:
        request.session.flush()
        farewell.remember(request.session, signed_in.id_token)
        return _refuse(request, refused)
    seed = declaring.seed(signed_in.subject, keyring=keyring)
    visits.open_with_list(request.session, visit, seed=seed, now=_now(request))
    farewell.remember(request.session, signed_in.id_token)
    return redirect("portal-results")


@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """Forget everything of this visit, and end the session with FranceConnect if it began there."""
    token = farewell.token_of(request.session)
    request.session.flush()
    if not token or settings.FRANCE_CONNECT is None:
        return redirect("home")
    return farewell.take_leave(request, token=token, service="FranceConnect", onward=reverse("fc-part"))


@require_GET
def part(request: HttpRequest) -> HttpResponse:
    """On to FranceConnect's own logout."""
    return farewell.part(request, _party(), back=_address("fc-left"), now=_now(request))


@require_GET
def left(request: HttpRequest) -> HttpResponse:
    """Back from there."""
    if farewell.is_ours(request):
        messages.success(request, _("Vous êtes déconnecté de Rempart et de FranceConnect."))
    return redirect("home")


def _refuse(request: HttpRequest, refused: SignInRefused) -> HttpResponse:
    recognition.note_refusal(refused, origin=_origin(request), now=_now(request))
    leaves = reverse("portal-leave") if farewell.token_of(request.session) else ""
    return answer(request, refused, back=reverse("fc-begin"), other_way=reverse("portal"), leave=leaves)


def _party() -> Party:
    """The relying party; where none is configured these pages do not exist."""
    if settings.FRANCE_CONNECT is None:
        raise Http404
    return party_of(settings.FRANCE_CONNECT)


def _address(name: str) -> str:
    return f"{settings.PUBLIC_URL}{reverse(name)}"


def _now(request: HttpRequest) -> datetime:
    return request.now  # type: ignore[attr-defined,no-any-return]


def _origin(request: HttpRequest) -> str:
    return request.origin  # type: ignore[attr-defined,no-any-return]
