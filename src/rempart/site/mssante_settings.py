"""How a deployment takes part in the trust space of health mail; without an address, health mail stays in the outbox as read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from rempart.foundation.messaging import mime
from rempart.foundation.messaging.mailboxes import Account
from rempart.foundation.messaging.mssante.credentials import Credentials
from rempart.foundation.messaging.mssante.kept_list import Current
from rempart.foundation.messaging.mssante.message import Sender
from rempart.foundation.messaging.mssante.servers import MailExchangers, Server
from rempart.foundation.messaging.mssante.transport import MssanteCarrier, Pace
from rempart.site.refusals import CannotRun


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthMail:
    """Who we are in the trust space. `relay`: whom we hand everything to; None: we go to each operator ourselves.
    `archives`: whether results also go in an archive for software. `returns`: the mailbox where reports come back; None: nobody reads it."""

    sender: Sender
    credentials: Credentials
    relay: Server | None
    hello: str
    pace: Pace
    archives: bool
    returns: Account | None = field(repr=False)

    def carrier(self, *, white_list: Path, clock: Callable[[], datetime]) -> MssanteCarrier:
        """A carrier of health mail; `white_list`: the folder where the list in use lies."""
        return MssanteCarrier(
            sender=self.sender,
            credentials=self.credentials,
            listed=Current(white_list),
            find=MailExchangers(),
            clock=clock,
            relay=self.relay,
            hello=self.hello,
            pace=self.pace,
        )


class Mssante(BaseSettings):
    """`REMPART_MSSANTE_…`."""

    model_config = SettingsConfigDict(
        env_prefix="REMPART_MSSANTE_", env_file=".env", frozen=True, extra="ignore", hide_input_in_errors=True
    )

    address: str = ""
    """Our own address in the trust space; empty: health mail stays here."""
    label: str = "Rempart"
    """Name that people see beside it."""
    returns: str = ""
    """Where reports come back to; empty: our own address. With `{id}` in it ("retours+{id}@…") each message has its own."""
    product: str = ""
    """Our reference in the register of convergence.esante.gouv.fr, said in X-MSS-NIL."""
    archives: bool = False
    """Whether results also go as an IHE_XDM.ZIP, for recipients whose software takes documents in."""
    receipts: bool = True
    """Whether recipients' programs are asked to say that a message was read or taken in."""
    certificate: Path | None = None
    """PEM, of our organisation (IGC-Santé), with its chain."""
    key: Path | None = None
    """PEM, its private key; without it, in the same file."""
    authorities: Path | None = None
    """PEM, the authorities of the trust space (IGC-Santé), and no others."""
    revoked: Path | None = None
    """PEM, their lists of certificates taken back; without it, servers are believed without one."""
    relay: str = ""
    """The server of our operator, when it brings everything for us; empty: we go to each operator."""
    relay_port: int = 25
    hello: str = ""
    """How we present ourselves to servers; empty: the domain of our address."""
    sessions: int = Field(4, ge=1, le=32)
    """At a time with one domain, or with the relay."""
    imap_host: str = ""
    """Of the mailbox where reports come back; empty: nobody reads it. It is emptied."""
    imap_port: int = 993
    imap_starttls: bool = False
    imap_user: str = ""
    """Empty: our own address."""
    imap_password: str = Field("", repr=False)
    """Empty: our certificate opens it, as it does for mailboxes of applications."""

    def health_mail(self) -> HealthMail | None:
        """Who we are, or None without an address. Raises CannotRun for settings that cannot be."""
        if not self.address:
            return None
        missing = [
            f"REMPART_MSSANTE_{name.upper()}"
            for name in ("certificate", "authorities")
            if not getattr(self, name)
        ]
        if missing or self.certificate is None or self.authorities is None:
            raise CannotRun(f"settings of health mail: {', '.join(missing)} missing")
        returns = self.returns or self.address
        for name, address in (("ADDRESS", self.address), ("RETURNS", returns.replace("{id}", "0"))):
            if not mime.is_address(address):
                raise CannotRun(f"settings of health mail: REMPART_MSSANTE_{name} must be an address")
        return HealthMail(
            sender=Sender(
                address=self.address,
                label=self.label,
                returns=returns,
                product=self.product,
                receipts=self.receipts,
            ),
            credentials=Credentials(
                certificate=self.certificate, key=self.key, authorities=self.authorities, revoked=self.revoked
            ),
            relay=Server(host=self.relay, port=self.relay_port) if self.relay else None,
            hello=self.hello,
            pace=Pace(sessions=self.sessions),
            archives=self.archives,
            returns=self._mailbox(self.certificate, self.authorities),
        )

    def _mailbox(self, certificate: Path, authorities: Path) -> Account | None:
        if not self.imap_host:
            return None
        return Account(
            host=self.imap_host,
            port=self.imap_port,
            starttls=self.imap_starttls,
            user=self.imap_user or self.address,
            password=self.imap_password,
            certificate=certificate,
            key=self.key,
            authorities=authorities,
        )
