"""The message to a laboratory's mailbox: how its subject, its header and its body are written, and read again.

The words are data/message.toml. Whoever reads by hand finds everything in subject and body; a machine finds the site in
the subject, and what it needs to forget in the header, or in the body where a mail server took the header away.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from typing import Any
from uuid import UUID

from rempart.foundation.identifiers import finess
from rempart.foundation.terminology.values import Result, Sex
from rempart.foundation.territories import zone_of

HEADER = "X-Rempart-Handover"
_VERSION = "1"
_LONGEST = 90  # characters of one fact in the subject
_BAR = " | "
_SUBJECT = re.compile(
    r"\A(?P<lead>[^|]{0,200})\| *(?P<site>[0-9][0-9AB][0-9]{7}) *\| *(?P<sampled>[^|]{0,60})\| *"
    r"(?P<test>[^|]{0,200})\| *(?P<patient>[^|]{0,200})\Z",
    re.ASCII,
)
_MOMENT = re.compile(r"(\d{2})/(\d{2})/(\d{4})(?: (?:à )?(\d{2}):(\d{2}))?")


class Kind(StrEnum):
    CERTIFICATE = "certificate"
    REPLACEMENT = "replacement"  # of one that was sent before
    DESTRUCTION = "destruction"  # of one that was sent before; without a document


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is said of one test. `sampled_at` is aware; `knows_hour`: whether its hour was said; an empty text was not
    sent to us. `id`: the same in every message about one test."""

    id: UUID
    site: str  # geographic FINESS
    family_name: str = field(repr=False)
    first_names: str = field(repr=False)
    sex: Sex
    birth_date: date | None = field(repr=False)
    ins: str = field(repr=False)
    loinc: str
    analysis: str  # in French
    sampled_at: datetime
    knows_hour: bool
    received_at: datetime
    result: Result
    result_label: str  # in French
    kept_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A subject, read. `kind` is None when its first words are none of ours."""

    kind: Kind | None
    site: str
    sampled: str = field(repr=False)
    test: str = field(repr=False)
    patient: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """What a machine needs of a message: which certificate, of which site, and what its keeping hangs on.

    `id` is None where only the body could be read; `kind` likewise is then that of the subject.
    """

    id: UUID | None
    kind: Kind
    site: str
    sampled_at: datetime
    knows_hour: bool
    positive: bool


def subject(facts: Facts, kind: Kind) -> str:
    """The four facts, those of fixed form first, so that a machine cuts them at the bars and a person reads on:
    site (geographic FINESS), moment of sampling, test, patient. The result is not among them: it would stand in lists and
    on locked screens."""
    born = f", {facts.birth_date:%d/%m/%Y}" if facts.birth_date else ""
    patient = _short(f"{facts.family_name.upper()} {facts.first_names}".strip(), _LONGEST - len(born)) + born
    return _BAR.join(
        (words()["subject"][kind], facts.site, _sampled(facts), _short(facts.analysis, _LONGEST), patient)
    )


def read_subject(text: str) -> Subject | None:
    """The facts of a subject, or None when they are not there."""
    found = _SUBJECT.match(" ".join(text.split()))
    if found is None or not finess.is_valid(found["site"]):
        return None
    lead = found["lead"].strip().casefold()
    kinds = [kind for kind in Kind if lead.endswith(words()["subject"][kind].casefold())]
    return Subject(
        kind=kinds[0] if kinds else None,
        site=found["site"],
        sampled=found["sampled"].strip(),
        test=found["test"].strip(),
        patient=found["patient"].strip(),
    )


def trial_subject(site: str) -> str:
    """The subject of a test message to the mailbox of a site."""
    return f"{words()['trial']['subject']}{_BAR}{site}"


def read_trial(text: str) -> str | None:
    """The site of a test message, by its subject; None for any other."""
    lead, _, site = " ".join(text.split()).rpartition(_BAR)
    is_one = lead.casefold().endswith(words()["trial"]["subject"].casefold()) and finess.is_valid(site)
    return finess.normalise(site) if is_one else None


def header(facts: Facts, kind: Kind) -> str:
    """The value of HEADER: nothing in it that the body does not say, and no name."""
    result = "" if kind is Kind.DESTRUCTION else f"; result={facts.result}"
    return (
        f"{_VERSION}; kind={kind}; id={facts.id}; site={facts.site}; sampled={facts.sampled_at.isoformat()};"
        f" hour={'known' if facts.knows_hour else 'unknown'}{result}"
    )


def read_header(text: str) -> Slip | None:
    """What a header says, or None when it is none of ours or not whole."""
    version, *parts = [part.strip() for part in text.split(";")]
    said = dict(part.partition("=")[::2] for part in parts)
    try:
        moment = datetime.fromisoformat(said["sampled"])
        if version != _VERSION or moment.tzinfo is None or not finess.is_valid(said["site"]):
            return None
        kind = Kind(said["kind"])
        return Slip(
            id=UUID(said["id"]),
            kind=kind,
            site=finess.normalise(said["site"]),
            sampled_at=moment,
            knows_hour=said["hour"] == "known",
            positive=kind is not Kind.DESTRUCTION and Result(said["result"]) is Result.POSITIVE,
        )
    except (KeyError, ValueError):
        return None


def body(facts: Facts, kind: Kind) -> str:
    """The text: the fields of the guide in its order. A destruction repeats neither result nor number."""
    text = words()
    label = text["label"]
    zone = zone_of(finess.parse(facts.site).department)
    unknown = text["words"]["unknown"]
    patient = [
        (label["family_name"], facts.family_name),
        (label["first_names"], facts.first_names),
        (label["sex"], text["words"][facts.sex]),
        (label["birth_date"], f"{facts.birth_date:%d/%m/%Y}" if facts.birth_date else ""),
    ]
    test = [
        (label["analysis"], f"{facts.loinc} {facts.analysis}"),
        (label["site"], facts.site),
        (label["sampled"], _sampled(facts)),
        (label["received"], f"{facts.received_at.astimezone(zone):%d/%m/%Y %H:%M}"),
    ]
    if kind is not Kind.DESTRUCTION:
        patient.append((label["ins"], facts.ins))
        test.append((label["result"], facts.result_label))
    lines: list[str] = []
    for paragraph in text["opening"][kind]:
        lines += [paragraph, ""]
    for title, rows in ((text["section"]["patient"], patient), (text["section"]["test"], test)):
        lines += [f"{title} :", *(f"{name} : {_line(value) or unknown}" for name, value in rows), ""]
    closing = text["closing"].get(kind, text["closing"][Kind.CERTIFICATE])
    until = f"{facts.kept_until.astimezone(zone):%d/%m/%Y %H:%M}"
    for paragraph in closing:
        lines += [paragraph.format(kept=until, **text["tool"], **text["link"]), ""]
    return "\n".join(lines).rstrip()


def read_body(text: str, kind: Kind) -> Slip | None:
    """What the labelled lines of a body say, or None when one is missing that the keeping hangs on. Times are read on
    the clock of the site."""
    label = words()["label"]
    said: dict[str, str] = {}
    for line in text.splitlines():
        name, separator, value = line.partition(" : ")
        if separator:
            said.setdefault(name.strip(), value.strip())
    site, moment = said.get(label["site"], ""), _MOMENT.match(said.get(label["sampled"], ""))
    result = said.get(label["result"], "")
    if not finess.is_valid(site) or moment is None or not (result or kind is Kind.DESTRUCTION):
        return None
    day, month, year, hour, minute = moment.groups()
    try:
        zone = zone_of(finess.parse(site).department)
        at = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), tzinfo=zone)
    except ValueError:
        return None
    return Slip(
        id=None,
        kind=kind,
        site=finess.normalise(site),
        sampled_at=at,
        knows_hour=hour is not None,
        positive=result.casefold().startswith("posit"),
    )


@lru_cache(maxsize=1)
def words() -> Mapping[str, Any]:
    """data/message.toml."""
    text = resources.files("rempart.screening.handover").joinpath("data/message.toml").read_text("utf-8")
    return tomllib.loads(text)


def _sampled(facts: Facts) -> str:
    local = facts.sampled_at.astimezone(zone_of(finess.parse(facts.site).department))
    return (
        f"{local:%d/%m/%Y %H:%M}"
        if facts.knows_hour
        else f"{local:%d/%m/%Y}, {words()['words']['hour_unknown']}"
    )


def _line(value: str) -> str:
    """On one line, so that no value makes a labelled line of its own."""
    return " ".join(value.split())


def _short(value: str, most: int) -> str:
    value = _line(value.replace("|", "/"))
    return value if len(value) <= most else f"{value[: most - 1]}…"
