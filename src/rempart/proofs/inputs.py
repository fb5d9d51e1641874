"""What a person hands over for checking: a certificate's text, or a file that holds some."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rempart.proofs import barcodes
from rempart.proofs.reasons import Kind, Reason
from rempart.proofs.shc import files as card_files
from rempart.proofs.twoddoc import binary as twoddoc_binary
from rempart.proofs.verdict import kind_of

_FILE_LIMIT = 32_000_000  # bytes
_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_PDF_MAGIC = b"%PDF-"
_PDF_HEAD = 1024  # bytes in which readers look for the magic number


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One text to judge, or the reason why there is none."""

    input: str  # as handed in: the text itself, or the path
    place: str = ""  # where in the file: "line 3", "code 1"
    text: str = ""
    problem: Reason | None = None

    @property
    def could_not_run(self) -> bool:
        """Whether nothing was judged because the file is absent or cannot be read."""
        return self.problem is Reason.UNREADABLE_FILE


def find(handed: str) -> Iterator[Found]:
    """The texts in an argument: at least one item, whatever it is."""
    path, kind = _existing(handed), kind_of(handed.lstrip())
    if kind in (Kind.EU_DCC, Kind.SHC) or (path is None and kind is Kind.TWODDOC):
        yield Found(input=handed, text=handed)
    elif path is not None:
        yield from _in_file(handed, path)
    elif "/" in handed or Path(handed).suffix.lower() in (".png", ".pdf", ".txt"):
        yield Found(input=handed, problem=Reason.UNREADABLE_FILE)
    else:
        yield Found(input=handed, problem=Reason.NOT_RECOGNISED)


def _existing(handed: str) -> Path | None:
    try:
        path = Path(handed)
        return path if path.exists() else None
    except (OSError, ValueError):  # too long for a file name, a NUL in it
        return None


def _in_file(handed: str, path: Path) -> Iterator[Found]:
    try:
        with path.open("rb") as file:
            data = file.read(_FILE_LIMIT + 1)
        if len(data) > _FILE_LIMIT:
            yield Found(input=handed, problem=Reason.TOO_LARGE)
            return
        texts = list(_texts(data))
    except (OSError, ValueError):
        yield Found(input=handed, problem=Reason.UNREADABLE_FILE)
        return
    if not texts:
        yield Found(input=handed, problem=Reason.NO_CODE_FOUND)
        return
    for place, text in texts:
        yield Found(input=handed, place=place, text=text)


def _texts(data: bytes) -> Iterator[tuple[str, str]]:
    """The texts of a file's content, with their places. Raises ValueError for a damaged PNG, PDF or file of cards."""
    if data.startswith(_PNG_MAGIC):
        yield from _certificates(barcodes.read_png(data))
    elif _PDF_MAGIC in data[:_PDF_HEAD]:
        yield from _certificates(barcodes.read_pdf(data))
    elif data.startswith(twoddoc_binary.MARK):
        yield "", data.decode("iso-8859-1")
    elif card_files.looks_like_one(data):
        yield from ((f"card {number}", text) for number, text in enumerate(card_files.read(data), start=1))
    elif b"\0" not in data:  # else neither text nor anything we read
        # Not splitlines(): it would cut a 2D-DOC at its separators GS, RS and US.
        for number, line in enumerate(_decode(data).split("\n"), start=1):
            if line.strip():
                yield f"line {number}", line


def _certificates(texts: list[str]) -> Iterator[tuple[str, str]]:
    """Codes that are certificates; a page may show others, such as an address."""
    for number, text in enumerate(texts, start=1):
        if kind_of(text) is not Kind.UNKNOWN:
            yield f"code {number}", text


def _decode(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("iso-8859-1")
