"""Reviewing accounts: deciding of each, and signing when all are decided.

A review is of one region for its administrator, and for the operator of those whom he appoints (region ""). It
covers the accounts that were open when it began; what opens later belongs to the next one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from rempart.foundation.access.accounts import lists
from rempart.foundation.access.accounts.lists import Line
from rempart.foundation.access.accounts.policy import accounts_on, civil_day
from rempart.foundation.access.accounts.rules import Hold, Refusal, Why, hold, region_name
from rempart.foundation.access.accounts.services import AccountRefused, close
from rempart.foundation.access.actor import Actor, require
from rempart.foundation.access.models import Agent, Decision, Review
from rempart.foundation.access.refusals import NotAllowed
from rempart.foundation.access.reviews import rules
from rempart.foundation.access.reviews.document import WHAT, SignedReview, signing_key
from rempart.foundation.access.reviews.rules import Choice, Quarter, State
from rempart.foundation.access.rights import Right, Role, Where
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.territories import departments, regions
from rempart.foundation.vault import Keyring

PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One account to decide of, and what was decided so far; `waits`: it shall be reduced, and is not yet."""

    line: Line
    choice: Choice | None
    waits: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A review as its page shows it: a page of accounts, those without a decision first."""

    review: Review
    quarter: Quarter
    state: State
    due_on: date
    asked: Sequence[Asked]
    total: int
    undecided: int
    to_reduce: int
    more: bool

    @property
    def complete(self) -> bool:
        return not self.undecided and not self.to_reduce


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The review of one region for a quarter, as the operator sees it."""

    region: str
    name: str
    administrator: str
    state: State
    signed_at: datetime | None
    id: UUID | None


def progress(*, actor: Actor, now: datetime) -> Progress:
    """The review of the current quarter, begun when it is first looked at. Raises NotAllowed."""
    review = _review(actor, now)
    quarter = Quarter.read(review.quarter)
    policy, today = accounts_on(civil_day(now)), civil_day(now)
    scope = _scope(actor, review)
    undecided = scope.filter(~_decided(review))
    waiting = _to_reduce(review)
    rows = list(undecided.order_by("name", "id")[: PAGE + 1])
    more = len(rows) > PAGE
    if len(rows) < PAGE:
        decided = scope.filter(_decided(review)).order_by("name", "id")
        more = decided.count() + len(rows) > PAGE
        rows += waiting[: PAGE - len(rows)]
        rows += list(decided.exclude(id__in=[agent.id for agent in waiting])[: PAGE - len(rows)])
    chosen = {
        one.agent_id: Choice(one.decision)
        for one in Decision.objects.filter(review=review, agent__in=[agent.id for agent in rows])
    }
    waits = {agent.id for agent in waiting}
    return Progress(
        review=review,
        quarter=quarter,
        state=rules.state(
            quarter, begun=True, signed=review.signed_at is not None, policy=policy, today=today
        ),
        due_on=rules.due_on(quarter, policy=policy),
        asked=[
            Asked(
                line=lists.line_of(agent, actor=actor, now=now),
                choice=chosen.get(agent.id),
                waits=agent.id in waits,
            )
            for agent in rows[:PAGE]
        ],
        total=scope.count(),
        undecided=undecided.count(),
        to_reduce=len(waiting),
        more=more,
    )


def decide(*, actor: Actor, choices: Mapping[UUID, Choice], now: datetime) -> int:
    """Decide of some accounts of the current review; how many. Who is to be suspended is, at once.

    Raises NotAllowed for an account that is none of this review, AccountRefused (STATE) once it is signed.
    """
    _review(actor, now)
    with transaction.atomic():
        review = _locked(actor, now)
        agents = {
            agent.id: agent for agent in _scope(actor, review).filter(id__in=list(choices)).order_by("id")
        }
        if set(choices) - set(agents):
            raise NotAllowed("no such account to review")
        for agent_id, choice in choices.items():
            _decide_one(actor, review, agents[agent_id], choice, now=now)
    return len(choices)


def sign(*, actor: Actor, keyring: Keyring, now: datetime) -> Review:
    """Sign the current review: every account has its decision, and those to be reduced are.

    Raises AccountRefused (STATE) while one is missing, or when it is signed already.
    """
    with transaction.atomic():
        review = _locked(actor, now)
        if _scope(actor, review).filter(~_decided(review)).exists() or _to_reduce(review):
            raise AccountRefused(Refusal.STATE)
        statement = _statement(actor, review, now=now)
        key = signing_key(keyring, now=now)
        review.statement, review.signature = statement, key.sign(statement)
        review.certificate = key.certificate
        review.signed_at, review.signed_by = now, actor.agent
        review.save()
        said = json.loads(statement)
        record(
            actor, Act.REVIEW_SIGNED, str(review.id), now=now,
            quarter=review.quarter, accounts=len(said["accounts"]), digest=review.signature.hex()[:32],
        )  # fmt: skip
    return review


def signed(*, actor: Actor, review_id: UUID) -> Review:
    """A signed review: one's own region's, any for the operator. Raises NotAllowed."""
    found = Review.objects.filter(id=review_id, signed_at__isnull=False)
    if require(actor, Right.ACCOUNTS_REVIEW) is not Where.NATION:
        found = found.filter(region=_region(actor))
    review = found.first()
    if review is None:
        raise NotAllowed("no such review")
    return review


def document_of(review: Review) -> SignedReview:
    """A signed review as the document that it is."""
    return SignedReview(
        statement=bytes(review.statement or b""),
        signature=bytes(review.signature or b""),
        certificate=bytes(review.certificate or b""),
    )


def past(*, actor: Actor) -> Sequence[Review]:
    """The signed reviews of one's own scope, the newest first, eight at most."""
    require(actor, Right.ACCOUNTS_REVIEW)
    found = Review.objects.filter(region=_region(actor), signed_at__isnull=False)
    return list(found.defer("statement", "signature").order_by("-quarter")[:8])


def standings(*, actor: Actor, now: datetime) -> Sequence[Standing]:
    """Where the review of each region stands this quarter: for the operator. Raises NotAllowed."""
    if require(actor, Right.ACCOUNTS_REVIEW) is not Where.NATION:
        raise NotAllowed("one region only")
    today = civil_day(now)
    quarter, policy = Quarter.of(today), accounts_on(today)
    reviews = {
        one.region: one for one in Review.objects.filter(quarter=str(quarter)).defer("statement", "signature")
    }
    names = dict(
        Agent.objects.filter(is_active=True).exclude(region="").values_list("region", "name").order_by("name")
    )
    found = []
    for code, region in regions().items():
        review = reviews.get(code)
        found.append(
            Standing(
                region=code,
                name=region.name,
                administrator=names.get(code, ""),
                state=rules.state(
                    quarter,
                    begun=review is not None,
                    signed=review is not None and review.signed_at is not None,
                    policy=policy,
                    today=today,
                ),
                signed_at=review.signed_at if review else None,
                id=review.id if review and review.signed_at else None,
            )
        )
    return found


def _decide_one(actor: Actor, review: Review, agent: Agent, choice: Choice, *, now: datetime) -> None:
    Decision.objects.update_or_create(
        review=review,
        agent=agent,
        defaults={
            "decision": choice.value,
            "departments": agent.departments,
            "decided_at": now,
            "decided_by": _reviewer(actor),
        },
    )
    record(actor, Act.REVIEW_DECIDED, str(agent.id), now=now, decision=choice.value, quarter=review.quarter)
    if choice is Choice.SUSPEND:
        close(Agent.objects.select_for_update().get(id=agent.id), why=Why.REVIEW, actor=actor, now=now)


def _review(actor: Actor, now: datetime) -> Review:
    require(actor, Right.ACCOUNTS_REVIEW)
    quarter = Quarter.of(civil_day(now))
    review, _ = Review.objects.get_or_create(
        region=_region(actor), quarter=str(quarter), defaults={"begun_at": now}
    )
    return review


def _locked(actor: Actor, now: datetime) -> Review:
    """The current review, held until the end of the transaction. Raises AccountRefused once it is signed."""
    found = _review(actor, now)
    review = Review.objects.select_for_update().get(id=found.id)
    if review.signed_at is not None:
        raise AccountRefused(Refusal.STATE)
    return review


def _region(actor: Actor) -> str:
    """The region whose accounts the actor keeps; "" for the operator. Raises NotAllowed for a perimeter that
    lies in several."""
    if require(actor, Right.ACCOUNTS_REVIEW) is Where.NATION:
        return ""
    found = {departments()[code].region for code in actor.departments if code in departments()}
    if len(found) != 1:
        raise NotAllowed("no region")
    return found.pop()


def _scope(actor: Actor, review: Review) -> QuerySet[Agent]:
    """The accounts that the review covers and that are still open; those of the operator are whom he appoints
    and the other operators, for every region looks at its own."""
    found = lists.kept_by(actor).filter(is_active=True)
    if not review.region:
        own = [role.value for role in Role if hold(actor.role, role) is Hold.OPENS]
        found = found.filter(role__in=[*own, Role.OPERATOR.value])
    return found.filter(Q(opened_at=None) | Q(opened_at__lte=review.begun_at))


def _decided(review: Review) -> Exists:
    """Whether an account has its decision in the review."""
    return Exists(Decision.objects.filter(review=review, agent=OuterRef("id")))


def _to_reduce(review: Review) -> list[Agent]:
    """The accounts that shall be reduced, are open, and are not reduced yet."""
    found = Decision.objects.filter(review=review, decision=Choice.REDUCE, agent__is_active=True)
    return [
        one.agent
        for one in found.select_related("agent").order_by("agent__name")
        if not rules.is_reduced(one.agent.departments, one.departments)
    ]


def _statement(actor: Actor, review: Review, *, now: datetime) -> bytes:
    """What is signed: who reviewed, and each account with its decision, as it is now."""
    reviewer = Agent.objects.get(id=_reviewer(actor))
    decisions = (
        Decision.objects.filter(review=review).select_related("agent").order_by("agent__name", "agent_id")
    )
    said = {
        "what": WHAT,
        "region": review.region,
        "region_name": region_name(review.region) if review.region else "",
        "quarter": review.quarter,
        "begun_at": _instant(review.begun_at),
        "signed_at": _instant(now),
        "reviewer": {
            "id": str(reviewer.id),
            "username": reviewer.username,
            "name": reviewer.name,
            "organisation": reviewer.organisation,
        },
        "accounts": [
            {
                "id": str(one.agent_id),
                "username": one.agent.username,
                "name": one.agent.name,
                "role": one.agent.role,
                "organisation": one.agent.organisation,
                "departments": one.agent.departments,
                "establishment": one.agent.establishment,
                "last_sign_in": _instant(one.agent.last_login) if one.agent.last_login else None,
                "trainings": one.agent.trainings,
                "ends_on": one.agent.ends_on.isoformat() if one.agent.ends_on else None,
                "open": one.agent.is_active,
                "decision": one.decision,
                "decided_at": _instant(one.decided_at),
                "decided_by": str(one.decided_by),
            }
            for one in decisions
        ],
    }
    return json.dumps(said, ensure_ascii=False, sort_keys=True).encode()


def _reviewer(actor: Actor) -> UUID:
    """Whoever answers for it: a person with an account."""
    if actor.agent is None:
        raise NotAllowed("nobody in particular")
    return actor.agent


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
