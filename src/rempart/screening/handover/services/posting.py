"""The subscriber that sends certificates to laboratories, for patients with neither mobile phone nor e-mail.

What a site has no mailbox for waits in its list; what a correction or a retraction makes untrue is told after it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from django.db.backends.utils import CursorWrapper

from rempart.foundation.access.actor import Purpose, system
from rempart.foundation.audit.trail import About, Act, record_each
from rempart.foundation.database.keys import uuid7
from rempart.foundation.events.stream import Published, Subscriber
from rempart.foundation.identifiers import finess
from rempart.foundation.messaging import outbox
from rempart.foundation.messaging.letters import Channel, Enclosure, Letter, Message
from rempart.foundation.messaging.letters import State as Posted
from rempart.foundation.messaging.models import Message as Row
from rempart.foundation.people.content import IdentityRecord
from rempart.foundation.people.identities import read_identities
from rempart.foundation.retention import Kind as Kept
from rempart.foundation.retention import retention
from rempart.foundation.terminology import pathogen
from rempart.foundation.terminology.values import Result, Sex
from rempart.foundation.territories import zone_of
from rempart.foundation.vault import Keyring
from rempart.screening.desk.rules import TIMED
from rempart.screening.handover.models import Handover
from rempart.screening.handover.rules import wording
from rempart.screening.handover.rules.keeping import Whom, kept_until, policy
from rempart.screening.handover.rules.matching import Match, Scheme
from rempart.screening.handover.rules.papers import FILES, Paper, papers
from rempart.screening.handover.rules.states import State
from rempart.screening.handover.rules.wording import Facts, Kind
from rempart.screening.handover.services.finding import found
from rempart.screening.models import TestResult
from rempart.screening.notices.rules import reachable
from rempart.screening.notices.services import contact
from rempart.screening.services.published import COLUMNS, PublishedResult, announced, published
from rempart.screening.services.receive import RESULTS

ABOUT = "handover"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Due:
    """What a result asks for. `until` is None where no certificate is to be handed over (any more)."""

    result: PublishedResult
    until: datetime | None


def subscriber(*, keyring: Keyring) -> Subscriber:
    """Sends each certificate that a laboratory is to hand over, and what became untrue of one."""

    def handle(cursor: CursorWrapper, events: Sequence[Published]) -> None:
        now = datetime.now(UTC)
        results = announced(cursor, events, only="r.current OR r.retracted")
        due = [_due(result, keyring=keyring, now=now) for result in results]
        _count(cursor, due)
        rows = {
            bytes(row.ledger_key): row
            for row in Handover.objects.select_for_update().filter(
                ledger_key__in=[one.ledger_key for one in results]
            )
        }
        concerned = [one for one in due if one.until or bytes(one.result.ledger_key) in rows]
        if concerned:
            _Batch(cursor, rows, concerned, keyring=keyring, now=now).run()

    return Subscriber(name="screening.handover", topics=(RESULTS,), handle=handle)


def post_waiting(cursor: CursorWrapper, *, keyring: Keyring, now: datetime, most: int = 500) -> int:
    """Send at most so many certificates that wait for a mailbox and have one now; how many. For who sees everything
    (the clock)."""
    waiting = Handover.objects.filter(state=State.WAITING, address="", kept_until__gt=now)
    matches = found(set(waiting.values_list("laboratory", flat=True).distinct()))
    ready = [number for number, match in matches.items() if match.box]
    if not ready:
        return 0
    rows = list(waiting.filter(laboratory__in=ready).select_for_update(skip_locked=True)[:most])
    cursor.execute(
        f"SELECT {COLUMNS} FROM unnest(%s::date[], %s::uuid[]) AS a (month, id)"  # noqa: S608 -- columns of ours
        " JOIN screening_result r ON r.month = a.month AND r.id = a.id WHERE r.current",
        ([row.month for row in rows], [row.result_id for row in rows]),
    )
    results = {result.id: result for result in map(published, cursor.fetchall())}
    identities = read_identities({one.identity_id for one in results.values()}, keyring=keyring)
    messages, told = [], []
    for row in rows:
        result = results.get(row.result_id)
        identity = identities.get(result.identity_id) if result else None
        _address(row, matches[row.laboratory])
        if result is not None and identity is not None:
            kind = Kind.REPLACEMENT if row.replaces else Kind.CERTIFICATE
            facts = _facts(row, result, identity)
            messages.append(_message(row, facts, kind, carries=carries(result), now=now))
            told.append(_told(row, result, kind))
        row.save()
    record_each(system(Purpose.NOTICE), Act.HANDOVER_POSTED, told, now=now)
    outbox.post(cursor, messages, keyring=keyring, now=now)
    return len(rows)


def take_back(*, since: datetime) -> int:
    """Put what could not be brought to the mailbox of its site, since then, into the site's list; how many."""
    kinds = [f"{ABOUT}.{kind}" for kind in Kind]
    failed = Row.objects.filter(state=Posted.FAILED, about__in=kinds, ended_at__gte=since)
    rows = Handover.objects.filter(message_id__in=list(failed.values_list("id", flat=True)))
    return rows.filter(scheme=Scheme.LOCAL, state__in=(State.WAITING, State.WITHDRAWN)).update(scheme="")


class _Batch:
    """The results of some events: rows made and changed, messages written."""

    def __init__(
        self,
        cursor: CursorWrapper,
        rows: dict[bytes, Handover],
        due: Sequence[_Due],
        *,
        keyring: Keyring,
        now: datetime,
    ) -> None:
        self._cursor, self._rows, self._due, self._now = cursor, rows, due, now
        self._keyring = keyring
        self._identities = read_identities({one.result.identity_id for one in due}, keyring=keyring)
        self._matches = found({one.result.laboratory for one in due if one.until})
        self._made: set[bytes] = set()
        self._changed: set[bytes] = set()
        self._messages: dict[bytes, Message] = {}
        self._told: dict[bytes, About] = {}
        self._never_left = self._withdraw()

    def run(self) -> None:
        for one in self._due:
            self._take(one)
        Handover.objects.bulk_create([self._rows[key] for key in self._rows if key in self._made])
        for key in self._changed - self._made:
            self._rows[key].save()
        record_each(system(Purpose.NOTICE), Act.HANDOVER_POSTED, self._told.values(), now=self._now)
        outbox.post(self._cursor, [*self._messages.values()], keyring=self._keyring, now=self._now)

    def _withdraw(self) -> set[UUID]:
        """Take back the messages that still wait about these tests; those rows whose last one never left."""
        outbox.withdraw(self._cursor, [concerned(key) for key in self._rows], now=self._now)
        last = {row.message_id: row.id for row in self._rows.values() if row.message_id}
        gone = Row.objects.filter(id__in=list(last), state=Posted.DROPPED).values_list("id", flat=True)
        return {last[key] for key in gone}

    def _take(self, one: _Due) -> None:
        key, result = bytes(one.result.ledger_key), one.result
        identity = self._identities.get(result.identity_id)
        row = self._rows.get(key)
        if row is None:
            if one.until is None or identity is None:
                return
            row = self._rows[key] = _row(result, one.until, self._matches[result.laboratory], now=self._now)
            self._made.add(key)
            self._write(key, row, result, identity, Kind.CERTIFICATE)
            return
        if result.version <= row.version:
            return
        issued = self._issued(key, row)
        self._changed.add(key)
        self._messages.pop(key, None)
        self._told.pop(key, None)
        if one.until is None or identity is None:
            if row.state == State.WITHDRAWN:
                return
            was_given = row.state == State.GIVEN
            row.state = State.WITHDRAWN if issued or was_given else State.DESTROYED
            row.version = result.version
            if issued and identity:
                self._write(key, row, result, identity, Kind.DESTRUCTION)
            return
        _renew(row, result, one.until, self._matches[result.laboratory], replaces=issued)
        self._write(key, row, result, identity, Kind.REPLACEMENT if issued else Kind.CERTIFICATE)

    def _issued(self, key: bytes, row: Handover) -> bool:
        """Whether somebody may hold an earlier certificate of the same test."""
        if key in self._made:
            return False
        left = row.message_id is not None and row.id not in self._never_left
        return row.replaces or left or row.state != State.WAITING

    def _write(
        self, key: bytes, row: Handover, result: PublishedResult, identity: IdentityRecord, kind: Kind
    ) -> None:
        if not row.address:
            return
        facts = _facts(row, result, identity)
        self._messages[key] = _message(row, facts, kind, carries=carries(result), now=self._now)
        self._told[key] = _told(row, result, kind)


def concerned(ledger_key: bytes) -> bytes:
    """By what the outbox finds our messages about a test, and nobody else's."""
    return hashlib.blake2b(b"handover" + ledger_key, digest_size=16).digest()


def carries(result: PublishedResult | TestResult) -> bool:
    """Whether a result says that its person carries the virus: a positive of a kind that opens a case."""
    kinds = pathogen(result.pathogen).policy_on(result.sampled_on).case_kinds
    return result.result == Result.POSITIVE and result.kind in kinds


def maker_of(paper: Paper) -> str:
    """How the outbox knows who makes a paper (services/making.py)."""
    return f"{ABOUT}.{paper}"


def _due(result: PublishedResult, *, keyring: Keyring, now: datetime) -> _Due:
    """Until when the certificate of a version is to be handed over: None for no time at all."""
    nothing = _Due(result=result, until=None)
    analysis = pathogen(result.pathogen).analysis(result.loinc)
    if not result.current or analysis is None or not analysis.published:
        return nothing
    rule = policy(result.sampled_on)
    details = contact(keyring, result.sealed, result.id.bytes)
    if details is None or (rule.whom is Whom.UNREACHABLE and reachable(details)):
        return nothing
    until = kept_until(
        result.sampled_at,
        knows_hour=result.sampled_precision in TIMED,
        positive=result.result == Result.POSITIVE,
        zone=zone_of(finess.parse(result.laboratory).department),
        policy=rule,
    )
    return _Due(result=result, until=until) if until > now else nothing


def _row(result: PublishedResult, until: datetime, match: Match, *, now: datetime) -> Handover:
    row = Handover(id=uuid7(), ledger_key=result.ledger_key, created_at=now)
    _renew(row, result, until, match, replaces=False)
    return row


def _renew(row: Handover, result: PublishedResult, until: datetime, match: Match, *, replaces: bool) -> None:
    """Let a row be about this version of its result."""
    row.month, row.result_id, row.version = result.month, result.id, result.version
    row.laboratory, row.entity, row.department = result.laboratory, match.site.entity, result.department
    row.positive = result.result == Result.POSITIVE
    row.sampled_at, row.kept_until = result.sampled_at, until
    row.expires_on = min(until.astimezone(UTC).date(), result.expires_on)
    row.replaces, row.state = replaces, State.WAITING
    row.marked_at = row.marked_by = None
    _address(row, match)


def _address(row: Handover, match: Match) -> None:
    row.scheme, row.address = match.scheme or "", match.address


def _facts(row: Handover, result: PublishedResult, identity: IdentityRecord) -> Facts:
    """What the message says: the fields of the guide."""
    disease = pathogen(result.pathogen)
    analysis = disease.analysis(result.loinc)
    return Facts(
        id=row.id,
        site=result.laboratory,
        family_name=identity.birth_name or identity.used_name,
        first_names=" ".join(identity.first_names),
        sex=Sex(identity.sex or "U"),
        birth_date=identity.birth_date,
        ins=identity.ins,
        loinc=result.loinc,
        analysis=analysis.label_fr if analysis else "",
        sampled_at=result.sampled_at,
        knows_hour=result.sampled_precision in TIMED,
        received_at=result.received_at,
        result=Result(result.result),
        result_label=disease.meaning(result.result, analysis.kind).label_fr if analysis else "",
        kept_until=row.kept_until,
    )


def _message(row: Handover, facts: Facts, kind: Kind, *, carries: bool, now: datetime) -> Message:
    """The mail, whose documents are made when it leaves; the row remembers it."""
    row.message_id = uuid7()
    of = f"{row.id}.{row.version}"
    return Message(
        id=row.message_id,
        about=f"{ABOUT}.{kind}",
        routes=(
            Letter(
                channel=Channel.MSSANTE,
                recipient=row.address,
                subject=wording.subject(facts, kind),
                text=wording.body(facts, kind),
                headers={wording.HEADER: wording.header(facts, kind)},
                enclosures=()
                if kind is Kind.DESTRUCTION
                else tuple(
                    Enclosure(
                        name=f"{FILES[paper]}-{row.laboratory}-{row.id}.pdf",
                        media_type="application/pdf",
                        maker=maker_of(paper),
                        of=of,
                    )
                    for paper in papers(carries=carries)
                ),
            ),
        ),
        expires_on=min(row.expires_on, retention(Kept.LETTER).last_day(now.date(), today=now.date())),
        once=concerned(bytes(row.ledger_key)) + f"{row.version}.{kind}".encode(),
        concerns=concerned(bytes(row.ledger_key)),
        wakes=True,  # a mailbox is no telephone
        zone=str(zone_of(finess.parse(row.laboratory).department)),
    )


def _told(row: Handover, result: PublishedResult, kind: Kind) -> About:
    """What the trail says of a message."""
    return About(
        subject=str(row.id),
        person=result.person_id,
        details={"laboratory": row.laboratory, "kind": kind.value},
    )


_COUNT = """
    INSERT INTO screening_unreached AS u (laboratory, day, results, positives)
    SELECT n.laboratory, n.day, n.results, n.positives
    FROM unnest(%s::text[], %s::date[], %s::int[], %s::int[]) AS n (laboratory, day, results, positives) ORDER BY 1, 2
    ON CONFLICT (laboratory, day) DO UPDATE SET
        results = u.results + EXCLUDED.results, positives = u.positives + EXCLUDED.positives"""


def _count(cursor: CursorWrapper, due: Iterable[_Due]) -> None:
    """Add the first versions to the days of their sites, by which the volume to expect is said."""
    days: dict[tuple[str, date], list[int]] = {}
    for one in due:
        if one.until is None or one.result.version != 1:
            continue
        zone = zone_of(finess.parse(one.result.laboratory).department)
        counted = days.setdefault(
            (one.result.laboratory, one.result.received_at.astimezone(zone).date()), [0, 0]
        )
        counted[0] += 1
        counted[1] += one.result.result == Result.POSITIVE
    if days:
        rows = [(laboratory, day, *counted) for (laboratory, day), counted in days.items()]
        cursor.execute(_COUNT, list(map(list, zip(*rows, strict=True))))
