"""The sealed trail: what was altered, removed or added is found, whoever has the database."""

import re
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from django.db import ProgrammingError, connection, connections, transaction
from django.db.migrations.executor import MigrationExecutor
from psycopg.conninfo import conninfo_to_dict
from tests.factories import investigator
from tests.functional.trail import sealed, unsealed

from rempart.foundation.audit import anchoring, chain, sealing
from rempart.foundation.audit.anchoring import anchor, anchor_key
from rempart.foundation.audit.sealing import block_of, line_of, seal
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.audit.verifying import verify
from rempart.foundation.vault import Keyring

pytestmark = pytest.mark.django_db(transaction=True)

PARIS = investigator("75")
NOW = datetime.now(UTC)  # months and retention go by the database's own clock


def write(count=1, *, at=NOW):
    """So many entries, each in a transaction of its own."""
    for rank in range(count):
        record(PARIS, Act.CASES_SEARCHED, f"case-{rank}", now=at, found=rank)


@pytest.fixture
def keys(tmp_path) -> Keyring:
    return Keyring(tmp_path / "keys")


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "anchors"


@pytest.fixture
def check(keys, folder):
    """`check()`: the faults, as text."""

    def run(**changes):
        asked = {"folder": folder, "certificate": anchor_key(keys, now=NOW).certificate, "now": NOW} | changes
        return [str(fault) for fault in verify(**asked).faults]

    return run


@pytest.fixture
def three_blocks(owner):
    """Three blocks of two entries each; the ids of the entries, in order."""
    for hour in (3, 2, 1):
        with transaction.atomic():  # else another test's transaction may part them
            write(2, at=NOW - timedelta(hours=hour))
        assert sealed(now=NOW - timedelta(hours=hour)) == 2
    return [id for (id,) in owner.execute("SELECT id FROM audit_entry ORDER BY id")]


def made_anew(owner):
    """Chain everything anew, as whoever owns the database can."""
    blocks = [block_of(row) for row in owner.execute(sealing.BLOCKS).fetchall()]
    owner.execute("DELETE FROM audit_block")
    last = None
    for block in blocks:
        ids = [leaf.id for leaf in block.unpacked()]
        rows = owner.execute(
            f"SELECT {sealing.COLUMNS}, xid::text::bigint FROM audit_entry WHERE id = ANY(%s) ORDER BY xid, id",
            [ids],
        ).fetchall()
        last = chain.close([line_of(row) for row in rows], after=last, now=block.sealed_at)
        owner.execute(
            "INSERT INTO audit_block VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (last.number, last.month, last.count, last.leaves, last.entries, last.before, last.sealed_at, last.digest,
             rows[-1][-1], rows[-1][0]),
        )  # fmt: skip


def test_what_was_sealed_holds(three_blocks, check, keys, folder):
    anchor(keyring=keys, folder=folder, now=NOW)
    write()
    certificate = anchor_key(keys, now=NOW).certificate
    verdict = verify(folder=folder, certificate=certificate, now=NOW)
    assert (verdict.faults, verdict.remarks) == ([], [])
    assert (verdict.blocks, verdict.entries, verdict.unsealed, verdict.anchors) == (3, 6, 1, 1)


def test_nothing_holds_too(check):
    assert check() == []


def test_security_an_altered_entry_is_found(three_blocks, check, owner):
    owner.execute("UPDATE audit_entry SET actor = 'somebody else' WHERE id = %s", [three_blocks[2]])
    assert check() == [f"block 2, entry {three_blocks[2]}: altered since it was sealed"]


@pytest.mark.parametrize(
    "change",
    [
        "at = at - interval '1 microsecond'", "role = 'operator'", "organisation = 'x'", "purpose = 'care'",
        "act = 'case-opened'", "subject = 'x'", "person_id = gen_random_uuid()", "fields = '{number}'", "origin = '::1'",
        "details = '{\"found\": 7}'",
    ],
)  # fmt: skip
def test_security_whatever_is_altered_is_found(three_blocks, check, owner, change):
    owner.execute(f"UPDATE audit_entry SET {change} WHERE id = %s", [three_blocks[0]])
    assert check() == [f"block 1, entry {three_blocks[0]}: altered since it was sealed"]


def test_security_a_removed_entry_is_found(three_blocks, check, owner):
    owner.execute("DELETE FROM audit_entry WHERE id = %s", [three_blocks[4]])
    assert check() == [f"block 3, entry {three_blocks[4]}: removed"]


def test_security_an_entry_added_in_the_past_is_found(three_blocks, check, owner):
    columns = "month, at, actor, role, purpose, act, subject"
    ((new,),) = owner.execute(
        f"INSERT INTO audit_entry ({columns}, xid) SELECT {columns}, xid FROM audit_entry WHERE id = %s RETURNING id",
        [three_blocks[0]],
    )
    assert check() == [f"entry {new}: added: earlier than what was sealed, and in no block"]


def test_an_entry_written_now_that_says_an_old_time_is_told(three_blocks, keys, folder):
    """It is sealed as what it is: one that came later than it says."""
    write(at=NOW - timedelta(hours=30))
    assert sealed(now=NOW) == 1
    verdict = verify(folder=folder, certificate=anchor_key(keys, now=NOW).certificate, now=NOW)
    assert verdict.holds
    assert "a clock went back, or it was written afterwards" in verdict.remarks[0]


def test_security_a_removed_block_is_found(three_blocks, check, owner):
    owner.execute("DELETE FROM audit_block WHERE number = 2")
    faults = check()
    assert "block 3: block 2 removed" in faults
    assert f"entry {three_blocks[2]}: added: earlier than what was sealed, and in no block" in faults


def test_security_the_last_block_removed_with_its_entries_is_found_by_its_anchor(
    three_blocks, check, owner, keys, folder
):
    anchor(keyring=keys, folder=folder, now=NOW)
    owner.execute("DELETE FROM audit_block WHERE number = 3")
    owner.execute("DELETE FROM audit_entry WHERE id >= %s", [three_blocks[4]])
    assert check() == ["block 3: anchored, and no longer there"]


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ("count = count + 1", "altered: its digest is not that of what it says"),
        ("sealed_at = sealed_at + interval '1 second'", "altered: its digest is not that of what it says"),
        ("leaves = leaves || '\\x00'", "its leaves were altered"),
        ("leaves = NULL", "its leaves were removed, though its month was not dropped"),
        ("digest = sha256('x')", "altered: its digest is not that of what it says"),
    ],
)
def test_security_an_altered_block_is_found(three_blocks, check, owner, change, wrong):
    owner.execute(f"UPDATE audit_block SET {change} WHERE number = 2")
    assert f"block 2: {wrong}" in check()


def test_security_everything_chained_anew_is_found_by_the_anchor(three_blocks, check, owner, keys, folder):
    anchor(keyring=keys, folder=folder, now=NOW)
    owner.execute("UPDATE audit_entry SET actor = 'somebody else' WHERE id = %s", [three_blocks[0]])
    made_anew(owner)
    (fault,) = check()
    assert fault == f"block 3: not the block that was anchored on {NOW:%Y-%m-%d}: the chain was made anew"


def test_security_everything_chained_anew_and_the_anchors_removed_is_found_by_the_file(
    three_blocks, check, owner, keys, folder
):
    made = anchor(keyring=keys, folder=folder, now=NOW)
    owner.execute("UPDATE audit_entry SET actor = 'somebody else' WHERE id = %s", [three_blocks[0]])
    made_anew(owner)
    owner.execute("DELETE FROM audit_anchor")
    assert check() == [
        f"block 3: its anchor ({made.name}) is no longer in the database",
        f"block 3: not the block that was anchored on {NOW:%Y-%m-%d}: the chain was made anew",
    ]


def test_security_an_anchor_by_another_key_is_found(three_blocks, check, owner, keys, folder, tmp_path):
    """Whoever signs anew has not our key; verify is given the certificate that was kept elsewhere."""
    anchor(keyring=Keyring(tmp_path / "other-keys"), folder=folder, now=NOW)
    assert check() == ["block 3: its anchor was not signed by our key"]


def test_a_file_that_is_no_anchor_is_told(three_blocks, check, folder):
    folder.mkdir()
    (folder / "2026-01-01-1.json").write_text('{"statement": 3}')
    assert check() == [f"{folder / '2026-01-01-1.json'} holds no anchor"]


def test_an_anchor_is_made_once_and_its_file_is_written_again_when_it_is_lost(three_blocks, keys, folder):
    made = anchor(keyring=keys, folder=folder, now=NOW)
    assert made.block == 3
    (path,) = folder.iterdir()
    assert anchoring.read(path) == made
    path.unlink()
    assert anchor(keyring=keys, folder=folder, now=NOW) is None
    assert anchoring.read(path) == made


def test_a_clock_that_goes_back_breaks_nothing(check, owner):
    write()
    sealed(now=NOW)
    write()
    sealed(now=NOW - timedelta(hours=2))
    assert check() == []
    times = owner.execute("SELECT sealed_at FROM audit_block ORDER BY number").fetchall()
    assert times == [(NOW,), (NOW,)]


def test_a_transaction_open_for_long_is_sealed_when_it_ends_and_nothing_later_before_it(
    test_database, owner, check
):
    with psycopg.connect(test_database.app_url) as slow:
        slow.execute(
            "INSERT INTO audit_entry (at, actor, role, purpose, act, subject)"
            " VALUES (now(), 'slow', 'system', 'intake', 'delivery-received', 's')"
        )
        write(3)
        assert seal(now=NOW) == 0
        slow.commit()
    assert sealed(now=NOW) == 4
    (first,) = owner.execute("SELECT actor FROM audit_entry ORDER BY xid, id LIMIT 1").fetchone()
    assert first == "slow"
    assert check() == []


def test_two_sealers_make_one_chain(check):
    write(40)
    stop = threading.Event()

    def work() -> int:
        try:
            total = 0
            while not stop.is_set():
                total += seal(now=datetime.now(UTC), most=7)
            return total
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        runs = [pool.submit(work) for _ in range(3)]
        while unsealed():
            write(2)
        stop.set()
    assert sum(run.result() for run in runs) >= 40
    assert check() == []


def test_the_sealer_of_the_worker_seals_each_second_and_when_it_ends(check, owner):
    stop = threading.Event()

    def work():
        try:
            sealing.run(stop)
        finally:
            connection.close()

    sealer = threading.Thread(target=work)
    sealer.start()
    write(2)
    deadline = datetime.now(UTC) + timedelta(seconds=20)
    while unsealed() and datetime.now(UTC) < deadline:
        time.sleep(0.1)
    assert unsealed() == 0
    stop.set()
    sealer.join(timeout=10)
    assert not sealer.is_alive()
    assert check() == []


@contextmanager
def broken_after(patch, calls):
    """The sealer dies after having kept so many blocks in its transaction."""
    keep, count = sealing._keep, iter(range(calls + 1))

    def break_(*args, **kwargs):
        keep(*args, **kwargs)
        if next(count) == calls - 1:
            raise KeyboardInterrupt

    with patch.context() as one:
        one.setattr(sealing, "_keep", break_)
        yield


def test_a_sealer_killed_in_the_middle_leaves_nothing_half_done(monkeypatch, check, owner):
    write(4)
    with broken_after(monkeypatch, 1), pytest.raises(KeyboardInterrupt):
        sealed(now=NOW)
    assert owner.execute("SELECT count(*) FROM audit_block").fetchone() == (0,)
    assert sealed(now=NOW) == 4
    assert check() == []


KILLED = """
import os, sys, psycopg
with psycopg.connect(sys.argv[1]) as connection:
    connection.execute("SELECT pg_advisory_xact_lock(hashtext('rempart.audit.chain'))")
    print("locked", flush=True)
    sys.stdin.read()
"""


def test_a_sealer_killed_with_the_lock_in_its_hands_holds_nobody_up(test_database, check):
    write(2)
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, test_database.app_url], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout.readline() == b"locked\n"
        assert seal(now=NOW) == 0
        other.kill()
    assert sealed(now=NOW) == 2
    assert check() == []


# Months


def in_month(owner, month, count=2):
    """Entries of a month long ago, as if they had been written then."""
    owner.execute("SELECT audit_entry_month(%s)", [month])
    owner.execute(
        "INSERT INTO audit_entry (month, at, actor, role, purpose, act, subject)"
        " SELECT %s, %s, 'a', 'system', 'intake', 'delivery-received', 's' FROM generate_series(1, %s)",
        [month, month, count],
    )


@pytest.fixture
def old(owner):
    """A month whose retention has ended, its partition dropped after the test if it is there still."""
    (month,) = owner.execute(
        "SELECT (date_trunc('month', now() AT TIME ZONE 'UTC') - interval '7 months')::date"
    ).fetchone()
    yield month
    owner.execute(f"DROP TABLE IF EXISTS audit_entry_{month:%Y_%m}")


def drop(month) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT audit_drop_month(%s)", [month])
        return cursor.fetchone()[0]


def test_a_block_never_crosses_months(owner, old, check):
    in_month(owner, old)
    write(2)
    sealed(now=NOW)
    assert owner.execute("SELECT month, count FROM audit_block ORDER BY number").fetchall() == [
        (old, 2),
        (NOW.date().replace(day=1), 2),
    ]
    assert check() == []


def test_a_month_past_its_retention_is_dropped_and_the_rest_still_holds(owner, old, check, keys, folder):
    in_month(owner, old)
    write(2)
    sealed(now=NOW)
    anchor(keyring=keys, folder=folder, now=NOW)
    assert drop(old) == 2
    assert drop(old) == 0
    assert owner.execute("SELECT count(*) FROM audit_entry").fetchone() == (2,)
    assert owner.execute("SELECT count(*) FROM audit_block WHERE leaves IS NULL").fetchone() == (1,)
    assert check() == []


def test_security_a_month_within_its_retention_is_not_dropped(owner, check):
    write()
    sealed(now=NOW)
    for months in (0, 3, 6):
        (month,) = owner.execute(
            "SELECT (date_trunc('month', now() AT TIME ZONE 'UTC') - make_interval(months => %s))::date",
            [months],
        ).fetchone()
        with pytest.raises(ProgrammingError, match="younger than its retention"):
            drop(month)


def test_security_a_month_that_is_not_sealed_is_not_dropped(owner, old):
    in_month(owner, old)
    with pytest.raises(ProgrammingError, match="its blocks do not count as many"):
        drop(old)
    sealed(now=NOW)
    in_month(owner, old, count=1)
    with pytest.raises(ProgrammingError, match="its blocks do not count as many"):
        drop(old)


def test_security_a_month_removed_by_hand_is_found(owner, old, check):
    in_month(owner, old)
    sealed(now=NOW)
    owner.execute("INSERT INTO audit_dropped_month VALUES (%s, 1, %s)", [old, old + timedelta(days=40)])
    owner.execute(f"DROP TABLE audit_entry_{old:%Y_%m}")
    faults = check()
    assert f"{old:%Y-%m} was dropped with 1 entries, its blocks count 2" in faults
    assert any("before its time" in fault for fault in faults)
    assert any("removed" in fault for fault in faults)


@contextmanager
def another_database(database):
    """Django works as the owner of another database, then of the tests' own again."""
    found = conninfo_to_dict(database.owner_url)
    own = connections["owner"].settings_dict
    kept = dict(own)
    connections["owner"].close()
    own.update(NAME=found["dbname"], USER=found["user"], PASSWORD=found["password"])
    try:
        yield
    finally:
        connections["owner"].close()
        own.update(kept)


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_what_the_version_before_wrote_is_kept(empty_database):
    """Rows of the old table keep their order and what they said, and get the person whose case it was."""
    with another_database(empty_database):
        MigrationExecutor(connections["owner"]).migrate([("audit", "0001_initial")])
        with psycopg.connect(empty_database.owner_url, autocommit=True) as owner:
            owner.execute("CREATE TABLE tracing_case (id uuid, person_id uuid)")
            ((case, person),) = owner.execute(
                "INSERT INTO tracing_case VALUES (gen_random_uuid(), gen_random_uuid()) RETURNING id::text, person_id"
            )
            for rank, at in enumerate((NOW - timedelta(days=90), NOW - timedelta(days=100))):
                owner.execute(
                    "INSERT INTO audit_entry VALUES (gen_random_uuid(), %s, 'agent', 'investigator', 'investigation',"
                    " 'case-opened', %s, %s)",
                    [at, case if rank else "another", '{"found": 1}'],
                )
            MigrationExecutor(connections["owner"]).migrate([("audit", "0002_sealed")])
            rows = owner.execute(
                "SELECT at, subject, person_id, details, organisation, origin, fields FROM audit_entry ORDER BY id"
            ).fetchall()
    assert rows == [
        (NOW - timedelta(days=100), case, person, {"found": 1}, "", "", []),
        (NOW - timedelta(days=90), "another", None, {"found": 1}, "", "", []),
    ]


GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "operator.md"


def test_after_a_restore_the_guides_repair_lets_the_sealer_go_on(three_blocks, owner, check):
    """A logical restore begins a new count of transactions: what was written before lies far ahead of it."""
    write()  # of which no block knew when the dump was made
    owner.execute("UPDATE audit_entry SET xid = (xid::text::bigint + 1000000000)::text::xid8")
    owner.execute("UPDATE audit_block SET last_xid = last_xid + 1000000000")
    assert seal(now=NOW) == 0
    (repair,) = re.findall(
        r"^BEGIN;\nUPDATE audit_entry.*?^COMMIT;$", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    owner.execute(repair)
    write()
    assert sealed(now=NOW) == 2
    assert check() == []
