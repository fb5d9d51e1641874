"""What a deployment says of an identity provider; nothing is asked of it here."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class ClientAuthentication(StrEnum):
    """How we prove to the token endpoint who we are (OpenID Connect Core §9, RFC 8705)."""

    SECRET_BASIC = "client_secret_basic"  # noqa: S105 -- the name of a method
    SECRET_POST = "client_secret_post"  # noqa: S105 -- the name of a method
    PRIVATE_KEY = "private_key_jwt"
    MUTUAL_TLS = "tls_client_auth"


class Algorithm(StrEnum):
    """Signatures that we take. One is registered with the provider, and only that one is accepted."""

    RS256 = "RS256"
    ES256 = "ES256"
    HS256 = "HS256"  # keyed with the client's secret

    @property
    def symmetric(self) -> bool:
        return self is Algorithm.HS256


class Wrong(ValueError):
    """A setting of a provider is missing or cannot be; the message says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One provider and how we are registered with it. Raises Wrong for settings that cannot be."""

    name: str
    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    discovery: str = "/.well-known/openid-configuration"
    scope: str
    acr_asked: str
    acr_accepted: frozenset[str]
    id_token_algorithm: Algorithm
    userinfo_algorithm: Algorithm | None = None  # None: plain JSON
    authentication: ClientAuthentication = ClientAuthentication.SECRET_BASIC
    private_key: Path | None = None  # PEM, for private_key_jwt and mutual TLS
    certificate: Path | None = None  # PEM, for mutual TLS
    authorities: Path | None = None  # PEM, who vouches for its servers; None: those of the machine
    other_hosts: tuple[str, ...] = ()  # servers of the provider that are not the issuer's
    is_test: bool = False  # on this machine, without TLS

    def __post_init__(self) -> None:
        parts = urlsplit(self.issuer)
        if not (parts.scheme == "https" or (self.is_test and parts.scheme == "http")):
            raise Wrong(f"{self.name}: the issuer must be https; http is for a test issuer on this machine")
        if parts.scheme == "http" and parts.hostname not in LOOPBACK:
            raise Wrong(f"{self.name}: a test issuer is on this machine (localhost)")
        if not parts.hostname or parts.query or parts.fragment or parts.username:
            raise Wrong(f"{self.name}: the issuer is not an address")
        if not self.client_id:
            raise Wrong(f"{self.name}: the client id is missing")
        needs_secret = self.authentication in (
            ClientAuthentication.SECRET_BASIC,
            ClientAuthentication.SECRET_POST,
        )
        signed = {self.id_token_algorithm, self.userinfo_algorithm}
        if not self.client_secret and (needs_secret or Algorithm.HS256 in signed):
            raise Wrong(f"{self.name}: the client secret is missing")
        if not needs_secret and self.private_key is None:
            raise Wrong(f"{self.name}: {self.authentication} needs a private key")
        if self.authentication is ClientAuthentication.MUTUAL_TLS and self.certificate is None:
            raise Wrong(f"{self.name}: {self.authentication} needs a certificate")

    @property
    def discovery_address(self) -> str:
        return self.issuer.rstrip("/") + self.discovery

    @property
    def hosts(self) -> frozenset[str]:
        """The servers that we ask anything of: the issuer's, and those the deployment added."""
        return frozenset({urlsplit(self.issuer).netloc, *self.other_hosts})
