"""What the papers say is there is there: tests that SECURITY names, the guide's messages, the pages of the specs."""

import ast
import re
from pathlib import Path

import pytest
from docs import render
from tests.messages import FRENCH, NOW

from rempart.foundation.audit.catalogue import catalogue as acts
from rempart.foundation.terminology import pathogen
from rempart.screening.formats import decode
from rempart.screening.rules.catalogue import Profile, catalogue
from rempart.screening.rules.judging import judge
from rempart.screening.rules.report import Outcome, Result

ROOT = Path(__file__).resolve().parents[2]
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / "SECURITY.md").read_text("utf-8"))))
GUIDE = (ROOT / "docs" / "guides" / "laboratory.md").read_text("utf-8")
SAMPLES = sorted((ROOT / "docs" / "samples").iterdir())
PAPERS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_security_names_tests() -> None:
    assert len(NAMED) > 30


@pytest.mark.parametrize(("file", "name"), NAMED, ids=[name for _, name in NAMED])
def test_every_test_that_security_names_exists(file: str, name: str) -> None:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(
    ("form", "line_end"), [("hl7", "\r"), ("hprim", "\r\n"), ("hprim-sante", "\r\n"), ("fhir", "\n")]
)
def test_the_message_of_the_laboratories_guide_is_accepted(form: str, line_end: str) -> None:
    (text,) = re.findall(rf"^```{form}\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    (item,) = decode(text.replace("\n", line_end).encode(), context=FRENCH)
    judgement = judge(item, profile=Profile.FR, pathogen=pathogen("covid19"), now=NOW)
    assert (judgement.outcome, judgement.findings) == (Outcome.ACCEPTED, ())
    assert [report.result for report in item.reports] == [Result.POSITIVE]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_every_sample_is_accepted(path: Path) -> None:
    (item,) = decode(path.read_bytes(), context=FRENCH)
    judgement = judge(item, profile=Profile.FR, pathogen=pathogen("covid19"), now=NOW)
    assert (judgement.outcome, judgement.findings) == (Outcome.ACCEPTED, ())
    assert f"../samples/{path.name}" in GUIDE


@pytest.mark.parametrize("path", PAPERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_finding_that_a_paper_names_is_in_the_catalogue(path: Path) -> None:
    named = set(re.findall(r"\b[FHPLSARVD]0\d\b", path.read_text("utf-8")))
    assert named <= set(catalogue())


def test_every_specification_becomes_a_page_with_all_its_lines() -> None:
    specs = sorted((ROOT / "tests" / "spec").glob("test_*.py"))
    assert specs
    for path in specs:
        page = render.spec_page(path)
        assert page.text.startswith(f"# {page.title}\n")
        assert page.text.count("\n| ") > 3


def test_the_catalogue_becomes_a_page_with_every_code() -> None:
    page = render.findings_page()
    assert re.findall(r"^\| \*\*(\w+)\*\*", page.text, re.MULTILINE) == list(catalogue())


def test_every_act_of_the_trail_has_its_line() -> None:
    page = render.acts_page()
    assert re.findall(r"^\| `([a-z-]+)` \|", page.text, re.MULTILINE) == list(acts())


def test_a_specification_without_its_reason_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "test_half.py"
    path.write_text('TITLE = "Half"\n', "utf-8")
    with pytest.raises(render.RenderError, match="no WHY"):
        render.spec_page(path)


def test_a_cell_is_shown_as_it_is_written() -> None:
    assert render._escaped(r"\.br\ <b> a|b *_") == r"\\.br\\ &lt;b> a\|b \*\_"
