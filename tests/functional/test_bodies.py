"""How much anybody may bring before we ask who he is: the ASGI door, as a server drives it."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from asgiref.sync import async_to_sync
from tests import messages
from tests.factories import LAB

from rempart.foundation.access.models import create_machine_key
from rempart.screening.services import intake
from rempart.site import bodies
from rempart.site.bodies import MOST_LARGE, MOST_OF_ANYBODY, bounded

pytestmark = pytest.mark.django_db(transaction=True)

DOOR = "/api/v1/deliveries"
MOST = 50_000_000
PIECE = 500_000


@pytest.fixture
def known(transactional_db):
    now = datetime.now(UTC)
    key = create_machine_key(laboratory=LAB, now=now, expires_at=now + timedelta(days=1))
    return [(b"authorization", f"Bearer {key}".encode())]


def sent(size, *, path=DOOR, headers=(), announced=None):
    """(status, bytes that the application was given) of a request in pieces of half a megabyte."""
    given = 0
    left = size
    answers = []

    async def application(scope, receive, send):
        nonlocal given
        more = True
        while more:
            message = await receive()
            given += len(message["body"])
            more = message["more_body"]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def receive():
        nonlocal left
        piece = min(PIECE, left)
        left -= piece
        return {"type": "http.request", "body": bytes(piece), "more_body": left > 0}

    async def send(message):
        answers.append(message)

    lengths = [] if announced is None else [(b"content-length", str(announced).encode())]
    scope = {"type": "http", "path": path, "headers": [*headers, *lengths]}
    async_to_sync(bounded(application))(scope, receive, send)
    return answers[0]["status"], given


def test_without_a_key_no_more_is_read_than_anybody_may_send():
    assert sent(MOST_OF_ANYBODY) == (200, MOST_OF_ANYBODY)
    assert sent(MOST_OF_ANYBODY + 1) == (401, MOST_OF_ANYBODY)
    assert sent(MOST, headers=[(b"authorization", b"Bearer rmp_invented")]) == (401, MOST_OF_ANYBODY)


def test_a_laboratory_sends_fifty_megabytes_and_no_more(known):
    assert sent(MOST, headers=known) == (200, MOST)
    assert sent(10 * MOST, headers=known) == (413, MOST)


def test_no_form_is_large_whoever_sends_it(known):
    assert sent(MOST, path="/connexion/", headers=known) == (413, MOST_OF_ANYBODY)


def test_what_is_announced_is_refused_before_it_is_read(known):
    assert sent(PIECE, announced=MOST + 1, headers=known) == (413, 0)
    assert sent(PIECE, announced=MOST) == (401, 0)
    assert sent(PIECE, announced=MOST, path="/") == (413, 0)


@pytest.mark.parametrize("lie", ["x", "-5", "1" * 5000, "\u00b2"])
def test_a_length_that_is_none_is_left_to_the_count(lie):
    assert sent(3 * PIECE, announced=lie) == (401, 2 * PIECE)


@pytest.mark.parametrize(("pause", "status"), [(0.0, 200), (0.2, 408)])
def test_who_sends_a_body_slowly_is_not_waited_for(pause, status):
    answers, pieces = [], iter(range(6))

    async def application(scope, receive, send):
        while (await receive())["more_body"]:
            pass
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive():
        await asyncio.sleep(pause)
        return {"type": "http.request", "body": b"x", "more_body": next(pieces) < 5}

    async def send(message):
        answers.append(message)

    scope = {"type": "http", "path": "/connexion/", "headers": []}
    async_to_sync(bounded(application, patience=0.3))(scope, receive, send)
    assert answers[0]["status"] == status


def test_a_body_that_has_come_may_be_answered_as_late_as_need_be():
    answers = []

    async def application(scope, receive, send):
        await receive()
        gone = asyncio.ensure_future(receive())
        await asyncio.sleep(0.2)
        answers.append(gone.done())
        gone.cancel()

    async def receive():
        if answers:
            await asyncio.sleep(60)
        answers.append("body")
        return {"type": "http.request", "body": b"x", "more_body": False}

    scope = {"type": "http", "path": "/", "headers": []}
    async_to_sync(bounded(application, patience=0.05))(scope, receive, None)
    assert answers == ["body", False]


def test_a_delivery_of_which_too_much_would_be_said_is_refused_whole(
    client, keyring, known, monkeypatch, counts
):
    before = counts()
    payload = messages.hl7(more=("OBX|9|ST|1-8^x^LN||1||||||F",) * 30)  # a finding for each

    def deliver():
        headers = {"Authorization": known[0][1].decode()}
        return client.post(DOOR, payload, content_type="application/hl7-v2", headers=headers)

    monkeypatch.setattr(intake, "MOST_SAID", 30)
    answer = deliver()
    assert (answer.status_code, answer.json()["title"]) == (413, "too-many")
    assert counts() == before
    monkeypatch.undo()
    assert deliver().status_code == 200


def test_a_few_large_deliveries_are_taken_at_once_and_the_next_comes_again(known):
    """Each lies in memory, several times: beyond a few, the sender is told when to come again."""

    async def together():
        go_on, answered, statuses, answers = asyncio.Event(), asyncio.Event(), [], []

        async def application(scope, receive, send):
            while (await receive())["more_body"]:
                pass
            await go_on.wait()
            await send({"type": "http.response.start", "status": 200, "headers": []})

        door = bounded(application)

        async def request():
            pieces = [(bytes(MOST_OF_ANYBODY), True), (bytes(PIECE), False)]

            async def receive():
                body, more = pieces.pop(0)
                return {"type": "http.request", "body": body, "more_body": more}

            async def send(message):
                if message["type"] == "http.response.start":
                    statuses.append(message["status"])
                    answers.append(dict(message["headers"]))
                    answered.set()

            await door({"type": "http", "path": DOOR, "headers": known}, receive, send)

        waiting = [asyncio.create_task(request()) for _ in range(MOST_LARGE + 1)]
        await answered.wait()
        assert statuses == [429]
        assert answers[0][b"retry-after"] == b"5"
        go_on.set()
        await asyncio.gather(*waiting)
        await request()  # there is room again
        return statuses

    assert async_to_sync(together)() == [429, *[200] * (MOST_LARGE + 1)]


def test_a_large_delivery_comes_at_a_pace(known, monkeypatch):
    monkeypatch.setattr(bodies, "_BYTES_PER_SECOND_LARGE", 10**9)
    answers, pieces = [], iter([bytes(MOST_OF_ANYBODY + 1), b"x", b"x"])

    async def application(scope, receive, send):
        while (await receive())["more_body"]:
            pass

    async def receive():
        piece = next(pieces)
        await asyncio.sleep(0.3 if piece == b"x" else 0)
        return {"type": "http.request", "body": piece, "more_body": True}

    async def send(message):
        answers.append(message)

    scope = {"type": "http", "path": DOOR, "headers": known}
    async_to_sync(bounded(application, patience=0.25))(scope, receive, send)
    assert answers[0]["status"] == 408
