"""People indexed again under another key: found all the while, recognised after it, and not by the old key."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.factories import NOW, Keeper, investigator, message, of, person, report
from tests.functional.settling import settle

from rempart.foundation.access.actor import Purpose, acting, system
from rempart.foundation.people import reindexing
from rempart.foundation.people.models import Reindexing
from rempart.foundation.people.reindexing import NotSettled
from rempart.foundation.vault import Indexer, Keyring, StillNeeded
from rempart.site.reindexing import run
from rempart.site.tasks import reindex
from rempart.tracing.services.worklist import search

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE = 7
Again = Callable[..., Any]
COLUMNS = "id, whole, ins, name_birth, used_name_birth"


@pytest.fixture
def kept(keep: Keeper) -> None:
    """A woman with a matricule and two names, and six people without."""
    keep(message(report()), *[message(of(number)) for number in range(PEOPLE - 1)])
    settle()


@pytest.fixture
def renewed(kept: None, keyring: Keyring) -> str:
    """The name of a new key of this half-year, made half an hour ago."""
    name = keyring.renew_index(NOW.date())
    made = (NOW - timedelta(minutes=30)).timestamp()
    os.utime(keyring.root / "index" / name, (made, made))
    reindexing.ask(keyring=keyring, now=NOW)
    return name


@pytest.fixture
def again(keyring: Keyring) -> Again:
    return lambda now=NOW, **more: run(keyring=keyring, clock=lambda: now, **more)


def digests(query: Any) -> set[bytes]:
    """Every digest of people there is."""
    rows = query(
        "SELECT unnest(ARRAY[ins, name_birth, used_name_birth, whole]) FROM people_identity"
        " UNION SELECT key FROM people_matching_key"
    )
    return {bytes(digest) for (digest,) in rows if digest is not None}


def found(keyring: Keyring) -> int:
    """How many cases an investigator finds by the woman's number, by her names, and by one of the others."""
    actor = investigator("75")
    woman, other = person(), of(0).person
    asked = [
        {"number": woman.ins},
        {"name": woman.birth_name, "birth_date": woman.birth_date},
        {"name": woman.used_name, "birth_date": woman.birth_date},
        {"name": other.birth_name, "birth_date": other.birth_date},
    ]
    return sum(len(search(actor=actor, keyring=keyring, now=NOW, **one)) for one in asked)


def test_everybody_is_indexed_again_and_found_before_during_and_after(
    renewed: str, again: Again, keyring: Keyring, query: Any
) -> None:
    before = digests(query)
    matching = query("SELECT person_id, is_ins, shared FROM people_matching_key ORDER BY 1, 2")
    assert found(keyring) == 4
    with acting(system(Purpose.OPERATION)) as cursor:
        reindexing.step(cursor, keyring=keyring, now=NOW, most=3)
    assert found(keyring) == 4
    done = again()
    assert (done.seen, done.changed, done.finished) == (PEOPLE - 3, PEOPLE - 3, True)
    assert found(keyring) == 4
    assert before.isdisjoint(digests(query))
    assert query("SELECT person_id, is_ins, shared FROM people_matching_key ORDER BY 1, 2") == matching
    assert query("SELECT subject, details FROM audit_entry WHERE act = 'index-renewed'") == [
        (renewed, {"changed": PEOPLE - 3})
    ]


def test_after_it_the_old_key_may_go_and_everybody_is_still_recognised(
    renewed: str, again: Again, keyring: Keyring, keep: Keeper, counts: Any
) -> None:
    again()
    assert reindexing.done(renewed)
    old = renewed.partition("-")[0]
    assert keyring.destroy_index_key(old) == [f"index/{old}"]
    assert found(keyring) == 4
    people = counts()["people_person"]
    keep(message(report(record_number="ANOTHER")), message(report(of(0).person, record_number="ANOTHER TOO")))
    assert counts()["people_person"] == people
    assert counts()["people_identity"] == PEOPLE  # the same identities, word for word, are kept once


def test_without_it_the_old_key_takes_everybody_with_it(renewed: str, keyring: Keyring) -> None:
    """What the tests above would miss, were the re-indexing to do nothing."""
    keyring.destroy_index_key(renewed.partition("-")[0])
    assert found(keyring) == 0


def test_what_comes_meanwhile_is_indexed_under_the_new_key(
    renewed: str, again: Again, keyring: Keyring, keep: Keeper, query: Any
) -> None:
    with acting(system(Purpose.OPERATION)) as cursor:
        reindexing.step(cursor, keyring=keyring, now=NOW, most=3)
    keep(message(report(record_number="SAME")), message(of(PEOPLE)), message(of(PEOPLE - 2)))
    again()
    keyring.destroy_index_key(renewed.partition("-")[0])
    assert found(keyring) == 4
    assert query("SELECT count(*) FROM people_person") == [(PEOPLE + 1,)]


def test_a_run_that_was_killed_goes_on(renewed: str, keyring: Keyring, again: Again) -> None:
    for _ in range(2):
        with acting(system(Purpose.OPERATION)) as cursor:
            reindexing.step(cursor, keyring=keyring, now=NOW, most=2)
    with pytest.raises(ZeroDivisionError), acting(system(Purpose.OPERATION)) as cursor:
        reindexing.step(cursor, keyring=keyring, now=NOW, most=2)
        raise ZeroDivisionError
    assert Reindexing.objects.get().changed == 4
    assert reindexing.asked()
    assert again().seen == PEOPLE - 4
    assert not reindexing.asked()
    assert again().seen == 0
    assert Reindexing.objects.get().changed == PEOPLE


def test_it_stops_when_its_time_is_up(renewed: str, keyring: Keyring) -> None:
    moments = iter([NOW, NOW, NOW + timedelta(minutes=9), NOW + timedelta(minutes=9)])
    done = run(keyring=keyring, clock=lambda: next(moments), until=NOW - timedelta(seconds=1))
    assert (done.seen, done.finished) == (0, False)
    assert reindexing.asked()


def test_a_new_key_settles_first(kept: None, keyring: Keyring, again: Again) -> None:
    name = keyring.renew_index(NOW.date())
    made = (NOW - timedelta(minutes=9)).timestamp()
    os.utime(keyring.root / "index" / name, (made, made))
    reindexing.ask(keyring=keyring, now=NOW)
    with pytest.raises(NotSettled, match="must settle until 09:01:00 UTC") as early:
        again()
    assert early.value.until == datetime(2026, 11, 20, 9, 1, tzinfo=NOW.tzinfo)
    assert again(now=early.value.until).changed == PEOPLE


def test_asked_twice_is_done_once_more_and_changes_nothing(
    renewed: str, keyring: Keyring, again: Again, query: Any
) -> None:
    again()
    before = query(f"SELECT {COLUMNS} FROM people_identity ORDER BY id")
    assert reindexing.ask(keyring=keyring, now=NOW) == renewed
    done = again()
    assert (done.seen, done.changed) == (PEOPLE, 0)
    assert query(f"SELECT {COLUMNS} FROM people_identity ORDER BY id") == before


def test_a_half_year_that_begins_meanwhile_takes_it_over(
    renewed: str, keyring: Keyring, again: Again, query: Any
) -> None:
    with acting(system(Purpose.OPERATION)) as cursor:
        reindexing.step(cursor, keyring=keyring, now=NOW, most=3)
    later = datetime(2027, 1, 2, tzinfo=NOW.tzinfo)
    keyring.index_key("2027H1")
    os.utime(keyring.root / "index" / "2027H1", (NOW.timestamp(), NOW.timestamp()))
    assert again(now=later).seen == PEOPLE
    assert [(row.period, row.finished_at) for row in Reindexing.objects.all()] == [("2027H1", later)]
    for period in keyring.index_periods()[1:]:
        keyring.destroy_index_key(period)
    made = Indexer(Keyring(keyring.root), later.date())
    assert len(made.digests(reindexing.BlindIndex.INS, "x")) == 1


def test_who_can_no_longer_be_read_is_left_as_he_is(
    renewed: str, keyring: Keyring, again: Again, query: Any
) -> None:
    before = query(f"SELECT {COLUMNS} FROM people_identity ORDER BY id")
    keyring.destroy_expired(NOW.date() + timedelta(days=2000))
    done = again()
    assert (done.seen, done.changed, done.finished) == (PEOPLE, 0, True)
    assert query(f"SELECT {COLUMNS} FROM people_identity ORDER BY id") == before


def test_a_digest_made_random_on_purpose_stays(
    renewed: str, keyring: Keyring, again: Again, owner: Any, query: Any
) -> None:
    owner.execute("UPDATE people_identity SET whole = '\\x00' WHERE ins IS NOT NULL")
    again()
    assert query("SELECT whole FROM people_identity WHERE ins IS NOT NULL") == [(b"\x00",)]


def test_an_identity_kept_in_two_periods_keeps_one_digest_each(
    kept: None, keyring: Keyring, keep: Keeper, query: Any, again: Again
) -> None:
    """A result of before the new key and one of after it bear the same identity, word for word."""
    name = keyring.renew_index(NOW.date())
    os.utime(keyring.root / "index" / name, (0, 0))
    keep(message(report(record_number="AFTER")))
    assert query("SELECT count(*) FROM people_identity WHERE ins IS NOT NULL") == [(2,)]
    reindexing.ask(keyring=keyring, now=NOW)
    again()
    assert query(
        "SELECT count(DISTINCT ins), count(DISTINCT whole), count(DISTINCT l.person_id) FROM people_identity i"
        " JOIN people_link l ON l.identity_id = i.id WHERE ins IS NOT NULL"
    ) == [(1, 2, 1)]


def test_traits_that_several_share_stay_shared(
    keep: Keeper, keyring: Keyring, again: Again, owner: Any, query: Any, kept: None
) -> None:
    owner.execute("UPDATE people_matching_key SET shared = true WHERE NOT is_ins")
    name = keyring.renew_index(NOW.date())
    os.utime(keyring.root / "index" / name, (0, 0))
    keep(
        message(report(of(0).person, record_number="AFTER"))
    )  # writes its key under the new one, shared as well
    reindexing.ask(keyring=keyring, now=NOW)
    again()
    assert query("SELECT DISTINCT shared FROM people_matching_key WHERE NOT is_ins") == [(True,)]


def test_the_newest_key_is_not_destroyed(renewed: str, keyring: Keyring) -> None:
    with pytest.raises(StillNeeded):
        keyring.destroy_index_key(renewed)


def test_the_worker_goes_on_with_what_was_asked(renewed: str, keyring: Keyring) -> None:
    os.utime(keyring.root / "index" / renewed, (0, 0))
    reindex(timestamp=0)
    assert not reindexing.asked()
    reindex(timestamp=0)  # nothing is asked: nothing is done


def test_the_worker_waits_for_a_key_that_settles(
    renewed: str, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reindexing, "SETTLED", timedelta(days=36500))
    reindex(timestamp=0)
    assert reindexing.asked()
