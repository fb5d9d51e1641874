"""Matching under any records and any bytes: symmetric, whatever the order, never an exception."""

from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from rempart.foundation.people.commands import app
from rempart.foundation.people.matching import Record, assess, default_weights, match
from rempart.foundation.people.matching.dates import reader_for
from rempart.foundation.people.matching.phonetics import sound

NAMES = st.sampled_from(
    ["", "Martin", "MARTAIN", "Durand", "Lefèvre-Roy", "Roy", "Zoé", "Anne", "Ânne Marie", "Li", "X"]
)
DATES = st.sampled_from(
    ["", "1980-05-04", "04/05/1980", "05/04/1980", "1981-05-04", "1980", "1955-11-30", "??"]
)
RECORDS = st.builds(
    Record,
    birth_name=NAMES,
    used_name=NAMES,
    first_names=NAMES,
    birth_date=DATES,
    sex=st.sampled_from(["", "F", "M"]),
    birth_place=st.sampled_from(["", "75056", "13055", "Paris", "Marseille"]),
    postcode=st.sampled_from(["", "75001", "75002", "13001"]),
    phone=st.sampled_from(["", "0611223344", "0611223345", "a@b.fr"]),
    ins=st.sampled_from(["", "2840375056001", "1551113055987"]),
)
ANY = st.builds(Record, **dict.fromkeys(Record.__slots__, st.text(max_size=20)))
WEIGHTS = default_weights()


@given(RECORDS | ANY, RECORDS | ANY)
@settings(max_examples=150, deadline=None)
def test_two_records_say_the_same_of_each_other(one: Record, other: Record) -> None:
    found, back = (assess(*pair, weights=WEIGHTS, this_year=2026) for pair in ((one, other), (other, one)))
    assert abs(found.score - back.score) < 1e-9
    assert [(each.feature, each.level) for each in found.evidence] == [
        (each.feature, each.level) for each in back.evidence
    ]
    assert 0 <= found.score <= 1


@given(st.lists(RECORDS, max_size=12), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_the_order_of_a_file_changes_neither_pairs_nor_scores(records: list[Record], random) -> None:
    order = list(range(len(records)))
    random.shuffle(order)
    seen = replace(
        WEIGHTS, certain=2.0
    )  # no pair implies another: which of two equally sure ones comes first is the file's
    found = match(records, weights=seen, this_year=2026)
    shuffled = match([records[at] for at in order], weights=seen, this_year=2026)
    assert {(each.left, each.right): round(each.score, 6) for each in found} == {
        tuple(sorted((order[each.left], order[each.right]))): round(each.score, 6) for each in shuffled
    }
    assert all(each.left < each.right for each in found)
    assert len({(each.left, each.right) for each in found}) == len(found)


@given(st.lists(RECORDS, max_size=8), st.lists(RECORDS, max_size=8))
@settings(max_examples=40, deadline=None)
def test_two_files_exchanged_give_the_same_pairs(left: list[Record], right: list[Record]) -> None:
    found = match(left, right, weights=WEIGHTS, this_year=2026)
    back = match(right, left, weights=WEIGHTS, this_year=2026)
    assert {(each.left, each.right, round(each.score, 6)) for each in found} == {
        (each.right, each.left, round(each.score, 6)) for each in back
    }


@given(st.lists(st.one_of(RECORDS, ANY), max_size=12))
@settings(max_examples=40, deadline=None)
def test_learning_from_any_records_gives_the_same_answer_twice(records: list[Record]) -> None:
    once, twice = match(records, this_year=2026), match(records, this_year=2026)
    assert list(once) == list(twice)
    assert once.weights == twice.weights


@given(st.text(), st.lists(st.text(max_size=12), max_size=4))
def test_any_text_is_a_date_or_none_and_has_a_sound(text: str, column: list[str]) -> None:
    read = reader_for(column, this_year=2026).read(text)
    assert read == "" or (len(read) == 8 and read.isdigit())
    assert isinstance(sound(text), str)


@given(st.binary(max_size=400), st.booleans())
@settings(max_examples=60, deadline=None)
def test_any_bytes_are_a_file_of_people_or_are_refused(
    tmp_path_factory, content: bytes, parquet: bool
) -> None:
    folder = tmp_path_factory.mktemp("people")
    path: Path = folder / ("a.parquet" if parquet else "a.csv")
    path.write_bytes(b"id,nom\n" * (not parquet) + content)
    result = CliRunner().invoke(
        app, ["match", str(path), "--map", "birth_name=nom", "--out", str(folder / "out.csv")]
    )
    assert result.exit_code in (0, 2), result.exception
    assert result.exit_code == 0 or result.output.startswith("P")
