"""What the recipes of deploy/ promise: no root, no secret in them, the commands and settings that exist."""

import re
from pathlib import Path

from typer.testing import CliRunner

from rempart.site.cli import app
from rempart.site.configuration import Configuration

DEPLOY = Path(__file__).parents[2] / "deploy"
CONTAINER = (DEPLOY / "Containerfile").read_text()
UNIT = (DEPLOY / "systemd" / "rempart.service").read_text()


def test_security_the_container_is_not_root_and_carries_no_secret():
    assert re.search(r"^USER 10001:10001$", CONTAINER, re.MULTILINE)
    last = CONTAINER.index("ENTRYPOINT")
    assert CONTAINER.index("USER 10001") < last
    assert not re.search(r"(?i)(password|secret|token|key)\s*=", CONTAINER)


def test_the_options_that_recipes_use_exist():
    told = CliRunner().invoke(app, ["serve", "--help"], terminal_width=200, color=False)
    said = re.sub(r"\x1b\[[0-9;]*m", "", told.output)
    for text in (CONTAINER, UNIT):
        (command,) = re.findall(r"(?m)^(?:CMD \[\"serve\".*|ExecStart=.*)$", text)
        for option in re.findall(r"--[a-z]+", command):
            assert option in said


def test_the_variables_that_recipes_name_are_settings():
    known = {f"REMPART_{name.upper()}" for name in Configuration.model_fields}
    haproxy = {
        "REMPART_PEOPLE",
        "REMPART_MACHINES",
        "REMPART_CERTIFICATE",
        "REMPART_LABORATORIES",
        "REMPART_SOCKET",
        "REMPART_HOST",
    }
    for path in (DEPLOY / "Containerfile", DEPLOY / "systemd" / "rempart.service"):
        assert set(re.findall(r"REMPART_[A-Z_]+", path.read_text())) <= known
    assert (
        set(re.findall(r"REMPART_[A-Z]+", (DEPLOY / "haproxy.cfg").read_text())) - {"REMPART_PUBLIC"}
        == haproxy
    )
    assert (
        set(re.findall(r"REMPART_[A-Z]+", (DEPLOY / "systemd" / "haproxy-rempart.conf").read_text()))
        == haproxy
    )
