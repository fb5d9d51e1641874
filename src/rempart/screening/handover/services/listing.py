"""The laboratory's list: certificates to hand over on paper, by site, the oldest first; printed, marked, and then gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from rempart.foundation.access.actor import Actor, Purpose, acting, require, system
from rempart.foundation.access.refusals import NotAllowed, StaleVersion
from rempart.foundation.access.rights import Right, Where
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.directories import lookups
from rempart.foundation.identifiers import finess
from rempart.foundation.people.identities import read_identities
from rempart.foundation.territories import zone_of
from rempart.foundation.vault import Keyring
from rempart.screening.handover.models import Handover
from rempart.screening.handover.rules.matching import Scheme
from rempart.screening.handover.rules.papers import Paper, papers
from rempart.screening.handover.rules.states import MARKS, State
from rempart.screening.handover.services.finding import found
from rempart.screening.handover.services.making import Press, opened
from rempart.screening.handover.services.posting import carries
from rempart.screening.models import TestResult
from rempart.screening.services.moving import OUT_OF_SIGHT

MOST = 100
"""Of one page."""

_SHOWN = (State.WAITING, State.WITHDRAWN, State.NOT_FOUND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One certificate of the list; times are on the clock of the site. `name` is empty where the result is gone."""

    id: UUID
    site: str
    name: str = field(repr=False)
    birth_date: date | None = field(repr=False)
    sampled: datetime
    kept_until: datetime
    state: State
    replaces: bool
    papers: Sequence[Paper]  # what is printed of it


@dataclass(frozen=True, slots=True, kw_only=True)
class List:
    """A page of the list; `names` are those of its sites; `pooled`: the sites of the whole laboratory are shown."""

    items: Sequence[Item]
    names: dict[str, str]
    total: int
    pooled: bool


def listed(*, actor: Actor, page: int, keyring: Keyring, now: datetime) -> List:
    """What is to be handed over, by site, the oldest first; that it was shown is noted. Raises NotAllowed."""
    seen, pooled = _sight(actor)
    with acting(seen):
        due = _due(now).filter(state__in=_SHOWN)
        total = due.count()
        rows = list(due.order_by("laboratory", "sampled_at", "id")[page * MOST : (page + 1) * MOST])
        record(actor, Act.HANDOVERS_LISTED, actor.laboratory, now=now, found=len(rows))
    with acting(system(Purpose.NOTICE)):
        results = {
            one.id: one
            for one in TestResult.objects.filter(
                month__in={row.month for row in rows}, id__in=[row.result_id for row in rows], current=True
            ).exclude(department=OUT_OF_SIGHT)
        }
        identities = read_identities({one.identity_id for one in results.values()}, keyring=keyring)
    items = []
    for row in rows:
        result = results.get(row.result_id)
        identity = identities.get(result.identity_id) if result else None
        zone = zone_of(finess.parse(row.laboratory).department)
        items.append(
            Item(
                id=row.id,
                site=row.laboratory,
                name=identity.display_name if identity else "",
                birth_date=identity.birth_date if identity else None,
                sampled=row.sampled_at.astimezone(zone),
                kept_until=row.kept_until.astimezone(zone),
                state=State(row.state),
                replaces=row.replaces,
                papers=papers(carries=carries(result)) if result and identity else (),
            )
        )
    known = lookups.establishments({item.site for item in items})
    return List(
        items=items,
        names={number: one.name for number, one in known.items()},
        total=total,
        pooled=pooled,
    )


def printed(*, actor: Actor, handover_id: UUID, paper: Paper, press: Press, now: datetime) -> bytes:
    """A document of a certificate that is to be handed over, as PDF. Raises NotAllowed."""
    row = own(actor=actor, handover_id=handover_id, now=now)
    if row.state in (State.WITHDRAWN, State.DESTROYED):
        raise NotAllowed("withdrawn")
    with acting(system(Purpose.NOTICE)) as cursor:
        shown = opened(cursor, row, keyring=press.keyring)
        if paper not in papers(carries=carries(shown.result)):
            raise NotAllowed("no such paper goes with it")
        document = press.print(paper, row, shown, now=now)
        record(
            actor, Act.HANDOVER_PRINTED, str(row.id), now=now, person=shown.result.person_id, paper=paper.value
        )  # fmt: skip
    return document


def mark(*, actor: Actor, handover_id: UUID, state: State, now: datetime) -> None:
    """Say what became of a certificate. Raises NotAllowed, StaleVersion where somebody said something else meanwhile."""
    row = own(actor=actor, handover_id=handover_id, now=now)
    with acting(_sight(actor)[0]):
        row = Handover.objects.select_for_update().get(id=row.id)
        if state not in MARKS[State(row.state)]:
            raise StaleVersion
        row.state, row.marked_at, row.marked_by = state, now, actor.agent
        row.save(update_fields=["state", "marked_at", "marked_by"])
        record(actor, Act.HANDOVER_MARKED, str(row.id), now=now, state=state.value)


def own(*, actor: Actor, handover_id: UUID, now: datetime) -> Handover:
    """A certificate of the actor's list. Raises NotAllowed."""
    with acting(_sight(actor)[0]):
        row = _due(now).filter(id=handover_id).first()
    if row is None:
        raise NotAllowed("no such certificate")
    return row


def waiting(laboratories: Sequence[str], *, now: datetime) -> dict[str, int]:
    """How many certificates wait because no mailbox took them, by site: a number, for whoever may see the desk."""
    with acting(system(Purpose.NOTICE)):
        rows = Handover.objects.filter(
            laboratory__in=laboratories, state=State.WAITING, scheme="", kept_until__gt=now
        )
        counts: dict[str, int] = {}
        for number in rows.values_list("laboratory", flat=True):
            counts[number] = counts.get(number, 0) + 1
    return counts


def _due(now: datetime) -> QuerySet[Handover]:
    """Those whose time is not over; what a site reads in a mailbox of its own is not listed again."""
    return Handover.objects.filter(Q(kept_until__gt=now) & ~Q(scheme=Scheme.LOCAL))


def _sight(actor: Actor) -> tuple[Actor, bool]:
    """Whose certificates the actor sees: those of his site, or of every site where the laboratory pools its mailbox."""
    if require(actor, Right.HANDOVER_USE) is not Where.ESTABLISHMENT or not actor.laboratory:
        raise NotAllowed("no laboratory")
    own = found({actor.laboratory})[finess.normalise(actor.laboratory)]
    if own.scheme is Scheme.POOLED:
        return replace(actor, laboratory=own.site.entity), True
    return actor, False
