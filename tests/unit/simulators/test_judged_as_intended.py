"""The simulator and the decoders check each other: what is sound is taken, what is damaged says so."""

from datetime import timedelta

import pytest

from rempart.foundation import terminology
from rempart.screening.formats import Context, decode
from rempart.screening.rules.catalogue import Profile
from rempart.screening.rules.judging import judge
from rempart.screening.rules.report import Format, Outcome, Severity, Status
from rempart.simulators.choices import Sending
from rempart.simulators.damage import Damage
from rempart.simulators.files import simulate
from rempart.simulators.laboratory import Epidemic

COVID = terminology.pathogen("covid19")
ERROR_OF = {
    Damage.FINESS_KEY: "L01",
    Damage.FUTURE_SAMPLING: "S02",
    Damage.UNKNOWN_RESULT: "R01",
    Damage.NO_NAME: "P01",
    Damage.ANALYSIS_KEY: "A02",
    Damage.NO_SAMPLING: "S01",
    Damage.BIRTH_DATE: "P03",
    Damage.NOT_A_MESSAGE: "F01",
}
EPIDEMIC = {"seed": 4, "population": 9_000, "days": 6, "damaged": 0.2, "laboratories": 12}


def judged(payload, now):
    items = list(decode(payload, context=Context(pathogen=COVID)))
    return [(item, judge(item, profile=Profile.FR, pathogen=COVID, now=now)) for item in items]


@pytest.fixture(scope="module", params=[Sending.MIXED, Sending.CDA, Sending.FHIR])
def sent(request):
    """An epidemic in each way of sending; documents, which take longer, of fewer days."""
    shorter = {} if request.param is Sending.MIXED else {"days": 3, "population": 4_000}
    return EPIDEMIC | {"sending": request.param} | shorter


@pytest.fixture(scope="module")
def verdicts(sent):
    epidemic = Epidemic(**sent)
    return [
        (message, *one)
        for day in range(epidemic.days)
        for message in epidemic.messages(day)
        for one in judged(message.payload, message.at + timedelta(seconds=1))
    ]


def test_every_payload_is_one_message(verdicts, sent):
    epidemic = Epidemic(**sent)
    assert len(verdicts) == sum(1 for day in range(epidemic.days) for _ in epidemic.messages(day))


def test_sound_messages_are_accepted_and_held_only_when_not_validated(verdicts):
    for message, item, judgement in verdicts:
        if message.damage:
            continue
        assert item.format is message.format
        assert not [f for f in judgement.findings if f.severity is Severity.ERROR], judgement.findings
        waits = item.reports[0].status is Status.HELD
        assert judgement.outcome is (Outcome.HELD if waits else Outcome.ACCEPTED)
        assert {f.code for f in judgement.findings} <= {"P08", "P09", "P10", "R04", "R06"}


def test_each_damage_is_the_error_it_should_be(verdicts):
    met = set()
    for message, _, judgement in verdicts:
        if not message.damage:
            continue
        cut = {Format.HL7V2: "A01", Format.CDA: "F01", Format.FHIR: "F01"}.get(message.format, "F02")
        expected = ERROR_OF.get(message.damage, cut)
        errors = {f.code for f in judgement.findings if f.severity is Severity.ERROR}
        assert judgement.outcome is Outcome.REJECTED
        assert expected in errors, (message.damage, judgement.findings)
        met.add(message.damage)
    assert met == set(ERROR_OF) | {Damage.TRUNCATED}


def test_files_hold_the_messages_that_were_sent_one_by_one(tmp_path, verdicts, sent):
    simulate(**sent, out=tmp_path)
    last = max(message.at for message, _, _ in verdicts)
    outcomes = [
        judgement.outcome for path in tmp_path.iterdir() for _, judgement in judged(path.read_bytes(), last)
    ]
    one_by_one = [judgement.outcome for _, _, judgement in verdicts]
    assert {o: outcomes.count(o) for o in Outcome} == {o: one_by_one.count(o) for o in Outcome}
