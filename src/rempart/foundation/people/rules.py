"""Whose is this identity: certainly a known person's, a new person's, or somebody's to review.

Two identities are the same person's when they share the matricule and the birth date, or, where one
of them has no matricule, the four strict traits (birth name, first given name, birth date, sex).
Source: INS reference (the matricule is only ever used with its traits); the rest is our decision,
docs/decisions/005-person-matching.md.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID


class Certainty(StrEnum):
    CERTAIN = "certain"
    TO_REVIEW = "to-review"


class Keys(NamedTuple):
    """The digests by which one identity is matched; empty `ins` when no valid matricule came."""

    ins: bytes = b""
    traits: bytes = b""


class Known(NamedTuple):
    """A matching key already given to a person.

    `has_ins`: that person already owns a matricule. `shared`: these traits belong to several people.
    """

    person: UUID
    has_ins: bool = False
    shared: bool = False


class Assignment(NamedTuple):
    person: UUID
    certainty: Certainty
    new_person: bool
    new_keys: tuple[bytes, ...] = ()
    shared_key: bytes = b""  # a traits key now known to belong to several people


_WITHOUT_PARTS = str.maketrans(
    {"œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D"}
    | {"ð": "d", "Ð": "D", "þ": "th", "Þ": "TH", "ħ": "h", "Ħ": "H"}
)
"""Letters that Unicode does not take apart into a plain one and a sign."""


def canonical_name(name: str) -> str:
    """A name as it is compared: upper-case letters A–Z only, accents and ligatures unfolded.

    "Céline", "CELINE" and "Celine" are one name; that spelling once cost the national curve 12 %
    (surveillance reference §1.3, 20 May 2021).
    """
    if not name.isascii():
        name = unicodedata.normalize("NFKD", name.translate(_WITHOUT_PARTS))
    elif name.isalpha():
        return name.upper()
    return "".join([letter for letter in name.upper() if "A" <= letter <= "Z"])


def canonical_traits(*, birth_name: str, first_name: str, birth_date: date | None, sex: str) -> str:
    """The four strict traits as one string, or "" when one that matters is missing."""
    name, first = canonical_name(birth_name), canonical_name(first_name)
    if not (name and first and birth_date):
        return ""
    return f"{name}|{first}|{birth_date.isoformat()}|{sex}"


def name_and_birth(name: str, birth_date: date | None) -> str:
    """What the search by name and birth date looks for, or "" when half of it is missing."""
    folded = canonical_name(name)
    return f"{folded}|{birth_date.isoformat()}" if folded and birth_date else ""


def resolve(
    identities: Iterable[Keys], known: Mapping[bytes, Known], *, new_key: Callable[[], UUID]
) -> list[Assignment]:
    """Give every identity its person, in order; `known` holds the keys the store already has.

    Identities of the same batch see each other. An identity without any key is a new person every time.
    """
    seen = dict(known)
    with_ins = {entry.person for entry in known.values() if entry.has_ins}
    assignments = []
    for keys in identities:
        by_ins = seen.get(keys.ins) if keys.ins else None
        by_traits = seen.get(keys.traits) if keys.traits else None
        assignment = _assign(keys, by_ins, by_traits, with_ins, new_key)
        for key in assignment.new_keys:
            seen[key] = Known(person=assignment.person)
        if assignment.shared_key:
            seen[keys.traits] = Known(person=seen[keys.traits].person, shared=True)
        if keys.ins:
            with_ins.add(assignment.person)
        assignments.append(assignment)
    return assignments


def _assign(
    keys: Keys,
    by_ins: Known | None,
    by_traits: Known | None,
    with_ins: set[UUID],
    new_key: Callable[[], UUID],
) -> Assignment:
    missing = tuple(
        key for key, entry in ((keys.ins, by_ins), (keys.traits, by_traits)) if key and entry is None
    )
    if by_ins is not None:
        return Assignment(
            person=by_ins.person, certainty=Certainty.CERTAIN, new_person=False, new_keys=missing
        )
    if by_traits is None:
        return Assignment(person=new_key(), certainty=Certainty.CERTAIN, new_person=True, new_keys=missing)
    if by_traits.shared:  # several people are called so: nobody may be guessed
        return Assignment(person=new_key(), certainty=Certainty.TO_REVIEW, new_person=True, new_keys=missing)
    if keys.ins and by_traits.person in with_ins:  # same traits, another matricule: a homonym
        return Assignment(
            person=new_key(),
            certainty=Certainty.TO_REVIEW,
            new_person=True,
            new_keys=missing,
            shared_key=keys.traits,
        )
    return Assignment(
        person=by_traits.person, certainty=Certainty.CERTAIN, new_person=False, new_keys=missing
    )
