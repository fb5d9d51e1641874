"""Facts of the code and of the tests, as Markdown, for papers that must not go stale.

A template (docs/templates/) asks for a fact with `{{ name argument… }}`; what cannot be found is an error, so that a paper
that speaks of what is no more fails the build. Nothing here reads a database.
"""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from rempart.foundation.access.rights import Fields, Role, table
from rempart.foundation.audit.catalogue import catalogue as acts
from rempart.foundation.retention import retentions
from rempart.foundation.vault import Purpose
from rempart.protection.catalogue.entries import Form, Store, kept, processings, results_kept, seen_by, tables

ROOT = Path(__file__).resolve().parents[1]
_ASKED = re.compile(r"\{\{\s*(.+?)\s*\}\}")
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


class UnknownFact(Exception):
    """A template asks for what is not there; the message says what."""


def filled(text: str, *, where: str) -> str:
    """A template with its facts. Raises UnknownFact, which names the template."""

    def fact(found: re.Match[str]) -> str:
        name, *arguments = shlex.split(found[1])
        try:
            return FACTS[name](*arguments)
        except (KeyError, ValueError, TypeError, UnknownFact) as wrong:
            raise UnknownFact(f"{where}: {{{{ {found[1]} }}}} gives no fact: {wrong}") from wrong

    return _ASKED.sub(fact, text)


# ── who may what ────────────────────────────────────────────────────────────────────────────────────────────────────


def rights_matrix() -> str:
    """Roles across, rights down, how far each reaches in the cells."""
    roles = [role for role in Role if any(role in row.to for row in table().values())]
    header = ["Right", *(role.value.replace("-", " ") for role in roles)]
    body = [
        [f"`{row.right}`", *(row.to[role].value if role in row.to else "" for role in roles)]
        for row in table().values()
    ]
    return _table(header, body)


def rights_rows() -> str:
    """Each right: what it lets one do, why, what of a person comes with it, and to whom."""
    body = [
        [
            f"`{row.right}`",
            row.does,
            row.purpose.value,
            ", ".join(row.sees) or "nothing of a person",
            "; ".join(f"{role.value} ({where.value})" for role, where in row.to.items()),
        ]
        for row in table().values()
    ]
    return _table(["Right", "Lets one", "Purpose", "Shows", "To whom, where"], body)


def doors() -> str:
    """Every address and what opens it."""
    rows = _doors()
    body = [[f"`{name}`", f"`{word}`" if "." in word else word] for name, word in rows.items()]
    return _table(["Door", "Opened by"], body)


def doors_of(word: str) -> str:
    """How many doors are opened by a word ("everybody", "signed-in"), and their names."""
    names = [name for name, opened_by in _doors().items() if opened_by == word]
    if not names:
        raise UnknownFact(f"no door is opened by {word}")
    return f"{len(names)}: {', '.join(f'`{name}`' for name in names)}"


def doors_count() -> str:
    return str(len(_doors()))


@cache
def _doors() -> dict[str, str]:
    said = tomllib.loads(_text("src/rempart/site/data/doors.toml"))
    return {name: word for name, word in said.items() if isinstance(word, str)}


# ── which data ──────────────────────────────────────────────────────────────────────────────────────────────────────


def processing(code: str) -> str:
    """What is done, why, whose data, by which law."""
    one = processings()[code]
    return "\n".join(
        [
            f"- **Purpose**: {one.why}.",
            f"- **Legal basis**: {one.basis}.",
            "- **Controller**: the ministry in charge of health; **processors**: whoever runs the platform for it.",
        ]
    )


def data_of(code: str) -> str:
    """Every field of a person that the tables of a processing hold, and its form; the rest by number."""
    processings()[code]
    rows, others = [], 0
    for one in tables():
        if one.processing.code != code:
            continue
        for field in one.fields:
            if field.sees:
                groups = ", ".join(field.sees)
                rows.append(
                    [f"`{one.name}.{field.name}`", field.what, groups, field.form.value, one.retention]
                )
            else:
                others += 1
    counted = f"{others} other fields are keys, days, states and numbers of ours; the [catalogue of data](../spec/data.md) says each."
    if not rows:
        return f"No field holds identity, number, contact, address, result or symptoms of a person. {counted}"
    return _table(["Field", "What", "Group", "Form", "Kept"], rows) + f"\n\n{counted}"


def seen(code: str) -> str:
    """Who sees what of a person by the rights of a processing."""
    rights = processings()[code].rights
    if not rights:
        return "No right of the table gives access to it: only figures leave it."
    body = [
        [
            row.does,
            ", ".join(row.sees) or "nothing of a person",
            "; ".join(f"{role.value} ({where.value})" for role, where in row.to.items()),
        ]
        for row in map(table().__getitem__, rights)
    ]
    return _table(["Lets one", "Shows", "To whom, where"], body)


def kept_of(code: str) -> str:
    """How long, kind by kind."""
    one = processings()[code]
    said = [f"- {kind.value}: {kept(kind.value)}" for kind in one.kinds]
    return "\n".join(said) or "No limit of its own: it holds nothing that names a person."


def retention() -> str:
    """The table of retentions, with the versions in force and their sources."""
    body = [
        [one.label, f"{one.versions[-1].days} days", one.counts, one.versions[-1].source]
        for one in retentions().values()
    ]
    for name, days in results_kept().items():
        said = ", ".join(f"{letter}: {number}" for letter, number in days.items())
        body.append([f"Résultats ({name})", f"{said} days", "réception", "the disease's own file"])
    return _table(["What", "Kept", "Counted from", "Source"], body)


def forms() -> str:
    """How many fields of persons are in which form."""
    fields = [
        field for one in tables() if one.store is Store.POSTGRESQL for field in one.fields if field.sees
    ]
    return "; ".join(
        f"{sum(field.form is form for field in fields)} {form.value}"
        for form in Form
        if any(field.form is form for field in fields)
    )


def clear_fields() -> str:
    """What of a person is in clear, in every table."""
    body = [
        [f"`{one.name}.{field.name}`", ", ".join(field.sees), field.what]
        for one in tables()
        if one.store is Store.POSTGRESQL
        for field in one.fields
        if field.sees and field.form is Form.CLEAR
    ]
    return _table(["Field", "Group", "What"], body)


def data_catalogue() -> str:
    """Every field of every table."""
    parts = []
    for one in tables():
        parts.append(
            f"## {one.name}\n\n{one.what}. For {one.processing.title.lower()}; kept: {one.retention}."
        )
        body = [
            [
                f"`{field.name}`",
                field.form.value,
                field.what.replace("|", "\\|"),
                ", ".join(field.sees),
                ", ".join(role.value for role in seen_by(field)),
            ]
            for field in one.fields
        ]
        parts.append(_table(["Field", "Form", "What", "Group", "Seen by"], body))
    return "\n\n".join(parts)


# ── what holds ──────────────────────────────────────────────────────────────────────────────────────────────────────


def invariants(*sections: str) -> str:
    """The invariants of these sections of SECURITY.md, each with how many tests prove it; all sections when none is named."""
    found = _sections()
    names = sections or tuple(name for name, text in found.items() if _TEST.search(text))
    parts = []
    for name in names:
        if name not in found or not _TEST.search(found[name]):
            raise UnknownFact(f"SECURITY.md has no invariants under {name!r}")
        body = [
            [line.split("|")[1].strip(), ", ".join(f"`{test}`" for _, test in tests)]
            for line in found[name].splitlines()
            if (tests := _TEST.findall(line))
        ]
        parts.append((f"**{name}**\n\n" if len(names) > 1 else "") + _table(["Invariant", "Proved by"], body))
    return "\n\n".join(parts)


def invariants_count() -> str:
    """How many invariants there are, and how many tests prove them."""
    lines = [line for text in _sections().values() for line in text.splitlines() if _TEST.search(line)]
    return f"{len(lines)} invariants, proved by {len({test for line in lines for test in _TEST.findall(line)})} tests"


def section(name: str) -> str:
    """A section of SECURITY.md as it stands."""
    if name not in _sections():
        raise UnknownFact(f"SECURITY.md has no section {name!r}")
    return re.sub(r"\]\(docs/", "](../", _sections()[name]).strip()


def proved(test: str) -> str:
    """A test, as a proof: `file::name`, which must be there."""
    file, _, name = test.partition("::")
    if f"def {name}(" not in _text(file):
        raise UnknownFact(f"there is no test {name} in {file}")
    return f"`{test}`"


def in_code(file: str, words: str) -> str:
    """A file, which must hold these words: what a paper says of it is still so."""
    if words not in _text(file):
        raise UnknownFact(f"{file} does not hold {words!r} any more")
    return f"`{file}`"


@cache
def _sections() -> dict[str, str]:
    parts = re.split(r"^## (.+)$", _text("SECURITY.md"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


# ── keys, acts, parts ───────────────────────────────────────────────────────────────────────────────────────────────


def key_purposes() -> str:
    """What sealed data serve; each purpose has its own keys, one a day."""
    return ", ".join(purpose.name.lower() for purpose in Purpose)


def acts_count() -> str:
    """How many acts the trail declares."""
    return str(len(acts()))


def groups() -> str:
    """The groups of a person's fields."""
    return ", ".join(Fields)


def dependencies() -> str:
    """What the platform runs on, with the versions that its lock holds."""
    project = tomllib.loads(_text("pyproject.toml"))["project"]
    locked = {one["name"]: one.get("version", "") for one in tomllib.loads(_text("uv.lock"))["package"]}
    names = [re.split(r"[\[<>=;! ]", text, maxsplit=1)[0] for text in project["dependencies"]]
    body = [[f"`{name}`", locked[name.lower()]] for name in sorted(names)]
    return (
        _table(["Part", "Version"], body)
        + f"\n\n{len(locked)} packages with those that they need and the tools of development."
    )


FACTS: dict[str, Callable[..., str]] = {
    "acts-count": acts_count,
    "clear-fields": clear_fields,
    "data-catalogue": data_catalogue,
    "data-of": data_of,
    "dependencies": dependencies,
    "doors": doors,
    "doors-count": doors_count,
    "doors-of": doors_of,
    "forms": forms,
    "groups": groups,
    "in-code": in_code,
    "invariants": invariants,
    "invariants-count": invariants_count,
    "kept-of": kept_of,
    "key-purposes": key_purposes,
    "processing": processing,
    "proved": proved,
    "retention": retention,
    "rights-matrix": rights_matrix,
    "rights-rows": rights_rows,
    "section": section,
    "seen": seen,
}


def _text(file: str) -> str:
    try:
        return (ROOT / file).read_text("utf-8")
    except OSError as error:
        raise UnknownFact(f"{file} cannot be read") from error


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
