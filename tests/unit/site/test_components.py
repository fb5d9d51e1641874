"""Telephone numbers as people read and call them."""

import pytest

from rempart.site.templatetags.components import grouped_number, phone


@pytest.mark.parametrize(
    ("kept", "read", "dialled"),
    [
        ("0639980101", "06_39_98_01_01", "0639980101"),
        ("06.39.98.01.01", "06_39_98_01_01", "0639980101"),
        ("+33639980101", "+33_6_39_98_01_01", "+33639980101"),
        ("+33 (0)6 39 98 01 01", "+33_6_39_98_01_01", "+33639980101"),
        ("+262692123456", "+262_6_92_12_34_56", "+262692123456"),
        ("0800130000", "0_800_130_000", "0800130000"),
        ("+49 151 23456789", "+49 151 23456789", "+4915123456789"),
        ("3646", "3646", "3646"),
        ("odette@example.org", "odette@example.org", ""),
        ("", "", ""),
    ],
)
def test_a_number_is_read_in_pairs_and_called_whole(kept, read, dialled):
    assert grouped_number(kept) == read.replace("_", "\N{NO-BREAK SPACE}")
    if dialled:
        assert f'href="tel:{dialled}"' in phone(kept)
    else:
        assert "tel:" not in phone(kept)


def test_nothing_of_a_number_becomes_markup():
    assert "<b>" not in phone("06<b>39")
