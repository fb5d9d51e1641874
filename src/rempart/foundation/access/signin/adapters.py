"""Where allauth asks the house: limits before a password is looked at, seals, words, and where to go next."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from django import forms
from django.conf import settings
from django.contrib.auth import authenticate
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from rempart.foundation.access import limits
from rempart.foundation.access.limits import Door
from rempart.foundation.access.models import Agent
from rempart.foundation.access.refusals import TooMany
from rempart.foundation.access.signin import factors, trace
from rempart.foundation.access.signin.sealed import seal, unseal
from rempart.foundation.access.signin.trace import Step
from rempart.foundation.vault import keyring_of


def too_many(wait: TooMany) -> forms.ValidationError:
    """What somebody is told who tried too often."""
    minutes = -(-wait.seconds // 60)
    return forms.ValidationError(
        _("Trop d’essais. Réessayez dans %(minutes)d min.") % {"minutes": minutes}, code="too-many"
    )


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are opened by administrators: nobody signs up, and no answer tells whether a name exists."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_ajax(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return trace.origin(request)

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Our pages say what was done in their own words."""

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Agent | None:
        """Whoever has this name and password, and may sign in.

        Counted before it is looked at. A wrong password, an unknown name and a suspended account are
        refused alike, in text and in time. Raises ValidationError when somebody has to wait.
        """
        name = credentials["username"]
        tried = {"subject": name.lower(), "address": trace.origin(request), "now": trace.at(request)}
        try:
            limits.charge(Door.SIGN_IN, **tried)
        except TooMany as wait:
            raise too_many(wait) from None
        agent = authenticate(request, **credentials)
        if not isinstance(agent, Agent):
            trace.refused(
                request, Step.PASSWORD, agent=Agent.objects.filter(username=name.lower()).first(), name=name
            )
            return None
        limits.give_back(Door.SIGN_IN, **tried)
        return agent

    def pre_login(self, request: HttpRequest, user: Agent, **kwargs: Any) -> Any:
        request.session.cycle_key()  # what is proved next belongs to a key that nobody knew before
        return super().pre_login(request, user, **kwargs)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return str(settings.LOGIN_REDIRECT_URL)

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """The ways to prove again who one is: password, code, passkey; none for who comes by card."""
        found = []
        if user.is_authenticated and user.has_usable_password():
            found.append(("reauthenticate", _("Avec votre mot de passe"), "account_reauthenticate"))
        if user.is_authenticated and factors.has_application(user):
            found.append(("mfa_reauthenticate", _("Avec un code"), "mfa_reauthenticate"))
        if user.is_authenticated and factors.has_passkey(user):
            found.append(
                ("mfa_reauthenticate:webauthn", _("Avec une clé d’accès"), "mfa_reauthenticate_webauthn")
            )
        return [{"id": id_, "description": words, "url": reverse(name)} for id_, words, name in found]


class FactorsAdapter(DefaultMFAAdapter):
    """Second factors: sealed at rest, named in French."""

    def get_totp_issuer(self) -> str:
        return "Rempart"

    def get_totp_label(self, user: Agent) -> str:
        return user.username

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {"id": context.request.get_host().partition(":")[0], "name": "Rempart"}

    def get_public_key_credential_user_entity(self, user: Agent) -> dict[str, Any]:
        return {"id": user.id.hex.encode(), "display_name": user.name, "name": user.username}

    def encrypt(self, text: str) -> str:
        return seal(text, keyring=keyring_of(settings.KEY_STORE))

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text, keyring=keyring_of(settings.KEY_STORE))

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """Changes are told through the outbox (services.py)."""

    def generate_authenticator_name(self, user: Agent, type: Any) -> str:
        return _("Clé d’accès")
