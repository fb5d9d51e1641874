"""How often anybody, an agent and a machine may ask: counted for every page, answered with how long to wait."""

from datetime import timedelta

import pytest
from django.test import Client
from tests.functional.doors import HL7, new_key, sign_in
from tests.functional.test_access_matrix import agent_of

from rempart.foundation.access.limits import Counters, Local
from rempart.foundation.access.pace import Pace
from rempart.foundation.access.rights import Role
from rempart.site import limiting

pytestmark = pytest.mark.django_db(transaction=True)

DOOR = "/api/v1/deliveries"


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """Three at once, then one a minute, of everything."""
    paces = dict.fromkeys(Local, Pace(burst=3, each=timedelta(minutes=1)))
    monkeypatch.setattr(limiting, "counters", Counters(paces))
    monkeypatch.setattr(limiting, "known_keys", type(limiting.known_keys)())


def statuses(ask, times=5):
    return [ask().status_code for _ in range(times)]


def test_a_network_that_asks_for_everything_waits_and_another_does_not(client):
    assert statuses(lambda: client.get("/")) == [200] * 3 + [429] * 2
    assert statuses(lambda: client.get("/", REMOTE_ADDR="198.51.100.7"), 3) == [200] * 3


def test_the_answer_says_for_how_long_in_words_and_for_programs(client):
    statuses(lambda: client.get("/"), 3)
    page = client.get("/laboratoires/")
    assert 50 < int(page.headers["Retry-After"]) <= 60
    assert "Trop d’essais" in page.content.decode()
    problem = client.post(DOOR, b"x", content_type=HL7)
    assert problem.status_code == 429
    assert problem.headers["Content-Type"] == "application/problem+json"
    assert problem.json()["title"] == "too-many"
    assert int(problem.headers["Retry-After"]) <= 60


def test_after_the_wait_it_goes_on(client, clock):
    statuses(lambda: client.get("/"))
    clock(minutes=1)
    assert statuses(lambda: client.get("/"), 2) == [200, 429]


def test_a_household_is_one_network_and_its_neighbour_another(client):
    addresses = iter(["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8::4", "2001:db8:0:1::1"])
    assert statuses(lambda: client.get("/", REMOTE_ADDR=next(addresses))) == [200] * 3 + [429, 200]


def test_an_agent_is_counted_wherever_he_asks_from():
    client, agent = Client(), agent_of(Role.INVESTIGATOR)
    sign_in(client, agent)
    addresses = iter(f"198.51.100.{number}" for number in range(10))
    assert statuses(lambda: client.get("/suivi/", REMOTE_ADDR=next(addresses))) == [200] * 3 + [429] * 2


def test_laboratories_behind_one_address_are_counted_by_their_keys(client, keyring):
    keys = [new_key(), new_key()]

    def deliver(key):
        return client.post(DOOR, b"x", content_type="text/plain", headers={"Authorization": f"Bearer {key}"})

    assert [deliver(keys[0]).status_code for _ in range(4)] == [415] * 3 + [429]
    assert [deliver(keys[1]).status_code for _ in range(4)] == [415] * 3 + [429]


def test_keys_that_are_none_are_counted_by_the_network(client):
    keys = iter(f"rmp_invented{number}" for number in range(10))

    def deliver():
        return client.post(DOOR, b"x", content_type=HL7, headers={"Authorization": f"Bearer {next(keys)}"})

    assert statuses(deliver) == [401] * 3 + [429] * 2


def test_what_asks_for_no_key_makes_none_known(client):
    for number in range(6):
        key = {"Authorization": f"Bearer rmp_invented{number}"}
        client.get("/api/v1/nothing", headers=key)
        client.get(DOOR, headers=key)
        last = client.post(DOOR, b"x", content_type=HL7, headers=key)
    assert last.status_code == 429


def test_an_agent_who_is_refused_is_counted_and_fills_no_trail(query):
    client, agent = Client(), agent_of(Role.PHARMACIST)
    sign_in(client, agent)
    addresses = iter(f"198.51.100.{number}" for number in range(10))
    assert statuses(lambda: client.get("/suivi/", REMOTE_ADDR=next(addresses))) == [403] * 3 + [429] * 2
    assert query("SELECT count(*) FROM audit_entry WHERE act = 'access-refused'") == [(3,)]


def test_who_is_sent_to_sign_in_is_counted(client):
    assert statuses(lambda: client.get("/suivi/")) == [302] * 3 + [429] * 2


def test_whether_we_live_is_told_always(client):
    assert statuses(lambda: client.get("/sante/"), 10) == [200] * 10
