"""What a deployment says of Pro Santé Connect and FranceConnect; without an issuer, its button does not exist."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from rempart.foundation.access.openid.provider import Algorithm, ClientAuthentication, Provider, Wrong
from rempart.site.refusals import CannotRun


class _Registration(BaseSettings):
    """How we are registered with a provider."""

    issuer: str = ""
    """Its address; empty: nobody signs in by it."""
    client_id: str = ""
    client_secret: str = Field("", repr=False)
    private_key: Path | None = None
    """PEM, for `private_key_jwt` and `tls_client_auth`."""
    certificate: Path | None = None
    """PEM, for `tls_client_auth`."""
    authorities: Path | None = None
    """PEM, those who vouch for its servers; without it, those of the machine."""
    hosts: tuple[str, ...] = ()
    """Servers that we ask besides the issuer's own."""
    openid_test: bool = Field(False, validation_alias="REMPART_OPENID_TEST")
    """The issuer is a test one on this machine, without TLS (rempart simulate identity)."""


class ProSanteConnect(_Registration):
    """`REMPART_PSC_…`; the sandbox's issuer is https://auth.bas.psc.esante.gouv.fr/auth/realms/esante-wallet."""

    model_config = SettingsConfigDict(
        env_prefix="REMPART_PSC_", env_file=".env", frozen=True, extra="ignore", populate_by_name=True
    )

    discovery: str = "/.well-known/wallet-openid-configuration"
    authentication: ClientAuthentication = ClientAuthentication.SECRET_BASIC
    algorithm: Algorithm = Algorithm.RS256
    userinfo_algorithm: Algorithm | None = None
    """Registered when the identity comes signed; else it is plain JSON."""
    levels: tuple[str, ...] = ("eidas1", "eidas2", "eidas3")
    """Those that are taken; eidas1 is asked, as the service wants it, and a card gives more."""
    ciba: bool = False
    """Requests to a phone, which the service opens for each client."""

    def provider(self) -> Provider | None:
        """The provider, or None without an issuer. Raises CannotRun for settings that cannot be."""
        return _checked(
            self,
            name="pro-sante-connect",
            scope="openid scope_all",
            levels=self.levels,
            algorithm=self.algorithm,
            userinfo_algorithm=self.userinfo_algorithm,
            authentication=self.authentication,
            discovery=self.discovery,
        )


class FranceConnect(_Registration):
    """`REMPART_FC_…`; the algorithm is the one registered, of the identity as of the token."""

    model_config = SettingsConfigDict(
        env_prefix="REMPART_FC_", env_file=".env", frozen=True, extra="ignore", populate_by_name=True
    )

    discovery: str = "/.well-known/openid-configuration"
    authentication: ClientAuthentication = ClientAuthentication.SECRET_POST
    algorithm: Algorithm = Algorithm.ES256

    def provider(self) -> Provider | None:
        """The provider, or None without an issuer. Raises CannotRun for settings that cannot be."""
        return _checked(
            self,
            name="franceconnect",
            scope="openid identite_pivot",
            levels=("eidas1",),
            algorithm=self.algorithm,
            userinfo_algorithm=self.algorithm,
            authentication=self.authentication,
            discovery=self.discovery,
        )


def _checked(
    registered: _Registration,
    *,
    name: str,
    scope: str,
    levels: tuple[str, ...],
    algorithm: Algorithm,
    userinfo_algorithm: Algorithm | None,
    authentication: ClientAuthentication,
    discovery: str,
) -> Provider | None:
    if not registered.issuer:
        return None
    try:
        return Provider(
            name=name,
            issuer=registered.issuer,
            client_id=registered.client_id,
            client_secret=registered.client_secret,
            discovery=discovery,
            scope=scope,
            acr_asked="eidas1",
            acr_accepted=frozenset(levels),
            id_token_algorithm=algorithm,
            userinfo_algorithm=userinfo_algorithm,
            authentication=authentication,
            private_key=registered.private_key,
            certificate=registered.certificate,
            authorities=registered.authorities,
            other_hosts=registered.hosts,
            is_test=registered.openid_test,
        )
    except Wrong as why:
        raise CannotRun(f"settings of {why}") from None
