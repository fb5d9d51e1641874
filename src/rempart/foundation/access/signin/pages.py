"""Pages of signing in: password, second step, and proving again who one is. allauth does the work."""

from __future__ import annotations

from typing import Any

from allauth.account.views import BaseReauthenticateView, LoginView, ReauthenticateView
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.base.views import ReauthenticateView as CodeAgainView
from allauth.mfa.webauthn.views import ReauthenticateWebAuthnView
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from rempart.foundation.access.signin import factors
from rempart.foundation.access.signin.forms import CodeAgainForm, PasswordAgain, SecondStepForm, SignInForm


class SignIn(LoginView):
    """User name and password."""

    template_name = "signin/sign_in.html"

    def get_form_class(self) -> type[SignInForm]:
        return SignInForm

    def form_invalid(self, form: SignInForm) -> HttpResponse:
        return _after_refusal(super().form_invalid(form), form)


class SecondStep(AuthenticateView):
    """A code, a passkey, or a recovery code, before anything opens."""

    template_name = "signin/second_step.html"

    def get_form_class(self) -> type[SecondStepForm]:
        return SecondStepForm

    def form_invalid(self, form: Any) -> HttpResponse:
        return _after_refusal(super().form_invalid(form), form)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        return {**context, "by_passkey": factors.has_passkey(self.stage.login.user)}


class _Again(BaseReauthenticateView):
    """What the three ways to prove again who one is share."""

    def form_invalid(self, form: Any) -> HttpResponse:
        return _after_refusal(self.render_to_response(self.get_context_data(form=form)), form)


class PasswordAgainPage(_Again, ReauthenticateView):
    template_name = "signin/again_password.html"

    def get_form_class(self) -> type[PasswordAgain]:
        return PasswordAgain


class CodeAgainPage(_Again, CodeAgainView):
    template_name = "signin/again_code.html"

    def get_form_class(self) -> type[CodeAgainForm]:
        return CodeAgainForm


class PasskeyAgainPage(_Again, ReauthenticateWebAuthnView):
    template_name = "signin/again_passkey.html"


@require_http_methods(["GET", "POST"])
def sign_out(request: HttpRequest) -> HttpResponse:
    """Leave; a GET asks first, since any page can make a browser fetch an address."""
    if request.method == "POST":
        logout(request)
        return redirect("home")
    return render(request, "signin/sign_out.html") if request.user.is_authenticated else redirect("home")


def _after_refusal(response: HttpResponse, form: Any) -> HttpResponse:
    """429 for who has to wait; the page says for how long."""
    codes = {error.code for errors in form.errors.as_data().values() for error in errors}
    response.status_code = 429 if "too-many" in codes else response.status_code
    return response
