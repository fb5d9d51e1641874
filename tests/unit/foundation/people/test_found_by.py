"""The values by which an identity is found: what is missing gives nothing, and no half of a value."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from rempart.foundation.people.found_by import FoundBy, found_by

BORN = date(1979, 3, 28)
NUMBER = "279035121518989"
WOMAN: dict[str, Any] = {
    "birth_name": "Zygomalas",
    "used_name": "Quirinal",
    "first_names": ("Théodosie", "Wilhelmine"),
    "sex": "F",
    "birth_date": BORN,
    "ins": NUMBER,
}


def test_everything_given() -> None:
    assert found_by(**WOMAN) == FoundBy(
        ins=NUMBER,
        name_birth="ZYGOMALAS|1979-03-28",
        used_name_birth="QUIRINAL|1979-03-28",
        person_ins=f"{NUMBER}|1979-03-28",
        person_traits="ZYGOMALAS|THEODOSIE|1979-03-28|F",
    )


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"ins": ""}, {"ins": "", "person_ins": ""}),
        ({"ins": NUMBER[:-1] + "0"}, {"ins": "", "person_ins": ""}),
        ({"used_name": ""}, {"used_name_birth": ""}),
        ({"used_name": "ZYGOMALAS"}, {"used_name_birth": ""}),
        (
            {"birth_name": ""},
            {"name_birth": "QUIRINAL|1979-03-28", "used_name_birth": "", "person_traits": "QUIRINAL|THEODOSIE|1979-03-28|F"},
        ),
        ({"first_names": ()}, {"person_traits": ""}),
        ({"sex": ""}, {"person_traits": "ZYGOMALAS|THEODOSIE|1979-03-28|U"}),
        (
            {"birth_date": None},
            {"name_birth": "", "used_name_birth": "", "person_ins": "", "person_traits": ""},
        ),
    ],
)  # fmt: skip
def test_what_is_missing_gives_nothing(change: dict[str, Any], expected: dict[str, str]) -> None:
    found, usual = found_by(**{**WOMAN, **change}), found_by(**WOMAN)
    assert {
        name: getattr(found, name)
        for name in FoundBy.__slots__
        if getattr(found, name) != getattr(usual, name)
    } == expected
