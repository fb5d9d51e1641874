"""Attached reports: what is taken, what is left out, what is refused."""

import base64

import pytest
from tests import messages

from rempart.screening.formats.documents import MAXIMUM_SIZE, MOST, Documents, lenient_base64
from rempart.screening.rules.report import Finding

PDF = messages.report(messages.cda()).documents[0].content
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
JPEG = b"\xff\xd8\xff\xe0" + b"\x00" * 20 + b"\xff\xd9"
ZIP_END = b"PK\x05\x06" + b"\x00" * 18


def taken(*contents: bytes) -> tuple[list[str], list[str]]:
    findings: list[Finding] = []
    documents = Documents(findings)
    for content in contents:
        documents.take(content, place="there", title="A\ntitle")
    return [one.media_type for one in documents.kept], [said.code for said in findings]


def test_reports_are_known_by_their_content() -> None:
    assert taken(PDF, PNG, JPEG) == (["application/pdf", "image/png", "image/jpeg"], [])


@pytest.mark.parametrize("content", [b"<html>", b"PK\x03\x04", b"GIF89a", b"", b"%PDF", b" %PDF-1.4 %%EOF"])
def test_what_is_neither_is_left_out(content: bytes) -> None:
    assert taken(content) == ([], ["C08"])


@pytest.mark.parametrize(
    "content",
    [
        PDF + b"<script>alert(1)</script>",
        PDF[: len(PDF) // 2],
        PDF + ZIP_END,
        PDF.replace(b"%%EOF", ZIP_END + b"%%EOF"),
        PNG + b"PK",
        PNG[:-1],
        JPEG + PDF,
        JPEG[:-2],
    ],
)
def test_what_is_two_things_at_once_or_half_of_one_is_refused(content: bytes) -> None:
    assert taken(content) == ([], ["C05"])


def test_five_megabytes_are_the_limit() -> None:
    fill = b"%" + b"x" * (MAXIMUM_SIZE - len(PDF) - 2) + b"\n"
    whole = PDF[:9] + fill + PDF[9:]
    assert len(whole) == MAXIMUM_SIZE
    assert taken(whole) == (["application/pdf"], [])
    assert taken(PDF[:9] + b"%" + fill + PDF[9:]) == ([], ["C07"])


def test_base64_beyond_the_limit_is_not_even_decoded() -> None:
    findings: list[Finding] = []
    documents = Documents(findings)
    documents.take_base64("A" * (2 * MAXIMUM_SIZE + 1), place="there")
    assert ([said.code for said in findings], documents.kept) == (["C07"], ())


def test_a_message_has_a_few_documents_at_most() -> None:
    many = [PDF.replace(b"positif", b"posit%02d" % n) for n in range(MOST + 2)]
    kept, said = taken(*many)
    assert (len(kept), said) == (MOST, ["C07", "C07"])


def test_the_same_document_twice_is_one() -> None:
    assert taken(PDF, PDF) == (["application/pdf"], [])


def test_a_title_is_one_line() -> None:
    documents = Documents([])
    documents.take(PDF, place="there", title="Compte\r\nrendu\x00 " + "x" * 500)
    (one,) = documents.kept
    assert one.title.startswith("Compte rendu x")
    assert len(one.title) == 120


@pytest.mark.parametrize(
    ("text", "content", "repaired"),
    [
        ("QUJD", b"ABC", False),
        ("QU\r\n JD", b"ABC", False),
        ("QUI=", b"AB", False),
        ("QUI", b"AB", True),
        ("QUJDR", b"ABC", True),
        ("QU*JD", b"ABC", True),
        ("Q=JD", b"", True),
        ("", b"", False),
    ],
)
def test_base64_is_read_leniently(text: str, content: bytes, repaired: bool) -> None:
    assert lenient_base64(text) == (content, repaired)
