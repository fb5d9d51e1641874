"""Mail by SMTP submission (RFC 6409), many messages over one connection.

Each mail has its own address of return, `bounces+<id>@<domain>`, and its id in its Message-ID: whichever way a report comes
back, it finds its message. What a server says of it is kept as a code alone: its words may name the recipient.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from enum import StrEnum
from pathlib import Path

from rempart.foundation.messaging import mime
from rempart.foundation.messaging.carriers.dkim import Signer
from rempart.foundation.messaging.letters import Answer, Letter, Outcome, Parcel

_ENHANCED = re.compile(rb"\b([245]\.[0-9]{1,3}\.[0-9]{1,3})\b")
_OF_OURS = "5.7."  # a policy refuses whoever sends, not whoever receives (RFC 3463)
_CLOSING = 421


class Security(StrEnum):
    STARTTLS = "starttls"
    IMPLICIT = "tls"  # RFC 8314
    NONE = "none"  # a relay on this very machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """A server that takes our mail, and as whom we write."""

    host: str
    port: int
    security: Security
    sender: str  # address of From
    domain: str  # of the Message-ID and of addresses of return
    label: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    authorities: Path | None = None  # PEM, who vouches for the server; None: those of the machine
    timeout: float = 20.0  # seconds, of each step
    most: int = 200  # messages of one connection


class SmtpCarrier:
    """Carries mail to one relay, over a connection that is kept between two calls. `signer`: asked once, when the first
    mail leaves; until the key store gives a key no mail leaves unsigned."""

    def __init__(
        self,
        relay: Relay,
        *,
        signer: Callable[[], Signer] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._relay, self._make_signer, self._clock = relay, signer, clock
        self._signer: Signer | None = None
        self._server: smtplib.SMTP | None = None
        self._sent = 0

    def carry(self, parcels: Sequence[Parcel]) -> Sequence[Outcome]:
        """One outcome for each. Once the relay cannot be reached, the rest is not tried."""
        if self._signer is None and self._make_signer is not None:
            self._signer = self._make_signer()
        self._look()
        outcomes: list[Outcome] = []
        for parcel in parcels:
            try:
                outcomes.append(self._one(parcel))
            except ssl.SSLError:
                outcomes.append(self._broken("smtp.tls"))
            except smtplib.SMTPAuthenticationError:
                outcomes.append(self._broken("smtp.login"))
            except (OSError, smtplib.SMTPException):
                outcomes.append(self._broken("smtp.unreachable"))
            if self._server is None and outcomes[-1].answer is Answer.LATER:
                outcomes += [outcomes[-1]] * (len(parcels) - len(outcomes))
                break
        return outcomes

    def close(self) -> None:
        """Say good-bye."""
        if self._server is not None:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                self._server.quit()
            self._server = None

    def _one(self, parcel: Parcel) -> Outcome:
        if not mime.is_address(parcel.letter.recipient):
            return Outcome(answer=Answer.REFUSED, reason="address")
        try:
            mail = self._written(parcel)
        except ValueError:
            return Outcome(answer=Answer.REFUSED, reason="malformed")
        server = self._open()
        size = server.esmtp_features.get("size", "")
        if size.isdigit() and 0 < int(size) < len(mail):
            return Outcome(answer=Answer.REFUSED, reason="too_large")
        self._sent += 1
        outcome = self._say(server, parcel, mail)
        if self._server is not None and outcome.answer is not Answer.TAKEN:
            server.rset()
        return outcome

    def _say(self, server: smtplib.SMTP, parcel: Parcel, mail: bytes) -> Outcome:
        notifies = server.has_extn("dsn")
        options = [f"SIZE={len(mail)}"] if server.has_extn("size") else []
        options += ["RET=HDRS", f"ENVID={parcel.id.hex}"] if notifies else []
        code, said = server.mail(f"bounces+{parcel.id.hex}@{self._relay.domain}", options)
        if code != 250:
            return self._refused(code, said, ours=True)
        code, said = server.rcpt(parcel.letter.recipient, ["NOTIFY=FAILURE"] if notifies else [])
        if code not in (250, 251):
            return self._refused(code, said)
        try:
            code, said = server.data(mail)
        except smtplib.SMTPDataError as error:
            code = error.smtp_code
            said = error.smtp_error if isinstance(error.smtp_error, bytes) else error.smtp_error.encode()
        if code != 250:
            return self._refused(code, said)
        return Outcome(answer=Answer.TAKEN, reference=parcel.id.hex)

    def _refused(self, code: int, said: bytes, *, ours: bool = False) -> Outcome:
        """4xx is for later; so is 5xx where it is about us and not about the recipient."""
        found = _ENHANCED.search(said)
        status = found[1].decode() if found else str(code)
        if code == _CLOSING:
            self.close()
        later = code < 500 or ours or status.startswith(_OF_OURS)
        return Outcome(answer=Answer.LATER if later else Answer.REFUSED, reason=f"smtp.{status}")

    def _written(self, parcel: Parcel) -> bytes:
        letter, relay = parcel.letter, self._relay
        mail = mime.build(
            [
                ("From", mime.mailbox(relay.label, relay.sender)),
                ("To", letter.recipient),
                ("Subject", letter.subject),
                ("Date", format_datetime(self._clock())),
                ("Message-ID", f"<{parcel.id.hex}@{relay.domain}>"),
                ("Auto-Submitted", "auto-generated"),
                *_more(letter),
            ],
            id=parcel.id,
            text=letter.text,
            html=letter.html,
            documents=parcel.documents,
        )
        return self._signer.sign(mail) if self._signer else mail

    def _open(self) -> smtplib.SMTP:
        """The connection, a new one where there is none or the old one is used up."""
        if self._server is not None and self._sent >= self._relay.most:
            self.close()
        if self._server is None:
            self._server, self._sent = self._connected(), 0
        return self._server

    def _look(self) -> None:
        """Whether the server still holds the connection of the last time; else another one is made."""
        if self._server is None:
            return
        try:
            alive = self._server.noop()[0] == 250
        except (OSError, smtplib.SMTPException):
            alive = False
        if not alive:
            self._server.close()
            self._server = None

    def _connected(self) -> smtplib.SMTP:
        relay = self._relay
        context = ssl.create_default_context(cafile=relay.authorities)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if relay.security is Security.IMPLICIT:
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                relay.host, relay.port, local_hostname=relay.domain, timeout=relay.timeout, context=context
            )
        else:
            server = smtplib.SMTP(relay.host, relay.port, local_hostname=relay.domain, timeout=relay.timeout)
        try:
            if server.sock is not None:
                server.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if relay.security is Security.STARTTLS:
                server.starttls(context=context)
            server.ehlo_or_helo_if_needed()
            if relay.user:
                server.login(relay.user, relay.password)
        except BaseException:
            server.close()
            raise
        return server

    def _broken(self, reason: str) -> Outcome:
        if self._server is not None:
            self._server.close()
            self._server = None
        return Outcome(answer=Answer.LATER, reason=reason)


def _more(letter: Letter) -> list[tuple[str, str]]:
    return sorted(letter.headers.items())
