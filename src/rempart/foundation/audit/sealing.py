"""The sealer: closes what was written since the last block, and chains it.

It reads below the oldest transaction still open, in the order of (transaction, id): what commits late is
sealed late, and never skipped. One sealer works at a time; another finds the lock taken and does nothing.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from django.db import Error, close_old_connections, transaction
from django.db.backends.utils import CursorWrapper

from rempart.foundation.audit import chain
from rempart.foundation.database.row_security import EVERYWHERE, set_sight

_log = logging.getLogger(__name__)
_EVERY = 1.0
"""Seconds between two rounds."""

MOST = 10_000
"""Entries sealed in one transaction: a fraction of a second."""

COLUMNS = "id, month, at, actor, role, organisation, purpose, act, subject, person_id, fields, origin, details::text"
_BLOCK_COLUMNS = "number, month, count, leaves, entries, before, sealed_at, digest"
BLOCKS = f"SELECT {_BLOCK_COLUMNS}, last_xid, last_id FROM audit_block ORDER BY number"  # noqa: S608 -- columns of ours

_NEXT = f"""
    SELECT {COLUMNS}, xid::text::bigint FROM audit_entry
    WHERE (xid, id) > (%s::text::xid8, %s) AND xid < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY xid, id LIMIT %s"""  # noqa: S608 -- columns of ours
_ADD = f"""
    INSERT INTO audit_block ({_BLOCK_COLUMNS}, last_xid, last_id)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"""  # noqa: S608


def seal(*, now: datetime, most: int = MOST) -> int:
    """Seal at most `most` entries that can be sealed now; how many (0 also when another sealer is at work)."""
    with transaction.atomic(), transaction.get_connection().cursor() as cursor:
        if not lock(cursor):
            return 0
        set_sight(cursor, departments=(EVERYWHERE,))
        cursor.execute(f"{BLOCKS} DESC LIMIT 1")
        row = cursor.fetchone()
        last = block_of(row) if row else None
        cursor.execute(_NEXT, (*(row[-2:] if row else (0, 0)), most))
        rows = cursor.fetchall()
        for _, group in groupby(
            rows, key=lambda one: one[1]
        ):  # a block never crosses months: they are dropped whole
            together = list(group)
            last = chain.close([line_of(one) for one in together], after=last, now=now)
            _keep(cursor, last, until=(together[-1][-1], together[-1][0]))
        return len(rows)


def lock(cursor: CursorWrapper) -> bool:
    """Whether this transaction may add to the chain: nobody else does until its end."""
    cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('rempart.audit.chain'))")
    row = cursor.fetchone()
    return bool(row and row[0])


def run(stop: threading.Event) -> None:
    """Seal each second until told to stop, and a last time then. A database that goes away is waited for."""
    stopped = False
    while not stopped:
        stopped = stop.wait(_EVERY)
        try:
            while seal(now=datetime.now(UTC)) == MOST and not stop.is_set():
                pass
        except Error as error:
            _log.warning("the audit is not sealed (%s); trying again", type(error).__name__)
            close_old_connections()


def line_of(row: Sequence[Any]) -> chain.Line:
    """An entry from a row of COLUMNS."""
    return chain.Line(
        id=row[0], month=row[1], at=row[2], actor=row[3], role=row[4], organisation=row[5], purpose=row[6],
        act=row[7], subject=row[8], person=row[9], fields=row[10], origin=row[11], details=json.loads(row[12]),
    )  # fmt: skip


def block_of(row: Sequence[Any]) -> chain.Block:
    """A block from a row that begins with its columns."""
    number, month, count, leaves, entries, before, sealed_at, digest = row[:8]
    return chain.Block(
        number=number,
        month=month,
        count=count,
        leaves=None if leaves is None else bytes(leaves),
        entries=bytes(entries),
        before=bytes(before),
        sealed_at=sealed_at,
        digest=bytes(digest),
    )


def _keep(cursor: CursorWrapper, block: chain.Block, *, until: tuple[int, int]) -> None:
    cursor.execute(
        _ADD,
        (
            block.number, block.month, block.count, block.leaves, block.entries, block.before,
            block.sealed_at, block.digest, *until,
        ),
    )  # fmt: skip
