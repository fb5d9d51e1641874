"""`rempart people match`: the files of everyday life, and what is said when they cannot be read."""

import csv
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from rempart.foundation.people.commands import app

MAPS = ("birth_name=nom", "first_names=prénom", "birth_date=né le")
LINES = (
    "id;nom;prénom;né le",
    "a;Lefèvre;Zoé;12/03/1984",
    "b;LEFEVRE;Zoe;12/03/1984",
    "c;Petit;Luc;30/11/1955",
    "d;Petit;Luc;30/11/1956",
)


def run(*arguments: object, maps: tuple[str, ...] = MAPS) -> Result:
    mapped = [part for said in maps for part in ("--map", said)]
    return CliRunner().invoke(app, ["match", *map(str, arguments), *mapped])


def write(path: Path, lines: tuple[str, ...] = LINES, *, encoding: str = "utf-8", end: str = "\n") -> Path:
    path.write_bytes(end.join(lines).encode(encoding))
    return path


def pairs(path: Path) -> list[tuple[str, str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(0 <= float(row["score"]) <= 1 for row in rows)
    return [(row["left_id"], row["right_id"], row["grade"]) for row in rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
def test_any_usual_file_is_read(tmp_path: Path, encoding: str, end: str, separator: str) -> None:
    lines = tuple(line.replace(";", separator) for line in LINES)
    result = run(
        write(tmp_path / "a.csv", lines, encoding=encoding, end=end),
        "--id",
        "id",
        "--out",
        tmp_path / "out.csv",
    )
    assert result.exit_code == 0, result.output
    assert pairs(tmp_path / "out.csv") == [("a", "b", "certain"), ("c", "d", "certain")]
    assert "4 records" in result.output


def test_the_output_is_what_was_promised(tmp_path: Path) -> None:
    run(write(tmp_path / "a.csv"), "--id", "id", "--out", tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes().startswith(b"left_id,right_id,score,grade\na,b,0.99")
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["a.csv", "out.csv"]


def test_two_files_are_matched_between_them(tmp_path: Path) -> None:
    right = write(
        tmp_path / "b.csv",
        ("id,nom,prénom,né le", 'x,"Lefèvre, dite Roy",Zoé,1984-03-12', "y,Durand,Ève,1999-01-31"),
    )
    result = run(write(tmp_path / "a.csv"), right, "--id", "id", "--out", tmp_path / "out.csv")
    assert result.exit_code == 0, result.output
    assert pairs(tmp_path / "out.csv") == [("a", "x", "certain"), ("b", "x", "certain")]


def test_without_ids_records_are_called_by_number_and_spaces_in_the_header_do_not_count(
    tmp_path: Path,
) -> None:
    lines = ("id, NOM , prénom , né le", *(line.replace(";", ", ") for line in LINES[1:]), "", " , ,")
    result = run(write(tmp_path / "a.csv", lines), "--out", tmp_path / "out.csv")
    assert result.exit_code == 0, result.output
    assert pairs(tmp_path / "out.csv") == [("1", "2", "certain"), ("3", "4", "certain")]


def test_parquet_is_read_too(tmp_path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    columns = list(zip(*(line.split(";") for line in LINES[1:]), strict=True))
    table = pyarrow.table(dict(zip(LINES[0].split(";"), (list(column) for column in columns), strict=True)))
    parquet.write_table(table, tmp_path / "a.parquet")
    result = run(tmp_path / "a.parquet", "--id", "id", "--out", tmp_path / "out.csv")
    assert result.exit_code == 0, result.output
    assert len(pairs(tmp_path / "out.csv")) == 2


def test_birth_dates_that_are_none_are_said_and_taken_as_absent(tmp_path: Path) -> None:
    lines = (*LINES, "e;Roy;Paul;un jour")
    result = run(write(tmp_path / "a.csv", lines), "--id", "id", "--out", tmp_path / "out.csv")
    assert result.exit_code == 0
    assert "1 birth dates could not be read" in result.output
    assert "un jour" not in result.output


@pytest.mark.parametrize(
    ("lines", "maps", "code"),
    [
        (LINES, (), "P02"),
        (LINES, ("name=nom",), "P01"),
        (LINES, ("birth_name",), "P01"),
        (LINES, ("birth_name=nom", "birth_name=prénom"), "P02"),
        (LINES, ("birth_name=surname",), "P05"),
        ((), MAPS, "P04"),
        (("id;nom;prénom;né le;nom", "a;b;c;d;e"), MAPS, "P05"),
        ((*LINES, "e;Roy;Paul;1970;too;many"), MAPS, "P06"),
        ((*LINES, ";Roy;Paul;1970"), MAPS, "P07"),
        ((*LINES, "a;Roy;Paul;1970"), MAPS, "P08"),
        ((*LINES, 'e;"' + "x" * 2_000_000 + '";Paul;1970'), MAPS, "P03"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_code(tmp_path: Path, lines, maps, code: str) -> None:
    result = run(write(tmp_path / "a.csv", lines), "--id", "id", "--out", tmp_path / "out.csv", maps=maps)
    assert result.exit_code == 2
    assert result.output.startswith(code)
    assert result.output.count("\n") == 1
    assert not (tmp_path / "out.csv").exists()
    assert "Paul" not in result.output


def test_files_that_are_not_there_and_places_that_cannot_be_written_are_said(tmp_path: Path) -> None:
    assert run(tmp_path / "none.csv", "--out", tmp_path / "out.csv").output.startswith("P03 none.csv")
    (tmp_path / "a.parquet").write_bytes(b"not parquet")
    assert run(tmp_path / "a.parquet", "--out", tmp_path / "out.csv").output.startswith("P03 a.parquet")
    assert run(write(tmp_path / "a.csv"), "--out", tmp_path / "no" / "out.csv").output.startswith("P09")
    assert run(*[tmp_path / "a.csv"] * 3, "--out", tmp_path / "out.csv").output.startswith("P10")
