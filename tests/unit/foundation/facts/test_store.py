import logging
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rempart.foundation import facts
from rempart.foundation.facts import FactsError, Kind, Result, ResultFact, schema, store

FACT = ResultFact(
    fact_id="00112233445566778899aabbccddeeff",
    version=1,
    pathogen="covid-19",
    sampled_on=date(2020, 11, 2),
    received_at=datetime(2020, 11, 3, 18, 30, 59, 123456, tzinfo=UTC),
    department="59",
    age_class="39",
    kind=Kind.NAAT,
    result=Result.NEGATIVE,
)


def another(number: int, **changes: object) -> ResultFact:
    return replace(FACT, fact_id=f"{number:032x}", **changes)


def seen(root: Path) -> list[dict[str, object]]:
    return facts.query(root, lambda table: table.order_by("fact_id")).to_pylist()


def test_an_empty_store_has_the_columns_and_no_row(tmp_path):
    answer = facts.query(tmp_path / "never made", lambda table: table)
    assert answer.num_rows == 0
    assert {"sampled_on", "department", "result"} <= set(answer.column_names)
    assert facts.status(tmp_path).facts == 0
    assert facts.status(tmp_path).last_sampled_on is None


def test_a_fact_is_read_as_it_was_written_its_times_to_the_minute(tmp_path):
    facts.write_batch(tmp_path, [FACT], start="0001")
    (row,) = seen(tmp_path)
    assert row["fact_id"] == bytes.fromhex(FACT.fact_id)
    assert row["received_at"] == datetime(2020, 11, 3, 18, 30, tzinfo=UTC)
    assert (row["department"], row["result"], row["sampled_on"]) == ("59", "N", FACT.sampled_on)
    assert row["validated_at"] is None


def test_files_lie_by_month_of_reception_in_utc(tmp_path):
    late = another(2, received_at=datetime.fromisoformat("2020-12-01T00:30:00+01:00"))
    december = another(3, received_at=datetime(2020, 12, 1, 0, 0, tzinfo=UTC))
    paths = facts.write_batch(tmp_path, [FACT, late, december], start="0001")
    assert [str(path.relative_to(tmp_path)) for path in paths] == [
        "month=2020-11/part-0001.parquet",
        "month=2020-12/part-0001.parquet",
    ]
    assert pq.read_metadata(paths[0]).num_rows == 2


def test_a_batch_written_again_after_a_crash_is_there_once(tmp_path):
    facts.write_batch(tmp_path, [another(1), another(2)], start="0001")
    facts.write_batch(tmp_path, [another(1), another(2), another(3)], start="0001")
    assert len(seen(tmp_path)) == 3
    assert facts.status(tmp_path).rows == 3


def test_a_retry_cut_otherwise_still_counts_each_fact_once(tmp_path):
    facts.write_batch(tmp_path, [another(1), another(2)], start="0001")
    facts.write_batch(tmp_path, [another(2), another(3)], start="0002")
    assert len(seen(tmp_path)) == 3


def test_a_correction_replaces_whatever_the_order_of_arrival(tmp_path):
    corrected = replace(FACT, version=2, result=Result.POSITIVE)
    facts.write_batch(tmp_path, [corrected], start="0001")
    facts.write_batch(tmp_path, [FACT], start="0002")
    (row,) = seen(tmp_path)
    assert (row["version"], row["result"]) == (2, "P")


def test_a_retraction_in_another_month_takes_the_fact_away(tmp_path):
    retraction = replace(FACT, version=2, retracted=True, received_at=datetime(2020, 12, 5, tzinfo=UTC))
    facts.write_batch(tmp_path, [FACT, another(2)], start="0001")
    facts.write_batch(tmp_path, [retraction], start="0002")
    assert [row["fact_id"].hex() for row in seen(tmp_path)] == [f"{2:032x}"]


def test_a_crash_while_writing_leaves_nothing_that_a_reader_sees(tmp_path, monkeypatch):
    facts.write_batch(tmp_path, [another(1)], start="0001")

    def lose_power(path: Path) -> None:
        raise OSError("no power")

    monkeypatch.setattr(store, "_sync", lose_power)
    with pytest.raises(OSError, match="no power"):
        facts.write_batch(tmp_path, [another(2)], start="0002")
    monkeypatch.undo()
    assert len(seen(tmp_path)) == 1
    assert [path.name for path in (tmp_path / "month=2020-11").iterdir()] == ["part-0001.parquet"]


def test_a_damaged_file_is_left_out_and_named_in_the_log(tmp_path, caplog):
    facts.write_batch(tmp_path, [another(1)], start="0001")
    damaged = tmp_path / "month=2020-11" / "part-0002.parquet"
    damaged.write_bytes((tmp_path / "month=2020-11" / "part-0001.parquet").read_bytes()[:100])
    (tmp_path / "month=2020-11" / ".part-0003.parquet.4711").write_bytes(b"half a file")
    with caplog.at_level(logging.WARNING):
        assert len(seen(tmp_path)) == 1
        assert len(seen(tmp_path)) == 1
    assert [str(damaged) in record.getMessage() for record in caplog.records] == [True]
    assert facts.status(tmp_path).damaged == (damaged,)


def test_a_file_of_a_later_rempart_is_refused_not_ignored(tmp_path):
    (path,) = facts.write_batch(tmp_path, [FACT], start="0001")
    later = pq.read_table(path, partitioning=None).replace_schema_metadata({schema.VERSION_KEY: b"2"})
    pq.write_table(later, path)
    with pytest.raises(FactsError, match="upgrade Rempart"):
        facts.read(tmp_path)


def test_the_fingerprint_changes_with_the_files_and_only_then(tmp_path):
    empty = facts.fingerprint(tmp_path)
    facts.write_batch(tmp_path, [FACT], start="0001")
    one = facts.fingerprint(tmp_path)
    assert empty != one
    assert facts.fingerprint(tmp_path) == one


def test_compacting_keeps_every_fact_and_the_newest_file_apart(tmp_path):
    for number in range(1, 21):
        facts.write_batch(tmp_path, [another(number)], start=f"{number:04}")
    before = seen(tmp_path)
    assert facts.compact(tmp_path) == 18
    assert sorted(path.name for path in (tmp_path / "month=2020-11").iterdir()) == [
        "part-0001.parquet",
        "part-0020.parquet",
    ]
    assert seen(tmp_path) == before
    assert facts.compact(tmp_path) == 0


def test_a_month_with_many_files_is_tidied_by_its_writer(tmp_path):
    for number in range(1, 70):
        facts.write_batch(tmp_path, [another(number)], start=f"{number:04}")
    assert facts.status(tmp_path).files < 10
    assert len(seen(tmp_path)) == 69


def test_a_damaged_file_is_never_joined(tmp_path):
    for number in range(1, 12):
        facts.write_batch(tmp_path, [another(number)], start=f"{number:04}")
    damaged = tmp_path / "month=2020-11" / "part-0009.parquet"
    damaged.write_bytes(b"half a file")
    assert facts.compact(tmp_path) == 7
    assert damaged.read_bytes() == b"half a file"
    assert len(seen(tmp_path)) == 10


def test_a_crash_while_compacting_counts_nothing_twice(tmp_path, monkeypatch):
    for number in range(1, 12):
        facts.write_batch(tmp_path, [another(number)], start=f"{number:04}")
    monkeypatch.setattr(Path, "unlink", lambda path, missing_ok=False: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        facts.compact(tmp_path)
    monkeypatch.undo()
    assert len(seen(tmp_path)) == 11


def test_a_reader_survives_a_file_joined_under_its_hands(tmp_path):
    for number in range(1, 12):
        facts.write_batch(tmp_path, [another(number)], start=f"{number:04}")
    asked = []

    def question(table):
        asked.append(1)
        if len(asked) == 1:
            facts.compact(tmp_path)
        return table

    assert facts.query(tmp_path, question).num_rows == 11
    assert len(asked) == 2


@pytest.mark.parametrize("start", ["", "../escape", "a b", "x" * 81])
def test_a_start_that_is_no_file_name_is_refused(tmp_path, start):
    with pytest.raises(FactsError, match="start"):
        facts.write_batch(tmp_path, [FACT], start=start)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fact_id": "1 85 05 78 006 084 36"}, "keyed hash"),
        ({"version": 0}, "the first is 1"),
        ({"age_class": "35"}, "age class"),
        ({"received_at": datetime(2020, 11, 3, 18, 30)}, "no time zone"),  # noqa: DTZ001 - the case tested
    ],
)
def test_what_a_fact_must_not_carry_is_refused(changes, message):
    with pytest.raises(FactsError, match=message):
        replace(FACT, **changes)


def test_no_column_could_name_a_person():
    names = set(schema.ARROW_SCHEMA.names)
    assert names == set(ResultFact.__dataclass_fields__)
    forbidden = ("name", "birth", "nir", "ins", "phone", "mail", "address", "record", "finess", "rpps")
    assert not [name for name in names for part in forbidden if part in name.split("_")]
    assert schema.ARROW_SCHEMA.field("received_at").type == pa.timestamp("ms", tz="UTC")


@pytest.mark.parametrize(
    ("birth", "on", "expected"),
    [
        (date(2020, 11, 1), date(2020, 11, 2), "09"),
        (date(2010, 11, 3), date(2020, 11, 2), "09"),
        (date(2010, 11, 2), date(2020, 11, 2), "19"),
        (date(2000, 2, 29), date(2020, 2, 28), "19"),
        (date(2000, 2, 29), date(2020, 2, 29), "29"),
        (date(1930, 11, 3), date(2020, 11, 2), "89"),
        (date(1930, 11, 2), date(2020, 11, 2), "90"),
        (date(1905, 1, 1), date(2020, 11, 2), "90"),
        (date(2020, 11, 3), date(2020, 11, 2), ""),
        (None, date(2020, 11, 2), ""),
    ],
)
def test_the_age_class_changes_on_the_birthday(birth, on, expected):
    assert facts.age_class(birth, on) == expected
