"""The texts of the documents: dated data, with places for values.

In a text, `*…*` is printed bold and `{name}` is the place of a value. Values are put in after the text was
taken apart, so that nothing in them is taken for a mark.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

from rempart.proofs.documents.printing import printable

Run = tuple[str, bool]
"""A piece of text, and whether it is bold."""

_LONGEST = 50  # characters of a value in a sentence
_PLACE = re.compile(r"\{(\w+)\}")
_UNBROKEN = re.compile(r"(?<=\d) (?=\d)|(?<=«) | (?=[:;!?»])")


def texts_of(document: str, on: date) -> Mapping[str, Any]:
    """The texts of a document that hold on a day; before the first version, the first.

    What a version leaves out is as in the one before.
    """
    versions = _versions(document)
    merged: dict[str, Any] = {}
    for version in [each for each in versions if each["from"] <= on] or versions[:1]:
        merged |= version
    return merged


def runs(text: str, values: Mapping[str, str]) -> list[Run]:
    """A text with its values, as pieces that are bold or not. Raises KeyError for a place without a value."""
    return [(filled(piece, values), bool(index % 2)) for index, piece in enumerate(text.split("*")) if piece]


def paragraphs(texts: Sequence[str], values: Mapping[str, str]) -> list[list[Run]]:
    """Texts with their values; a text with a place whose value is empty is left out."""
    return [runs(text, values) for text in texts if all(values[name] for name in _PLACE.findall(text))]


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with its values, and spaces that no line may end at."""
    return _PLACE.sub(lambda place: values[place[1]], _UNBROKEN.sub("\u00a0", text))


def printed(values: Mapping[str, str]) -> dict[str, str]:
    """The values in letters that the font has, each short enough for a sentence."""
    return {name: printable(value, longest=_LONGEST) for name, value in values.items()}


@cache
def _versions(document: str) -> list[dict[str, Any]]:
    file = resources.files("rempart.proofs") / "data" / "documents" / f"{document}.toml"
    versions: list[dict[str, Any]] = tomllib.loads(file.read_text("utf-8"))["version"]
    return sorted(versions, key=lambda version: version["from"])
