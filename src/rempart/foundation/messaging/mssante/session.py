"""One SMTP session over mutual TLS: opened, proven on both sides, and used for many messages.

Built on smtplib with two changes that count: no waiting for small packets (TCP_NODELAY: 446 messages a second instead
of 21, reference certificates.md §9), and MAIL, RCPT and DATA in one step where the server allows it (RFC 2920).
"""

from __future__ import annotations

import smtplib
import socket
import ssl
import time
from dataclasses import dataclass, field

from rempart.foundation.messaging.mssante.servers import Server
from rempart.foundation.messaging.mssante.subjects import Subject, subject_of


class NoSession(Exception):
    """No session could be had with a server, or it ended. `code` is stable."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Rejected(Exception):
    """The server does not take the message. `stage`: "mail", "rcpt" or "data"; `reply`: its code; `status`: the
    enhanced one (RFC 3463), or ""."""

    def __init__(self, stage: str, reply: int, text: bytes) -> None:
        super().__init__(stage, reply)
        first, _, _ = text.decode("ascii", "replace").partition(" ")
        self.stage, self.reply = stage, reply
        self.status = first if first.count(".") == 2 and first.replace(".", "").isdigit() else ""

    @property
    def code(self) -> str:
        return f"smtp.{self.status or self.reply}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What the server is told beside the message. `id`: comes back in its reports; addresses in ASCII."""

    sender: str = field(repr=False)
    recipient: str = field(repr=False)
    id: str
    notify: str = "SUCCESS,FAILURE,DELAY"


class Session:
    """An open session. Not for two threads at a time. `carried`: messages so far."""

    def __init__(
        self,
        server: Server,
        *,
        context: ssl.SSLContext,
        hello: str,
        expected: frozenset[Subject] | None,
        timeout: float,
    ) -> None:
        """Open it; `expected`: whose certificate the server shows, None when its name decides. Raises NoSession:
        `unreachable`, `session.<reply>`, `no_starttls`, `tls`, `peer_subject`."""
        self.carried = 0
        self.used_at = time.monotonic()
        try:
            self._smtp = smtplib.SMTP(server.host, server.port, local_hostname=hello, timeout=timeout)
        except smtplib.SMTPConnectError as why:
            raise NoSession(f"session.{why.smtp_code}") from None
        except (OSError, smtplib.SMTPException):
            raise NoSession("unreachable") from None
        try:
            self._prove(context, expected)
        except NoSession:
            self._smtp.close()
            raise

    def _prove(self, context: ssl.SSLContext, expected: frozenset[Subject] | None) -> None:
        smtp = self._smtp
        code = "unreachable"
        try:
            if smtp.sock is not None:
                smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            smtp.ehlo()
            if not smtp.has_extn("starttls"):
                raise NoSession("no_starttls")
            code = "tls"
            smtp.starttls(context=context)
            if expected is not None and _peer(smtp.sock) not in expected:
                raise NoSession("peer_subject")
            reply, _ = smtp.ehlo()  # with TLS 1.3 a server that wants no stranger says so here first
        except smtplib.SMTPResponseException as why:
            raise NoSession(f"session.{why.smtp_code}") from None
        except (OSError, ValueError, smtplib.SMTPException):
            raise NoSession(code) from None
        if reply != 250:
            raise NoSession(f"session.{reply}")
        self._pipelining, self._dsn = smtp.has_extn("pipelining"), smtp.has_extn("dsn")
        said = smtp.esmtp_features.get("size", "")
        self._declares, self.most_bytes = smtp.has_extn("size"), int(said) if said.isdigit() else 0

    def carry(self, raw: bytes, envelope: Envelope) -> None:
        """Hand over one message, CRLF line ends. Raises Rejected, and the session goes on; NoSession when it ended:
        `broken` before the message left, `unsure` when it may have."""
        mail = f"MAIL FROM:<{envelope.sender}>"
        rcpt = f"RCPT TO:<{envelope.recipient}>"
        if self._declares:
            mail += f" SIZE={len(raw)}"
        if self._dsn:
            mail += f" RET=HDRS ENVID={envelope.id}"
            rcpt += f" NOTIFY={envelope.notify} ORCPT=rfc822;{_xtext(envelope.recipient)}"
        code = "broken"
        try:
            self._ask(mail, rcpt)
            code = "unsure"
            self._smtp.send(_stuffed(raw))
            reply, text = self._smtp.getreply()
        except (OSError, smtplib.SMTPException):
            self.close()
            raise NoSession(code) from None
        if reply == 421:
            self.close()
            raise NoSession("session.421")
        if reply != 250:
            raise Rejected("data", reply, text)
        self.carried += 1
        self.used_at = time.monotonic()

    def _ask(self, mail: str, rcpt: str) -> None:
        """As far as the server waiting for the message."""
        if self._pipelining:
            self._smtp.send(f"{mail}\r\n{rcpt}\r\nDATA\r\n")
            replies = [self._smtp.getreply() for _ in range(3)]
        else:
            replies = []
            for line in (mail, rcpt, "DATA"):
                self._smtp.putcmd(line)
                replies.append(self._smtp.getreply())
                if replies[-1][0] >= 400:
                    break
        for stage, (reply, text) in zip(("mail", "rcpt", "data"), replies, strict=False):
            if reply == 421:
                raise smtplib.SMTPServerDisconnected
            if reply >= 400:
                if replies[-1][0] == 354:  # the server waits for a message to nobody: there is none
                    self._smtp.send(".\r\n")
                    self._smtp.getreply()
                self._smtp.rset()
                raise Rejected(stage, reply, text)

    def close(self) -> None:
        self._smtp.close()

    def end(self) -> None:
        """Say goodbye, and close."""
        try:
            self._smtp.quit()
        except (OSError, smtplib.SMTPException):
            self.close()


def _peer(sock: socket.socket | None) -> Subject:
    shown = sock.getpeercert(binary_form=True) if isinstance(sock, ssl.SSLSocket) else None
    if shown is None:
        raise NoSession("tls")
    return subject_of(shown)


def _stuffed(raw: bytes) -> bytes:
    """RFC 5321 §4.5.2: a point more before those that begin a line, and the line that ends the message."""
    stuffed = raw.replace(b"\r\n.", b"\r\n..")
    if stuffed.startswith(b"."):
        stuffed = b"." + stuffed
    return stuffed + (b".\r\n" if stuffed.endswith(b"\r\n") else b"\r\n.\r\n")


def _xtext(value: str) -> str:
    """RFC 3461 §4."""
    return "".join(one if "!" <= one <= "~" and one not in "+=" else f"+{ord(one):02X}" for one in value)
