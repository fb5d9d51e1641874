"""The proof of destruction: what is there against its last day, what went and when, which keys were destroyed.

It is made at the end of each daily run, signed by the key that signs the audit's anchors, and its digest
is noted in the audit, which is chained.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib import resources
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from django.db.models import Sum

from rempart.foundation.access.actor import Actor, Purpose, acting, require, system
from rempart.foundation.access.rights import Right
from rempart.foundation.audit.anchoring import anchor_key
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.vault import Keyring
from rempart.protection.officers import write_to_officers
from rempart.protection.retention import rules
from rempart.protection.retention.models import Destroyed, DestroyedKey, Hold, Proof, Run
from rempart.protection.retention.parts import PARTS, by_result, label_of

STALE = timedelta(hours=30)
"""A proof older than this means that the daily run does not run."""

_DAYS_TOLD = 31


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The latest proof and how it stands now. `content` is what was signed; `late`: no run ended in STALE."""

    content: Mapping[str, Any]
    statement: bytes
    signature: bytes
    certificate: bytes
    made_at: datetime
    overdue: int
    late: bool

    @property
    def good(self) -> bool:
        return not self.overdue and not self.late


def prove(*, keyring: Keyring, now: datetime, destroyed: int) -> int:
    """Write and sign the proof of today; how many things are overdue. `destroyed` is what this run destroyed."""
    actor = system(Purpose.OPERATION)
    content = _content(actor, keyring=keyring, today=now.date(), now=now)
    statement = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    key = anchor_key(keyring, now=now)
    overdue = int(content["overdue"])
    with acting(actor):
        Proof.objects.update_or_create(
            day=now.date(),
            defaults={
                "made_at": now,
                "statement": statement,
                "signature": key.private.sign(statement, ec.ECDSA(hashes.SHA256())),
                "certificate": key.certificate,
            },
        )
        digest = hashlib.sha256(statement).hexdigest()
        subject = now.date().isoformat()
        record(actor, Act.RETENTION_RUN, subject, now=now, destroyed=destroyed, overdue=overdue, proof=digest)
    return overdue


def latest(*, now: datetime) -> Shown | None:
    """The latest proof; None before the first."""
    row = Proof.objects.order_by("-day").first()
    if row is None:
        return None
    content = json.loads(bytes(row.statement))
    return Shown(
        content=content,
        statement=bytes(row.statement),
        signature=bytes(row.signature),
        certificate=bytes(row.certificate),
        made_at=row.made_at,
        overdue=content["overdue"],
        late=now - row.made_at > STALE,
    )


def show(*, actor: Actor, form: str, now: datetime) -> Shown | None:
    """The same for the data-protection officer, noted in the audit. Raises NotAllowed without the right."""
    require(actor, Right.RETENTION_MANAGE)
    with acting(actor):
        shown = latest(now=now)
        record(actor, Act.RETENTION_SHOWN, "proof", now=now, form=form)
    return shown


def warn(*, keyring: Keyring, public_url: str, now: datetime) -> bool:
    """Write to the data-protection officers when something is overdue, or no run ended lately; whether it is so."""
    shown = latest(now=now)
    if shown is not None and shown.good:
        return False
    source = resources.files("rempart.protection.retention").joinpath("data/letters.toml")
    letter = tomllib.loads(source.read_text("utf-8"))["overdue"]
    text = letter["text"].format(overdue=shown.overdue if shown else 0, url=f"{public_url}/conservation/")
    with acting(system(Purpose.OPERATION)) as cursor:
        write_to_officers(cursor, subject=letter["subject"], text=text, keyring=keyring, now=now)
    return True


def _content(actor: Actor, *, keyring: Keyring, today: date, now: datetime) -> dict[str, Any]:
    dead = rules.digests_dead_until(today, (v for one in by_result().values() for v in one.values()))
    with acting(actor) as cursor:
        lines = [
            rules.line(table=part.table, kind=part.kind, first_due=part.first_due(cursor, today), today=today)
            for part in PARTS
        ]
        holds = list(
            Hold.objects.filter(lifted_at=None, until__gte=today)
            .order_by("until")
            .values_list("until", flat=True)
        )
    names = keyring.names()
    late_keys = rules.overdue_keys(names, today=today, digests_dead=dead)
    run = Run.objects.filter(day=today).first()
    return {
        "what": "rempart purge proof 1",
        "day": today.isoformat(),
        "made_at": now.isoformat(),
        "run": {
            "started_at": _iso(run.started_at if run else None),
            "finished_at": _iso(run.finished_at if run else None),
        },
        "tables": [
            {
                "table": line.table,
                "kind": line.kind.value,
                "label": label_of(line.kind),
                "first_due": _iso(line.first_due),
                "overdue": line.overdue,
            }
            for line in lines
        ],
        "keys": {
            "data_first_due": min((name[-10:] for name in names if name.startswith("data/")), default=None),
            "index": [name.removeprefix("index/") for name in names if name.startswith("index/")],
            "index_dead_until": dead.isoformat(),
            "overdue": late_keys,
            "destroyed": _destroyed_keys(since=today - timedelta(days=_DAYS_TOLD)),
        },
        "destroyed": _destroyed(since=today - timedelta(days=_DAYS_TOLD)),
        "destroyed_ever": dict(
            Destroyed.objects.values_list("what").annotate(n=Sum("number")).order_by("what")
        ),
        "holds": [day.isoformat() for day in holds],
        "overdue": sum(line.overdue for line in lines) + len(late_keys),
    }


def _destroyed(*, since: date) -> list[dict[str, Any]]:
    """Rows destroyed on each day since, newest first."""
    rows = (
        Destroyed.objects.filter(day__gte=since).order_by("-day", "what").values_list("day", "what", "number")
    )
    by_day: dict[date, dict[str, int]] = {}
    for day, what, number in rows:
        by_day.setdefault(day, {})[what] = number
    return [{"day": day.isoformat(), "rows": counts} for day, counts in by_day.items()]


def _destroyed_keys(*, since: date) -> list[dict[str, Any]]:
    rows = DestroyedKey.objects.filter(day__gte=since).order_by("-day", "name")
    return [{"name": row.name, "destroyed_at": _iso(row.destroyed_at)} for row in rows]


def _iso(moment: date | datetime | None) -> str | None:
    return moment.isoformat() if moment else None
