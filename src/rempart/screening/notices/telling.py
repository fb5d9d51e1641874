"""Telling of a result what there is to tell: the subscriber that follows the results, version by version.

A batch costs the same number of queries however many results it holds: it must keep up with the intake.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db.backends.utils import CursorWrapper

from rempart.foundation.database.bulk import copy_rows
from rempart.foundation.directories.lookups import Card, cards
from rempart.foundation.events.stream import Published, Subscriber
from rempart.foundation.identifiers import rpps
from rempart.foundation.identifiers.ins import Ins
from rempart.foundation.messaging.letters import Channel, Enclosure, Letter, Message
from rempart.foundation.messaging.mssante import xdm
from rempart.foundation.messaging.mssante.conventions import NO_REPLY
from rempart.foundation.messaging.outbox import post, withdraw
from rempart.foundation.people.content import IdentityRecord
from rempart.foundation.people.identities import read_identities
from rempart.foundation.people.teleservice.confirmed import confirmed_numbers
from rempart.foundation.retention import Kind, retention
from rempart.foundation.terminology import Pathogen
from rempart.foundation.terminology.values import Result
from rempart.foundation.territories import zone_of
from rempart.foundation.vault import Keyring
from rempart.screening.notices import archives, makers, rules
from rempart.screening.notices.calls import keeping as calls
from rempart.screening.notices.naming import of_a_patient
from rempart.screening.notices.rules import Audience, Contacts, Notice, Plan, Seen, Words
from rempart.screening.notices.services import contact, letter, reference_digest
from rempart.screening.notices.wording.rules import kind_for
from rempart.screening.notices.wording.services import Texts, texts_at
from rempart.screening.services.published import PublishedResult, announced
from rempart.screening.services.receive import RESULTS

_REFERENCE_BYTES = 16
_ACCESS = (
    "reference", "month", "result_id", "person_id", "identity_id", "department", "created_at",
    "expires_on",
)  # fmt: skip
_ACCESS_TYPES = (
    "bytea", "date", "uuid", "uuid", "uuid", "varchar", "timestamptz", "date",
)  # fmt: skip

_TO_DOCTORS = frozenset({Audience.PRESCRIBER, Audience.TREATING_DOCTOR})
_ABOUT: Mapping[Audience, str] = {
    Audience.PERSON: "result",
    Audience.RELATIVE: "result",
    Audience.OWN_MAILBOX: "mailbox",
    Audience.PRESCRIBER: "doctor",
    Audience.TREATING_DOCTOR: "doctor",
}
"""The first word of what a message is about."""

_PDF = "application/pdf"


def subscriber(
    *, keyring: Keyring, pathogen: Pathogen, public_url: str, archived: bool = False
) -> Subscriber:
    """Writes, for every result version, the access by which its person opens it, and the messages of its plan.

    `archived`: whether health mail also carries the result as an archive for software (notices/archives.py).
    """

    def handle(cursor: CursorWrapper, events: Sequence[Published]) -> None:
        now = datetime.now(UTC)
        tell(
            cursor,
            events,
            keyring=keyring,
            pathogen=pathogen,
            public_url=public_url,
            now=now,
            archived=archived,
        )

    return Subscriber(name="screening.notices", topics=(RESULTS,), handle=handle, batch=4)


def tell(
    cursor: CursorWrapper,
    events: Sequence[Published],
    *,
    keyring: Keyring,
    pathogen: Pathogen,
    public_url: str,
    now: datetime,
    archived: bool = False,
) -> None:
    """Tell of a batch of results: accesses, messages, calls; and withdraw what is true no more before it left."""
    results = announced(cursor, events, only="r.current OR r.retracted")
    batch = _Batch.of(cursor, results, keyring=keyring, now=now, archived=archived)
    newer = [one for one in results if one.version > 1]
    untold = withdraw(cursor, [bytes(one.ledger_key) for one in newer if batch.is_news(one)], now=now)
    accesses: list[tuple[object, ...]] = []
    messages: list[Message] = []
    to_call: list[PublishedResult] = []
    for result in results:
        reference = secrets.token_urlsafe(_REFERENCE_BYTES)
        if not result.retracted:
            accesses.append(
                (
                    reference_digest(reference), result.month, result.id, result.person_id,
                    result.identity_id, result.department, now, result.expires_on,
                )
            )  # fmt: skip
        found = batch.plan(result, pathogen)
        messages += batch.messages(result, found, link=f"{public_url}/r/{reference}", untold=untold)
        if found.call and batch.is_news(result):
            to_call.append(result)
    copy_rows(cursor.cursor, table="screening_access", columns=_ACCESS, types=_ACCESS_TYPES, rows=accesses)
    post(cursor, messages, keyring=keyring, now=now)
    calls.follow(cursor, newer)
    calls.open_for(cursor, to_call, why=calls.Why.LANDLINE, again=True, now=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """What is known of the results of a batch, read together."""

    now: datetime
    texts: Texts
    details: Mapping[UUID, Mapping[str, Any]]  # by result; without those whose day has passed
    versions: Mapping[
        tuple[UUID, bytes], Mapping[int, Seen]
    ]  # of results that have several: person's, by number
    matricules: Mapping[UUID, Ins]  # qualified ones, by person
    cards: Mapping[str, Card]
    identities: Mapping[
        UUID, IdentityRecord
    ]  # of those whose doctors are told, or whose results are archived
    archived: bool

    @classmethod
    def of(
        cls,
        cursor: CursorWrapper,
        results: Sequence[PublishedResult],
        *,
        keyring: Keyring,
        now: datetime,
        archived: bool,
    ) -> _Batch:
        opened = ((one.id, contact(keyring, one.sealed, one.id.bytes)) for one in results)
        details = {key: found for key, found in opened if found is not None}
        found = cards({number for said in details.values() for number in _doctors(said)})
        matricules = confirmed_numbers(cursor, {one.person_id for one in results}, keyring=keyring)
        told = [
            one.identity_id
            for one in results
            if (archived and one.person_id in matricules)
            or any(number in found and found[number].mailbox for number in _doctors(details.get(one.id, {})))
        ]
        return cls(
            now=now,
            texts=texts_at(now),
            details=details,
            versions=_versions(cursor, [one for one in results if one.version > 1]),
            matricules=matricules,
            cards=found,
            identities=read_identities(told, keyring=keyring) if told else {},
            archived=archived,
        )

    def plan(self, result: PublishedResult, pathogen: Pathogen) -> Plan:
        details = self.details.get(result.id)
        if details is None:
            return Plan()
        return rules.plan(
            result=Result(result.result),
            opens_case=result.kind in pathogen.policy_on(result.sampled_on).case_kinds,
            retracted=result.retracted,
            current=result.current,
            corrects=self._fact(result) > 0,
            known=self._contacts(result, details),
            policy=rules.policy_on(self.now.date()),
        )

    def messages(
        self, result: PublishedResult, found: Plan, *, link: str, untold: Set[tuple[bytes, str]]
    ) -> Iterable[Message]:
        """The messages of a plan. `untold`: of which results what kinds of readers were told nothing so far: nothing
        is corrected or taken back for them. A letter gets a reference of its own when it leaves."""
        longest = retention(Kind.LETTER).last_day(self.now.date(), today=self.now.date())
        fact = self._fact(result)
        for planned in found.notices:
            about, notice = _ABOUT[planned.audience], planned
            if (bytes(result.ledger_key), about) in untold:
                if planned.words is Words.RETRACTION:
                    continue
                notice = replace(planned, words=Words.RESULT)
            first = notice.routes[0].recipient
            yield Message(
                about=f"{about}.{found.fact}",
                routes=tuple(self._letters(result, notice, link)),
                expires_on=min(longest, result.expires_on),
                once=rules.mark(result.ledger_key, fact=fact, audience=notice.audience, recipient=first),
                concerns=bytes(result.ledger_key),
                wakes=notice.wakes,
                zone=_zone(result.department),
            )

    def _letters(self, result: PublishedResult, notice: Notice, link: str) -> Iterable[Letter]:
        kind = kind_for(notice.audience, notice.words)
        for route in notice.routes:
            if route.channel is Channel.POST:
                yield Letter(
                    channel=Channel.POST,
                    recipient=route.recipient,
                    text="",
                    enclosures=(
                        _enclosed("lettre.pdf", makers.LETTER, result),
                        _enclosed("certificat.pdf", makers.CERTIFICATE, result),
                    ),
                )
                continue
            values = {"link": link, **self._of_a_doctors_patient(result, notice)}
            plain = letter(kind, route.channel, route.recipient, texts=self.texts, values=values)
            if route.channel is not Channel.MSSANTE:
                yield plain
                continue
            secure = _secure(plain, notice, result)
            identity = self.identities.get(result.identity_id)
            if self.archived and secure.enclosures and identity and result.person_id in self.matricules:
                secure = archives.with_archive(
                    secure,
                    result=result,
                    identity=identity,
                    details=self.details[result.id],
                    archive=_enclosed(xdm.NAME, makers.ARCHIVE, result, media_type=xdm.MEDIA_TYPE),
                )
            yield secure

    def _of_a_doctors_patient(self, result: PublishedResult, notice: Notice) -> Mapping[str, str]:
        identity = self.identities.get(result.identity_id)
        if notice.audience not in _TO_DOCTORS or identity is None:
            return {}
        details = self.details[result.id]
        card = self.cards[_doctors(details)[notice.audience is Audience.TREATING_DOCTOR]]
        return of_a_patient(result, identity, laboratory=details["laboratory"], doctor=card)

    def _contacts(self, result: PublishedResult, details: Mapping[str, Any]) -> Contacts:
        prescriber, treating = (self.cards.get(number) for number in _doctors(details))
        known = result.identity_id in self.identities  # its key may have died
        confirmed = self.matricules.get(result.person_id)
        return rules.contacts(
            details,
            own_mailbox=rules.patient_mailbox(confirmed, qualified=True) if confirmed else "",
            prescriber=prescriber.mailbox if prescriber and known else "",
            treating_doctor=treating.mailbox if treating and known else "",
        )

    def is_news(self, result: PublishedResult) -> bool:
        """Whether the version tells its person something that the one before did not."""
        return result.version == 1 or self._fact(result) > self._fact(result, before=True)

    def _fact(self, result: PublishedResult, *, before: bool = False) -> int:
        """Which of its facts a version tells (or the one before it): how often what the person sees had changed by then.
        Versions that were another person's, or are forgotten, count as changes."""
        last = result.version - before
        if last <= 1:
            return 0
        versions = self.versions.get((result.person_id, bytes(result.ledger_key)), {})
        seen = [versions[number] for number in sorted(versions) if number <= last]
        return rules.changes(seen) + last - len(seen)


def _versions(
    cursor: CursorWrapper, results: Sequence[PublishedResult]
) -> Mapping[tuple[UUID, bytes], Mapping[int, Seen]]:
    """Every version of these results that is of the same person."""
    found: dict[tuple[UUID, bytes], dict[int, Seen]] = {}
    if not results:
        return found
    cursor.execute(
        """SELECT v.person_id, v.ledger_key, v.version, v.result, v.retracted, v.sampled_at FROM screening_result v
           WHERE v.person_id = ANY(%s) AND v.ledger_key = ANY(%s)""",
        ([one.person_id for one in results], [bytes(one.ledger_key) for one in results]),
    )
    for person, key, version, result, retracted, sampled_at in cursor.fetchall():
        seen = Seen(result=result, retracted=retracted, sampled_at=sampled_at)
        found.setdefault((person, bytes(key)), {})[version] = seen
    return found


def _doctors(details: Mapping[str, Any]) -> tuple[str, str]:
    """The numbers of prescriber and treating doctor, RPPS before ADELI, without prefix; "" where there is none."""
    prescriber, treating = (
        next((found for number in (said[0], *said[2:]) if (found := rpps.rpps_of(number))), "")
        for said in (details.get("prescriber") or [""], details.get("general_practitioner") or [""])
    )
    return prescriber, treating


def _secure(plain: Letter, notice: Notice, result: PublishedResult) -> Letter:
    """A letter by MSSanté, with the document that it tells of; a retraction has none."""
    to_doctor = notice.audience in _TO_DOCTORS
    letter = plain if to_doctor else replace(plain, headers=NO_REPLY)
    if notice.words is Words.RETRACTION:
        return letter
    maker = makers.REPORT if to_doctor else makers.CERTIFICATE
    return replace(letter, enclosures=(_enclosed("resultat.pdf", maker, result),))


def _enclosed(name: str, maker: str, result: PublishedResult, *, media_type: str = _PDF) -> Enclosure:
    return Enclosure(name=name, media_type=media_type, maker=maker, of=f"{result.month}|{result.id}")


@lru_cache(maxsize=128)
def _zone(department: str) -> str:
    return str(zone_of(department))
