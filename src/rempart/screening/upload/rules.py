"""What there is to say of a table before anything of it is kept: counted by outcome, and by row and column."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rempart.screening.formats.tables.columns import columns
from rempart.screening.rules.catalogue import catalogue
from rempart.screening.rules.judging import Judgement
from rempart.screening.rules.report import Outcome, Severity

_PLACE = re.compile(r"row (\d+)(?:, column ([a-z_]+))?", re.ASCII)
_REPORT_HEADER = ("ligne", "colonne", "gravité", "code", "ce qui ne va pas", "ce qu’il faut faire")
_SEVERITIES = {Severity.ERROR: "erreur", Severity.WARNING: "remarque"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing to say; `row` is the number that a spreadsheet shows, 0 for the table as a whole."""

    row: int
    column: str  # key, empty for the row as a whole
    code: str
    severity: Severity

    @property
    def label(self) -> str:
        """The column's name, as the page shows it."""
        column = columns().get(self.column)
        return column.label_fr if column else self.column

    @property
    def text(self) -> str:
        return catalogue()[self.code].text_fr

    @property
    def do(self) -> str:
        return catalogue()[self.code].do_fr


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A table that was looked at."""

    outcomes: Counter[Outcome]
    problems: Sequence[Problem]  # in the order of rows, errors first within one

    @property
    def rows(self) -> int:
        return sum(self.outcomes.values())

    @property
    def may_be_kept(self) -> bool:
        """The whole, or nothing: a file with one wrong row is corrected and brought again."""
        return bool(self.rows) and not self.outcomes[Outcome.REJECTED]

    @property
    def errors(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.severity is Severity.ERROR]


def look(judged: Iterable[Judgement]) -> Looked:
    """Gather what the rules said of each row."""
    outcomes: Counter[Outcome] = Counter()
    problems: list[Problem] = []
    for judgement in judged:
        outcomes[judgement.outcome] += 1
        for said in judgement.findings:
            match = _PLACE.match(said.location)
            row, column = (int(match[1]), match[2] or "") if match else (0, "")
            problems.append(Problem(row=row, column=column, code=said.code, severity=said.severity))
    problems.sort(key=lambda one: (one.row, one.severity is not Severity.ERROR))
    return Looked(outcomes=outcomes, problems=problems)


def report(looked: Looked) -> bytes:
    """Every problem by row and column, as a CSV that Excel opens; holds nothing that the table says of a person."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(_REPORT_HEADER)
    for one in looked.problems:
        row = one.row or ""
        writer.writerow((row, one.label, _SEVERITIES[one.severity], one.code, one.text, one.do))
    return text.getvalue().encode("utf-8-sig")


def example() -> bytes:
    """An empty table with every column, by its own name."""
    return ";".join(columns()).encode("utf-8-sig") + b"\r\n"
