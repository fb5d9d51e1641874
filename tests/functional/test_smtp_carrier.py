"""Mail leaves over TLS, signed, with an address of return of its own; a server's refusals are told apart."""

import email
import socket
import ssl
from datetime import UTC, datetime
from email import policy
from uuid import UUID

import dkim
import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

from rempart.foundation.messaging.carriers.dkim import signer
from rempart.foundation.messaging.carriers.smtp import Relay, Security, SmtpCarrier
from rempart.foundation.messaging.letters import Answer, Channel, Letter, Parcel
from rempart.foundation.vault import Keyring

ID = UUID("0198a8f0-0000-7000-8000-00000000002a")
SENT = datetime(2021, 1, 15, 12, tzinfo=UTC)
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 20


class Server:
    """Keeps what it is given; answers as it is told."""

    def __init__(self):
        self.envelopes, self.greetings, self.answers = [], 0, {}

    async def handle_EHLO(self, server, session, envelope, hostname, responses):  # noqa: N802 -- aiosmtpd asks for it by this name
        self.greetings += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 -- aiosmtpd asks for it by this name
        if answer := self.answers.get(address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 -- aiosmtpd asks for it by this name
        if answer := self.answers.get("data"):
            return answer
        self.envelopes.append(envelope)
        return "250 2.0.0 queued"


class Tls(Controller):
    """A server that wants TLS before anything else, then a name and a password."""

    def factory(self):
        return SMTP(
            self.handler,
            require_starttls=True,
            tls_context=self.wanted_tls,
            auth_required=True,
            authenticator=lambda *args: AuthResult(success=args[-1].password == b"secret", handled=False),
            data_size_limit=100_000,
            hostname="localhost",
        )


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def server():
    return Server()


@pytest.fixture
def relay(server, authority, tmp_path):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Tls(server, hostname="127.0.0.1", port=port)
    controller.wanted_tls = context
    controller.start()
    authorities = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(authorities))
    yield Relay(
        host="localhost",
        port=port,
        security=Security.STARTTLS,
        sender="ne-pas-repondre@example.org",
        label="Résultats de tests",
        domain="example.org",
        user="rempart",
        password="secret",
        authorities=authorities,
        timeout=5,
    )
    controller.stop()


def parcel(recipient="a@example.com", *, number=0, **rest):
    said = {
        "channel": Channel.EMAIL, "recipient": recipient, "subject": "Votre résultat", "text": "Bonjour\n.\nà lire",
        "html": "<p>Bonjour</p>", "headers": {"List-Unsubscribe": "<https://example.org/s/x/>"},
    }  # fmt: skip
    documents = rest.pop("documents", (("attestation.pdf", "application/pdf", PDF),))
    return Parcel(id=UUID(int=ID.int + number), letter=Letter(**said | rest), documents=documents)


def carrier(relay, **rest):
    return SmtpCarrier(relay, clock=lambda: SENT, **rest)


def answers(outcomes):
    return [(one.answer, one.reason) for one in outcomes]


def test_a_mail_arrives_whole_over_tls(relay, server):
    (outcome,) = carrier(relay).carry([parcel()])
    assert (outcome.answer, outcome.reference) == (Answer.TAKEN, ID.hex)
    (envelope,) = server.envelopes
    assert envelope.mail_from == f"bounces+{ID.hex}@example.org"
    mail = email.message_from_bytes(envelope.content, policy=policy.default)
    assert mail["Subject"] == "Votre résultat"
    assert mail["From"] == "Résultats de tests <ne-pas-repondre@example.org>"
    assert mail["Message-ID"] == f"<{ID.hex}@example.org>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe"] == "<https://example.org/s/x/>"
    assert mail["Date"] == "Fri, 15 Jan 2021 12:00:00 +0000"
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text.get_content().split() == ["Bonjour", ".", "à", "lire"]
    assert "<p>Bonjour</p>" in html.get_content()
    (document,) = mail.iter_attachments()
    assert (document.get_filename(), document.get_content()) == ("attestation.pdf", PDF)


def test_several_mails_go_over_one_connection_and_a_new_one_when_it_is_used_up(relay, server):
    one = carrier(relay)
    one.carry([parcel(number=number) for number in range(3)])
    one.carry([parcel(number=3)])
    assert (len(server.envelopes), server.greetings) == (4, 2)  # before TLS and within
    few = carrier(Relay(**{name: getattr(relay, name) for name in Relay.__slots__} | {"most": 2}))
    few.carry([parcel(number=number) for number in range(4)])
    assert server.greetings == 2 + 4


def test_a_signature_is_good_for_whoever_looks_it_up(relay, server, tmp_path):
    ours = signer(Keyring(tmp_path / "keys"), domain="example.org", selector="r1")
    assert signer(Keyring(tmp_path / "keys"), domain="example.org", selector="r1") == ours
    carrier(relay, signer=lambda: ours).carry([parcel()])
    content = server.envelopes[0].content
    name, record = ours.record
    assert name == "r1._domainkey.example.org"

    def look_up(asked, timeout=5):
        return record.encode() if asked.decode() == f"{name}." else None

    assert dkim.verify(content, dnsfunc=look_up)
    for altered in (content.replace(b"Bonjour", b"Bonsoir"), content.replace(b"/s/x/", b"/s/y/")):
        assert not dkim.verify(altered, dnsfunc=look_up)


@pytest.mark.parametrize(
    ("where", "said", "answer", "reason"),
    [
        ("a@example.com", "550 5.1.1 <a@example.com> unknown", Answer.REFUSED, "smtp.5.1.1"),
        ("a@example.com", "452 4.2.2 <a@example.com> is full", Answer.LATER, "smtp.4.2.2"),
        ("a@example.com", "550 no such user", Answer.REFUSED, "smtp.550"),
        ("a@example.com", "554 5.7.1 relay access denied", Answer.LATER, "smtp.5.7.1"),
        ("data", "552 5.3.4 too large", Answer.REFUSED, "smtp.5.3.4"),
        ("data", "451 4.3.0 later", Answer.LATER, "smtp.4.3.0"),
    ],
)
def test_what_a_server_refuses_is_told_apart_and_stops_nobody_else(
    relay, server, where, said, answer, reason
):
    server.answers[where] = said
    outcomes = carrier(relay).carry([parcel()])
    assert answers(outcomes) == [(answer, reason)]
    server.answers.clear()


def test_one_who_is_refused_stops_nobody_else(relay, server):
    server.answers["b@example.com"] = "550 5.1.1 unknown"
    outcomes = carrier(relay).carry([parcel(), parcel("b@example.com"), parcel("c@example.com")])
    assert [one.answer for one in outcomes] == [Answer.TAKEN, Answer.REFUSED, Answer.TAKEN]
    assert [one.rcpt_tos for one in server.envelopes] == [["a@example.com"], ["c@example.com"]]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"password": "wrong"}, "smtp.login"),
        ({"authorities": None}, "smtp.tls"),
        ({"port": 1}, "smtp.unreachable"),
    ],
)
def test_where_nothing_can_be_said_everything_waits(relay, server, changed, reason):
    wrong = Relay(**{name: getattr(relay, name) for name in Relay.__slots__} | changed)
    outcomes = carrier(wrong).carry([parcel(), parcel()])
    assert answers(outcomes) == [(Answer.LATER, reason)] * 2
    assert not server.envelopes


def test_a_connection_that_was_closed_meanwhile_is_made_again(relay, server):
    one = carrier(relay)
    one.carry([parcel()])
    one._server.sock.close()
    assert answers(one.carry([parcel()])) == [(Answer.TAKEN, "")]


@pytest.mark.parametrize(
    "recipient", ["a", "a@b@c", "a@example.com\r\nRCPT TO:<x@y>", "é@example.org", "a b@c.fr"]
)
def test_what_is_no_address_is_not_tried(relay, server, recipient):
    assert answers(carrier(relay).carry([parcel(recipient)])) == [(Answer.REFUSED, "address")]


def test_no_line_of_a_subject_becomes_a_field(relay, server):
    carrier(relay).carry([parcel(subject="a\r\nBcc: x@example.com")])
    mail = email.message_from_bytes(server.envelopes[0].content, policy=policy.default)
    assert mail["Bcc"] is None


def test_what_the_server_would_not_take_is_not_sent(relay, server):
    large = (("x.pdf", "application/pdf", b"x" * 200_000),)
    assert answers(carrier(relay).carry([parcel(documents=large)])) == [(Answer.REFUSED, "too_large")]


def test_security_nothing_of_a_recipient_is_in_an_outcome_or_a_log(relay, server, caplog):
    server.answers["a@example.com"] = "550 5.1.1 <a@example.com> is unknown here"
    with caplog.at_level("DEBUG", logger="rempart"):
        outcomes = carrier(relay).carry([parcel()])
    assert "a@example.com" not in repr(outcomes) + caplog.text
    assert "a@example.com" not in repr(parcel())
    assert "secret" not in repr(relay)
