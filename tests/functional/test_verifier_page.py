"""The page that checks certificates, as the server gives it."""

import pytest
from django.contrib.messages import SUCCESS
from django.contrib.messages.storage.base import Message
from django.contrib.messages.storage.session import SessionStorage
from django.test import Client, RequestFactory
from tests.functional.accounts import account
from tests.functional.doors import sign_in

from rempart.foundation.access.rights import Role

pytestmark = pytest.mark.django_db(transaction=True)


def test_security_the_page_that_a_browser_keeps_is_of_nobody(client: Client) -> None:
    """A service worker keeps it: the next person at that computer would see who was there, and what he was told."""
    agent = account(Role.INVESTIGATOR, "75")
    sign_in(client, agent)
    session = client.session
    request = RequestFactory().get("/")
    request.session = session
    session["_messages"] = SessionStorage(request).serialize_messages([Message(SUCCESS, "Zoé Lefèvre")])
    session.save()
    page = client.get("/verifier/").content.decode()
    assert "Vérifier un certificat" in page
    another = client.get("/indicateurs/").content.decode()
    for private in (str(agent), "Lefèvre", "csrfmiddlewaretoken"):
        assert private in another
        assert private not in page
