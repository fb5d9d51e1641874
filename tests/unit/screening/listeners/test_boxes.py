"""A file is in one folder of its box at any moment, whatever its name is and whenever the process ends."""

import os
import time

import pytest

from rempart.screening.listeners import boxes
from rempart.screening.listeners.boxes import Box


@pytest.fixture
def box(tmp_path):
    made = Box(root=tmp_path, laboratory="690001235")
    made.make()
    return made


def put(box, name, content=b"x", *, age=0.0):
    path = box.inbox / name
    path.write_bytes(content)
    os.utime(path, (time.time() - age,) * 2)
    return path


def names(folder):
    return sorted(entry.name for entry in os.scandir(folder))


def test_only_laboratories_have_a_box(tmp_path):
    for name in ("690001235", "2A0001236", "690001234", "69 000123 5", "autre", ".cache"):
        (tmp_path / name).mkdir()
    (tmp_path / "971000120").write_bytes(b"a file, not a folder")
    (tmp_path / "130054323").symlink_to(tmp_path / "690001235")
    assert [one.laboratory for one in boxes.boxes(tmp_path)] == ["2A0001236", "690001235"]


def test_nobody_else_may_look_into_a_box(box):
    assert {folder.stat().st_mode & 0o777 for folder in (box.home, box.inbox, box.taken, box.done)} == {0o700}


def test_whole_files_wait_oldest_first(box):
    put(box, "second", age=10)
    put(box, "first", age=20)
    put(box, "still being written", age=0)
    put(box, ".hidden", age=30)
    put(box, "upload.PART", age=30)
    put(box, "upload.tmp", age=30)
    (box.inbox / "folder").mkdir()
    (box.inbox / "link").symlink_to("/etc/passwd")
    os.mkfifo(box.inbox / "pipe")
    assert boxes.waiting(box, untouched_since=time.time() - 5) == ["first", "second"]


def test_a_file_is_taken_once(box):
    put(box, "a")
    assert boxes.take(box, "a") == "a"
    assert boxes.take(box, "a") is None
    assert (names(box.inbox), names(box.taken)) == ([], ["a"])


def test_a_name_in_use_is_counted_up(box):
    put(box, "a", b"one")
    boxes.take(box, "a")
    put(box, "a", b"two")
    assert boxes.take(box, "a") == "a-2"
    boxes.finish(box, "a", acknowledgement=b"{}", refused=False)
    boxes.finish(box, "a-2", acknowledgement=b"{}", refused=False)
    put(box, "a", b"three")
    boxes.take(box, "a")
    boxes.finish(box, "a", acknowledgement=b"{}", refused=False)
    kept = {name: (box.done / name).read_bytes() for name in names(box.done) if not name.endswith(".json")}
    assert kept == {"a": b"one", "a-2": b"two", "a-3": b"three"}
    assert {f"{name}.ack.json" for name in kept} == {n for n in names(box.done) if n.endswith(".json")}


@pytest.mark.parametrize("name", ["é" * 120, "a\nb", "\udcff\udcfe", "n" * 255, "-rf", "a b'\"c"])
def test_any_name_a_file_system_takes_is_answered(box, name):
    put(box, name)
    taken = boxes.take(box, name)
    boxes.finish(box, taken, acknowledgement=b"{}", refused=True)
    assert len(names(box.refused)) == 2
    assert names(box.taken) == names(box.inbox) == []


def test_what_was_being_read_comes_again_after_a_restart(box):
    put(box, "b", age=5)
    put(box, "a", age=9)
    for name in ("b", "a"):
        boxes.take(box, name)
    assert boxes.interrupted(box) == ["a", "b"]


def test_a_file_named_like_an_acknowledgement_is_not_forgotten(box):
    put(box, "results.hl7.ack.json")
    boxes.take(box, "results.hl7.ack.json")
    assert boxes.interrupted(box) == ["results.hl7.ack.json"]


def test_ended_between_acknowledgement_and_file_it_is_done_again(box, monkeypatch):
    put(box, "a", b"content")
    boxes.take(box, "a")
    write = boxes.write

    def then_die(path, content):
        write(path, content)
        raise KeyboardInterrupt

    monkeypatch.setattr(boxes, "write", then_die)
    with pytest.raises(KeyboardInterrupt):
        boxes.finish(box, "a", acknowledgement=b'{"first": 1}', refused=False)
    monkeypatch.undo()
    assert boxes.interrupted(box) == ["a"]
    boxes.finish(box, "a", acknowledgement=b'{"second": 2}', refused=False)
    assert names(box.done) == ["a", "a.ack.json"]
    assert (box.done / "a.ack.json").read_bytes() == b'{"second": 2}'


def test_what_is_too_large_or_no_plain_file_is_not_read(box):
    put(box, "large", b"x" * 11)
    put(box, "right", b"x" * 10)
    for name in ("large", "right"):
        boxes.take(box, name)
    os.mkfifo(box.taken / "pipe")
    assert boxes.read(box, "large", most=10) is None
    assert boxes.read(box, "right", most=10) == b"x" * 10
    assert boxes.read(box, "pipe", most=10) is None


def test_what_was_put_away_long_ago_goes_and_what_waits_stays(box):
    put(box, "a")
    boxes.take(box, "a")
    boxes.finish(box, "a", acknowledgement=b"{}", refused=False)
    put(box, "waiting")
    put(box, ".unfinished.part")
    assert boxes.sweep(box, before=time.time() - 60, unfinished_before=time.time() - 60) == 0
    later = time.time() + 60
    assert boxes.sweep(box, before=later, unfinished_before=later) == 3
    assert (names(box.done), names(box.inbox)) == ([], ["waiting"])
