"""A large file through the ASGI door, as a server drives it: sealed while it comes, nowhere in clear, whole or not at all."""

import asyncio
import os
import resource
import tempfile
from dataclasses import replace

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.test import Client
from tests.functional.doors import sign_in
from tests.functional.exchanges import somebody_called

from rempart.foundation.access.models import Agent
from rempart.foundation.vault import SealBroken
from rempart.protection.exchange import rules
from rempart.site.bodies import bounded
from rempart.site.streaming import application

pytestmark = pytest.mark.django_db(transaction=True)

BOUNDARY = b"a-boundary"
PIECE = 64 * 1024
SITE = bounded(application())
GONE = object()
TOKEN = b"t" * 32
FORM = b"multipart/form-data; boundary=" + BOUNDARY


@pytest.fixture
def browser(keyring):
    opened = Client()
    sign_in(opened, somebody_called("alix"))
    return opened


@pytest.fixture
def address(browser, keyring):
    somebody_called("bao")
    asked = {"to": "bao", "motive": "other", "days": "1", "downloads": "1"}
    return browser.post("/echanges/nouveau/", asked)["Location"]


def form(token, content, name=b"image.pdf"):
    """The pieces of a form with its token and a file, and how long it is."""
    head = (
        b'--%b\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n%b\r\n'
        b'--%b\r\nContent-Disposition: form-data; name="fichier"; filename="%b"\r\n\r\n'
        % (BOUNDARY, token, BOUNDARY, name)
    )
    body = head + content + b"\r\n--%b--\r\n" % BOUNDARY
    return [body[start : start + PIECE] for start in range(0, len(body), PIECE)], len(body)


def driven(browser, address, pieces, size, *, kind=FORM, on_piece=lambda number: None):
    """(status, headers, body) of a request whose pieces come one by one; GONE among them: the client leaves."""
    answers, waiting = [], iter(enumerate(pieces))

    async def receive():
        number, piece = next(waiting, (-1, GONE))
        if piece is GONE:
            if number < 0:
                await asyncio.sleep(60)  # whoever has sent everything waits for his answer
            return {"type": "http.disconnect"}
        on_piece(number)
        return {"type": "http.request", "body": piece, "more_body": number < len(pieces) - 1}

    async def send(message):
        answers.append(message)

    cookies = {settings.CSRF_COOKIE_NAME: TOKEN.decode()}
    cookies |= {
        name: one.value for name, one in browser.cookies.items() if name == settings.SESSION_COOKIE_NAME
    }
    scope = {
        "type": "http", "method": "POST", "path": address, "query_string": b"", "scheme": "http",
        "headers": [
            (b"host", b"localhost"), (b"content-length", str(size).encode()), (b"content-type", kind),
            (b"cookie", "; ".join(f"{name}={value}" for name, value in cookies.items()).encode()),
            (b"x-csrftoken", TOKEN),
        ],
    }  # fmt: skip
    async_to_sync(SITE)(scope, receive, send)
    start = next(
        (one for one in answers if one["type"] == "http.response.start"), {"status": None, "headers": []}
    )
    body = b"".join(one.get("body", b"") for one in answers)
    return start["status"], dict(start["headers"]), body


def test_a_file_is_sealed_while_it_comes(browser, address, query):
    content = b"%PDF-" + os.urandom(5_000_000)
    pieces, size = form(TOKEN, content)
    seen = []
    status, headers, _ = driven(
        browser, address, pieces, size,
        on_piece=lambda number: seen.append(query("SELECT count(*) FROM exchange_chunk")[0][0]),
    )  # fmt: skip
    assert (status, headers[b"Location"].decode()) == (302, address.removesuffix("fichier/"))
    assert 3 <= seen[-1] <= 5, "chunks were kept before the last piece had come"
    assert query("SELECT state, size FROM exchange_handover") == [("ready", len(content))]


def test_security_nothing_of_an_upload_lies_in_a_file(browser, address, tmp_path, monkeypatch):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    made = []
    for name in ("SpooledTemporaryFile", "NamedTemporaryFile", "TemporaryFile", "mkstemp"):
        monkeypatch.setattr(tempfile, name, lambda *args, name=name, **kwargs: made.append(name))
    pieces, size = form(TOKEN, b"%PDF-" + bytes(3_000_000))
    status, _, _ = driven(browser, address, pieces, size)
    assert (status, made, list(folder.iterdir())) == (302, [], [])


def test_memory_does_not_grow_with_the_file(browser, address):
    content = b"%PDF-" + bytes(60_000_000)
    pieces, size = form(TOKEN, content)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    status, _, _ = driven(browser, address, pieces, size)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert status == 302
    assert grown < 30_000, f"{grown} kB more for a file of 60 MB"


def test_who_leaves_in_the_middle_leaves_nothing(browser, address, query, keyring):
    pieces, size = form(TOKEN, b"%PDF-" + bytes(5_000_000))
    half = [*pieces[: len(pieces) // 2], GONE]
    driven(browser, address, half, size)
    assert query("SELECT state, salt, size FROM exchange_handover") == [("draft", None, None)]
    assert query("SELECT count(*) FROM exchange_chunk") == [(0,)]
    status, _, _ = driven(browser, address, pieces, size)
    assert status == 302, "and may come again"


def test_more_than_the_bounds_is_cut_off(browser, address, query, monkeypatch):
    pieces, size = form(TOKEN, b"%PDF-" + bytes(1_050_000))
    status, _, _ = driven(browser, address, pieces, 300_000_000)
    assert status == 413, "as it was announced"
    bounds = replace(rules.policies()[0], most_bytes=1_000_000)
    monkeypatch.setattr(rules, "policies", lambda: (bounds,))
    status, _, _ = driven(browser, address, pieces, size)
    assert status == 422, "as it came"
    assert query("SELECT count(*) FROM exchange_chunk") == [(0,)]


def test_security_a_stranger_is_not_listened_to(browser, address, query, keyring):
    stranger = Client()
    sign_in(stranger, somebody_called("chloe"))
    taken = []
    pieces, size = form(TOKEN, b"%PDF-" + bytes(5_000_000))
    status, _, _ = driven(stranger, address, pieces, size, on_piece=taken.append)
    assert (status, taken) == (403, [])
    nobody = Client()
    nobody.cookies[settings.SESSION_COOKIE_NAME] = "no-session"
    status, headers, _ = driven(nobody, address, pieces, size, on_piece=taken.append)
    assert (status, taken) == (302, [])
    assert headers[b"Location"].startswith(b"/connexion/")


def test_a_large_form_elsewhere_is_refused_as_before(browser):
    pieces, size = form(TOKEN, bytes(1_500_000))
    status, _, _ = driven(browser, "/echanges/nouveau/", pieces, size)
    assert status == 413


def test_the_same_bytes_come_back(browser, address):
    content = b"%PDF-" + os.urandom(2_500_000)
    driven(browser, address, *form(TOKEN, content))
    recipient = Client()
    sign_in(recipient, Agent.objects.get(username="bao"))
    fetched = address.replace("fichier", "telecharger")
    status, headers, body = driven(recipient, fetched, [b""], 0, kind=b"application/x-www-form-urlencoded")
    assert (status, headers[b"Content-Type"]) == (200, b"application/pdf")
    assert body == content


def test_security_a_stored_file_that_was_changed_breaks_the_answer_off(browser, address, owner):
    content = b"%PDF-" + os.urandom(2_500_000)
    driven(browser, address, *form(TOKEN, content))
    owner.execute("UPDATE exchange_chunk SET sealed = set_byte(sealed, 9, 0) WHERE number = 1")
    owner.execute("UPDATE exchange_chunk SET sealed = set_byte(sealed, 10, 0) WHERE number = 1")
    recipient = Client()
    sign_in(recipient, Agent.objects.get(username="bao"))
    fetched = address.replace("fichier", "telecharger")
    with pytest.raises(SealBroken):
        driven(recipient, fetched, [b""], 0, kind=b"application/x-www-form-urlencoded")
