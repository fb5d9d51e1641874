"""`rempart check`, from the command line to the exit code."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests import messages
from typer.testing import CliRunner

from rempart.screening import checking
from rempart.screening.rules.catalogue import catalogue
from rempart.site.cli import app


def check(*arguments: object) -> tuple[int, list[dict[str, object]], str]:
    done = CliRunner().invoke(app, ["check", "--json", *map(str, arguments)])
    return done.exit_code, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.any"
    path.write_bytes(messages.hl7())
    return path


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "bad.txt"
    path.write_bytes(b"nothing of ours")
    return path


def test_nothing_rejected_is_0(good: Path) -> None:
    code, lines, errors = check(good)
    assert (code, [line["outcome"] for line in lines], errors) == (0, ["accepted"], "")
    assert lines[0]["source"] == str(good)


def test_something_rejected_is_1(good: Path, bad: Path) -> None:
    code, lines, _ = check(bad, good)
    assert code == 1
    assert [(line["source"], line["format"], line["outcome"]) for line in lines] == [
        (str(bad), "unknown", "rejected"),
        (str(good), "hl7v2", "accepted"),
    ]


def test_what_cannot_be_read_is_2_and_the_rest_is_still_judged(good: Path, tmp_path: Path) -> None:
    code, lines, errors = check(tmp_path / "absent", good)
    assert code == 2
    assert len(lines) == 1
    assert errors == f"{tmp_path / 'absent'} cannot be read: No such file or directory.\n"


def test_a_folder_is_walked_by_name(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("b/2.hl7", "b/1.hpr", "a.hl7", "empty"):
        (tmp_path / name).write_bytes(messages.hprim() if name.endswith("hpr") else messages.hl7())
    (tmp_path / "empty").write_bytes(b"")
    code, lines, _ = check(tmp_path)
    assert code == 1
    assert [(str(line["source"]).removeprefix(f"{tmp_path}/"), line["format"]) for line in lines] == [
        ("a.hl7", "hl7v2"),
        ("empty", "unknown"),
        ("b/1.hpr", "hprim-medecin"),
        ("b/2.hl7", "hl7v2"),
    ]


def test_a_format_that_is_told_is_not_guessed(good: Path) -> None:
    _, lines, _ = check("--format", "hprim-medecin", good)
    assert [line["format"] for line in lines] == ["hprim-medecin"]
    _, lines, _ = check("--format", "hl7v2", good)
    assert [line["format"] for line in lines] == ["hl7v2"]


def test_the_generic_profile_drops_the_rules_on_french_identifiers(tmp_path: Path) -> None:
    path = tmp_path / "foreign"
    path.write_bytes(
        messages.hl7(("|690001235|SIDEP", "|General Hospital|SIDEP"), ("^^^1690001235", "^^^XX"))
    )
    assert check(path)[0] == 1
    assert check("--profile", "generic", path)[0] == 0


@pytest.mark.parametrize("arguments", [[], ["--profile", "us"], ["--format", "word"], ["--what"]])
def test_wrong_arguments_are_2(arguments: list[str], good: Path) -> None:
    assert CliRunner().invoke(app, ["check", *arguments, *([str(good)] if arguments else [])]).exit_code == 2


def test_an_unknown_pathogen_is_2(good: Path) -> None:
    code, lines, errors = check("--pathogen", "plague", good)
    assert (code, lines) == (2, [])
    assert "covid19" in errors


def test_people_read_lines_with_what_to_do(good: Path, bad: Path) -> None:
    done = CliRunner().invoke(app, ["check", str(good), str(bad)])
    assert done.exit_code == 1
    assert "accepted" in done.stdout
    assert "F01" in done.stdout
    assert catalogue()["F01"].do_en in done.stdout
    assert "2 messages: 1 accepted, 0 held, 1 rejected" in done.stdout


def test_a_message_cannot_command_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "hostile"
    path.write_bytes(messages.hl7(("MSG000001", "\x1b[2J[red]M")))
    done = CliRunner().invoke(app, ["check", str(path)])
    assert "\x1b[2J" not in done.stdout
    assert "[red]M" in done.stdout


def test_a_reader_that_leaves_is_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "many").write_bytes(messages.hl7() * 2_000)
    command = [sys.executable, "-m", "rempart.site.cli", "check", "--json", str(tmp_path / "many")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline().startswith(b'{"source"')
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(timeout=60) == 2
    process.stderr.close()


def test_neither_database_nor_django_is_needed(good: Path) -> None:
    program = (
        "import sys; from rempart.site.cli import app; sys.argv = ['rempart', 'check', '--json', sys.argv[1]]\n"
        "try: app()\n"
        "except SystemExit: pass\n"
        "print([m for m in ('django', 'psycopg', 'rich.console') if m in sys.modules], file=sys.stderr)"
    )
    environment = {**os.environ, "DATABASE_URL": "postgres://nowhere"}
    command = [sys.executable, "-c", program, str(good)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert json.loads(done.stdout)["outcome"] == "accepted"
    assert done.stderr.strip() == "[]"


def test_a_file_that_is_too_large_is_not_read_whole(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "MOST_BYTES", good.stat().st_size - 1)
    code, (said,), _ = check(good)
    assert (code, [(f["code"], f["severity"]) for f in said["findings"]]) == (1, [("F03", "error")])
    monkeypatch.setattr(checking, "MOST_BYTES", good.stat().st_size)
    assert check(good)[0] == 0
