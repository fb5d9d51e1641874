"""`rempart ingest` by several processes: one of them dies, all is sent again, and everything is kept once, in order."""

from __future__ import annotations

import json
import multiprocessing
import threading
import time
from pathlib import Path

import psycopg
import pytest
from django.db import InterfaceError
from tests import messages

from rempart.foundation.vault import KeyStore
from rempart.screening import ingesting
from rempart.screening.reading import Asked
from rempart.screening.rules.catalogue import Profile

pytestmark = pytest.mark.django_db(transaction=True)

DAYS, RECORDS = 6, 80


def written(number: int, *, day: int) -> bytes:
    """A result of the first day, and its corrections on those that follow: negative and positive by turns."""
    name = "".join(chr(ord("A") + int(digit)) for digit in f"{number:04d}")
    changes = [
        ("MSG000001", f"MSG{number}D{day}"), ("21048BC000020", f"RECORD{number}"), ("PAT-TROIS", f"PAT{name}"),
    ]  # fmt: skip
    if day:
        changes.append(("|||A|||F|||", "|||A|||C|||"))
    if day % 2:
        changes.append(("260373001^Detected^SCT^P^Positif", "260415000^Not detected^SCT^N^Negatif"))
    return messages.hl7(*changes)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A file per day, a laboratory that corrects each of its results every day."""
    found = tmp_path / "messages"
    found.mkdir()
    for day in range(DAYS):
        content = b"".join(written(number, day=day) for number in range(RECORDS))
        (found / f"{day}.hl7").write_bytes(content)
    return found


@pytest.fixture
def asked(folder, keyring, test_database, settings, monkeypatch) -> Asked:
    monkeypatch.setenv("DATABASE_URL", test_database.app_url)
    monkeypatch.setenv("REMPART_SECRET_KEY", settings.SECRET_KEY)
    monkeypatch.setattr(ingesting, "BATCH", RECORDS // 2)  # a task for each file
    return Asked(
        paths=(str(folder),), format=None, profile=Profile.FR, pathogen="covid19", answered=True,
        key_store=KeyStore(root=keyring.root),
    )  # fmt: skip


def test_a_worker_that_is_killed_loses_nothing_and_no_correction_overtakes_its_original(
    asked, query, capsys
) -> None:
    def kill_one() -> None:
        deadline = time.monotonic() + 60
        while not query("SELECT count(*) FROM screening_message")[0][0] and time.monotonic() < deadline:
            time.sleep(0.01)
        next(iter(multiprocessing.active_children())).kill()

    killing = threading.Thread(target=kill_one)
    killing.start()
    assert ingesting.ingest(asked, workers=2) == 2
    killing.join()
    assert not multiprocessing.active_children()
    out, err = capsys.readouterr()
    assert "ended early" in err
    told = out.splitlines()
    (kept_before,) = query("SELECT count(*) FROM screening_message")[0]
    assert len(told) <= kept_before  # what was said is on disk

    assert ingesting.ingest(asked, workers=2) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(lines) == DAYS * RECORDS
    assert [line["source"][-5] for line in lines] == [str(day) for day in range(DAYS) for _ in range(RECORDS)]
    assert sum(line["repeated"] for line in lines) == kept_before
    assert query("SELECT count(*) FROM screening_message") == [(DAYS * RECORDS,)]
    assert query("SELECT version, count(*) FROM screening_result GROUP BY 1 ORDER BY 1") == [
        (version, RECORDS) for version in range(1, DAYS + 1)
    ]
    assert query("SELECT version, result, count(*) FROM screening_result WHERE current GROUP BY 1, 2") == [
        (DAYS, "N" if DAYS % 2 == 0 else "P", RECORDS)
    ]
    assert query("SELECT count(*) FROM people_person") == [(1,)]  # one number, whatever the name


@pytest.mark.parametrize("error", [psycopg.OperationalError, InterfaceError])
def test_a_database_that_goes_away_is_not_something_rejected(asked, monkeypatch, capsys, error) -> None:
    def away(*_args, **_more):
        raise error("gone")

    monkeypatch.setattr(ingesting, "BATCH", 1_000)
    monkeypatch.setattr(ingesting, "keep_part", away)
    assert ingesting.ingest(asked, workers=1) == 2
    assert "run it again" in capsys.readouterr().err


def test_what_is_little_starts_no_process(asked, query, monkeypatch, capsys) -> None:
    monkeypatch.setattr(ingesting, "BATCH", 1_000)
    monkeypatch.setattr(ingesting, "crew", None)
    assert ingesting.ingest(asked, workers=2) == 0
    assert query("SELECT count(*) FROM screening_message") == [(DAYS * RECORDS,)]
    assert "480 accepted, 0 held, 0 rejected; 0 were there before" in capsys.readouterr().err


def test_a_path_that_is_not_there_is_said_and_the_rest_is_kept(
    asked, query, folder, monkeypatch, capsys
) -> None:
    monkeypatch.setattr(ingesting, "BATCH", 1_000)
    partly = Asked(
        paths=(str(folder / "absent"), str(folder / "0.hl7")), format=asked.format, profile=asked.profile,
        pathogen=asked.pathogen, key_store=asked.key_store, answered=False,
    )  # fmt: skip
    assert ingesting.ingest(partly, workers=2) == 2
    assert "absent cannot be read" in capsys.readouterr().err
    assert query("SELECT count(*) FROM screening_message") == [(RECORDS,)]
