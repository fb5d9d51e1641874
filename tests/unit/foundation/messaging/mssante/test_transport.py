"""Health mail on its way: who gets it, who never does, and what a server's answer makes of a letter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from uuid import UUID

import pytest
from tests.igc import Authority
from tests.smtp_sink import FEATURES, Sink, running

from rempart.foundation.messaging.letters import Answer, Channel, Letter, Outcome, Parcel
from rempart.foundation.messaging.mssante.credentials import Credentials, Unusable
from rempart.foundation.messaging.mssante.message import Sender
from rempart.foundation.messaging.mssante.servers import NoServer, Server
from rempart.foundation.messaging.mssante.transport import MssanteCarrier, Pace
from rempart.foundation.messaging.mssante.whitelist import WhiteList

NOW = datetime.now(UTC)
SUBJECT = "CN=mx.labo.fr,OU=318310021300028,O=GIP LABO,ST=Paris (75),C=FR"
DOMAIN = "labo.mssante.fr"
SENDER = Sender(
    address="ne-pas-repondre@rempart.mssante.fr",
    label="Dépistage",
    returns="retours+{id}@rempart.mssante.fr",
    product="N123",
)


class Post:
    """An authority, a sink with a certificate of it, and a carrier that believes both."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder)
        self.server = self.authority.sign(SUBJECT)
        self.ours = self.authority.sign("CN=rempart,O=REMPART,C=FR")
        self.credentials = Credentials(certificate=self.ours, authorities=self.authority.path)
        self.listed: WhiteList | None = WhiteList(
            generated_at=NOW,
            domains={DOMAIN: (SUBJECT,), "autre.mssante.fr": (SUBJECT,), "patient.mssante.fr": (SUBJECT,)},
        )

    def sink(self, **said) -> Sink:
        return Sink(certificate=self.server, authority=self.authority.path, **said)

    @contextmanager
    def carrier(self, sink: Sink | None, **said) -> Iterator[MssanteCarrier]:
        servers = [Server(host="localhost", port=sink.port if sink else 1)]
        carrier = MssanteCarrier(
            **{
                "sender": SENDER, "credentials": self.credentials, "listed": lambda: self.listed,
                "find": lambda domain: servers, "clock": lambda: NOW, "pace": Pace(timeout_seconds=5), **said,
            }
        )  # fmt: skip
        try:
            yield carrier
        finally:
            carrier.close()


@pytest.fixture(scope="module")
def post(tmp_path_factory) -> Post:
    return Post(tmp_path_factory.mktemp("igc"))


def parcel(number: int = 1, to: str = f"labo@{DOMAIN}", **said) -> Parcel:
    letter = Letter(
        channel=Channel.MSSANTE, recipient=to, subject="Certificat à remettre", text="Bonjour", **said
    )
    return Parcel(
        id=UUID(int=number), letter=letter, documents=(("c.pdf", "application/pdf", b"%PDF" * 100),)
    )


def _one(post: Post, answer: Callable[[str], str | None]) -> tuple[Outcome, Sink]:
    with running(post.sink(answer=answer)) as sink, post.carrier(sink) as carrier:
        (outcome,) = carrier.carry([parcel()])
    return outcome, sink


def test_a_letter_leaves_as_health_mail_is_written(post: Post):
    with running(post.sink()) as sink, post.carrier(sink) as carrier:
        (outcome,) = carrier.carry(
            [parcel(headers={"X-Facts": "é; a=1", "Subject": "other", "From": "x@y.fr"})]
        )
    assert outcome == Outcome(answer=Answer.TAKEN, reference=UUID(int=1).hex)
    mail = message_from_bytes(sink.mails[0], policy=default)
    assert {
        name: str(mail[name]) for name in ("From", "To", "Subject", "Message-ID", "X-MSS-NIL", "X-Facts")
    } == {
        "From": "Dépistage <ne-pas-repondre@rempart.mssante.fr>",
        "To": f"labo@{DOMAIN}",
        "Subject": "Certificat à remettre",
        "Message-ID": f"<{UUID(int=1).hex}@rempart.mssante.fr>",
        "X-MSS-NIL": "N123",
        "X-Facts": "é; a=1",
    }
    assert mail["X-MSS-MES"] is None
    back = f"retours+{UUID(int=1).hex}@rempart.mssante.fr"
    assert mail["Disposition-Notification-To"] == back
    assert sink.said[3].startswith(f"MAIL FROM:<{back}> SIZE=")
    assert sink.said[3].endswith(f" RET=HDRS ENVID={UUID(int=1).hex}")
    assert sink.said[4] == f"RCPT TO:<labo@{DOMAIN}> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;labo@{DOMAIN}"


def test_a_patient_is_told_that_nobody_reads_an_answer(post: Post):
    with running(post.sink()) as sink, post.carrier(sink) as carrier:
        carrier.carry([parcel(to="184031234567854@patient.mssante.fr")])
    assert message_from_bytes(sink.mails[0])["X-MSS-MES"] == "FIN"


def test_a_server_that_offers_nothing_is_asked_for_nothing(post: Post):
    with running(post.sink(features=("STARTTLS",))) as sink, post.carrier(sink) as carrier:
        assert [one.answer for one in carrier.carry([parcel(1), parcel(2)])] == [Answer.TAKEN] * 2
    assert f"RCPT TO:<labo@{DOMAIN}>" in sink.said
    assert len(sink.mails) == 2


def test_many_letters_share_few_sessions_and_the_next_ones_too(post: Post):
    with running(post.sink()) as sink, post.carrier(sink, pace=Pace(sessions=3, each=10)) as carrier:
        outcomes = carrier.carry([parcel(number) for number in range(45)])
        assert {one.answer for one in outcomes} == {Answer.TAKEN}
        assert [one.reference for one in outcomes] == [UUID(int=number).hex for number in range(45)]
        assert (len(sink.mails), sink.sessions) == (45, 3)
        carrier.carry([parcel(99)])
        assert sink.sessions == 3


def test_a_session_that_the_server_closed_meanwhile_costs_no_letter(post: Post):
    hung_up = []

    def answer(line: str) -> str | None:
        if line.startswith("MAIL") and len(hung_up) == 0 and len(sink.mails) == 1:
            hung_up.append(line)
            return ""
        return None

    with running(post.sink(answer=answer)) as sink, post.carrier(sink) as carrier:
        assert [one.answer for one in carrier.carry([parcel(1), parcel(2)])] == [Answer.TAKEN] * 2
        assert sink.sessions == 2


@pytest.mark.parametrize(
    ("at", "reply", "outcome"),
    [
        ("RCPT", "550 5.1.1 <labo@x> unknown", (Answer.REFUSED, "mssante.smtp.5.1.1")),
        ("RCPT", "550 unknown", (Answer.REFUSED, "mssante.smtp.550")),
        ("RCPT", "450 4.2.0 later", (Answer.LATER, "mssante.smtp.4.2.0")),
        ("RCPT", "554 5.7.1 relay access denied", (Answer.LATER, "mssante.smtp.5.7.1")),
        ("MAIL", "552 5.3.4 too big", (Answer.REFUSED, "mssante.smtp.5.3.4")),
        ("MAIL", "550 5.7.1 not you", (Answer.LATER, "mssante.smtp.5.7.1")),
        ("MAIL", "451 4.3.0 hm", (Answer.LATER, "mssante.smtp.4.3.0")),
        (".", "554 5.6.0 no", (Answer.REFUSED, "mssante.smtp.5.6.0")),
        (".", "452 4.2.2 full", (Answer.LATER, "mssante.smtp.4.2.2")),
        (".", "421 4.3.2 shutting down", (Answer.LATER, "mssante.session.421")),
        (".", "", (Answer.LATER, "mssante.unsure")),
        ("EHLO", "554 go away", (Answer.LATER, "mssante.no_starttls")),
        ("STARTTLS", "454 not now", (Answer.LATER, "mssante.session.454")),
        ("", "554 5.7.1 no", (Answer.LATER, "mssante.session.554")),
    ],
)  # fmt: skip
def test_what_a_server_answers_decides(post: Post, at: str, reply: str, outcome: tuple[Answer, str]):
    found, _ = _one(post, lambda line: reply if line == at or (at and line.upper().startswith(at)) else None)
    assert (found.answer, found.reason) == outcome


def test_a_refused_recipient_does_not_harm_the_next_letter(post: Post):
    def answer(line: str) -> str | None:
        return "550 5.1.1 no" if line.startswith("RCPT") and "nobody" in line else None

    with running(post.sink(answer=answer)) as sink, post.carrier(sink) as carrier:
        outcomes = carrier.carry([parcel(1), parcel(2, f"nobody@{DOMAIN}"), parcel(3)])
    assert [one.answer for one in outcomes] == [Answer.TAKEN, Answer.REFUSED, Answer.TAKEN]
    assert sink.sessions == 1


@pytest.mark.parametrize(
    ("recipient", "code"),
    [
        ("labo@gmail.com", "not_listed"), ("labo@x.labo.mssante.fr", "not_listed"), ("labo", "address"), ("", "address"),
        (f"a b@{DOMAIN}", "address"), (f"x@{DOMAIN}>\r\nRCPT TO:<a@b.fr", "address"), (f"é@{DOMAIN}", "address"),
    ],
)  # fmt: skip
def test_nobody_outside_the_trust_space_is_written_to(post: Post, recipient: str, code: str):
    with running(post.sink()) as sink:
        for relay in (None, Server(host="localhost", port=sink.port)):
            with post.carrier(sink, relay=relay) as carrier:
                (outcome,) = carrier.carry([parcel(to=recipient)])
            assert outcome == Outcome(answer=Answer.REFUSED, reason=f"mssante.{code}")
    assert sink.sessions == 0


def test_without_a_white_list_everything_waits(post: Post):
    with running(post.sink()) as sink, post.carrier(sink, listed=lambda: None) as carrier:
        assert carrier.carry([parcel()])[0] == Outcome(answer=Answer.LATER, reason="mssante.no_list")
    assert sink.sessions == 0


def _served(post: Post, certificate: Path, **said) -> tuple[Outcome, Sink]:
    with (
        running(replace(post.sink(), certificate=certificate)) as sink,
        post.carrier(sink, **said) as carrier,
    ):
        (outcome,) = carrier.carry([parcel()])
    return outcome, sink


def test_a_server_with_another_subject_gets_nothing(post: Post):
    for other in (
        SUBJECT.replace("(75)", "(13)"),
        SUBJECT.replace("318310021300028", "318310021300029"),
        "CN=mx.labo.fr",
    ):
        outcome, sink = _served(post, post.authority.sign(other))
        assert outcome == Outcome(answer=Answer.LATER, reason="mssante.peer_subject")
        assert sink.mails == []
        assert not any(line.startswith("MAIL") for line in sink.said)


def test_the_order_of_the_subject_and_its_case_do_not_matter(post: Post):
    other = "C=FR,ST=Paris (75),O=Gip Labo,OU=318310021300028,CN=MX.labo.fr"
    assert _served(post, post.authority.sign(other))[0].answer is Answer.TAKEN


def test_a_server_of_another_authority_gets_nothing(post: Post, tmp_path: Path):
    outcome, sink = _served(post, Authority(tmp_path).sign(SUBJECT))
    assert outcome == Outcome(answer=Answer.LATER, reason="mssante.tls")
    assert sink.mails == []


def test_a_relay_is_known_by_its_name(post: Post):
    for host, answer in (("localhost", Answer.TAKEN), ("127.0.0.1", Answer.LATER)):
        with running(replace(post.sink(), certificate=post.authority.sign("CN=any,C=FR"))) as sink:
            relay = Server(host=host, port=sink.port)
            with post.carrier(sink, relay=relay) as carrier:
                outcomes = carrier.carry([parcel(1), parcel(2, "autre@autre.mssante.fr")])
            assert [one.answer for one in outcomes] == [answer] * 2
            assert sink.sessions == 1 or answer is Answer.LATER


def test_we_show_our_certificate_and_without_it_nothing_leaves(post: Post, tmp_path: Path):
    stranger = Authority(tmp_path).sign("CN=stranger")
    credentials = replace(post.credentials, certificate=stranger)
    with running(post.sink()) as sink, post.carrier(sink, credentials=credentials) as carrier:
        (outcome,) = carrier.carry([parcel()])
    assert (outcome.answer, outcome.reason) == (Answer.LATER, "mssante.tls")
    assert sink.mails == []


def test_a_certificate_that_was_taken_back_is_not_believed(post: Post):
    other = post.authority.sign(SUBJECT)
    credentials = replace(post.credentials, revoked=post.authority.revoke(other))
    assert _served(post, other, credentials=credentials)[0].reason == "mssante.tls"
    assert _served(post, post.server, credentials=credentials)[0].answer is Answer.TAKEN
    expired = replace(post.credentials, revoked=post.authority.revoke(until=NOW - timedelta(minutes=1)))
    assert _served(post, post.server, credentials=expired)[0].reason == "mssante.revoked_expired"


def test_files_that_are_not_there_make_everything_wait(post: Post, tmp_path: Path):
    credentials = replace(post.credentials, certificate=tmp_path / "none.pem")
    with post.carrier(None, credentials=credentials) as carrier:
        assert carrier.carry([parcel()])[0].reason == "mssante.credentials"


@pytest.mark.parametrize("which", ["certificate", "key", "authorities", "revoked"])
@pytest.mark.parametrize(
    "content", [None, b"", b"-----BEGIN X509 CRL-----", b"-----BEGIN CERTIFICATE-----\nAA==\n"]
)
def test_a_file_that_is_missing_or_holds_something_else_is_named(
    post: Post, tmp_path: Path, which: str, content
):
    path = tmp_path / "named.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Unusable) as unusable:
        replace(post.credentials, **{which: path}).context(by_name=True, now=NOW)
    assert unusable.value.code == "credentials"
    assert str(path if which != "key" or content is None else post.ours) in str(unusable.value)


def test_a_letter_too_large_is_refused_before_it_leaves(post: Post):
    large = replace(parcel(), documents=(("c.pdf", "application/pdf", b"x" * 900_000),))
    with running(post.sink()) as sink, post.carrier(sink) as carrier:
        outcomes = carrier.carry([large, replace(large, letter=parcel(to="1@patient.mssante.fr").letter)])
    assert [one.reason for one in outcomes] == ["mssante.too_large"] * 2  # ours; then the server's own limit
    assert sink.mails == []
    features = tuple(one for one in FEATURES if not one.startswith("SIZE"))
    with running(post.sink(features=features)) as sink, post.carrier(sink) as carrier:
        (outcome,) = carrier.carry([replace(large, letter=parcel(to="1@patient.mssante.fr").letter)])
    assert outcome.answer is Answer.TAKEN


def test_a_letter_with_a_field_that_cannot_be_is_refused(post: Post):
    with post.carrier(None) as carrier:
        assert carrier.carry([parcel(headers={"a b": "c"})])[0].reason == "mssante.unfit"


def test_a_way_that_is_shut_is_left_alone_for_a_while(post: Post):
    asked = []

    def find(domain: str):
        asked.append(domain)
        raise NoServer(domain)

    with post.carrier(None, find=find) as carrier:
        for _ in range(2):
            assert {one.reason for one in carrier.carry([parcel(1), parcel(2)])} == {"mssante.no_server"}
    assert asked == [DOMAIN]


def test_a_server_that_hangs_up_again_and_again_is_not_asked_for_every_letter(post: Post):
    with running(post.sink(answer=lambda line: "" if line.startswith("MAIL") else None)) as sink:
        with post.carrier(sink) as carrier:
            outcomes = carrier.carry([parcel(number) for number in range(15)])
        assert {(one.answer, one.reason) for one in outcomes} == {(Answer.LATER, "mssante.broken")}
        assert sink.sessions == 1


def test_the_next_server_is_tried_and_one_domain_does_not_hold_up_another(post: Post):
    with running(post.sink()) as sink:
        ways = {DOMAIN: [Server(host="localhost", port=1), Server(host="localhost", port=sink.port)]}
        with post.carrier(
            sink, find=lambda domain: ways.get(domain, [Server(host="localhost", port=1)])
        ) as carrier:
            outcomes = carrier.carry([parcel(1), parcel(2, "a@autre.mssante.fr")])
    assert [(one.answer, one.reason) for one in outcomes] == [
        (Answer.TAKEN, ""),
        (Answer.LATER, "mssante.unreachable"),
    ]


def test_whoever_looks_into_it_is_told_what_is_wrong_with_each_server(post: Post):
    with running(post.sink()) as sink:
        both = [Server(host="localhost", port=1), Server(host="localhost", port=sink.port)]
        with post.carrier(sink, find=lambda domain: both) as carrier:
            assert carrier.probe(DOMAIN) == [(both[0], "unreachable"), (both[1], "")]
            with pytest.raises(KeyError):
                carrier.probe("gmail.com")
    assert sink.mails == []
