"""The client of the INS teleservice over real mutual TLS, against its stand-in; its queue; what a person gains."""

import asyncio
import logging
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import trustme
from tests.factories import message, person, report, somebody
from typer.testing import CliRunner

from rempart.foundation.access.actor import Purpose, acting, system
from rempart.foundation.audit.models import Entry
from rempart.foundation.people.identities import read_identities
from rempart.foundation.people.models import Identity, InsRequest, Link
from rempart.foundation.people.teleservice import asking, client, queue
from rempart.foundation.people.teleservice.client import Teleservice, Unanswered
from rempart.foundation.people.teleservice.endpoint import Endpoint
from rempart.foundation.people.teleservice.policy import Bounds, policy
from rempart.foundation.people.teleservice.queue import State
from rempart.foundation.people.teleservice.rules import Code, Traits, Verdict
from rempart.foundation.terminology.values import Sex
from rempart.screening.rules.report import Moment, Person, Precision, Report
from rempart.simulators.ins.certificates import Certificates, make
from rempart.simulators.ins.register import Behaviour, Register, people_of_data
from rempart.simulators.ins.serving import settings_of, teleservice
from rempart.site import teleservice as house

WOMAN = Traits(
    birth_name="Xylophage",
    first_names=("Théodosie",),
    sex="F",
    birth_date=people_of_data()[0].birth_date,
)
AHEAD = timedelta(minutes=10)
"""Identities are looked up some minutes after they came."""


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make(tmp_path_factory.mktemp("ins"))


@pytest.fixture
def register() -> Register:
    return Register(people_of_data())


@pytest.fixture
def endpoint(register: Register, certificates: Certificates) -> Iterator[Endpoint]:
    with teleservice(register, certificates) as found:
        yield found


def now() -> datetime:
    return datetime.now(UTC)


def search(endpoint: Endpoint, traits: Traits = WOMAN) -> client.Outcome | None:
    return asking.search_now(endpoint, traits, clock=now)


# The protocol


def test_somebody_is_found(endpoint, register):
    found = search(endpoint)
    assert found is not None
    assert found.identity is not None
    assert (found.identity.number, found.identity.birth_place) == ("279035121518989", "51215")
    (asked,) = register.asked
    assert (asked.birth_name, asked.first_name, asked.birth_place) == ("XYLOPHAGE", "THEODOSIE", "")


def test_other_first_names_and_then_the_place_are_tried(endpoint, register):
    man = next(one for one in people_of_data() if one.birth_name == "ZYGOMALAS")
    turned = Traits(
        birth_name="Zygomalas", first_names=("Balthazar", "Anthelme"), sex="M", birth_date=man.birth_date
    )
    found = search(endpoint, turned)
    assert found is not None
    assert found.identity is not None
    assert [one.first_name for one in register.asked] == ["BALTHAZAR", "ANTHELME"]

    twins = [one for one in people_of_data() if one.birth_name == "JUMELLE"]
    twin = Traits(
        birth_name="Jumelle",
        first_names=("Alix",),
        sex="F",
        birth_date=twins[1].birth_date,
        birth_place="2A004",
    )
    found = search(endpoint, twin)
    assert found is not None
    assert found.identity is not None
    assert found.identity.number == twins[1].number
    nobody_knows = search(endpoint, replace(twin, birth_place=""))
    assert nobody_knows is not None
    assert (nobody_knows.code, nobody_knows.identity) == (Code.SEVERAL, None)
    assert search(endpoint, replace(twin, sex="U")) is None


def test_a_number_is_verified(endpoint):
    twin = next(one for one in people_of_data() if one.former)
    traits = Traits(
        birth_name="Jumelle",
        first_names=("Alix",),
        sex="F",
        birth_date=twin.birth_date,
        birth_place=twin.birth_place,
    )
    said = [
        asking.verify_now(endpoint, number, traits, clock=now)
        for number in (twin.number, twin.former[0], "1")
    ]
    assert said == [Verdict.AGREES, Verdict.FORMER, Verdict.OTHER]
    assert (
        asking.verify_now(endpoint, twin.number, replace(traits, birth_name="Other"), clock=now)
        is Verdict.UNKNOWN
    )


def test_security_who_shows_no_certificate_of_the_authority_is_not_answered(endpoint, tmp_path):
    stranger = trustme.CA().issue_cert("localhost")
    pem, key = tmp_path / "c.pem", tmp_path / "k.pem"
    stranger.cert_chain_pems[0].write_to_path(pem)
    stranger.private_key_pem.write_to_path(key)
    with pytest.raises(Unanswered):
        search(replace(endpoint, certificate=pem, key=key))
    with pytest.raises(Unanswered, match="certificate"):
        search(replace(endpoint, key=tmp_path / "absent"))


def test_security_a_server_that_is_not_the_services_is_told_nothing(endpoint, register, tmp_path):
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(other)
    with pytest.raises(Unanswered, match="ConnectError"):
        search(replace(endpoint, authorities=other))
    assert register.asked == []


@pytest.mark.parametrize(
    ("mood", "why"),
    [
        (Behaviour.FAULT, "insi_102"),
        (Behaviour.UNAVAILABLE, "status-503"),
        (Behaviour.CUT, "RemoteProtocolError"),
        (Behaviour.HUGE, "too-long"),
        (Behaviour.BOMB, "unreadable"),
        (Behaviour.OTHER_NAMESPACE, "unreadable"),
        (Behaviour.NONSENSE, "unreadable"),
        (Behaviour.SILENCE, "timeout"),
        (Behaviour.DRIP, "timeout"),
    ],
)
def test_security_a_hostile_answer_is_none_and_soon(endpoint, register, monkeypatch, mood, why):
    short = replace(
        policy(),
        bounds=Bounds(
            connect_seconds=1, read_seconds=0.4, whole_seconds=0.8, desk_seconds=8, most_bytes=262_144
        ),
    )
    monkeypatch.setattr(client, "policy", lambda: short)
    register.mood = mood
    began = time.monotonic()
    with pytest.raises(Unanswered) as unanswered:
        search(endpoint)
    assert time.monotonic() - began < 3
    assert unanswered.value.why == why


def test_many_conversations_go_on_at_once(endpoint, register):
    register.latency = 0.2

    async def ask() -> list[object]:
        async with Teleservice(endpoint, clock=now) as service:
            return await asyncio.gather(*(service.search(WOMAN) for _ in range(8)))

    began = time.monotonic()
    assert len(asyncio.run(ask())) == 8
    assert time.monotonic() - began < 8 * 0.2


# The queue, and what a person gains

in_database = pytest.mark.django_db(transaction=True)


@pytest.fixture
def look_up(endpoint, keyring):
    """`look_up()`: the worker's minute, ten minutes later and `minutes` more; how many look-ups ended."""

    def run(*, minutes: float = 0, ahead: timedelta = AHEAD) -> int:
        later = ahead + timedelta(minutes=minutes)
        return house.run(
            endpoint,
            keyring=keyring,
            clock=lambda: now() + later,
            until=now() + later + timedelta(seconds=30),
        )

    return run


def without_number(**changes):
    """The woman of the tests as a laboratory that has no number of hers writes her."""
    return person(birth_name="Xylophage", used_name="", ins="", ins_authority="", birth_place="", **changes)


def result(who: Person, **changes: Any) -> Report:
    """A result of yesterday by the real clock, which the keys of identities follow."""
    sampled, validated = now() - timedelta(hours=20), now() - timedelta(hours=2)
    return report(
        who,
        sampled_at=Moment(at=sampled, precision=Precision.MINUTE),
        validated_at=Moment(at=validated, precision=Precision.MINUTE),
        **changes,
    )


def states(query) -> list[str]:
    return [state for (state,) in query("SELECT state FROM people_ins_request ORDER BY identity_id")]


@in_database
def test_a_person_gains_her_number_beside_what_was_received(keep, look_up, query, keyring):
    keep(message(result(without_number())), now=now())
    before = query("SELECT id, sealed FROM people_identity")
    assert look_up() == 1
    assert states(query) == [State.FOUND]
    with acting(system(Purpose.INTAKE)):
        assert set(before) < set(query("SELECT id, sealed FROM people_identity"))
        request = InsRequest.objects.get()
        links = Link.objects.filter(person_id=request.person_id)
        assert {link.identity_id for link in links} == {request.identity_id, request.gained_id}
        gained = read_identities([request.gained_id], keyring=keyring)[request.gained_id]
        assert (gained.ins, gained.first_names, gained.birth_place) == (
            "279035121518989", ("THEODOSIE", "WILHELMINE"), "51215",
        )  # fmt: skip
        assert Identity.objects.get(pk=request.gained_id).ins is not None
        entry = Entry.objects.get(act="ins-looked-up")
        assert (entry.person_id, entry.subject, entry.details) == (
            request.person_id, str(request.identity_id), {"state": "found"},
        )  # fmt: skip
        person_id = request.person_id
    # and a message with the number finds the same person
    keep(message(result(person(used_name=""), record_number="LATER")), now=now())
    with acting(system(Purpose.INTAKE)):
        assert set(Link.objects.values_list("person_id", flat=True)) == {person_id}


@in_database
def test_results_do_not_wait_and_nothing_is_written_on_their_road(keep, look_up, query, register):
    register.mood = Behaviour.UNAVAILABLE
    (kept,) = keep(message(result(without_number())), now=now())
    assert kept.outcome.value == "accepted"
    assert query("SELECT count(*) FROM people_ins_request") == [(0,)]
    assert query("SELECT count(*) FROM screening_result") == [(1,)]
    assert look_up(ahead=timedelta()) == 0
    assert query("SELECT count(*) FROM people_ins_request") == [(0,)]  # too young


@in_database
def test_who_has_a_number_is_not_looked_up(keep, look_up, register, query):
    keep(
        message(result(person())),
        message(result(person(ins="", ins_authority=""), record_number="B")),
        now=now(),
    )
    assert look_up() == 0
    assert (states(query), register.asked) == ([], [])


@in_database
def test_one_person_is_asked_about_once(keep, look_up, register, query):
    keep(
        message(result(somebody(1))),
        message(result(somebody(1, birth_place="75056"), record_number="B")),
        now=now(),
    )
    assert look_up() == 1
    keep(message(result(somebody(1, mobile="0639980000", birth_place="69123"), record_number="C")), now=now())
    assert look_up(minutes=60) == 0
    assert (states(query), len(register.asked)) == ([State.NONE], 1)


@in_database
def test_how_look_ups_end(keep, look_up, query, register):
    twins = replace(somebody(1), birth_name="JUMELLE", birth_date=people_of_data()[2].birth_date)
    keep(
        message(result(twins)),
        message(result(replace(somebody(2), sex=Sex.UNKNOWN), record_number="B")),
        message(result(somebody(3), record_number="C")),
        now=now(),
    )
    assert look_up() == 3
    assert sorted(states(query)) == sorted([State.SEVERAL, State.UNASKABLE, State.NONE])
    assert queue.standing(now=now()).ended == {"none": 1, "several": 1, "unaskable": 1}


@in_database
def test_security_an_identity_of_somebody_else_changes_nothing(keep, look_up, query, register):
    register.mood = Behaviour.SOMEBODY_ELSE
    keep(message(result(without_number())), now=now())
    look_up()
    assert states(query) == [State.DOUBTFUL]
    assert query("SELECT count(*) FROM people_identity WHERE ins IS NOT NULL") == [(0,)]
    assert query("SELECT count(*) FROM people_matching_key WHERE is_ins") == [(0,)]


@in_database
def test_security_nobody_is_joined_when_the_number_is_another_persons(keep, look_up, query):
    """The number came with another spelling of the name first: two persons here, one in the register."""
    keep(message(result(person(birth_name="Xylofage", used_name=""), record_number="A")), now=now())
    keep(message(result(without_number(), record_number="B")), now=now())
    assert query("SELECT count(*) FROM people_person") == [(2,)]
    look_up()
    assert states(query) == [State.TO_REVIEW]
    rows = query("SELECT person_id, certainty FROM people_link ORDER BY made_at, identity_id")
    first, second, gained = rows
    assert first[0] != second[0] == gained[0]
    assert [certainty for _, certainty in rows] == ["certain", "certain", "to-review"]
    assert query("SELECT count(*), count(DISTINCT person_id) FROM people_matching_key WHERE is_ins") == [
        (1, 1)
    ]


@in_database
def test_what_is_not_answered_is_asked_again_and_the_breaker_spares_the_service(
    keep, look_up, query, register
):
    register.mood = Behaviour.FAULT
    keep(*[message(result(somebody(n), record_number=f"R{n}")) for n in range(20)], now=now())
    assert look_up() == 0
    asked = len(register.asked)
    assert policy().breaker.opens_after <= asked <= policy().at_once
    standing = queue.standing(now=now() + AHEAD)
    assert standing.breaker.is_open(now() + AHEAD)
    assert (standing.waiting, standing.why) == (20, "insi_102")
    assert any("does not answer (insi_102)" in note for note in standing.notes(now() + AHEAD))

    look_up(minutes=0.5)  # it is open: nobody asks
    assert len(register.asked) == asked
    look_up(minutes=3)  # one tries, and fails: it opens again
    assert len(register.asked) == asked + 1

    register.mood = Behaviour.ANSWER
    assert look_up(minutes=60) == 20
    assert set(states(query)) == {State.NONE}
    assert not queue.standing(now=now()).breaker.failures


@in_database
def test_what_is_never_answered_waits_for_somebody(keep, look_up, query, register, monkeypatch):
    few = replace(policy(), retry=replace(policy().retry, most_tries=2))
    monkeypatch.setattr(queue, "policy", lambda: few)
    register.mood = Behaviour.FAULT
    keep(message(result(somebody(1))), now=now())
    look_up()
    look_up(minutes=60)
    assert states(query) == [State.FAILED]
    register.mood = Behaviour.ANSWER
    assert look_up(minutes=600) == 0
    assert queue.retry(now=now()) == 1
    assert look_up(minutes=601) == 1
    assert states(query) == [State.NONE]


@in_database
def test_what_a_worker_took_and_never_brought_back_is_taken_again(keep, look_up, query):
    keep(message(result(somebody(1))), now=now())
    later = now() + AHEAD
    with acting(system(Purpose.INTAKE)) as cursor:
        queue.gather(cursor, now=later)
        assert len(queue.claim(cursor, most=5, now=later)) == 1
        assert queue.claim(cursor, most=5, now=later) == []
    assert look_up(minutes=1) == 0
    assert look_up(minutes=6) == 1


@in_database
def test_a_request_goes_with_its_identity(keep, look_up, query, keyring):
    from rempart.foundation.people.retention import forget_identities

    keep(message(result(without_number())), now=now())
    look_up()
    with acting(system(Purpose.OPERATION)) as cursor:
        counts = forget_identities(cursor, (now() + timedelta(days=400)).date(), 100)
    assert counts["people_ins_request"] == 1
    assert query("SELECT count(*) FROM people_ins_request") == [(0,)]
    assert query("SELECT count(*) FROM people_matching_key") == [(0,)]


@in_database
def test_security_nothing_of_anybody_is_logged(keep, look_up, register, caplog):
    caplog.set_level(logging.DEBUG)
    keep(message(result(without_number())), message(result(somebody(1), record_number="B")), now=now())
    look_up()
    register.mood = Behaviour.FAULT
    keep(message(result(somebody(2), record_number="C")), now=now())
    look_up(minutes=20)
    said = caplog.text.upper()
    for word in ("XYLOPHAGE", "THEODOSIE", "THÉODOSIE", "PERSONNE", "279035121518989", "1979-03-28"):
        assert word not in said


@in_database
def test_the_commands(keep, endpoint, monkeypatch, register):
    from contextlib import contextmanager

    from rempart.site import cli, ins_settings, runtime

    for name, value in settings_of(endpoint).items():
        monkeypatch.setenv(name, value)

    class Configured:
        ins = ins_settings.InsTeleservice()
        key_store = None

    monkeypatch.setattr(runtime, "platform", contextmanager(lambda **_: iter([Configured()])))
    shown = CliRunner().invoke(cli.app, ["ins", "status"])
    assert (shown.exit_code, shown.output.splitlines()) == (0, ["last answer: never", "waiting: 0"])
    with acting(system(Purpose.INTAKE)) as cursor:
        queue.note_outcomes(cursor, ["timeout"] * 5, now=now())
    shown = CliRunner().invoke(cli.app, ["ins", "status"])
    assert shown.exit_code == 1
    assert "! the teleservice does not answer (timeout)" in shown.output
    assert CliRunner().invoke(cli.app, ["ins", "retry"]).output == "0 request(s) wait again\n"
    assert CliRunner().invoke(cli.app, ["ins", "status", "--json"]).exit_code == 0


def test_settings_that_cannot_be_are_named(monkeypatch, endpoint):
    from rempart.site.ins_settings import InsTeleservice
    from rempart.site.refusals import CannotRun

    assert InsTeleservice().endpoint() is None
    for name, value in settings_of(endpoint).items():
        monkeypatch.setenv(name, value)
    assert InsTeleservice().endpoint() == endpoint
    monkeypatch.setenv("REMPART_INS_KEY", "")
    monkeypatch.delenv("REMPART_INS_KEY")
    with pytest.raises(CannotRun, match="REMPART_INS_KEY missing"):
        InsTeleservice().endpoint()
    with pytest.raises(CannotRun, match="must be https"):
        InsTeleservice(url="http://localhost/lps").endpoint()
