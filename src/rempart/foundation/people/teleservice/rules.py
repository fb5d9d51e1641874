"""What to ask the teleservice, which of its answers hold, and when to leave it alone.

It is asked with the four strict traits; it answers one identity (00), none (01) or several (02). Where it knows none,
the other first names are tried, one at a time; where it knows several, the place of birth is added. Source: tracing
reference §5 (INSi answers and retries); the spelling of what is asked: upper case without accents, letters, hyphen and
apostrophe, and spaces in names, as integrators of the service check it. The rest is ours: docs/decisions/029.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from rempart.foundation.identifiers import ins, nir
from rempart.foundation.people.rules import canonical_name
from rempart.foundation.people.teleservice.policy import BreakerPolicy, RetryPolicy
from rempart.foundation.terminology.values import Sex

_PLACE = re.compile(r"[0-9][0-9AB][0-9]{3}", re.ASCII)
_LIGATURES = str.maketrans(
    {"œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "’": "'", "ß": "ss"}
)
_NOT_WRITTEN = re.compile(r"[^A-Z' -]+")
_RUNS = re.compile(r"\s+")


class Code(StrEnum):
    """What the service answers."""

    ONE = "00"
    NONE = "01"
    SEVERAL = "02"


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What we know of somebody; `birth_place`: INSEE's code of commune or country, "" when unknown."""

    birth_name: str
    first_names: tuple[str, ...]
    sex: str
    birth_date: date | None
    birth_place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request, spelled as the service wants it."""

    birth_name: str
    first_name: str
    sex: str
    birth_date: date
    birth_place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NationalIdentity:
    """An identity as the service gives it; `number`: fifteen characters; `former`: numbers it had before.

    `birth_date` is None when it is not a day of the calendar (a lunar date).
    """

    number: str
    authority: str
    birth_name: str
    first_names: tuple[str, ...]
    sex: str
    birth_date: date | None
    birth_place: str
    former: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`identity` is there exactly when the code is ONE."""

    code: Code
    identity: NationalIdentity | None = None


def questions(traits: Traits, asked: Sequence[tuple[Question, Code]], *, most_names: int) -> Question | None:
    """What to ask next after these answers; None when there is nothing more to ask, or never was.

    Nothing can be asked without a name, a first name, a birth date and one of the two sexes.
    """
    names = _first_names(traits)[:most_names]
    family = spelled(traits.birth_name)
    if not (names and family and traits.birth_date and traits.sex in (Sex.FEMALE, Sex.MALE)):
        return None
    first = Question(birth_name=family, first_name=names[0], sex=traits.sex, birth_date=traits.birth_date)
    if not asked:
        return first
    last, code = asked[-1]
    if last.birth_place or code is Code.ONE:
        return None
    if code is Code.SEVERAL:
        place = traits.birth_place.strip().upper()
        return replace(last, birth_place=place) if _PLACE.fullmatch(place) else None
    tried = {question.first_name for question, _ in asked}
    other = next((name for name in names if name not in tried), None)
    return replace(first, first_name=other) if other else None


def spelled(name: str) -> str:
    """A name as the service takes it: A to Z, hyphen, apostrophe and space."""
    plain = unicodedata.normalize("NFKD", name.translate(_LIGATURES)).upper()
    plain = "".join([letter for letter in plain if not unicodedata.combining(letter)])
    return _RUNS.sub(" ", _NOT_WRITTEN.sub(" ", plain)).strip(" -'")


def _first_names(traits: Traits) -> list[str]:
    """The first names, each once, a space in one made a hyphen: the service takes none there."""
    found = [spelled(name).replace(" ", "-") for name in traits.first_names]
    return list(dict.fromkeys(name for name in found if name))


class Doubt(StrEnum):
    """Why an answer of one identity is not taken as the person's."""

    NUMBER = "number"  # its number is not one, or not of the authority that it names
    TRAITS = "traits"  # it is of other traits than those asked


def doubt(question: Question, identity: NationalIdentity, traits: Traits) -> Doubt | None:
    """What speaks against an answer to a question about these traits; None when it holds.

    The number must have its key and agree with its authority, and birth date, sex and names be those that were asked:
    a service that answers about somebody else, by error or malice, changes nothing here. Where another first name than
    the first one led to it, all that are known must be the identity's: a twin may have one of them.
    """
    read = ins.parse(identity.number, oid=identity.authority)
    if not read.matricule.valid or read.authority is None or read.faults:
        return Doubt.NUMBER
    known = _first_names(traits)
    asked = [question.first_name] if known[:1] == [question.first_name] else [question.first_name, *known]
    same = (
        identity.birth_date == question.birth_date
        and identity.sex == question.sex
        and canonical_name(identity.birth_name) == canonical_name(question.birth_name)
        and _words(asked) <= _words(identity.first_names)
    )
    return None if same else Doubt.TRAITS


def _words(names: Sequence[str]) -> set[str]:
    """The first names, those of two words taken apart."""
    return {word for name in names for word in spelled(name).replace("-", " ").split()}


class Verdict(StrEnum):
    """What the service says of a number that somebody claims."""

    AGREES = "agrees"
    FORMER = "former"  # it was this person's, and was replaced
    OTHER = "other"  # these traits have another number
    UNKNOWN = "unknown"  # nobody, or several, have these traits


def verdict(number: str, identity: NationalIdentity | None) -> Verdict:
    """Compare a claimed number (with or without key) with the identity that its traits led to."""
    claimed = nir.parse(number).number
    if identity is None:
        return Verdict.UNKNOWN
    if claimed and claimed == identity.number:
        return Verdict.AGREES
    return Verdict.FORMER if claimed and claimed in identity.former else Verdict.OTHER


def pause_before(tries: int, *, chance: float, policy: RetryPolicy) -> timedelta:
    """How long to wait after the try of this rank (from 1); `chance`, from 0 to 1, leaves up to half of it out."""
    whole: timedelta = min(policy.pause * 2.0 ** min(tries - 1, 30), policy.longest)
    return whole * (1 - chance / 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """`failures` in a row; `open_until`: nobody asks before; `opened`: how often since an answer came."""

    failures: int = 0
    open_until: datetime | None = None
    opened: int = 0

    def is_open(self, now: datetime) -> bool:
        return self.open_until is not None and now < self.open_until

    def allows(self, now: datetime, *, at_once: int) -> int:
        """How many may be asked together: none while it is open, one after that, all once it answered."""
        if self.open_until is None:
            return at_once
        return 0 if now < self.open_until else 1

    def answered(self) -> Breaker:
        return Breaker()

    def failed(self, now: datetime, *, policy: BreakerPolicy) -> Breaker:
        """After one more failure: open after some in a row, and at once after a failed try. Those of requests that were
        under way when it opened change nothing."""
        failures = self.failures + 1
        if self.is_open(now) or (self.open_until is None and failures < policy.opens_after):
            return replace(self, failures=failures)
        wait = min(policy.open_for * 2 ** min(self.opened, 30), policy.longest)
        return Breaker(failures=failures, open_until=now + wait, opened=self.opened + 1)
