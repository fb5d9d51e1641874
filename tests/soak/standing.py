"""What must hold after the blows: acknowledged = stored, exactly once, all the way to the cases and the letters."""

from __future__ import annotations

import time

import psycopg
from tests.soak.platform import Platform
from tests.soak.sending import Load, is_positive

from rempart.foundation import facts
from rempart.screening.listeners.boxes import JSON

_CAUGHT_UP = 120.0  # seconds
_BEHIND = """
    SELECT p.subscriber FROM events_position p
    WHERE EXISTS (SELECT FROM events_event e WHERE e.topic = ANY(p.topics)
                  AND (e.xid, e.id) > (p.xid::text::xid8, p.event_id))
    UNION SELECT 'letters' FROM messaging_message WHERE state = 'waiting' AND due_at <= now()
        AND (claimed_until IS NULL OR claimed_until <= now())
"""
_READERS = {"tracing.cases", "screening.notices", "screening.facts"}


def must_hold(platform: Platform, load: Load) -> None:
    """Once everybody has ended: nothing unexpected, nothing lost, nothing twice, nothing half."""
    assert not load.unexpected, load.unexpected
    assert load.all_acknowledged == load.numbers
    with platform.owner() as database:
        _caught_up(database)
        _stored_once(platform, load, database)
        _told_once(platform, load, database)
    _put_away(platform, load)


def _caught_up(database: psycopg.Connection) -> None:
    deadline = time.monotonic() + _CAUGHT_UP
    while behind := [name for (name,) in database.execute(_BEHIND)]:
        assert time.monotonic() < deadline, f"{behind} do not catch up"
        time.sleep(0.1)
    assert {name for (name,) in database.execute("SELECT subscriber FROM events_position")} >= _READERS


def _stored_once(platform: Platform, load: Load, database: psycopg.Connection) -> None:
    rows = database.execute(
        "SELECT ledger_key, count(*), count(*) FILTER (WHERE current) FROM screening_result GROUP BY 1"
    ).fetchall()
    stored = {bytes(key): (versions, current) for key, versions, current in rows}
    assert stored.keys() == platform.keys_of(load.numbers)
    assert set(stored.values()) == {(1, 1)}
    counted = database.execute(
        "SELECT (SELECT count(*) FROM screening_result_ledger), (SELECT count(*) FROM screening_message_ledger),"
        " (SELECT count(*) FROM screening_message), (SELECT count(*) FROM people_person)"
    ).fetchone()
    assert counted == (len(load.numbers),) * 4
    waiting = database.execute(
        "SELECT count(*) FROM screening_deferred WHERE done_at IS NULL OR failed OR sealed IS NOT NULL"
    ).fetchone()
    assert waiting == (0,)


def _told_once(platform: Platform, load: Load, database: psycopg.Connection) -> None:
    """A case for each positive, an access and a message for each result, a fact each, and the desk's count. A letter by post
    has an access of its own, made when it leaves."""
    everyone, positives = len(load.numbers), sum(map(is_positive, load.numbers))
    *found, accesses, gone, by_post = database.execute(
        "SELECT (SELECT count(*) FROM tracing_case), (SELECT count(DISTINCT result_key) FROM tracing_case),"
        " (SELECT count(DISTINCT result_id) FROM screening_access),"
        " (SELECT count(*) FROM messaging_message), (SELECT sum(accepted) FROM screening_daily_intake),"
        " (SELECT count(*) FROM screening_access),"
        " (SELECT count(*) FROM messaging_message WHERE channel = 'post' AND state = 'taken'),"
        " (SELECT count(*) FROM messaging_message WHERE channel = 'post')"
    ).fetchone()
    wanted = [positives, positives, everyone, everyone, everyone]
    assert found == wanted, (
        f"cases, results with one, results with access, messages, counted: {found}, not {wanted}"
    )
    assert everyone + gone <= accesses <= everyone + by_post, (everyone, gone, accesses, by_post)
    told = facts.query(platform.configuration.facts, lambda table: table.select("fact_id"))
    assert (told.num_rows, len(set(told["fact_id"].to_pylist()))) == (everyone, everyone)


def _put_away(platform: Platform, load: Load) -> None:
    """Every file is done, with its acknowledgement, and nothing else lies about."""
    box = platform.box
    assert [one.name for folder in (box.inbox, box.taken, box.refused) for one in folder.iterdir()] == []
    names = {one.name for one in box.done.iterdir()}
    files = {name for name in names if not name.endswith(JSON)}
    assert names == files | {name + JSON for name in files}
    assert len(files) * 5 == len(load.acknowledged["folder"])
