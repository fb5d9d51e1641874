"""What fits into a text message."""

import pytest

from rempart.foundation.messaging.gsm7 import Coding, decode, foreign, length, segmented, segments


@pytest.mark.parametrize(
    ("text", "taken", "number"),
    [
        ("", 0, 1),
        ("a" * 160, 160, 1),
        ("a" * 161, 161, 2),
        ("a" * 306, 306, 2),
        ("a" * 307, 307, 3),
        ("€" * 80, 160, 1),
        ("€" * 81, 162, 2),
        ("é" * 160, 160, 1),  # é, è, à, ù and É are of the alphabet
        ("ê" * 70, 70, 1),  # ê is not
        ("ê" * 71, 71, 2),
        ("ê" * 134, 134, 2),
        ("ê" * 135, 135, 3),
        ("😷" * 35, 70, 1),  # two units each
        ("😷" * 36, 72, 2),
    ],
)
def test_how_much_of_a_message_a_text_takes(text, taken, number):
    assert (length(text), segments(text)) == (taken, number)


def test_what_makes_a_message_dearer_is_named():
    assert foreign("Reçu : l’hôpital vous reçoit, €, {x}") == ("ç", "’", "ô")
    assert foreign("Résultat à lire où ? É ò ì ü") == ()


def test_no_character_is_cut_in_two():
    by_septets = segmented("a" * 152 + "€" + "b" * 20)
    assert [len(one) for one in by_septets.segments] == [152, 22]
    by_units = segmented("a" * 66 + "😷" + "b" * 20)
    assert [decode(one, Coding.UCS2) for one in by_units.segments] == ["a" * 66, "😷" + "b" * 20]


def test_the_octets_are_those_of_the_standard():
    assert segmented("@é€_Ω").segments == (bytes([0x00, 0x05, 0x1B, 0x65, 0x11, 0x15]),)
    assert segmented("ê").segments == (b"\x00\xea",)


def test_what_a_telephone_sends_is_read_whatever_it_is():
    assert decode(b"STOP", 0) == "STOP"
    assert decode("Arrêt".encode("utf-16-be"), 8) == "Arrêt"
    assert decode("Arrêt".encode("latin-1"), 3) == "Arrêt"
    assert decode(b"\x1b\x1b\xff", 0) == "??"
    assert decode(b"\xd8", 8) == "�"
