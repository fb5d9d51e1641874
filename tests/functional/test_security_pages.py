"""What every answer carries, what no page asks of anybody else, and what no form does without its token."""

import re
from itertools import islice

import pytest
from django.contrib.auth import SESSION_KEY
from django.test import Client, override_settings
from django.urls import NoReverseMatch, reverse
from tests.functional.doors import sign_in
from tests.functional.test_access_matrix import ADDRESSES, agent_of

from rempart.foundation.access.rights import Role
from rempart.foundation.database.keys import uuid7
from rempart.site import headers

pytestmark = pytest.mark.django_db(transaction=True)

FORMS = sorted(name for name in ADDRESSES if not name.startswith("api-"))
CAMERA = {"verifier"}  # the only page that may open one
WITHOUT_TOKEN = {
    "message-stop"
}  # mail programs post there by themselves (RFC 8058); the word in its address is the proof
NOBODYS = (uuid7(), 424242, "an-unknown-reference")  # what may stand in an address
# What a browser fetches by itself: scripts, style sheets, pictures, frames, forms' targets.
FETCHED = re.compile(r"""(?:src|action|poster)=["'](?:https?:)?//|<link[^>]+href=["'](?:https?:)?//""")
SCRIPT = re.compile(r"<script\b([^>]*)>(.*?)</script>", re.DOTALL)
INLINE = re.compile(r"<[^>]+\s(?:on[a-z]+|style)\s*=|<style\b|javascript:", re.IGNORECASE)


def address(name):
    """An address, in which stands what is there for nobody."""
    for standing in NOBODYS:
        try:
            return reverse(name, kwargs=dict.fromkeys(ADDRESSES[name], standing))
        except NoReverseMatch:
            continue
    raise AssertionError(f"what stands in the address {name}?")


class Visitor(Client):
    """A browser in which nobody, or an agent of a role, is signed in whenever it asks."""

    def __init__(self, role=None, **options):
        super().__init__(raise_request_exception=False, **options)
        self._agent = agent_of(role) if role else None

    def ask(self, name, data=None):
        """The answers of an address to every way of asking."""
        path = address(name)
        for method in (self.get, self.post, self.delete):
            if self._agent is not None and SESSION_KEY not in self.session:  # some addresses end the visit
                sign_in(self, self._agent)
            yield method(path, data) if method != self.delete else method(path)


def assert_protected(answer, page=""):
    for name, value in headers.protective(secure=False).items():
        if name == "Content-Security-Policy":
            assert "'unsafe" not in answer.headers[name]
            assert "http" not in answer.headers[name]
            assert answer.headers[name].startswith("default-src 'none'; ")
        elif name == "Cache-Control":
            assert answer.headers[name]
        elif name == "Permissions-Policy" and page in CAMERA and answer.status_code == 200:
            assert answer.headers[name] == value.replace("camera=()", "camera=(self)")
        else:
            assert answer.headers[name] == value, name


def assert_runs_only_its_own(answer):
    """Every script of a page carries the nonce of its policy, and nothing stands in the page itself."""
    page = answer.content.decode()
    assert not FETCHED.search(page)
    assert not INLINE.search(page)
    nonces = set(re.findall(r"'nonce-([\w-]{16,})'", answer.headers["Content-Security-Policy"]))
    for attributes, content in SCRIPT.findall(page):
        if 'type="application/json"' in attributes:
            continue
        assert content == ""
        assert re.search(r'nonce="([\w-]+)"', attributes)[1] in nonces


@pytest.mark.parametrize("role", [None, Role.INVESTIGATOR, Role.ADMINISTRATOR])
def test_security_every_answer_of_every_address_carries_every_header(role):
    visitor = Visitor(role)
    for name in ADDRESSES:
        for answer in visitor.ask(name):
            assert_protected(answer, name)
            if answer.headers.get("Content-Type", "").startswith("text/html") and not answer.streaming:
                assert_runs_only_its_own(answer)


@pytest.mark.parametrize("path", ["/absent/", "/api/absent", "/api/v1/deliveries", "/suivi/x/", "/r/"])
def test_security_answers_to_what_is_not_there_carry_them_too(path, client):
    for answer in (client.get(path), client.post(path)):
        assert answer.status_code >= 301
        assert_protected(answer)


def test_security_a_failure_carries_them_too(client, monkeypatch):
    def broken(*_):
        raise RuntimeError("broken")

    client.raise_request_exception = False
    monkeypatch.setattr("rempart.site.pages.connection.cursor", broken)
    answer = client.get("/sante/")
    assert answer.status_code == 500
    assert_protected(answer)
    assert b"broken" not in answer.content


def test_every_request_has_a_nonce_of_its_own(client):
    policies = {client.get("/").headers["Content-Security-Policy"] for _ in range(3)}
    assert len(policies) == 3


def test_behind_https_the_browser_is_told_to_stay_there():
    assert "Strict-Transport-Security" not in headers.protective(secure=False)
    assert headers.protective(secure=True)["Strict-Transport-Security"] == "max-age=31536000"


def test_security_no_form_is_taken_without_its_token():
    visitor = Visitor(Role.INVESTIGATOR, enforce_csrf_checks=True)
    taken = {
        name for name in FORMS if next(islice(visitor.ask(name, {"version": "1"}), 1, 2)).status_code != 403
    }
    assert taken == WITHOUT_TOKEN


def test_security_a_browser_that_signed_in_is_no_machine(client):
    sign_in(client, agent_of(Role.OPERATOR))
    answer = client.post("/api/v1/deliveries", b"MSH|", content_type="application/hl7-v2")
    assert answer.status_code == 401


@pytest.mark.parametrize("role", [None, Role.INVESTIGATOR])
def test_security_no_address_sends_anybody_elsewhere(role):
    visitor, elsewhere = Visitor(role), set()
    for target in ("https://evil.example/", "//evil.example/", "/\\evil.example/", "https:evil.example"):
        for name in FORMS:
            for answer in visitor.ask(name, {"next": target, "retour": target}):
                location = answer.headers.get("Location", "/")
                if not re.match(r"/(?![/\\])|\?|http://testserver/", location):
                    elsewhere.add((name, location))
    assert elsewhere == set()


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "localhost:80@evil.example", "x y", ""]
)
def test_security_another_host_is_not_answered(host, client):
    client.raise_request_exception = False
    with override_settings(ALLOWED_HOSTS=["localhost"]):
        answer = client.get("/", headers={"host": host, "x-forwarded-host": "localhost"})
        assert answer.status_code == 400
        assert "evil" not in answer.content.decode()
        assert_protected(answer)


def test_security_cookies_are_closed_to_scripts_and_to_other_sites(client, arrives, recent):
    client.get(f"/r/{arrives(recent)}")
    client.get("/mon-resultat/")
    assert set(client.cookies) == {"session", "csrf"}
    for cookie in client.cookies.values():
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        assert cookie["path"] == "/"
        assert not cookie["domain"]


def test_security_the_outbox_exists_in_the_demo_only(client):
    with pytest.raises(NoReverseMatch):
        reverse("outbox")
    assert client.get("/demonstration/messages/").status_code == 404
