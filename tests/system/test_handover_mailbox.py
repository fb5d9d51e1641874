"""`rempart mailbox` against a real Postfix and a real Dovecot: what is sent is sorted, filed, answered and deleted."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from tests.factories import finess_in
from tests.system.mail import HERE, PASSWORD, THERE, Mail
from tests.unit.screening.handover.test_mailbox import mail as certificate
from tests.unit.screening.handover.test_wording import FACTS
from typer.testing import CliRunner

from rempart.foundation.messaging import reports
from rempart.foundation.messaging.mailboxes import opened
from rempart.screening.handover.rules.wording import Kind
from rempart.site.cli import app

pytestmark = pytest.mark.system

SITE, SECOND = finess_in("75"), finess_in("75", 2)
SENDER, RETURNS, LABORATORY = f"certificats@{HERE}", f"bounces@{HERE}", f"dispatch@{THERE}"


@pytest.fixture
def settings(tmp_path, mail: Mail):
    """The settings of a laboratory whose two sites share a mailbox, empty at first."""
    with opened(mail.account("dispatch")) as mailbox:
        mailbox.delete(mailbox.everything())
    path = tmp_path / "mailbox.toml"
    (tmp_path / "secret").write_text(PASSWORD)
    path.write_text(f"""
[mailbox]
host = "localhost"
port = {mail.imap_port}
user = "{LABORATORY}"
password_file = "secret"
authorities = "{mail.authority.path}"
[certificates]
into = "certificats"
senders = ["{SENDER}"]
sites = ["{SITE}", "{SECOND}"]
print_with = ["true"]
[answers]
host = "localhost"
port = {mail.smtp_port}
authorities = "{mail.authority.path}"
certificate = "{mail.certificate}"
""")
    return path


def send(mail: Mail, *raws: bytes) -> None:
    context = ssl.create_default_context(cafile=mail.authority.path)
    context.load_cert_chain(mail.certificate)
    with smtplib.SMTP("localhost", mail.smtp_port, timeout=20) as smtp:
        smtp.starttls(context=context)
        for raw in raws:
            smtp.sendmail(SENDER, [LABORATORY], raw)


def wait_for(mail: Mail, count: int) -> None:
    import time

    until = time.monotonic() + 15
    while time.monotonic() < until:
        with opened(mail.account("dispatch")) as mailbox:
            if len(mailbox.everything()) >= count:
                return
        time.sleep(0.1)
    raise AssertionError("the messages do not come")


def of(site: str, *, hours: int, kind: Kind = Kind.CERTIFICATE, sender: str = SENDER) -> bytes:
    sampled = datetime.now(UTC) - timedelta(hours=hours)
    facts = replace(FACTS, id=uuid4(), site=site, sampled_at=sampled)
    return certificate(facts, kind, sender=sender, **{"Disposition-Notification-To": RETURNS})


def test_what_is_sent_is_filed_answered_and_in_time_deleted(settings, mail, tmp_path):
    send(
        mail, of(SITE, hours=20), of(SECOND, hours=30), of(SITE, hours=80), of(SITE, hours=5, sender="x@y.fr")
    )
    wait_for(mail, 4)
    runner = CliRunner()
    rehearsed = runner.invoke(app, ["mailbox", "collect", "--config", str(settings), "--dry-run"])
    assert rehearsed.exit_code == 1, rehearsed.output
    assert not (tmp_path / "certificats").exists()
    done = runner.invoke(app, ["mailbox", "collect", "--config", str(settings)])
    assert done.exit_code == 1, done.output  # a message was left aside
    assert "printed 2" in done.output
    assert "(sender)" in done.output
    assert "ZYGOMALAS" not in done.output
    for site in (SITE, SECOND):
        assert len(list((tmp_path / "certificats" / site).rglob("*.pdf"))) == 2
        assert "ZYGOMALAS" in (tmp_path / "certificats" / site / "index.html").read_text()
    with opened(mail.account("dispatch")) as mailbox:
        assert len(mailbox.everything()) == 3  # what came too late is gone
        assert len(mailbox.unseen()) == 1
    receipts = mail.wait_for("bounces", domain=HERE)
    report = reports.parse(receipts[0])
    assert report is not None
    assert report.fate is reports.Fate.PROCESSED
    again = runner.invoke(app, ["mailbox", "collect", "--config", str(settings)])
    assert "filed: nothing" in again.output
    assert "printed 0" in again.output


def test_the_mailbox_is_tried(settings, tmp_path):
    runner = CliRunner()
    opens = runner.invoke(app, ["mailbox", "test", "--config", str(settings)])
    assert opens.exit_code == 0, opens.output
    (tmp_path / "secret").write_text("wrong")
    refused = runner.invoke(app, ["mailbox", "test", "--config", str(settings)])
    assert refused.exit_code == 2
    assert "check user and password" in refused.output
