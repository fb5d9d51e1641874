"""`rempart audit`, as an operator runs it over the tests' database."""

import json
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from tests.factories import investigator
from tests.functional.trail import sealed
from typer.testing import CliRunner

from rempart.foundation.audit.trail import Act, record
from rempart.foundation.database.keys import uuid7
from rempart.site import runtime
from rempart.site.commands.audit import audit
from rempart.site.configuration import Configuration
from rempart.site.refusals import CannotRun

pytestmark = pytest.mark.django_db(transaction=True)

PARIS = investigator("75")


@pytest.fixture
def run(monkeypatch, tmp_path):
    """`run("verify", …)`: exit code and what was said; the platform is that of the tests."""
    monkeypatch.setenv("REMPART_VAR", str(tmp_path))
    configuration = Configuration.model_validate({})

    @contextmanager
    def platform(**_):
        yield configuration

    monkeypatch.setattr(runtime, "platform", platform)

    def call(*arguments):
        result = CliRunner().invoke(audit, list(arguments), catch_exceptions=False)
        return result.exit_code, result.output

    return call


def test_a_trail_that_holds_is_verified_with_exit_code_0(run, tmp_path):
    record(PARIS, Act.CASES_SEARCHED, "case", now=datetime.now(UTC), found=1)
    sealed(now=datetime.now(UTC))
    code, said = run("anchor", "--certificate", str(tmp_path / "anchors.pem"))
    assert (code, said) == (0, f"anchored block 1: {next((tmp_path / 'anchors').iterdir())}\n")
    assert run("anchor") == (0, "Nothing new to anchor.\n")
    code, said = run("verify", "--certificate", str(tmp_path / "anchors.pem"))
    assert (code, said) == (0, "1 blocks, 1 entries, 0 unsealed, 1 anchors, 0 faults\nThe trail holds.\n")


def test_a_trail_that_does_not_hold_says_where_with_exit_code_1(run, owner):
    record(PARIS, Act.CASES_SEARCHED, "case", now=datetime.now(UTC), found=1)
    sealed(now=datetime.now(UTC))
    run("anchor")
    ((id,),) = owner.execute("UPDATE audit_entry SET actor = 'x' RETURNING id")
    code, said = run("verify")
    assert code == 1
    assert f"FAULT  block 1, entry {id}: altered since it was sealed" in said
    code, said = run("verify", "--json")
    assert (code, json.loads(said)["told"]) == (
        1, [{"block": 1, "entry": id, "what": "altered since it was sealed"}],
    )  # fmt: skip


def test_a_certificate_that_is_none_cannot_run(run, tmp_path):
    (tmp_path / "x.pem").write_text("-----BEGIN CERTIFICATE-----\nnone\n")
    for name in ("x.pem", "absent.pem"):
        with pytest.raises(CannotRun, match="holds no certificate"):
            run("verify", "--certificate", str(tmp_path / name))


def test_a_search_prints_entries_and_leaves_its_own_trace(run):
    person, now = uuid7(), datetime.now(UTC)
    record(PARIS, Act.CASE_OPENED, "a", now=now, person=person)
    record(PARIS, Act.CASE_OPENED, "b", now=now, person=uuid7())
    code, said = run("search", "--key", str(person))
    (entry,) = map(json.loads, said.splitlines())
    assert (code, entry["subject"], entry["actor"]) == (0, "a", PARIS.id)
    code, said = run("search", "--act", "audit-searched")
    (searched,) = map(json.loads, said.splitlines())
    assert searched["role"] == "operator"
    assert searched["actor"].startswith("shell:")
    assert len(run("search", "--most", "2")[1].splitlines()) == 2
