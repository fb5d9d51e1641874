"""A table of results to reports: each row is one message, with one analysis of one person.

Which column is which, the header tells (data/columns.toml), or a laboratory that has said so. What cannot be undone is an
error of its row; what can is mended, and said.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date, tzinfo

from rempart.foundation.terminology import Question, question_of, result_of
from rempart.foundation.terminology import is_presumptive as presumptive
from rempart.screening.formats import analyses
from rempart.screening.formats.context import Context, Observed
from rempart.screening.formats.dates import french_date
from rempart.screening.formats.emails import of_the_person, one_address
from rempart.screening.formats.practitioners import practitioner_of
from rempart.screening.formats.questions import Answers
from rempart.screening.formats.tables import cells, sheets
from rempart.screening.formats.tables.columns import Columns, columns, missing, repeated
from rempart.screening.formats.tables.sheets import LONGEST_CELL, Row, Unreadable
from rempart.screening.rules.catalogue import finding, shown
from rempart.screening.rules.report import (
    Address,
    Finding,
    Format,
    Item,
    Laboratory,
    Moment,
    Person,
    Report,
    Result,
    Status,
)

_STATUSES = {
    "": Status.FINAL, "F": Status.FINAL, "FINAL": Status.FINAL, "VALIDE": Status.FINAL, "V": Status.FINAL,
    "C": Status.CORRECTED, "CORRIGE": Status.CORRECTED, "CORRECTED": Status.CORRECTED,
    "R": Status.HELD, "NON VALIDE": Status.HELD, "P": Status.HELD,
    "D": Status.RETRACTED, "ANNULE": Status.RETRACTED, "W": Status.RETRACTED,
}  # fmt: skip
_LETTERS = {"variant_a": "A", "variant_b": "B", "variant_c": "C", "variant_d": "D"}
_LONG_NUMBERS = (
    "ins",
    "numero_assure",
    "prescripteur",
    "medecin_traitant",
    "numero_dossier",
    "finess",
    "mobile",
)
_ANSWERS = {
    "residence": "SIDEP-RESID",
    "professionnel_sante": "SIDEP-PROSANTE",
    "symptomes": "SIDEP-SYMPT",
    "date_symptomes": "65222-2",
}
_SYMPTOMATIC = "95419-8"


def decode(
    payload: bytes, *, context: Context, columns: Columns | None = None, laboratory: str = ""
) -> Iterator[Item]:
    """Every row of a table. Never raises on content; yields one Item with the reason where there is no table.

    `columns`: which column is which, when the laboratory has said so; else the header tells. `laboratory`: the FINESS
    number of rows that name none.
    """
    try:
        sheet = sheets.read(payload, named=columns is None)
    except Unreadable as why:
        yield _nothing(payload, 0, finding("T05", why.case, "table"))
        return
    found = sheet.columns if columns is None else columns
    lacking = missing(found)
    if lacking:
        yield _nothing(payload, 0, *(finding("T01", "missing", "header", column=one) for one in lacking))
        return
    twice = (
        [finding("T01", "twice", "header", column=key) for key in repeated(sheet.header)]
        if columns is None
        else []
    )
    position = 0
    try:
        for position, row in enumerate(sheet.rows):
            yield _Row(
                row, found, context, laboratory, width=len(sheet.header), said=twice if not position else []
            ).item(position)
    except Unreadable as why:
        yield _nothing(b"", position + 1, finding("T05", why.case, "table"))


def _nothing(raw: bytes, position: int, *said: Finding) -> Item:
    return Item(position=position, format=Format.TABLE, raw=raw, findings=said)


class _Row:
    """One row being read."""

    def __init__(
        self,
        row: Row,
        columns: Columns,
        context: Context,
        laboratory: str,
        *,
        width: int,
        said: list[Finding],
    ) -> None:
        self._cells = row.cells
        self._columns = columns
        self._context = context
        self._place = f"row {row.number}"
        self.findings = list(said)
        self._shifted = any(row.cells[width:])
        if self._shifted:  # which cell is which, nobody can tell any more
            self._say("T04", "cells", given=len(row.cells), expected=width)
        given = self["finess"]
        self._finess = cells.finess_of(given) or laboratory
        if self._finess != given and given:
            self._say("T03", "zero", column="finess")

    def __getitem__(self, key: str) -> str:
        place = self._columns.get(key)
        if place is None or place >= len(self._cells):
            return ""
        return self._cells[place]

    def item(self, position: int) -> Item:
        too_long = [key for key in self._columns if len(self[key]) > LONGEST_CELL]
        for key in too_long:
            self._say("F03", "long", column=key, size=len(self[key]), limit=LONGEST_CELL)
        report = None if too_long or self._shifted else self._report()
        return Item(
            position=position,
            format=Format.TABLE,
            raw=self._raw(),
            sender=self._finess,
            reports=(report,) if report else (),
            findings=tuple(self.findings),
        )

    def _raw(self) -> bytes:
        """The row under our own names of its columns, those that a table needs included: what can be read again by itself."""
        text, known = io.StringIO(), columns()
        keys = [key for key in self._columns if self[key] or known[key].required or known[key].one_of]
        csv.writer(text, delimiter=";").writerows((keys, [self[key] for key in keys]))
        return text.getvalue().encode("utf-8", "replace")

    def _report(self) -> Report | None:
        for key in _LONG_NUMBERS:
            if cells.lost_digits(self[key]):
                self._say("T02", "digits", column=key)
        observed = self._context.observe((self["analyse"], self["libelle_analyse"], ""), self._finess)
        if not analyses.takes(
            observed, f"{self._place}, column analyse", context=self._context, findings=self.findings
        ):
            return None
        zone = self._context.zone(self._finess)
        sampled_at = self._moment("prelevement", ("S01", "unreadable"), zone)
        answers = self._answers()
        result = self._result()
        letters = analyses.letters_of(
            (letter, self[key].removesuffix(",0")) for key, letter in _LETTERS.items() if self[key]
        )
        return Report(
            laboratory=Laboratory(finess=self._finess, name=self["laboratoire"]),
            record_number=self["numero_dossier"],
            person=self._person(),
            analysis_code=observed.code,
            analysis_label=observed.label,
            loinc=observed.loinc,
            raw_result=self["resultat"],
            result=result,
            status=self._status(observed),
            sampled_at=sampled_at,
            validated_at=self._moment("validation", ("S04", "validation"), zone),
            prescriber=practitioner_of(
                self["prescripteur"], self["nom_prescripteur"], national=True, adeli=True
            ),
            general_practitioner=practitioner_of(self["medecin_traitant"], "", national=True, adeli=True),
            residence=answers.residence(),
            health_worker=answers.health_worker,
            symptoms=answers.symptoms(sampled_at),
            variants=letters,
            specimen=self["type_prelevement"],
            device=self["dispositif"],
            location=self._place,
        )

    def _person(self) -> Person:
        mobile = cells.mobile_of(self["mobile"])
        postal_code = cells.with_zero(self["code_postal"], of=5)
        for key, mended in (("mobile", mobile), ("code_postal", postal_code)):
            if mended != self[key]:
                self._say("T03", "zero", column=key)
        street = self["adresse"]
        return Person(
            birth_name=self["nom_naissance"],
            used_name=self["nom_usage"],
            first_names=tuple(name for part in self["prenoms"].split(",") if (name := part.strip())),
            sex=cells.sex_of(self["sexe"]),
            birth_date=self._born(),
            birth_place=self["lieu_naissance"].upper(),
            ins=self["ins"].replace(" ", "").upper(),
            ins_authority=self["oid_ins"],
            insured_number=self["numero_assure"].replace(" ", ""),
            local_id=self["numero_patient"],
            address=Address(
                lines=(street,) if street else (),
                postal_code=postal_code,
                city=self["commune"],
                country=self["pays"],
            ),
            phone=cells.with_zero(self["telephone"], of=10),
            mobile=mobile,
            email=of_the_person(self["email"]),
            relative_mobile=cells.mobile_of(self["mobile_proche"]),
            relative_email=one_address(self["email_proche"]),
        )

    def _born(self) -> date | None:
        text = self["date_naissance"]
        born = cells.birth_date_of(text)
        if text and born is None:
            self._say("P03", "unreadable", column="date_naissance")
        return born

    def _moment(self, of: str, otherwise: tuple[str, str], zone: tzinfo) -> Moment | None:
        day = self[f"date_{of}"]
        if not day:
            return None
        moment = cells.moment_of(day, self[f"heure_{of}"], zone)
        if moment is None:
            self._say(*otherwise, column=f"date_{of}")
        return moment

    def _answers(self) -> Answers:
        answers = Answers()
        for key, code in _ANSWERS.items():
            for said in self[key].split(",") if self[key] else ():
                value = said.strip()
                answers.add(_question(code), code=value, day=french_date(value))
        if self["symptomes"] and answers.symptom_class is None:  # yes or no, where the class is asked
            answers.add(_question(_SYMPTOMATIC), code=self["symptomes"])
        return answers

    def _result(self) -> Result | None:
        words = self["resultat"]
        letter = result_of(words) if words else None
        if letter is None:
            known = words and words not in self._context.not_results
            return self._context.result(words, self._finess) if known else None
        if presumptive(words):
            self._say("R09", "presumptive", column="resultat")
        return Result(letter)

    def _status(self, observed: Observed) -> Status:
        code = self["statut"].upper().replace("É", "E")
        status = _STATUSES.get(code)
        if status is None:
            self._say("R07", "unknown", column="statut", given=shown(self["statut"]))
            status = Status.HELD
        return analyses.held_back(status, observed, context=self._context)

    def _say(self, code: str, case: str, /, *, column: str = "", **values: object) -> None:
        place = f"{self._place}, column {column}" if column else self._place
        self.findings.append(finding(code, case, place, **values))


def _question(code: str) -> Question:
    question = question_of(code)
    if question is None:
        raise LookupError(f"the table of questions lacks {code}")
    return question
