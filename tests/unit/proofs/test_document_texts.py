"""The texts of the documents as data: dated, with a source, and with places for values that mark nothing."""

from datetime import date
from importlib import resources

import pytest

from rempart.proofs.documents import texts
from rempart.proofs.documents.texts import filled, paragraphs, runs, texts_of

DOCUMENTS = ("handover", "hygiene", "information", "letter", "orientation")


def test_every_text_has_a_file_and_the_reverse() -> None:
    files = (resources.files("rempart.proofs") / "data" / "documents").iterdir()
    assert sorted(file.name for file in files) == sorted(f"{name}.toml" for name in (*DOCUMENTS, "address"))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_each_version_says_from_when_and_whence(document: str) -> None:
    versions = texts._versions(document)
    assert all(isinstance(version["from"], date) and version["source"] for version in versions)


def test_the_version_of_the_day_holds_and_keeps_what_it_does_not_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    versions = [
        {"from": date(2020, 5, 11), "title": "first", "phone": "1"},
        {"from": date(2021, 6, 9), "title": "second"},
    ]
    monkeypatch.setattr(texts, "_versions", lambda document: versions)
    assert texts_of("any", date(2020, 1, 1))["title"] == "first"  # before the first, the first
    assert texts_of("any", date(2021, 6, 8))["title"] == "first"
    assert texts_of("any", date(2021, 6, 9)) == {**versions[1], "phone": "1"}


def test_marks_are_those_of_the_text_not_of_the_value() -> None:
    assert runs("a *b {x}* c {x}", {"x": "*{x}*"}) == [
        ("a ", False),
        ("b *{x}*", True),
        (" c *{x}*", False),
    ]


def test_a_text_without_its_value_is_left_out() -> None:
    assert paragraphs(["a {x}", "b {y}", "c"], {"x": "", "y": "1"}) == [[("b 1", False)], [("c", False)]]


def test_a_place_without_a_value_is_an_error() -> None:
    with pytest.raises(KeyError):
        paragraphs(["{unknown}"], {})


def test_no_line_ends_within_a_number_or_before_a_mark() -> None:
    assert filled("Le 0 800 : quoi ? « {x} » 15 h", {"x": "a : b"}) == (
        "Le 0\u00a0800\u00a0: quoi\u00a0? «\u00a0a : b\u00a0» 15 h"
    )
