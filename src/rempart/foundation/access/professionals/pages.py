"""Pages of Pro Santé Connect: there and back, the phone, and out again.

What a browser must bring back waits in its session and is used once. Signing in begins by a plain link: a form
could not lead to another site under our content security policy.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from typing import cast

from django import forms
from django.conf import settings
from django.contrib import auth, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from rempart.foundation.access import farewell
from rempart.foundation.access.actor import Purpose
from rempart.foundation.access.models import Agent
from rempart.foundation.access.openid import attempt as attempts
from rempart.foundation.access.openid import phone
from rempart.foundation.access.openid.party import Party, SignedIn, party_of
from rempart.foundation.access.openid.professional import professional_of
from rempart.foundation.access.openid.refusals import Reason, SignInRefused
from rempart.foundation.access.professionals import services
from rempart.foundation.access.sign_in_answers import answer
from rempart.foundation.access.signin.services import sign_in_by_card
from rempart.foundation.identifiers import rpps

_ATTEMPT, _PHONE, _REFUSED = "psc-attempt", "psc-phone", "psc-refused"


class PhoneForm(forms.Form):
    """The number by which a professional is known."""

    rpps = forms.CharField(
        label=_("Votre numéro RPPS"),
        help_text=_("Onze chiffres, sur votre carte ou dans l’application e-CPS."),
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "username"}),
    )

    def clean_rpps(self) -> str:
        number = rpps.rpps_of(self.cleaned_data["rpps"])
        if not rpps.is_rpps(number):
            raise forms.ValidationError(_("Ce n’est pas un numéro RPPS. Vérifiez les onze chiffres."))
        return number


@require_safe
def begin(request: HttpRequest) -> HttpResponse:
    """To Pro Santé Connect, and back later; who is signed in already proves anew who he is."""
    party = _party()
    attempt = attempts.new_attempt(
        provider=party.provider.name,
        now=_now(request),
        destination=_destination(request),
        again=request.user.is_authenticated,
    )
    try:
        address = party.ask(attempt=attempt, redirect_uri=_address("psc-back"), now=_now(request))
    except SignInRefused as refused:
        return _refuse(request, refused)
    request.session[_ATTEMPT] = attempt.as_session()
    return redirect(address)


@require_GET
def back(request: HttpRequest) -> HttpResponse:
    """Back from Pro Santé Connect; the attempt is spent, whatever comes of it. Whoever is refused here has a
    session there all the same: he can end it, and show another card."""
    attempt = attempts.from_session(request.session.pop(_ATTEMPT, None))
    try:
        signed_in = _party().receive(
            answer=request.GET.dict(), attempt=attempt, redirect_uri=_address("psc-back"), now=_now(request)
        )
    except SignInRefused as refused:
        return _refuse(request, refused)
    try:
        destination = _enter(request, signed_in, attempt.destination if attempt else "")
    except SignInRefused as refused:
        farewell.remember(request.session, signed_in.id_token)
        return _refuse(request, refused)
    farewell.remember(request.session, signed_in.id_token)
    return redirect(destination)


def ring(request: HttpRequest) -> HttpResponse:
    """Ask for the number, and make the phone of its owner ask him."""
    party = _phone_party()
    form = PhoneForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            waiting = services.ring(
                party,
                rpps=form.cleaned_data["rpps"],
                destination=_destination(request),
                now=_now(request),
            )
        except SignInRefused as refused:
            return _refuse(request, refused)
        request.session[_PHONE] = waiting.as_session()
        return redirect("psc-phone-wait")
    context = {"form": form, "next": _destination(request)}
    return render(request, "access/phone.html", context)


@require_GET
def wait(request: HttpRequest) -> HttpResponse:
    """The number to compare, until the button is pressed; htmx asks again by itself, a link does without it."""
    if code := request.session.pop(_REFUSED, ""):
        return _refuse(request, SignInRefused(Reason(code)), noted=True)
    request_ = phone.from_session(request.session.get(_PHONE))
    if request_ is None:
        return redirect("psc-phone")
    try:
        seen = phone.look(_phone_party(), request_, now=_now(request))
        if isinstance(seen, SignedIn):
            del request.session[_PHONE]
            pressed = replace(seen, proved_at=_now(request).timestamp())  # the button, just now
            destination = _enter(request, pressed, request_.destination)
            farewell.remember(request.session, "")  # this browser has no session with the provider
            return _lead(request, destination)
    except SignInRefused as refused:
        request.session.pop(_PHONE, None)
        if not _is_htmx(request):
            return _refuse(request, refused)
        _note(request, refused)
        request.session[_REFUSED] = refused.reason.value
        return _lead(request, reverse("psc-phone-wait"))
    request.session[_PHONE] = seen.as_session()
    if _is_htmx(request):
        return HttpResponse(status=HTTPStatus.NO_CONTENT)  # nothing to change in the page
    context = {"binding": seen.binding, "pause": max(1, round(seen.pause))}
    return render(request, "access/phone_wait.html", context)


@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """Out of Rempart, and then out of Pro Santé Connect."""
    token = farewell.token_of(request.session)
    agent = request.user
    if isinstance(agent, Agent):
        services.note_leaving(agent, origin=_origin(request), now=_now(request))
    auth.logout(request)
    if not token or settings.PRO_SANTE_CONNECT is None:
        return redirect("home")
    return farewell.take_leave(request, token=token, service="Pro Santé Connect", onward=reverse("psc-part"))


@require_GET
def part(request: HttpRequest) -> HttpResponse:
    """On to the provider's own logout."""
    return farewell.part(request, _party(), back=_address("psc-left"), now=_now(request))


@require_GET
def left(request: HttpRequest) -> HttpResponse:
    """Back from there."""
    if farewell.is_ours(request):
        messages.success(request, _("Vous êtes déconnecté de Rempart et de Pro Santé Connect."))
    return redirect("home")


def _enter(request: HttpRequest, signed_in: SignedIn, destination: str) -> str:
    """Open the session of who signed in; where to go. Raises SignInRefused."""
    agent = services.enter(
        professional=professional_of(signed_in.claims), origin=_origin(request), now=_now(request)
    )
    sign_in_by_card(request, agent, proved_at=signed_in.proved_at)
    return destination or settings.LOGIN_REDIRECT_URL


def _lead(request: HttpRequest, address: str) -> HttpResponse:
    return HttpResponseClientRedirect(address) if _is_htmx(request) else redirect(address)


def _refuse(request: HttpRequest, refused: SignInRefused, *, noted: bool = False) -> HttpResponse:
    if not noted:
        _note(request, refused)
    leaves = reverse("psc-leave") if farewell.token_of(request.session) else ""
    return answer(request, refused, back=reverse("login"), leave=leaves)


def _note(request: HttpRequest, refused: SignInRefused) -> None:
    services.note_refusal(
        refused,
        method=services.METHOD,
        purpose=Purpose.ADMINISTRATION,
        origin=_origin(request),
        now=_now(request),
    )


def _party() -> Party:
    """The relying party; where none is configured these pages do not exist."""
    if settings.PRO_SANTE_CONNECT is None:
        raise Http404
    return party_of(settings.PRO_SANTE_CONNECT)


def _phone_party() -> Party:
    if not settings.PRO_SANTE_CONNECT_PHONE:
        raise Http404
    return _party()


def _destination(request: HttpRequest) -> str:
    """Where the person wanted to go, if that is a page of ours."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if ours else ""


def _address(name: str) -> str:
    return f"{settings.PUBLIC_URL}{reverse(name)}"


def _is_htmx(request: HttpRequest) -> bool:
    return bool(request.htmx)  # type: ignore[attr-defined]


def _now(request: HttpRequest) -> datetime:
    return cast(datetime, request.now)  # type: ignore[attr-defined]


def _origin(request: HttpRequest) -> str:
    return cast(str, request.origin)  # type: ignore[attr-defined]
