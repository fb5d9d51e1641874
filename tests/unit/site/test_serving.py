"""What the processes of the platform are told, and where the demo refuses to run."""

import sys

import pytest

from rempart.site import serving
from rempart.site.configuration import configuration
from rempart.site.demo import running as demo
from rempart.site.refusals import CannotRun


def test_no_process_of_the_application_is_told_how_to_become_the_owner(monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", "postgresql://app")
    monkeypatch.setenv("DATABASE_OWNER_URL", "postgresql://owner")
    said = tmp_path / "said"
    program = f"import os; open({str(said)!r}, 'w').write(' '.join(sorted(os.environ)))"
    with serving.processes([sys.executable, "-c", program]) as (process,):
        assert process.wait(20) == 0
    names = said.read_text().split()
    assert "DATABASE_URL" in names
    assert "DATABASE_OWNER_URL" not in names


def test_the_demo_touches_no_database_but_its_own(monkeypatch, tmp_path):
    monkeypatch.setenv("REMPART_VAR", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/production")
    configuration.cache_clear()
    try:
        with pytest.raises(CannotRun, match="DATABASE_URL"):
            demo.run(once=True, days=2, population=200, host="127.0.0.1", port=8690)
    finally:
        configuration.cache_clear()
    assert list(tmp_path.iterdir()) == []
