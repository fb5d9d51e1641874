"""The questions that travel beside a result (ask at order entry): which one a code asks, how it is answered."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from rempart.foundation.terminology.spelling import normalise


class QuestionKind(StrEnum):
    """The questions a result may carry. Only those of MINSANTE n°101 are kept; the others are known
    so that they are not taken for analyses."""

    SYMPTOMATIC = "symptomatic"
    SYMPTOM_CLASS = "symptom_class"  # ASY, S0, S2, S5, S8, NSP
    ONSET_DATE = "onset_date"
    HEALTH_WORKER = "health_worker"
    CONGREGATE = "congregate"
    RESIDENCE = "residence"
    FIRST_TEST = "first_test"
    PREGNANT = "pregnant"
    INTENSIVE_CARE = "intensive_care"
    HOSPITALISED = "hospitalised"
    AGE = "age"
    SYMPTOM = "symptom"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    kind: QuestionKind
    codes: tuple[str, ...]  # LOINC codes, and the project's reserved HPRIM codes
    kept: bool  # part of the data set (annex 1 of MINSANTE n°101)
    label_fr: str
    label_en: str


def question_of(code: str) -> Question | None:
    """The question that a code asks, None when the code is not one of a question."""
    return _questions().get(code)


@lru_cache(maxsize=4_096)
def yes_no(text: str) -> bool | None:
    """True for a yes, False for a no; None for unknown, not asked, and anything else."""
    return _yes_no().get(normalise(text))


@lru_cache(maxsize=4_096)
def residence_of(text: str) -> str | None:
    """The letter of a kind of residence (I, H, E, C, A of MINSANTE n°101, item 1.4.1), or None."""
    return _residences().get(normalise(text))


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads((files(__package__) / "data" / "questions.toml").read_text("utf-8"))


@cache
def _questions() -> Mapping[str, Question]:
    questions = [
        Question(
            kind=QuestionKind(row["kind"]),
            codes=tuple(row["codes"]),
            kept=row["kept"],
            label_fr=row["label_fr"],
            label_en=row["label_en"],
        )
        for row in _data()["question"]
    ]
    return {code: question for question in questions for code in question.codes}


@cache
def _yes_no() -> Mapping[str, bool]:
    answers = _data()["yes_no"]
    yes = {normalise(s): True for s in answers["yes"]}
    return yes | {normalise(s): False for s in answers["no"]}


@cache
def _residences() -> Mapping[str, str]:
    return {
        normalise(spelling): letter
        for letter, spellings in _data()["residence"].items()
        for spelling in (letter, *spellings)
    }
