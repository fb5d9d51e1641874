"""FHIR R4 in JSON: Bundles (message, collection, batch, transaction, document), a DiagnosticReport, an Observation.

One Bundle, or one resource that stands alone, is one message; a file may hold several, one a line (ndjson). Answers to
questions are told from results by their code, wherever they stand; each goes with the results of its own patient.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from rempart.foundation.terminology import QuestionKind
from rempart.screening.formats import analyses
from rempart.screening.formats.context import Context, Observed, Role
from rempart.screening.formats.dates import iso_date
from rempart.screening.formats.documents import Documents
from rempart.screening.formats.fhir import observations, people
from rempart.screening.formats.fhir.nodes import LONGEST_TEXT, Node, TooLong, parse
from rempart.screening.formats.fhir.resources import Resources
from rempart.screening.formats.fhir.surroundings import Around, Surroundings
from rempart.screening.formats.questions import Answers
from rempart.screening.rules.catalogue import Profile, finding, shown
from rempart.screening.rules.report import (
    Document,
    Finding,
    Format,
    Item,
    Moment,
    Person,
    Practitioner,
    Report,
    Result,
    Status,
)

_MARK = re.compile(rb'"resourceType"\s*:')
_BLANK = b" \t\r\n\x00\x1a"
_BUNDLES = frozenset({"message", "collection", "batch", "transaction", "document"})
_KINDS = frozenset({"Bundle", "DiagnosticReport", "Observation"})
_TESTS = frozenset({"T", "D", "HTEST"})  # HL7 table 0103, and ActReason "test health data"
_LONGEST_ANSWER = 100  # characters
_NOBODY = Practitioner()


@dataclass(slots=True)
class _Found:
    """An observation, or a part of one, that becomes a report."""

    node: Node  # where code and value stand: an observation, or a part of one
    around: Around
    observed: Observed
    raw: str
    result: Result | None
    status: Status


@dataclass(slots=True)
class _Group:
    """What a message says of one patient."""

    patient: Node | None
    found: list[_Found] = field(default_factory=list)
    answers: Answers = field(default_factory=Answers)
    letters: list[tuple[str, str]] = field(default_factory=list)
    screened_at: Moment | None = None


def recognises(start: bytes) -> bool:
    """Whether the first bytes of a payload are JSON that holds a resource."""
    return start.lstrip(_BLANK).startswith(b"{") and _MARK.search(start) is not None


def decode(payload: bytes, *, context: Context) -> Iterator[Item]:
    """Every resource of a file. Yields nothing for a blank file; never raises on content."""
    for position, raw in enumerate(_pieces(payload)):
        yield _decode_one(raw, position, context)


def _pieces(payload: bytes) -> Iterator[bytes]:
    """The resources of a file: its lines where the first of them is a whole object, else all of it."""
    whole = payload.strip(_BLANK)
    first, _, rest = whole.partition(b"\n")
    closed = first.count(b"{") == first.count(b"}") or rest.lstrip().startswith(b"{")
    if first.rstrip().endswith(b"}") and closed:
        at = 0
        while at < len(whole):
            end = whole.find(b"\n", at)
            end = len(whole) if end < 0 else end
            if line := whole[at:end].strip(_BLANK):
                yield line
            at = end + 1
    elif whole:
        yield whole


def _decode_one(raw: bytes, position: int, context: Context) -> Item:
    findings: list[Finding] = []
    root = parse(raw, findings)
    item = Item(position=position, format=Format.FHIR, raw=raw, findings=tuple(findings))
    if root is None:
        return item
    try:
        return _Reader(root, context, findings).item(raw, position)
    except TooLong as long:
        said = finding("F03", "long", long.path, size=long.size, limit=LONGEST_TEXT)
        return Item(position=position, format=Format.FHIR, raw=raw, findings=(said,))


class _Reader:
    """What the reports of one message share."""

    __slots__ = ("around", "asked", "context", "findings", "held", "resources", "root", "sole")

    def __init__(self, root: Node, context: Context, findings: list[Finding]) -> None:
        self.root = root
        self.context = context
        self.findings = findings
        self.resources = Resources(root)
        patients = list(self.resources.of_kind("Patient"))
        self.sole = patients[0] if len(patients) == 1 else None
        self.around = Surroundings(self.resources, context, findings)
        self.asked = frozenset(
            id(one.data)
            for order in self.resources.of_kind("ServiceRequest")
            for one in self.resources.all_referred(order, "supportingInfo")
        )
        self.held = False

    def item(self, raw: bytes, position: int) -> Item:
        reports: tuple[Report, ...] = ()
        if self._is_taken():
            self._look_for_tests()
            reports = tuple(self._reports())
        control_id = ""
        if self.root.kind == "Bundle" and (number := self.root.node("identifier")) is not None:
            control_id = number.text("value")
        sender = reports[0].laboratory if reports else self.around.sender
        return Item(
            position=position,
            format=Format.FHIR,
            raw=raw,
            control_id=control_id,
            sender=sender.finess or sender.name,
            reports=reports,
            findings=tuple(self.findings),
        )

    def _is_taken(self) -> bool:
        if self.root.kind not in _KINDS:
            self.findings.append(finding("F01", "resource", "resource"))
            return False
        kind = self.root.text("type") if self.root.kind == "Bundle" else ""
        if self.root.kind == "Bundle" and kind not in _BUNDLES:
            self.findings.append(finding("H01", "bundle", "Bundle.type", given=shown(kind)))
            return False
        return True

    def _look_for_tests(self) -> None:
        """A tag that marks a test holds every result of the message, as T in MSH-11 does."""
        if self.context.profile is not Profile.FR:
            return
        for one in (self.root, *self.resources.of_kind("MessageHeader")):
            meta = one.node("meta")
            if meta is None:
                continue
            for name in ("tag", "security"):
                for coding in meta.nodes(name):
                    if (code := coding.text("code")) in _TESTS and not self.held:
                        self.held = True
                        self.findings.append(finding("H04", "test", coding.path, given=code))

    # From observations to reports

    def _reports(self) -> Iterator[Report]:
        documents: dict[int, tuple[Document, ...]] = {}
        reports = self._reports_by_observation(documents)
        groups: dict[int, _Group] = {}
        for observation in self.resources.of_kind("Observation"):
            report = reports.get(id(observation.data))
            patient = self._patient(observation, report)
            group = groups.setdefault(id(patient.data) if patient is not None else 0, _Group(patient))
            around = self.around.of(observation, report)
            self._sort(observation, around, group)
            for part in observation.all_nodes("component"):
                self._sort(part, around, group)
        for group in groups.values():
            person = self._person(group.patient)
            attending = self._attending(group.patient)
            letters = analyses.letters_of(group.letters)
            screened = (
                analyses.screened([(f.observed, f.result) for f in group.found]) if letters else frozenset()
            )
            for n, found in enumerate(group.found):
                report = found.around.report
                kept = documents.get(id(report.data), ()) if report is not None else ()
                of_letters = (letters, group.screened_at) if n in screened else ((), None)
                yield self._report(found, person, attending, group.answers, of_letters, kept)

    def _reports_by_observation(self, documents: dict[int, tuple[Document, ...]]) -> dict[int, Node]:
        """Which DiagnosticReport an observation belongs to, panels included; fills what each report encloses."""
        found: dict[int, Node] = {}
        taken = Documents(self.findings)
        for report in self.resources.of_kind("DiagnosticReport"):
            waiting = [report]
            while waiting:
                holder = waiting.pop()
                name = "result" if holder is report else "hasMember"
                for one in self.resources.all_referred(holder, name):
                    if id(one.data) not in found:
                        found[id(one.data)] = report
                        waiting.append(one)
            before = len(taken.kept)
            for form in report.nodes("presentedForm"):
                self._attach(form, taken)
            documents[id(report.data)] = taken.kept[before:]
        return found

    def _attach(self, form: Node, taken: Documents) -> None:
        """The attachment of a report: in place, or in a Binary of the same message."""
        data, title = form.long_text("data"), form.words("title")
        if not data and (url := form.text("url")):
            binary = self.resources.named(url)
            data = binary.long_text("data") if binary is not None else ""
        if data:
            taken.take_base64(data, place=form.path, title=title)

    def _patient(self, observation: Node, report: Node | None) -> Node | None:
        for holder in (observation, report):
            if holder is not None and (found := self.resources.referred(holder, "subject")) is not None:
                return found
        return self.sole

    def _sort(self, part: Node, around: Around, group: _Group) -> None:
        """Tell results from answers and mutation letters, by their code."""
        names = observations.names(part.node("code"))
        observed = self.context.observe(names, around.laboratory.finess)
        if observed.question is not None:
            self._answer(group.answers, part, observed)
        elif observed.role is Role.VARIANT:
            group.letters.append((observed.letter, observations.value_of(part, frozenset()).raw))
            if part is around.observation:
                group.screened_at = group.screened_at or self.around.screened_at(around)
        elif self._takes(part, observed):
            group.found.append(self._found(part, around, observed))

    def _takes(self, part: Node, observed: Observed) -> bool:
        if observed.role is Role.SETTING or id(part.data) in self.asked:
            return False  # what the request brought with it: an answer to a question that is not ours
        if ("component" in part.data or "hasMember" in part.data) and not observations.pieces(part):
            return False  # a heading: its parts are the results
        return analyses.takes(observed, part.at("code"), context=self.context, findings=self.findings)

    def _answer(self, answers: Answers, part: Node, observed: Observed) -> None:
        question = observed.question
        if question is None or not question.kept:
            return
        said = [piece[:_LONGEST_ANSWER] for piece in observations.pieces(part)]
        if said:
            day = iso_date(said[0][:10]) if question.kind is QuestionKind.ONSET_DATE else None
            answers.add(question, code=said[0], text=said[1] if len(said) > 1 else "", day=day)

    def _found(self, part: Node, around: Around, observed: Observed) -> _Found:
        value = observations.value_of(part, self.context.not_results)
        status, word = observations.status_of(around.observation, around.report)
        result: Result | None = None
        if len(value.results) == 1:
            result = value.results[0]
            if value.presumptive:
                self.findings.append(finding("R09", "presumptive", part.at("value")))
        elif value.results:
            first, second = value.results[:2]
            said = {"first": first.value, "second": second.value}
            self.findings.append(finding("R08", "contradiction", part.at("value"), **said))
        elif value.raw and value.raw not in self.context.not_results:
            result = self.context.result(value.raw, around.laboratory.finess)
        elif word == "cancelled" and not value.raw:
            result = Result.NON_CONFORM
        if status is None or (word == "cancelled" and result not in (None, Result.NON_CONFORM)):
            case = "unknown" if word else "missing"
            where = around.observation.at("status")
            self.findings.append(finding("R07", case, where, given=shown(word)))
            status = Status.HELD
        return _Found(part, around, observed, value.raw, result, Status.HELD if self.held else status)

    def _report(
        self,
        found: _Found,
        person: Person,
        attending: Practitioner,
        answers: Answers,
        of_letters: tuple[tuple[tuple[str, str], ...], Moment | None],
        documents: tuple[Document, ...],
    ) -> Report:
        around, observed = found.around, found.observed
        sampled_at = self.around.sampled_at(around)
        return Report(
            laboratory=around.laboratory,
            record_number=self.around.record_number(around),
            person=person,
            analysis_code=observed.code,
            analysis_label=observed.label,
            loinc=observed.loinc,
            raw_result=found.raw,
            result=found.result,
            status=analyses.held_back(found.status, observed, context=self.context),
            sampled_at=sampled_at,
            validated_at=self.around.validated_at(around),
            prescriber=self.around.prescriber(around),
            general_practitioner=attending,
            residence=answers.residence(),
            health_worker=answers.health_worker,
            symptoms=answers.symptoms(sampled_at),
            variants=of_letters[0],
            screened_at=of_letters[1],
            specimen=self.around.specimen(around),
            device=self.around.device(around),
            documents=documents,
            location=found.node.path,
        )

    def _person(self, patient: Node | None) -> Person:
        if patient is None:
            return Person()
        person = people.person(patient)
        if person.birth_date is None and patient.text("birthDate"):
            self.findings.append(finding("P03", "unreadable", patient.at("birthDate")))
        return person

    def _attending(self, patient: Node | None) -> Practitioner:
        if patient is None:
            return _NOBODY
        found = next(self.resources.all_referred(patient, "generalPractitioner"), None)
        return people.practitioner(self.around.of_a_role(found))
