"""The English catalogue: every French string has its English, and the compiled file is the text's."""

import ast
import gettext
import re
import tomllib
from pathlib import Path

SOURCES = Path(__file__).parents[3] / "src" / "rempart"
FOLDER = SOURCES / "site" / "locale" / "en" / "LC_MESSAGES"
STRING = r'"(?:[^"\\]|\\.)*"'
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w+\}")
BLOCK = re.compile(r"\{% blocktranslate\b[^%]*%\}(.*?)\{% endblocktranslate %\}", re.DOTALL)
DATA = {
    "foundation/audit/data/catalogue.toml": {"label", "told"},
    "foundation/audit/data/detection.toml": {"label"},
    "foundation/retention/data/retention.toml": {"label", "counts"},
    "screening/data/columns.toml": {"label_fr"},
    "protection/catalogue/data/processings.toml": {"title_fr", "why_fr", "whose_fr", "basis_fr"},
}
"""Texts of data that pages translate: files, and the fields of their entries."""
PLURALS: dict[str, str] = {}
"""Plurals of the catalogue, and the singular by which each is found."""

VARIABLE = re.compile(r"\{\{ (\w+) \}\}")


def text() -> dict[str, str]:
    """The .po file: what is translated, and into what; a plural stands beside its singular."""
    found, parts = {}, {}
    for line in [*(FOLDER / "django.po").read_text("utf-8").splitlines(), ""]:
        if match := re.match(rf"(msgid(?:_plural)?|msgstr(?:\[[01]\])?) ({STRING})", line):
            keyword = match[1]
            parts[keyword] = ast.literal_eval(match[2])
        elif line.startswith('"'):
            parts[keyword] += ast.literal_eval(line)
        elif not line and parts:
            if plural := parts.get("msgid_plural"):
                found |= {parts["msgid"]: parts["msgstr[0]"], plural: parts["msgstr[1]"]}
                PLURALS[plural] = parts["msgid"]
            else:
                found[parts["msgid"]] = parts["msgstr"]
            parts = {}
    del found[""]
    return found


def marked() -> set[str]:
    """The strings that templates and pages mark for translation, as the catalogue would write them."""
    found = set()
    for path in [*SOURCES.rglob("templates/**/*.html"), *SOURCES.rglob("templates/**/*.svg")]:
        template = path.read_text("utf-8")
        for match in re.finditer(rf"(?:translate |_\()({STRING})", template):
            found.add(match[1][1:-1])
        for match in BLOCK.finditer(template):
            for form in match[1].split("{% plural %}"):
                found.add(VARIABLE.sub(r"%(\1)s", form.replace("%", "%%")))
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="_"), args=[ast.Constant(value=str(value))]):
                    found.add(value)
                case ast.Call(
                    func=ast.Name(id="ngettext"),
                    args=[ast.Constant(value=str(one)), ast.Constant(value=str(many)), _],
                ):
                    found |= {one, many}
    return found


def declared() -> set[str]:
    """The texts of data that pages translate."""
    found = set()
    for name, fields in DATA.items():
        entries = tomllib.loads((SOURCES / name).read_text("utf-8")).values()
        rows = [entry for entry in entries if isinstance(entry, dict)]
        said = {row[field] for row in rows for field in fields & row.keys()}
        assert said, name
        found |= said
    return found - {""}


def compiled_text(compiled: gettext.GNUTranslations, one: str) -> str:
    if one in PLURALS:
        return compiled.ngettext(PLURALS[one], one, 2)
    return compiled.ngettext(one, one, 1) if one in PLURALS.values() else compiled.gettext(one)


def test_the_compiled_catalogue_is_that_of_the_text():
    with (FOLDER / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    translations = text()
    assert len(translations) > 200
    stale = [one for one, english in translations.items() if compiled_text(compiled, one) != english]
    assert stale == [], "compile it again: msgfmt -o django.mo django.po"


def test_every_string_has_its_english():
    known = text()
    missing = sorted(
        one for one in marked() | declared() if not known.get(one.replace("%", "%%")) and not known.get(one)
    )
    assert missing == [], "add them to locale/en/LC_MESSAGES/django.po and compile it"


def test_a_translation_keeps_its_variables():
    lost = {
        french: english
        for french, english in text().items()
        if sorted(PLACEHOLDER.findall(french)) != sorted(PLACEHOLDER.findall(english))
    }
    assert lost == {}
