"""Sessions of agents, proving again who one is, and one's own account."""

import re
from datetime import UTC, datetime

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from tests.functional.doors import sign_in
from tests.functional.signing_in import (
    ACCOUNT,
    PASSWORD,
    SECRET,
    code_now,
    code_step,
    details,
    employed,
    enter,
    is_in,
    newcomer,
    password_step,
)
from tests.functional.test_access_matrix import HERE, knock

from rempart.foundation.access.signin import factors, rules
from rempart.foundation.access.signin.models import Session
from rempart.site.doors import again, doors

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def agent(keyring):
    return employed(keyring)


# Sessions


def test_a_session_key_that_somebody_knew_before_opens_nothing(client, agent):
    password_step(client)
    half = client.cookies["session"].value
    thief = Client()
    thief.cookies["session"] = half
    code_step(client, code_now())
    assert is_in(client)
    assert client.cookies["session"].value != half
    assert not is_in(thief)


def test_a_planted_session_key_does_not_become_the_agents(client, agent):
    client.get("/mon-resultat/")
    planted = Client()
    session = planted.session
    session["x"] = 1
    session.save()
    client.cookies["session"] = session.session_key
    password_step(client)
    assert client.cookies["session"].value != session.session_key


def test_a_session_ends_after_thirty_minutes_without_its_person(client, agent, clock):
    sign_in(client, agent)
    clock(minutes=29)
    assert is_in(client)
    clock(minutes=29)
    assert is_in(client)
    clock(minutes=31)
    answer = client.get("/suivi/")
    assert answer["Location"] == "/connexion/?next=/suivi/"
    assert "Votre session a pris fin" in client.get(answer["Location"]).content.decode()
    assert details("signed-out") == [{"method": "time"}]


@pytest.mark.parametrize("header", [{"HX-Request": "true"}, {"Accept": "text/event-stream"}])
def test_what_a_page_asks_by_itself_keeps_no_session_alive(client, agent, clock, header):
    sign_in(client, agent)
    for _ in range(3):
        clock(minutes=11)
        answer = client.get("/suivi/", headers=header)
    assert answer.get("HX-Redirect", "").startswith("/connexion/") or answer.status_code == 204
    assert not is_in(client)


def test_a_list_left_open_leads_to_signing_in_as_a_whole(client):
    answer = client.get(
        "/suivi/", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/suivi/?etat=en-cours"}
    )
    assert answer.status_code == 200
    assert answer["HX-Redirect"] == "/connexion/?next=http%3A//testserver/suivi/%3Fetat%3Den-cours"


def test_a_session_ends_after_eight_hours_whatever_is_done(client, agent, clock):
    sign_in(client, agent)
    for _ in range(23):
        clock(minutes=20)
        assert is_in(client)
    clock(minutes=20)
    assert not is_in(client)


def test_my_devices_are_listed_and_ended_from_elsewhere(agent):
    here = Client(headers={"User-Agent": "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0"})
    there = Client(headers={"User-Agent": "Mozilla/5.0 (iPhone; CPU) Safari/604.1"})
    enter(there)
    enter(here, ahead=1)
    page = here.get(ACCOUNT).content.decode()
    assert "Firefox, Windows" in page
    assert "Safari, iPhone" in page
    (other,) = Session.objects.filter(browser="Safari, iPhone")
    here.post("/compte/appareils/fermer/", {"session": str(other.id)})
    assert not is_in(there)
    assert is_in(here)
    assert details("sessions-ended") == [{"count": 1}]


def test_nobody_ends_the_session_of_another(client, agent):
    stranger = newcomer(username="dominique")
    sign_in(client, stranger)
    own = Client()
    enter(own)
    (theirs,) = Session.objects.filter(agent=agent)
    client.post("/compte/appareils/fermer/", {"session": str(theirs.id)})
    assert is_in(own)


def test_a_suspended_account_is_out_at_once(client, agent):
    sign_in(client, agent)
    agent.is_active = False
    agent.save()
    assert not is_in(client)


def test_leaving_ends_the_session(client, agent):
    sign_in(client, agent)
    assert client.get("/deconnexion/").status_code == 200
    assert is_in(client)
    key = client.cookies["session"].value
    client.post("/deconnexion/")
    client.cookies["session"] = key
    assert not is_in(client)
    assert details("signed-out") == [{"method": "oneself"}]


# Proving again


def test_a_sensitive_door_asks_again_and_leads_back(client, agent, clock):
    sign_in(client, agent)
    clock(minutes=11)
    answer = client.get("/compte/mot-de-passe/")
    assert answer["Location"] == "/compte/confirmer/?next=%2Fcompte%2Fmot-de-passe%2F"
    wrong = client.post(answer["Location"], {"password": "autre chose"})
    assert "Ce mot de passe est faux." in wrong.content.decode()
    assert client.get("/compte/mot-de-passe/").status_code == 302
    assert client.post(answer["Location"], {"password": PASSWORD})["Location"] == "/compte/mot-de-passe/"


@pytest.mark.parametrize("name", sorted(again()))
def test_every_door_that_asks_again_does(name, client, agent, clock):
    sign_in(client, agent)
    clock(minutes=25 if again()[name].total_seconds() < 1500 else 29)
    is_in(client)
    clock(minutes=25)
    right = doors()[name]
    answer = knock(client, name, HERE, agent)
    assert urlsplit_path(answer) == "/compte/confirmer/", right


def urlsplit_path(answer):
    return answer["Location"].partition("?")[0]


def test_a_form_sent_too_late_is_not_sent_again_by_us(client, agent, clock):
    sign_in(client, agent)
    clock(minutes=11)
    answer = client.post("/compte/codes-de-secours/autres/", headers={"Referer": "http://testserver/compte/"})
    assert answer["Location"] == "/compte/confirmer/?next=http%3A%2F%2Ftestserver%2Fcompte%2F"
    answer = client.post(answer["Location"], {"password": PASSWORD})
    assert answer["Location"] == "http://testserver/compte/"
    assert Authenticator.objects.filter(type="recovery_codes").count() == 0


def test_proving_again_prolongs_no_session(client, agent, clock):
    sign_in(client, agent)
    for _ in range(24):
        clock(minutes=20)
        client.post("/compte/confirmer/", {"password": PASSWORD})
    assert not is_in(client)


def test_a_code_proves_again_once(client, agent, clock):
    sign_in(client, agent)
    clock(minutes=11)
    for _ in range(2):
        answer = client.post(
            "/compte/confirmer/code/?next=/compte/mot-de-passe/", {"code": code_now_at(clock)}
        )
    assert answer.status_code == 200


def code_now_at(clock):
    from rempart.site import middleware

    return rules.code(SECRET, rules.counter_at(middleware.datetime.now(UTC)))


# My account


def test_changing_the_password_ends_the_other_devices(agent):
    here, there = Client(), Client()
    enter(there)
    enter(here, ahead=1)
    new = "Une autre phrase, n° 8 !"
    for weak in (
        "court1!A",
        "toutenminuscules1!",
        "Motdepasse2021!!",
        "Camille2021!!camille",
        "TOUTENMAJUSCULES1!",
    ):
        answer = here.post("/compte/mot-de-passe/", {"password1": weak, "password2": weak})
        assert answer.status_code == 200, weak
    assert here.post("/compte/mot-de-passe/", {"password1": new, "password2": new + "x"}).status_code == 200
    assert here.post("/compte/mot-de-passe/", {"password1": new, "password2": new})["Location"] == ACCOUNT
    assert is_in(here)
    assert not is_in(there)
    assert details("password-changed") == [{"method": "oneself"}]


def test_another_application_takes_the_place_of_the_first(client, agent):
    enter(client)
    page = client.get("/compte/second-facteur/application/").content.decode()
    secret = re.search(r'class="rp-secret">([A-Z2-7 ]+)<', page)[1].replace(" ", "")
    client.post(
        "/compte/second-facteur/application/",
        {"code": rules.code(secret, rules.counter_at(datetime.now(UTC)))},
    )
    other = Client()
    password_step(other)
    code_step(other, code_now(ahead=1))
    assert not is_in(other)
    assert Authenticator.objects.filter(type="totp").count() == 1


def test_the_last_second_factor_stays(client, keyring):
    agent = newcomer()
    passkey = Authenticator.objects.create(user=agent, type="webauthn", data={"name": "bleue"})
    sign_in(client, agent, "password", "totp")
    client.post(f"/compte/second-facteur/cle/{passkey.pk}/retirer/")
    assert Authenticator.objects.filter(pk=passkey.pk).exists()
    factors.add_application(agent, secret=SECRET, counter=-1, keyring=keyring)
    client.post(f"/compte/second-facteur/cle/{passkey.pk}/retirer/")
    assert not Authenticator.objects.filter(pk=passkey.pk).exists()
    assert details("second-factor-removed") == [{"method": "webauthn"}]


def test_other_recovery_codes_end_those_before(client, agent):
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes

    before = RecoveryCodes.activate(agent).get_unused_codes()
    sign_in(client, agent)
    assert client.post("/compte/codes-de-secours/autres/")["Location"] == "/compte/codes-de-secours/"
    page = client.get("/compte/codes-de-secours/").content.decode()
    assert not any(f"{code[:4]} {code[4:]}" in page for code in before)
    other = Client()
    password_step(other)
    code_step(other, before[0])
    assert not is_in(other)
