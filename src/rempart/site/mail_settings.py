"""What a deployment says of its mail server and of its SMS centre; without a host, messages stay in the outbox as read."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from rempart.foundation.messaging.carriers.smpp_session import Gateway
from rempart.foundation.messaging.carriers.smtp import Relay, Security
from rempart.foundation.messaging.mailboxes import Account
from rempart.site.refusals import CannotRun

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_PORTS = {Security.STARTTLS: 587, Security.IMPLICIT: 465, Security.NONE: 25}


def _prefixed(prefix: str) -> SettingsConfigDict:
    return SettingsConfigDict(
        env_prefix=prefix, env_file=".env", frozen=True, extra="ignore", hide_input_in_errors=True
    )


class MailServer(BaseSettings):
    """`REMPART_SMTP_…`: who takes our mail."""

    model_config = _prefixed("REMPART_SMTP_")

    host: str = ""
    """Empty: mail stays here."""
    port: int | None = None
    """587, 465 with TLS from the beginning, 25 without."""
    security: Security = Security.STARTTLS
    """`none` is for a relay on this machine only."""
    user: str = ""
    password: str = Field("", repr=False)
    authorities: Path | None = None
    """PEM, those who vouch for it; without it, those of the machine."""
    sender: str = ""
    """Address that people see; its domain is that of addresses of return and of the signature."""
    label: str = ""
    """Name that people see beside it."""
    dkim_selector: str = ""
    """Under which the DNS shows our key (`rempart messages dkim`); empty: mails are not signed here."""

    def relay(self) -> Relay | None:
        """Whom to hand mail to, or None without a host. Raises CannotRun for settings that cannot be."""
        if not self.host:
            return None
        domain = self.sender.partition("@")[2]
        if not domain:
            raise CannotRun("settings of the mail server: REMPART_SMTP_SENDER must be an address")
        if self.security is Security.NONE and self.host not in _LOOPBACK:
            raise CannotRun(
                "settings of the mail server: REMPART_SMTP_SECURITY=none is for this machine only"
            )
        return Relay(
            host=self.host,
            port=self.port or _PORTS[self.security],
            security=self.security,
            sender=self.sender,
            domain=domain,
            label=self.label,
            user=self.user,
            password=self.password,
            authorities=self.authorities,
        )


class Bounces(BaseSettings):
    """`REMPART_BOUNCES_…`: the mailbox to which `bounces+…@` of our domain is delivered; we empty it."""

    model_config = _prefixed("REMPART_BOUNCES_")

    host: str = ""
    """IMAP; empty: nobody reads it."""
    port: int = 993
    user: str = ""
    password: str = Field("", repr=False)
    authorities: Path | None = None
    """PEM, those who vouch for it; without it, those of the machine."""

    def account(self) -> Account | None:
        """The mailbox, or None without a host."""
        if not self.host:
            return None
        return Account(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            authorities=self.authorities,
        )


class PrintingHouse(BaseSettings):
    """`REMPART_LETTERS_…`: who prints our letters and brings them to the post."""

    model_config = _prefixed("REMPART_LETTERS_")

    folder: Path | None = None
    """Where batches are put; what is there is in clear. None: letters stay in the outbox as read."""
    sender: str = ""
    """The address to which letters come back, lines parted by `|`."""
    postal_class: str = "lettre verte"
    """As the contract with the post names it; every line of a manifest says it."""

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines of the sender's address."""
        return tuple(line.strip() for line in self.sender.split("|") if line.strip())


class SmsCentre(BaseSettings):
    """`REMPART_SMS_…`: the operator's centre, by SMPP 3.4."""

    model_config = _prefixed("REMPART_SMS_")

    host: str = ""
    """Empty: text messages stay here."""
    port: int = 3550
    tls: bool = True
    """Without it only on this machine, or through a tunnel: texts and numbers travel in clear."""
    authorities: Path | None = None
    """PEM, those who vouch for it; without it, those of the machine."""
    system_id: str = ""
    password: str = Field("", repr=False)
    system_type: str = ""
    source: str = ""
    """What the telephone shows: a short number, to which people can answer STOP, or up to eleven letters."""
    rate: float = Field(50.0, gt=0)
    """Segments a second, as agreed with the operator."""
    window: int = Field(20, gt=0, le=1000)
    """Segments on their way before the first is answered, likewise."""

    def gateway(self) -> Gateway | None:
        """The centre, or None without a host. Raises CannotRun for settings that cannot be."""
        if not self.host:
            return None
        if missing := [name for name in ("system_id", "password", "source") if not getattr(self, name)]:
            names = ", ".join(f"REMPART_SMS_{name.upper()}" for name in missing)
            raise CannotRun(f"settings of the SMS centre: {names} missing")
        return Gateway(
            host=self.host,
            port=self.port,
            tls=self.tls,
            authorities=self.authorities,
            system_id=self.system_id,
            password=self.password,
            system_type=self.system_type,
            source=self.source,
            rate=self.rate,
            window=self.window,
        )
