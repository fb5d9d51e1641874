"""What the layouts share: rows and their digests, columns found by their names, addresses put together."""

from __future__ import annotations

import hashlib
import tomllib
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from operator import itemgetter

from rempart.foundation.directories.policy import Directory

Value = str | float | None
Lines = Iterable[tuple[int, bytes]]

SEPARATOR = "|"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a directory, in the order of its layout's columns, and the line it came from."""

    line: int
    values: tuple[Value, ...]

    @property
    def digest(self) -> bytes:
        """16 bytes that are the same for the same content."""
        text = "\x1f".join([value if isinstance(value, str) else repr(value) for value in self.values])
        return hashlib.blake2b(text.encode(), digest_size=16).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with a line; `why` names the field, never its value."""

    line: int
    why: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A directory's table and how its file is read.

    `columns`: names and PostgreSQL types, digest apart; `key`: the column that names a thing of the directory;
    `unique`: whether it has one row only; `begins`: whether a file with these first two lines is its file.
    """

    directory: Directory
    table: str
    columns: Mapping[str, str]
    key: str
    unique: bool
    begins: Callable[[Sequence[bytes]], bool]
    read: Callable[[Lines], Iterator[Row | Fault]]


def folded(text: str) -> str:
    """A name of a column as it is compared: letters and digits, without accents or case."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join([letter for letter in plain if letter.isascii() and letter.isalnum()])


@lru_cache(maxsize=1)
def _columns() -> Mapping[str, Mapping[str, Sequence[str]]]:
    text = resources.files("rempart.foundation.directories").joinpath("data/columns.toml").read_text("utf-8")
    found: Mapping[str, Mapping[str, Sequence[str]]] = tomllib.loads(text)
    return found


def begins_with(directory: Directory, *names: str) -> Callable[[Sequence[bytes]], bool]:
    """Whether the first line of a file names the columns of a directory, by those that tell it from others."""
    wanted = {folded(name) for name in names}

    def begins(first: Sequence[bytes]) -> bool:
        if not first:
            return False
        heads = first[0].removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").split(SEPARATOR)
        return wanted <= {folded(head) for head in heads}

    return begins


def named_rows(lines: Lines, directory: Directory) -> Iterator[tuple[int, Mapping[str, str]] | Fault]:
    """The lines of a file that names its columns: their number, and what data/columns.toml takes, by its names there.

    Every line has as many fields as the first; an empty one after the last does not count, for these files end
    their lines with a separator or without. What is optional and missing is empty.
    """
    said = _columns()[directory.value]
    names = [name for name in said if name != "optional"]
    width = 0
    for number, raw in lines:
        fields = _fields(raw)
        if fields is None:
            yield Fault(line=number, why="not UTF-8 text")
        elif not width:
            width = len(fields) - (not fields[-1])
            where = {folded(head): at for at, head in reversed(list(enumerate(fields)))}
            places = {name: _place(said[name], where) for name in names}
            missing = [
                said[name][0] for name in names if places[name] is None and name not in said["optional"]
            ]
            if missing:
                yield Fault(line=number, why=f"no column “{'”, “'.join(missing)}”")
                return
            take = itemgetter(*[width if place is None else place for place in places.values()])
        elif len(fields) == width or (len(fields) == width + 1 and not fields[-1]):
            fields[width:] = [""]  # where optional columns that are missing are looked up
            yield number, dict(zip(names, take(fields), strict=True))
        else:
            yield Fault(line=number, why=f"{len(fields)} fields instead of {width}")


def _place(heads: Sequence[str], where: Mapping[str, int]) -> int | None:
    return next((where[folded(head)] for head in heads if folded(head) in where), None)


def _fields(raw: bytes) -> list[str] | None:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text.split(SEPARATOR)


def address(*lines: str) -> str:
    """An address, one line each, the empty ones left out."""
    return "\n".join([line for line in (" ".join(line.split()) for line in lines) if line])


def telephone(text: str) -> str:
    """A number without what people write between its digits."""
    return "".join([sign for sign in text if sign.isdigit() or sign == "+"])
