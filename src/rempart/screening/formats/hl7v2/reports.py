"""HL7 v2, from segments to reports: which field holds which item of annex 1 (MINSANTE n°101).

Laboratory: MSH-4, ORC-21, OBX-23, OBX-15, the first with a FINESS. Record number: OBR-3, ORC-3, SPM-2.
Sampling: OBR-7, SPM-17, OBX-14. Validation: OBR-22, OBX-19. Prescriber: OBR-16, ORC-12, PV1-8, PV1-7. Specimen: SPM-4,
OBR-15. Rapid test used: OBX-18. A relative to reach: NK1. Screening time: OBX-19 of the mutation letters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo

from rempart.foundation.terminology import QuestionKind
from rempart.screening.formats import analyses
from rempart.screening.formats.context import Context, Observed, Role
from rempart.screening.formats.dates import hl7_date, hl7_moment, hl7_moment_without_zone
from rempart.screening.formats.hl7v2 import fields, values
from rempart.screening.formats.hl7v2.documents import Enclosed, Frame
from rempart.screening.formats.hl7v2.messages import Message, Order, Patient
from rempart.screening.formats.hl7v2.tokens import Segment
from rempart.screening.formats.questions import Answers
from rempart.screening.rules.catalogue import Profile, finding, shown
from rempart.screening.rules.report import (
    Finding,
    Laboratory,
    Moment,
    Person,
    Practitioner,
    Report,
    Result,
    Status,
)

_OF_THE_PERSON = frozenset({Role.ANALYSIS, Role.QUESTION, Role.VARIANT})  # never said of a specimen
_AGREEING = {  # statuses that go with an order control code (French profile)
    "NW": frozenset({Status.FINAL, Status.HELD}),
    "RO": frozenset({Status.CORRECTED, Status.HELD}),
    "CA": frozenset({Status.RETRACTED}),
}
_TEST_MESSAGES = frozenset({"T", "D"})  # processing ids, table 0103
_NOBODY = Practitioner()
_LONGEST_SPECIMEN = 100  # characters
_LONGEST_DEVICE = 5  # digits of a number in the EU list of rapid tests

# Members that are asked for with each observation: each takes a tenth of a microsecond to look up.
_VARIANT, _ONSET_DATE = Role.VARIANT, QuestionKind.ONSET_DATE

_Place = tuple[Segment | None, int]  # a segment that may be missing, and the number of a field


@dataclass(slots=True)
class _Found:
    """One observation that becomes a report, with what its value and status say."""

    order: Order
    obx: Segment
    observed: Observed
    raw: str
    result: Result | None
    status: Status


@dataclass(frozen=True, slots=True)
class _Screening:
    """The mutation letters that a report bears, and the segments they stand in."""

    letters: tuple[tuple[str, str], ...]
    segments: Sequence[Segment]


_NO_SCREENING = _Screening((), ())


def reports_of(message: Message, *, context: Context, findings: list[Finding]) -> tuple[Report, ...]:
    """Every report of a message; what is wrong with its fields is added to the findings."""
    reader = _Reader(message.msh, context, findings)
    reports: list[Report] = []
    for patient in message.patients:
        reports += reader.reports(patient)
    return tuple(reports)


class _Reader:
    """What the reports of one message share: the sender, the findings."""

    __slots__ = ("context", "findings", "finess", "held", "msh", "translated")

    def __init__(self, msh: Segment, context: Context, findings: list[Finding]) -> None:
        self.context = context
        self.findings = findings
        self.msh = msh
        # Only a transcoding table asks whose message it is before the observations are known.
        self.translated = bool(context.transcoding)
        self.finess = fields.structure(msh.brief(4), msh.lexis)[0] if self.translated else ""
        processing = msh.text(11)
        self.held = processing in _TEST_MESSAGES and context.profile is Profile.FR
        if self.held:
            findings.append(finding("H04", "test", "MSH-11", given=processing))

    def reports(self, patient: Patient) -> list[Report]:
        """The reports of one patient; answers and mutation letters go with them wherever they stand."""
        answers = Answers()
        letters: list[tuple[str, str]] = []
        screenings: list[Segment] = []
        found: list[_Found] = []
        enclosed: Enclosed | None = None  # most messages enclose no document
        for order in patient.orders:
            for obx, observed in self._observed(order):
                if obx.raw(2) == "ED":
                    enclosed = enclosed or Enclosed(self.context, self.findings)
                    if self._encloses(patient, order, obx, observed, enclosed):
                        continue
                if observed.question is not None:
                    _answer(answers, obx, observed)
                elif observed.role is _VARIANT:
                    letters.append((observed.letter, obx.text(5)))
                    screenings.append(obx)
                elif self._takes(obx, observed):
                    found.append(self._found(order, obx, observed))
        if not found and (enclosed is None or not enclosed.holds_reports):
            return []
        person = self._person(patient)
        if enclosed is not None:
            person = enclosed.completed(person)
        attending = self._practitioner((patient.pd1, 4)) if patient.pd1 is not None else _NOBODY
        screened = analyses.screened([(f.observed, f.result) for f in found]) if letters else frozenset()
        screening = _Screening(analyses.letters_of(letters), screenings) if letters else _NO_SCREENING
        reports = [
            self._report(
                f, patient, person, attending, answers, screening if n in screened else _NO_SCREENING
            )
            for n, f in enumerate(found)
        ]
        if enclosed is None or not enclosed.brings_something:
            return reports
        return enclosed.beside(person, reports, answers)

    def _encloses(
        self, patient: Patient, order: Order, obx: Segment, observed: Observed, enclosed: Enclosed
    ) -> bool:
        """Take what an OBX of type ED encloses; whether it is no result by itself, as always with French rules."""
        document = enclosed.read(obx, kept=observed.role is not Role.SETTING)
        if document:
            laboratory = self._laboratory(order, obx)
            zone = self.context.zone(laboratory.finess)
            frame = Frame(
                obx=obx,
                status=self._status(values.status_code(obx, order.obr), order, obx),
                laboratory=laboratory,
                record_number=_first((order.obr, 3), (order.orc, 3)),
                sampled_at=self._sampled_at(zone, (order.obr, 7), (order.specimen, 17)),
                prescriber=self._prescriber(patient, order),
                general_practitioner=self._practitioner((patient.pd1, 4)),
            )
            enclosed.add(document, frame)
        return bool(document) or self.context.profile is Profile.FR

    def _observed(self, order: Order) -> list[tuple[Segment, Observed]]:
        """The observations of an order, recognised; of those after SPM, only what no specimen has.

        Where nothing stands before SPM, the sender put the specimen first: what follows are the results.
        """
        observe, translated, speaker = self.context.observe, self.translated, self._speaker
        observed = [
            (obx, observe(values.names(obx.brief(3), obx.lexis), speaker(order, obx) if translated else ""))
            for obx in order.results or order.of_specimen
        ]
        if order.results and order.of_specimen:
            after = [
                (o, observe(values.names(o.brief(3), o.lexis), speaker(order, o) if translated else ""))
                for o in order.of_specimen
            ]
            observed += [pair for pair in after if pair[1].role in _OF_THE_PERSON]
        return observed

    def _speaker(self, order: Order, obx: Segment) -> str:
        """Whose own codes an observation is written in; "" when no laboratory has any."""
        if self.finess or not self.translated:
            return self.finess
        return self._laboratory(order, obx).finess

    def _laboratory(self, order: Order, obx: Segment) -> Laboratory:
        orderer = order.orc.brief(21) if order.orc is not None else ""
        return fields.laboratory(self.msh.brief(4), orderer, obx.brief(23), obx.brief(15), obx.lexis)

    def _takes(self, obx: Segment, observed: Observed) -> bool:
        if observed.analysis is not None and observed.analysis.published:
            return True
        if observed.role is Role.SETTING or obx.raw(29) == "QST":
            return False
        return analyses.takes(observed, obx.at(3), context=self.context, findings=self.findings)

    def _found(self, order: Order, obx: Segment, observed: Observed) -> _Found:
        value = values.value_of(obx, self.context.not_results)
        code = values.status_code(obx, order.obr)
        status = self._status(code, order, obx)
        result: Result | None = None
        if code == "X":
            result = Result.NON_CONFORM
        elif len(value.results) == 1:
            result = value.results[0]
            if value.presumptive:
                self.findings.append(finding("R09", "presumptive", obx.at(5)))
        elif value.results:
            first, second = value.results[:2]
            self.findings.append(
                finding("R08", "contradiction", obx.at(5), first=first.value, second=second.value)
            )
        elif value.raw and value.raw not in self.context.not_results:
            result = self.context.result(value.raw, self._speaker(order, obx))
        return _Found(order, obx, observed, value.raw, result, status)

    def _status(self, code: str, order: Order, obx: Segment) -> Status:
        """The status of a result; held when it is missing, unknown or a test, whatever else is said."""
        status = values.STATUSES.get(code)
        if status is None:
            case = "unknown" if code else "missing"
            self.findings.append(finding("R07", case, obx.at(11), given=shown(code)))
            return Status.HELD
        if (
            order.orc is not None
            and (agreeing := _AGREEING.get(order.orc.text(1)))
            and status not in agreeing
        ):
            said = {"order": order.orc.text(1), "status": code}
            self.findings.append(finding("C03", "order", order.orc.at(1), **said))
        return Status.HELD if self.held else status

    def _report(
        self,
        found: _Found,
        patient: Patient,
        person: Person,
        general_practitioner: Practitioner,
        answers: Answers,
        screening: _Screening,
    ) -> Report:
        order, obx, observed = found.order, found.obx, found.observed
        orc, obr, specimen = order.orc, order.obr, order.specimen
        laboratory = self._laboratory(order, obx)
        zone = self.context.zone(laboratory.finess)
        sampled_at = self._sampled_at(zone, (obr, 7), (specimen, 17), (obx, 14))
        return Report(
            laboratory=laboratory,
            record_number=_first((obr, 3), (orc, 3)) or _specimen_number(specimen),
            person=person,
            analysis_code=observed.code,
            analysis_label=observed.label,
            loinc=observed.loinc,
            raw_result=found.raw,
            result=found.result,
            status=analyses.held_back(found.status, observed, context=self.context),
            sampled_at=sampled_at,
            validated_at=self._validated_at(zone, (obr, 22), (obx, 19)),
            prescriber=self._prescriber(patient, order),
            general_practitioner=general_practitioner,
            residence=answers.residence(),
            health_worker=answers.health_worker,
            symptoms=answers.symptoms(sampled_at),
            variants=screening.letters,
            screened_at=self._screened_at(zone, screening.segments) if screening.segments else None,
            specimen=_specimen(specimen, obr),
            device=_device(obx) if obx.raw(18) else "",
            location=obx.location,
        )

    def _person(self, patient: Patient) -> Person:
        pid = patient.pid
        if pid is None:
            return Person()
        person = fields.person(pid, patient.relatives)
        if person.birth_date is None and pid.text(7):
            self.findings.append(finding("P03", "unreadable", "PID-7"))
        return person

    def _prescriber(self, patient: Patient, order: Order) -> Practitioner:
        return self._practitioner((order.obr, 16), (order.orc, 12), (patient.pv1, 8), (patient.pv1, 7))

    def _practitioner(self, *places: _Place) -> Practitioner:
        for segment, field in places:
            if segment is not None and (brief := segment.brief(field)):
                practitioner = fields.practitioner(brief, segment.lexis)
                if practitioner.rpps or practitioner.adeli or practitioner.name:
                    return practitioner
        return _NOBODY

    def _sampled_at(self, zone: tzinfo, *places: _Place) -> Moment | None:
        """The first readable time; a finding when an earlier place holds something else."""
        unreadable = ""
        for segment, field in places:
            if segment is None or not (text := segment.text(field)):
                continue
            moment = hl7_moment(text, zone) or self._zoneless(text, zone, segment, field)
            if moment is not None:
                if unreadable:
                    self.findings.append(finding("S04", "other", unreadable))
                return moment
            unreadable = unreadable or segment.at(field)
        if unreadable:
            self.findings.append(finding("S01", "unreadable", unreadable))
        return None

    def _validated_at(self, zone: tzinfo, *places: _Place) -> Moment | None:
        for segment, field in places:
            if segment is not None and (text := segment.text(field)):
                moment = hl7_moment(text, zone) or self._zoneless(text, zone, segment, field)
                if moment is None:
                    self.findings.append(finding("S04", "validation", segment.at(field)))
                return moment
        return None

    def _screened_at(self, zone: tzinfo, segments: Sequence[Segment]) -> Moment | None:
        """The first time that one of the letters was found at."""
        for segment in segments:
            if text := segment.text(19):
                moment = hl7_moment(text, zone) or self._zoneless(text, zone, segment, 19)
                if moment is None:
                    self.findings.append(finding("S04", "screening", segment.at(19)))
                return moment
        return None

    def _zoneless(self, text: str, zone: tzinfo, segment: Segment, field: int) -> Moment | None:
        """A time whose zone cannot be read."""
        moment = hl7_moment_without_zone(text, zone)
        if moment is not None:
            self.findings.append(finding("S04", "zone", segment.at(field)))
        return moment


def _answer(answers: Answers, obx: Segment, observed: Observed) -> None:
    """Take what an OBX answers to a question; several repetitions are several answers."""
    question = observed.question
    if question is None or not question.kept:
        return
    for code, text in values.answers_of(obx):
        day = hl7_date(code) if question.kind is _ONSET_DATE else None
        answers.add(question, code=code, text=text, day=day)


def _first(*places: _Place) -> str:
    """The first component of the first of these fields that has one."""
    for segment, field in places:
        if segment is not None and (text := segment.text(field)):
            return text
    return ""


def _specimen(specimen: Segment | None, obr: Segment | None) -> str:
    """The kind of specimen: its code, else its name."""
    if specimen is not None and specimen.raw(4):
        return (specimen.text(4) or specimen.text(4, 2))[:_LONGEST_SPECIMEN]
    if obr is not None and obr.raw(15):
        return (obr.text(15) or obr.text(15, 2))[:_LONGEST_SPECIMEN]
    return ""


def _device(obx: Segment) -> str:
    """The rapid test used, where OBX-18 is a number of the EU list."""
    number = obx.text(18)
    return number if number.isdigit() and number.isascii() and len(number) <= _LONGEST_DEVICE else ""


def _specimen_number(specimen: Segment | None) -> str:
    """The laboratory's own number of the specimen, else the requester's (SPM-2: placer ^ filler)."""
    if specimen is None:
        return ""
    cut = specimen.lexis.subcomponent
    for parts in specimen.repetitions(2):
        for part in reversed(parts[:2]):
            if number := specimen.lexis.read(part.split(cut, 1)[0]):
                return number
    return ""
