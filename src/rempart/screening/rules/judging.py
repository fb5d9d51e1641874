"""Judging: accepted, held or rejected, with every reason at once (catalogue of findings, data/findings.toml).

A message is rejected whole when anything in it is an error: a laboratory corrects and sends a message, not
half of one. It is held when one of its results waits: not validated, in quarantine, or marked as a test.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from rempart.foundation.identifiers import finess, ins, rpps
from rempart.foundation.terminology import Kind, Pathogen
from rempart.screening.rules.catalogue import Profile, catalogue, finding, place, shown
from rempart.screening.rules.report import (
    Finding,
    Item,
    Moment,
    Outcome,
    Person,
    Precision,
    Report,
    Result,
    Severity,
    Status,
)

CLOCK_SKEW = timedelta(minutes=10)  # a laboratory's clock may be this much ahead of ours
OLDEST = 130  # years

_FURTHER_EAST = timedelta(hours=14)  # where it is tomorrow already
_NOTHING: frozenset[str] = frozenset()
_LETTERS = ("A", "B", "C", "D")
_VARIANT_VALUES = frozenset({"0", "1", "8", "9"})
_PUBLISHED = frozenset({Status.FINAL, Status.CORRECTED})
_COARSE = frozenset({Precision.YEAR, Precision.MONTH, Precision.DAY})
_KEY_ONLY = (finess.FinessFault.KEY,)
_UNREAD = frozenset({"F01", "F02", "F03", "H01"})  # nothing was read: no use to say that nothing is there


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    outcome: Outcome
    findings: tuple[Finding, ...]  # the decoder's, then the rules'


def judge(item: Item, *, profile: Profile, pathogen: Pathogen, now: datetime) -> Judgement:
    """What becomes of a message, and everything that can be said against it.

    `now` is an aware datetime. What needs the store (control id reused, duplicates, corrections without an
    original: H02, D01, R05) is said by the services that have it.
    """
    judging = _Judging(item, profile, pathogen, now)
    judging.run()
    findings = judging.findings
    return Judgement(outcome=_outcome(item, findings), findings=tuple(findings))


def _outcome(item: Item, findings: list[Finding]) -> Outcome:
    for said in findings:
        if said.severity is Severity.ERROR:
            return Outcome.REJECTED
    for report in item.reports:
        if report.status is Status.HELD:
            return Outcome.HELD
    return Outcome.ACCEPTED


class _Judging:
    """The rules over one message; each method says what is wrong with one thing."""

    __slots__ = ("findings", "format", "item", "judged", "now", "pathogen", "profile", "said")

    def __init__(self, item: Item, profile: Profile, pathogen: Pathogen, now: datetime) -> None:
        self.item = item
        self.format = item.format.value
        self.profile = profile
        self.pathogen = pathogen
        self.now = now
        self.findings: list[Finding] = []
        self.said: frozenset[str] = _NOTHING  # what the decoder said: it knew better where and why
        if item.findings:
            entries = catalogue()
            self.findings = [f for f in item.findings if profile in entries[f.code].profiles]
            self.said = frozenset([f.code for f in item.findings])
        self.judged: Person | None = None

    def run(self) -> None:
        if not self.item.reports and self.said.isdisjoint(_UNREAD):
            self._nothing_taken()
        french = self.profile is Profile.FR
        for report in self.item.reports:
            if report.person is not self.judged:
                self.judged = report.person
                self._person(report.person, report.location)
                if french:
                    self._french_identity(report.person, report.location)
            if french:
                self._identifiers(report)
            if not report.record_number:
                self._say("L03", "missing", "record_number", report)
            self._sampling(report)
            self._result(report)
            if report.variants:
                self._variants(report)

    def _nothing_taken(self) -> None:
        """A message whose every analysis was left aside must not look received (docs/decisions/010)."""
        if "A01" in self.said:
            return
        ignored = sum(f.code == "A03" for f in self.item.findings)
        where = place("message", self.format)
        if ignored:
            values = {"count": ignored, "pathogen": self.pathogen.label_en}
            self.findings.append(finding("A01", "none", where, **values))
        elif "A02" not in self.said:
            self.findings.append(finding("A01", "empty", where))

    def _person(self, person: Person, location: str) -> None:
        if not (person.birth_name or person.used_name):
            self._at("P01", "missing", "name", location)
        if not person.first_names:
            self._at("P02", "missing", "first_names", location)
        born = person.birth_date
        if born is None:
            if "P03" not in self.said:
                self._at("P03", "missing", "birth_date", location)
        elif born > (self.now + _FURTHER_EAST).date():
            self._at("P03", "future", "birth_date", location)
        elif born.year < self.now.year - OLDEST:
            self._at("P03", "old", "birth_date", location)

    def _french_identity(self, person: Person, location: str) -> None:
        """Matricule against key, authority and traits; errors where a real INS authority assigned it."""
        if not (person.mobile or person.email):
            self._at("P08", "missing", "contact", location)
        if not person.ins:
            return
        born = person.birth_date
        read = ins.parse(person.ins, oid=person.ins_authority, sex=person.sex or "", born=born)
        complete = person.birth_name and person.first_names and person.sex and born and person.birth_place
        if person.ins_authority and not complete:
            missing = _missing_traits(person)
            self._identity("P04", "incomplete", location, read, missing=", ".join(missing))
        if read.matricule.faults:
            self._identity("P05", "faults", location, read, faults=", ".join(read.matricule.faults))
        if not read.faults:
            return
        if ins.InsFault.AUTHORITY in read.faults:
            self._identity("P05", "authority", location, read)
        if ins.InsFault.SEX in read.faults:
            self._identity("P06", "sex", location, read)
        if ins.InsFault.BIRTH in read.faults:
            self._identity("P07", "birth", location, read)

    def _identity(self, code: str, case: str, location: str, read: ins.Ins, /, **values: object) -> None:
        said = finding(code, case, place("ins", self.format, location), **values)
        if catalogue()[code].strict_in_production and read.authority and read.authority.in_production:
            said = replace(said, severity=Severity.ERROR)
        self.findings.append(said)

    def _identifiers(self, report: Report) -> None:
        """FINESS of the laboratory, RPPS of the practitioners."""
        number = report.laboratory.finess
        if not number:
            self._say("L01", "missing", "laboratory", report)
        elif faults := finess.parse(number).faults:
            self._say("L01", "wrong", "laboratory", report, given=number[:9], faults=", ".join(faults))
            if faults == _KEY_ONLY and _is_a_test(report.person):
                self.findings[-1] = replace(self.findings[-1], severity=Severity.WARNING)
        if (number := report.prescriber.rpps) and not (rpps.is_rpps(number) or rpps.is_professional(number)):
            self._say("L02", "prescriber", "prescriber", report)
        if (number := report.general_practitioner.rpps) and not (
            rpps.is_rpps(number) or rpps.is_professional(number)
        ):
            self._say("L02", "general_practitioner", "general_practitioner", report)

    def _sampling(self, report: Report) -> None:
        sampled = report.sampled_at
        if sampled is None:
            if "S01" not in self.said:
                self._say("S01", "missing", "sampled_at", report)
            return
        validated = report.validated_at
        age = self.now - sampled.at
        if age < -CLOCK_SKEW:
            self._say("S02", "future", "sampled_at", report, sampled=sampled.iso())
        elif age.days > 0:
            days = self.pathogen.policy_on(self.now.date()).sampling_age_limit_days
            if age.days >= days:
                self._say("S03", "old", "sampled_at", report, sampled=sampled.iso(), days=days)
        if validated is not None and sampled.at > validated.at and _is_later(sampled, validated):
            values = {"sampled": sampled.iso(), "validated": validated.iso()}
            self._say("S02", "after_validation", "sampled_at", report, **values)

    def _result(self, report: Report) -> None:
        status = report.status
        if status in _PUBLISHED and report.result is not None:
            return
        code = shown(report.loinc or report.analysis_code)
        if status is Status.HELD and "H04" not in self.said:
            self._say("R04", "held", "status", report, code=code)
        elif status is Status.RETRACTED:
            self._say("R06", "retracted", "status", report, code=code)
        if report.result is not None:
            return
        if not report.raw_result:
            if status in _PUBLISHED:
                self._say("R02", "missing", "result", report, code=code, status=status.value)
            return
        analysis = self.pathogen.analysis(report.loinc)
        if analysis is None or not analysis.published or "R08" in self.said:
            return
        if what := self.pathogen.not_results.get(report.raw_result):
            self._say("R03", "not_a_result", "result", report, given=report.raw_result, what=what)
        else:
            self._say("R01", "unknown", "result", report, given=shown(report.raw_result), code=code)

    def _variants(self, report: Report) -> None:
        analysis = self.pathogen.analysis(report.loinc)
        of_genome = analysis is not None and analysis.kind is Kind.NAAT
        if not (of_genome and report.result is Result.POSITIVE):
            self._say("V01", "not_positive", "variants", report)
        for letter, value in report.variants:
            if value not in _VARIANT_VALUES:
                self._say("V02", "value", "variants", report, letter=letter)
        given = {letter for letter, _ in report.variants}
        if missing := [letter for letter in _LETTERS if letter not in given]:
            self._say("V03", "incomplete", "variants", report, missing=", ".join(missing))

    def _say(self, code: str, case: str, item: str, report: Report, /, **values: object) -> None:
        self._at(code, case, item, report.location, **values)

    def _at(self, code: str, case: str, item: str, location: str, /, **values: object) -> None:
        if self.profile in catalogue()[code].profiles:
            self.findings.append(finding(code, case, place(item, self.format, location), **values))


def _is_a_test(person: Person) -> bool:
    """Whether an INS authority for tests assigned the person's matricule: nobody of that name was ever tested."""
    authority = ins.authority(person.ins_authority) if person.ins_authority else None
    return authority is not None and not authority.in_production


def _missing_traits(person: Person) -> list[str]:
    """The strict traits of INS that are not there, in words."""
    traits: dict[str, object] = {
        "birth name": person.birth_name,
        "first names": person.first_names,
        "sex": person.sex,
        "birth date": person.birth_date,
        "birth place": person.birth_place,
    }
    return [name for name, value in traits.items() if not value]


def _is_later(one: Moment, other: Moment) -> bool:
    """Whether a moment is later than another, as far as the coarser of the two can tell."""
    if one.precision not in _COARSE and other.precision not in _COARSE:
        return True
    first, second = one.at.date(), other.at.date()
    if Precision.YEAR in (one.precision, other.precision):
        return first.year > second.year
    if Precision.MONTH in (one.precision, other.precision):
        return (first.year, first.month) > (second.year, second.month)
    return first > second
