"""Reading what is published, and what is no such thing, within bounds."""

import io
import zipfile
from pathlib import Path

import pytest
from tests.directories import zipped

from rempart.foundation.directories.files import LONGEST_LINE, Source, Unreadable, lines, sources


def test_lines_have_their_numbers_and_no_mark() -> None:
    content = b"\xef\xbb\xbffirst\r\n\r\nthird\nlast"
    assert list(lines(io.BytesIO(content), most_bytes=100)) == [(1, b"first"), (3, b"third"), (4, b"last")]


def test_a_line_without_end_and_a_file_without_end_are_refused() -> None:
    with pytest.raises(Unreadable, match="line 2 has more than"):
        list(lines(io.BytesIO(b"a\n" + b"x" * 2 * LONGEST_LINE), most_bytes=10**9))
    with pytest.raises(Unreadable, match="more than 10 bytes"):
        list(lines(io.BytesIO(b"abc\n" * 100), most_bytes=10))


def test_an_archive_gives_its_text_files(tmp_path: Path) -> None:
    path = zipped(tmp_path / "PS_LibreAcces_202609230000.zip", PS_one=b"a\n", PS_two=b"b\n")
    found = sources(path)
    assert [source.name for source in found] == ["PS_one.txt", "PS_two.txt"]
    assert [source.published for source in found] == ["2026-09-23 0000"] * 2
    with found[1].open() as stream:
        assert list(lines(stream, most_bytes=10)) == [(1, b"b")]


def test_a_bomb_is_read_as_far_as_allowed(tmp_path: Path) -> None:
    (source,) = sources(zipped(tmp_path / "bomb.zip", bomb=b"0123456\n" * 1_000_000))
    assert source.path.stat().st_size < 100_000
    with source.open() as stream, pytest.raises(Unreadable, match="more than 1000000 bytes"):
        list(lines(stream, most_bytes=1_000_000))


def test_broken_archives_are_said_to_be(tmp_path: Path) -> None:
    whole = zipped(tmp_path / "whole.zip", one=b"line\n" * 10_000).read_bytes()
    (tmp_path / "torn.zip").write_bytes(whole[:60] + b"\0" * 40 + whole[100:])
    with pytest.raises(Unreadable, match="damaged"), sources(tmp_path / "torn.zip")[0].open() as stream:
        list(lines(stream, most_bytes=10**6))
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("image.png", b"x")
    with pytest.raises(Unreadable, match="no text file"):
        sources(tmp_path / "other.zip")
    with pytest.raises(Unreadable, match="No such file"):
        list(lines(Source(path=tmp_path / "absent").open().__enter__(), most_bytes=1))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("etalab-cs1100502-stock-20260512-0339.csv", "2026-05-12 0339"),
        ("Extraction_Correspondance_MSSante_202608261013.txt", "2026-08-26 1013"),
        ("etalab_cs1100507_stock_20160620-0432.csv", "2016-06-20 0432"),
        ("mssante.txt", ""),
    ],
)
def test_names_say_when_a_file_was_made(name: str, said: str) -> None:
    assert Source(path=Path(name)).published == said
