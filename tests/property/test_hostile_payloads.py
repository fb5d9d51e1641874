"""What is made to break a reader gives an outcome with a stable code, within bounds of CPU time and memory that the
kernel holds (tests/hostile.py)."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from tests import hostile


@pytest.fixture(scope="module")
def told() -> dict[str, dict[str, object]]:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.hostile"],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "rempart.site.settings"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    return {line["name"]: line for line in lines}


@pytest.mark.parametrize("name", hostile.PAYLOADS)
def test_a_hostile_payload_gives_an_outcome_within_bounds(name: str, told: dict) -> None:
    found = told[name]
    assert "error" not in found
    expected = hostile.PAYLOADS[name].said
    assert expected <= set(found["said"]) if expected else found["said"] == []


def test_a_frame_without_end_is_held_no_longer_than_a_message_may_be(told: dict) -> None:
    assert told[hostile.FRAMES]["said"] == ["F03"]
