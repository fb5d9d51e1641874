"""Write the pages that the code already holds: spec tables, findings, pathogens, the papers of the root.

    python -m docs.render

docs/spec/    every tests/spec/test_*.py (TITLE, WHY and its tables), the catalogues of findings and of acts, each pathogen
              and docs/templates/spec/ with their facts (facts.py)
docs/protection/  docs/templates/protection/ with their facts: impact assessments, the security file
docs/house/   README's neighbours at the root (ARCHITECTURE, SECURITY, CHANGELOG), their links made relative

These folders are made anew at each run and never committed. Nothing is imported from a test: its texts are
read from its source, so that no test, database or plug-in is needed to build the site.
"""

from __future__ import annotations

import ast
import re
import shutil
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docs import facts

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
TEMPLATES = DOCS / "templates"
SPECS = ROOT / "tests" / "spec"
FINDINGS = ROOT / "src" / "rempart" / "screening" / "data" / "findings.toml"
PATHOGENS = ROOT / "src" / "rempart" / "foundation" / "terminology" / "data" / "pathogens"
ACTS = ROOT / "src" / "rempart" / "foundation" / "audit" / "data" / "catalogue.toml"

HOUSE = {"ARCHITECTURE.md": "architecture", "SECURITY.md": "security", "CHANGELOG.md": "changelog"}

_RULER = re.compile(r"^[\s|+-]*-{3,}[\s|+-]*$", re.MULTILINE)
_MARKUP = re.compile(r"[\\`*_{}\[\]|]")
_LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)\s#]+)(#[^)\s]*)?\)")
_FAMILY = re.compile(r"^# ── ([A-Z]): (.+?) ─+$", re.MULTILINE)


class RenderError(Exception):
    """A source that cannot become a page; the message says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page under docs/spec/: its file's name, its title and its Markdown."""

    name: str
    title: str
    text: str


def spec_page(path: Path) -> Page:
    """The page of one spec test. Raises RenderError when TITLE, WHY or every table is missing."""
    texts = dict(_texts(path))
    if missing := [name for name in ("TITLE", "WHY") if name not in texts]:
        raise RenderError(f"{path} has no {' and no '.join(missing)} (a text at the top of the module)")
    title, why = texts.pop("TITLE"), texts.pop("WHY")
    tables = {name: text for name, text in texts.items() if _RULER.search(text)}
    if not tables:
        raise RenderError(f"{path} has no table (CASES: cells between |, a header line, a line of dashes)")
    parts = [f"# {title}", why]
    for name, text in tables.items():
        if len(tables) > 1:
            parts.append(f"## {name.removesuffix('_CASES').replace('_', ' ').capitalize()}")
        parts.append(_from_text(text, path))
    parts.append(f"Run as a test by `{path.relative_to(ROOT)}`.")
    return Page(name=path.stem.removeprefix("test_"), title=title, text=_joined(parts))


def findings_page(path: Path = FINDINGS) -> Page:
    """The catalogue of findings, by family, in the order of its file."""
    source = path.read_text("utf-8")
    families = dict(_FAMILY.findall(source))
    rows: dict[str, list[Sequence[str]]] = {}
    for code, entry in tomllib.loads(source).items():
        rows.setdefault(code[0], []).append(_finding(code, entry))
    header = ("Code", "What is said", "Weight", "HL7", "What to do", "En français")
    parts = [
        "# Findings: everything that can be said of a message",
        "A finding has a stable code, a place in the message, a sentence and what to do. One error rejects the whole "
        "message; a warning does not. “Error if INS” is a warning that becomes an error when a real INS authority "
        "assigned the matricule. “fr only” rules are left out by `--profile generic`. HL7 is the condition code of table "
        "0357 in `ERR-3`, then the acknowledgement that an error causes. Words in braces are filled with values of the "
        "message, never with anything that tells who the person is.",
    ]
    for family, entries in rows.items():
        parts += [f"## {family}: {families.get(family, '')}", _table(header, entries)]
    parts.append(f"Read from `{path.relative_to(ROOT)}`, the file that the decoders and the rules use.")
    return Page(name="findings", title="Findings", text=_joined(parts))


def pathogen_page(path: Path) -> Page:
    """What one pathogen's file says: results, dated policies, analyses."""
    data = tomllib.loads(path.read_text("utf-8"))
    results = [(letter, row["label_fr"], row["label_en"]) for letter, row in data["result"].items()]
    policies = [_policy(row) for row in data["policy"]]
    analyses = [
        (
            f"`{row['loinc']}`",
            row["kind"],
            "yes" if row["published"] else "no",
            str(row.get("from", "")) or "—",
            row["label_fr"],
            row["label_en"],
        )
        for row in data["analysis"]
    ]
    parts = [
        f"# {data['label_en']}: analyses, results and policies",
        f"Sources: {data['source']}. Vintage: {data['vintage']}.",
        "## Results",
        _table(("Letter", "French", "English"), results),
        "## Policies",
        "Each line holds from its day; what it leaves out is as before.",
        _table(("From", "What changes", "Source"), policies),
        "## Analyses",
        "Only published analyses are kept, of specimens taken from the day given on. The others are recognised, so that they "
        "are not mistaken for a result.",
        _table(("LOINC", "Kind", "Published", "Taken from", "French", "English"), analyses),
        *_screening(data.get("screening", {})),
        f"Read from `{path.relative_to(ROOT)}`.",
    ]
    return Page(
        name=f"pathogen-{path.stem.replace('_', '-')}",
        title=f"Pathogen: {data['label_en']}",
        text=_joined(parts),
    )


def _screening(data: Mapping[str, Any]) -> Iterator[str]:
    """What a screening of positives looks for; nothing where a pathogen knows none."""
    if not data:
        return
    yield "## Screening of positives"
    values = ", ".join(f"{value} {meaning}" for value, meaning in data["values"].items())
    yield f"Of: {', '.join(data['kinds'])}. Values: {values}. What is no longer asked for may still be given."
    rows = [
        (f"`{row['code']}`", row["label"], str(row["from"]), str(row.get("until", "")) or "—")
        for row in data["marker"]
    ]
    yield _table(("Marker", "Mutation or variant", "Asked for from", "Until the day before"), rows)
    for row in data.get("combination", ()):
        together = " ".join(f"{code}{value}" for code, value in row["values"].items())
        yield f"{together}, from {row['from']}: {row['meaning_en']} (V05)."


def acts_page(path: Path = ACTS) -> Page:
    """The catalogue of the trail: every act that leaves a trace, and what its trace may say."""
    rows = [
        (
            f"`{code}`",
            _escaped(row["label"]),
            _escaped(row.get("told", "")) or "—",
            row["kind"],
            ", ".join(row["purposes"]),
            ", ".join(row.get("fields", ())) or "—",
            ", ".join(f"{name} ({of})" for name, of in row.get("details", {}).items()) or "—",
        )
        for code, row in tomllib.loads(path.read_text("utf-8")).items()
    ]
    header = ("Act", "In French", "What the person is told", "Kind", "Purposes", "Fields", "Details")
    parts = [
        "# The trail: every act that leaves a trace",
        "Each entry says who, in what role, for which organisation, when, what (a key), whose data, which groups of fields, "
        "why (the purpose), from where, and the details below. Nothing else may be written: a test holds the code against "
        "this table.",
        _table(header, rows),
        f"Read from `{path.relative_to(ROOT)}`.",
    ]
    return Page(name="audit-acts", title="The trail: every act", text=_joined(parts))


def template_page(path: Path) -> Page:
    """A template with its facts. Raises RenderError when it has no title or asks for what is not there."""
    text = path.read_text("utf-8")
    if not text.startswith("# "):
        raise RenderError(f"{path} has no title")
    try:
        filled = facts.filled(text, where=str(path.relative_to(ROOT)))
    except facts.UnknownFact as unknown:
        raise RenderError(str(unknown)) from unknown
    return Page(name=path.stem, title=text.splitlines()[0].removeprefix("# "), text=filled)


def index_page(pages: Sequence[Page]) -> Page:
    """The way to all the others."""
    parts = [
        "# Specifications",
        "What the platform decides, as tables that an expert can read. They are made from the tests and data files that "
        "the platform itself runs on: a table that does not hold fails the build.",
        "\n".join(f"- [{page.title}]({page.name}.md)" for page in pages),
    ]
    return Page(name="index", title="Specifications", text=_joined(parts))


def house_page(name: str) -> str:
    """A paper of the root as a page of docs/house/: links to docs/ and to its neighbours made relative."""

    def relative(found: re.Match[str]) -> str:
        target, anchor = found[1], found[2] or ""
        if target in HOUSE:
            return f"]({HOUSE[target]}.md{anchor})"
        if target.startswith("docs/") and target.endswith(".md"):
            return f"](../{target.removeprefix('docs/')}{anchor})"
        raise RenderError(f"{name} links to {target}: only docs/*.md and {', '.join(HOUSE)} are on the site")

    return _LINK.sub(relative, (ROOT / name).read_text("utf-8"))


def main() -> None:
    """Make both folders anew."""
    pages = [spec_page(path) for path in sorted(SPECS.glob("test_*.py"))]
    pages += [
        findings_page(),
        acts_page(),
        *(pathogen_page(path) for path in sorted(PATHOGENS.glob("*.toml"))),
    ]
    pages += [template_page(path) for path in sorted((TEMPLATES / "spec").glob("*.md"))]
    _write(DOCS / "spec", {page.name: page.text for page in (index_page(pages), *pages)})
    papers = [template_page(path) for path in sorted((TEMPLATES / "protection").glob("*.md"))]
    _write(DOCS / "protection", {page.name: page.text for page in papers})
    _write(DOCS / "house", {page: house_page(name) for name, page in HOUSE.items()})


def _write(folder: Path, pages: Mapping[str, str]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, text in pages.items():
        (folder / f"{name}.md").write_text(text, "utf-8")


def _texts(path: Path) -> Iterator[tuple[str, str]]:
    """The texts that a module gives names in capitals to, in order."""
    for node in ast.parse(path.read_text("utf-8"), str(path)).body:
        if not (isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)):
            continue
        name = node.targets[0].id
        if name.isupper() and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield name, node.value.value


def _from_text(text: str, path: Path) -> str:
    """A table of a test, as tests/spec/tables.py reads it, in Markdown."""
    lines = [line for line in text.splitlines() if line.strip() and not _RULER.fullmatch(line)]
    header, *body = ([cell.strip() for cell in line.split("|")] for line in lines)
    if uneven := [cells for cells in body if len(cells) != len(header)]:
        raise RenderError(f"{path}: the line {' | '.join(uneven[0])} has not the columns of its header")
    return _table(header, [[_escaped(cell) for cell in cells] for cells in body])


def _finding(code: str, entry: Mapping[str, Any]) -> Sequence[str]:
    weight = "error" if entry["severity"] == "error" else "warning"
    if entry.get("strict_in_production"):
        weight += ", error if INS"
    if "fr" in entry.get("profiles", ()):
        weight += ", fr only"
    answer = f"{entry['hl7']}"
    if entry["severity"] == "error" or entry.get("strict_in_production"):
        answer += f" {entry.get('ack', 'AE')}"
    said = "<br>".join(_escaped(sentence) for sentence in entry["message"].values())
    return (f"**{code}**", said, weight, answer, _escaped(entry["do_en"]), _escaped(entry["text_fr"]))


def _policy(row: Mapping[str, Any]) -> tuple[str, str, str]:
    changes = []
    for name, value in row.items():
        if name in ("from", "source"):
            continue
        if isinstance(value, dict):
            value = ", ".join(f"{key} {number}" for key, number in value.items())
        elif isinstance(value, list):
            value = ", ".join(map(str, value))
        changes.append(f"{name.replace('_', ' ')}: {value}")
    return row["from"].isoformat(), "<br>".join(changes), row["source"]


def _escaped(text: str) -> str:
    """A text that Markdown shows as it is."""
    return _MARKUP.sub(r"\\\g<0>", text).replace("<", "&lt;")


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _joined(parts: Sequence[str]) -> str:
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    main()
