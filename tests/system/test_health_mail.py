"""Health mail to a real operator: what Postfix takes and refuses of our carrier, and what comes back to us."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from tests.igc import Authority
from tests.system.mail import HERE, SUBJECT, THERE, Mail

from rempart.foundation.messaging import receipts
from rempart.foundation.messaging.letters import Answer, Channel, Letter, Message, Outcome, Parcel
from rempart.foundation.messaging.mailboxes import opened
from rempart.foundation.messaging.models import Message as Row
from rempart.foundation.messaging.mssante.credentials import Credentials
from rempart.foundation.messaging.mssante.message import Sender
from rempart.foundation.messaging.mssante.servers import Server
from rempart.foundation.messaging.mssante.session import Envelope, Rejected, Session
from rempart.foundation.messaging.mssante.transport import MssanteCarrier, Pace
from rempart.foundation.messaging.mssante.whitelist import WhiteList
from rempart.foundation.messaging.outbox import deliver, post
from rempart.foundation.messaging.reports import Cause, Fate, Report, parse
from rempart.foundation.vault import KeyStore, keyring_of

pytestmark = pytest.mark.system

SENDER = Sender(address=f"no-reply@{HERE}", label="Dépistage", returns=f"bounces+{{id}}@{HERE}", product="N1")


@contextmanager
def _carrier(mail: Mail, *, subject: str = SUBJECT, **said) -> Iterator[MssanteCarrier]:
    listed = WhiteList(generated_at=datetime.now(UTC), domains={THERE: (subject,)})
    carrier = MssanteCarrier(
        **{
            "sender": SENDER,
            "credentials": Credentials(certificate=mail.certificate, authorities=mail.authority.path),
            "listed": lambda: listed,
            "find": lambda domain: [Server(host="localhost", port=mail.smtp_port)],
            "clock": lambda: datetime.now(UTC),
            "pace": Pace(each=5, pause_seconds=0),
            **said,
        }
    )
    try:
        yield carrier
    finally:
        carrier.close()


def _parcel(to: str, *, size: int = 30_000, subject: str = "Certificat de Zoé") -> Parcel:
    letter = Letter(
        channel=Channel.MSSANTE, recipient=f"{to}@{THERE}", subject=subject, text="Bonjour,\n.\nà vous"
    )
    return Parcel(
        id=uuid4(), letter=letter, documents=(("c.pdf", "application/pdf", b"\x00\xff." * (size // 3)),)
    )


def _reports(mail: Mail, number: int) -> dict[UUID | None, Report]:
    """What came back to us, by the message it is about."""
    found: dict[UUID | None, Report] = {}
    while len(found) < number:
        for raw in mail.wait_for("bounces", domain=HERE):
            report = parse(raw)
            assert report is not None
            found[report.reference] = report
    return found


def test_letters_arrive_whole_and_what_becomes_of_them_comes_back(mail: Mail):
    parcels = [_parcel("doctor"), _parcel("nobody"), _parcel("doctor", subject="Second")]
    with _carrier(mail) as carrier:
        outcomes = carrier.carry(parcels)
    assert outcomes == [Outcome(answer=Answer.TAKEN, reference=one.id.hex) for one in parcels]
    reports = _reports(mail, 3)
    assert reports.keys() == {one.id for one in parcels}
    assert (
        reports[parcels[0].id].fate is Fate.RELAYED
    )  # Postfix hands it to Dovecot, which sends no reports of its own
    failed = reports[parcels[1].id]
    assert (failed.fate, failed.worst.cause) == (Fate.FAILED, Cause.MAILBOX_UNKNOWN)
    assert failed.message_id == f"{parcels[1].id.hex}@{HERE}"
    found = {}
    while len(found) < 2:
        for raw in mail.wait_for("doctor"):
            received = message_from_bytes(raw, policy=default)
            found[str(received["Subject"])] = received
    first = found["Certificat de Zoé"]
    assert str(first["From"]) == f"Dépistage <no-reply@{HERE}>"
    assert first["X-MSS-NIL"] == "N1"
    body = first.get_body(("plain",))
    assert body is not None
    assert body.get_content().splitlines() == ["Bonjour,", ".", "à vous"]
    (document,) = first.iter_attachments()
    assert document.get_content() == parcels[0].documents[0][2]


def test_fifty_letters_over_a_few_sessions(mail: Mail):
    parcels = [_parcel("dispatch", subject=str(number)) for number in range(50)]
    sender = replace(SENDER, returns=f"site-2@{HERE}")
    with _carrier(mail, sender=sender, relay=Server(host="localhost", port=mail.smtp_port)) as carrier:
        assert {one.answer for one in carrier.carry(parcels)} == {Answer.TAKEN}
    subjects: set[str] = set()
    while len(subjects) < 50:
        subjects |= {str(message_from_bytes(raw)["Subject"]) for raw in mail.wait_for("dispatch")}
    assert subjects == {str(number) for number in range(50)}


def test_a_letter_larger_than_the_operator_takes_is_refused(mail: Mail):
    large = _parcel("doctor", size=1_000_000)
    with _carrier(mail) as carrier:
        assert carrier.carry([large])[0] == Outcome(answer=Answer.REFUSED, reason="mssante.too_large")
    session = Session(
        Server(host="localhost", port=mail.smtp_port),
        context=Credentials(certificate=mail.certificate, authorities=mail.authority.path).context(
            by_name=True, now=datetime.now(UTC)
        ),
        hello="rempart.test",
        expected=None,
        timeout=10,
    )
    envelope = Envelope(sender=f"no-reply@{HERE}", recipient=f"doctor@{THERE}", id="1")
    assert session.most_bytes == 1_048_576
    with pytest.raises(Rejected) as rejected:
        session.carry(b"Subject: x\r\n\r\n" + b"x" * 70 + b"\r\n" * 600_000, envelope)
    assert (rejected.value.stage, rejected.value.reply, rejected.value.status) == ("mail", 552, "5.3.4")
    session.carry(b"Subject: y\r\n\r\ny", envelope)
    session.end()


@pytest.mark.parametrize(
    ("subject", "reason"),
    [
        (SUBJECT.replace("(75)", "(13)"), "mssante.peer_subject"),
        ("CN=localhost,C=FR", "mssante.peer_subject"),
    ],
)
def test_a_server_that_is_not_the_one_of_the_white_list_gets_nothing(mail: Mail, subject: str, reason: str):
    with _carrier(mail, subject=subject) as carrier:
        assert carrier.carry([_parcel("doctor")])[0] == Outcome(answer=Answer.LATER, reason=reason)


def test_a_relay_of_another_name_gets_nothing(mail: Mail):
    with _carrier(mail, relay=Server(host="127.0.0.1", port=mail.smtp_port)) as carrier:
        assert carrier.carry([_parcel("doctor")])[0] == Outcome(answer=Answer.LATER, reason="mssante.tls")


def test_postfix_wants_our_certificate(mail: Mail, tmp_path: Path):
    stranger = Authority(tmp_path).sign("CN=stranger,C=FR")
    credentials = Credentials(certificate=stranger, authorities=mail.authority.path)
    with _carrier(mail, credentials=credentials) as carrier:
        (outcome,) = carrier.carry([_parcel("doctor")])
    assert outcome.answer is Answer.LATER
    assert outcome.reason in ("mssante.tls", "mssante.session.421", "mssante.session.454")


def test_a_server_taken_back_by_its_authority_gets_nothing(mail: Mail):
    credentials = Credentials(
        certificate=mail.certificate,
        authorities=mail.authority.path,
        revoked=mail.authority.revoke(mail.server_certificate),
    )
    with _carrier(mail, credentials=credentials) as carrier:
        assert carrier.carry([_parcel("doctor")])[0] == Outcome(answer=Answer.LATER, reason="mssante.tls")


@pytest.mark.django_db(transaction=True)
def test_a_letter_of_the_outbox_that_nobody_takes_comes_back_and_goes_by_its_next_route(
    mail: Mail, tmp_path: Path
):
    now, keyring = datetime.now(UTC), keyring_of(KeyStore(root=tmp_path))
    secure, other = (
        Letter(channel=channel, recipient=to, subject="Résultat", text="Bonjour")
        for channel, to in ((Channel.MSSANTE, f"closed@{THERE}"), (Channel.EMAIL, "a@example.org"))
    )
    message = Message(
        about="notice", routes=(secure, other), expires_on=now.date() + timedelta(days=9), wakes=True
    )
    with transaction.atomic(), connection.cursor() as cursor:
        post(cursor, [message], keyring=keyring, now=now)
    with _carrier(mail) as carrier:
        assert deliver({Channel.MSSANTE: carrier}, {}, keyring=keyring, now=now) == 1
    assert Row.objects.get().state == "taken"
    back = mail.account("bounces", domain=HERE)
    for _ in range(100):
        if receipts.collect(back, channel=Channel.MSSANTE, now=now).get("failed"):
            break
    row = Row.objects.get()
    assert (row.state, row.channel, row.reason) == ("waiting", "email", "report.mailbox_unknown")
    with opened(back) as mailbox:
        assert mailbox.everything() == []
