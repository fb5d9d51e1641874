"""The recipes of deploy/: systemd reads the unit, and finds little that it could do if it were taken over."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.system

DEPLOY = Path(__file__).parents[2] / "deploy"
MOST_EXPOSED = 2.0  # of ten, as systemd counts


@pytest.fixture(params=["rempart.service", "rempart-signing.service"])
def unit(tmp_path, request):
    """The unit, with a program that is there."""
    if shutil.which("systemd-analyze") is None:
        pytest.fail("systemd-analyze is not installed: tests/system/install.sh, or apt-get install systemd")
    text = (DEPLOY / "systemd" / request.param).read_text()
    path = tmp_path / request.param
    path.write_text(
        text.replace("/opt/rempart/.venv/bin/rempart", str(Path(sys.executable).with_name("rempart")))
    )
    return path


def test_systemd_has_nothing_to_say_against_the_unit(unit):
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_little_is_left_to_whoever_takes_it_over(unit):
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert float(re.search(r"exposure level for [a-z.-]+: ([\d.]+)", done.stdout)[1]) <= MOST_EXPOSED
