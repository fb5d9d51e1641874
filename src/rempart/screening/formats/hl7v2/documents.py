"""Documents inside an OBX-5 of type ED: CDA documents, whose reports join the message's, and files.

French profile: ANS, volet "Transmission d'un document CDA-R2 en HL7 v2" (OBX-5 `^TEXT^XML^Base64^…`). Official samples hold
base64 with a lost character or without its padding, so decoding is lenient; a document that is not what it says is an
error. Texts of mail for MSSanté (codes of MetaDMPMSS) are no documents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rempart.foundation.terminology.spelling import normalise
from rempart.screening.formats import cda
from rempart.screening.formats.cda.decoding import Content
from rempart.screening.formats.context import Context
from rempart.screening.formats.documents import PDF, Documents, lenient_base64, media_type_of
from rempart.screening.formats.hl7v2.tokens import Segment
from rempart.screening.formats.questions import Answers
from rempart.screening.rules.catalogue import finding
from rempart.screening.rules.report import (
    Document,
    Finding,
    Laboratory,
    Moment,
    Person,
    Practitioner,
    Report,
    Status,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What the message says around a document: it stands in for what the document leaves out."""

    obx: Segment
    status: Status
    laboratory: Laboratory
    record_number: str
    sampled_at: Moment | None
    prescriber: Practitioner
    general_practitioner: Practitioner


class Enclosed:
    """What the documents of one patient's orders bring."""

    def __init__(self, context: Context, findings: list[Finding]) -> None:
        self._context = context
        self._findings = findings
        self._documents = Documents(findings)
        self._contents: list[tuple[Frame, Content]] = []

    @property
    def documents(self) -> tuple[Document, ...]:
        return self._documents.kept

    @property
    def brings_something(self) -> bool:
        return bool(self._contents or self._documents.kept)

    @property
    def holds_reports(self) -> bool:
        return any(content.reports for _, content in self._contents)

    def read(self, obx: Segment, *, kept: bool) -> bytes:
        """The bytes of a clinical document that an OBX encloses, for `add`; b"" for anything else, which is dealt with.

        `kept`: whether files are documents of the laboratory, and not the text of a mail.
        """
        repetitions = obx.repetitions(5)
        parts = repetitions[0] if repetitions else []
        if len(parts) < 5 or not parts[4]:
            return b""
        where = obx.at(5)
        if parts[3].strip().upper() != "BASE64":
            self._findings.append(finding("C08", "kind", where))
            return b""
        content, repaired = lenient_base64(parts[4])
        if repaired:
            self._findings.append(finding("C04", "repaired", where, length=len(parts[4])))
        kind = f"{parts[1]} {parts[2]}".upper()
        if cda.recognises(content[:65_536]):
            return content
        if "XML" in kind or ("PDF" in kind and media_type_of(content) != PDF):
            self._findings.append(finding("C05", "unreadable", where, kind="XML" if "XML" in kind else "PDF"))
        elif kept:
            self._documents.take(content, place=where, title=obx.text(3, 2))
        return b""

    def add(self, document: bytes, frame: Frame) -> None:
        """Take a clinical document: its reports and files; what is wrong with it is said at its OBX."""
        said: list[Finding] = []
        content = cda.read(document, context=self._context, findings=said)
        where = frame.obx.at(5)
        self._findings += [replace(one, location=f"{where}: {one.location}") for one in said]
        self._documents.add(content.documents)
        self._contents.append((frame, content))

    def beside(self, person: Person, reports: Sequence[Report], answers: Answers) -> list[Report]:
        """The reports of the message and of its documents; what both say is said once, by the message.

        `answers`: those that stand in the message, for documents that have none.
        """
        known = {report.loinc: report for report in reports if report.loinc}
        found = [replace(report, documents=self.documents) for report in reports]
        for frame, content in self._contents:
            if content.person is not None:
                self._compare(person, content.person, frame)
            for report in content.reports:
                beside = known.get(report.loinc) if report.loinc else None
                if beside is None:
                    known[report.loinc] = report
                    found.append(self._framed(report, frame, person, answers))
                elif beside.result is not None and report.result not in (None, beside.result):
                    both = {"first": beside.result.value, "second": report.result.value}
                    self._findings.append(finding("R08", "document", frame.obx.at(5), **both))
        return found

    def completed(self, person: Person) -> Person:
        """The person of the message, with what only its documents say."""
        for _, content in self._contents:
            if content.person is not None:
                person = _completed(person, content.person)
        return person

    def _compare(self, person: Person, other: Person, frame: Frame) -> None:
        if traits := _differing(person, other):
            self._findings.append(finding("C02", "person", frame.obx.at(5), traits=", ".join(traits)))

    def _framed(self, report: Report, frame: Frame, person: Person, answers: Answers) -> Report:
        status = report.status
        if frame.status is Status.RETRACTED or (
            frame.status is not Status.FINAL and status in (Status.FINAL, Status.CORRECTED)
        ):
            status = frame.status
        sampled_at = report.sampled_at or frame.sampled_at
        worker = report.health_worker
        return replace(
            report,
            laboratory=report.laboratory if report.laboratory.finess else frame.laboratory,
            record_number=frame.record_number or report.record_number,
            person=person,
            status=status,
            sampled_at=sampled_at,
            prescriber=_known(report.prescriber, frame.prescriber),
            general_practitioner=_known(report.general_practitioner, frame.general_practitioner),
            residence=report.residence or answers.residence(),
            health_worker=answers.health_worker if worker is None else worker,
            symptoms=report.symptoms or answers.symptoms(sampled_at),
            documents=self.documents,
            location=f"{frame.obx.location}, {report.location}",
        )


def _known(practitioner: Practitioner, other: Practitioner) -> Practitioner:
    return practitioner if practitioner != Practitioner() else other


def _differing(person: Person, other: Person) -> list[str]:
    """Which traits tell the persons of a message and of its document apart, in words; none when they may be one."""
    found = []
    if person.ins and other.ins and person.ins[:13] != other.ins[:13]:
        found.append("matricule")
    if person.birth_date and other.birth_date and person.birth_date != other.birth_date:
        found.append("birth date")
    if person.sex and other.sex and person.sex != other.sex:
        found.append("sex")
    mine, theirs = ({normalise(n) for n in (p.birth_name, p.used_name) if n} for p in (person, other))
    if mine and theirs and mine.isdisjoint(theirs):
        found.append("name")
    return found


def _completed(person: Person, other: Person) -> Person:
    """The first person, with the second's where it says nothing."""
    missing = {
        name: getattr(other, name)
        for name in Person.__slots__
        if not getattr(person, name) or (name == "address" and person.address == Person().address)
    }
    if person.mobile or person.email or other.mobile or other.email:
        missing = {name: value for name, value in missing.items() if not name.startswith("relative_")}
    return replace(person, **{name: value for name, value in missing.items() if value})
