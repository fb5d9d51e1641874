"""The desk of a laboratory: what is counted, what is to correct, and who may see which message."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.factories import NOW, finess_in, message, report, somebody
from tests.functional.desks import (
    UNKNOWN_CODE,
    UNKNOWN_WORD,
    acting,
    biologist,
    laboratory,
    numbered,
    operator,
    refused,
)
from tests.functional.doors import SENDER
from tests.functional.settling import settle
from tests.functional.trail import entries
from tests.messages import COVID

from rempart.foundation.access.refusals import NotAllowed
from rempart.foundation.access.rights import Right
from rempart.screening.desk.models import DailyIntake, RefusedMessage, Silence
from rempart.screening.desk.rules import Reason
from rempart.screening.desk.services import again, opening, reading, watching
from rempart.screening.rules.report import Moment, Outcome, Precision, Result
from rempart.screening.services.intake import Intake

pytestmark = pytest.mark.django_db(transaction=True)

JSON = {"accept": "application/json"}


@pytest.fixture
def now():
    return datetime.now(UTC)


@pytest.fixture
def bio(now):
    return acting(biologist(), Right.DESK_USE, now)


@pytest.fixture
def desk(bio, now):
    def run():
        settle()
        return reading.desk(actor=bio, laboratory=SENDER, now=now)

    return run


def of_lab(number, **changes):
    one = report(somebody(number), record_number=f"R{number}", **changes)
    return message(one, sender=one.laboratory.finess)


def sampled(hours, **changes):
    """A report sampled so many hours before it comes, validated an hour before."""
    return {
        "sampled_at": Moment(at=NOW - timedelta(hours=hours), precision=Precision.MINUTE),
        "validated_at": Moment(at=NOW - timedelta(hours=1), precision=Precision.MINUTE),
        **changes,
    }


def test_what_came_is_counted_by_day(deliver, desk, now):
    for number in range(3):
        deliver(numbered(number))
    deliver(numbered(7, UNKNOWN_CODE))
    deliver(numbered(8, ("||F|||", "||P|||")))
    deliver(numbered(1))  # again: nothing new
    found = desk()
    assert found.name == "LBM EXEMPLE"
    today = found.days[-1]
    assert (today.received, today.accepted, today.held, today.rejected) == (5, 3, 1, 1)
    assert [day.received for day in found.days[:-1]] == [0] * 29
    assert abs(found.last_at - now) < timedelta(minutes=5)


def test_what_is_to_correct_is_grouped_by_reason(deliver, desk):
    for number in range(3):
        deliver(numbered(number, UNKNOWN_CODE))
    deliver(numbered(7, UNKNOWN_WORD, ("21048BC000007", "")))
    found = desk()
    assert found.to_correct == 4
    assert [(group.code, group.messages) for group in found.groups] == [("A01", 3), ("L03", 1), ("R01", 1)]
    assert found.unknown == 2


def test_counting_twice_is_impossible_and_a_second_batch_adds(keep, query):
    keep(*[of_lab(n) for n in range(2)])
    settle()
    settle()
    keep(*[of_lab(n, **sampled(30)) for n in range(2, 5)])
    settle()
    (row,) = DailyIntake.objects.all()
    assert (row.accepted, sum(row.in_all)) == (5, 5)
    assert (row.in_all[20], row.in_all[30]) == (2, 3)
    assert (row.to_validation[18], row.to_validation[29]) == (2, 3)
    assert (row.to_reception[1], row.to_reception[2]) == (3, 2)


def test_only_times_that_are_known_to_the_hour_tell_a_delay(keep):
    day = Moment(at=NOW - timedelta(hours=30), precision=Precision.DAY)
    keep(of_lab(1, sampled_at=day), of_lab(2, **sampled(5, validated_at=None)))
    settle()
    (row,) = DailyIntake.objects.all()
    assert (sum(row.to_validation), sum(row.to_reception), sum(row.in_all)) == (0, 0, 1)


def test_a_corrected_result_is_no_second_delay(keep):
    from tests.factories import corrected

    first = report(somebody(1), record_number="R1")
    keep(message(first, sender=first.laboratory.finess))
    keep(message(corrected(first, result=Result.NEGATIVE), sender=first.laboratory.finess))
    settle()
    (row,) = DailyIntake.objects.all()
    assert (row.accepted, sum(row.in_all)) == (2, 1)


def test_a_day_is_the_laboratorys_own(keep):
    """At 23 h in Paris it is tomorrow in Réunion."""
    late = datetime(2026, 11, 20, 22, 30, tzinfo=UTC)
    reunion = "974000008"
    one = report(somebody(1), record_number="R1")
    keep(
        message(one, sender=one.laboratory.finess),
        message(of_place(2, reunion), sender=reunion),
        now=late,
    )
    settle()
    days = {row.laboratory[:3]: row.day.isoformat() for row in DailyIntake.objects.all()}
    assert days == {"750": "2026-11-20", "974": "2026-11-21"}


def of_place(number, finess):
    from rempart.screening.rules.report import Laboratory

    return report(somebody(number), record_number=f"R{number}", laboratory=Laboratory(finess=finess))


def test_the_desk_costs_the_same_however_much_came(deliver, bio, now, django_assert_num_queries):
    for number in range(12):
        deliver(numbered(number, UNKNOWN_CODE))
    settle()
    with django_assert_num_queries(5):
        reading.desk(actor=bio, laboratory=SENDER, now=now)
    with django_assert_num_queries(1):
        reading.listed(actor=bio, laboratory=SENDER, code="A01")


def test_a_long_list_has_pages(deliver, bio, monkeypatch):
    monkeypatch.setattr(reading, "PAGE", 2)
    for number in range(5):
        deliver(numbered(number, UNKNOWN_CODE))
    every = [row.id for row in refused()]
    seen, after = [], None
    while True:
        page = reading.listed(actor=bio, laboratory=SENDER, code="A01", after=after)
        seen += [row.id for row in page.rows]
        if page.after is None:
            break
        after = page.after
    assert seen == every[::-1]


def test_a_message_is_masked_and_its_faults_marked(deliver, bio, keyring):
    deliver(numbered(1, UNKNOWN_WORD))
    (row,) = refused()
    found = opening.message(actor=bio, message_id=row.id, keyring=keyring)
    assert ("R01", "error", "OBX[1]-5 (segment 6)") in found.findings
    shown = "".join(piece.text for line in found.shown.lines for piece in line.pieces)
    assert not [word for word in ("TROIS", "DOMINIQUE", "2790351", "ABSENCE") if word in shown]
    (line,) = [line for line in found.shown.lines if line.number == 6]
    assert line.faulty
    assert entries(act="message-opened") == []


def test_opening_a_message_is_noted_and_names_nobody(deliver, keyring, now):
    deliver(numbered(1, UNKNOWN_WORD))
    (row,) = refused()
    actor = acting(biologist(), Right.DESK_OPEN, now)
    found = opening.open_message(
        actor=actor, message_id=row.id, reason=Reason.CORRECT, keyring=keyring, now=now
    )
    assert "PAT-TROIS" in "".join(piece.text for line in found.shown.lines for piece in line.pieces)
    (noted,) = entries(act="message-opened")
    assert (noted.subject, noted.person_id) == (str(row.id), None)
    assert noted.details == {"laboratory": SENDER, "reason": "correct"}
    assert (noted.actor, noted.purpose) == (actor.id, "intake")


def test_security_nobody_opens_another_laboratorys_message_and_the_operator_none(deliver, keyring, now):
    deliver(numbered(1, UNKNOWN_WORD))
    (row,) = refused()
    other = biologist(finess_in("75"))
    with pytest.raises(NotAllowed):
        opening.message(actor=acting(other, Right.DESK_USE, now), message_id=row.id, keyring=keyring)
    with pytest.raises(NotAllowed):
        opening.open_message(
            actor=acting(other, Right.DESK_OPEN, now), message_id=row.id, reason=Reason.CORRECT,
            keyring=keyring, now=now,
        )  # fmt: skip
    with pytest.raises(NotAllowed):
        acting(operator(), Right.DESK_OPEN, now)
    seen = opening.message(actor=acting(operator(), Right.DESK_USE, now), message_id=row.id, keyring=keyring)
    assert seen.masked


def test_security_a_biologist_sees_his_laboratorys_desk_only(deliver, bio, now):
    deliver(numbered(1, UNKNOWN_WORD))
    settle()
    other = finess_in("75")
    for call in (
        lambda: reading.desk(actor=bio, laboratory=other, now=now),
        lambda: reading.listed(actor=bio, laboratory=other, code=""),
        lambda: list(reading.refused_of(actor=bio, laboratory=other, day=now.date())),
        lambda: again.ask(actor=bio, laboratory=other, code="R01", now=now),
        lambda: opening.set_group_aside(actor=bio, laboratory=other, code="R01", now=now),
        lambda: reading.desk(actor=bio, laboratory="", now=now),
    ):
        with pytest.raises(NotAllowed):
            call()


def test_a_message_whose_key_is_gone_is_said_to_be(deliver, bio, keyring, query, owner):
    deliver(numbered(1, UNKNOWN_WORD))
    (row,) = refused()
    owner.execute("UPDATE screening_message SET sealed = '\\x00'")
    found = opening.message(actor=bio, message_id=row.id, keyring=keyring)
    assert found.shown is None
    assert found.findings
    assert again.judge_one(actor=bio, message_id=row.id, intake=intake(keyring), now=NOW) is None


def intake(keyring) -> Intake:
    return Intake(pathogen=COVID, keyring=keyring)


def test_judging_again_without_a_reason_changes_nothing(deliver, bio, keyring, now, counts):
    deliver(numbered(1, UNKNOWN_WORD))
    (row,) = refused()
    before = counts()
    outcome = again.judge_one(actor=bio, message_id=row.id, intake=intake(keyring), now=now)
    assert outcome is Outcome.REJECTED
    assert counts() == {**before, "audit_entry": before["audit_entry"] + 1}
    assert [one.state for one in refused()] == ["open"]


def test_a_group_waits_for_the_worker(deliver, bio, keyring, now):
    for number in range(3):
        deliver(numbered(number, UNKNOWN_WORD))
    refused()
    assert again.ask(actor=bio, laboratory=SENDER, code="R01", now=now) == 3
    assert again.ask(actor=bio, laboratory=SENDER, code="R01", now=now) == 0
    assert [group.waiting for group in reading.desk(actor=bio, laboratory=SENDER, now=now).groups] == [3]
    assert again.judge_waiting(intake=intake(keyring), now=now) == 3
    assert again.judge_waiting(intake=intake(keyring), now=now) == 0


def test_what_is_set_aside_is_no_more_to_correct(deliver, bio, now, desk):
    for number in range(3):
        deliver(numbered(number, UNKNOWN_WORD))
    first, *_ = refused()
    opening.set_aside(actor=bio, message_id=first.id, now=now)
    opening.set_aside(actor=bio, message_id=first.id, now=now)
    assert desk().to_correct == 2
    assert opening.set_group_aside(actor=bio, laboratory=SENDER, code="R01", now=now) == 2
    assert desk().groups == []
    assert [one.details["messages"] for one in entries(act="messages-set-aside")] == [1, 2]


def test_a_message_of_a_file_is_its_senders(keep, now):
    """Brought by an operator: the message itself says whose it is."""
    keep(message(report(), sender="690001235", outcome=Outcome.HELD))
    settle()
    (row,) = RefusedMessage.objects.all()
    assert row.laboratory == SENDER
    keep(message(report(), sender="nobody", outcome=Outcome.HELD))
    settle()
    assert RefusedMessage.objects.count() == 1


# Silence


@pytest.fixture
def brought():
    """`brought(SENDER, 1, 2, 3)`: a laboratory sent so many days before NOW, at nine in the morning."""

    def run(finess, *ago):
        for days in ago:
            at = NOW.replace(hour=8) - timedelta(days=days)
            DailyIntake.objects.create(
                laboratory=finess, day=at.date(), accepted=1, held=0, rejected=0, last_at=at,
                to_validation=[], to_reception=[], in_all=[],
            )  # fmt: skip

    return run


WORKING_DAYS_BEFORE = (
    2,
    3,
    4,
    7,
    8,
    10,
    11,
)  # before Thursday 19 November 2026; the 11th is a public holiday


def silences():
    return [(one.laboratory, one.last_at, one.ended_at) for one in Silence.objects.order_by("noticed_at")]


def test_a_daily_sender_that_stops_is_noticed_once(brought):
    brought(SENDER, *WORKING_DAYS_BEFORE[:5])
    assert watching.watch(now=NOW) == (1, 0)
    assert watching.watch(now=NOW + timedelta(hours=1)) == (0, 0)
    assert silences() == [(SENDER, NOW.replace(hour=8) - timedelta(days=2), None)]


@pytest.mark.parametrize(
    ("days", "why"),
    [
        (WORKING_DAYS_BEFORE[:4], "four working days of seven: no daily sender"),
        ((*WORKING_DAYS_BEFORE, 1), "it sent yesterday"),
        ((*WORKING_DAYS_BEFORE, 0), "it sent today"),
        ((5, 6, 12, 13, 19, 20, 26), "it sends at week-ends only"),
    ],
)
def test_nobody_else_is(brought, days, why):
    brought(SENDER, *days)
    assert watching.watch(now=NOW) == (0, 0), why


def test_nobody_is_expected_on_a_sunday_who_never_sends_then(brought):
    monday = NOW + timedelta(days=3)
    brought(SENDER, 0, 1, *WORKING_DAYS_BEFORE)
    assert watching.watch(now=monday) == (0, 0)


def test_a_silence_ends_when_it_sends_again(brought, query):
    brought(SENDER, *WORKING_DAYS_BEFORE)
    watching.watch(now=NOW)
    brought(SENDER, 0)
    assert watching.watch(now=NOW + timedelta(hours=2)) == (0, 1)
    assert [ended is not None for _, _, ended in silences()] == [True]
    told = query("SELECT payload FROM events_event WHERE topic = 'screening.silences' ORDER BY id")
    assert told == [({"silent": [SENDER], "again": []},), ({"silent": [], "again": [SENDER]},)]


def test_the_laboratory_and_the_operator_see_it(brought, bio, now):
    laboratory()
    brought(SENDER, *WORKING_DAYS_BEFORE)
    watching.watch(now=NOW)
    assert reading.desk(actor=bio, laboratory=SENDER, now=NOW).silence.last_at
    (one,) = watching.silent(actor=acting(operator(), Right.DESK_WATCH, now))
    assert (one.name, one.silence.laboratory) == ("LBM EXEMPLE", SENDER)
    with pytest.raises(NotAllowed):
        acting(biologist(), Right.DESK_WATCH, now)
