"""The INS teleservice as a deployment is registered with it; without an address nobody is looked up."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from pydantic_settings import BaseSettings, SettingsConfigDict

from rempart.foundation.people.teleservice.endpoint import Endpoint, Software
from rempart.site.refusals import CannotRun


class InsTeleservice(BaseSettings):
    """`REMPART_INS_…`; the service for trials is https://qualiflps-services-ps-tlsm.ameli.fr/lps."""

    model_config = SettingsConfigDict(
        env_prefix="REMPART_INS_", env_file=".env", frozen=True, extra="ignore", populate_by_name=True
    )

    url: str = ""
    """Its address; empty: nobody is looked up."""
    certificate: Path | None = None
    """PEM, of our organisation (IGC-Santé), with its chain."""
    key: Path | None = None
    """PEM, its private key."""
    authorities: Path | None = None
    """PEM, those who vouch for its servers; without it, those of the machine."""
    authorisation: str = ""
    """The software's authorisation number (n° IDAM), given with its approval."""
    software: str = "rempart"
    version: str = "1"
    instance: UUID | None = None
    """Of this installation; any UUID, always the same."""
    sender: str = ""
    """Number of the structure that asks, as registered."""

    def endpoint(self) -> Endpoint | None:
        """Whom to ask, or None without an address. Raises CannotRun for settings that cannot be."""
        if not self.url:
            return None
        if not self.url.startswith("https://"):
            raise CannotRun("settings of the INS teleservice: REMPART_INS_URL must be https")
        missing = [
            f"REMPART_INS_{name.upper()}"
            for name in ("certificate", "key", "authorisation", "instance", "sender")
            if not getattr(self, name)
        ]
        if missing or self.certificate is None or self.key is None or self.instance is None:
            raise CannotRun(f"settings of the INS teleservice: {', '.join(missing)} missing")
        return Endpoint(
            url=self.url,
            certificate=self.certificate,
            key=self.key,
            authorities=self.authorities,
            software=Software(
                authorisation=self.authorisation,
                name=self.software,
                version=self.version,
                instance=self.instance,
                sender=self.sender,
            ),
        )
