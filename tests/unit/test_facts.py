"""Papers that must not go stale: every fact that a template asks for is there, and says what the code says."""

import re
from pathlib import Path

import pytest
from docs import facts, render

from rempart.foundation.access.rights import Right, Role, has, table
from rempart.protection.catalogue.entries import processings, tables

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "docs" / "templates").rglob("*.md"))


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_every_fact_of_a_paper_is_there(path):
    page = render.template_page(path)
    assert "{{" not in page.text
    assert page.text.startswith(f"# {page.title}\n")


def test_every_kind_of_fact_is_asked_for():
    asked = {
        found.split()[0]
        for path in TEMPLATES
        for found in re.findall(r"\{\{\s*(.+?)\s*\}\}", path.read_text("utf-8"))
    }
    assert asked == set(facts.FACTS)


@pytest.mark.parametrize(
    "wrong",
    [
        "no-such-fact",
        "processing voting",
        'invariants "What nobody says"',
        'section "What nobody says"',
        "proved tests/unit/test_facts.py::test_that_is_not_there",
        "proved tests/unit/no_such_file.py::test_x",
        'in-code pyproject.toml "words that are not there"',
        "doors-of nobody-at-all",
        "rights-matrix too many words",
    ],
)
def test_a_fact_that_is_not_there_is_an_error_that_names_its_paper(wrong):
    with pytest.raises(facts.UnknownFact, match=r"paper\.md"):
        facts.filled(f"{{{{ {wrong} }}}}", where="paper.md")


def test_the_matrix_is_the_table_of_rights():
    header, _, *lines = facts.rights_matrix().splitlines()
    roles = {name.replace(" ", "-"): place for place, name in enumerate(cells(header))}
    assert len(lines) == len(Right)
    for line in lines:
        right = Right(cells(line)[0].strip("`"))
        for role in Role:
            if role in roles:
                said = cells(line)[roles[role]]
                assert said == (table()[right].to[role].value if has(role, right) else "")
            else:
                assert not has(role, right)


def test_every_processing_has_its_assessment_or_holds_nothing_of_a_person():
    texts = "".join(path.read_text("utf-8") for path in TEMPLATES if path.stem.startswith("dpia-"))
    for code in processings():
        personal = any(field.sees for one in tables() if one.processing.code == code for field in one.fields)
        assert f"{{{{ processing {code} }}}}" in texts or not personal, f"no assessment speaks of {code}"


def test_the_security_file_names_every_invariant_with_its_proof():
    named = set(re.findall(r"`tests/[\w/]+\.py::(\w+)`", (ROOT / "SECURITY.md").read_text("utf-8")))
    page = render.template_page(ROOT / "docs" / "templates" / "protection" / "security-file.md").text
    assert {name for name in named if f"`{name}`" not in page} == set()
