"""The transcoding table of a laboratory: from an unknown code to a kept result, without a second sending."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from threading import Event, Thread

import pytest
from tests.factories import finess_in
from tests.functional.desks import (
    LABELLED_CODE,
    LOCAL,
    UNKNOWN_CODE,
    UNKNOWN_WORD,
    acting,
    biologist,
    numbered,
    operator,
    refused,
)
from tests.functional.doors import SENDER
from tests.functional.trail import entries
from tests.messages import COVID

from rempart.foundation.access.refusals import NotAllowed
from rempart.foundation.access.rights import Right
from rempart.screening.desk.services import again
from rempart.screening.services.intake import Intake
from rempart.screening.transcoding import services, snapshot
from rempart.screening.transcoding.models import TranscodingLine
from rempart.screening.transcoding.rules import Fault, Kind
from rempart.screening.transcoding.services import LineRefused

pytestmark = pytest.mark.django_db(transaction=True)

PCR, ANTIGEN = "94500-6", "94558-4"
JSON = {"accept": "application/json"}


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(snapshot, "PATIENCE", 0.0)


@pytest.fixture
def now():
    return datetime.now(UTC)


@pytest.fixture
def bio(now, keyring):
    return acting(biologist(), Right.TRANSCODING_EDIT, now)


@pytest.fixture
def add(bio, keyring, now):
    """`add("CV19-A")`: a line of the laboratory's table, from today on."""

    def run(text=LOCAL, target=PCR, kind=Kind.ANALYSIS, actor=bio, laboratory=SENDER, since=None, at=now):
        return services.add_line(
            actor=actor, laboratory=laboratory, kind=kind, text=text, target=target, since=since,
            pathogen=COVID, keyring=keyring, now=at,
        )  # fmt: skip

    return run


@pytest.fixture
def table(bio, keyring, now):
    return lambda: services.table(actor=bio, laboratory=SENDER, keyring=keyring, now=now)


def outcome(answer) -> str:
    return answer.json()["items"][0]["outcome"]


def faults(call) -> list[Fault]:
    with pytest.raises(LineRefused) as why:
        call()
    return list(why.value.faults)


def test_a_line_is_known_to_the_door_without_a_restart(deliver, add):
    assert outcome(deliver(numbered(1, UNKNOWN_CODE), **JSON)) == "rejected"
    add()
    assert outcome(deliver(numbered(2, UNKNOWN_CODE), **JSON)) == "accepted"


def test_words_are_known_likewise(deliver, add, query):
    assert outcome(deliver(numbered(1, UNKNOWN_WORD), **JSON)) == "rejected"
    add("Absence de génome", "N", Kind.RESULT)
    assert outcome(deliver(numbered(2, UNKNOWN_WORD), **JSON)) == "accepted"
    assert query("SELECT result FROM screening_result") == [("N",)]


def test_no_query_is_asked_for_each_message(keyring, add, monkeypatch, django_assert_num_queries):
    add()
    intake = Intake(pathogen=COVID, keyring=keyring)
    monkeypatch.setattr(snapshot, "PATIENCE", 60.0)
    from rempart.screening.services.prepared import delivery_of

    payload = b"".join(numbered(n, UNKNOWN_CODE) for n in range(5))
    with django_assert_num_queries(1):
        for _ in range(3):
            judged = list(intake.read(payload, delivery=delivery_of(payload, channel="https", laboratory="")))
    assert {one.judgement.outcome.value for one in judged} == {"accepted"}


def test_what_nothing_translates_waits_with_its_frequency(deliver, table):
    for number in range(4):
        deliver(numbered(number, LABELLED_CODE))
    deliver(numbered(9, UNKNOWN_WORD))
    refused()
    code, word = table().queue
    assert (code.text, code.label, code.messages, code.labelled) == (LOCAL, "SARS-CoV-2 RT-PCR", 4, True)
    assert code.first_seen <= code.last_seen
    assert (word.text, word.length, word.messages) == ("", 17, 1)  # seen once: perhaps a name


def test_security_a_name_in_place_of_a_code_is_never_in_clear(deliver, table, query):
    """Damage that moves the fields of a message puts a name where a code stands."""
    deliver(numbered(1, (LABELLED_CODE[0], "ZYGOMALAS^SARS-CoV-2 QUIRINAL^L||")))
    refused()
    (one,) = table().queue
    assert (one.text, one.label) == ("", "")
    everything = query("SELECT t::text FROM screening_unknown t")
    assert b"ZYGOMALAS".hex() not in str(everything)
    assert "ZYGOMALAS" not in str(everything)


def test_labels_that_disagree_are_not_shown(deliver, table):
    for number in range(3):
        deliver(numbered(number, (LABELLED_CODE[0], f"{LOCAL}^COVID patient {number}^L||")))
    refused()
    (one,) = table().queue
    assert (one.text, one.label, one.messages) == (LOCAL, "", 3)


def test_one_click_translates_and_the_refused_messages_are_judged_again(
    deliver, table, bio, keyring, now, query
):
    for number in range(3):
        deliver(numbered(number, UNKNOWN_CODE))
    deliver(numbered(7, LABELLED_CODE))
    deliver(numbered(8, UNKNOWN_WORD))
    assert len(refused(state="open")) == 5
    code = next(one for one in table().queue if one.kind is Kind.ANALYSIS)
    waiting = services.translate(
        actor=bio, unknown_id=code.id, target=PCR, pathogen=COVID, keyring=keyring, now=now
    )
    assert waiting == 4
    intake = Intake(pathogen=COVID, keyring=keyring)
    assert again.judge_waiting(intake=intake, now=now) == 4
    assert again.judge_waiting(intake=intake, now=now) == 0
    assert query("SELECT count(*) FROM screening_result") == [(4,)]
    assert [one.codes for one in refused(state="open")] == [["R01"]]
    assert len(refused(state="replaced")) == 4
    assert all(one.kind is Kind.RESULT for one in table().queue)
    (said,) = entries(act="transcoding-changed")
    assert said.details == {
        "laboratory": SENDER, "kind": "analysis", "change": "added", "target": PCR, "messages": 4,
    }  # fmt: skip


def test_judging_again_twice_keeps_once(deliver, add, keyring, now, query):
    deliver(numbered(1, UNKNOWN_CODE))
    (row,) = refused()
    add()
    intake = Intake(pathogen=COVID, keyring=keyring)
    for _ in range(2):
        again._judge([row], intake=intake, now=now)
    assert query("SELECT count(*), max(version) FROM screening_result") == [(1, 1)]
    assert query("SELECT count(*) FROM screening_delivery WHERE channel = 'again'") == [(1,)]


def test_what_a_laboratory_sends_again_itself_is_no_more_to_correct(deliver, add):
    deliver(numbered(1, UNKNOWN_CODE))
    assert len(refused(state="open")) == 1
    add()
    deliver(numbered(1, UNKNOWN_CODE))
    assert refused(state="open") == []


def test_a_line_that_is_wrong_is_refused_with_every_reason(add):
    assert faults(lambda: add(target="94500-7")) == [Fault.KEY]
    assert faults(lambda: add(target="718-7")) == [Fault.NOT_PUBLISHED]
    assert faults(lambda: add("positif", "N", Kind.RESULT)) == [Fault.KNOWN]
    add()
    assert faults(add) == [Fault.REPEAT]
    assert faults(lambda: add(target=ANTIGEN)) == [Fault.CONFLICT]


def test_a_line_holds_from_its_day_on(add, keyring, now):
    add(since=now.date() + timedelta(days=3))
    known = snapshot.Snapshot()
    known.refresh(now=now)
    assert not known.transcoding
    known.refresh(now=now + timedelta(days=3), at_once=True)
    assert known.transcoding.analysis(SENDER, LOCAL) == PCR


def test_an_ended_line_stays_as_history_and_another_may_follow(add, bio, now, table):
    add()
    (line,) = table().lines
    services.end_line(actor=bio, line_id=line.id, now=now)
    services.end_line(actor=bio, line_id=line.id, now=now)
    add(target=ANTIGEN)
    found = table()
    assert [(one.target, one.until) for one in found.ended] == [(PCR, now.date())]
    assert [one.target for one in found.lines] == [ANTIGEN]
    assert [one.details["change"] for one in entries(act="transcoding-changed")] == [
        "added",
        "ended",
        "added",
    ]
    known = snapshot.Snapshot()
    known.refresh(now=now)
    assert known.transcoding.analysis(SENDER, LOCAL) == ANTIGEN


def test_a_process_that_watches_is_never_due_and_learns_by_itself(add, monkeypatch, now):
    monkeypatch.setattr(snapshot, "_EVERY", 0.02)
    monkeypatch.setattr(snapshot, "PATIENCE", 60.0)
    known, stop = snapshot.Snapshot(), Event()
    watcher = Thread(target=known.watch, args=(stop,))
    watcher.start()
    try:
        add()
        deadline = time.monotonic() + 20
        while known.transcoding.analysis(SENDER, LOCAL) != PCR and time.monotonic() < deadline:
            time.sleep(0.01)
        assert known.transcoding.analysis(SENDER, LOCAL) == PCR
        assert not known.due
    finally:
        stop.set()
        watcher.join()


def test_a_snapshot_of_another_database_is_read_anew(add, now):
    add()
    known = snapshot.Snapshot()
    known.refresh(now=now)
    TranscodingLine.objects.all().delete()
    add("OTHER-1")
    known.refresh(now=now, at_once=True)
    assert known.transcoding.analysis(SENDER, LOCAL) == ""
    assert known.transcoding.analysis(SENDER, "OTHER-1") == PCR


def test_a_text_that_is_dismissed_does_not_come_back(deliver, table, bio, now):
    deliver(numbered(1, UNKNOWN_CODE))
    refused()
    (one,) = table().queue
    services.dismiss(actor=bio, unknown_id=one.id, now=now)
    deliver(numbered(2, UNKNOWN_CODE))
    refused()
    assert table().queue == []


def test_security_a_biologist_touches_his_laboratorys_table_only(deliver, add, table, keyring, now):
    deliver(numbered(1, UNKNOWN_CODE))
    refused()
    add("MINE-1")
    (line,), (one,) = table().lines, table().queue
    other = acting(biologist(finess_in("75")), Right.TRANSCODING_EDIT, now)
    for call in (
        lambda: add(actor=other),
        lambda: services.table(actor=other, laboratory=SENDER, keyring=keyring, now=now),
        lambda: services.end_line(actor=other, line_id=line.id, now=now),
        lambda: services.dismiss(actor=other, unknown_id=one.id, now=now),
        lambda: services.translate(
            actor=other, unknown_id=one.id, target=PCR, pathogen=COVID, keyring=keyring, now=now
        ),
    ):
        with pytest.raises(NotAllowed):
            call()
    add("HIS-1", actor=acting(operator(), Right.TRANSCODING_EDIT, now))
    assert {line.source for line in table().lines} == {"MINE-1", "HIS-1"}


def test_a_hidden_text_is_not_translated_blindly(deliver, table, bio, keyring, now):
    deliver(numbered(1, (LABELLED_CODE[0], "ZYGOMALAS^COVID^L||")))
    refused()
    (one,) = table().queue
    with pytest.raises(NotAllowed):
        services.translate(actor=bio, unknown_id=one.id, target=PCR, pathogen=COVID, keyring=keyring, now=now)
