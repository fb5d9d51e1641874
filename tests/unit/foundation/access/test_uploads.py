"""What a file is, its bytes say; what comes back is a file to save, never a page."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.foundation.access.uploads import (
    Fault,
    Kind,
    Looker,
    UploadRefused,
    headers,
    kind_of,
    plain_name,
    take_in,
)

EVERY = tuple(Kind)


def zipped(**members: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return made.getvalue()


XLSX = zipped(**{"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x/>"})
MACROS = zipped(**{"[Content_Types].xml": b"", "xl/workbook.xml": b"", "xl/vbaProject.bin": b"\0"})


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7\n", Kind.PDF),
        (b"\x89PNG\r\n\x1a\n....", Kind.PNG),
        (b"\xff\xd8\xff\xe0..", Kind.JPEG),
        ("nom;prénom\r\nMartin;Zoé\r\n".encode(), Kind.TEXT),
        ("nom;prénom\r\n".encode("cp1252"), Kind.TEXT),
        (XLSX, Kind.XLSX),
        (zipped(**{"[Content_Types].xml": b"", "word/document.xml": b""}), Kind.DOCX),
        (zipped(mimetype=Kind.ODS.value.encode()), Kind.ODS),
        (zipped(mimetype=b"application/epub+zip"), None),
        (zipped(**{"a.csv": b"1"}), Kind.ZIP),
        (b"PK\x03\x04 and nothing of an archive", None),
        (b"MZ\x90\x00\x03", None),
        (b"\x7fELF\x02\x01\x01\x00", None),
        (b"#!/bin/sh\x00", None),
        (b"  <HTML><script>alert(1)</script>", None),
        (b"\xef\xbb\xbf<svg onload=alert(1)>", None),
        (b"GIF89a\x01\x00", None),
        ("\x81\x8d".encode("latin-1"), None),
    ],
)
def test_a_file_is_what_its_bytes_say(content, kind):
    assert kind_of(content) is kind


def test_its_name_says_nothing():
    assert take_in([b"%PDF-1.4"], name="image.png", most=100, kinds=EVERY).kind is Kind.PDF
    with pytest.raises(UploadRefused) as refused:
        take_in([b"<html><script>"], name="rapport.pdf", most=100, kinds=EVERY)
    assert refused.value.fault is Fault.KIND


@pytest.mark.parametrize(
    ("content", "kinds", "fault"),
    [
        (b"", EVERY, Fault.EMPTY),
        (b"x" * 101, EVERY, Fault.TOO_LARGE),
        (b"%PDF-1.7", (Kind.TEXT,), Fault.KIND),
        (MACROS[:10_000], EVERY, Fault.ACTIVE),
    ],
)
def test_what_is_refused_says_why(content, kinds, fault):
    with pytest.raises(UploadRefused) as refused:
        take_in(
            [content], name="x", most=max(100, len(MACROS)) if fault is Fault.ACTIVE else 100, kinds=kinds
        )
    assert refused.value.fault is fault


def test_no_more_is_read_than_is_taken():
    given_ = []

    def chunks():
        for _ in range(1000):
            given_.append(1)
            yield b"x" * 10

    with pytest.raises(UploadRefused):
        take_in(chunks(), name="x", most=50, kinds=EVERY)
    assert len(given_) == 6


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\liste.xlsx", "liste.xlsx"),
        ("résumé d’été (2).pdf", "résumé d’été (2).pdf"),
        ('a"; filename="b.html', "a__ filename=_b.html".replace("=", "_")),
        ("x\r\nSet-Cookie: a=b", "x__Set-Cookie_ a_b"),
        ("...", "fichier"),
        ("", "fichier"),
        ("a" * 500 + ".csv", "a" * 109 + ".csv"),
    ],
)
def test_a_name_is_a_plain_name(name, kept):
    assert plain_name(name) == kept


@given(st.text(), st.sampled_from(EVERY))
def test_no_name_begins_a_header_or_leaves_its_quotes(name, kind):
    for value in headers(name=plain_name(name), kind=kind).values():
        assert value.isascii()
        assert "\r" not in value
        assert "\n" not in value
        assert value.count('"') in (0, 2)


def test_security_what_comes_back_is_saved_never_shown():
    for kind in Kind:
        said = headers(name="x", kind=kind)
        assert said["Content-Disposition"].startswith("attachment;")
        assert said["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in said["Content-Security-Policy"]
        assert "script" not in said["Content-Type"]
        assert "html" not in said["Content-Type"]


@given(st.binary(max_size=200), st.sampled_from([b"", b"PK\x03\x04", b"%PDF-", XLSX[:60]]))
def test_any_bytes_are_of_a_kind_or_of_none(content, begin):
    assert kind_of(begin + content) in (None, *Kind)


@given(content=st.binary(max_size=300), cut=st.integers(min_value=1, max_value=50))
def test_a_file_is_the_same_in_pieces_and_whole(content, cut):
    looker = Looker()
    for start in range(0, len(content), cut):
        looker.feed(content[start : start + cut])
    assert looker.kind(lambda: io.BytesIO(content)) is kind_of(content)


@pytest.mark.parametrize("content", ["é€ñ".encode(), "café".encode("cp1252"), XLSX, b"%PDF-1.7\n\0"])
def test_a_letter_cut_in_two_is_still_read(content):
    looker = Looker()
    for byte in content:
        looker.feed(bytes([byte]))
    assert looker.kind(lambda: io.BytesIO(content)) is kind_of(content) is not None
