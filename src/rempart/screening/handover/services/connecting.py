"""A laboratory's own mailbox: what was found for each of its sites, a message to try it, what it has to hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection, transaction

from rempart.foundation.access.actor import Actor
from rempart.foundation.access.refusals import NotAllowed, TooMany
from rempart.foundation.access.rights import Right
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.database.keys import uuid7
from rempart.foundation.directories import lookups
from rempart.foundation.directories.models import Laboratory
from rempart.foundation.directories.policy import Directory
from rempart.foundation.directories.sites import sites_of
from rempart.foundation.directories.standing import Standing, standings
from rempart.foundation.identifiers import finess
from rempart.foundation.messaging import outbox
from rempart.foundation.messaging.letters import Channel, Letter, Message
from rempart.foundation.messaging.letters import State as Posted
from rempart.foundation.messaging.models import Message as Row
from rempart.foundation.messaging.receipts import READ
from rempart.foundation.territories import zone_of
from rempart.foundation.vault import Keyring
from rempart.screening.desk.services.within import within
from rempart.screening.handover.models import MailboxTrial, Unreached
from rempart.screening.handover.rules import wording
from rempart.screening.handover.rules.matching import Match, Scheme, schemes
from rempart.screening.handover.rules.volume import WEEKS, Volume, volume
from rempart.screening.handover.services.finding import found
from rempart.screening.handover.services.listing import waiting
from rempart.screening.handover.services.posting import ABOUT

PATIENCE = timedelta(minutes=10)
"""Between two test messages to one site's mailbox."""

_KEPT = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The newest test message of a site. `state` is None once the outbox has forgotten it."""

    address: str
    asked_at: datetime
    state: Posted | None
    reason: str  # a code of the carrier's, or ""
    read: bool  # or taken in by the laboratory's own system


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteBox:
    """One site: the mailbox found, or why none; the last try; what is to come; what waits for want of a mailbox."""

    finess: str
    name: str
    match: Match
    trial: Trial | None
    volume: Volume
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Boxes:
    """A laboratory's sites, its own first. `directory`: of which file and day the mailboxes are."""

    sites: Sequence[SiteBox]
    schemes: Sequence[Scheme]
    entity: str  # juridical FINESS; "" when unknown
    directory: Standing


def boxes(*, actor: Actor, laboratory: str, now: datetime) -> Boxes:
    """What is known of the mailboxes of a laboratory's sites. Raises NotAllowed."""
    within(actor, Right.DESK_USE, laboratory)
    numbers = sorted(sites_of(laboratory), key=lambda number: (number != laboratory, number))
    matches = found(numbers, explained=True)
    listed = lookups.establishments(numbers)
    declared = dict(Laboratory.objects.filter(finess__in=numbers).values_list("finess", "name"))
    trials, counts = _trials(numbers), waiting(numbers, now=now)
    today = now.astimezone(
        zone_of(finess.parse(laboratory).department)
    ).date()  # days are counted by its clock
    volumes = _volumes(numbers, today=today)
    (directory,) = (one for one in standings(now=now) if one.directory is Directory.MAILBOXES)
    sites = [
        SiteBox(
            finess=number,
            name=listed[number].name if number in listed else declared.get(number, ""),
            match=matches[number],
            trial=trials.get(number),
            volume=volumes[number],
            waiting=counts.get(number, 0),
        )
        for number in numbers
    ]
    return Boxes(
        sites=sites,
        schemes=schemes(matches.values()),
        entity=matches[laboratory].site.entity,
        directory=directory,
    )


def try_mailbox(*, actor: Actor, laboratory: str, site: str, keyring: Keyring, now: datetime) -> str:
    """Send a test message, which speaks of no patient, to the mailbox of a site; its address.

    Raises NotAllowed for a site of another laboratory or without mailbox, TooMany when one was sent a moment ago.
    """
    within(actor, Right.DESK_USE, laboratory)
    if site not in sites_of(laboratory):
        raise NotAllowed("a site of another laboratory")
    match = found({site})[site]
    if not match.address:
        raise NotAllowed("no mailbox")
    key = uuid7()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", (f"mailbox trial {site}",))
        last = MailboxTrial.objects.filter(laboratory=site).order_by("-asked_at").first()
        if last is not None and last.asked_at + PATIENCE > now:
            raise TooMany(last.asked_at + PATIENCE - now)
        MailboxTrial.objects.create(
            id=key, laboratory=site, address=match.address, asked_at=now, asked_by=actor.agent
        )
        letter = Letter(
            channel=Channel.MSSANTE,
            recipient=match.address,
            subject=wording.trial_subject(site),
            text=wording.words()["trial"]["text"].strip().format(site=site),
        )
        message = Message(
            id=key,
            about=f"{ABOUT}.trial",
            routes=(letter,),
            expires_on=(now + _KEPT).date(),
            wakes=True,
            zone=str(zone_of(finess.parse(site).department)),
        )
        outbox.post(cursor, [message], keyring=keyring, now=now)
        record(actor, Act.MAILBOX_TRIED, site, now=now, laboratory=site)
    return match.address


def _trials(numbers: Sequence[str]) -> Mapping[str, Trial]:
    rows = (
        MailboxTrial.objects.filter(laboratory__in=numbers)
        .order_by("laboratory", "-asked_at")
        .distinct("laboratory")
    )
    newest = {row.laboratory: row for row in rows}
    posted = {row.id: row for row in Row.objects.filter(id__in=[one.id for one in newest.values()])}
    return {
        number: Trial(
            address=row.address,
            asked_at=row.asked_at,
            state=Posted(posted[row.id].state) if row.id in posted else None,
            reason=posted[row.id].reason if row.id in posted and posted[row.id].reason != READ else "",
            read=row.id in posted and posted[row.id].reason == READ,
        )
        for number, row in newest.items()
    }


def _volumes(numbers: Sequence[str], *, today: date) -> Mapping[str, Volume]:
    days: dict[str, dict[date, tuple[int, int]]] = defaultdict(dict)
    rows = Unreached.objects.filter(
        laboratory__in=numbers, day__gt=today - timedelta(weeks=WEEKS), day__lte=today
    )
    for laboratory, day, results, positives in rows.values_list("laboratory", "day", "results", "positives"):
        days[laboratory][day] = (results, positives)
    return {number: volume(days[number]) for number in numbers}
