"""The answers that travel beside a result, gathered over a message and said in the house's words."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from rempart.foundation.terminology import Question, QuestionKind, residence_of, yes_no
from rempart.screening.rules.report import Moment, Residence, Symptoms

_SYMPTOM_CLASSES = {symptoms.value: symptoms for symptoms in Symptoms}
# A member of an enumeration takes a tenth of a microsecond to look up: as much as the rest of an answer.
_HEALTH_WORKER, _SYMPTOMATIC = QuestionKind.HEALTH_WORKER, QuestionKind.SYMPTOMATIC
_SYMPTOM_CLASS, _ONSET_DATE = QuestionKind.SYMPTOM_CLASS, QuestionKind.ONSET_DATE
_RESIDENCE, _CONGREGATE = QuestionKind.RESIDENCE, QuestionKind.CONGREGATE


@dataclass(slots=True)
class Answers:
    """What a message answered so far; a question without a readable answer stays open."""

    health_worker: bool | None = None
    symptomatic: bool | None = None
    symptoms_unknown: bool = False
    symptom_class: Symptoms | None = None
    onset: date | None = None
    congregate: bool | None = None
    residences: list[Residence] = field(default_factory=list)

    def add(self, question: Question, *, code: str, text: str = "", day: date | None = None) -> None:
        """Take one answer: its code, its text when it has one, and the day it may be."""
        kind = question.kind
        if kind is _HEALTH_WORKER:
            self.health_worker = _yes_or_no(code, text)
        elif kind is _SYMPTOMATIC:
            self.symptomatic = _yes_or_no(code, text)
            self.symptoms_unknown = self.symptomatic is None and bool(code or text)
        elif kind is _SYMPTOM_CLASS:
            self.symptom_class = _SYMPTOM_CLASSES.get(code.upper())
        elif kind is _ONSET_DATE:
            self.onset = day
        elif kind is _CONGREGATE:
            self.congregate = _yes_or_no(code, text)
        elif kind is _RESIDENCE:
            letter = residence_of(code) or residence_of(text)
            if letter and letter not in self.residences:
                self.residences.append(Residence(letter))

    def residence(self) -> tuple[Residence, ...]:
        """Item 1.4.1: the kinds of residence named, else what living in a community or not tells."""
        if self.residences or self.congregate is None:
            return tuple(self.residences)
        return (Residence.OTHER_COLLECTIVE if self.congregate else Residence.INDIVIDUAL,)

    def symptoms(self, sampled_at: Moment | None) -> Symptoms | None:
        """Item 1.5.1: the class of symptoms on the day of sampling, None when nothing was said."""
        if self.symptom_class is not None:
            return self.symptom_class
        if self.symptomatic is False:
            return Symptoms.NONE
        if self.onset is not None and sampled_at is not None:
            days = (sampled_at.at.date() - self.onset).days
            if days >= 0:
                return _class_of(days)
        if self.symptomatic or self.symptoms_unknown or self.onset is not None:
            return Symptoms.UNKNOWN
        return None


def _yes_or_no(code: str, text: str) -> bool | None:
    answer = yes_no(code)
    return yes_no(text) if answer is None and text else answer


def _class_of(days: int) -> Symptoms:
    if days <= 1:
        return Symptoms.UNDER_2_DAYS
    if days <= 4:
        return Symptoms.DAYS_2_TO_4
    return Symptoms.DAYS_5_TO_7 if days <= 7 else Symptoms.OVER_A_WEEK
