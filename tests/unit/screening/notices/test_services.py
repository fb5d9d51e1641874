"""To whom a letter goes: the person, else the relative whom the person named."""

import pytest

from rempart.foundation.messaging.letters import Channel
from rempart.screening.notices.services import letter_to, ways_to
from rempart.screening.notices.wording.rules import kinds

NOTHING = {"mobile": "", "email": ""}
TEXTS = {(kind.name, channel): text for kind in kinds().values() for channel, text in kind.defaults.items()}
RELATIVES = [name.removeprefix("relative-") for name in kinds() if name.startswith("relative-")]


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
        ({"mobile": "0199000000", "email": "a@example.org"}, Channel.EMAIL, "a@example.org"),
    ],
)
def test_the_person_first(details: dict[str, str], channel: Channel, recipient: str) -> None:
    letter = letter_to(details, "result", texts=TEXTS, link="https://example.org/r/1")
    assert letter is not None
    assert (letter.channel, letter.recipient) == (channel, recipient)
    assert "https://example.org/r/1" in letter.text
    assert bool(letter.subject) == bool(letter.html) == (channel is Channel.EMAIL)


@pytest.mark.parametrize("kind", RELATIVES)
def test_a_relative_is_not_told_that_it_is_his_own(kind: str) -> None:
    letter = letter_to(
        NOTHING | {"relative_mobile": "0611111111"},
        kind,
        texts=TEXTS,
        link="https://example.org/r/1",
        code="123456",
    )
    assert letter is not None
    assert "la personne qui vous a désigné comme proche" in letter.text.lower()
    assert "Votre" not in letter.text


def test_every_way_in_its_order() -> None:
    assert ways_to({"mobile": "0600000000", "email": "a@example.org"}) == (
        "",
        ((Channel.SMS, "0600000000"), (Channel.EMAIL, "a@example.org")),
    )
    assert ways_to({"relative_email": "b@example.org"}) == ("relative-", ((Channel.EMAIL, "b@example.org"),))


def test_nobody_to_write_to() -> None:
    assert ways_to(NOTHING) == ("", ())
    assert letter_to(NOTHING, "result", texts=TEXTS, link="") is None
