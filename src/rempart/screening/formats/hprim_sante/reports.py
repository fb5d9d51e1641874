"""HPRIM Santé, from segments to reports: which field holds which item of annex 1 (MINSANTE n°101).

Laboratory: H-4. Record number: OBR-3, else OBR-2. Sampling: OBR-7. Validation: OBR-22, else OBX-14. Prescriber:
OBR-16. Attending doctor: the first of P-13. Specimen: OBR-15. Analysis, result and status: OBX-3, OBX-5 and OBX-11
(OBR-25 where it is empty). What has no field comes under reserved codes (formats/supplements.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import tzinfo

from rempart.foundation.terminology import QuestionKind
from rempart.screening.formats import analyses, coded
from rempart.screening.formats.context import Context, Observed, Role
from rempart.screening.formats.dates import hl7_date, hl7_moment, hl7_moment_without_zone
from rempart.screening.formats.delimited import Segment
from rempart.screening.formats.documents import Documents
from rempart.screening.formats.hprim_sante import fields
from rempart.screening.formats.hprim_sante.messages import Message, Order, Patient
from rempart.screening.formats.questions import Answers
from rempart.screening.formats.supplements import CODES, LONGEST, Supplement, Supplements
from rempart.screening.rules.catalogue import Profile, finding, shown
from rempart.screening.rules.report import (
    Document,
    Finding,
    Laboratory,
    Moment,
    Person,
    Practitioner,
    Report,
    Result,
    Status,
)

# OBX-11. U: nothing new since the last time; X: cannot be obtained.
_STATUSES = {
    "F": Status.FINAL,
    "U": Status.FINAL,
    "X": Status.FINAL,
    "C": Status.CORRECTED,
    "P": Status.HELD,
    "R": Status.HELD,
    "I": Status.HELD,
    "D": Status.RETRACTED,
}
# OBR-25, asked only when OBX-11 is empty. M, R and O are of orders in progress.
_ORDER_STATUSES = {"F": "F", "C": "C", "X": "X", "D": "D", "P": "P", "I": "I", "M": "I", "R": "R", "O": "I"}
_TEST_MESSAGES = frozenset({"T", "D"})  # H-11
# Members that are asked for with each observation: each takes a tenth of a microsecond to look up.
_VARIANT, _ONSET_DATE = Role.VARIANT, QuestionKind.ONSET_DATE


@dataclass(slots=True)
class _Found:
    """One observation that becomes a report, with what its value and status say."""

    order: Order
    obx: Segment
    observed: Observed
    raw: str
    result: Result | None
    status: Status


@dataclass(slots=True)
class _Content:
    """The observations of one patient, sorted."""

    found: list[_Found] = field(default_factory=list)
    supplements: Supplements = field(default_factory=Supplements)
    letters: list[tuple[str, str]] = field(default_factory=list)
    screenings: list[Segment] = field(default_factory=list)  # of the letters
    answers: Answers = field(default_factory=Answers)
    documents: tuple[Document, ...] = ()


def reports_of(
    message: Message, *, has_ins: bool, context: Context, findings: list[Finding]
) -> tuple[Report, ...]:
    """Every report of a message; what is wrong with its fields is added to the findings."""
    reader = _Reader(message.h, has_ins, context, findings)
    reports: list[Report] = []
    for patient in message.patients:
        reports += reader.reports(patient)
    return tuple(reports)


class _Reader:
    """What the reports of one message share: the sender, the findings."""

    __slots__ = ("context", "findings", "has_ins", "held", "laboratory", "zone")

    def __init__(self, h: Segment, has_ins: bool, context: Context, findings: list[Finding]) -> None:
        self.context = context
        self.findings = findings
        self.has_ins = has_ins
        self.laboratory: Laboratory = fields.laboratory(h.brief(4), h.lexis)
        self.zone: tzinfo = context.zone(self.laboratory.finess)
        processing = h.text(11)
        self.held = processing in _TEST_MESSAGES and context.profile is Profile.FR
        if self.held:
            findings.append(finding("H04", "test", "H-11", given=processing))

    def reports(self, patient: Patient) -> list[Report]:
        """The reports of one patient; answers and mutation letters go with them wherever they stand."""
        content = self._sort(patient)
        if not content.found:
            return []
        person = self._person(patient.p, content.supplements)
        attending = self._attending(patient.p, content.supplements)
        screened = (
            analyses.screened([(f.observed, f.result) for f in content.found])
            if content.letters
            else frozenset()
        )
        variants = analyses.letters_of(content.letters)
        return [
            self._report(f, person, attending, content, variants if n in screened else ())
            for n, f in enumerate(content.found)
        ]

    def _sort(self, patient: Patient) -> _Content:
        """Tell results from answers, mutation letters and reserved codes."""
        content = _Content()
        documents: Documents | None = None  # most messages attach none
        observe, number = self.context.observe, self.laboratory.finess
        for order in patient.orders:
            for obx in order.results:
                observed = observe(coded.names(obx.brief(3), obx.lexis), number)
                if observed.question is not None:
                    _answer(content.answers, obx, observed)
                elif observed.role is _VARIANT:
                    content.letters.append((observed.letter, obx.text(5)))
                    content.screenings.append(obx)
                elif (kind := CODES.get(observed.code)) is not None:
                    content.supplements.add(kind, obx.text(5)[:LONGEST])
                elif obx.raw(2) == "FIC":
                    documents = documents or Documents(self.findings)
                    self._attach(obx, documents)
                elif self._takes(obx, observed):
                    content.found.append(self._found(order, obx, observed))
        if documents is not None:
            content.documents = documents.kept
        return content

    def _attach(self, obx: Segment, documents: Documents) -> None:
        """A report as a file: application, name, type, and its bytes in base64 as a fourth component, which is ours
        (docs/decisions/034-annex-1.md). Without it, the file is somewhere else."""
        for parts in obx.repetitions(5):
            if parts[3]:
                documents.take_base64(parts[3], place=obx.at(5), title=obx.lexis.read(parts[1]))
            else:
                self.findings.append(finding("C09", "absent", obx.at(5)))

    def _takes(self, obx: Segment, observed: Observed) -> bool:
        if observed.analysis is not None and observed.analysis.published:
            return True
        return analyses.takes(observed, obx.at(3), context=self.context, findings=self.findings)

    def _found(self, order: Order, obx: Segment, observed: Observed) -> _Found:
        code = obx.text(11)
        if not code and order.obr is not None:
            given = order.obr.text(25)
            code = _ORDER_STATUSES.get(given, given)
        status = _STATUSES.get(code)
        if status is None:
            case = "unknown" if code else "missing"
            self.findings.append(finding("R07", case, obx.at(11), given=shown(code)))
            status = Status.HELD
        value = coded.value_of(obx, self.context.not_results)
        result: Result | None = None
        if code == "X":
            result = Result.NON_CONFORM
        elif len(value.results) == 1:
            result = value.results[0]
            if value.presumptive:
                self.findings.append(finding("R09", "presumptive", obx.at(5)))
        elif value.results:
            first, second = value.results[:2]
            values = {"first": first.value, "second": second.value}
            self.findings.append(finding("R08", "contradiction", obx.at(5), **values))
        elif value.raw and value.raw not in self.context.not_results:
            result = self.context.result(value.raw, self.laboratory.finess)
        return _Found(order, obx, observed, value.raw, result, Status.HELD if self.held else status)

    def _report(
        self,
        found: _Found,
        person: Person,
        attending: Practitioner,
        content: _Content,
        variants: tuple[tuple[str, str], ...],
    ) -> Report:
        obr, obx, observed = found.order.obr, found.obx, found.observed
        supplements = content.supplements
        sampled_at = self._sampled_at(obr, supplements)
        return Report(
            laboratory=self.laboratory,
            record_number=_record_number(obr),
            person=person,
            analysis_code=observed.code,
            analysis_label=observed.label,
            loinc=observed.loinc,
            raw_result=found.raw,
            result=found.result,
            status=analyses.held_back(found.status, observed, context=self.context),
            sampled_at=sampled_at,
            validated_at=self._validated_at(obr, obx),
            prescriber=self._prescriber(obr, supplements),
            general_practitioner=attending,
            residence=content.answers.residence(),
            health_worker=content.answers.health_worker,
            symptoms=content.answers.symptoms(sampled_at),
            variants=variants,
            screened_at=self._screened_at(content) if variants else None,
            specimen=_specimen(obr) or supplements[Supplement.SPECIMEN],
            device=supplements[Supplement.DEVICE],
            documents=content.documents,
            location=obx.location,
        )

    def _person(self, p: Segment | None, supplements: Supplements) -> Person:
        if p is None:
            return Person()
        person = fields.person(p, supplements, has_ins=self.has_ins)
        if person.birth_date is None and p.text(7):
            self.findings.append(finding("P03", "unreadable", "P-7"))
        return person

    def _prescriber(self, obr: Segment | None, supplements: Supplements) -> Practitioner:
        if obr is not None and (brief := obr.brief(16)):
            return fields.practitioner(brief, obr.lexis)
        return supplements.practitioner(Supplement.PRESCRIBER, Supplement.PRESCRIBER_ADELI)

    def _attending(self, p: Segment | None, supplements: Supplements) -> Practitioner:
        if p is not None and (brief := p.brief(13)):
            return fields.practitioner(brief, p.lexis)
        return supplements.practitioner(Supplement.ATTENDING, Supplement.ATTENDING_ADELI)

    def _sampled_at(self, obr: Segment | None, supplements: Supplements) -> Moment | None:
        """OBR-7; where it cannot be read or is not there, the reserved code."""
        text = obr.text(7) if obr is not None else ""
        if obr is not None and text and (moment := self._moment(text, obr, 7)) is not None:
            return moment
        other = hl7_moment(supplements[Supplement.SAMPLED_AT], self.zone)
        if obr is not None and text:
            case = ("S01", "unreadable") if other is None else ("S04", "other")
            self.findings.append(finding(*case, obr.at(7)))
        return other

    def _validated_at(self, obr: Segment | None, obx: Segment) -> Moment | None:
        for segment, number in ((obr, 22), (obx, 14)):
            if segment is not None and (text := segment.text(number)):
                moment = self._moment(text, segment, number)
                if moment is None:
                    self.findings.append(finding("S04", "validation", segment.at(number)))
                return moment
        return None

    def _screened_at(self, content: _Content) -> Moment | None:
        """OBX-14 of the first letter that has one, else the reserved code."""
        for segment in content.screenings:
            if text := segment.text(14):
                moment = self._moment(text, segment, 14)
                if moment is None:
                    self.findings.append(finding("S04", "screening", segment.at(14)))
                return moment
        return hl7_moment(content.supplements[Supplement.SCREENED_AT], self.zone)

    def _moment(self, text: str, segment: Segment, number: int) -> Moment | None:
        moment = hl7_moment(text, self.zone)
        if moment is None:
            moment = hl7_moment_without_zone(text, self.zone)
            if moment is not None:
                self.findings.append(finding("S04", "zone", segment.at(number)))
        return moment


def _answer(answers: Answers, obx: Segment, observed: Observed) -> None:
    """Take what an OBX answers to a question; several repetitions, or letters with commas, are several answers."""
    question = observed.question
    if question is None or not question.kept:
        return
    for codes, text in coded.answers_of(obx):
        for code in codes.split(","):
            day = hl7_date(code.strip()) if question.kind is _ONSET_DATE else None
            answers.add(question, code=code.strip(), text=text, day=day)


def _record_number(obr: Segment | None) -> str:
    """The laboratory's number of the specimen or the request (OBR-3), else the requester's (OBR-2)."""
    if obr is None:
        return ""
    return obr.text(3) or obr.text(3, 2) or obr.text(2) or obr.text(2, 2)


def _specimen(obr: Segment | None) -> str:
    if obr is None:
        return ""
    return (obr.text(15) or obr.text(15, 2))[:LONGEST]
