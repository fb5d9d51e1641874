"""The Arabic and Portuguese catalogues: every string of the person's pages and of their shell, and the compiled files."""

import ast
import gettext
import re

import pytest
from tests.unit.site.test_catalogue import BLOCK, PLACEHOLDER, SOURCES, STRING, VARIABLE

from rempart.foundation.terminology import pathogen

LANGUAGES = ("ar", "pt")
PAGES = [
    *(SOURCES / "screening" / "templates" / "portal").glob("*.html"),
    *(SOURCES / "site" / "templates").glob("[45]*.html"),
    SOURCES / "site" / "templates" / "base.html",
    SOURCES / "foundation" / "messaging" / "templates" / "messaging" / "stop.html",
    SOURCES / "site" / "templates" / "components" / "field.html",
]
AGENTS_ONLY = {"Se déconnecter", "Retour à la liste"}
"""Strings of the shell that nobody reads without an account."""
SAME = {"Menu", "Menu principal"}
"""Strings that are written the same in Portuguese."""
MENU = {
    "Accueil",
    "L’épidémie",
    "Mon résultat",
    "Me préinscrire",
    "Laboratoires",
    "Vos données et vos droits",
}


def catalogue(language: str) -> gettext.GNUTranslations:
    file = SOURCES / "site" / "locale" / language / "LC_MESSAGES" / "django.mo"
    with file.open("rb") as compiled:
        return gettext.GNUTranslations(compiled)


def said() -> set[str]:
    """What the person's pages mark for translation."""
    found = set(MENU)
    for path in PAGES:
        if path.name in ("409.html", "503.html"):  # of agents; of a key store that does not answer
            continue
        template = path.read_text("utf-8")
        found |= {match[1][1:-1] for match in re.finditer(rf"(?:translate |_\()({STRING})", template)}
        found |= {VARIABLE.sub(r"%(\1)s", match[1]) for match in BLOCK.finditer(template)}
    for path in [SOURCES / "screening" / "portal" / "pages.py", SOURCES / "screening" / "fields.py"]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="_"), args=[ast.Constant(value=str(value))]):
                    found.add(value)
    return found - AGENTS_ONLY


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_string_of_the_persons_pages_is_translated(language):
    known = catalogue(language)
    missing = sorted(one for one in said() if known.gettext(one) == one and one not in SAME)
    assert missing == [], f"add them to locale/{language}/LC_MESSAGES/django.po and compile it"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_keeps_its_variables(language):
    known = catalogue(language)
    for one in said():
        assert sorted(PLACEHOLDER.findall(known.gettext(one))) == sorted(PLACEHOLDER.findall(one)), one


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_result_of_the_disease_is_said(language):
    disease = pathogen("covid19")
    for rule in [*disease.results.values(), *disease.results_by_kind.values()]:
        told = rule.said(language)
        assert told.label != rule.label_fr, rule.advice
        assert len(told.advice) == len(rule.advice_fr), rule.advice


def test_a_language_that_the_disease_does_not_speak_is_french():
    rule = pathogen("covid19").results["P"]
    assert rule.said("sw").advice == rule.advice_fr
    assert rule.said("en").label == "Positive"
