"""What a deployment says of a transit engine and of an HSM; without its first setting, there is none."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from rempart.foundation.vault import Pkcs11Settings, TransitSettings


def _prefixed(prefix: str) -> SettingsConfigDict:
    return SettingsConfigDict(
        env_prefix=prefix, env_file=".env", frozen=True, extra="ignore", hide_input_in_errors=True
    )


class Transit(BaseSettings):
    """`REMPART_TRANSIT_…`: a transit engine of Vault or OpenBao."""

    model_config = _prefixed("REMPART_TRANSIT_")

    url: str = ""
    """Its address, https://…; empty: none."""
    mount: str = "transit"
    key: str = "rempart"
    token: str = Field("", repr=False)
    token_file: Path | None = None
    """Read at each use, for an agent renews it; goes before `token`."""
    ca: Path | None = None
    """PEM, those who vouch for its server; without it, those of the machine."""
    timeout: float = Field(5.0, gt=0, le=60)
    """Seconds, to connect and for each answer."""

    def settings(self) -> TransitSettings | None:
        if not self.url:
            return None
        return TransitSettings(
            url=self.url,
            mount=self.mount,
            key=self.key,
            token=self.token,
            token_file=self.token_file,
            ca=self.ca,
            timeout=self.timeout,
        )


class Pkcs11(BaseSettings):
    """`REMPART_PKCS11_…`: a token of an HSM."""

    model_config = _prefixed("REMPART_PKCS11_")

    module: Path | None = None
    """The maker's library (.so); none: no HSM."""
    token: str = "rempart"  # noqa: S105 -- a token's label
    key: str = "rempart-kek"
    """What the labels of its keys begin with."""
    pin: str = Field("", repr=False)
    pin_file: Path | None = None
    """Goes before `pin`."""

    def settings(self) -> Pkcs11Settings | None:
        if self.module is None:
            return None
        return Pkcs11Settings(
            module=self.module, token=self.token, key=self.key, pin=self.pin, pin_file=self.pin_file
        )
