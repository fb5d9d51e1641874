"""`rempart keys`, as an operator gives it: what it says, its exit codes, and its trace in the audit."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from rempart.foundation.vault import KeyDestroyed, Keyring, Purpose, keyring_of
from rempart.site import configuration, runtime
from rempart.site.commands.keys import app

pytestmark = pytest.mark.django_db(transaction=True)


def today() -> date:
    """Asked by each test anew: a long run crosses midnight."""
    return datetime.now(UTC).date()


def yesterday() -> date:
    return today() - timedelta(days=1)


PHRASE = "correct horse battery"
Run = Callable[..., Result]
Traces = Callable[[], list[tuple[str, str, Any]]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "var" / "keys"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """A command over the tests' database, which the platform would otherwise start of its own."""
    monkeypatch.setenv("REMPART_VAR", str(tmp_path / "var"))
    configuration.configuration.cache_clear()

    @contextmanager
    def platform() -> Iterator[configuration.Configuration]:
        yield configuration.configuration()

    monkeypatch.setattr(runtime, "platform", platform)
    runner = CliRunner()
    yield lambda *words, typed="": runner.invoke(app, [str(word) for word in words], input=typed)
    configuration.configuration.cache_clear()
    keyring_of.cache_clear()


@pytest.fixture
def traces(query: Any) -> Traces:
    """`traces()`: act, subject and details of everything noted."""
    return lambda: query("SELECT act, subject, details FROM audit_entry ORDER BY at")


def test_nothing_is_there_yet(run: Run) -> None:
    assert run("list").stdout == "No key yet.\n"
    assert "No key is past its day." in run("destroy", "expired").stdout


def test_status_for_people_and_machines(run: Run, root: Path) -> None:
    Keyring(root).data_key(Purpose.IDENTITY, today())
    shown = run("status")
    assert shown.exit_code == 1
    assert today().isoformat() in shown.stdout
    assert "! file:1 is in no escrow package: rempart keys escrow create" in shown.stdout
    machine = json.loads(run("status", "--json").stdout)
    assert machine["provider"] == "file"
    assert machine["kinds"][0] == {
        "kind": "data", "count": 1, "oldest": today().isoformat(), "newest": today().isoformat(),
    }  # fmt: skip
    assert machine["versions"] == [{"by": "file:1", "keys": 1, "wraps": True, "missing": False}]


def test_status_says_what_to_do(run: Run, root: Path) -> None:
    ring = Keyring(root)
    ring.data_key(Purpose.IDENTITY, yesterday())
    ring.rotate()
    (root / "data" / "identity" / "copy").write_bytes(b"")
    told = run("status").stdout
    assert "1 key(s) wait to be wrapped anew: rempart keys rewrap" in told
    assert f"data keys of {yesterday()} and later are past their day" in told
    assert "data/identity/copy is no key; nothing destroys it" in told


def test_rotate_rewrap_and_destroy_leave_a_trace(run: Run, root: Path, query: Any, traces: Traces) -> None:
    key = Keyring(root).data_key(Purpose.IDENTITY, today())
    assert "file:2 wraps new keys." in run("rotate", "--no-rewrap").stdout
    refused = run("destroy", "version", "file:1", "--yes")
    assert refused.exit_code == 1
    assert "Not destroyed: 1 keys are wrapped by file:1" in refused.stderr
    assert "1 key(s) wrapped anew." in run("rewrap").stdout
    assert "Every key is wrapped by the newest version." in run("rewrap").stdout
    told = run("status").stdout
    assert "file:2 is in no escrow package" in told
    assert "file:1 is in no escrow package" not in told  # it wraps nothing any more
    assert run("destroy", "version", "file:1", typed="n\n").exit_code == 1
    assert (root / "kek").exists()
    assert run("destroy", "version", "file:1", typed="y\n").exit_code == 0
    assert not (root / "kek").exists()
    assert Keyring(root).existing_data_key(Purpose.IDENTITY, today()) == key
    assert traces() == [
        ("key-encryption-changed", "file:2", {"done": "rotated", "keys": 0}),
        ("key-encryption-changed", "file:2", {"done": "rewrapped", "keys": 1}),
        ("key-encryption-changed", "file:1", {"done": "destroyed", "keys": 0}),
    ]
    ((actor, purpose),) = query("SELECT DISTINCT split_part(actor, ':', 1), purpose FROM audit_entry")
    assert (actor, purpose) == ("operator", "operation")


@pytest.mark.parametrize("version", ["file", "file:", "file:x", "hsm:1", "file:²", ":1"])
def test_a_version_that_is_none(run: Run, version: str) -> None:
    refused = run("destroy", "version", version, "--yes")
    assert refused.exit_code == 2
    assert "is no version" in refused.stderr


def test_expired_keys_are_destroyed_and_named_in_the_audit(run: Run, root: Path, traces: Traces) -> None:
    ring = Keyring(root)
    ring.data_key(Purpose.IDENTITY, yesterday())
    ring.data_key(Purpose.IDENTITY, today())
    gone = f"data/identity/{yesterday()}"
    assert run("destroy", "expired").stdout == f"destroyed {gone}\n"
    assert traces() == [("keys-destroyed", "keys", {"keys": [gone]})]
    assert run("list").stdout == f"data/identity/{today()}\n"


def test_a_copy_of_the_store_follows(run: Run, root: Path, tmp_path: Path, traces: Traces) -> None:
    copy = Keyring(tmp_path / "copy")
    copy.data_key(Purpose.IDENTITY, yesterday())
    assert f"destroyed data/identity/{yesterday()}" in run("destroy", "expired", "--copy", copy.root).stdout
    with pytest.raises(KeyDestroyed):
        copy.existing_data_key(Purpose.IDENTITY, yesterday())
    wrong = run("destroy", "expired", "--copy", tmp_path / "elsewhere")
    assert wrong.exit_code == 2
    assert "is no key store" in wrong.stderr
    assert not (tmp_path / "elsewhere").exists()
    assert traces() == []


def test_index_periods_go_on_demand(run: Run, root: Path, traces: Traces) -> None:
    Keyring(root).index_key("2020H1")
    assert run("destroy", "index", "--before", "2020-07-01", typed="n\n").exit_code == 1
    assert "destroyed index/2020H1" in run("destroy", "index", "--before", "2020-07-01", "--yes").stdout
    assert traces() == [("keys-destroyed", "keys", {"keys": ["index/2020H1"]})]


# escrow


@pytest.fixture
def custodians(run: Run, tmp_path: Path) -> list[str]:
    for name in ("martin", "durand", "petit"):
        made = run("escrow", "custodian", name, "--folder", tmp_path, typed=f"{PHRASE}\n{PHRASE}\n")
        assert made.exit_code == 0, made.output
    return [str(tmp_path / f"{name}.public.pem") for name in ("martin", "durand", "petit")]


def deposit(run: Run, package: Path, custodians: list[str]) -> Result:
    named = [word for path in custodians for word in ("--custodian", path)]
    return run("escrow", "create", package, *named, "--needed", 2)


def test_a_lost_key_is_recovered_by_two_of_three(
    run: Run, root: Path, tmp_path: Path, custodians: list[str], traces: Traces
) -> None:
    key = Keyring(root).data_key(Purpose.IDENTITY, today())
    made = deposit(run, tmp_path / "package", custodians)
    assert made.exit_code == 0, made.output
    assert "any 2 of 3 bring back file:1" in made.stdout
    assert (tmp_path / "package").stat().st_mode & 0o077 == 0
    assert (tmp_path / "martin.private.pem").stat().st_mode & 0o077 == 0
    assert run("status").exit_code == 0
    (root / "kek").unlink()
    keys = ["--key", tmp_path / "martin.private.pem", "--key", tmp_path / "petit.private.pem"]
    rehearsed = run(
        "escrow", "recover", tmp_path / "package", *keys, "--rehearse", typed=f"{PHRASE}\n{PHRASE}\n"
    )
    assert rehearsed.exit_code == 1
    assert "0 of its 1 version(s) are those in use" in rehearsed.stdout
    assert not (root / "kek").exists()
    back = run("escrow", "recover", tmp_path / "package", *keys, typed=f"{PHRASE}\n{PHRASE}\n")
    assert back.exit_code == 0, back.output
    assert "file:1 is back" in back.stdout
    assert "1 of 1 key(s) open." in back.stdout
    assert Keyring(root).existing_data_key(Purpose.IDENTITY, today()) == key
    again = run("escrow", "recover", tmp_path / "package", *keys, "--rehearse", typed=f"{PHRASE}\n{PHRASE}\n")
    assert again.exit_code == 0
    assert traces() == [
        ("key-escrowed", "kek", {"needed": 2, "custodians": 3}),
        ("key-recovered", "kek", {"versions": ["file:1"]}),
    ]


def said(result: Result) -> str:
    assert result.exit_code != 0
    return str(result.exception) + result.output


def test_what_escrow_refuses(run: Run, root: Path, tmp_path: Path, custodians: list[str]) -> None:
    package = tmp_path / "package"
    assert "is not there" in said(deposit(run, package, custodians))  # no key yet
    Keyring(root).secret("django")
    assert "no public key" in said(deposit(run, package, [*custodians[:1], __file__]))
    assert "cannot be read" in said(deposit(run, package, [*custodians[:1], "/nowhere"]))
    assert "2 of 1" in said(deposit(run, package, custodians[:1]))
    assert not package.exists()
    assert deposit(run, package, custodians).exit_code == 0
    assert "is there already" in said(deposit(run, package, custodians))
    one = ["--key", tmp_path / "martin.private.pem"]
    assert "another passphrase" in said(run("escrow", "recover", package, *one, typed="wrong\n"))
    assert "1 of its custodians are here, 2 are needed" in said(
        run("escrow", "recover", package, *one, typed=f"{PHRASE}\n")
    )
    assert "is there already" in said(run("escrow", "custodian", "martin", "--folder", tmp_path))
    assert "12 characters" in said(
        run("escrow", "custodian", "roux", "--folder", tmp_path, typed="short\nshort\n")
    )
    assert "no name for a file" in said(run("escrow", "custodian", "../roux", "--folder", tmp_path))
    assert "cannot be written" in said(
        run("escrow", "custodian", "roux", "--folder", tmp_path / "nowhere", typed=f"{PHRASE}\n{PHRASE}\n")
    )


def test_after_a_recovery_keys_that_do_not_open_are_named(
    run: Run, root: Path, tmp_path: Path, custodians: list[str]
) -> None:
    ring = Keyring(root)
    ring.secret("django")
    deposit(run, tmp_path / "package", custodians)
    ring.rotate()
    ring.secret("later")
    (root / "kek").unlink()
    (root / "kek-2").unlink()
    keys = ["--key", tmp_path / "martin.private.pem", "--key", tmp_path / "petit.private.pem"]
    back = run("escrow", "recover", tmp_path / "package", *keys, typed=f"{PHRASE}\n{PHRASE}\n")
    assert back.exit_code == 1
    assert "1 of 2 key(s) open." in back.stdout
    assert "kek-2 is missing" in back.stderr


# index keys


def test_reindexing_is_asked_for_and_done(
    run: Run, root: Path, traces: Traces, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = Keyring(root)
    current = ring.index_period(today())
    ring.index_key(current)
    early = run("destroy", "index-key", current, "--yes")
    assert early.exit_code == 1
    assert "index everybody again first" in early.stderr
    asked = run("reindex", "--new-key", "--later")
    assert asked.exit_code == 0, asked.output
    assert f"{current}-2 indexes what arrives." in asked.stdout
    assert ring.index_periods()[:2] == [f"{current}-2", current]
    assert run("destroy", "index-key", current, "--yes").exit_code == 1  # asked for, not done
    monkeypatch.setattr("rempart.foundation.people.reindexing.SETTLED", timedelta(0))
    assert "0 of 0 identities were indexed again." in run("reindex").stdout
    assert run("destroy", "index-key", f"{current}-2", "--yes").exit_code == 1
    assert run("destroy", "index-key", "../kek", "--yes").exit_code == 1
    assert f"destroyed index/{current}" in run("destroy", "index-key", current, typed="y\n").stdout
    assert traces() == [("keys-destroyed", "keys", {"keys": [f"index/{current}"]})]
