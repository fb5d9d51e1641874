"""What is taken down of a person, where she was born, by which telephone she is reached, where her tube is."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from tests.factories import ANTIGEN, person, somebody

from rempart.screening.rules.report import Person, Practitioner, Residence, Result, Symptoms
from rempart.screening.sampling.rules.entry import Entry, entry_of, entry_values
from rempart.screening.sampling.rules.phones import mobile_of, number_of
from rempart.screening.sampling.rules.places import codes_of
from rempart.screening.sampling.rules.registration import Registration, as_values, registration_of
from rempart.screening.sampling.rules.specimen import Lack, State, Way, overview

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
WHOLE = Registration(
    person=person(),
    residence=(Residence.CARE_HOME, Residence.OTHER_COLLECTIVE),
    health_worker=True,
    symptoms=Symptoms.DAYS_2_TO_4,
    prescriber=Practitioner(rpps="10003456786"),
    general_practitioner=Practitioner(adeli="630000017"),
)


@pytest.mark.parametrize("one", [WHOLE, Registration(person=Person()), Registration(person=somebody(3))])
def test_a_registration_survives_its_seal(one):
    assert registration_of(json.loads(json.dumps(as_values(one)))) == one


def test_an_entry_survives_its_seal():
    entry = Entry(registration=WHOLE, loinc=ANTIGEN, result=Result.NEGATIVE, sampled_at=NOW, device="1097")
    assert entry_of(json.loads(json.dumps(entry_values(entry)))) == entry


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("51454", ["51454"]),
        ("2a004", ["2A004"]),
        ("99351", ["99351"]),
        ("Reims", ["51454"]),
        ("reims", ["51454"]),
        ("Saint-Denis (974)", ["97411"]),
        ("Saint-Denis 93", ["93066"]),
        ("PARIS", ["75056"]),
        ("Xyzzy", []),
        ("Saint-Denis 01 02", []),
        ("", []),
        ("2C004", []),
    ],
)
def test_a_place_of_birth_is_its_code(written, found):
    assert codes_of(written) == found


def test_a_name_that_several_communes_bear_is_several():
    assert len(codes_of("Saint-Aubin")) > 1


@pytest.mark.parametrize(
    ("written", "number", "mobile"),
    [
        ("06 39 98 12 34", "0639981234", "0639981234"),
        ("+33 (0)6.39.98.12.34", "0639981234", "0639981234"),
        ("0033639981234", "0639981234", "0639981234"),
        ("01 99 00 12 34", "0199001234", ""),
        ("+44 7700 900123", "+447700900123", "+447700900123"),
        ("06 39 98", "", ""),
        ("0039 06 12345678", "+390612345678", "+390612345678"),
        ("néant", "", ""),
    ],
)
def test_a_telephone_number_is_whole_or_none(written, number, mobile):
    assert (number_of(written), mobile_of(number_of(written))) == (number, mobile)


def way(**hours: float) -> Way:
    """`way(sampled=2)`: registered three hours before the rest at most, sampled two hours ago."""
    moments = {f"{name}_at": NOW - timedelta(hours=ago) for name, ago in hours.items()}
    return Way(registered_at=NOW - timedelta(hours=60), **moments)


@pytest.mark.parametrize(
    ("tube", "state", "lack"),
    [
        (way(), State.REGISTERED, Lack.SAMPLE),
        (way(sampled=2), State.SAMPLED, Lack.SEND),
        (way(sampled=3, sent=2), State.SENT, None),
        (way(sampled=30, sent=25), State.SENT, Lack.RECEPTION),
        (way(sampled=30, sent=25, received=20), State.RECEIVED, Lack.RESULT),
        (way(sampled=30, sent=20, received=19), State.RECEIVED, None),
        (way(sampled=30, sent=25, result=1), State.RESULT, None),
        (way(sampled=30, result=1), State.RESULT, None),
    ],
)
def test_a_tube_is_where_it_came_to_last(tube, state, lack):
    assert (tube.state, tube.lack(NOW)) == (state, lack)


def test_the_delay_is_from_sampling_to_result():
    assert way(sampled=30, result=6).delay == timedelta(hours=24)
    assert way(sampled=30).delay is None


def test_an_overview_counts_how_far_tubes_came():
    seen = overview([way(), way(sampled=1), way(sampled=30, sent=26), way(sampled=30, result=1)], now=NOW)
    assert [seen.reached[state] for state in State] == [4, 3, 2, 1, 1]
    assert {lack: n for lack, n in seen.lacks.items() if n} == {
        Lack.SAMPLE: 1,
        Lack.SEND: 1,
        Lack.RECEPTION: 1,
    }
