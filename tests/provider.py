"""A provider in this process, for answers that no real one gives: wrong claims, other keys, too many bytes.

Everything that a real provider can be made to do is tested against one (tests/browser/test_openid.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from rempart.foundation.access.openid.attempt import Attempt, new_attempt
from rempart.foundation.access.openid.party import Party, SignedIn
from rempart.foundation.access.openid.provider import Algorithm, Provider

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
ISSUER = "https://auth.exemple.fr/realms/essai"
SECRET = "a secret that is long enough to sign with"
BACK = "https://rempart.exemple.fr/retour/"

Answer = Callable[[httpx.Request], httpx.Response | None]


def provider(**changes: Any) -> Provider:
    """One that signs with ES256 and gives a plain identity."""
    settings: dict[str, Any] = {
        "name": "essai",
        "issuer": ISSUER,
        "client_id": "rempart",
        "client_secret": SECRET,
        "scope": "openid",
        "acr_asked": "eidas1",
        "acr_accepted": frozenset({"eidas1", "eidas3"}),
        "id_token_algorithm": Algorithm.ES256,
    }
    return Provider(**(settings | changes))


@dataclass(kw_only=True)
class StandIn(httpx.BaseTransport):
    """Answers as a provider; `claims` and `identity` change what it says, `instead` answers first."""

    settings: Provider = field(default_factory=provider)
    claims: dict[str, Any] = field(default_factory=dict)
    identity: dict[str, Any] = field(default_factory=dict)
    published: dict[str, Any] = field(default_factory=dict)
    token_answers: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    key: Any = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "one"}))
    shown_keys: list[Any] | None = None
    instead: Answer | None = None
    nonce: str = ""
    asked: list[httpx.Request] = field(default_factory=list)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answer(request)
        stream = httpx.ByteStream(answer.content)  # unread, as it comes from the network
        return httpx.Response(answer.status_code, headers=answer.headers, stream=stream)

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.instead is not None and (answer := self.instead(request)) is not None:
            return answer
        path = request.url.path
        if "well-known" in path:
            return httpx.Response(200, json=self.discovery())
        if path.endswith("/jwks"):
            keys = [self.key] if self.shown_keys is None else self.shown_keys
            return httpx.Response(200, json={"keys": [key.as_dict(private=False) for key in keys]})
        if path.endswith("/ciba"):
            return httpx.Response(200, json={"auth_req_id": "r1", "expires_in": 120, "interval": 5})
        if path.endswith("/token"):
            if self.token_answers:
                status, said = self.token_answers.pop(0)
                return httpx.Response(status, json=said)
            return httpx.Response(200, json=self.tokens())
        return self.userinfo()

    def discovery(self) -> dict[str, Any]:
        names = {
            "authorization_endpoint": "auth",
            "token_endpoint": "token",
            "userinfo_endpoint": "me",
            "jwks_uri": "jwks",
            "end_session_endpoint": "end",
            "backchannel_authentication_endpoint": "ciba",
        }
        found = {name: f"{ISSUER}/{path}" for name, path in names.items()}
        return {"issuer": ISSUER, **found, **self.published}

    def tokens(self) -> dict[str, Any]:
        return {"access_token": "an-access-token", "token_type": "Bearer", "id_token": self.id_token()}

    def id_token(self) -> str:
        at = int(NOW.timestamp())
        said: dict[str, Any] = {
            "iss": ISSUER, "aud": "rempart", "sub": "somebody", "iat": at, "exp": at + 60, "acr": "eidas1",
            "nonce": self.nonce,
        }  # fmt: skip
        said |= self.claims
        return self.signed({name: value for name, value in said.items() if value is not None})

    def userinfo(self) -> httpx.Response:
        said = {"sub": "somebody", "given_name": "Odile", **self.identity}
        if self.settings.userinfo_algorithm is None:
            return httpx.Response(200, json=said)
        signed = self.signed({"iss": ISSUER, "aud": "rempart", **said})
        return httpx.Response(200, text=signed, headers={"content-type": "application/jwt"})

    def signed(self, said: dict[str, Any]) -> str:
        algorithm = {"EC": "ES256", "RSA": "RS256", "oct": "HS256"}[self.key.key_type]
        header = {"alg": algorithm, **({"kid": self.key.kid} if self.key.kid else {})}
        return jwt.encode(header, said, self.key, algorithms=[algorithm])

    def form_sent(self, path: str) -> dict[str, str]:
        """The last form that was sent to an endpoint."""
        (*_, request) = [one for one in self.asked if one.url.path.endswith(path)]
        return {name: values[0] for name, values in parse_qs(request.content.decode()).items()}


def sign_in(stand_in: StandIn, *, again: bool = False, now: datetime = NOW, **answer: str) -> SignedIn:
    """There and back at once; `answer` changes what the browser brings back."""
    party = Party(stand_in.settings, stand_in)
    attempt = new_attempt(provider=stand_in.settings.name, now=NOW, again=again)
    party.ask(attempt=attempt, redirect_uri=BACK, now=NOW)
    stand_in.nonce = stand_in.nonce or attempt.nonce
    return party.receive(
        answer={"code": "c0de", "state": attempt.state} | answer, attempt=attempt, redirect_uri=BACK, now=now
    )


def other_key(kind: type = ECKey) -> Any:
    """A key that the provider does not show."""
    if kind is RSAKey:
        return RSAKey.generate_key(2048, {"kid": "other"})
    if kind is OctKey:
        return OctKey.import_key(SECRET)
    return ECKey.generate_key("P-256", {"kid": "other"})


__all__ = [
    "BACK", "ISSUER", "NOW", "SECRET", "Attempt", "StandIn", "other_key", "provider", "sign_in",
]  # fmt: skip
