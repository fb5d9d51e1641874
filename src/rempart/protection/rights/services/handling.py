"""The data-protection officer's side: requests by deadline, and what is done with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from rempart.foundation.access.actor import Actor, acting, require
from rempart.foundation.access.models import Agent
from rempart.foundation.access.refusals import NotAllowed
from rempart.foundation.access.rights import Right
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.people.correcting import Traits
from rempart.foundation.people.models import Link
from rempart.foundation.vault import Keyring
from rempart.protection.rights import rules
from rempart.protection.rights.models import Request
from rempart.protection.rights.rules import Kind, Standing
from rempart.protection.rights.services import kept, letters
from rempart.protection.rights.services.kept import Asked
from rempart.screening.services import objecting
from rempart.screening.services.rectifying import rectify as rectify_results

PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One line of the list: what stands open, without what is said, and who handles it."""

    id: UUID
    number: str
    kind: Kind
    standing: Standing
    made_at: datetime
    closed_at: datetime | None
    handler: str


def listed(*, actor: Actor, closed: bool, now: datetime) -> Sequence[Listed]:
    """Requests that wait, the nearest deadline first; or the latest that are closed. Two queries."""
    require(actor, Right.REQUESTS_HANDLE)
    with acting(actor):
        rows = list(
            Request.objects.filter(closed_at__isnull=False).order_by("-closed_at", "-id")[:PAGE]
            if closed
            else Request.objects.filter(closed_at__isnull=True).order_by("due_on", "id")[: 10 * PAGE]
        )
        names = {
            str(agent.id): agent.name or agent.username
            for agent in Agent.objects.filter(id__in={row.taken_by for row in rows if row.taken_by})
        }
        record(actor, Act.REQUESTS_LISTED, "requests", now=now, found=len(rows))
    return [
        Listed(
            id=row.id,
            number=row.number,
            kind=Kind(row.kind),
            standing=kept.standing_of(row),
            made_at=row.made_at,
            closed_at=row.closed_at,
            handler=names.get(row.taken_by, ""),
        )
        for row in rows
    ]


def open_request(*, actor: Actor, request_id: UUID, keyring: Keyring, now: datetime) -> Asked:
    """One request with what is said in it. Raises NotAllowed when there is none."""
    require(actor, Right.REQUESTS_HANDLE)
    with acting(actor):
        row = Request.objects.filter(pk=request_id).first()
        if row is None:
            raise NotAllowed("no such request")
        record(actor, Act.REQUEST_OPENED, str(row.id), now=now, person=row.person_id)
    return kept.opened(row, keyring=keyring)


def take(*, actor: Actor, request_id: UUID, seen_version: int, keyring: Keyring, now: datetime) -> None:
    """Handle a request that waits. Raises StaleVersion, NotNow, NotAllowed."""
    _step(actor, request_id, seen_version, rules.take, "take", keyring=keyring, now=now, taken_by=actor.id)


def extend(
    *, actor: Actor, request_id: UUID, seen_version: int, reason: str, keyring: Keyring, public_url: str,
    now: datetime,
) -> None:  # fmt: skip
    """Give oneself two further months, and tell the person why. Raises StaleVersion, NotNow, NoReason."""

    def later(standing: Standing) -> Standing:
        return rules.extend(standing, reason=reason, today=now.date())

    row = _step(
        actor, request_id, seen_version, later, "extend", said=[("extension", reason.strip())],
        keyring=keyring, now=now,
    )  # fmt: skip
    letters.tell(row, "extended", keyring=keyring, public_url=public_url, now=now)


def answer(
    *, actor: Actor, request_id: UUID, seen_version: int, text: str, refused: bool, keyring: Keyring,
    public_url: str, now: datetime,
) -> None:  # fmt: skip
    """Close a request with an answer, or with a refusal and its reason; the person is told that it is there.

    Raises StaleVersion, NotNow, NoReason.
    """

    def closed(standing: Standing) -> Standing:
        return rules.refuse(standing, reason=text) if refused else rules.answer(standing, text=text)

    row = _step(
        actor, request_id, seen_version, closed, "refuse" if refused else "answer",
        said=[("answer", text.strip())], keyring=keyring, now=now, closed_at=now,
    )  # fmt: skip
    letters.tell(row, "answered", keyring=keyring, public_url=public_url, now=now)


def rectify(
    *, actor: Actor, request_id: UUID, seen_version: int, identity: UUID, traits: Traits,
    contact: dict[str, Any], keyring: Keyring, now: datetime,
) -> int:  # fmt: skip
    """Correct an identity of the person who asks, and how to reach her, wherever it is borne; how many results
    follow. The request stays open, to be answered.

    Raises NotAllowed when the identity is not hers, StaleVersion, NotNow when the request is closed.
    """
    require(actor, Right.REQUESTS_HANDLE)
    with acting(actor) as cursor:
        row = kept.locked(request_id, seen_version=seen_version)
        if not kept.standing_of(row).open:
            raise rules.NotNow
        if not Link.objects.filter(identity_id=identity, person_id=row.person_id).exists():
            raise NotAllowed("not this person's")
        number = rectify_results(
            cursor,
            person=row.person_id,
            identity=identity,
            traits=traits,
            contact=contact,
            keyring=keyring,
            now=now,
        )
        kept.write(row, kept.standing_of(row), keyring=keyring)
        record(actor, Act.IDENTITY_RECTIFIED, str(row.id), now=now, person=row.person_id, results=number)
    return number


def object_for(*, actor: Actor, request_id: UUID, keyring: Keyring, now: datetime) -> None:
    """Honour an objection that came by letter; the request stays open, to be answered."""
    require(actor, Right.REQUESTS_HANDLE)
    with acting(actor):
        row = Request.objects.filter(pk=request_id, kind=Kind.OBJECTION.value).first()
        if row is None:
            raise NotAllowed("no such request")
        objecting.object_to_research(row.person_id, keyring=keyring, now=now)
        record(actor, Act.OBJECTION_CHANGED, str(row.person_id), now=now, person=row.person_id, objects=True)


def _step(
    actor: Actor, request_id: UUID, seen_version: int, step: Callable[[Standing], Standing], name: str, *,
    said: Sequence[tuple[str, str]] = (), keyring: Keyring, now: datetime, **fields: object,
) -> Request:  # fmt: skip
    require(actor, Right.REQUESTS_HANDLE)
    with acting(actor):
        row = kept.locked(request_id, seen_version=seen_version)
        kept.write(row, step(kept.standing_of(row)), said=said, keyring=keyring, **fields)
        record(actor, Act.REQUEST_HANDLED, str(row.id), now=now, person=row.person_id, step=name)
    return row
