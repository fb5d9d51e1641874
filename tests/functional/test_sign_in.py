"""Signing in of agents: password, second factor, and everything that is refused."""

import re
import threading
import time
from datetime import UTC, datetime

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection
from django.test import Client
from tests.functional.accounts import account
from tests.functional.doors import sign_in
from tests.functional.signing_in import (
    ACCOUNT,
    PASSWORD,
    SECOND,
    SECRET,
    SIGN_IN,
    code_now,
    code_step,
    details,
    employed,
    enter,
    is_in,
    newcomer,
    password_step,
)
from tests.functional.test_access_matrix import ADDRESSES, HERE, knock
from tests.functional.trail import entries

from rempart.foundation.access.rights import Right, Role, table
from rempart.foundation.access.signin import factors, rules, services
from rempart.foundation.access.signin.models import Session
from rempart.foundation.access.signin.policy import policy
from rempart.site.doors import Open, doors

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def agent(keyring):
    return employed(keyring)


# What opens


def test_password_then_code_opens(client, agent):
    assert password_step(client, next="/suivi/")["Location"] == SECOND
    assert not is_in(client)
    assert code_step(client, code_now())["Location"] == "/suivi/"
    assert is_in(client)
    assert [(e.actor, e.role, e.details) for e in entries(act="signed-in")] == [
        (str(agent.id), "investigator", {"method": "password+totp"})
    ]


def test_the_name_is_taken_as_people_type_it(client, agent):
    assert password_step(client, name=" Camille ")["Location"] == SECOND
    code = code_now()
    assert code_step(client, f" {code[:3]} {code[3:]} ")["Location"] == "/espace/"


def test_a_recovery_code_opens_once(client, agent, keyring):
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes

    codes = RecoveryCodes.activate(agent).get_unused_codes()
    assert len(codes) == 10
    for _ in range(2):
        client.logout()
        password_step(client)
        code_step(client, codes[3])
    assert not is_in(client)
    code_step(client, codes[4])
    assert is_in(client)
    assert {entry["method"] for entry in details("signed-in")} == {"password+recovery_codes"}


def test_a_card_is_both_factors(client, rf, agent):
    request = rf.get("/")
    request.session, request.user = client.session, agent
    services.sign_in_by_card(request, agent, proved_at=0)
    request.session.save()
    client.cookies["session"] = request.session.session_key
    assert is_in(client)


@pytest.mark.parametrize(
    ("ago", "status"), [(0, 200), (599, 200), (601, 302), (86_400 * 365 * 50, 302), (-3600, 200)]
)
def test_security_a_card_that_was_shown_long_ago_proves_nothing_anew(client, rf, agent, ago, status):
    request = rf.get("/")
    request.session, request.user = client.session, agent
    services.sign_in_by_card(request, agent, proved_at=datetime.now(UTC).timestamp() - ago)
    request.session.save()
    client.cookies["session"] = request.session.session_key
    assert is_in(client)
    assert client.get("/compte/mot-de-passe/").status_code == status


# What does not


@pytest.mark.parametrize(
    ("name", "password", "reason"),
    [
        ("camille", "autre chose", "wrong"),
        ("personne", PASSWORD, "no-account"),
        ("dominique", PASSWORD, "suspended"),
        ("rpps-10003456786", PASSWORD, "wrong"),
    ],
)
def test_every_refusal_reads_alike_and_leaves_a_trace(client, agent, name, password, reason):
    newcomer(username="dominique", is_active=False)
    account(Role.DOCTOR, "75", username="rpps-10003456786", rpps="10003456786")
    answer = password_step(client, name, password)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Identifiant ou mot de passe incorrect, ou compte suspendu." in page
    assert PASSWORD not in page
    (refused,) = entries(act="sign-in-refused")
    assert refused.details == {"method": "password", "reason": reason}
    assert refused.actor == "nobody"
    assert name not in refused.subject


def test_the_texts_of_refusals_differ_in_nothing(client, agent):
    def seen(name):
        page = password_step(Client(), name, "autre chose").content.decode()
        return re.sub(r'value="[^"]*"|nonce="[^"]*"', "", page)

    assert seen("camille") == seen("personne")


@pytest.mark.parametrize("name", ["camille", "dominique", "card", "personne"])
def test_the_time_of_refusals_tells_nothing(client, agent, name, monkeypatch):
    """What takes time is the digest of a password: one for each refusal. The web server rounds up the rest."""
    newcomer(username="dominique", is_active=False)
    account(Role.DOCTOR, "75", username="card")
    digests = []
    monkeypatch.setattr(
        "django.contrib.auth.hashers.ScryptPasswordHasher.encode",
        lambda self, password, salt, *rest, **options: digests.append(password) or "scrypt$1$s$1$1$0",
    )
    password_step(client, name, "autre chose")
    assert len(digests) == 1


def test_a_code_serves_once(client, agent):
    code = code_now()
    enter(client)
    other = Client()
    password_step(other)
    answer = code_step(other, code)
    assert "Ce code est faux, ou il a déjà servi." in answer.content.decode()
    assert not is_in(other)
    code_step(other, code_now(ahead=1))
    assert is_in(other)


def test_of_two_who_bring_one_code_at_once_one_comes_in(agent):
    clients = [Client(), Client(), Client()]
    for client in clients:
        password_step(client)
    code, ready = code_now(), threading.Barrier(len(clients))

    def bring(client):
        ready.wait()
        code_step(client, code)
        connection.close()

    threads = [threading.Thread(target=bring, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(is_in, clients)) == [False, False, True]


@pytest.mark.parametrize("code", ["", "000000", "abcdef", "1", "12345678", "９" * 6, "0" * 500, "\x00"])
def test_a_wrong_code_does_not_open_and_leaves_a_trace(client, agent, code):
    password_step(client)
    code_step(client, code)
    assert not is_in(client)
    assert (
        {"method": "second-factor", "reason": "wrong"} in details("sign-in-refused")
        or not code.strip("\x00")
        or len(code) > 20
    )


def test_a_code_of_long_ago_is_none(client, agent):
    password_step(client)
    for ahead in (-3, 3):
        code_step(client, code_now(ahead=ahead))
        assert not is_in(client)


def test_nobody_comes_to_the_second_step_without_the_first(client, agent):
    assert client.get(SECOND)["Location"] == SIGN_IN
    assert code_step(client, code_now())["Location"] == SIGN_IN
    assert not is_in(client)


def test_who_gave_the_wrong_name_begins_again(client, agent):
    password_step(client)
    assert client.get(SIGN_IN)["Location"] == SECOND
    client.post("/deconnexion/")
    assert client.get(SIGN_IN).status_code == 200
    assert code_step(client, code_now())["Location"] == SIGN_IN


def test_the_second_step_waits_ten_minutes(client, agent, monkeypatch):
    password_step(client)
    later = time.time() + policy().second_step.total_seconds() + 1
    monkeypatch.setattr("allauth.account.internal.stagekit.time.time", lambda: later)
    code_step(client, code_now())
    assert not is_in(client)


def test_who_guesses_codes_waits_and_is_told_how_long(client, agent):
    password_step(client)
    answers = [code_step(client, f"{n:06}") for n in range(7)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 2
    assert "Réessayez dans 5 min" in answers[-1].content.decode()
    code_step(client, code_now())
    assert not is_in(client), "a right code is not looked at either"


def test_who_guesses_passwords_waits_and_the_owner_elsewhere_does_not(agent):
    guesser, owner = Client(REMOTE_ADDR="203.0.113.9"), Client(REMOTE_ADDR="198.51.100.2")
    answers = [password_step(guesser, password=f"essai {n}") for n in range(8)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 3
    assert password_step(guesser).status_code == 429
    enter(owner)


def test_nobody_signs_up(client):
    for path in ("/connexion/inscription/", "/accounts/signup/", "/signup/"):
        assert client.get(path).status_code == 404


# A session that has only the password


def of_agents(door):
    """Whether it takes an account: patients and machines prove themselves at their own doors."""
    return isinstance(door, Right) and not {Role.PATIENT, Role.LABORATORY} & set(table()[door].to)


def test_who_has_no_second_factor_is_led_to_one_and_nowhere_else(client, keyring):
    agent = newcomer()
    assert password_step(client)["Location"] == "/espace/"
    for_agents = [name for name in ADDRESSES if doors()[name] is Open.SIGNED_IN or of_agents(doors()[name])]
    assert len(for_agents) > 50
    for name in for_agents:
        answer = knock(client, name, HERE, agent)
        assert (answer.status_code, answer["Location"]) == (302, "/compte/second-facteur/"), name
    for path in (
        "/compte/second-facteur/",
        "/compte/second-facteur/application/",
        "/compte/second-facteur/cle/",
    ):
        assert client.get(path).status_code == 200
    assert details("signed-in") == []


def test_setting_an_application_up_opens_and_shows_recovery_codes_once(client, keyring):
    agent = newcomer()
    password_step(client)
    key = client.session.session_key
    page = client.get("/compte/second-facteur/application/").content.decode()
    secret = re.search(r'class="rp-secret">([A-Z2-7 ]+)<', page)[1].replace(" ", "")
    assert 'src="data:image/svg+xml;base64,' in page
    code = rules.code(secret, rules.counter_at(datetime.now(UTC)))
    wrong = client.post("/compte/second-facteur/application/", {"code": "000000"}).content.decode()
    assert "Ce code est faux" in wrong
    assert secret in wrong.replace(" ", ""), "the secret stays the one that was photographed"
    answer = client.post("/compte/second-facteur/application/", {"code": code})
    assert answer["Location"] == "/compte/codes-de-secours/"
    assert client.session.session_key != key
    codes = re.findall(
        r"rp-secret\">(\d{4} \d{4})<", client.get("/compte/codes-de-secours/").content.decode()
    )
    assert len(codes) == 10
    assert client.get("/compte/codes-de-secours/")["Location"] == ACCOUNT
    assert details("signed-in") == [{"method": "password+totp"}]
    assert details("second-factor-added") == [{"method": "totp"}]
    other = Client()
    password_step(other)
    code_step(other, code)
    assert not is_in(other), "the code that proved the application has served"
    code_step(other, codes[0])
    assert is_in(other)
    (stored,) = Authenticator.objects.filter(user=agent, type="totp")
    assert secret not in str(stored.data)


def test_a_session_with_the_password_only_ends_when_a_factor_comes_from_elsewhere(client, keyring):
    agent = newcomer()
    password_step(client)
    factors.add_application(agent, secret=SECRET, counter=-1, keyring=keyring)
    answer = client.get("/compte/second-facteur/application/")
    assert answer["Location"].startswith(SIGN_IN)
    assert Session.objects.count() == 0


@pytest.mark.parametrize("means", [("totp",), ("password",), ("other",)])
def test_what_is_not_both_factors_opens_nothing(client, agent, means):
    sign_in(client, agent, *means)
    assert client.get("/suivi/").status_code == 302


def test_the_records_of_another_account_count_for_nothing(client, agent):
    sign_in(client, agent)
    session = client.session
    session["account_authentication_methods_user"] = str(newcomer(username="dominique").pk)
    session.save()
    assert client.get("/suivi/").status_code == 302
