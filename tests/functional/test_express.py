"""The short way of a delivery: the same answers, headers and refusals as the long one, and no way around a guard."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from tests import messages
from tests.functional.doors import HL7, HPRIM, SENDER, new_key
from tests.functional.mllp import register

from rempart.foundation.access.limits import Counters, Local, limits
from rempart.foundation.access.machines import recognised as recognising
from rempart.foundation.access.models import MachineKey
from rempart.foundation.access.pace import Pace
from rempart.screening import api
from rempart.screening.transcoding import snapshot
from rempart.site import express as expressing
from rempart.site import limiting
from rempart.site.bodies import CERTIFICATE as CERTIFICATE_OF
from rempart.site.express import MOST_BYTES, express
from rempart.site.headers import protective
from rempart.site.streaming import application

pytestmark = pytest.mark.django_db(transaction=True)

PATH = "/api/v1/deliveries"
CERTIFICATE = "ab" * 32


class Site:
    """The application with its short way; notes which requests went the long one."""

    def __init__(self):
        self.long = 0
        inner = application()

        async def noted(scope, receive, send):
            self.long += 1
            await inner(scope, receive, send)

        self.whole = express(noted, path=PATH)

    def __call__(self, body, *, method="POST", path=PATH, query=b"", certificate="", **headers):
        said = {"host": "localhost", "content_type": HL7, "content_length": str(len(body)), **headers}
        scope = {
            "type": "http", "http_version": "1.1", "method": method, "path": path, "raw_path": path.encode(),
            "query_string": query, "root_path": "", "scheme": "http", "server": ("localhost", 80),
            "client": ("192.0.2.1", 1000),
            "headers": [(k.replace("_", "-").encode(), v.encode()) for k, v in said.items() if v is not None],
        }  # fmt: skip
        if certificate:
            scope[CERTIFICATE_OF] = certificate  # as proxies.py writes it, for the private socket alone
        return Answer(asyncio.run(_asked(self.whole, scope, body)))


class Answer:
    def __init__(self, sent):
        self.status = sent[0]["status"]
        self.headers = {k.decode().lower(): v.decode() for k, v in sent[0]["headers"]}
        self.body = b"".join(part.get("body", b"") for part in sent[1:])


async def _asked(app, scope, body):
    """The messages that the application sends for a body in two pieces; the client stays until the answer."""
    sent = []
    pieces = [(body[: len(body) // 2], True), (body[len(body) // 2 :], False)]

    async def receive():
        if not pieces:
            await asyncio.Event().wait()
        part, more = pieces.pop(0)
        return {"type": "http.request", "body": part, "more_body": more}

    async def send(message):
        sent.append(message)

    await app(scope, receive, send)
    return sent


@pytest.fixture
def site(keyring, transactional_db, monkeypatch):
    monkeypatch.setattr(api, "recognised", recognising.Recognised())
    monkeypatch.setattr(limiting, "counters", Counters(limits().process))
    monkeypatch.setattr(snapshot, "PATIENCE", 1000.0)  # the tables are not looked at again during a test
    return Site()


@pytest.fixture
def authorization(site):
    """The key of a laboratory that has just sent something: this process knows it."""
    shown = f"Bearer {new_key()}"
    assert site(one(0), authorization=shown).status == 200
    site.long = 0
    return shown


def one(number, *changes):
    return messages.hl7(("MSG000001", f"MSG{number}"), ("21048BC000020", f"BC{number}"), *changes)


def test_a_known_machine_takes_the_short_way_and_reads_the_same(site, authorization, query):
    short = site(one(1), authorization=authorization)
    assert (site.long, short.status) == (0, 200)
    long = site(one(1), authorization=authorization, cookie="a=b")
    assert (site.long, long.status) == (1, 200)
    for answer in (short, long):
        assert b"MSA|AA|MSG1" in answer.body
        assert answer.headers["content-type"] == f"{HL7}; charset=utf-8"
    assert query("SELECT count(*) FROM screening_result") == [(2,)]
    assert {
        origin for (origin,) in query("SELECT origin FROM audit_entry WHERE act = 'delivery-received'")
    } == {"192.0.2.1"}


@pytest.mark.parametrize("language", ["fr-FR,fr;q=0.9,en;q=0.5", "en", ""])
def test_json_is_the_same_by_both_ways(site, authorization, language):
    body = one(1, ("BC1^LBM-EX", "^LBM-EX")) + one(2)
    asked = {"authorization": authorization, "accept": "application/json", "accept_language": language}
    short = json.loads(site(body, **asked).body)
    assert site.long == 0
    long = json.loads(site(body, cookie="a=b", **asked).body)
    for answer in (short, long):
        for item in answer["items"]:
            del item["delivery"], item["repeated"]
    assert short == long


def test_security_the_short_way_sends_every_protective_header(site, authorization):
    for answer in (site(one(1), authorization=authorization), site(b"?" * 10, authorization=authorization)):
        assert answer.status == 200
        for name, value in protective(secure=False).items():
            assert answer.headers[name.lower()] == value
    assert site.long == 0


@pytest.mark.parametrize(
    "changed",
    [
        {"host": "evil.example"},
        {"host": None},
        {"content_type": "text/plain"},
        {"content_type": "text/csv"},
        {"content_length": "x"},
        {"content_length": None},
        {"content_length": str(MOST_BYTES + 1)},
        {"transfer_encoding": "chunked"},
        {"content_encoding": "gzip"},
        {"expect": "100-continue"},
        {"cookie": "session=x"},
        {"prefer": "respond-async"},
        {"authorization": "Bearer rmp_another"},
        {"authorization": None},
        {"method": "PUT"},
        {"path": "/api/v1/openapi.json"},
        {"query": b"a=b"},
    ],
)
def test_security_whatever_is_unusual_takes_the_long_way(site, authorization, changed):
    site(one(1), **{"authorization": authorization, **changed})
    assert site.long == 1


def test_security_a_revoked_key_is_noticed_at_the_next_look(site, authorization):
    assert site(one(1), authorization=authorization).status == 200
    MachineKey.objects.update(revoked_at=datetime.now(UTC))
    api.recognised.ask(now=datetime.now(UTC))
    assert site(one(2), authorization=authorization).status == 401
    assert site.long == 1


def test_security_what_is_not_asked_for_again_goes_stale(site, authorization, monkeypatch):
    MachineKey.objects.update(revoked_at=datetime.now(UTC))
    assert site(one(1), authorization=authorization).status == 200  # within two seconds
    monkeypatch.setattr(recognising, "FRESH", -1.0)
    assert site(one(2), authorization=authorization).status == 401


def test_a_key_that_holds_stays_known_and_its_use_is_noted(site, authorization):
    MachineKey.objects.update(last_used_on=None)
    api.recognised.ask(now=datetime.now(UTC))
    assert MachineKey.objects.get().last_used_on == datetime.now(UTC).date()
    assert site(one(1), authorization=authorization).status == 200
    assert site.long == 0


def test_security_requests_of_a_key_are_counted_on_both_ways(site, authorization, monkeypatch):
    few = {**limits().process, Local.KEY: Pace(burst=3, each=timedelta(hours=1))}
    monkeypatch.setattr(limiting, "counters", Counters(few))
    asked = [{}, {"cookie": "a=b"}, {}, {}, {"cookie": "a=b"}]
    answers = [site(one(n), authorization=authorization, **more) for n, more in enumerate(asked, start=1)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429, 429]
    assert int(answers[3].headers["retry-after"]) > 3000


def test_security_a_key_is_one_key_however_it_is_written(site, authorization, monkeypatch):
    monkeypatch.setattr(
        limiting,
        "counters",
        Counters({**limits().process, Local.KEY: Pace(burst=2, each=timedelta(hours=1))}),
    )
    _, key = authorization.split()
    written = [f"Bearer {key}", f"bearer {key}", f"BEARER   {key}", f"Bearer  {key} "]
    answers = [site(one(n), authorization=shown).status for n, shown in enumerate(written, start=1)]
    assert answers == [200, 200, 429, 429]


def test_security_a_machine_with_a_certificate_alone_is_counted_too(site, monkeypatch):
    register(SENDER, bytes.fromhex(CERTIFICATE))
    assert site(one(0), certificate=CERTIFICATE).status == 200
    monkeypatch.setattr(
        limiting,
        "counters",
        Counters({**limits().process, Local.KEY: Pace(burst=2, each=timedelta(hours=1))}),
    )
    site.long = 0
    answers = [site(one(n), certificate=CERTIFICATE).status for n in range(1, 5)]
    assert answers == [200, 200, 429, 429]
    assert site.long == 2


def test_another_format_and_a_small_file_take_the_short_way_too(site, query):
    shown = f"Bearer {new_key()}"
    site(one(0), authorization=shown)
    answer = site(messages.hprim(), authorization=shown, content_type=HPRIM)
    assert json.loads(answer.body)["items"][0]["outcome"] == "accepted"
    answer = site(b"".join(one(n) for n in range(1, 4)), authorization=shown)
    assert answer.body.count(b"MSA|AA") == 3
    assert site.long == 1
    assert query("SELECT DISTINCT laboratory FROM screening_delivery") == [(SENDER,)]


def test_more_than_fit_at_once_are_told_so_before_anything_is_read(site, authorization, monkeypatch):
    monkeypatch.setattr(expressing, "MOST_SHORT", 2)
    monkeypatch.setattr(expressing, "MOST_LONG", 1)
    go_on, read = asyncio.Event(), []

    async def never(scope, receive, send):
        await go_on.wait()

    door = express(never, path=PATH)
    said = {"host": "localhost", "content-type": HL7, "content-length": "10", "authorization": authorization}
    unusual = {**said, "cookie": "a=b"}

    async def one_more(headers):
        sent = []

        async def receive():
            read.append(1)
            await go_on.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            sent.append(message)

        scope = {
            "type": "http", "method": "POST", "path": PATH, "query_string": b"", "client": ("192.0.2.1", 1),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }  # fmt: skip
        await door(scope, receive, send)
        return sent

    async def together():
        waiting = [asyncio.create_task(one_more(headers)) for headers in (said, said, unusual)]
        await asyncio.sleep(0)
        refused = [Answer(await one_more(headers)) for headers in (said, unusual)]
        go_on.set()
        await asyncio.gather(*waiting)
        return refused

    for answer in asyncio.run(together()):
        assert (answer.status, json.loads(answer.body)["title"]) == (429, "busy")
        assert answer.headers["retry-after"] == "1"
        assert answer.headers["cache-control"] == "no-store"
    assert len(read) == 2
