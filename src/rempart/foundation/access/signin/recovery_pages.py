"""Pages of choosing a password by a link: for a new account, or when it is forgotten."""

from __future__ import annotations

from http import HTTPStatus

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.password_validation import password_validators_help_texts
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from rempart.foundation.access import limits
from rempart.foundation.access.limits import Door
from rempart.foundation.access.refusals import NotAllowed
from rempart.foundation.access.signin import factors, links, services, trace
from rempart.foundation.access.signin.forms import ForgottenForm, RecoveryForm
from rempart.foundation.access.signin.links import Kind
from rempart.foundation.access.signin.rules import Means
from rempart.foundation.vault import keyring_of

_TOKEN = "signin.link"  # noqa: S105 -- where the link waits for the new password


@require_http_methods(["GET", "POST"])
def forgotten(request: HttpRequest) -> HttpResponse:
    """Ask for a link; the answer is the same whatever name is given."""
    form = ForgottenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        name, now = form.cleaned_data["name"].strip(), trace.at(request)
        limits.charge(Door.RECOVERY, subject=f"name:{name.lower()}", address=trace.origin(request), now=now)
        services.ask_recovery(
            actor=trace.unproved(request), name=name, keyring=keyring_of(settings.KEY_STORE), now=now
        )
        return redirect("password-asked")
    return render(request, "signin/forgotten.html", {"form": form})


@require_GET
def asked(request: HttpRequest) -> HttpResponse:
    """What happens next, the same for everybody."""
    return render(request, "signin/asked.html")


@require_GET
def link(request: HttpRequest, token: str) -> HttpResponse:
    """A link was opened: its secret leaves the address at once."""
    if links.read(token, now=trace.at(request)) is None:
        trace.refused(request, trace.Step.LINK)
        return _over(request)
    request.session[_TOKEN] = token
    return redirect("password-choose")


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def choose(request: HttpRequest) -> HttpResponse:
    """Choose the password that the link allows, and prove the second factor if the account has one."""
    now = trace.at(request)
    found = links.read(request.session.get(_TOKEN, ""), now=now)
    if found is None:
        return _over(request)
    asks_code = factors.has_one(found.agent)
    if found.kind is Kind.RECOVERY and not asks_code:  # it was taken away since the letter left
        return _over(request)
    form = RecoveryForm(request.POST or None, agent=found.agent, asks_code=asks_code)
    if request.method == "POST" and form.is_valid():
        try:
            agent = services.choose_password(
                link=found,
                password=form.cleaned_data["password1"],
                actor=trace.oneself(found.agent, request),
                now=now,
            )
        except NotAllowed:
            return _over(request)
        services.enter(request, agent, means=(Means.PASSWORD, *form.proved))
        messages.success(request, _("Votre mot de passe est choisi."))
        return redirect(settings.LOGIN_REDIRECT_URL)
    context = {"form": form, "agent": found.agent, "rules": password_validators_help_texts()}
    return render(request, "signin/choose.html", context)


def _over(request: HttpRequest) -> HttpResponse:
    return render(request, "signin/link_over.html", status=HTTPStatus.GONE)
