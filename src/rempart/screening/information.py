"""The information notice: what a person is told of her data (GDPR art. 13 and 14), in dated versions."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib import resources


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A question and its answer, in paragraphs, in both languages."""

    title_fr: str
    title_en: str
    text_fr: tuple[str, ...]
    text_en: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """The notice in force from a day on."""

    since: date
    sections: tuple[Section, ...]


@lru_cache(maxsize=1)
def notices() -> tuple[Notice, ...]:
    """Every version, oldest first."""
    text = resources.files(__package__).joinpath("data/information.toml").read_text("utf-8")
    versions = sorted(tomllib.loads(text)["version"], key=lambda one: one["from"])
    return tuple(
        Notice(
            since=version["from"],
            sections=tuple(
                Section(
                    title_fr=one["title_fr"],
                    title_en=one["title_en"],
                    text_fr=tuple(one["text_fr"]),
                    text_en=tuple(one["text_en"]),
                )
                for one in version["section"]
            ),
        )
        for version in versions
    )


def notice_on(day: date) -> Notice:
    """The version in force on a day; the first one for the days before it."""
    return max((n for n in notices() if n.since <= day), key=lambda n: n.since, default=notices()[0])
