"""To whom a notice goes: the person, else the relative whom the person named."""

import pytest

from rempart.foundation.messaging.letters import Channel
from rempart.screening.notices.services import letter_to, texts

NOTHING = {"mobile": "", "email": ""}


@pytest.mark.parametrize(
    ("details", "channel", "recipient"),
    [
        ({"mobile": "0600000000", "email": "a@example.org"}, Channel.SMS, "0600000000"),
        ({"mobile": "", "email": "a@example.org"}, Channel.EMAIL, "a@example.org"),
        (
            NOTHING | {"relative_mobile": "0611111111", "relative_email": "b@example.org"},
            Channel.SMS,
            "0611111111",
        ),
        (NOTHING | {"relative_email": "b@example.org"}, Channel.EMAIL, "b@example.org"),
        (
            {"mobile": "", "email": "a@example.org", "relative_mobile": "0611111111"},
            Channel.EMAIL,
            "a@example.org",
        ),
    ],
)
def test_the_person_first(details: dict[str, str], channel: Channel, recipient: str) -> None:
    letter = letter_to(details, "result", link="https://example.org/r/1")
    assert letter is not None
    assert (letter.channel, letter.recipient) == (channel, recipient)


@pytest.mark.parametrize("kind", texts())
def test_a_relative_is_not_told_that_it_is_his_own(kind: str) -> None:
    values = {"link": "https://example.org/r/1", "code": "123456"}
    letter = letter_to(NOTHING | {"relative_mobile": "0611111111"}, kind, **values)
    assert letter is not None
    assert "la personne qui vous a désigné comme proche" in letter.text
    assert "Votre" not in letter.text


def test_nobody_to_write_to() -> None:
    assert letter_to(NOTHING, "result", link="") is None
