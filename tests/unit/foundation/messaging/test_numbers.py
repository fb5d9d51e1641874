"""Telephone numbers and addresses, as carriers want them and as they are compared."""

import pytest

from rempart.foundation.messaging.letters import Channel
from rempart.foundation.messaging.numbers import comparable, international


@pytest.mark.parametrize(
    ("written", "dialled"),
    [
        ("0639980001", "33639980001"),  # kept for fiction
        ("07.00.00.00.01", "33700000001"),
        ("06 90 12 34 56", "590690123456"),  # Guadeloupe
        ("0692123456", "262692123456"),  # Réunion
        ("0639123456", "262639123456"),  # Mayotte
        ("0696123456", "596696123456"),  # Martinique
        ("0694123456", "594694123456"),  # Guyane
        ("+33 (0)6 39 98 00 01", "33639980001"),
        ("0033639980001", "33639980001"),
        ("+32 470 12 34 56", "32470123456"),
        ("0123456789", ""),  # a landline takes no text
        ("06399800", ""),
        ("+0639980001", ""),
        ("0639980001 ou 02", ""),
        ("", ""),
        ("０６３９９８０００１", ""),
        ("+33690123456", "590690123456"),  # overseas, with the code of France
        ("+33 1 23 45 67 89", ""),
        ("+33 899 12 34 56", ""),  # whoever dials it pays for it
        ("0033 36 60", ""),
        ("+881 6 1234 5678", ""),  # a satellite
        ("+883 5100 1234 5678", ""),  # a network that is no country's
        ("+979 1 2345 6789", ""),  # premium rate
    ],
)
def test_a_number_is_dialled_from_abroad(written, dialled):
    assert international(written) == dialled


def test_one_recipient_in_several_spellings_is_one():
    spellings = ("06 39 98 00 01", "33639980001", "+33(0)639980001")
    assert len({comparable(Channel.SMS, one) for one in spellings}) == 1
    assert comparable(Channel.EMAIL, " A.B@Example.org ") == comparable(Channel.EMAIL, "a.b@example.org")
    assert comparable(Channel.EMAIL, "a1@b.fr") != comparable(Channel.EMAIL, "a2@b.fr")


def test_security_nobody_speaks_for_a_number_that_ends_alike_in_another_country():
    for other in ("+1 463 998 0001", "15639980001", "0044 7639980001", "7639980001"):
        assert comparable(Channel.SMS, other) != comparable(Channel.SMS, "0639980001")


def test_a_number_overseas_is_one_whichever_way_it_is_said():
    spellings = ("0690 12 34 56", "+590690123456", "+33 690 12 34 56", "590690123456")
    assert len({comparable(Channel.SMS, one) for one in spellings}) == 1
