"""CDA R2 level 3, laboratory reports (CR-BIO) and rapid tests (BIO-TROD): bytes to reports, with every finding and its place.

One document is one message. A document that follows another of the same set (version 2 and later, or one that says it
replaces another) corrects it. A body that is only a copy (level 1) gives a document and no report.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import tzinfo

from rempart.foundation.terminology import QuestionKind
from rempart.screening.formats import analyses
from rempart.screening.formats.cda import datatypes, header
from rempart.screening.formats.cda.body import Body, Observation, names
from rempart.screening.formats.cda.header import Header, Kind
from rempart.screening.formats.cda.xml import (
    LONGEST_TEXT,
    Element,
    TooLong,
    attribute,
    child,
    children,
    parse,
    place,
)
from rempart.screening.formats.context import Context, Observed, Role
from rempart.screening.formats.dates import hl7_date
from rempart.screening.formats.documents import Documents
from rempart.screening.formats.questions import Answers
from rempart.screening.rules.catalogue import finding, shown
from rempart.screening.rules.report import (
    Document,
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

_MARK = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?ClinicalDocument[\s>/]")
_END = re.compile(rb"</(?:[A-Za-z_][\w.-]*:)?ClinicalDocument\s*>")
_BLANK = b" \t\r\n\x00\x1a"
_MOST_DOCUMENTS = 10_001  # of one file; nobody takes more items
_LONGEST_TEXT = 100  # characters of an answer
_NOWHERE = Laboratory()

# HL7 v3 ActStatus. Aborted: the analysis was begun and gave no result.
_STATUSES = {
    "completed": Status.FINAL,
    "aborted": Status.FINAL,
    "active": Status.HELD,
    "held": Status.HELD,
    "new": Status.HELD,
    "suspended": Status.HELD,
    "cancelled": Status.HELD,
    "nullified": Status.RETRACTED,
    "obsolete": Status.RETRACTED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What one document says: what an Item holds of it, and what an HL7 message that encloses it must know."""

    reports: tuple[Report, ...] = ()
    documents: tuple[Document, ...] = ()
    person: Person | None = None
    control_id: str = ""
    laboratory: Laboratory = _NOWHERE


@dataclass(frozen=True, slots=True)
class _Found:
    """An observation that becomes a report."""

    observation: Observation
    observed: Observed
    raw: str
    result: Result | None
    status: Status


def recognises(start: bytes) -> bool:
    """Whether the first bytes of a payload are XML that holds a clinical document."""
    start = start.lstrip(_BLANK)
    return start.startswith(b"<") and _MARK.search(start) is not None


def decode(payload: bytes, *, context: Context) -> Iterator[Item]:
    """Every document of a file, one after another. Yields nothing for a blank file; never raises on content."""
    for position, raw in enumerate(_pieces(payload)):
        findings: list[Finding] = []
        content = read(raw, context=context, findings=findings)
        yield Item(
            position=position,
            format=Format.CDA,
            raw=raw,
            control_id=content.control_id,
            sender=content.laboratory.finess or content.laboratory.name,
            reports=content.reports,
            findings=tuple(findings),
        )


def _pieces(payload: bytes) -> Iterator[bytes]:
    """The documents of a file: cut after each end tag, unless there is only one."""
    at = 0
    ends = [match.end() for match, _ in zip(_END.finditer(payload), range(_MOST_DOCUMENTS), strict=False)]
    for end in ends[:-1]:
        yield payload[at:end].strip(_BLANK)
        at = end
    if rest := payload[at:].strip(_BLANK):
        yield rest


def read(raw: bytes, *, context: Context, findings: list[Finding]) -> Content:
    """What one document says; what is wrong with it is added to the findings."""
    root = parse(raw, findings)
    if root is None:
        return Content()
    if not header.is_document(root):
        findings.append(finding("F01", "root", "document"))
        return Content()
    try:
        return _Reader(root, context, findings).content()
    except TooLong as long:
        said = finding("F03", "long", place(long.element), size=long.size, limit=LONGEST_TEXT)
        findings[:] = [said]
        return Content()


class _Reader:
    """What the reports of one document share."""

    __slots__ = ("_root", "body", "context", "findings", "header", "zone")

    def __init__(self, root: Element, context: Context, findings: list[Finding]) -> None:
        self._root = root
        self.context = context
        self.findings = findings
        self.header: Header = header.read(root)
        self.body = Body(root)
        self.zone: tzinfo = context.zone(self.header.laboratory.finess)

    def content(self) -> Content:
        header.check(self._root, self.header, self.findings)
        documents = Documents(self.findings)
        self.body.documents(documents)
        person = self._person()
        return Content(
            reports=tuple(self._reports(person, documents.kept)),
            documents=documents.kept,
            person=person,
            control_id=self.header.control_id,
            laboratory=self.header.laboratory,
        )

    def _person(self) -> Person:
        role = self.header.role
        if role is None:
            return Person()
        person = datatypes.person(role)
        if person.birth_date is None and attribute(role, "value", "patient/birthTime"):
            where = "ClinicalDocument/recordTarget/patientRole/patient/birthTime"
            self.findings.append(finding("P03", "unreadable", where))
        if person.mobile or person.email:
            return person
        mobile, email = self._relative(role)
        return replace(person, relative_mobile=mobile, relative_email=email)

    def _relative(self, role: Element) -> tuple[str, str]:
        """How to reach the person's trusted relative, else who is in charge of him: asked only where he has nothing."""
        trusted = [
            entity
            for entity in children(self._root, "informant/relatedEntity")
            if attribute(entity, "classCode") == "NOK"
        ]
        for one in (*trusted, *children(role, "patient/guardian")):
            _, mobile, email = datatypes.reached_by(one)
            if mobile or email:
                return mobile, email
        return "", ""

    def _reports(self, person: Person, documents: tuple[Document, ...]) -> Iterator[Report]:
        answers = Answers()
        letters: list[tuple[str, str]] = []
        screened_at: Moment | None = None
        found: list[_Found] = []
        finess = self.header.laboratory.finess
        for observation in self.body.observations():
            code = child(observation.element, "code")
            observed = self.context.observe(names(code, self.body), finess)
            if observed.question is not None:
                self._answer(answers, observation, observed)
            elif observed.role is Role.VARIANT:
                letters.append((observed.letter, self.body.value(observation.element, frozenset()).raw))
                screened_at = screened_at or self._screened_at(observation)
            elif self._takes(observation, observed):
                found.append(self._found(observation, observed))
        variants = analyses.letters_of(letters)
        screened = analyses.screened([(f.observed, f.result) for f in found]) if letters else frozenset()
        for n, one in enumerate(found):
            of_letters = (variants, screened_at) if n in screened else ((), None)
            yield self._report(one, person, answers, of_letters, documents)

    def _takes(self, observation: Observation, observed: Observed) -> bool:
        if observed.role is Role.SETTING:
            return False
        return analyses.takes(observed, observation.at("code"), context=self.context, findings=self.findings)

    def _answer(self, answers: Answers, observation: Observation, observed: Observed) -> None:
        question = observed.question
        if question is None or not question.kept:
            return
        for code, said in self.body.answers(observation.element):
            day = hl7_date(code) if question.kind is QuestionKind.ONSET_DATE else None
            answers.add(question, code=code[:_LONGEST_TEXT], text=said[:_LONGEST_TEXT], day=day)

    def _found(self, observation: Observation, observed: Observed) -> _Found:
        value = self.body.value(observation.element, self.context.not_results)
        code = attribute(observation.element, "code", "statusCode")
        result: Result | None = None
        if len(value.results) == 1:
            result = value.results[0]
            if value.presumptive:
                self.findings.append(finding("R09", "presumptive", observation.at("value")))
        elif value.results:
            first, second = value.results[:2]
            said = {"first": first.value, "second": second.value}
            self.findings.append(finding("R08", "contradiction", observation.at("value"), **said))
        elif value.raw and value.raw not in self.context.not_results:
            result = self.context.result(value.raw, self.header.laboratory.finess)
        elif code == "aborted" and not value.raw:
            result = Result.NON_CONFORM
        return _Found(observation, observed, value.raw, result, self._status(code, result, observation))

    def _status(self, code: str, result: Result | None, observation: Observation) -> Status:
        status = _STATUSES.get(code)
        if status is None or (code == "aborted" and result not in (None, Result.NON_CONFORM)):
            case = "unknown" if code else "missing"
            self.findings.append(finding("R07", case, observation.at("statusCode"), given=shown(code)))
            return Status.HELD
        if status is Status.FINAL and (self.header.version > 1 or self.header.replaces):
            return Status.CORRECTED
        return status

    def _report(
        self,
        found: _Found,
        person: Person,
        answers: Answers,
        of_letters: tuple[tuple[tuple[str, str], ...], Moment | None],
        documents: tuple[Document, ...],
    ) -> Report:
        said, around, observed = self.header, found.observation.around, found.observed
        sampled_at = self._sampled_at(found)
        return Report(
            laboratory=said.laboratory,
            record_number=said.record_number,
            person=person,
            analysis_code=observed.code,
            analysis_label=observed.label,
            loinc=observed.loinc,
            raw_result=found.raw,
            result=found.result,
            status=analyses.held_back(found.status, observed, context=self.context),
            sampled_at=sampled_at,
            validated_at=self._validated_at(around.validated or said.validated, found),
            prescriber=said.prescriber,
            general_practitioner=said.general_practitioner,
            residence=answers.residence(),
            health_worker=answers.health_worker,
            symptoms=answers.symptoms(sampled_at),
            variants=of_letters[0],
            screened_at=of_letters[1],
            specimen=around.specimen,
            device=around.device,
            documents=documents,
            location=found.observation.location,
        )

    def _sampled_at(self, found: _Found) -> Moment | None:
        """The specimen's own time, else the header's; of a rapid test, that of the test."""
        element, around = found.observation.element, found.observation.around
        tested = ""
        if self.header.kind is Kind.RAPID_TEST:
            tested = datatypes.time_of(child(element, "effectiveTime"))
        said = around.sampled or tested or self.header.sampled
        if not said:
            return None
        moment, zoneless = datatypes.moment(said, self.zone)
        where = found.observation.at("effectiveTime")
        if moment is None:
            self.findings.append(finding("S01", "unreadable", where))
        elif zoneless:
            self.findings.append(finding("S04", "zone", where))
        return moment

    def _screened_at(self, observation: Observation) -> Moment | None:
        """When a mutation was looked for."""
        return datatypes.moment(datatypes.time_of(child(observation.element, "effectiveTime")), self.zone)[0]

    def _validated_at(self, said: str, found: _Found) -> Moment | None:
        if not said:
            return None
        moment, zoneless = datatypes.moment(said, self.zone)
        if moment is None or zoneless:
            case = "zone" if zoneless else "validation"
            self.findings.append(finding("S04", case, found.observation.at("authenticator/time")))
        return moment
