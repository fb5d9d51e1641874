"""Requests of persons, a judge's orders and watches follow persons who were joined into one, and go back when parted.

What moved is noted with the join, so that parting gives each person what was hers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db.backends.utils import CursorWrapper

from rempart.foundation.audit.models import Watched
from rempart.foundation.database.keys import uuid7
from rempart.foundation.events.stream import Published, Subscriber
from rempart.foundation.people.models import Join
from rempart.protection.retention.models import Hold
from rempart.protection.rights.models import Request
from rempart.screening.reviewing.following import MOVED

_FOLLOWING: Mapping[str, type[Request] | type[Hold]] = {"rights_request": Request, "retention_hold": Hold}


def subscriber() -> Subscriber:
    """Moves requests and orders; a person who is watched stays watched, under both."""

    def handle(cursor: CursorWrapper, events: Sequence[Published]) -> None:
        for event in events:
            source, target = UUID(event.payload["source"]), UUID(event.payload["target"])
            row = Join.objects.select_for_update().filter(pk=UUID(event.payload["join"])).first()
            if row is None:
                continue
            if event.payload["undone"]:
                for table, model in _FOLLOWING.items():
                    model.objects.filter(pk__in=row.followed.get(table, [])).update(person_id=target)
                row.followed = {}
            else:
                row.followed = {
                    table: [
                        str(key)
                        for key in model.objects.filter(person_id=source).values_list("pk", flat=True)
                    ]
                    for table, model in _FOLLOWING.items()
                }
                for model in _FOLLOWING.values():
                    model.objects.filter(person_id=source).update(person_id=target)
                _watch(source, target)
            row.save(update_fields=["followed"])

    return Subscriber(name="protection.joined", topics=(MOVED,), handle=handle)


def _watch(source: UUID, target: UUID) -> None:
    Watched.objects.bulk_create(
        [
            Watched(
                id=uuid7(), person_id=target, kind=one.kind, organisation=one.organisation, since=one.since
            )
            for one in Watched.objects.filter(person_id=source, ended_at=None)
        ],
        ignore_conflicts=True,
    )
