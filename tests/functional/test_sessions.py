"""What a look into the table of web sessions opens: nothing."""

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.core import signing

from rempart.site.sessions import SessionStore, row_key

pytestmark = pytest.mark.django_db(transaction=True)


def made(**content):
    session = SessionStore()
    session.update(content)
    session.save()
    return session.session_key


def test_a_session_is_found_again_by_its_own_key():
    key = made(word="bonjour")
    assert SessionStore(key)["word"] == "bonjour"
    assert SessionStore("another-key-of-nobody").get("word") is None


def test_security_the_key_of_a_row_continues_no_visit(client, paris_client):
    cookie = paris_client.cookies["session"].value
    row = Session.objects.get()
    assert cookie not in row.session_key
    assert row.session_key == row_key(cookie)
    client.cookies["session"] = row.session_key
    assert client.get("/suivi/").status_code == 302


def test_security_what_a_session_holds_is_sealed_under_the_visitors_key():
    key = made(**{"portal-reference": "Czz08BPlrzqI7D71lwweGQ", SESSION_KEY: "42"})
    row = Session.objects.get()
    assert "Czz08" not in row.session_data
    with pytest.raises((signing.BadSignature, ValueError)):
        signing.loads(row.session_data)
    assert row.get_decoded() == {}  # Django's own reading, with every secret of ours
    Session.objects.update(session_data=SessionStore("another-key-of-nobody").encode({"word": "forged"}))
    assert SessionStore(key).load() == {}


def test_a_session_of_an_older_version_is_over(client):
    Session.objects.create(
        session_key="an-old-key-in-clear-12345678",
        session_data=signing.dumps({"a": 1}),
        expire_date="2999-01-01T00:00Z",
    )
    client.cookies["session"] = "an-old-key-in-clear-12345678"
    assert client.get("/mon-resultat/code/").status_code == 302


def test_signing_out_and_a_change_of_key_forget_the_old_one(paris_client):
    cookie = paris_client.cookies["session"].value
    session = SessionStore(cookie)
    session.cycle_key()
    assert SessionStore(cookie).load() == {}
    assert SessionStore(session.session_key)[SESSION_KEY]
    SessionStore(session.session_key).delete()
    assert not Session.objects.exists()


def test_the_same_without_a_thread():
    async def visit():
        session = SessionStore()
        await session.aset("word", "bonjour")
        await session.asave()
        again = SessionStore(session.session_key)
        found = await again.aget("word")
        await again.aflush()
        return found, await SessionStore(session.session_key).aget("word")

    assert async_to_sync(visit)() == ("bonjour", None)
    assert not Session.objects.exists()
