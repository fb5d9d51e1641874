"""Judging: accepted, held or rejected, with every reason at once (catalogue of findings, data/findings.toml).

A message is rejected whole when anything in it is an error: a laboratory corrects and sends a message, not
half of one. It is held when one of its results waits: not validated, in quarantine, or marked as a test.

The rules are those of the sampling day: which analyses are taken and which markers are asked for (the pathogen's
file), which items must be there (rules/items.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from rempart.foundation.identifiers import finess, ins, rpps
from rempart.foundation.terminology import Pathogen
from rempart.screening.rules.catalogue import Profile, catalogue, finding, place, shown
from rempart.screening.rules.items import Asked, asked_on
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
_PUBLISHED = frozenset({Status.FINAL, Status.CORRECTED})
# Members that are asked for with each message: each takes a tenth of a microsecond to look up.
_ERROR, _HELD, _FRENCH = Severity.ERROR, Status.HELD, Profile.FR
_COARSE = frozenset({Precision.YEAR, Precision.MONTH, Precision.DAY})
_ALSO_UNREADABLE = frozenset({"P03", "S01"})  # what a decoder says of these, it says in place of "missing"
_UNREAD = frozenset(
    {"T01", "T04", "T05", "F01", "F02", "F03", "F07", "H01"}
)  # nothing was read: no use to say that nothing is there


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


def is_taken(report: Report, pathogen: Pathogen) -> bool:
    """Whether the platform takes this analysis of specimens of that day; a time that is missing is judged elsewhere.

    What it does not take yet is left aside like any other analysis that is not the platform's
    (docs/decisions/010, 034).
    """
    analysis = pathogen.analysis(report.loinc)
    return analysis is None or report.sampled_at is None or analysis.since <= report.sampled_at.at.date()


def _outcome(item: Item, findings: list[Finding]) -> Outcome:
    for said in findings:
        if said.severity is _ERROR:
            return Outcome.REJECTED
    for report in item.reports:
        if report.status is _HELD:
            return Outcome.HELD
    return Outcome.ACCEPTED


class _Judging:
    """The rules over one message; each method says what is wrong with one thing."""

    __slots__ = ("findings", "format", "item", "judged", "now", "pathogen", "profile", "said")

    def __init__(self, item: Item, profile: Profile, pathogen: Pathogen, now: datetime) -> None:
        self.item = item
        self.format: str = item.format
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
        french = self.profile is _FRENCH
        early = 0
        for report in self.item.reports:
            of_person, of_report = asked_on(self._day(report), self.profile)
            if report.person is not self.judged:
                self.judged = report.person
                self._missing(of_person, report)
                self._person(report.person, report.location)
                if french and report.person.ins:
                    self._french_identity(report.person, report.location)
            if french and not is_taken(report, self.pathogen):
                self._too_early(report)
                early += 1
                continue
            if french:
                self._identifiers(report)
            self._missing(of_report, report)
            self._sampling(report)
            self._result(report)
            if report.variants:
                self._variants(report)
        if early and early == len(self.item.reports):
            for report in self.item.reports:
                self._sampling(report)  # a wrong clock is the likeliest reason
            values = {"count": early, "pathogen": self.pathogen.label_en}
            self.findings.append(finding("A01", "early", place("message", self.format), **values))

    def _day(self, report: Report) -> date:
        """The day whose rules hold: that of sampling, today where it is unknown."""
        return report.sampled_at.at.date() if report.sampled_at is not None else self.now.date()

    def _too_early(self, report: Report) -> None:
        analysis = self.pathogen.analysis(report.loinc)
        assert analysis is not None  # noqa: S101 -- an analysis that is not in the table is not too early
        since = analysis.since.isoformat()
        self._say("A05", "early", "analysis", report, code=analysis.loinc, since=since)

    def _missing(self, asked: tuple[Asked, ...], report: Report) -> None:
        """What must be there and is not; the decoder knew better where it found something unreadable."""
        for one in [one for one in asked if not one.is_there(report)]:
            if one.kinds:
                analysis = self.pathogen.analysis(report.loinc)
                if analysis is None or analysis.kind not in one.kinds:
                    continue
            item = one.item
            if item.finding in self.said and item.finding in _ALSO_UNREADABLE:
                continue
            where = place(item.name, self.format, report.location) or report.location
            given = report.laboratory.name.replace(" ", "")
            if item.finding == "L01" and given.isdigit():  # a decoder takes for a name what is no FINESS
                said = finding("L01", "shape", where, given=shown(given))
            else:
                said = finding(item.finding, "missing", where, item=item.label_en)
            self.findings.append(
                said if said.severity is one.severity else replace(said, severity=one.severity)
            )

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
        born = person.birth_date
        if born is None:
            return
        if born > (self.now + _FURTHER_EAST).date():
            self._at("P03", "future", "birth_date", location)
        elif born.year < self.now.year - OLDEST:
            self._at("P03", "old", "birth_date", location)

    def _french_identity(self, person: Person, location: str) -> None:
        """Matricule against key, authority and traits; errors where a real INS authority assigned it."""
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
        if number and (faults := finess.parse(number).faults):
            if finess.FinessFault.SHAPE in faults:
                self._say("L01", "shape", "laboratory", report, given=shown(number))
            else:
                values = {"given": finess.normalise(number), "faults": ", ".join(faults)}
                self._say("L01", "wrong", "laboratory", report, **values)
        if (number := report.prescriber.rpps) and not (rpps.is_rpps(number) or rpps.is_professional(number)):
            self._say("L02", "prescriber", "prescriber", report)
        if (number := report.general_practitioner.rpps) and not (
            rpps.is_rpps(number) or rpps.is_professional(number)
        ):
            self._say("L02", "general_practitioner", "general_practitioner", report)

    def _sampling(self, report: Report) -> None:
        sampled = report.sampled_at
        if sampled is None:
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
        quarantined = "A04" in self.said and self.pathogen.analysis(report.loinc) is None
        if status is Status.HELD and "H04" not in self.said and not quarantined:
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
        """The markers of a screening: of which results, with which values, which of them on that day."""
        screening, day = self.pathogen.screening, self._day(report)
        analysis = self.pathogen.analysis(report.loinc)
        if analysis is None or not analysis.screened or report.result is not Result.POSITIVE:
            self._say("V01", "not_positive", "variants", report)
        for code, value in report.variants:
            if value not in screening.values:
                self._say("V02", "value", "variants", report, letter=code)
            marker = screening.markers.get(code)
            if marker is not None and marker.since > day:
                since = marker.since.isoformat()
                self._say("V06", "early", "variants", report, letter=code, since=since)
        given = dict(report.variants)
        if missing := [marker.code for marker in screening.asked_on(day) if marker.code not in given]:
            self._say("V03", "incomplete", "variants", report, missing=", ".join(missing))
        for combination in screening.combinations:
            if combination.since <= day and combination.values.items() <= given.items():
                self._say("V05", "together", "variants", report, meaning=combination.meaning_en)
        sampled, screened = report.sampled_at, report.screened_at
        if sampled is None or screened is None:
            return
        if sampled.at > screened.at and _is_later(sampled, screened):
            self._say("V04", "before_sampling", "variants", report, screened=screened.iso())

    def _say(self, code: str, case: str, item: str, report: Report, /, **values: object) -> None:
        self._at(code, case, item, report.location, **values)

    def _at(self, code: str, case: str, item: str, location: str, /, **values: object) -> None:
        if self.profile in catalogue()[code].profiles:
            self.findings.append(finding(code, case, place(item, self.format, location), **values))


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
