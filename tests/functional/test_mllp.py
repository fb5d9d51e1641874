"""MLLP over TLS: who may speak, in what pieces, how fast, and that nothing is acknowledged before it is on disk."""

import os
import re
import signal
import ssl
import subprocess
import threading
import time

import psycopg
import pytest
from tests import messages
from tests.functional.doors import SENDER
from tests.functional.mllp import Authorities, Machine, framed, listening

from rempart.foundation.access.models import ClientCertificate
from rempart.foundation.terminology import pathogen
from rempart.screening.services import gathering
from rempart.screening.services.intake import Intake
from rempart.site import serving

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def authorities(tmp_path_factory):
    return Authorities(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def intake(keyring):
    return Intake(pathogen=pathogen("covid19"), keyring=keyring)


@pytest.fixture
def laboratory(authorities, transactional_db):
    return authorities.laboratory(SENDER)


@pytest.fixture
def machine(authorities, intake, laboratory):
    """A registered laboratory on a connection of its own, and the listener for as long as the test lasts."""
    with listening(authorities.door(silence=0.3), intake) as (port, _):
        made = Machine(port, laboratory)
        yield made
        made.close()


def message(number, *changes):
    return messages.hl7(("MSG000001", f"MSG{number}"), ("21048BC000020", f"BC{number}"), *changes)


def test_a_message_is_acknowledged_and_kept(machine, query):
    machine.send(framed(message(1)))
    assert machine.codes(1) == [("AA", "MSG1")]
    assert query("SELECT channel, laboratory FROM screening_delivery") == [("mllp", SENDER)]
    assert query("SELECT count(*) FROM screening_result") == [(1,)]
    ((origin,),) = query("SELECT origin FROM audit_entry WHERE act = 'delivery-received'")
    assert origin == "127.0.0.1"


def test_many_in_flight_are_acknowledged_in_their_order(machine, query):
    machine.send(b"".join(framed(message(number)) for number in range(100)))
    assert machine.codes(100) == [("AA", f"MSG{number}") for number in range(100)]
    assert query("SELECT count(*) FROM screening_result") == [(100,)]


def test_frames_are_put_together_again_and_told_apart(machine):
    stream = framed(message(1)) + framed(message(2).replace(b"\r", b"\n")) + b"\r\n" + framed(message(3))
    machine.send(*(stream[start : start + 97] for start in range(0, len(stream), 97)))
    assert machine.codes(3) == [("AA", f"MSG{number}") for number in (1, 2, 3)]


def test_several_messages_in_one_frame_have_an_acknowledgement_each(machine):
    machine.send(framed(message(1) + message(2)))
    assert machine.codes(2) == [("AA", "MSG1"), ("AA", "MSG2")]


def test_a_sender_without_frames_is_understood_once_he_is_silent(machine):
    machine.send(message(1) + message(2))
    assert machine.codes(2) == [("AA", "MSG1"), ("AA", "MSG2")]


def test_a_refused_message_is_told_why_and_the_connection_goes_on(machine, query):
    machine.send(framed(message(1, ("BC1^LBM-EX", "^LBM-EX"))), framed(message(2)))
    refused, accepted = machine.acks(2)
    assert "MSA|AE|MSG1" in refused
    assert "\rERR||" in refused
    assert "MSA|AA|MSG2" in accepted
    assert query("SELECT count(*) FROM screening_result") == [(1,)]


def test_security_a_message_that_was_cut_is_never_taken_for_whole(machine, query):
    whole = message(1)
    cut = whole[: whole.index(b"OBX|2")]
    machine.send(b"\x0b" + cut + framed(message(2)))
    first, second = machine.acks(2)
    assert "MSA|AR|MSG1" in first
    assert "F02" in first
    assert "MSA|AA|MSG2" in second
    machine.send(framed(whole))  # sent again, it is taken
    assert machine.codes(1) == [("AA", "MSG1")]
    assert query("SELECT count(*) FROM screening_result") == [(2,)]


def test_a_frame_that_is_too_large_is_refused_in_its_turn(authorities, intake, laboratory):
    with listening(authorities.door(most_bytes=4000), intake) as (port, _):
        machine = Machine(port, laboratory)
        machine.send(framed(message(1)), b"\x0b" + message(2) + b"OBX" * 2000)
        first, second = machine.acks(2)
        assert "MSA|AA|MSG1" in first
        assert "MSA|AR|MSG2" in second
        assert "F03" in second
        assert machine.is_closed()


def test_security_more_messages_in_a_frame_than_a_delivery_may_have_are_refused_with_one_answer(
    machine, query
):
    machine.send(framed(b"MSH|\r" * 10_001), framed(message(2)))
    first, second = machine.acks(2)
    assert "F03" in first
    assert "MSA|AA|MSG2" in second
    assert query("SELECT count(*) FROM screening_message") == [(2,)]


def test_security_nobody_without_a_registered_certificate_of_a_known_authority_speaks(
    authorities, intake, laboratory, query
):
    with listening(authorities.door(), intake) as (port, _):
        stranger = Machine(port, authorities.laboratory(SENDER, registered=False))
        stranger.send(framed(message(1)))
        assert stranger.is_closed()
        nobody = ssl.create_default_context()
        authorities.ours.configure_trust(nobody)
        with pytest.raises((ssl.SSLError, ConnectionError)):
            Machine(port, nobody).acks(1)
    assert query("SELECT count(*) FROM screening_delivery") == [(0,)]


def test_security_a_revoked_certificate_speaks_no_more_on_an_open_connection(machine, query):
    machine.send(framed(message(1)))
    machine.codes(1)
    ClientCertificate.objects.update(revoked_at="2026-01-01T00:00Z")
    time.sleep(2.1)
    machine.send(framed(message(2)))
    assert machine.is_closed()
    assert query("SELECT count(*) FROM screening_result") == [(1,)]


def test_security_a_laboratory_speaks_for_itself_only(authorities, intake, transactional_db, query):
    with listening(authorities.door(), intake) as (port, _):
        machine = Machine(port, authorities.laboratory("130054323"))
        machine.send(framed(message(1)))
        (said,) = machine.acks(1)
    assert "MSA|AE|MSG1" in said
    assert "L04" in said
    assert query("SELECT count(*) FROM screening_result") == [(0,)]


def test_connections_of_one_address_are_bounded(authorities, intake, laboratory):
    with listening(authorities.door(most_for_one=1), intake) as (port, _):
        first = Machine(port, laboratory)
        first.send(framed(message(1)))
        assert first.codes(1) == [("AA", "MSG1")]
        assert Machine(port, laboratory).is_closed()
        first.send(framed(message(2)))
        assert first.codes(1) == [("AA", "MSG2")]


def test_who_is_silent_too_long_or_sends_too_slowly_is_left(authorities, intake, laboratory):
    with listening(authorities.door(idle=0.3, frame=0.3), intake) as (port, _):
        silent, slow = Machine(port, laboratory), Machine(port, laboratory)
        slow.send(b"\x0bMSH|")
        assert silent.is_closed()
        assert slow.is_closed()


def test_when_there_is_no_room_senders_wait_and_nothing_is_lost(
    authorities, keyring, laboratory, query, monkeypatch
):
    monkeypatch.setattr(gathering, "BATCH", 3)
    intake = Intake(pathogen=pathogen("covid19"), keyring=keyring)
    intake.gathering._most = 3
    with listening(authorities.door(most_in_flight=8), intake) as (port, _):
        machines = [Machine(port, laboratory) for _ in range(3)]
        for rank, machine in enumerate(machines):
            machine.send(b"".join(framed(message(100 * rank + number)) for number in range(20)))
        for rank, machine in enumerate(machines):
            assert machine.codes(20) == [("AA", f"MSG{100 * rank + number}") for number in range(20)]
    assert query("SELECT count(*) FROM screening_result") == [(60,)]


def test_security_nothing_is_acknowledged_when_the_database_is_away(machine, query, monkeypatch):
    def down(*_args, **_kwargs):
        raise psycopg.OperationalError("down")

    with monkeypatch.context() as patch:
        patch.setattr(gathering, "keep", down)
        machine.send(framed(message(1)))
        assert machine.is_closed()
    assert query("SELECT count(*) FROM screening_result") == [(0,)]


def test_a_message_that_we_fail_on_does_not_stop_the_others(machine, query, monkeypatch):
    def fails(*_args, **_kwargs):
        raise ValueError

    with monkeypatch.context() as patch:
        patch.setattr(gathering, "keep", fails)
        machine.send(framed(message(1)))
        (said,) = machine.acks(1)
    assert "MSA|AR|MSG1" in said
    assert "F08" in said
    machine.send(framed(message(2)))
    assert machine.codes(1) == [("AA", "MSG2")]
    assert query("SELECT count(*) FROM screening_result") == [(1,)]


def test_stopping_acknowledges_what_is_in_flight_and_closes(
    authorities, intake, laboratory, query, monkeypatch
):
    begun, go_on = threading.Event(), threading.Event()
    keep = gathering.keep

    def slowly(*args, **more):
        begun.set()
        assert go_on.wait(10)
        return keep(*args, **more)

    monkeypatch.setattr(gathering, "keep", slowly)
    with listening(authorities.door(), intake) as (port, stop):
        machine, idle = Machine(port, laboratory), Machine(port, laboratory)
        machine.send(framed(message(1)))
        assert begun.wait(10)
        stop.set()
        assert idle.is_closed()
        with pytest.raises(OSError):
            Machine(port, laboratory, wait=1)
        go_on.set()
        assert machine.codes(1) == [("AA", "MSG1")]
        assert machine.is_closed()
    assert query("SELECT count(*) FROM screening_result") == [(1,)]


def test_the_command_listens_acknowledges_and_ends_when_told(
    authorities, keyring, test_database, laboratory, tmp_path, query
):
    environment = {
        **os.environ, **test_database.environment(), "REMPART_VAR": str(tmp_path), "PYTHONUNBUFFERED": "1",
        "REMPART_MLLP_CERTIFICATE": str(authorities.certificate), "REMPART_MLLP_KEY": str(authorities.key),
        "REMPART_MLLP_LABORATORIES": str(authorities.laboratories), "REMPART_MLLP_PORT": "0",
    }  # fmt: skip
    process = subprocess.Popen(serving.mllp_command(), env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        machine = Machine(int(re.search(r":(\d+) ", said)[1]), laboratory)
        machine.send(framed(message(1)))
        assert machine.codes(1) == [("AA", "MSG1")]
        process.send_signal(signal.SIGTERM)
        assert machine.is_closed()
        machine.close()
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert query("SELECT count(*) FROM screening_result") == [(1,)]
