"""What somebody who checks a certificate may see: whether it is accepted, why not, and whose it is. Never a result.

Source of what he may see: decree 2021-699 of 1 June 2021, article 2-3 (names, birth date, and "valid" or not); of what is accepted:
`validity.domestic_pass`. The page of the browser (screening/static/verifying/certificates.js) answers the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from rempart.proofs.reasons import Kind, Reason
from rempart.proofs.validity import Pass
from rempart.proofs.verdict import Verdict

_POSITIVE, _NEGATIVE, _ANTIGEN = "260373001", "260415000", "LP217198-3"
_ANTIGEN_LOINC = "945584"
_ZONE = ZoneInfo("Europe/Paris")  # a 2D-DOC does not say the zone of its time of sampling


class Outcome(StrEnum):
    """`authentic`: it holds, and no rule of ours says what it is worth (a vaccination, an uninterpretable test)."""

    VALID = "valid"
    NOT_ACCEPTED = "not-accepted"
    AUTHENTIC = "authentic"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """The answer; names and birth date (as the certificate writes it, ISO) are empty when it is invalid."""

    outcome: Outcome
    reason: Reason
    surname: str = field(default="", repr=False)
    first_names: str = field(default="", repr=False)
    birth_date: str = field(default="", repr=False)


def control(verdict: Verdict, *, rule: Pass, at: datetime) -> Control:
    """What a verdict is worth at an aware moment, by the rule of the day."""
    if not verdict.valid:
        return Control(outcome=Outcome.INVALID, reason=verdict.reason)
    reads = {Kind.EU_DCC: _of_dcc, Kind.TWODDOC: _of_2ddoc}.get(verdict.kind)
    if reads is None:
        return Control(outcome=Outcome.AUTHENTIC, reason=verdict.reason)
    return reads(verdict.claims, rule, at)


def _of_dcc(claims: Mapping[str, object], rule: Pass, at: datetime) -> Control:
    content = _mapping(claims.get("dcc"))
    name = _mapping(content.get("nam"))
    return Control(
        outcome=_worth_of_dcc(content, rule, at),
        reason=Reason.OK,
        surname=_text(name.get("fn")) or _text(name.get("fnt")),
        first_names=_text(name.get("gn")) or _text(name.get("gnt")),
        birth_date=_text(content.get("dob")),
    )


def _worth_of_dcc(content: Mapping[str, object], rule: Pass, at: datetime) -> Outcome:
    if test := _first(content.get("t")):
        sampled_at = _moment(_text(test.get("sc")))
        return _worth(_text(test.get("tr")), sampled_at, test.get("tt") == _ANTIGEN, rule, at)
    if recovery := _first(content.get("r")):
        begins, ends = _text(recovery.get("df")), _text(recovery.get("du"))
        holds = begins <= at.astimezone(_ZONE).date().isoformat() <= ends
        return Outcome.VALID if holds else Outcome.NOT_ACCEPTED
    return Outcome.AUTHENTIC


def _of_2ddoc(claims: Mapping[str, object], rule: Pass, at: datetime) -> Control:
    fields = _mapping(claims.get("fields"))
    is_vaccination = claims.get("document_type") == "L1"
    surname, first_names, born = ("L0", "L1", "L2") if is_vaccination else ("F1", "F0", "F2")
    outcome = Outcome.AUTHENTIC
    if claims.get("document_type") == "B2":
        result = {"P": _POSITIVE, "N": _NEGATIVE}.get(_text(fields.get("F5")), "")
        sampled_at = _local(_text(fields.get("F6")))
        outcome = _worth(result, sampled_at, fields.get("F4") == _ANTIGEN_LOINC, rule, at)
    day = _text(fields.get(born))
    return Control(
        outcome=outcome,
        reason=Reason.OK,
        surname=_text(fields.get(surname)),
        first_names=_text(fields.get(first_names)).replace("/", ", "),
        birth_date=f"{day[4:]}-{day[2:4]}-{day[:2]}" if len(day) == 8 and day.isdigit() else "",
    )


def _worth(result: str, sampled_at: datetime | None, is_antigen: bool, rule: Pass, at: datetime) -> Outcome:
    """Of a test, by its age."""
    if result not in (_POSITIVE, _NEGATIVE):
        return Outcome.AUTHENTIC
    if sampled_at is None:
        return Outcome.NOT_ACCEPTED
    age = at.astimezone(UTC) - sampled_at.astimezone(
        UTC
    )  # elapsed: clocks of one zone would be compared by their hands
    if result == _NEGATIVE:
        longest = timedelta(hours=rule.antigen_hours if is_antigen else rule.naat_hours)
        holds = timedelta(0) <= age <= longest
    else:
        holds = timedelta(days=rule.positive_first_day) <= age <= timedelta(days=rule.positive_last_day)
    return Outcome.VALID if holds else Outcome.NOT_ACCEPTED


def today(at: datetime) -> date:
    """The day whose rule counts."""
    return at.astimezone(_ZONE).date()


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _local(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%d%m%Y%H%M").replace(tzinfo=_ZONE)
    except ValueError:
        return None


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _first(value: object) -> Mapping[str, object]:
    return _mapping(value[0]) if isinstance(value, Sequence) and not isinstance(value, str) and value else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
