"""The drop folder: each file is kept once and answered, also when it ends half-way."""

import json
import os
import threading
import time
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import InterfaceError
from tests import messages
from tests.functional.doors import SENDER

from rempart.foundation.terminology import pathogen
from rempart.screening.listeners import boxes, folder
from rempart.screening.listeners.boxes import Box
from rempart.screening.services import intake as road
from rempart.screening.services.intake import Intake
from rempart.screening.services.store import Conflict

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def intake(keyring):
    return Intake(pathogen=pathogen("covid19"), keyring=keyring)


@pytest.fixture
def box(tmp_path):
    made = Box(root=tmp_path / "drop", laboratory=SENDER)
    made.make()
    return made


@pytest.fixture
def look(box, intake):
    return lambda: folder.look(box.root, intake=intake, stop=threading.Event(), settled=0)


def put(box, name, content):
    (box.inbox / name).write_bytes(content)


def acknowledged(place, name):
    assert (place / name).is_file()
    return json.loads((place / f"{name}.ack.json").read_bytes())


def two(*, second_is_wrong=False):
    change = ("260373001^Detected^SCT^P^Positif^99SIDEP", "^^^Z^") if second_is_wrong else ("PARIS", "LYON")
    return messages.hl7() + messages.hl7(
        ("MSG000001", "MSG000002"), ("21048BC000020", "21048BC000021"), change
    )


def test_a_file_is_kept_and_answered(box, look, query):
    put(box, "results.hl7", two())
    assert look() == 1
    said = acknowledged(box.done, "results.hl7")
    assert said["outcomes"] == {"accepted": 2}
    assert query("SELECT channel, laboratory, count(*) FROM screening_delivery GROUP BY 1, 2") == [
        ("folder", SENDER, 1)
    ]
    assert query("SELECT count(*) FROM screening_result") == [(2,)]
    assert list(box.inbox.iterdir()) == list(box.taken.iterdir()) == []


def test_a_file_of_which_a_part_was_refused_is_done_and_says_which(box, look):
    put(box, "results.hl7", two(second_is_wrong=True))
    look()
    said = acknowledged(box.done, "results.hl7")
    assert said["outcomes"] == {"accepted": 1, "rejected": 1}
    (wrong,) = [one for one in said["items"] if one["outcome"] == "rejected"]
    assert (wrong["item"], wrong["control_id"]) == (1, "MSG000002")
    assert "R01" in {one["code"] for one in wrong["findings"]}


@pytest.mark.parametrize("content", [b"", b"holiday pictures", b"\x00" * 5000, b"MSH|" + b"\xff" * 300])
def test_a_file_of_which_nothing_was_taken_is_refused(box, look, content):
    put(box, "no.txt", content)
    look()
    assert set(acknowledged(box.refused, "no.txt")["outcomes"]) == {"rejected"}


def test_what_is_no_file_among_those_taken_is_refused_and_the_others_are_read(box, look):
    (box.taken / "dangling").symlink_to(box.root / "nowhere")
    (box.taken / "link").symlink_to("/etc/passwd")
    (box.taken / "folder").mkdir()
    os.mkfifo(box.taken / "pipe")
    put(box, "results.hl7", two())
    assert look() == 5
    assert list(box.taken.iterdir()) == []
    assert acknowledged(box.done, "results.hl7")["outcomes"] == {"accepted": 2}
    for name in ("dangling", "link", "folder", "pipe"):
        (said,) = json.loads((box.refused / f"{name}.ack.json").read_bytes())["items"]
        assert [one["code"] for one in said["findings"]] == ["F03"]
    assert (box.refused / "dangling").is_symlink()


def test_a_laboratory_speaks_for_itself_only(box, intake, query):
    other = Box(root=box.root, laboratory="130054323")
    other.make()
    put(other, "results.hl7", messages.hl7())
    folder.look(box.root, intake=intake, stop=threading.Event(), settled=0)
    (one,) = acknowledged(other.refused, "results.hl7")["items"]
    assert "L04" in {said["code"] for said in one["findings"]}
    assert query("SELECT count(*) FROM screening_result") == [(0,)]


def test_the_same_file_again_keeps_nothing_twice(box, look, query):
    for _ in range(2):
        put(box, "results.hl7", two())
        look()
    assert query("SELECT count(*) FROM screening_result") == [(2,)]
    assert acknowledged(box.done, "results.hl7-2")["outcomes"] == {"accepted": 2}


def test_ended_after_keeping_it_is_answered_the_next_time(box, look, query, monkeypatch):
    """The messages are on disk, the acknowledgement is not: the file is read again, and nothing is kept twice."""
    put(box, "results.hl7", two())

    def die(*_args, **_kept):
        raise KeyboardInterrupt

    monkeypatch.setattr(boxes, "finish", die)
    with pytest.raises(KeyboardInterrupt):
        look()
    monkeypatch.undo()
    assert query("SELECT count(*) FROM screening_result") == [(2,)]
    assert look() == 1
    assert acknowledged(box.done, "results.hl7")["outcomes"] == {"accepted": 2}
    assert query("SELECT count(*) FROM screening_result") == [(2,)]


def test_ended_between_two_batches_the_rest_is_kept_the_next_time(box, look, query, monkeypatch):
    monkeypatch.setattr(road, "BATCH", 1)
    put(box, "results.hl7", two())
    receive, calls = road.receive, []

    def once(*args, **kwargs):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return receive(*args, **kwargs)

    monkeypatch.setattr(road, "receive", once)
    with pytest.raises(KeyboardInterrupt):
        look()
    assert query("SELECT count(*) FROM screening_result") == [(1,)]
    assert look() == 1
    assert query("SELECT count(*) FROM screening_result") == [(2,)]


@pytest.mark.parametrize("error", [psycopg.OperationalError, InterfaceError, Conflict])
def test_without_the_database_the_file_waits(box, intake, look, query, monkeypatch, caplog, error):
    put(box, "DUPONT Jeanne.hl7", two())
    receive, stop = road.receive, threading.Event()
    monkeypatch.setattr(road, "receive", lambda *_a, **_k: (_ for _ in ()).throw(error("gone")))
    reader = threading.Thread(
        target=folder.run,
        args=(box.root,),
        kwargs={"intake": intake, "stop": stop, "pace": folder.Pace(every=0.02, settled=0)},
    )
    reader.start()
    until(lambda: "the drop folder waits" in caplog.text)
    assert "DUPONT" not in caplog.text
    assert [one.name for one in box.taken.iterdir()] == ["DUPONT Jeanne.hl7"]
    monkeypatch.setattr(road, "receive", receive)
    until(lambda: (box.done / "DUPONT Jeanne.hl7").exists())
    stop.set()
    reader.join()
    assert query("SELECT count(*) FROM screening_result") == [(2,)]


def test_hprim_sante_is_answered_in_its_own_words(box, look, query):
    put(box, "resultats.hpr", messages.sante())
    look()
    said = (box.done / "resultats.hpr.ack.hpr").read_bytes().decode("iso8859-15")
    assert [line[:3] for line in said.splitlines()][:: len(said.splitlines()) - 1] == ["H|~", "L|1"]
    assert query("SELECT format FROM screening_message") == [("hprim-sante",)]


def test_a_file_that_shows_a_fault_of_ours_does_not_stop_the_others(box, look, monkeypatch, query, caplog):
    put(box, "a.hl7", messages.hl7())
    receive = road.receive
    monkeypatch.setattr(road, "receive", lambda *_a, **_k: {}["DUPONT"])
    look()
    monkeypatch.setattr(road, "receive", receive)
    put(box, "b.hl7", messages.hl7(("MSG000001", "MSG000002")))
    look()
    assert acknowledged(box.refused, "a.hl7")["items"][0]["findings"][0]["code"] == "F08"
    assert acknowledged(box.done, "b.hl7")["outcomes"] == {"accepted": 1}
    assert "DUPONT" not in caplog.text


def test_two_processes_do_not_read_one_folder(box, intake):
    with folder._alone(box.root), pytest.raises(folder.Occupied):
        folder.run(box.root, intake=intake, stop=threading.Event(), pace=folder.Pace())


def test_what_was_read_goes_after_its_retention(box, look):
    put(box, "results.hl7", messages.hl7())
    look()
    now = datetime.now(UTC)
    assert folder.sweep(box.root, now=now + timedelta(days=3)) == 0
    assert folder.sweep(box.root, now=now + timedelta(days=4)) == 2
    assert list(box.done.iterdir()) == []


def test_a_file_that_is_still_written_is_left_alone(box, intake):
    put(box, "results.hl7", messages.hl7())
    stop = threading.Event()
    assert folder.look(box.root, intake=intake, stop=stop, settled=30) == 0
    os.utime(box.inbox / "results.hl7", (time.time() - 31,) * 2)
    assert folder.look(box.root, intake=intake, stop=stop, settled=30) == 1


def until(holds, seconds=20):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "too long"
        time.sleep(0.02)
