"""Objection to the reuse for research: kept with the person, and for each of his facts.

A fact names nobody and leads back to nobody, so the list of those to leave out is made while the results are
still there: at the objection for what is kept, at their writing for what comes. It outlives the person.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator
from datetime import datetime
from uuid import UUID

from django.db.backends.utils import CursorWrapper

from rempart.foundation.people.models import Objection
from rempart.foundation.vault import Keyring
from rempart.screening.models import ObjectedFact, TestResult
from rempart.screening.services.published import PublishedResult


def fact_id(key: bytes, ledger_key: bytes) -> bytes:
    """The identifier of the fact of a result through all its versions (16 bytes); `key` is the secret "facts"."""
    return hmac.digest(key, bytes(ledger_key), "sha256")[:16]


def object_to_research(person: UUID, *, keyring: Keyring, now: datetime) -> None:
    """Leave this person's facts out of research, those there and those to come."""
    Objection.objects.get_or_create(person_id=person, defaults={"made_at": now})
    _list(_facts_of(person, keyring))


def no_longer_object(person: UUID, *, keyring: Keyring) -> None:
    """Let research have the facts of the results that are still kept, and those to come. Facts of results
    that were forgotten meanwhile stay left out: nobody can tell them any more."""
    Objection.objects.filter(person_id=person).delete()
    ObjectedFact.objects.filter(fact_id__in=list(_facts_of(person, keyring))).delete()


def objects(person: UUID) -> bool:
    return Objection.objects.filter(person_id=person).exists()


def note_objections(cursor: CursorWrapper, results: Iterable[PublishedResult], key: bytes) -> None:
    """List the facts of those of these results whose persons object; in the transaction that writes them."""
    known = list(results)
    persons = set(
        Objection.objects.filter(person_id__in={r.person_id for r in known}).values_list(
            "person_id", flat=True
        )
    )
    _list(fact_id(key, r.ledger_key) for r in known if r.person_id in persons)


def left_out_of_research() -> Iterator[bytes]:
    """The facts that an export for research leaves out, by their identifiers."""
    for (found,) in ObjectedFact.objects.values_list("fact_id").iterator():
        yield bytes(found)


def _facts_of(person: UUID, keyring: Keyring) -> set[bytes]:
    key = keyring.secret("facts")
    ledger_keys = TestResult.objects.filter(person_id=person).values_list("ledger_key", flat=True)
    return {fact_id(key, bytes(ledger_key)) for ledger_key in ledger_keys}


def _list(facts: Iterable[bytes]) -> None:
    ObjectedFact.objects.bulk_create([ObjectedFact(fact_id=one) for one in facts], ignore_conflicts=True)
