"""What the operator types: machine keys, the first operator, a review that is checked."""

from __future__ import annotations

import re
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import asyncssh
import pytest
from tests.factories import LAB, NOW, finess_in
from tests.functional.keeping import acting_as, administrator
from typer.testing import CliRunner

from rempart.foundation.access.models import Agent, ClientCertificate, MachineKey, machine_of
from rempart.foundation.access.reviews import document, services
from rempart.foundation.access.rights import Right
from rempart.foundation.vault import KeyStore
from rempart.site import configuration as configured
from rempart.site import runtime
from rempart.site.commands import accounts as account_commands

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def run(keyring, monkeypatch):
    """`run("machine-keys", "create", …)`: over the tests' database, which runs already."""
    configuration = SimpleNamespace(key_store=KeyStore(root=keyring.root), var=Path("var"))

    @contextmanager
    def platform(**_):
        yield configuration

    monkeypatch.setattr(runtime, "platform", platform)
    monkeypatch.setattr(configured, "configuration", lambda: configuration)
    apps = {"machine-keys": account_commands.machine_keys, "accounts": account_commands.accounts}
    return lambda name, *words: CliRunner().invoke(apps[name], list(map(str, words)))


def test_a_key_is_made_listed_rotated_and_revoked(run):
    made = run("machine-keys", "create", LAB, "--name", "SIL")
    key = made.stdout.strip()
    assert (made.exit_code, machine_of(key, now=NOW).laboratory) == (0, LAB)
    (row,) = MachineKey.objects.all()
    shown = run("machine-keys", "list", LAB).stdout
    assert str(row.id) in shown
    assert "SIL" in shown
    assert key not in shown
    other = run("machine-keys", "rotate", row.id).stdout.strip()
    assert machine_of(other, now=NOW).laboratory == LAB
    assert run("machine-keys", "rotate", row.id).exit_code == 2  # it has its successor
    assert run("machine-keys", "revoke", row.id).exit_code == 0
    assert "revoked" in run("machine-keys", "list", LAB).stdout


def test_what_cannot_be_is_said_in_a_line(run):
    for words in (
        ("create", "123"), ("create", LAB, "--days", "4000"), ("rotate", "x"),
        ("revoke", "00000000-0000-7000-8000-000000000000"),
    ):  # fmt: skip
        result = run("machine-keys", *words)
        assert (result.exit_code, result.stdout) == (2, "")
        assert len(result.stderr.splitlines()) == 1


def test_a_machine_is_registered_before_its_laboratory_is_in_the_directory(run, tmp_path):
    file = tmp_path / "machine.pub"
    file.write_bytes(asyncssh.generate_private_key("ssh-ed25519").export_public_key())
    ahead = finess_in("33")
    assert run("machine-keys", "add-certificate", ahead, file).exit_code == 0
    assert ClientCertificate.objects.get().laboratory == ahead
    again = run("machine-keys", "add-certificate", ahead, file)
    assert (again.exit_code, again.stderr) == (2, "Refused: it is registered already, or was.\n")


def test_the_first_operator_is_made_on_the_machine(run, owner):
    result = run("accounts", "operator", "olympe", "Olympe Exploitante", "olympe@exemple.fr")
    assert re.fullmatch(r"https?://\S+", result.stdout.strip())
    agent = Agent.objects.get(username="olympe")
    assert (agent.role, agent.departments) == ("operator", ["*"])
    (actor,) = owner.execute("SELECT actor FROM audit_entry WHERE act = 'account-opened'").fetchone()
    assert actor.startswith("operator:")
    assert run("accounts", "operator", "olympe", "Encore", "o@exemple.fr").exit_code == 2


def test_a_review_is_checked_from_its_file(run, keyring, tmp_path):
    north = administrator()
    actor = acting_as(north, Right.ACCOUNTS_REVIEW)
    services.progress(actor=actor, now=NOW)
    review = services.sign(actor=actor, keyring=keyring, now=NOW)
    file, trusted, table = tmp_path / "review.json", tmp_path / "trusted.pem", tmp_path / "review.csv"
    file.write_bytes(document.written(services.document_of(review)))
    good = run("accounts", "verify-review", file)
    assert (good.exit_code, "Hauts-de-France, 2026Q4" in good.stdout) == (0, True)
    trusted.write_text(run("accounts", "review-certificate").stdout)
    assert run("accounts", "verify-review", file, "--certificate", trusted, "--table", table).exit_code == 0
    assert table.read_text("utf-8-sig").startswith("name;username")
    file.write_bytes(file.read_bytes().replace(b"2026Q4", b"2026Q3"))
    assert run("accounts", "verify-review", file).exit_code == 1
    file.write_bytes(b"nothing")
    assert run("accounts", "verify-review", file).exit_code == 2
