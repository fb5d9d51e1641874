"""What is asked of the INS teleservice, what is believed of it, and when it is left alone."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from rempart.foundation.people.teleservice.policy import BreakerPolicy, RetryPolicy, policy
from rempart.foundation.people.teleservice.rules import (
    Breaker,
    Code,
    Doubt,
    NationalIdentity,
    Question,
    Traits,
    Verdict,
    doubt,
    pause_before,
    questions,
    spelled,
    verdict,
)

NOW = datetime(2026, 5, 13, 8, tzinfo=UTC)
BORN = date(1979, 3, 28)
NUMBER = "279035121518989"
WOMAN = Traits(
    birth_name="de l’Œuvre-Çédille", first_names=("Théodosie Anne", "WILHELMINE"), sex="F", birth_date=BORN
)
SOMEBODY = Traits(birth_name="Xylophage", first_names=("Théodosie",), sex="F", birth_date=BORN)
ASKED = Question(birth_name="XYLOPHAGE", first_name="THEODOSIE", sex="F", birth_date=BORN)
FOUND = NationalIdentity(
    number=NUMBER,
    authority="1.2.250.1.213.1.4.8",
    birth_name="XYLOPHAGE",
    first_names=("THEODOSIE",),
    sex="F",
    birth_date=BORN,
    birth_place="51215",
    former=("279035121500183",),
)
BREAKER = BreakerPolicy(opens_after=3, open_for=timedelta(seconds=60), longest=timedelta(seconds=200))


def test_names_are_spelled_as_the_service_takes_them() -> None:
    question = questions(WOMAN, [], most_names=4)
    assert question is not None
    assert (question.birth_name, question.first_name) == ("DE L'OEUVRE-CEDILLE", "THEODOSIE-ANNE")
    assert [spelled(name) for name in ("Æsop  2nd", "-Jean-", "N'Guyễn", "王", "ØRSTED")] == [
        "AESOP ND", "JEAN", "N'GUYEN", "", "ORSTED",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [{"birth_name": "王"}, {"first_names": ()}, {"first_names": ("??",)}, {"sex": "U"}, {"birth_date": None}],
)
def test_who_is_not_known_enough_is_not_asked_about(changes: dict[str, object]) -> None:
    known = {
        "birth_name": "MARTIN",
        "first_names": ("ALIX",),
        "sex": "F",
        "birth_date": BORN,
        **changes,
    }
    assert questions(Traits(**known), [], most_names=4) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (FOUND, None),
        ({"number": "279035121518988"}, Doubt.NUMBER),  # another key
        ({"number": ""}, Doubt.NUMBER),
        ({"authority": "1.2.3"}, Doubt.NUMBER),
        ({"authority": "1.2.250.1.213.1.4.9"}, Doubt.NUMBER),  # of waiting numbers
        ({"birth_date": date(1979, 3, 27)}, Doubt.TRAITS),
        ({"birth_date": None}, Doubt.TRAITS),
        ({"sex": "M"}, Doubt.TRAITS),
        ({"birth_name": "OTHER"}, Doubt.TRAITS),
        ({"first_names": ("OTHER",)}, Doubt.TRAITS),
    ],
)
def test_an_answer_holds_when_it_is_about_who_was_asked(found: object, said: Doubt | None) -> None:
    identity = found if isinstance(found, NationalIdentity) else replace(FOUND, **found)  # type: ignore[arg-type]
    assert doubt(ASKED, identity, SOMEBODY) is said


@pytest.mark.parametrize(
    ("ours", "asked", "theirs", "said"),
    [
        (("Théodosie",), "THEODOSIE", ("ANNE", "THEODOSIE"), None),
        (("Anne Marie",), "ANNE-MARIE", ("ANNE", "MARIE"), None),
        (("Anne", "Théodosie"), "ANNE", ("ANNE", "WILHELMINE"), None),
        (("Anne",), "ANNE", ("THEODOSIE",), Doubt.TRAITS),  # another than was asked
        (("Anne", "Théodosie"), "THEODOSIE", ("THEODOSIE", "ANNE"), None),  # another order
        (("Anne", "Théodosie"), "THEODOSIE", ("THEODOSIE", "WILHELMINE"), Doubt.TRAITS),  # Anne's twin
    ],
)
def test_security_a_twin_who_shares_a_first_name_gives_no_number(
    ours: tuple[str, ...], asked: str, theirs: tuple[str, ...], said: Doubt | None
) -> None:
    question = replace(ASKED, first_name=asked)
    assert doubt(question, replace(FOUND, first_names=theirs), replace(SOMEBODY, first_names=ours)) is said


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (NUMBER, Verdict.AGREES),
        (NUMBER[:13], Verdict.AGREES),
        ("2 79 03 51 215 189 89", Verdict.AGREES),
        ("279035121500183", Verdict.FORMER),
        ("151026912304533", Verdict.OTHER),
        ("nonsense", Verdict.OTHER),
    ],
)
def test_a_claimed_number_is_compared(number: str, said: Verdict) -> None:
    assert verdict(number, FOUND) is said
    assert verdict(number, None) is Verdict.UNKNOWN


def test_pauses_double_and_spread() -> None:
    retry = RetryPolicy(most_tries=9, pause=timedelta(seconds=30), longest=timedelta(seconds=100))
    whole = [pause_before(n, chance=0.0, policy=retry).total_seconds() for n in (1, 2, 3, 4, 400)]
    assert whole == [30, 60, 100, 100, 100]
    assert pause_before(1, chance=1.0, policy=retry) == timedelta(seconds=15)


def test_the_breaker_opens_lets_one_through_and_closes() -> None:
    breaker = Breaker()
    for _ in range(2):
        breaker = breaker.failed(NOW, policy=BREAKER)
        assert breaker.allows(NOW, at_once=8) == 8
    breaker = breaker.failed(NOW, policy=BREAKER)
    assert breaker.is_open(NOW)
    assert breaker.allows(NOW, at_once=8) == 0
    later = NOW + timedelta(seconds=60)
    assert breaker.allows(later, at_once=8) == 1
    assert breaker.failed(NOW, policy=BREAKER).open_until == later  # one that was under way
    again = breaker.failed(later, policy=BREAKER)
    assert again.open_until == later + timedelta(seconds=120)
    much_later = later + timedelta(seconds=120)
    assert again.failed(much_later, policy=BREAKER).open_until == much_later + timedelta(seconds=200)
    assert again.answered().allows(later, at_once=8) == 8


def test_an_answer_between_failures_keeps_it_closed() -> None:
    breaker = Breaker().failed(NOW, policy=BREAKER).failed(NOW, policy=BREAKER).answered()
    assert breaker.failed(NOW, policy=BREAKER).allows(NOW, at_once=8) == 8


def test_the_policy_can_be_read() -> None:
    assert policy().at_once > 0
    assert Code("00") is Code.ONE
