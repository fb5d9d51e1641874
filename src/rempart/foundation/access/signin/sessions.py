"""Sessions of agents: begun at sign-in, bounded, listed, and ended from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from allauth.account.authentication import get_authentication_records
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.http import HttpRequest

from rempart.foundation.access.models import Agent
from rempart.foundation.access.signin import rules, trace
from rempart.foundation.access.signin.models import Session
from rempart.foundation.access.signin.policy import policy
from rempart.foundation.audit.trail import Act

_KEY = "signin.session"
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrom", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def proofs_of(request: HttpRequest) -> tuple[rules.Proof, ...]:
    """What the session has proved of its user."""
    return rules.proofs(get_authentication_records(request, request.user))


def alive(request: HttpRequest) -> bool:
    """Whether the session of a signed-in agent goes on; notes that he is there.

    What a page asks by itself (a list that refreshes, a stream) is answered, and keeps nothing alive.
    """
    now, found = trace.at(request), _of(request)
    bounds = policy()
    if found is None or rules.ended(
        started_at=found.started_at, seen_at=found.seen_at, now=now, longest=bounds.longest, idle=bounds.idle
    ):
        return False
    if now - found.seen_at >= bounds.noted and not _by_itself(request):
        Session.objects.filter(id=found.id).update(seen_at=now)
    return True


def listed(agent: Agent, *, now: datetime) -> Sequence[Session]:
    """The sessions of an agent that go on, the newest first."""
    bounds = policy()
    return list(
        Session.objects.filter(
            agent=agent, started_at__gt=now - bounds.longest, seen_at__gt=now - bounds.idle
        ).order_by("-started_at")
    )


def current(request: HttpRequest) -> UUID | None:
    """The key of the session that asks."""
    kept = request.session.get(_KEY)
    return UUID(kept) if kept else None


def end(agent: Agent, *, only: UUID | None = None, but: UUID | None = None) -> int:
    """End the sessions of an agent: one, all but one, or all; how many. The web sessions are refused at
    their next request."""
    found = Session.objects.filter(agent=agent)
    if only is not None:
        found = found.filter(id=only)
    if but is not None:
        found = found.exclude(id=but)
    count, _ = found.delete()
    return count


def follow_logins() -> None:
    """Whoever signs in, however, gets a session of ours; whoever signs out leaves none."""
    user_logged_in.connect(_began, dispatch_uid="signin.began")
    user_logged_out.connect(_left, dispatch_uid="signin.left")


def _began(sender: object, *, request: HttpRequest, user: Agent, **_: object) -> None:
    now, bounds = trace.at(request), policy()
    mine = Session.objects.filter(agent=user)
    mine.filter(started_at__lte=now - bounds.longest).delete()
    mine.filter(seen_at__lte=now - bounds.idle).delete()
    again = current(request)
    if again is None or not mine.filter(id=again).update(
        seen_at=now
    ):  # proving oneself again prolongs nothing
        row = Session.objects.create(
            agent=user,
            started_at=now,
            seen_at=now,
            origin=trace.origin(request),
            browser=browser(request.headers.get("User-Agent", "")),
        )
        request.session[_KEY] = str(row.id)
    proved = rules.proofs(get_authentication_records(request, user))
    means = [proof.means for proof in proved]
    if (
        rules.passed(proved) is rules.Passed.BOTH and rules.Means.CARD not in means
    ):  # a card leaves its own trace
        trace.signed_in(user, request, means)


def _left(sender: object, *, request: HttpRequest, user: Agent | None, **_: object) -> None:
    if isinstance(user, Agent):
        only = current(request)
        if (
            only
            and end(user, only=only)
            and rules.Means.CARD not in {proof.means for proof in proofs_of(request)}
        ):
            trace.note(Act.SIGNED_OUT, user, request, method="oneself")


def _of(request: HttpRequest) -> Session | None:
    key, agent = current(request), request.user
    if key is None or not isinstance(agent, Agent):
        return None
    return Session.objects.filter(id=key, agent=agent).first()


def _by_itself(request: HttpRequest) -> bool:
    asked_by_script = request.headers.get("HX-Request") == "true"
    return asked_by_script or "text/event-stream" in request.headers.get("Accept", "")


def browser(said: str) -> str:
    """A short name of the browser and its system; "" when neither is known."""
    names = (
        next((name for sign, name in signs if re.search(sign, said)), "") for signs in (_BROWSERS, _SYSTEMS)
    )
    return ", ".join(filter(None, names))
