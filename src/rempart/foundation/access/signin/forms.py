"""What people type to sign in, to set up a second factor, and to choose a password."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import LoginForm
from allauth.account.forms import ReauthenticateForm as PasswordAgainForm
from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _

from rempart.foundation.access import limits
from rempart.foundation.access.limits import Door
from rempart.foundation.access.models import Agent
from rempart.foundation.access.refusals import TooMany
from rempart.foundation.access.signin import factors, trace
from rempart.foundation.access.signin.adapters import too_many
from rempart.foundation.access.signin.rules import Means
from rempart.foundation.access.signin.trace import Step
from rempart.foundation.vault import keyring_of

_WRONG_CODE = _("Ce code est faux, ou il a déjà servi.")


def code_field(label: Any, help_text: Any = "") -> forms.CharField:
    """A code to type: telephones offer the keys that fit, and browsers do not remember it."""
    return forms.CharField(
        label=label,
        help_text=help_text,
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


class SignInForm(LoginForm):
    """User name and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name, password = self.fields["login"], self.fields["password"]
        name.label, password.label = _("Identifiant"), _("Mot de passe")
        password.help_text = ""
        for field in (name, password):
            field.widget.attrs.pop("placeholder", None)
        name.widget.attrs.update(autocapitalize="none", spellcheck="false")

    def _clean_with_password(self, credentials: dict[str, str]) -> Any:
        try:
            return super()._clean_with_password(credentials)
        except forms.ValidationError as refused:
            if refused.code == "too-many":
                raise
            words = _("Identifiant ou mot de passe incorrect, ou compte suspendu.")
            raise forms.ValidationError(words, code="refused") from None


class _OneCode(forms.Form):
    """A code of an application, or a recovery code: each serves once, and tries are counted."""

    user: Agent
    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"] = code_field(
            _("Code"), _("Les 6 chiffres de votre application, ou un code de secours")
        )

    def clean_code(self) -> str:
        self.authenticator = tried_code(self.user, self.cleaned_data["code"])
        return str(self.cleaned_data["code"])


def tried_code(agent: Agent, given: str) -> Any:
    """The factor that the code is of, spent. Raises ValidationError when it is wrong, or has to wait."""
    request, subject = context.request, str(agent.id)
    address, now = trace.origin(request), trace.at(request)
    try:
        limits.charge(Door.SECOND_FACTOR, subject=subject, address=address, now=now)
    except TooMany as wait:
        raise too_many(wait) from None
    found = factors.verified(agent, given, keyring=keyring_of(settings.KEY_STORE), now=now)
    if found is None:
        trace.refused(request, Step.SECOND_FACTOR, agent=agent)
        raise forms.ValidationError(_WRONG_CODE, code="incorrect_code")
    limits.give_back(Door.SECOND_FACTOR, subject=subject, address=address, now=now)
    return found


class SecondStepForm(_OneCode, AuthenticateForm):
    """The second factor, at sign-in."""


class CodeAgainForm(_OneCode, ReauthenticateForm):
    """The second factor, before something sensitive."""


class PasswordAgain(PasswordAgainForm):
    """The password, before something sensitive."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["password"]
        field.label, field.help_text = _("Mot de passe"), ""
        field.widget.attrs.pop("placeholder", None)

    def clean_password(self) -> str:
        try:
            return str(super().clean_password())
        except forms.ValidationError as refused:
            if refused.code == "too-many":
                raise
            raise forms.ValidationError(_("Ce mot de passe est faux."), code="refused") from None


class ApplicationForm(forms.Form):
    """The first code of a new application."""

    code = code_field(_("Code"), _("Les 6 chiffres que l’application affiche"))


class PasskeyForm(AddWebAuthnForm):
    """A passkey, and what its owner calls it."""

    name = forms.CharField(
        label=_("Nom de la clé"),
        help_text=_("Par exemple : clé bleue, téléphone"),
        max_length=40,
        required=False,
    )


class NewPasswordForm(forms.Form):
    """A password typed twice; the rules are those of AUTH_PASSWORD_VALIDATORS."""

    password1 = forms.CharField(
        label=_("Nouveau mot de passe"),
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    password2 = forms.CharField(
        label=_("Le même, encore une fois"),
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, agent: Agent, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.agent = agent

    def clean_password1(self) -> str:
        password = str(self.cleaned_data["password1"])
        validate_password(password, self.agent)
        return password

    def clean(self) -> None:
        data = self.cleaned_data
        if data.get("password1") and data.get("password2") and data["password1"] != data["password2"]:
            self.add_error("password2", _("Les deux mots de passe diffèrent."))


class RecoveryForm(NewPasswordForm):
    """A new password by a link, and the second factor when the account has one."""

    def __init__(self, *args: Any, asks_code: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.asks_code = asks_code
        self.proved: tuple[Means, ...] = ()
        if asks_code:
            self.fields["code"] = code_field(
                _("Code"), _("Les 6 chiffres de votre application, ou un code de secours")
            )

    def clean(self) -> None:
        super().clean()
        if self.asks_code and not self.errors:  # a code is spent only when everything else is right
            try:
                self.proved = (Means(tried_code(self.agent, self.cleaned_data["code"]).type),)
            except forms.ValidationError as refused:
                self.add_error("code", refused)


class ForgottenForm(forms.Form):
    """Whose password is forgotten."""

    name = forms.CharField(
        label=_("Identifiant"),
        max_length=80,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
