"""Looking at two identities side by side, deciding whether they are one person, and undoing that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db.backends.utils import CursorWrapper
from django.db.models import Count

from rempart.foundation.access.actor import Actor, Purpose, acting, look, require, system
from rempart.foundation.access.refusals import NotAllowed, StaleVersion
from rempart.foundation.access.rights import Right
from rempart.foundation.audit.trail import About, Act, record_each
from rempart.foundation.people.content import IdentityRecord
from rempart.foundation.people.identities import read_identities
from rempart.foundation.people.likeness import joining, seeking
from rempart.foundation.people.likeness.keys import as_record
from rempart.foundation.people.matching import Assessment, assess
from rempart.foundation.people.models import LikelyPair, Link
from rempart.foundation.vault import Keyring
from rempart.screening.reviewing.following import follow

PAGE = 50
State = LikelyPair.State
OPEN = (State.WAITING, State.UNSURE)


class Decision(StrEnum):
    """What somebody says of two identities."""

    SAME = "same"
    DIFFERENT = "different"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """Pairs of one state, the surest first, and how many there are of each; nothing of a person."""

    pairs: Sequence[LikelyPair]
    counts: Mapping[str, int]
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Two identities and what speaks for and against; `one_person`: an earlier decision made them so."""

    pair: LikelyPair
    one: IdentityRecord
    other: IdentityRecord
    assessment: Assessment
    one_person: bool


def listing(*, actor: Actor, state: str, page: int = 0) -> Listed:
    """The pairs that the actor may review: those both of whose departments are his. Two queries."""
    require(actor, Right.IDENTITIES_REVIEW)
    with acting(actor):
        counted = LikelyPair.objects.values_list("state").annotate(number=Count("id")).order_by("state")
        counts = dict(counted)
        first = page * PAGE
        pairs = list(
            LikelyPair.objects.filter(state=state).order_by("-score", "id")[first : first + PAGE + 1]
        )
    return Listed(pairs=pairs[:PAGE], counts=counts, more=len(pairs) > PAGE)


def following_pair(*, actor: Actor) -> UUID | None:
    """The pair to look at next: the surest that waits."""
    listed = listing(actor=actor, state=State.WAITING)
    return listed.pairs[0].id if listed.pairs else None


def reviewed_here(*, actor: Actor, pair_id: UUID) -> None:
    """Raises NotAllowed for a pair that is none, or that is another's to review."""
    require(actor, Right.IDENTITIES_REVIEW)
    with acting(actor):
        _pair(pair_id)


def compare(*, actor: Actor, pair_id: UUID, keyring: Keyring, now: datetime) -> Compared:
    """Both identities, opened, and the evidence; audited for both persons.

    Raises NotAllowed for a pair that is none or another's, or of which one can no longer be opened.
    """
    require(actor, Right.IDENTITIES_REVIEW)
    with acting(actor):
        pair = _pair(pair_id)
        records = read_identities((pair.one_id, pair.other_id), keyring=keyring)
        if len(records) != 2:
            raise NotAllowed("one of the identities can no longer be opened")
        persons = _persons(pair)
        _note(actor, Act.IDENTITIES_COMPARED, pair, persons, now=now)
    one, other = records[pair.one_id], records[pair.other_id]
    return Compared(
        pair=pair,
        one=one,
        other=other,
        assessment=assess(as_record(one), as_record(other), weights=seeking.weights(), this_year=now.year),
        one_person=len(set(persons)) == 1,
    )


def decide(
    *, actor: Actor, pair_id: UUID, seen_version: int, decision: Decision, keyring: Keyring, now: datetime
) -> None:
    """Say what two identities are. `same` makes one person of two, at once and until somebody undoes it.

    Other open pairs of the same two persons are settled with it. Raises NotAllowed, StaleVersion, and joining's
    TwoNumbers when both persons have a matricule.
    """
    require(actor, Right.IDENTITIES_REVIEW)
    with acting(actor) as cursor:
        pair = _pair(pair_id, seen=seen_version, states=OPEN)
        persons = _persons(pair)
        look(cursor, system(Purpose.RIGHTS))  # the persons' other identities may be of other departments
        join = None
        if decision is Decision.SAME and len(set(persons)) == 2:
            join = _join(cursor, persons, by=actor.id, keyring=keyring, now=now)
        settled = [pair.id]
        if decision is not Decision.UNSURE:
            settled += _others_between(cursor, set(persons), joined=decision is Decision.SAME)
        _write(settled, State(decision.value), by=actor.id, join=join, now=now)
        _note(actor, Act.IDENTITIES_DECIDED, pair, persons, now=now, decision=decision.value)


def undo(*, actor: Actor, pair_id: UUID, seen_version: int, keyring: Keyring, now: datetime) -> None:
    """Take a decision back: the pair waits again, and persons whom it joined are parted.

    Raises NotAllowed where nothing was decided, or where what it did can no longer be undone; StaleVersion.
    """
    require(actor, Right.IDENTITIES_REVIEW)
    with acting(actor) as cursor:
        pair = _pair(pair_id, seen=seen_version, states=(State.SAME, State.DIFFERENT, State.UNSURE))
        look(cursor, system(Purpose.RIGHTS))
        reopened = [pair.id]
        if pair.join_id is not None:
            try:
                moved = joining.part(cursor, pair.join_id, keyring=keyring, by=actor.id, now=now)
            except joining.NotThere as why:
                raise NotAllowed("the persons were changed since") from why
            follow(cursor, moved, undone=True, keyring=keyring, now=now)
            reopened += LikelyPair.objects.filter(join_id=pair.join_id).values_list("id", flat=True)
        elif pair.state == State.SAME:
            raise NotAllowed("another decision made them one person")
        _write(reopened, State.WAITING, by="", join=None, now=None)
        _note(actor, Act.IDENTITIES_PARTED, pair, _persons(pair), now=now)


def _pair(pair_id: UUID, *, seen: int | None = None, states: Iterable[str] = ()) -> LikelyPair:
    pairs = LikelyPair.objects.filter(pk=pair_id)
    pair = (pairs if seen is None else pairs.select_for_update()).first()
    if pair is None:
        raise NotAllowed("no such pair")
    if seen is not None and (pair.version != seen or pair.state not in set(states)):
        raise StaleVersion
    return pair


def _persons(pair: LikelyPair) -> tuple[UUID, ...]:
    """Whose the two identities are, in their order."""
    links = dict(
        Link.objects.filter(identity_id__in=(pair.one_id, pair.other_id)).values_list(
            "identity_id", "person_id"
        )
    )
    if len(links) != 2:
        raise NotAllowed("one of the identities is gone")
    return links[pair.one_id], links[pair.other_id]


def _join(
    cursor: CursorWrapper, persons: Sequence[UUID], *, by: str, keyring: Keyring, now: datetime
) -> UUID:
    try:
        moved = joining.join(cursor, one=persons[0], other=persons[1], by=by, now=now)
    except joining.NotThere as why:
        raise StaleVersion from why
    follow(cursor, moved, undone=False, keyring=keyring, now=now)
    return moved.join


def _others_between(cursor: CursorWrapper, persons: set[UUID], *, joined: bool) -> list[UUID]:
    """The open pairs between identities of these persons: of one and the same now, or of two."""
    cursor.execute(
        """WITH mine AS (SELECT identity_id, person_id FROM people_link WHERE person_id = ANY(%s))
           SELECT p.id FROM people_likely_pair p
           JOIN mine a ON a.identity_id = p.one_id JOIN mine b ON b.identity_id = p.other_id
           WHERE p.state = ANY(%s) AND (a.person_id = b.person_id) = %s""",
        (list(persons), list(OPEN), joined),
    )
    return [key for (key,) in cursor.fetchall()]


def _write(pairs: Iterable[UUID], state: State, *, by: str, join: UUID | None, now: datetime | None) -> None:
    for pair in LikelyPair.objects.select_for_update().filter(pk__in=set(pairs)).order_by("pk"):
        pair.state, pair.decided_by, pair.decided_at, pair.join_id = state, by, now, join
        pair.version += 1
        pair.save()


def _note(
    actor: Actor, act: Act, pair: LikelyPair, persons: Iterable[UUID], *, now: datetime, **details: str
) -> None:
    record_each(
        actor,
        act,
        [About(subject=str(pair.id), person=person, details=details) for person in dict.fromkeys(persons)],
        now=now,
    )
