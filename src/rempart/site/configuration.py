"""What a deployment may choose, read once from the environment (and `.env` for a developer)."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from rempart.foundation.vault import KeyStore, Provider
from rempart.site.identity_providers import FranceConnect, ProSanteConnect
from rempart.site.ins_settings import InsTeleservice
from rempart.site.key_providers import Pkcs11, Transit
from rempart.site.mail_settings import Bounces, MailServer, PrintingHouse, SmsCentre
from rempart.site.mssante_settings import Mssante


class Configuration(BaseSettings):
    """One deployment serves one country; country and pathogen are data folders."""

    model_config = SettingsConfigDict(
        env_prefix="REMPART_", env_file=".env", frozen=True, extra="ignore", populate_by_name=True
    )

    var: Path = Path("var")
    """Everything that is not code: the embedded database, keys, facts, caches."""
    pathogen: str = "covid19"
    database_url: str = Field("", validation_alias="DATABASE_URL")
    """The application's role; empty: the embedded cluster under `var`."""
    database_owner_url: str = Field("", validation_alias="DATABASE_OWNER_URL")
    """The migrating role; empty: as `database_url`."""
    public_url: str = "http://localhost:8000"
    """How the outside reaches us; the links sent to patients begin with it."""
    hosts: tuple[str, ...] = ("localhost", "127.0.0.1", "[::1]")
    proxies: tuple[str, ...] = ()
    """Addresses or networks of the proxies whose word on the client is believed, beside the private socket's."""
    anchors_folder: Path | None = None
    """Where the signatures over the sealed audit go: elsewhere than the database. None: `var`/anchors."""
    drop_folder: Path | None = None
    """Where laboratories put files down, one folder each; what is there is in clear. None: `var`/drop."""
    trust_folder: Path | None = None
    """What the page that checks certificates trusts beside our own signers: `keys` and `revoked`. None: `var`/trust."""
    demo: bool = False
    """Shows the local outbox and the demo accounts; never in production."""
    debug: bool = False
    secret_key: str = ""
    """Signs cookies and forms. Empty: commands take the one that the vault keeps, made at first start."""
    key_provider: Provider = Provider.FILE
    """Who wraps the keys of the key store; its own settings are REMPART_TRANSIT_… and REMPART_PKCS11_…"""
    signing_provider: Provider = Provider.FILE
    """Who holds the keys that sign certificates, made from now on."""
    signing_socket: Path | None = None
    """Where a signing service answers (`rempart signing serve`); none: this process signs with its own keys."""
    brand: str = ""
    """The brand block of the header ("Ministère des Solidarités|et de la Santé"); empty: neutral."""
    marianne: bool = False
    """The State's logo and font, which DSFR's licence reserves to State sites."""

    @property
    def pro_sante_connect(self) -> ProSanteConnect:
        """Who lets professionals in; its own settings are REMPART_PSC_…"""
        return ProSanteConnect.model_validate({})

    @property
    def france_connect(self) -> FranceConnect:
        """Who says who a citizen is; its own settings are REMPART_FC_…"""
        return FranceConnect.model_validate({})

    @property
    def ins(self) -> InsTeleservice:
        """Where the national INS teleservice is; its own settings are REMPART_INS_…"""
        return InsTeleservice.model_validate({})

    @property
    def mail(self) -> MailServer:
        """Who takes our mail; its own settings are REMPART_SMTP_…"""
        return MailServer.model_validate({})

    @property
    def bounces(self) -> Bounces:
        """Where mail comes back to; its own settings are REMPART_BOUNCES_…"""
        return Bounces.model_validate({})

    @property
    def sms(self) -> SmsCentre:
        """Who takes our text messages; its own settings are REMPART_SMS_…"""
        return SmsCentre.model_validate({})

    @property
    def mssante(self) -> Mssante:
        """How we take part in the trust space of health mail; its own settings are REMPART_MSSANTE_…"""
        return Mssante.model_validate({})

    @property
    def white_list(self) -> Path:
        """The folder of the white list of that trust space."""
        return self.var / "mssante"

    @property
    def letters(self) -> PrintingHouse:
        """Who prints our letters; its own settings are REMPART_LETTERS_…"""
        return PrintingHouse.model_validate({})

    @property
    def key_store(self) -> KeyStore:
        """Where keys lie and who wraps them; rooms open it with `keyring_of`."""
        return KeyStore(
            root=self.var / "keys",
            provider=self.key_provider,
            transit=Transit.model_validate({}).settings(),
            pkcs11=Pkcs11.model_validate({}).settings(),
            signing=self.signing_provider,
            signing_socket=self.signing_socket,
        )

    @property
    def anchors(self) -> Path:
        return self.anchors_folder or self.var / "anchors"

    @property
    def drop(self) -> Path:
        """Where laboratories put files down."""
        return self.drop_folder or self.var / "drop"

    @property
    def trust(self) -> Path:
        """Other issuers' keys, and what was revoked."""
        return self.trust_folder or self.var / "trust"

    @property
    def facts(self) -> Path:
        return self.var / "facts"

    @property
    def static(self) -> Path:
        return self.var / "static"

    @property
    def secure(self) -> bool:
        return self.public_url.startswith("https://")


@lru_cache(maxsize=1)
def configuration() -> Configuration:
    """The configuration of this process."""
    return Configuration.model_validate({})
