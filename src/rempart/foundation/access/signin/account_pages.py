"""Pages of an agent's own account: what it is, its second factors, its password, its devices."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote
from uuid import UUID

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.webauthn.views import AddWebAuthnView
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.password_validation import password_validators_help_texts
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from rempart.foundation.access.models import Agent
from rempart.foundation.access.signin import factors, rules, services, sessions, trace
from rempart.foundation.access.signin.forms import ApplicationForm, NewPasswordForm, PasskeyForm
from rempart.foundation.audit.trail import Act
from rempart.foundation.vault import Keyring, keyring_of

_SECRET = "signin.secret"  # noqa: S105 -- where a new application's secret waits for its first code


@require_GET
def account(request: HttpRequest) -> HttpResponse:
    """What my account is, and how I sign in."""
    agent = _agent(request)
    held = Authenticator.objects.filter(user=agent).order_by("created_at")
    codes = next((one for one in held if one.type == Authenticator.Type.RECOVERY_CODES), None)
    passkeys = [one for one in held if one.type == Authenticator.Type.WEBAUTHN]
    application = next((one for one in held if one.type == Authenticator.Type.TOTP), None)
    context = {
        "agent": agent,
        "application": application,
        "passkeys": passkeys,
        "may_remove": len(passkeys) > 1 or application is not None,
        "codes_left": len(RecoveryCodes(codes).get_unused_codes()) if codes else 0,
        "has_codes": codes is not None,
        "sessions": sessions.listed(agent, now=trace.at(request)),
        "current": sessions.current(request),
    }
    return render(request, "signin/account.html", context)


@require_GET
def second_factor(request: HttpRequest) -> HttpResponse:
    """Which second factor to set up: where whoever has none yet is led."""
    return render(request, "signin/second_factor.html", {"first": not factors.has_one(_agent(request))})


@require_http_methods(["GET", "POST"])
def set_up_application(request: HttpRequest) -> HttpResponse:
    """A secret as a picture and as text; the first code proves that the application has it."""
    agent, form = _agent(request), ApplicationForm(request.POST or None)
    secret = request.session.get(_SECRET)
    if request.method == "GET" or not secret:
        secret = request.session[_SECRET] = rules.new_secret()
    if request.method == "POST" and form.is_valid():
        typed = rules.plain(form.cleaned_data["code"])
        counter = rules.counter_of(typed, secret=secret, now=trace.at(request), used=-1)
        if counter is not None:
            with transaction.atomic():
                added = factors.add_application(agent, secret=secret, counter=counter, keyring=_keyring())
                services.second_factor_set_up(request, agent, added)
            del request.session[_SECRET]
            return _set_up(request, agent, _("Votre application est enregistrée."))
        form.add_error("code", _("Ce code est faux : vérifiez l’heure de votre téléphone, et recommencez."))
    adapter = get_adapter()
    picture = adapter.build_totp_svg(adapter.build_totp_url(agent, secret))
    context = {
        "form": form,
        "picture": "data:image/svg+xml;base64," + base64.b64encode(picture.encode()).decode(),
        "secret": " ".join(secret[i : i + 4] for i in range(0, len(secret), 4)),
        "replaces": factors.has_application(agent),
    }
    return render(request, "signin/application.html", context)


class AddPasskey(AddWebAuthnView):
    """Register a passkey; the browser asks for a finger, a face, or a touch of the key."""

    template_name = "signin/passkey.html"

    def get_form_class(self) -> type[PasskeyForm]:
        return PasskeyForm

    def get_initial(self) -> dict[str, Any]:
        return {"name": ""}

    def form_valid(self, form: PasskeyForm) -> HttpResponse:
        agent = _agent(self.request)
        with transaction.atomic():
            super().form_valid(form)
            added = Authenticator.objects.filter(user=agent, type=Authenticator.Type.WEBAUTHN).latest("id")
            services.second_factor_set_up(self.request, agent, added)
        return _set_up(self.request, agent, _("Votre clé d’accès est enregistrée."))


@require_POST
def remove_passkey(request: HttpRequest, passkey_id: int) -> HttpResponse:
    """Take a passkey away, when another second factor stays."""
    agent = _agent(request)
    with transaction.atomic():
        Agent.objects.select_for_update().get(id=agent.id)
        mine = Authenticator.objects.filter(user=agent).exclude(type=Authenticator.Type.RECOVERY_CODES)
        if mine.exclude(pk=passkey_id).exists():
            removed, _by = mine.filter(pk=passkey_id, type=Authenticator.Type.WEBAUTHN).delete()
            if removed:
                trace.note(Act.SECOND_FACTOR_REMOVED, agent, request, method=rules.Means.PASSKEY.value)
                messages.success(request, _("La clé d’accès est retirée."))
        else:
            messages.error(request, _("C’est votre seul second facteur : ajoutez-en un autre d’abord."))
    return redirect("account")


@require_GET
def recovery_codes(request: HttpRequest) -> HttpResponse:
    """The recovery codes, shown once, to print or to keep as a file."""
    found = Authenticator.objects.filter(user=_agent(request), type=Authenticator.Type.RECOVERY_CODES).first()
    if found is None:
        raise Http404
    codes = RecoveryCodes(found)
    if codes.did_view:
        messages.info(
            request, _("Vos codes de secours n’ont été montrés qu’une fois. Vous pouvez en faire d’autres.")
        )
        return redirect("account")
    unused = codes.get_unused_codes()
    codes.mark_as_viewed()
    text = "\r\n".join((_("Rempart : codes de secours"), _agent(request).username, "", *unused, ""))
    context = {"codes": unused, "file": f"data:text/plain;charset=utf-8,{quote(text)}"}
    return render(request, "signin/recovery_codes.html", context)


@require_POST
def new_recovery_codes(request: HttpRequest) -> HttpResponse:
    """Other recovery codes; those before open nothing any more."""
    agent = _agent(request)
    with transaction.atomic():
        Agent.objects.select_for_update().get(id=agent.id)
        Authenticator.objects.filter(user=agent, type=Authenticator.Type.RECOVERY_CODES).delete()
        RecoveryCodes.activate(agent)
        trace.note(Act.RECOVERY_CODES_MADE, agent, request)
    return redirect("mfa_view_recovery_codes")


@require_http_methods(["GET", "POST"])
def change_password(request: HttpRequest) -> HttpResponse:
    """Another password; the door asked a moment ago who it is."""
    agent = _agent(request)
    form = NewPasswordForm(request.POST or None, agent=agent)
    if request.method == "POST" and form.is_valid():
        services.change_password(
            agent=agent,
            password=form.cleaned_data["password1"],
            actor=trace.oneself(agent, request),
            keep=sessions.current(request),
            keyring=_keyring(),
            now=trace.at(request),
        )
        update_session_auth_hash(request, agent)
        messages.success(request, _("Votre mot de passe est changé. Vos autres appareils sont déconnectés."))
        return redirect("account")
    return render(request, "signin/password.html", {"form": form, "rules": password_validators_help_texts()})


@require_POST
def end_session(request: HttpRequest) -> HttpResponse:
    """End one of my sessions, or all the others."""
    agent = _agent(request)
    one, mine = _key(request.POST.get("session", "")), sessions.current(request)
    count = sessions.end(agent, only=one, but=mine) if one else sessions.end(agent, but=mine)
    if count:
        trace.note(Act.SESSIONS_ENDED, agent, request, count=count)
    messages.success(
        request,
        _("C’est fait : l’appareil est déconnecté.") if one else _("Vos autres appareils sont déconnectés."),
    )
    return redirect(reverse("account") + "#appareils")


def _set_up(request: HttpRequest, agent: Agent, done: str) -> HttpResponse:
    """After a new second factor: its recovery codes when there are none yet."""
    messages.success(request, done)
    codes = RecoveryCodes.activate(agent)  # those there are, or new ones
    return redirect("account" if codes.did_view else "mfa_view_recovery_codes")


def _agent(request: HttpRequest) -> Agent:
    agent = request.user
    assert isinstance(agent, Agent)  # noqa: S101 -- the door let nobody else in
    return agent


def _keyring() -> Keyring:
    return keyring_of(settings.KEY_STORE)


def _key(given: str) -> UUID | None:
    try:
        return UUID(given)
    except ValueError:
        return None
