"""HPRIM Médecin 3.0: bytes to reports, with every finding and its line.

The format has twelve header lines, no place for a LOINC code by design, and none for most of annex 1 of
MINSANTE n°101. Analyses are recognised by the LOINC code in column 3 of a RES line, or by the laboratory's
transcoding table; the rest travels in RES lines with reserved codes (formats/supplements.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, tzinfo
from functools import lru_cache

from rempart.foundation.identifiers import finess, nir, rpps
from rempart.foundation.terminology import Question, QuestionKind, is_presumptive, result_of
from rempart.screening.formats import analyses, encodings
from rempart.screening.formats.context import Context, Observed, Role
from rempart.screening.formats.dates import french_date, has_two_digit_year, hl7_date, hl7_moment
from rempart.screening.formats.emails import one_address
from rempart.screening.formats.hprim_medecin import lines
from rempart.screening.formats.hprim_medecin.lines import HEADER_LINES, Message
from rempart.screening.formats.practitioners import practitioner_of
from rempart.screening.formats.questions import Answers
from rempart.screening.formats.supplements import CODES, Supplement, Supplements
from rempart.screening.rules.catalogue import finding, shown
from rempart.screening.rules.report import (
    Address,
    Finding,
    Format,
    Item,
    Laboratory,
    Moment,
    Person,
    Practitioner,
    Precision,
    Report,
    Result,
    Sex,
    Status,
)

MAXIMUM_SIZE = 16 * 1024 * 1024  # bytes of one message
MAXIMUM_RESULTS = 20_000  # lines of one message: each may be a report, or a finding
LONGEST_LINE = 4_096  # characters of a line of the header: all are kept and shown

_STATUSES = {"F": Status.FINAL, "C": Status.CORRECTED, "R": Status.HELD}
_SEXES = {"F": Sex.FEMALE, "M": Sex.MALE, "": None}
_LONGEST_PATIENT_CODE = 40  # a longer first line is a fixed-width record of sender and recipient
_LONGEST_TEXT = 256  # characters of a code, a label, a result; caches keep no more of a hostile line
_TWO_DIGIT_PIVOT = 2099  # a record date is of this century
# Members that are asked for with each line: each takes a tenth of a microsecond to look up.
_VARIANT, _ONSET_DATE = Role.VARIANT, QuestionKind.ONSET_DATE


@dataclass(frozen=True, slots=True)
class _Found:
    """A RES line that becomes a report."""

    line: lines.Result
    observed: Observed
    result: Result | None
    status: Status


@dataclass(slots=True)
class _Content:
    """The RES lines of a message, sorted."""

    found: list[_Found] = field(default_factory=list)
    supplements: Supplements = field(default_factory=Supplements)
    letters: list[tuple[str, str]] = field(default_factory=list)
    answers: Answers = field(default_factory=Answers)


def decode(payload: bytes, *, context: Context) -> Iterator[Item]:
    """Every message of an HPRIM Médecin file. Yields nothing for a blank file; never raises on content."""
    codec = encodings.read(payload).codec
    for position, part in enumerate(lines.parts(payload)):
        findings = list(part.findings)
        if len(part.raw) > MAXIMUM_SIZE:
            size = finding("F03", "size", "message", size=len(part.raw), limit=MAXIMUM_SIZE)
            yield _unread(part.raw, position, [*findings, size])
            continue
        message = lines.message_of(part.raw.decode(codec, "replace"))
        if len(message.results) > MAXIMUM_RESULTS:
            values = {"lines": len(message.results), "limit": MAXIMUM_RESULTS}
            yield _unread(part.raw, position, [*findings, finding("F03", "lines", "message", **values)])
            continue
        if len(part.raw) > LONGEST_LINE and max(map(len, message.header), default=0) > LONGEST_LINE:
            number, line = next(
                (n, one) for n, one in enumerate(message.header, 1) if len(one) > LONGEST_LINE
            )
            said = finding("F03", "long", f"line {number}", size=len(line), limit=LONGEST_LINE)
            yield _unread(part.raw, position, [*findings, said])
            continue
        laboratory = _laboratory(message.line(11))
        yield Item(
            position=position,
            format=Format.HPRIM_MEDECIN,
            raw=part.raw,
            sender=laboratory.finess or laboratory.name,
            reports=_reports(message, laboratory, context, findings),
            findings=tuple(findings),
        )


def _unread(raw: bytes, position: int, findings: list[Finding]) -> Item:
    return Item(position=position, format=Format.HPRIM_MEDECIN, raw=raw, findings=tuple(findings))


def _reports(
    message: Message, laboratory: Laboratory, context: Context, findings: list[Finding]
) -> tuple[Report, ...]:
    if len(message.header) < HEADER_LINES:
        findings.append(finding("H05", "short", "line 1", given=len(message.header)))
    if not message.results:
        findings.append(finding("A01", "text_only", "message"))
    content = _sort(message, laboratory, context, findings)
    if not content.found:
        return ()
    zone = context.zone(laboratory.finess)
    person = _person(message, content.supplements, findings)
    supplements = content.supplements
    sampled_at = _sampled_at(message, supplements, zone, findings)
    validated_at = _moment(supplements, Supplement.VALIDATED_AT, "validation", zone, findings)
    symptoms = content.answers.symptoms(sampled_at)
    prescriber = _prescriber(message.line(12), supplements)
    attending = supplements.practitioner(Supplement.ATTENDING, Supplement.ATTENDING_ADELI)
    letters = analyses.letters_of(content.letters) if content.letters else ()
    screened_at = _moment(supplements, Supplement.SCREENED_AT, "screening", zone, findings)
    screened = analyses.screened([(f.observed, f.result) for f in content.found]) if letters else frozenset()
    return tuple(
        Report(
            laboratory=laboratory,
            record_number=message.line(9),
            person=person,
            analysis_code=f.observed.code,
            analysis_label=f.observed.label,
            loinc=f.observed.loinc,
            raw_result=f.line.column(5),
            result=f.result,
            status=analyses.held_back(f.status, f.observed, context=context),
            sampled_at=sampled_at,
            validated_at=validated_at,
            prescriber=prescriber,
            general_practitioner=attending,
            residence=content.answers.residence(),
            health_worker=content.answers.health_worker,
            symptoms=symptoms,
            variants=letters if n in screened else (),
            screened_at=screened_at if n in screened else None,
            specimen=supplements[Supplement.SPECIMEN],
            device=supplements[Supplement.DEVICE],
            location=f"line {f.line.line}",
        )
        for n, f in enumerate(content.found)
    )


def _sort(message: Message, laboratory: Laboratory, context: Context, findings: list[Finding]) -> _Content:
    """Tell results from answers, mutation letters and supplements, by their code."""
    content = _Content()
    supplements = content.supplements
    for line in message.results:
        code = line.column(3)[:_LONGEST_TEXT]
        value = line.column(5)
        if (kind := CODES.get(code)) is not None:
            supplements.add(kind, value)
            continue
        label = line.column(2)[:_LONGEST_TEXT].rstrip(" :")
        observed = context.observe((code, label, ""), laboratory.finess)
        if observed.question is not None:
            _answer(content.answers, observed.question, value[:_LONGEST_TEXT])
        elif observed.role is _VARIANT:
            content.letters.append((observed.letter, value))
        elif analyses.takes(observed, f"line {line.line}, column 3", context=context, findings=findings):
            result = _result(line, laboratory, context, findings)
            content.found.append(_found(line, observed, result, findings))
    return content


def _answer(answers: Answers, question: Question, value: str) -> None:
    """Take what a RES line answers; letters with commas or tildes are several answers."""
    for answer in value.replace(",", "~").split("~"):
        code = answer.strip()
        answers.add(question, code=code, day=hl7_date(code) if question.kind is _ONSET_DATE else None)


def _result(
    line: lines.Result, laboratory: Laboratory, context: Context, findings: list[Finding]
) -> Result | None:
    """What column 5 means to everybody, else to the laboratory."""
    value = line.column(5)
    if not value or len(value) > _LONGEST_TEXT:
        return None
    letter = result_of(value)
    if letter is None:
        return context.result(value, laboratory.finess) if value not in context.not_results else None
    if is_presumptive(value):
        findings.append(finding("R09", "presumptive", f"line {line.line}, column 5"))
    return Result(letter)


def _found(line: lines.Result, observed: Observed, result: Result | None, findings: list[Finding]) -> _Found:
    code = line.column(10)
    status = _STATUSES.get(code)
    if status is None:
        case = "unknown" if code else "missing"
        findings.append(finding("R07", case, f"line {line.line}, column 10", given=shown(code)))
    return _Found(line, observed, result, status or Status.HELD)


def _person(message: Message, supplements: Supplements, findings: list[Finding]) -> Person:
    """The person of header lines 1 to 8; line 2 is the birth name unless another one is given for that."""
    surname = message.line(2)
    birth_name = supplements[Supplement.BIRTH_NAME]
    first_names = tuple(name for part in message.line(3).split(",") if (name := part.strip()))
    born = _birth_date(message, findings)
    given_sex = _SEXES.get(supplements[Supplement.SEX].upper(), Sex.UNKNOWN)
    own, insured, sex = _number(message.line(8), given_sex, born, findings)
    matricule, authority = supplements.ins()
    code = message.line(1)
    person = Person(
        birth_name=birth_name or surname,
        used_name=surname if birth_name and surname != birth_name else "",
        first_names=first_names,
        sex=sex,
        birth_date=born,
        birth_place=supplements[Supplement.BIRTH_PLACE],
        ins=matricule or own,
        ins_authority=authority,
        insured_number=supplements[Supplement.INSURED].replace(" ", "") or insured,
        local_id=code if len(code) <= _LONGEST_PATIENT_CODE else "",
        address=_address(message),
        phone=supplements[Supplement.PHONE],
        mobile=supplements[Supplement.MOBILE],
        email=one_address(supplements[Supplement.EMAIL]),
    )
    return supplements.relative(person)


def _birth_date(message: Message, findings: list[Finding]) -> date | None:
    text = message.line(7)
    recorded = french_date(message.line(10), not_after=_TWO_DIGIT_PIVOT)
    if not text:
        return None
    two_digits = has_two_digit_year(text)
    if two_digits and recorded is None:  # nothing tells the century
        findings.append(finding("P03", "unreadable", "line 7, birth date"))
        return None
    born = french_date(text, not_after=recorded.year if recorded is not None else _TWO_DIGIT_PIVOT)
    if born is None:
        findings.append(finding("P03", "unreadable", "line 7, birth date"))
    elif two_digits:
        findings.append(finding("P11", "two_digits", "line 7, birth date"))
    return born


def _number(
    text: str, sex: Sex | None, born: date | None, findings: list[Finding]
) -> tuple[str, str, Sex | None]:
    """(matricule, number of the insured, sex) from line 8.

    The line says neither whose number it is nor that it was checked: a number that contradicts the birth
    date or the sex is that of the insured, often a parent's, and must never identify the person.
    """
    if not text:
        return "", "", sex
    number = nir.parse(text)
    if not number.body:
        return nir.normalise(text)[:15], "", sex
    of_another_sex = sex in (Sex.FEMALE, Sex.MALE) and number.sex not in ("", sex)
    if of_another_sex or (born is not None and not number.agrees_with_birth(born)):
        findings.append(finding("P10", "insured", "line 8, social security number"))
        return "", number.body + (number.given_key or number.key), sex
    if not number.given_key:
        findings.append(finding("P09", "no_key", "line 8, social security number"))
    if sex is None and number.sex:
        sex = Sex(number.sex)
    return number.body + (number.given_key or number.key), "", sex


def _address(message: Message) -> Address:
    postal_code, _, city = message.line(6).partition(" ")
    if len(postal_code) != 5 or not postal_code[-3:].isdigit():
        postal_code, city = "", message.line(6)
    return Address(
        lines=tuple(line for line in (message.line(4), message.line(5)) if line),
        postal_code=postal_code,
        city=city.strip(),
    )


@lru_cache(maxsize=1_024)
def _laboratory(line: str) -> Laboratory:
    """Line 11: a code, then a name. Ten columns or a blank end the code."""
    code, _, name = line.partition(" ")
    number = rpps.finess_of(code[:_LONGEST_TEXT])
    if finess.FinessFault.SHAPE in finess.parse(number).faults:
        return Laboratory(name=name.strip() or code)
    return Laboratory(finess=finess.normalise(number), name=name.strip())


def _prescriber(line: str, supplements: Supplements) -> Practitioner:
    """The prescriber: the reserved codes where there are some, else the recipient of line 12."""
    code, _, name = line.partition(" ")
    recipient = practitioner_of(code, name.strip(), adeli=True)
    has_number = bool(recipient.rpps or recipient.adeli)
    given = supplements.practitioner(Supplement.PRESCRIBER, Supplement.PRESCRIBER_ADELI)
    if not (given.rpps or given.adeli):
        return recipient if has_number or name else Practitioner(name=code)
    if (given.rpps, given.adeli) == (recipient.rpps, recipient.adeli):
        return recipient
    return replace(given, name="" if has_number else name.strip())


def _sampled_at(
    message: Message, supplements: Supplements, zone: tzinfo, findings: list[Finding]
) -> Moment | None:
    """SIDEP-PRELDT, else the day of line 10."""
    if moment := _moment(supplements, Supplement.SAMPLED_AT, "other", zone, findings):
        return moment
    text = message.line(10)
    day = french_date(text, not_after=_TWO_DIGIT_PIVOT)
    if day is None:
        if text:
            findings.append(finding("S01", "unreadable", "line 10, record date"))
        return None
    return Moment(at=datetime.combine(day, time(), zone), precision=Precision.DAY)


def _moment(
    supplements: Supplements, kind: Supplement, case: str, zone: tzinfo, findings: list[Finding]
) -> Moment | None:
    """The time of a reserved code; a finding when it cannot be read."""
    text = supplements[kind]
    moment = hl7_moment(text, zone) if text else None
    if text and moment is None:
        findings.append(finding("S04", case, f"RES {kind.value}"))
    return moment
