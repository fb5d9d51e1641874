"""Receipts to who asked for one: whether a message was taken in (RFC 8098; certificates.md §7.5)."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Collection
from datetime import datetime
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime, make_msgid

from rempart.screening.handover.mailbox.settings import Answers
from rempart.screening.handover.mailbox.sorting import Reason

_OTHER = "906"
"""The code of errors that have none of their own."""

_TIMEOUT_SECONDS = 30.0


def may_answer(answer_to: str, senders: Collection[str]) -> bool:
    """Whether a receipt goes there: to the domain of those who send certificates, and to nobody else's."""
    domain = answer_to.rpartition("@")[2].casefold()
    return bool(domain) and domain in {sender.rpartition("@")[2].casefold() for sender in senders}


def receipt(
    *, message_id: str, mailbox: str, answer_to: str, wrong: Reason | None, now: datetime
) -> MIMEMultipart:
    """What is answered: taken in, or not and why. It repeats nothing of the message but its number."""
    mail = MIMEMultipart("report")
    mail.set_param("report-type", "disposition-notification")
    mail["From"], mail["To"] = mailbox, answer_to
    mail["Subject"] = "Certificat non intégré" if wrong else "Certificat intégré"
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = make_msgid(domain=mailbox.rpartition("@")[2] or None)
    mail["Auto-Submitted"] = "auto-replied"
    if message_id:
        mail["In-Reply-To"] = mail["References"] = message_id
    said = f"Le message n’a pas été intégré ({wrong})." if wrong else "Le message a été intégré."
    mail.attach(MIMEText(said, "plain", "utf-8"))
    modifier = f"/Error: {_OTHER}^{wrong}" if wrong else ""
    fields = [
        f"Final-Recipient: rfc822; {mailbox}",
        *([f"Original-Message-ID: {message_id}"] if message_id else []),
        f"Disposition: automatic-action/MDN-sent-automatically; processed{modifier}",
    ]
    notification = MIMENonMultipart("message", "disposition-notification")
    notification.set_payload("\r\n".join([*fields, ""]))
    mail.attach(notification)
    return mail


class Unsent(Exception):
    """The mail server took none, or not all of them."""


def send(mails: Collection[MIMEMultipart], server: Answers, *, context: ssl.SSLContext) -> None:
    """Hand receipts to the mail server, in one connection. Raises Unsent."""
    try:
        with smtplib.SMTP(server.host, server.port, timeout=_TIMEOUT_SECONDS) as smtp:
            if server.starttls:
                smtp.starttls(context=context)
            if server.user:
                smtp.login(server.user, server.password)
            for mail in mails:
                smtp.send_message(mail)
    except (OSError, smtplib.SMTPException):
        raise Unsent from None
