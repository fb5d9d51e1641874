"""Who is told what of a result, by which ways in which order, in which kind of words.

Sources: MINSANTE n°101 of 5 May 2020, annexes 1.3 (mobile telephone, e-mail, and the trusted relative's for a person who has
neither) and 2.1 (prescriber and treating doctor receive each result); SEED-002 for what happens without telephone and
e-mail; what they leave open is decided in docs/decisions/049. The values are dated data: data/policy.toml.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

from rempart.foundation.identifiers.ins import Ins
from rempart.foundation.messaging.letters import Channel
from rempart.foundation.messaging.mssante.conventions import PATIENTS
from rempart.foundation.messaging.numbers import international
from rempart.foundation.terminology.values import Result
from rempart.screening.formats.telephones import is_mobile

MARK = 16
"""Bytes of a mark after the ledger key of its result."""

_POSTAL_LINES = 2  # a street or a place, and a town


class Fact(StrEnum):
    """What a result has to tell, as far as the policy tells it apart."""

    POSITIVE = "positive"
    PAST = "past"  # positive, of a kind that opens no case: antibodies say nothing of today
    NEGATIVE = "negative"
    UNINTERPRETABLE = "uninterpretable"  # or a specimen that was not fit
    CORRECTED = "corrected"  # to something else than positive
    RETRACTED = "retracted"


class Words(StrEnum):
    """In which kind of words: the names of the texts."""

    RESULT = "result"
    CORRECTION = "correction"
    RETRACTION = "retraction"


class Audience(StrEnum):
    """Whom a notice is for."""

    PERSON = "person"
    RELATIVE = "relative"
    OWN_MAILBOX = "own-mailbox"
    PRESCRIBER = "prescriber"
    TREATING_DOCTOR = "treating-doctor"


class Way(StrEnum):
    """The ways of the policy."""

    MOBILE = "mobile"
    EMAIL = "email"
    LETTER = "letter"
    RELATIVE = "relative"
    CALL = "call"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What the policy says of one fact; `source` is its version's."""

    routes: tuple[Way, ...]
    without: tuple[Way, ...]
    wakes: bool
    doctors: bool
    own_mailbox: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    since: date
    source: str
    rows: Mapping[Fact, Row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contacts:
    """How a person and those around her can be reached; empty: not known. Doctors' and one's own are addresses of
    MSSanté."""

    mobile: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    relative_mobile: str = field(default="", repr=False)
    relative_email: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)  # takes no text message
    address: tuple[str, ...] = field(default=(), repr=False)  # lines, the last one with the town
    own_mailbox: str = field(default="", repr=False)
    prescriber: str = field(default="", repr=False)
    treating_doctor: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    channel: Channel
    recipient: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing to say to one reader, by the first of these routes that does not fail."""

    audience: Audience
    words: Words
    routes: tuple[Route, ...]
    wakes: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`call`: the laboratory is to telephone. `fact` is None where there is nothing to tell."""

    fact: Fact | None = None
    notices: tuple[Notice, ...] = ()
    call: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What its person sees of one version of a result, as far as a change of it is worth a notice."""

    result: str
    retracted: bool
    sampled_at: datetime


def reachable(details: Mapping[str, Any]) -> bool:
    """Whether the person has a mobile telephone or an e-mail address (SEED-002 §4); `details`: what is sealed beside a
    result."""
    known = contacts(details)
    return bool(known.mobile or known.email)


def contacts(
    details: Mapping[str, Any], *, own_mailbox: str = "", prescriber: str = "", treating_doctor: str = ""
) -> Contacts:
    """The ways to a person from what is sealed beside her result (screening/services/prepare).

    `own_mailbox`: of a qualified INS only. A number that is said to be mobile and is a French landline is one; a
    foreign one is believed. An address without place and town takes no letter.
    """
    mobile, phone = details.get("mobile", ""), details.get("phone", "")
    relative = details.get("relative_mobile", "")
    lines = tuple(line.strip() for line in details.get("address", ()) if line.strip())
    return Contacts(
        mobile=mobile if takes_texts(mobile) else phone if is_mobile(phone) else "",
        email=_email(details.get("email", "")),
        relative_mobile=relative if takes_texts(relative) else "",
        relative_email=_email(details.get("relative_email", "")),
        phone=phone if not is_mobile(phone) and phone else mobile if not takes_texts(mobile) else "",
        address=lines if len(lines) >= _POSTAL_LINES and _has_town(lines[-1]) else (),
        own_mailbox=own_mailbox,
        prescriber=prescriber,
        treating_doctor=treating_doctor,
    )


def patient_mailbox(number: Ins, *, qualified: bool) -> str:
    """The person's own MSSanté mailbox (certificates.md §7.5); "" unless the INS is qualified, without a fault, and of a
    real person: a matricule that somebody else may have is nobody's address."""
    real = number.authority is not None and number.authority.in_production
    return f"{number.matricule.number}@{PATIENTS}" if qualified and real and not number.faults else ""


def takes_texts(number: str) -> bool:
    """Whether a number in the field of the mobile one is tried with a text message: a French mobile, or a foreign one,
    of which we cannot tell."""
    return is_mobile(number) or bool(international(number))


def fact_of(
    *, result: Result, opens_case: bool, retracted: bool, current: bool, corrects: bool
) -> Fact | None:
    """What a version of a result has to tell; None for one that another version took the place of. `opens_case`:
    whether a positive of its kind says that the person carries the disease now."""
    if retracted:
        return Fact.RETRACTED
    if not current:
        return None
    if result is Result.POSITIVE and opens_case:
        return Fact.POSITIVE
    if corrects:
        return Fact.CORRECTED
    facts = {Result.POSITIVE: Fact.PAST, Result.NEGATIVE: Fact.NEGATIVE}
    return facts.get(result, Fact.UNINTERPRETABLE)


def plan(
    *,
    result: Result,
    opens_case: bool,
    retracted: bool,
    current: bool,
    corrects: bool,
    known: Contacts,
    policy: Policy,
) -> Plan:
    """Whom to tell of one version of a result.

    `corrects`: an earlier version said something else, of which somebody may have been told. A doctor who is both
    prescriber and treating doctor is told once.
    """
    fact = fact_of(
        result=result, opens_case=opens_case, retracted=retracted, current=current, corrects=corrects
    )
    if fact is None:
        return Plan()
    row = policy.rows[fact]
    words = Words.RETRACTION if retracted else Words.CORRECTION if corrects else Words.RESULT
    readers = [*_to_the_person(known, row)]
    if row.own_mailbox and known.own_mailbox:
        readers.append((Audience.OWN_MAILBOX, (_secure(known.own_mailbox),)))
    if row.doctors:
        readers += _to_doctors(known)
    own = bool(known.mobile or known.email)
    relative = bool(known.relative_mobile or known.relative_email) and Way.RELATIVE in row.without
    return Plan(
        fact=fact,
        notices=tuple(
            Notice(audience=audience, words=words, routes=routes, wakes=row.wakes)
            for audience, routes in readers
        ),
        call=not own and not relative and Way.CALL in row.without and bool(known.phone),
    )


def changes(versions: Iterable[Seen]) -> int:
    """How often what the person sees of a result changed, from its first version to its last: the number of the fact.

    A repeat, and a correction of something she does not see, is no new fact; a result that goes back to what it was
    is one.
    """
    return sum(before != after for before, after in pairwise(versions))


def mark(ledger_key: bytes, *, fact: int, audience: Audience, recipient: str) -> bytes:
    """By which two messages are known to say the same thing to the same reader.

    It begins with the ledger key, so that everything said of one result is found. A reader is told again by another
    number or address than before.
    """
    said = f"{fact}|{audience}|{''.join(recipient.split()).casefold()}"
    return ledger_key + hashlib.blake2b(said.encode(), digest_size=MARK).digest()


def policy_on(day: date) -> Policy:
    """The policy in force on a day; the first one before it began."""
    return max((one for one in policies() if one.since <= day), key=_since, default=policies()[0])


@cache
def policies() -> Sequence[Policy]:
    """The versions of the policy, oldest first."""
    versions = tomllib.loads((files(__package__) / "data" / "policy.toml").read_text("utf-8"))["version"]
    read = (
        Policy(
            since=version["from"],
            source=version["source"],
            rows={fact: _row(version[fact.value]) for fact in Fact},
        )
        for version in versions
    )
    return sorted(read, key=_since)


def _since(policy: Policy) -> date:
    return policy.since


def _row(said: Mapping[str, Any]) -> Row:
    return Row(
        routes=tuple(Way(way) for way in said["routes"]),
        without=tuple(Way(way) for way in said["without"]),
        wakes=said["wakes"],
        doctors=said["doctors"],
        own_mailbox=said["own_mailbox"],
    )


def _to_the_person(known: Contacts, row: Row) -> list[tuple[Audience, tuple[Route, ...]]]:
    """To herself by her own ways; else to her relative, and by post, beside each other."""
    own = [way for way in (Way.MOBILE, Way.EMAIL) if _routes(known, way)]
    if any(way in row.routes for way in own):
        routes = tuple(route for way in row.routes for route in _routes(known, way))
        return [(Audience.PERSON, routes)]
    found = [
        (Audience.RELATIVE if way is Way.RELATIVE else Audience.PERSON, _routes(known, way))
        for way in row.without
    ]
    return [(audience, routes) for audience, routes in found if routes]


def _routes(known: Contacts, way: Way) -> tuple[Route, ...]:
    ways: Mapping[Way, tuple[Route, ...]] = {
        Way.MOBILE: (Route(channel=Channel.SMS, recipient=known.mobile),),
        Way.EMAIL: (Route(channel=Channel.EMAIL, recipient=known.email),),
        Way.LETTER: (Route(channel=Channel.POST, recipient="\n".join(known.address)),),
        Way.RELATIVE: (
            Route(channel=Channel.SMS, recipient=known.relative_mobile),
            Route(channel=Channel.EMAIL, recipient=known.relative_email),
        ),
        Way.CALL: (),
    }
    return tuple(route for route in ways[way] if route.recipient)


def _to_doctors(known: Contacts) -> list[tuple[Audience, tuple[Route, ...]]]:
    found: list[tuple[Audience, tuple[Route, ...]]] = []
    if known.prescriber:
        found.append((Audience.PRESCRIBER, (_secure(known.prescriber),)))
    if known.treating_doctor and known.treating_doctor.casefold() != known.prescriber.casefold():
        found.append((Audience.TREATING_DOCTOR, (_secure(known.treating_doctor),)))
    return found


def _secure(address: str) -> Route:
    return Route(channel=Channel.MSSANTE, recipient=address)


def _email(address: str) -> str:
    name, _, domain = address.strip().partition("@")
    return address.strip() if name and "." in domain and not any(map(str.isspace, address.strip())) else ""


def _has_town(line: str) -> bool:
    return any(character.isalpha() for character in line)
