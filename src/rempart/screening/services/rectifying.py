"""Rectification: what a laboratory said of a person, corrected by the platform at the person's request.

Every current result that bears the identity gets a next version, like a laboratory's correction: same result,
same dates, same attached reports, the corrected identity and contact. Cases and facts follow it, and the person is told.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.backends.utils import CursorWrapper

from rempart.foundation.database.keys import uuid7
from rempart.foundation.events import bell
from rempart.foundation.events.stream import publish
from rempart.foundation.facts import age_class
from rempart.foundation.people.correcting import Traits, correct_identity
from rempart.foundation.vault import Keyring, Purpose, Sealer, unseal
from rempart.screening.models import AttachedDocument, ResultLedger, TestResult
from rempart.screening.services.receive import RESULTS

CONTACT_FIELDS = ("mobile", "phone", "email", "address")
"""What of the contact details may be rectified; `address` is a list of lines."""


def rectify(
    cursor: CursorWrapper, *, person: UUID, identity: UUID, traits: Traits, contact: Mapping[str, Any],
    keyring: Keyring, now: datetime,
) -> int:  # fmt: skip
    """Make the next version of each current result of a person that bears this identity; how many.

    `contact`: the fields that change. In the caller's transaction, which sees the person's rows. Raises
    KeyDestroyed when the day of one of them has passed.
    """
    ledger_keys = sorted(
        bytes(key) for key in _current(person, identity).values_list("ledger_key", flat=True)
    )
    # as the intake does: the ledger first, so that no version comes meanwhile
    list(ResultLedger.objects.select_for_update().filter(key__in=ledger_keys).order_by("key"))
    made = []
    identities: dict[tuple[str, object], UUID] = {}
    for row in _current(person, identity).order_by("id"):
        place = (row.department, row.expires_on)
        if place not in identities:
            identities[place] = correct_identity(
                cursor,
                identity=identity,
                person=person,
                traits=traits,
                department=row.department,
                expires_on=row.expires_on,
                keyring=keyring,
                now=now,
            )
        made.append(_next_version(row, identities[place], traits, contact, keyring))
    if made:
        payload = {"results": [[str(row.month), str(row.id)] for row in made]}
        publish(cursor, topic=RESULTS, payload=payload, now=now)
        transaction.on_commit(bell.events.ring)
    return len(made)


def _current(person: UUID, identity: UUID) -> Any:
    return TestResult.objects.filter(person_id=person, identity_id=identity, current=True)


def _next_version(
    row: TestResult, identity: UUID, traits: Traits, contact: Mapping[str, Any], keyring: Keyring
) -> TestResult:
    details = json.loads(unseal(keyring, bytes(row.sealed), purpose=Purpose.CONTACT, context=row.id.bytes))
    details |= {name: contact[name] for name in CONTACT_FIELDS if name in contact}
    before, key = row.id, uuid7()
    content = json.dumps(details, ensure_ascii=False, separators=(",", ":")).encode()
    TestResult.objects.filter(month=row.month, id=before).update(current=False)
    fields = {field.name: getattr(row, field.name) for field in TestResult._meta.local_concrete_fields}
    following = TestResult(**fields)
    following.id, following.version, following.identity_id = key, row.version + 1, identity
    following.sex = traits.sex or "U"
    following.age_class = age_class(traits.birth_date, row.sampled_on)
    following.sealed = Sealer(keyring, Purpose.CONTACT, row.expires_on).seal(content, context=key.bytes)
    following.save(force_insert=True)
    AttachedDocument.objects.filter(result_id=before).update(result_id=key)
    ResultLedger.objects.filter(key=bytes(row.ledger_key)).update(
        month=row.month, result_id=key, version=following.version
    )
    return following
