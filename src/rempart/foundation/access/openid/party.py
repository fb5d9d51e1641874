"""The relying party: from "sign me in" to claims that hold, and out again.

authlib speaks OAuth 2.0 and PKCE; what OpenID Connect adds is checked in tokens.py; every request goes out
through outgoing.py. Source: OpenID Connect Core §3.1, Discovery §4, RP-Initiated Logout §2, RFC 7636.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.client import OAuth2Client
from authlib.oauth2.rfc7523 import PrivateKeyJWT

from rempart.foundation.access.openid import tokens
from rempart.foundation.access.openid.attempt import Attempt, code_of
from rempart.foundation.access.openid.outgoing import client_for
from rempart.foundation.access.openid.provider import LOOPBACK, Algorithm, ClientAuthentication, Provider
from rempart.foundation.access.openid.refusals import Reason, SignInRefused

REMEMBERED = timedelta(hours=1)
KEYS_ASKED_AGAIN = timedelta(minutes=1)
"""A signature by an unknown key makes us look for new keys, no oftener than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """What a provider vouches for. None of it is in a representation, which a log might keep."""

    subject: str = field(repr=False)
    claims: tokens.Claims = field(repr=False)
    id_token: str = field(repr=False)
    proved_at: float = 0.0
    """When the person proved to the provider who he is (seconds since 1970); 0: it does not say, and a session that
    he left open there may have answered for him."""


class Party:
    """One provider as this process knows it; what it publishes is remembered for an hour. Thread-safe."""

    def __init__(self, provider: Provider, transport: httpx.BaseTransport | None = None) -> None:
        self.provider = provider
        self.http = client_for(provider, transport)
        self._published: dict[str, tuple[datetime, Mapping[str, Any]]] = {}

    def ask(self, *, attempt: Attempt, redirect_uri: str, now: datetime) -> str:
        """The address that the browser is sent to. Raises SignInRefused when the provider cannot be had."""
        anew = {"prompt": "login", "max_age": "0"} if attempt.again else {}
        address, _ = self.oauth().create_authorization_url(
            self.endpoint("authorization_endpoint", now=now),
            state=attempt.state,
            code_verifier=attempt.verifier,
            redirect_uri=redirect_uri,
            scope=self.provider.scope,
            nonce=attempt.nonce,
            acr_values=self.provider.acr_asked,
            **anew,
        )
        return str(address)

    def receive(
        self, *, answer: Mapping[str, str], attempt: Attempt | None, redirect_uri: str, now: datetime
    ) -> SignedIn:
        """Who came back: the code is spent, both tokens hold, the identity is that of the token.

        Raises SignInRefused with the first thing that is wrong.
        """
        code = code_of(answer, attempt, provider=self.provider.name, issuer=self.provider.issuer, now=now)
        given = self.exchange(
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": redirect_uri,
                "code_verifier": attempt.verifier if attempt else "",
            },
            now=now,
        )
        since = attempt.asked_at if attempt and attempt.again else None
        return self.signed_in(given, nonce=attempt.nonce if attempt else "", since=since, now=now)

    def exchange(self, grant: Mapping[str, str], *, now: datetime) -> Mapping[str, Any]:
        """What the token endpoint gives for a grant. Raises SignInRefused, REFUSED
        with the provider's error word."""
        endpoint = self.endpoint("token_endpoint", now=now)
        try:
            given: Mapping[str, Any] = self.oauth().fetch_token(endpoint, **grant)
        except OAuth2Error as refused:
            raise SignInRefused(Reason.REFUSED, _word(refused.error)) from None
        except httpx.HTTPStatusError as answer:
            raise _unreachable(answer.response) from None
        except httpx.HTTPError as failure:
            raise SignInRefused(Reason.UNREACHABLE, type(failure).__name__) from None
        except (ValueError, TypeError, RecursionError):
            raise SignInRefused(Reason.UNREADABLE, "token answer") from None
        return given

    def post(self, endpoint: str, form: Mapping[str, str], *, now: datetime) -> Mapping[str, Any]:
        """What an endpoint that knows its clients answers to a form. Raises SignInRefused, REFUSED with the
        provider's error word."""
        address, oauth = self.endpoint(endpoint, now=now), self.oauth()
        try:
            response = self.http.post(
                address, data=form, auth=oauth.client_auth(oauth.token_endpoint_auth_method)
            )
        except httpx.HTTPError as failure:
            raise SignInRefused(Reason.UNREACHABLE, type(failure).__name__) from None
        if response.status_code >= 500:
            raise _unreachable(response)
        answer = _object(response, endpoint)
        if response.status_code != 200:
            raise SignInRefused(Reason.REFUSED, _word(answer.get("error")))
        return answer

    def signed_in(
        self, given: Mapping[str, Any], *, nonce: str | None, since: float | None = None, now: datetime
    ) -> SignedIn:
        """Who the tokens are about; `since`: he must have proved it after that. Raises SignInRefused."""
        id_token, access_token = given.get("id_token"), given.get("access_token")
        if not isinstance(access_token, str) or not isinstance(id_token, str):
            raise SignInRefused(Reason.UNREADABLE, "tokens missing")
        claims = self._verified(id_token, self.provider.id_token_algorithm, now)
        tokens.check_id_token(claims, provider=self.provider, nonce=nonce, since=since, now=now)
        identity = self._userinfo(access_token, now)
        signed = self.provider.userinfo_algorithm is not None
        tokens.check_userinfo(identity, provider=self.provider, subject=claims["sub"], signed=signed)
        proved_at = claims.get("auth_time")
        return SignedIn(
            subject=claims["sub"],
            claims=identity,
            id_token=id_token,
            proved_at=float(proved_at) if tokens.is_moment(proved_at) else 0.0,
        )

    def leave(self, *, id_token: str, redirect_uri: str, state: str, now: datetime) -> str:
        """The address at which the browser's session with the provider ends too. Raises SignInRefused."""
        end = self.endpoint("end_session_endpoint", now=now)
        return f"{end}{'&' if '?' in end else '?'}" + urlencode(
            {"id_token_hint": id_token, "post_logout_redirect_uri": redirect_uri, "state": state}
        )

    def oauth(self) -> OAuth2Client:
        """authlib's client, over our own bounded requests."""
        provider = self.provider
        secret: object = provider.client_secret
        method: object = provider.authentication.value
        if provider.authentication is ClientAuthentication.PRIVATE_KEY and provider.private_key:
            secret, method = provider.private_key.read_bytes(), PrivateKeyJWT()
        elif provider.authentication is ClientAuthentication.MUTUAL_TLS:
            method = "none"  # the certificate says who we are; the client id goes with the request
        client = OAuth2Client(
            self.http,
            client_id=provider.client_id,
            client_secret=secret,
            token_endpoint_auth_method=method,
            code_challenge_method="S256",
        )
        client.client_auth_class = _Authentication
        return client

    def endpoint(self, name: str, *, now: datetime) -> str:
        """An address that the provider publishes. Raises SignInRefused when it cannot be used."""
        published = self._document(self.provider.discovery_address, now)
        if published.get("issuer") != self.provider.issuer:
            raise SignInRefused(Reason.UNREADABLE, "issuer of the discovery document")
        if self.provider.authentication is ClientAuthentication.MUTUAL_TLS:
            aliases = published.get("mtls_endpoint_aliases")  # RFC 8705 §5
            published = {**published, **(aliases if isinstance(aliases, dict) else {})}
        address = published.get(name)
        if not isinstance(address, str) or not self._may_be(address):
            raise SignInRefused(Reason.UNREADABLE, name)
        return address

    def _may_be(self, address: str) -> bool:
        parts = urlsplit(address)
        local = self.provider.is_test and parts.scheme == "http" and parts.hostname in LOOPBACK
        return bool(parts.hostname) and (parts.scheme == "https" or local)

    def _verified(self, token: str, algorithm: Algorithm, now: datetime) -> tokens.Claims:
        """The claims of a signed token; new keys are looked for once when no known one made it."""
        if algorithm.symmetric:
            return tokens.verified(token, provider=self.provider, algorithm=algorithm, keys={})
        address = self.endpoint("jwks_uri", now=now)
        keys = self._document(address, now)
        try:
            return tokens.verified(token, provider=self.provider, algorithm=algorithm, keys=keys)
        except SignInRefused:
            if now - self._published[address][0] < KEYS_ASKED_AGAIN:
                raise
        keys = self._document(address, now, afresh=True)
        return tokens.verified(token, provider=self.provider, algorithm=algorithm, keys=keys)

    def _userinfo(self, access_token: str, now: datetime) -> tokens.Claims:
        response = self._get(
            self.endpoint("userinfo_endpoint", now=now), {"Authorization": f"Bearer {access_token}"}
        )
        if self.provider.userinfo_algorithm is not None:
            return self._verified(response.text.strip(), self.provider.userinfo_algorithm, now)
        return _object(response, "userinfo")

    def _document(self, address: str, now: datetime, *, afresh: bool = False) -> Mapping[str, Any]:
        known = self._published.get(address)
        if known is not None and not afresh and now - known[0] < REMEMBERED:
            return known[1]
        document = _object(self._get(address), "document")
        self._published[address] = (now, document)
        return document

    def _get(self, address: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        try:
            response = self.http.get(address, headers=headers)
        except httpx.HTTPError as failure:
            raise SignInRefused(Reason.UNREACHABLE, type(failure).__name__) from None
        if response.status_code != 200:
            raise _unreachable(response)
        return response


@lru_cache(maxsize=8)
def party_of(provider: Provider) -> Party:
    """This process's relying party for a provider."""
    return Party(provider)


class _Authentication(httpx.Auth):
    """authlib's authentication of a client, as httpx takes it (authlib's own is tied to another client)."""

    requires_request_body = True

    def __init__(self, client_id: str, client_secret: object, auth_method: object) -> None:
        self._inner = ClientAuth(client_id, client_secret, auth_method)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """The same request, with what proves who we are."""
        headers = {name: value for name, value in request.headers.items() if name != "content-length"}
        address, headers, body = self._inner.prepare(
            request.method, str(request.url), headers, request.content.decode()
        )
        headers.pop("Content-Length", None)
        yield httpx.Request(request.method, address, headers=headers, content=body.encode())


def _object(response: httpx.Response, what: str) -> Mapping[str, Any]:
    try:
        found = response.json()
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise SignInRefused(Reason.UNREADABLE, what)
    return found


def _unreachable(response: httpx.Response) -> SignInRefused:
    """A redirect or a refusal is not what we asked for; a failure of theirs is theirs."""
    reason = Reason.UNREACHABLE if response.status_code >= 500 else Reason.UNREADABLE
    return SignInRefused(reason, f"http {response.status_code}")


def _word(error: object) -> str:
    """An error code of OAuth as a word that may be logged: the provider wrote it."""
    text = str(error)
    return text if len(text) <= 40 and text.replace("_", "").isalpha() and text.isascii() else "error"
