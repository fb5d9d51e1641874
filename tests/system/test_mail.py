"""Health mail with real servers: Postfix that asks for our certificate, Dovecot that keeps the mailboxes."""

from __future__ import annotations

import smtplib
import ssl
import time
from dataclasses import replace

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from tests.system.mail import HERE, TOKEN_KEY, Mail

from rempart.foundation.messaging.mailboxes import MailboxUnavailable, opened
from rempart.foundation.messaging.reports import Cause, Fate, parse

pytestmark = pytest.mark.system


def _put(mail: Mail, to: str, text: bytes) -> None:
    """A mail as anybody with a certificate of the trust space brings it."""
    context = ssl.create_default_context(cafile=mail.authority.path)
    context.load_cert_chain(mail.certificate)
    with smtplib.SMTP("localhost", mail.smtp_port) as smtp:
        smtp.starttls(context=context)
        smtp.sendmail(f"bounces@{HERE}", [to], text)


def test_a_mailbox_is_read_marked_and_emptied(mail: Mail):
    for number in (1, 2):
        _put(mail, "site-1@labo.mssante.test", b"Subject: n%d\r\n\r\n%s\r\n" % (number, b"x" * 5000))
    mailbox_of = mail.account("site-1")
    with opened(mailbox_of) as mailbox:
        first, second = _waiting(mailbox_of, 2)
        assert mailbox.everything() == [first, second]
        received = list(mailbox.fetch([first, second, 4_000_000]))
        assert [b"Subject: n1" in one.raw or b"Subject: n2" in one.raw for one in received] == [True, True]
        assert all(one.whole and not one.seen and one.size == len(one.raw) for one in received)
        (cut,) = mailbox.fetch([first], most_bytes=100)
        assert (len(cut.raw), cut.whole, cut.size) == (100, False, received[0].size)
        mailbox.mark_seen([first])
        assert mailbox.unseen() == [second]
        assert mailbox.everything(most=1) == [first]
        mailbox.delete([first])
        assert mailbox.everything() == [second]


def _waiting(account, number: int) -> list[int]:
    for _ in range(100):
        with opened(account) as mailbox:
            if len(found := list(mailbox.unseen())) == number:
                return found
    raise AssertionError("the mail did not come")


def test_a_mailbox_of_an_application_opens_with_a_certificate_alone(mail: Mail):
    account = replace(mail.account("certified"), password="")
    certificate = mail.authority.sign("CN=certified@labo.mssante.test,O=LABO,C=FR")
    with opened(replace(account, certificate=certificate)) as mailbox:
        assert mailbox.everything() == []
    with pytest.raises(MailboxUnavailable, match=r"imap\.login"), opened(account):
        pass


def test_a_mailbox_opens_with_a_token_of_its_user(mail: Mail):
    now = int(time.time())
    key = OctKey.import_key(TOKEN_KEY)
    account = replace(mail.account("site-2"), password="")
    for user, opens in ((account.user, True), ("doctor@labo.mssante.test", False)):
        token = jwt.encode({"alg": "HS256"}, {"sub": user, "iat": now, "exp": now + 60}, key)
        if opens:
            with opened(replace(account, token=token)) as mailbox:
                assert mailbox.everything() == []
        else:
            with (
                pytest.raises(MailboxUnavailable, match=r"imap\.login"),
                opened(replace(account, token=token)),
            ):
                pass


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"password": "wrong"}, "imap.login"),
        ({"authorities": None}, "imap.tls"),
        ({"port": 1}, "imap.unreachable"),
        ({"folder": "Elsewhere"}, "imap.broken"),
    ],
)
def test_what_goes_wrong_has_a_code_and_names_nobody(mail: Mail, change: dict, code: str):
    with pytest.raises(MailboxUnavailable) as failure, opened(replace(mail.account("labo"), **change)):
        pass
    assert failure.value.code == str(failure.value) == code


def test_a_bounce_of_a_real_server_comes_back_and_is_understood(mail: Mail):
    _put(mail, "nobody@labo.mssante.test", b"Message-ID: <1@rempart.mssante.test>\r\nSubject: x\r\n\r\nhello")
    (raw,) = mail.wait_for("bounces", domain=HERE)
    report = parse(raw)
    assert report is not None
    assert (report.fate, report.worst.cause) == (Fate.FAILED, Cause.MAILBOX_UNKNOWN)
    assert (report.message_id, report.told[0].recipient) == (
        "1@rempart.mssante.test",
        "nobody@labo.mssante.test",
    )
