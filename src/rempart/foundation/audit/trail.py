"""Writing the trail: one INSERT in the transaction of the act."""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from django.conf import settings
from django.db import transaction
from psycopg import Connection, Cursor

from rempart.foundation.audit.catalogue import Value, catalogue, deviations, touched
from rempart.foundation.database.bulk import Array, binary_cursor

_log = logging.getLogger(__name__)


class Act(StrEnum):
    """Every act that leaves a trace; data/catalogue.toml declares what each trace may say."""

    CASES_LISTED = "cases-listed"
    CASES_SEARCHED = "cases-searched"
    CASE_OPENED = "case-opened"
    CASE_TAKEN = "case-taken"
    CASE_CALLED = "case-called"
    DELIVERY_RECEIVED = "delivery-received"
    DRIVE_OPENED = "drive-opened"
    PERSON_REGISTERED = "person-registered"
    SPECIMENS_LISTED = "specimens-listed"
    SPECIMEN_OPENED = "specimen-opened"
    SPECIMEN_SAMPLED = "specimen-sampled"
    BATCH_SENT = "batch-sent"
    BATCH_RECEIVED = "batch-received"
    PREREGISTERED = "preregistered"
    PREREGISTRATION_WITHDRAWN = "preregistration-withdrawn"
    PREREGISTRATION_PICKED = "preregistration-picked"
    TABLE_BROUGHT = "table-brought"
    REGISTER_CHANGED = "register-changed"
    REGISTER_COMPLETED = "register-completed"
    RESULT_ENTERED = "result-entered"
    ENTRY_CORRECTED = "entry-corrected"
    ENTRY_RETRACTED = "entry-retracted"
    ENTRY_OPENED = "entry-opened"
    ENTRIES_LISTED = "entries-listed"
    TRANSCODING_CHANGED = "transcoding-changed"
    MESSAGE_OPENED = "message-opened"
    MESSAGES_JUDGED_AGAIN = "messages-judged-again"
    MESSAGES_SET_ASIDE = "messages-set-aside"
    HANDOVER_POSTED = "handover-posted"
    HANDOVERS_LISTED = "handovers-listed"
    HANDOVER_PRINTED = "handover-printed"
    HANDOVER_MARKED = "handover-marked"
    MAILBOX_TRIED = "mailbox-tried"
    CALLS_LISTED = "calls-listed"
    CALL_NOTED = "call-noted"
    WORDING_PUBLISHED = "wording-published"
    LETTERS_GATHERED = "letters-gathered"
    REPORT_SENT = "report-sent"
    LETTER_MADE = "letter-made"
    RESULT_SEEN = "result-seen"
    CERTIFICATE_ISSUED = "certificate-issued"
    DOCUMENT_GIVEN = "document-given"
    RESULT_EXPORTED = "result-exported"
    SHEET_GIVEN = "sheet-given"
    CODE_SENT = "code-sent"
    CODE_REFUSED = "code-refused"
    ACCESS_REFUSED = "access-refused"
    EXCHANGE_HANDED_OVER = "exchange-handed-over"
    EXCHANGE_FETCHED = "exchange-fetched"
    EXCHANGE_WITHDRAWN = "exchange-withdrawn"
    EXCHANGE_DESTROYED = "exchange-destroyed"
    CASE_HANDED_OVER = "case-handed-over"
    CASE_TAKEN_BACK = "case-taken-back"
    FILE_FOUND = "file-found"
    IDENTITIES_COMPARED = "identities-compared"
    IDENTITIES_DECIDED = "identities-decided"
    IDENTITIES_PARTED = "identities-parted"
    GLASS_BROKEN = "glass-broken"
    GLASS_MENDED = "glass-mended"
    GLASS_REVIEWED = "glass-reviewed"
    SIGNED_IN = "signed-in"
    SIGN_IN_REFUSED = "sign-in-refused"
    SIGNED_OUT = "signed-out"
    SECOND_FACTOR_ADDED = "second-factor-added"
    SECOND_FACTOR_REMOVED = "second-factor-removed"
    RECOVERY_CODES_MADE = "recovery-codes-made"
    PASSWORD_ASKED = "password-asked"  # noqa: S105 -- the name of an act
    PASSWORD_CHANGED = "password-changed"  # noqa: S105 -- the name of an act
    SESSIONS_ENDED = "sessions-ended"
    RESULTS_LISTED = "results-listed"
    ACCOUNT_OPENED = "account-opened"
    ACCOUNT_CHANGED = "account-changed"
    ACCOUNT_SUSPENDED = "account-suspended"
    ACCOUNT_RESUMED = "account-resumed"
    ACCOUNT_INVITED = "account-invited"
    ACCOUNT_WARNED = "account-warned"
    TRAINING_RECORDED = "training-recorded"
    REGION_HANDED_OVER = "region-handed-over"
    FACTORS_RESET = "factors-reset"
    REVIEW_DECIDED = "review-decided"
    REVIEW_SIGNED = "review-signed"
    ENROLMENT_ASKED = "enrolment-asked"
    ENROLMENT_DONE = "enrolment-done"
    ENROLMENT_REFUSED = "enrolment-refused"
    ACCOUNT_UNBLOCKED = "account-unblocked"
    EMAIL_CONFIRMED = "email-confirmed"
    CONDITIONS_ACCEPTED = "conditions-accepted"
    KEY_MADE = "key-made"
    KEY_REVOKED = "key-revoked"
    CLIENT_CERTIFICATE_ADDED = "client-certificate-added"
    CLIENT_CERTIFICATE_REVOKED = "client-certificate-revoked"
    AUDIT_SEARCHED = "audit-searched"
    ACCESSES_SHOWN = "accesses-shown"
    ALERT_HANDLED = "alert-handled"
    PERSON_WATCHED = "person-watched"
    PERSON_UNWATCHED = "person-unwatched"
    RETENTION_RUN = "retention-run"
    RETENTION_SHOWN = "retention-shown"
    HOLD_PLACED = "hold-placed"
    HOLD_LIFTED = "hold-lifted"
    PERSON_SOUGHT = "person-sought"
    REQUEST_MADE = "request-made"
    MESSAGES_REFUSED = "messages-refused"
    REQUESTS_LISTED = "requests-listed"
    REQUEST_OPENED = "request-opened"
    REQUEST_HANDLED = "request-handled"
    DOSSIER_GIVEN = "dossier-given"
    IDENTITY_RECTIFIED = "identity-rectified"
    OBJECTION_CHANGED = "objection-changed"
    KEY_ENCRYPTION_CHANGED = "key-encryption-changed"
    KEYS_DESTROYED = "keys-destroyed"
    KEY_ESCROWED = "key-escrowed"
    KEY_RECOVERED = "key-recovered"
    INDEX_RENEWED = "index-renewed"
    DIRECTORY_LOADED = "directory-loaded"
    LABORATORY_DECLARED = "laboratory-declared"
    INS_LOOKED_UP = "ins-looked-up"


class Undeclared(Exception):
    """An entry that says what the catalogue does not declare. Raised where settings.AUDIT_STRICT holds (tests,
    demo, debugging); elsewhere the entry is written all the same, and the deviation goes to the log."""


class Who(Protocol):
    """An actor, as `access` knows it."""

    @property
    def id(self) -> str: ...
    @property
    def role(self) -> StrEnum: ...
    @property
    def purpose(self) -> StrEnum: ...
    @property
    def organisation(self) -> str: ...
    @property
    def origin(self) -> str: ...
    @property
    def fields(self) -> Sequence[StrEnum]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """One thing acted upon: its key, the person whose it is, and what else the catalogue lets one note.

    `by`: who did it, where it is not the actor of the transaction (many machines' deliveries are kept in one).
    """

    subject: str
    person: UUID | None = None
    details: Mapping[str, Value] = field(default_factory=dict)
    by: Who | None = None


def record(
    actor: Who, act: Act, subject: str, *, now: datetime, person: UUID | None = None, **details: Value
) -> None:
    """Add one entry. `subject` and `details` hold keys and codes, never a name or a number; `person` is whose
    data it was, when it was one person's. Raises Undeclared, see there."""
    record_each(actor, act, [About(subject=subject, person=person, details=details)], now=now)


_SAME = "at, act, fields"
_OWN = {
    "actor": "text", "role": "text", "organisation": "text", "purpose": "text", "origin": "text",
    "subject": "text", "person_id": "uuid?", "details": "jsonb",
}  # fmt: skip
"""Columns that differ from entry to entry, with PostgreSQL's types as bulk.Array has them."""

_COLUMNS = f"{_SAME}, {', '.join(_OWN)}"
_ONE = f"INSERT INTO audit_entry ({_COLUMNS}) VALUES ({', '.join(['%s'] * 11)})"  # noqa: S608 -- columns of ours
_MANY = f"""
    INSERT INTO audit_entry ({_COLUMNS})
    SELECT %s::timestamptz, %s::text, %s::text[], own.*
    FROM unnest({", ".join(f"%s::{type_.rstrip('?')}[]" for type_ in _OWN.values())}) AS own"""  # noqa: S608 -- columns of ours


def record_each(actor: Who, act: Act, about: Iterable[About], *, now: datetime) -> None:
    """Add one entry for each thing acted upon, in one statement.

    It is prepared on the server, which Django's cursors do for none: every page waits for it.
    """
    things = list(about)
    if not things:
        return
    declared = catalogue()[act]
    rows: dict[tuple[str, ...], list[tuple[Any, ...]]] = defaultdict(list)  # by the fields that were touched
    for thing in things:
        who = thing.by or actor
        if wrong := deviations(declared, purpose=who.purpose, details=thing.details):
            _complain("; ".join(wrong))
        rows[tuple(touched(declared, who.fields))].append(
            (
                who.id, who.role.value, who.organisation, who.purpose.value, who.origin, thing.subject,
                thing.person, thing.details,
            )
        )  # fmt: skip
    connection = transaction.get_connection()
    with connection.wrap_database_errors, connection.cursor() as cursor:
        for fields, own in rows.items():
            _write(cursor.connection, (now, act.value, list(fields)), own)


def _write(
    connection: Connection[Any], same: tuple[datetime, str, list[str]], own: Sequence[tuple[Any, ...]]
) -> None:
    if len(own) == 1:
        Cursor(connection).execute(_ONE, (*same, *own[0][:-1], json.dumps(own[0][-1])), prepare=True)
        return
    columns = zip(_OWN.values(), zip(*own, strict=True), strict=True)
    arrays = [Array("text", same[-1]), *(Array(type_, values) for type_, values in columns)]
    binary_cursor(connection).execute(_MANY, (*same[:-1], *arrays), prepare=True)


def record_refusal(actor: Who, *, door: str, method: str, reason: str, now: datetime) -> None:
    """Note that somebody was refused at a door (the name of its address, never the address itself). Outside
    the transaction of what was refused: that one was undone."""
    record(actor, Act.ACCESS_REFUSED, door, now=now, door=door, method=method, reason=reason)


def _complain(wrong: str) -> None:
    if settings.AUDIT_STRICT:
        raise Undeclared(wrong)
    _log.error("the audit departs from its catalogue: %s", wrong)
