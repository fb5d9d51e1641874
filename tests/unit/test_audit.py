"""The audit of what we depend on: silence is never taken for good news."""

import importlib.util
import json
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SPEC = importlib.util.spec_from_file_location("audit", ROOT / "deploy" / "audit.py")
assert SPEC is not None
assert SPEC.loader is not None
audit = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(audit)

GOOD = {"name": "good", "version": "1", "vulns": []}
WEAK = {"name": "weak", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"]}]}
SKIPPED = {"name": "skipped", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("packages", "code", "words"),
    [
        ([GOOD], audit.CLEAN, "No known weakness in 1 packages"),
        ([GOOD, WEAK], audit.WEAK, "weak 2: PYSEC-1, mended in 3"),
        ([GOOD, SKIPPED], audit.UNKNOWN, "NOT AUDITED: nothing could be learnt of 1 of 2 packages (skipped)"),
        ([WEAK, SKIPPED], audit.WEAK, "PYSEC-1"),
    ],
)
def test_each_package_was_asked_about_or_it_is_said(packages, code, words):
    found, lines = audit.verdict(json.dumps({"dependencies": packages}))
    assert found == code
    assert words in "\n".join(lines)


@pytest.mark.parametrize("said", ["", "Traceback", "[]"[:1], "{}"])
def test_no_answer_is_no_audit(said):
    code, lines = audit.verdict(said)
    assert code == audit.UNKNOWN
    assert "NOT AUDITED" in lines[0]


def test_the_bill_of_materials_names_everything_that_is_pinned(tmp_path, monkeypatch):
    uv = ROOT / ".venv" / ".tools" / "bin" / "uv"
    if not uv.exists():
        uv = Path(shutil.which("uv") or pytest.skip("no uv: `make setup` brings it"))
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("UV_PROJECT_ENVIRONMENT", str(Path(sys.executable).parents[1]))
    audit._export(str(uv), "cyclonedx1.5", tmp_path / "sbom.json")
    bill = json.loads((tmp_path / "sbom.json").read_text())
    names = {one["name"] for one in bill["components"]}
    assert bill["bomFormat"] == "CycloneDX"
    assert {"django", "granian", "cryptography", "psycopg"} <= names
    assert "pytest" not in names  # what only developers need is not part of it
    hashes = [one for one in bill["components"] if one.get("externalReferences")]
    assert len(hashes) > 50
