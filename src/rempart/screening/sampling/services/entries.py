"""Results entered by hand: kept on the same road as a laboratory's message, and corrected for some days.

The road comes first, in its own transaction, and the entry's row after it: whoever sends the same form again after
a crash between the two gets the row that was missing, and the result is not kept twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from django.db.backends.utils import CursorWrapper
from django.db.models import F

from rempart.foundation.access.actor import Actor, acting, require
from rempart.foundation.access.refusals import NotAllowed, StaleVersion
from rempart.foundation.access.rights import Right
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.database.row_security import EVERYWHERE
from rempart.foundation.directories.models import Laboratory
from rempart.foundation.identifiers import finess
from rempart.foundation.retention import Kind
from rempart.foundation.terminology import Analysis, Pathogen
from rempart.foundation.vault import BlindIndex, Indexer, Keyring
from rempart.screening.rules.catalogue import Profile
from rempart.screening.rules.judging import judge
from rempart.screening.rules.report import Finding, Item, Outcome, Status
from rempart.screening.sampling.models import Entry as Row
from rempart.screening.sampling.rules.entry import (
    Entry,
    Sampler,
    State,
    entry_of,
    entry_values,
    item_of,
    record_number,
)
from rempart.screening.sampling.services.sealed import last_day, opened, seal
from rempart.screening.services.prepared import Judged, delivery_of
from rempart.screening.services.receive import Kept, receive

CHANNEL = "form"
PAGE = 50
"""Entries of one page of the list."""


class Refused(Exception):
    """The result was not kept: the same rules as for a laboratory's message say why."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("refused")
        self.findings = tuple(findings)


class AlreadySent(Exception):
    """The form was sent before, and said something else then."""


class SomebodyElses(Exception):
    """The number that was given for the practice is that of an establishment, whose card would say so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An entry as those of its establishment see it; `entry` is None once its day has passed."""

    id: UUID
    entered_by: UUID
    entered_at: datetime
    changed_at: datetime | None
    state: State
    version: int
    findings: tuple[tuple[str, str], ...]  # code and place
    until: date
    sampler: Sampler | None
    entry: Entry | None

    @property
    def record(self) -> str:
        return record_number(self.id)


def enter(
    *, actor: Actor, id: UUID, entry: Entry, sampler: Sampler, pathogen: Pathogen, keyring: Keyring, now: datetime
) -> None:  # fmt: skip
    """Keep a result; `id` is the key that the empty form carried. The same form sent again changes nothing.

    Raises Refused, AlreadySent, SomebodyElses, NotAllowed.
    """
    require(actor, Right.RESULTS_ENTER)
    _stands_for(actor, sampler)
    analysis = _analysis(entry, pathogen)
    item = item_of(entry, id=id, version=1, sampler=sampler, analysis=analysis, status=Status.FINAL, now=now)
    kept = _keep(item, actor=actor, sampler=sampler, pathogen=pathogen, keyring=keyring, now=now)
    if kept.outcome is not Outcome.ACCEPTED:
        raise AlreadySent
    until = last_day(Kind.ENTRY, now.date())
    row = Row(
        id=id,
        agent_id=UUID(actor.id),
        establishment=actor.laboratory,
        department=finess.parse(sampler.establishment).department,
        entered_at=now,
        state=State.KEPT.value,
        findings=_said(kept.findings),
        sealed=_seal(entry, sampler, id=id, until=until, keyring=keyring),
        expires_on=until,
    )
    with acting(_on_the_road(actor)) as cursor:
        if Row.objects.filter(pk=id).exists():
            return
        Row.objects.bulk_create([row], ignore_conflicts=True)
        person = _whose(cursor, id, sampler, entry.loinc, keyring=keyring, now=now)
        record(actor, Act.RESULT_ENTERED, str(id), now=now, person=person)


def correct(
    *, actor: Actor, id: UUID, seen_version: int, entry: Entry, pathogen: Pathogen, keyring: Keyring, now: datetime
) -> None:  # fmt: skip
    """Replace what was entered; the analysis stays what it was (take the entry back to change it).

    Raises Refused, StaleVersion, NotAllowed.
    """
    before = _to_change(actor, id, seen_version, entry=entry, keyring=keyring)
    if before is None:
        return
    sampler, first = before
    if entry.loinc != first.loinc:
        raise NotAllowed("a correction of another analysis")
    item = item_of(
        entry,
        id=id,
        version=seen_version + 1,
        sampler=sampler,
        analysis=_analysis(entry, pathogen),
        status=Status.CORRECTED,
        now=now,
    )
    kept = _keep(item, actor=actor, sampler=sampler, pathogen=pathogen, keyring=keyring, now=now)
    _changed(actor, id, seen_version, State.CORRECTED, entry, sampler, kept=kept, keyring=keyring, now=now)


def retract(
    *, actor: Actor, id: UUID, seen_version: int, pathogen: Pathogen, keyring: Keyring, now: datetime
) -> None:  # fmt: skip
    """Take the result back: the person is told, and a case that it opened is withdrawn.

    Raises StaleVersion, NotAllowed.
    """
    before = _to_change(actor, id, seen_version, entry=None, keyring=keyring)
    if before is None:
        return
    sampler, entry = before
    item = item_of(
        entry,
        id=id,
        version=seen_version + 1,
        sampler=sampler,
        analysis=_analysis(entry, pathogen),
        status=Status.RETRACTED,
        now=now,
    )
    kept = _keep(item, actor=actor, sampler=sampler, pathogen=pathogen, keyring=keyring, now=now)
    _changed(actor, id, seen_version, State.RETRACTED, entry, sampler, kept=kept, keyring=keyring, now=now)


def recent(*, actor: Actor, page: int, keyring: Keyring, now: datetime) -> tuple[Sequence[Shown], bool]:
    """What those of the actor's establishment entered in the last days, newest first: one page (from 0), and whether
    there are more. Whoever works for no establishment sees his own."""
    require(actor, Right.RESULTS_ENTER)
    with acting(actor):
        rows = list(Row.objects.order_by("-entered_at", "-id")[page * PAGE : (page + 1) * PAGE + 1])
        record(actor, Act.ENTRIES_LISTED, "entries", now=now, found=len(rows[:PAGE]))
    return [_shown(row, keyring) for row in rows[:PAGE]], len(rows) > PAGE


def open_entry(*, actor: Actor, id: UUID, keyring: Keyring, now: datetime) -> Shown:
    """One entry, to read or to correct. Raises NotAllowed when there is none in sight."""
    require(actor, Right.RESULTS_ENTER)
    with acting(actor):
        shown = _shown(_seen(id), keyring)
    if shown.entry is None or shown.sampler is None:
        raise NotAllowed("its day has passed")
    with acting(_on_the_road(actor)) as cursor:
        person = _whose(cursor, id, shown.sampler, shown.entry.loinc, keyring=keyring, now=now)
        record(actor, Act.ENTRY_OPENED, str(id), now=now, person=person)
    return shown


def _stands_for(actor: Actor, sampler: Sampler) -> None:
    """Whoever works for an establishment speaks for that one only; the others, for none that we know."""
    if actor.laboratory:
        if sampler.establishment != actor.laboratory:
            raise NotAllowed("another establishment")
    elif Laboratory.objects.filter(finess=sampler.establishment).exists():
        raise SomebodyElses


def _analysis(entry: Entry, pathogen: Pathogen) -> Analysis:
    analysis = pathogen.analysis(entry.loinc)
    if analysis is None or not analysis.published:
        raise NotAllowed("not an analysis that is published")
    return analysis


def _on_the_road(actor: Actor) -> Actor:
    """The same actor for the writing of a result, whose department is that of the person's residence, anywhere."""
    return replace(actor, departments=(EVERYWHERE,))


def _keep(
    item: Item, *, actor: Actor, sampler: Sampler, pathogen: Pathogen, keyring: Keyring, now: datetime
) -> Kept:  # fmt: skip
    """Judge an entry and let it go the road of results. Raises Refused; nothing is kept then."""
    judgement = judge(item, profile=Profile.FR, pathogen=pathogen, now=now)
    if judgement.outcome is not Outcome.ACCEPTED:
        raise Refused(judgement.findings)
    delivery = delivery_of(item.raw, channel=CHANNEL, laboratory=sampler.establishment)
    (kept,) = receive(
        [Judged(item=item, judgement=judgement, delivery=delivery)],
        actor=replace(_on_the_road(actor), laboratory=sampler.establishment),
        keyring=keyring,
        pathogen=pathogen,
        now=now,
    )
    return kept


def _to_change(
    actor: Actor, id: UUID, seen_version: int, *, entry: Entry | None, keyring: Keyring
) -> tuple[Sampler, Entry] | None:
    """What stands before a change (to `entry`; None: taken back), or None when this very change was made already.

    Raises StaleVersion when somebody else changed the entry, or when it was taken back.
    """
    require(actor, Right.RESULTS_ENTER)
    with acting(actor):
        shown = _shown(_seen(id), keyring)
    if shown.entry is None or shown.sampler is None:
        raise NotAllowed("its day has passed")
    if shown.version == seen_version and shown.state is not State.RETRACTED:
        return shown.sampler, shown.entry
    done = shown.state is State.RETRACTED if entry is None else shown.entry == entry
    if shown.version == seen_version + 1 and done:
        return None
    raise StaleVersion


def _changed(
    actor: Actor, id: UUID, seen_version: int, state: State, entry: Entry, sampler: Sampler, *,
    kept: Kept, keyring: Keyring, now: datetime,
) -> None:  # fmt: skip
    """Note a change that went the road. Raises StaleVersion when another change of the same version came before."""
    if kept.outcome is not Outcome.ACCEPTED:
        raise StaleVersion
    with acting(_on_the_road(actor)) as cursor:
        until = Row.objects.values_list("expires_on", flat=True).get(pk=id)
        changed = Row.objects.filter(pk=id, version=seen_version).update(
            state=state.value,
            version=F("version") + 1,
            changed_at=now,
            findings=_said(kept.findings),
            sealed=_seal(entry, sampler, id=id, until=until, keyring=keyring),
        )
        if not changed:  # somebody sent the same change twice
            return
        person = _whose(cursor, id, sampler, entry.loinc, keyring=keyring, now=now)
        act = Act.ENTRY_RETRACTED if state is State.RETRACTED else Act.ENTRY_CORRECTED
        record(actor, act, str(id), now=now, person=person)


def _seen(id: UUID) -> Row:
    row = Row.objects.filter(pk=id).first()
    if row is None:
        raise NotAllowed("no such entry")
    return row


def _said(findings: Sequence[Finding]) -> list[list[str]]:
    return [[finding.code, finding.location] for finding in findings]


def _whose(
    cursor: CursorWrapper, id: UUID, sampler: Sampler, loinc: str, *, keyring: Keyring, now: datetime
) -> UUID | None:
    """The person whose result an entry is, as it was matched."""
    value = f"{sampler.establishment}|{record_number(id)}|{loinc}"
    cursor.execute(
        """SELECT r.person_id FROM screening_result_ledger l
           JOIN screening_result r ON r.month = l.month AND r.id = l.result_id WHERE l.key = ANY(%s)""",
        (list(Indexer(keyring, now.date()).digests(BlindIndex.RECORD, value)),),
    )
    row = cursor.fetchone()
    return row[0] if row else None


def _seal(entry: Entry, sampler: Sampler, *, id: UUID, until: date, keyring: Keyring) -> bytes:
    content = {
        "entry": entry_values(entry),
        "sampler": [sampler.establishment, sampler.organisation, sampler.rpps],
    }
    return seal(content, context=id.bytes, until=until, keyring=keyring)


def _shown(row: Row, keyring: Keyring) -> Shown:
    values = opened(row.sealed, context=row.id.bytes, keyring=keyring)
    entry, sampler = None, None
    if values is not None:
        entry = entry_of(values["entry"])
        establishment, organisation, rpps = values["sampler"]
        sampler = Sampler(establishment=establishment, organisation=organisation, rpps=rpps)
    return Shown(
        id=row.id,
        entered_by=row.agent_id,
        entered_at=row.entered_at,
        changed_at=row.changed_at,
        state=State(row.state),
        version=row.version,
        findings=tuple((code, place) for code, place in row.findings),
        until=row.expires_on,
        sampler=sampler,
        entry=entry,
    )
