"""Text messages leave for a centre that speaks SMPP, and what it says of them comes back."""

import time
from dataclasses import replace
from uuid import UUID

import pytest

from rempart.foundation.messaging.carriers.smpp import SmppCarrier
from rempart.foundation.messaging.carriers.smpp_session import Gateway
from rempart.foundation.messaging.letters import Answer, Channel, Letter, Parcel, State
from rempart.simulators.sms.centre import Centre, Habits, running

PATIENCE = 5.0
NUMBER, ABROAD = "06 39 98 00 01", "33639980001"


class Ears:
    """Notes what it hears; does not know some messages yet."""

    def __init__(self):
        self.receipts, self.texts, self.knows = [], [], True

    def receipt(self, reference, state, reason):
        if self.knows:
            self.receipts.append((reference, state, reason))
        return self.knows

    def text(self, sender, text):
        self.texts.append((sender, text))


@pytest.fixture
def ears():
    return Ears()


@pytest.fixture
def centre():
    return Centre()


@pytest.fixture
def carrier(centre, ears):
    with running(centre) as port:
        gateway = Gateway(
            host="127.0.0.1", port=port, system_id="rempart", password="secret", source="REMPART", tls=False,
            rate=5_000, timeout=2,
        )  # fmt: skip
        one = SmppCarrier(gateway, ears=ears)
        yield one
        one.close()


def parcel(text="Bonjour", number=NUMBER, *, rank=0):
    return Parcel(id=UUID(int=rank), letter=Letter(channel=Channel.SMS, recipient=number, text=text))


def attend(carrier, until) -> None:
    deadline = time.monotonic() + PATIENCE
    while not until():
        carrier.attend(0.02)
        assert time.monotonic() < deadline


def test_a_text_arrives_and_its_receipt_comes_back(carrier, centre, ears):
    (outcome,) = carrier.carry([parcel("Résultat à lire : €5")])
    assert outcome.answer is Answer.TAKEN
    (arrived,) = centre.arrived
    assert (arrived.number, arrived.source, arrived.text) == (ABROAD, "REMPART", "Résultat à lire : €5")
    attend(carrier, lambda: ears.receipts)
    assert ears.receipts == [(outcome.reference, State.DELIVERED, "")]
    deadline = time.monotonic() + PATIENCE
    while not centre.acknowledged and time.monotonic() < deadline:
        time.sleep(0.01)
    assert centre.acknowledged == [0]


@pytest.mark.parametrize("text", ["a" * 161, "ê" * 71, "😷" * 50, "x" * 1000])
def test_a_long_text_arrives_in_one_piece_with_one_receipt(carrier, centre, ears, text):
    (outcome,) = carrier.carry([parcel(text, rank=7)])
    assert [one.text for one in centre.arrived] == [text]
    assert centre.arrived[0].segments > 1
    attend(carrier, lambda: ears.receipts)
    assert [reference for reference, _, _ in ears.receipts] == [outcome.reference]


def test_many_leave_together_and_each_has_its_own_outcome(carrier, centre):
    centre.habits = Habits(unknown=("13",))
    several = [parcel(number=f"06399800{rank:02d}", rank=rank) for rank in range(60)]
    outcomes = carrier.carry(several)
    refused = [rank for rank, one in enumerate(outcomes) if one.answer is Answer.REFUSED]
    assert (refused, outcomes[13].reason) == ([13], "number")
    assert len({one.reference for one in outcomes if one.answer is Answer.TAKEN}) == 59


def test_a_message_that_is_given_up_says_why(carrier, centre, ears):
    centre.habits = Habits(unreachable=("01",))
    carrier.carry([parcel()])
    attend(carrier, lambda: ears.receipts)
    ((_, state, reason),) = ears.receipts
    assert (state, reason) == (State.FAILED, "smpp.undeliv.027")


def test_what_a_telephone_answers_is_heard(carrier, centre, ears):
    carrier.attend(0)
    centre.say(ABROAD, "STOP")
    centre.say(ABROAD, "Arrêtez ça")
    attend(carrier, lambda: len(ears.texts) == 2)
    assert ears.texts == [(ABROAD, "STOP"), (ABROAD, "Arrêtez ça")]


def test_a_busy_centre_is_given_time(carrier, centre):
    centre.habits = Habits(busy_after=3)
    carrier._sleep = lambda seconds: None
    outcomes = carrier.carry([parcel(rank=rank) for rank in range(10)])
    assert {one.answer for one in outcomes} == {Answer.TAKEN}
    centre.habits = Habits(busy_after=1)
    assert carrier.carry([parcel()])[0].reason == "smpp.throttled"


def test_a_connection_that_is_cut_costs_those_on_their_way_a_second_try(carrier, centre):
    centre.habits = Habits(drops_after=5)
    several = [parcel(number=f"06399800{rank:02d}", rank=rank) for rank in range(30)]
    outcomes = carrier.carry(several)
    later = [one for one, outcome in zip(several, outcomes, strict=True) if outcome.answer is Answer.LATER]
    assert later
    assert {one.answer for one in carrier.carry(later)} == {Answer.TAKEN}
    assert {one.number for one in centre.arrived} == {f"336399800{rank:02d}" for rank in range(30)}


def test_a_receipt_whose_message_is_not_written_down_yet_is_kept(carrier, centre, ears):
    ears.knows = False
    carrier.carry([parcel()])
    deadline = time.monotonic() + PATIENCE
    while not carrier._arrived:
        carrier.attend(0.02)
        assert time.monotonic() < deadline
    assert centre.acknowledged == []
    ears.knows = True
    attend(carrier, lambda: ears.receipts)


def test_what_could_not_be_written_down_is_not_acknowledged(carrier, centre, ears, monkeypatch):
    def fail(sender, text):
        raise RuntimeError

    monkeypatch.setattr(ears, "text", fail)
    carrier.attend(0)
    centre.say(ABROAD, "STOP")
    deadline = time.monotonic() + PATIENCE
    with pytest.raises(RuntimeError):
        while time.monotonic() < deadline:
            carrier.attend(0.02)
    assert centre.acknowledged == []
    monkeypatch.undo()
    attend(carrier, lambda: ears.texts)


def test_who_hangs_up_is_called_again(carrier, centre, ears):
    carrier.carry([parcel()])
    centre.hang_up()
    for _ in range(20):
        carrier.attend(0.01)
    assert carrier.carry([parcel()])[0].answer is Answer.TAKEN


@pytest.mark.parametrize(
    ("changed", "reason"), [({"password": "wrong"}, "smpp.login"), ({"port": 1}, "smpp.unreachable")]
)
def test_where_nobody_answers_everything_waits(carrier, ears, changed, reason):
    other = SmppCarrier(replace(carrier._gateway, **changed), ears=ears)
    outcomes = other.carry([parcel(), parcel("x", "nonsense")])
    assert [(one.answer, one.reason) for one in outcomes] == [
        (Answer.LATER, reason),
        (Answer.REFUSED, "number"),
    ]


def test_security_nothing_of_a_number_is_in_a_log(carrier, centre, ears, caplog):
    with caplog.at_level("DEBUG"):
        carrier.carry([parcel("très secret")])
        attend(carrier, lambda: ears.receipts)
    assert "639980001" not in caplog.text
    assert "secret" not in caplog.text + repr(carrier._gateway)
