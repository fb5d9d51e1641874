"""A forgotten password, a first password, and what the links to them let nobody do."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.functional.accounts import account
from tests.functional.signing_in import PASSWORD, code_now, code_step, details, employed, is_in, password_step
from tests.functional.trail import entries

from rempart.foundation.access.actor import Purpose, Role, system
from rempart.foundation.access.models import Agent
from rempart.foundation.access.refusals import NotAllowed
from rempart.foundation.access.rights import Right
from rempart.foundation.access.signin import factors, links, services
from rempart.foundation.access.signin.links import Kind
from rempart.foundation.messaging.outbox import newest
from rempart.foundation.vault import Sealer
from rempart.site.logs import WithoutReferences

pytestmark = pytest.mark.django_db(transaction=True)

FORGOTTEN, CHOOSE = "/connexion/mot-de-passe-oublie/", "/connexion/mot-de-passe/"
NEW = "Deux girafes & 3 lunes"


@pytest.fixture
def agent(keyring):
    return employed(keyring)


@pytest.fixture
def mailbox(keyring):
    """`mailbox()`: what was written by e-mail, newest first."""
    return lambda: [(letter.recipient, letter.text) for _, letter in newest(keyring=keyring)]


def link_in(text):
    return re.search(r"http://[^/]+(/connexion/lien/\S+)", text)[1]


def choose(client, link, *, password=NEW, code=None):
    opened = client.get(link)
    if opened.status_code != 302:
        return opened
    return client.post(
        CHOOSE, {"password1": password, "password2": password, "code": code_now() if code is None else code}
    )


def test_a_link_goes_to_the_address_of_the_account_and_opens_it_anew(client, agent, mailbox):
    client.post(FORGOTTEN, {"name": " Camille "})
    ((recipient, text),) = mailbox()
    assert recipient == "camille@exemple.fr"
    assert "30 minutes" in text
    assert client.get(link_in(text))["Location"] == CHOOSE
    page = client.get(CHOOSE).content.decode()
    assert "au moins une majuscule" in page
    assert link_in(text) not in page
    answer = choose(client, link_in(text))
    assert answer["Location"] == "/espace/"
    assert is_in(client)
    assert password_step(Client(), password=PASSWORD).status_code == 200
    assert password_step(Client(), password=NEW).status_code == 302
    assert details("password-asked") == [{"sent": True}]
    assert details("password-changed") == [{"method": "recovery"}]
    assert details("signed-in") == [{"method": "password+totp"}]


def test_a_link_serves_once(client, agent, mailbox):
    client.post(FORGOTTEN, {"name": "camille"})
    link = link_in(mailbox()[0][1])
    choose(client, link)
    other = Client()
    assert choose(other, link, password="Trois girafes & 4 lunes", code=code_now(ahead=1)).status_code == 410
    assert not is_in(other)
    assert {"method": "link", "reason": "no-account"} in details("sign-in-refused")


def test_a_link_lives_for_thirty_minutes(client, agent, mailbox, clock):
    client.post(FORGOTTEN, {"name": "camille"})
    link = link_in(mailbox()[0][1])
    clock(minutes=29)
    client.get(link)
    assert client.get(CHOOSE).status_code == 200
    clock(minutes=2)
    assert client.get(CHOOSE).status_code == 410


def test_signing_in_ends_the_links_sent_before(client, agent, mailbox):
    client.post(FORGOTTEN, {"name": "camille"})
    password_step(client)
    code_step(client, code_now())
    assert choose(Client(), link_in(mailbox()[0][1])).status_code == 410


def test_a_suspended_account_opens_by_no_link(client, agent, mailbox):
    client.post(FORGOTTEN, {"name": "camille"})
    Agent.objects.update(is_active=False)
    assert choose(client, link_in(mailbox()[0][1])).status_code == 410


@pytest.mark.parametrize("code", ["", "000000"])
def test_the_second_factor_is_asked_too(client, agent, mailbox, code):
    client.post(FORGOTTEN, {"name": "camille"})
    answer = choose(client, link_in(mailbox()[0][1]), code=code)
    assert answer.status_code == 200
    assert not is_in(client)
    assert Agent.objects.get(id=agent.id).check_password(PASSWORD)


def test_a_weak_password_spends_no_code(client, agent, mailbox):
    client.post(FORGOTTEN, {"name": "camille"})
    link, code = link_in(mailbox()[0][1]), code_now()
    assert choose(client, link, password="motdepasse", code=code).status_code == 200
    assert choose(client, link, code=code)["Location"] == "/espace/"


def test_without_a_second_factor_the_administrator_is_asked(client, keyring, mailbox):
    agent = account(Role.INVESTIGATOR, "75", username="lou", email="lou@exemple.fr")
    agent.set_password(PASSWORD)
    agent.save()
    client.post(FORGOTTEN, {"name": "lou"})
    ((_, text),) = mailbox()
    assert "adressez-vous à votre administrateur" in text
    assert "/lien/" not in text
    forged = links.token_of(agent, Kind.RECOVERY, now=datetime.now(UTC))
    assert choose(client, f"/connexion/lien/{forged}/").status_code == 410


def test_the_answer_tells_nothing_of_the_account(client, agent, mailbox):
    account(Role.INVESTIGATOR, "75", username="sans-adresse")
    account(Role.INVESTIGATOR, "75", username="suspendu", email="suspendu@exemple.fr", is_active=False)
    for name in ("camille", "personne", "sans-adresse", "suspendu"):
        answer = Client().post(FORGOTTEN, {"name": name})
        assert (answer.status_code, answer["Location"]) == (302, FORGOTTEN + "suite/")
    assert [recipient for recipient, _ in mailbox()] == ["camille@exemple.fr"]
    assert all("personne" not in entry.subject for entry in entries(act="password-asked"))


def test_the_time_of_the_answer_tells_nothing(agent, monkeypatch):
    """The same is done for a name that no account has: as many statements, as many seals, one commit."""
    seals, done = [], {}
    seal = Sealer.seal
    monkeypatch.setattr(Sealer, "seal", lambda *given, **context: seals.append(1) or seal(*given, **context))
    for name in ("camille", "personne"):
        seals.clear()
        with CaptureQueriesContext(connection) as queries:
            Client().post(FORGOTTEN, {"name": name})
        done[name] = ([query["sql"].split()[0] for query in queries], len(seals))
    known, unknown = (
        [word for word in words if word not in ("RELEASE", "ROLLBACK")] for words, _ in done.values()
    )
    assert known == unknown
    assert [seals for _, seals in done.values()] == [1, 1]


def test_who_asks_too_often_waits(client, agent):
    answers = [client.post(FORGOTTEN, {"name": "camille"}).status_code for _ in range(7)]
    assert answers == [302] * 5 + [429] * 2


@pytest.mark.parametrize("token", ["x", "a:b:c", "é", "0" * 4000, "eyJhIjoxfQ:1abc:xyz"])
def test_what_is_no_link_opens_nothing(client, token, keyring):
    assert client.get(f"/connexion/lien/{token}/").status_code == 410
    assert client.get(CHOOSE).status_code == 410
    assert "session" not in client.cookies, "whoever knocks leaves nothing in the database"


def test_a_link_of_one_account_opens_no_other(client, agent):
    other = account(Role.INVESTIGATOR, "75", username="dominique")
    token = links.token_of(agent, Kind.RECOVERY, now=datetime.now(UTC))
    payload, stamp, signature = token.split(":")
    theirs = links.token_of(other, Kind.RECOVERY, now=datetime.now(UTC)).split(":")[0]
    client.get(f"/connexion/lien/{theirs}:{stamp}:{signature}/")
    assert client.get(CHOOSE).status_code == 410
    assert payload != theirs


def test_a_new_account_chooses_its_password_and_then_its_second_factor(client, keyring, mailbox):
    agent = account(Role.INVESTIGATOR, "75", username="lou", email="lou@exemple.fr")
    links.invite(agent, keyring=keyring, now=datetime.now(UTC))
    ((recipient, text),) = mailbox()
    assert recipient == "lou@exemple.fr"
    client.get(link_in(text))
    answer = client.post(CHOOSE, {"password1": NEW, "password2": NEW})
    assert answer["Location"] == "/espace/"
    assert client.get("/espace/")["Location"] == "/compte/second-facteur/"
    assert details("signed-in") == []


def test_an_invitation_lives_for_three_days(keyring):
    agent = account(Role.INVESTIGATOR, "75")
    now = datetime.now(UTC)
    token = links.token_of(agent, Kind.OPENING, now=now)
    assert links.read(token, now=now + timedelta(days=3, seconds=-1))
    assert links.read(token, now=now + timedelta(days=3)) is None
    assert links.read(token, now=now - timedelta(minutes=1)) is None


def test_security_no_log_keeps_a_link(caplog):
    import logging

    record = logging.LogRecord("x", 30, "", 0, "Not Found: %s", ("/connexion/lien/abc:def:ghi/",), None)
    WithoutReferences().filter(record)
    assert "abc" not in record.getMessage()
    assert "ghi" not in record.getMessage()


def test_an_operator_who_lost_everything_begins_again(client, agent, keyring):
    password_step(client)
    code_step(client, code_now())
    now = datetime.now(UTC)
    services.start_again(actor=system(Purpose.ADMINISTRATION), username="Camille", now=now)
    assert not is_in(client)
    assert not factors.has_one(agent)
    assert password_step(Client()).status_code == 200, "the password before opens nothing"
    found = links.token_of(Agent.objects.get(id=agent.id), Kind.OPENING, now=now)
    client.get(f"/connexion/lien/{found}/")
    client.post(CHOOSE, {"password1": NEW, "password2": NEW})
    assert client.get("/espace/")["Location"] == "/compte/second-facteur/"
    assert [entry.subject for entry in entries(act="factors-reset")] == [str(agent.id)]


def test_nobody_but_the_machine_itself_lets_an_account_begin_again(agent):
    operator = account(Role.OPERATOR, "*")
    now = datetime.now(UTC)
    with pytest.raises(NotAllowed):
        services.start_again(
            actor=operator.actor(Right.ACCOUNTS_MANAGE, now=now), username="camille", now=now
        )
    with pytest.raises(NotAllowed):
        services.start_again(actor=system(Purpose.ADMINISTRATION), username="personne", now=now)
    assert factors.has_one(agent)
