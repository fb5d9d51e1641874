"""Batches for the printing house: whole or not at all, each letter once, nobody named."""

from __future__ import annotations

import csv
import hashlib
import io
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pypdfium2
import pytest

from rempart.foundation.messaging.carriers import post
from rempart.foundation.messaging.letters import Answer, Channel, Letter, Parcel

NOW = datetime(2021, 4, 9, 3, 0, tzinfo=UTC)


def pdf(pages: int = 1) -> bytes:
    with closing(pypdfium2.PdfDocument.new()) as made:
        for _ in range(pages):
            made.new_page(595, 842)
        out = io.BytesIO()
        made.save(out)
    return out.getvalue()


def parcel(number: int, *contents: bytes, media_type: str = "application/pdf") -> Parcel:
    letter = Letter(channel=Channel.POST, recipient="QUIRINAL\n28 passage Xylophage", text="")
    documents = tuple(("lettre.pdf", media_type, content) for content in contents)
    return Parcel(id=UUID(int=number), letter=letter, documents=documents)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "letters"


def closed(folder: Path) -> list[post.Batch]:
    return post.close(folder, postal_class="ecopli", now=NOW)


def test_a_batch_with_its_manifest_and_the_checksum_of_that(folder):
    carrier = post.PostCarrier(folder, plain=lambda letter: pdf(5))
    outcomes = carrier.carry([parcel(2, pdf(), pdf(2)), parcel(1, pdf())])
    assert [one.answer for one in outcomes] == [Answer.TAKEN, Answer.TAKEN]
    (batch,) = closed(folder)
    assert (batch.name, batch.letters, batch.pages) == ("lettres-20210409-0300", 2, 4)
    made = folder / batch.name
    assert sorted(one.name for one in made.iterdir()) == [
        "000001.pdf",
        "000002.pdf",
        "manifest.csv",
        "manifest.csv.sha256",
    ]
    rows = list(csv.DictReader((made / "manifest.csv").read_text().splitlines(), delimiter=";"))
    assert [(row["numero"], row["pages"], row["classe"]) for row in rows] == [
        ("000001", "1", "ecopli"),
        ("000002", "3", "ecopli"),
    ]
    for row in rows:
        assert hashlib.sha256((made / f"{row['numero']}.pdf").read_bytes()).hexdigest() == row["sha256"]
    digest, _, name = (made / "manifest.csv.sha256").read_text().strip().partition("  ")
    assert hashlib.sha256((made / name).read_bytes()).hexdigest() == digest
    assert [one.name for one in folder.iterdir()] == [batch.name]


def test_security_nobody_is_named_and_nobody_else_reads(folder):
    post.PostCarrier(folder, plain=lambda letter: pdf(5)).carry([parcel(1, pdf())])
    (batch,) = closed(folder)
    made = folder / batch.name
    assert b"QUIRINAL" not in (made / "manifest.csv").read_bytes()
    assert made.stat().st_mode & 0o077 == 0
    assert all(one.stat().st_mode & 0o077 == 0 for one in made.iterdir())


def test_the_same_letter_brought_twice_is_there_once(folder):
    carrier = post.PostCarrier(folder, plain=lambda letter: pdf(5))
    carrier.carry([parcel(1, pdf())])
    carrier.carry([parcel(1, pdf(2)), parcel(2, pdf())])
    (batch,) = closed(folder)
    assert (batch.letters, batch.pages) == (2, 3)


def test_a_letter_that_is_text_alone_is_printed_too(folder):
    letter = Letter(channel=Channel.POST, recipient="QUIRINAL", text="Bonjour")
    post.PostCarrier(folder, plain=lambda letter: pdf(5)).carry([Parcel(id=UUID(int=1), letter=letter)])
    (batch,) = closed(folder)
    assert batch.pages == 5


def test_two_batches_of_one_minute_have_two_names_and_nothing_makes_none(folder):
    carrier = post.PostCarrier(folder, plain=lambda letter: pdf(5))
    assert closed(folder) == []
    carrier.carry([parcel(1, pdf())])
    (first,) = closed(folder)
    carrier.carry([parcel(2, pdf())])
    (second,) = closed(folder)
    assert (first.name, second.name) == ("lettres-20210409-0300", "lettres-20210409-0300-2")
    assert [one.name for one in post.waiting(folder)] == [first.name, second.name]


@pytest.mark.parametrize("broken", ["_build", "rmtree"])
def test_what_was_interrupted_goes_on_and_nothing_is_lost_or_there_twice(folder, monkeypatch, broken):
    carrier = post.PostCarrier(folder, plain=lambda letter: pdf(5))
    carrier.carry([parcel(1, pdf()), parcel(2, pdf())])

    def dies(*_: object, **__: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as here:
        here.setattr(post if broken == "_build" else post.shutil, broken, dies)
        with pytest.raises(OSError, match="no space"):
            closed(folder)
    carrier.carry([parcel(3, pdf())])
    closed(folder)
    assert sum(one.letters for one in post.waiting(folder)) == 3
    assert {one.name for one in folder.iterdir()} == {one.name for one in post.waiting(folder)}


def test_what_cannot_be_printed_is_refused(folder):
    carrier = post.PostCarrier(folder, plain=lambda letter: pdf(5))
    outcomes = carrier.carry(
        [parcel(1), parcel(2, b"x", media_type="image/png"), parcel(3, b"%PDF", b"nothing")]
    )
    assert [(one.answer, one.reason) for one in outcomes] == [
        (Answer.REFUSED, "document.none"),
        (Answer.REFUSED, "document.none"),
        (Answer.REFUSED, "document.broken"),
    ]
    assert closed(folder) == []
