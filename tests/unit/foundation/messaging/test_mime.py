"""A mail's bytes: what a reader makes of them, and what no value can do to them."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import cast
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.foundation.messaging.mime import build, field, is_address, mailbox

ID = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
_WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=120)


def _read(raw: bytes) -> EmailMessage:
    return cast(EmailMessage, message_from_bytes(raw, policy=default))


def test_a_reader_finds_text_page_and_documents():
    document = bytes(range(256)) * 120
    mail = _read(
        build(
            [("Subject", "Résultat de Zoë"), ("From", mailbox("SI-DEP, équipe", "no-reply@a.fr")), ("To", "b@c.fr")],
            id=ID, text="Bonjour,\n\n.\n.. à\nFrom here", html="<p>Bonjour à vous</p>",
            documents=[("certificat.pdf", "application/pdf", document), ("été.txt", "text/plain", b"x")],
        )
    )  # fmt: skip
    assert mail["Subject"] == "Résultat de Zoë"
    assert mail["From"].addresses[0].display_name == "SI-DEP, équipe"
    text, page = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert page is not None
    assert text.get_content().splitlines() == ["Bonjour,", "", ".", ".. à", "From here"]
    assert page.get_content().strip() == "<p>Bonjour à vous</p>"
    found = list(mail.iter_attachments())
    assert [one.get_filename() for one in found] == ["certificat.pdf", "été.txt"]
    assert found[0].get_content() == document
    assert found[0].get_content_type() == "application/pdf"
    assert not mail.defects


def test_text_alone_is_no_multipart():
    mail = _read(build([("Subject", "a")], id=ID, text="b"))
    assert (mail.get_content_type(), mail.get_content().splitlines()) == ("text/plain", ["b"])


def test_the_same_mail_gives_the_same_bytes_in_short_lines_of_ascii():
    fields = [("Subject", "é" * 300), ("X-Codes", ",".join(["11488-4"] * 50) + " " + "b " * 100)]
    raw = build(fields, id=ID, text="à" * 5000, documents=[("a", "text/plain", b"x" * 5000)])
    assert raw == build(fields, id=ID, text="à" * 5000, documents=[("a", "text/plain", b"x" * 5000)])
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert _read(raw)["Subject"] == "é" * 300


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\x00", "\u2028", "\x85", "\x0b"])
def test_no_value_brings_a_second_field(end: str):
    evil = f"a{end}Bcc: all@example.org{end}{end}body"
    raw = build(
        [("Subject", evil), ("From", mailbox(evil, "a@b.fr"))],
        id=ID, text="b", documents=[(evil, "application/pdf", b"")],
    )  # fmt: skip
    mail = _read(raw)
    assert mail["Bcc"] is None
    assert mail.keys() == ["Subject", "From", "MIME-Version", "Content-Type"]
    assert all(one["Bcc"] is None for one in mail.walk())


@given(_WORDS)
def test_any_subject_is_read_as_it_was_but_for_its_spaces(subject: str):
    raw = build([("Subject", subject)], id=ID, text="")
    said = str(_read(raw)["Subject"] or "")
    assert "".join(said.split()) == "".join(_visible(subject).split())


def _visible(text: str) -> str:
    return "".join(
        one for one in text if one >= " " and not "\x7f" <= one <= "\x9f" and one not in "\u2028\u2029"
    )


@given(_WORDS, _WORDS)
def test_any_text_and_any_label(text: str, label: str):
    mail = _read(build([("From", mailbox(label, "a@b.fr"))], id=ID, text=text))
    assert mail["From"].addresses[0].addr_spec == "a@b.fr"
    assert mail.get_content().splitlines() == (text.splitlines() or [""])


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("labo@x.mssante.fr", True), ("a.b+c@d.fr", True), ("a@b", True), ("", False), ("a", False), ("@b.fr", False),
        ("a b@c.fr", False), ("a@b.fr\r\nRCPT TO:<c@d.fr>", False), ("a@b.fr>", False), ("é@b.fr", False),
        ('"a b"@c.fr', False), ("a" * 65 + "@b.fr", False), ("a@b.fr\n", False),
    ],
)  # fmt: skip
def test_what_is_an_address(text: str, is_one: bool):
    assert is_address(text) is is_one


@pytest.mark.parametrize("name", ["", "Sub ject", "Subject:", "A\r\nB", "é", "-a"])
def test_what_is_no_name_of_a_field(name: str):
    with pytest.raises(ValueError, match="header field"):
        field(name, "x")


def test_what_is_no_address_or_media_type_is_refused():
    with pytest.raises(ValueError, match="address"):
        mailbox("x", "a@b.fr>, <c@d.fr")
    with pytest.raises(ValueError, match="media type"):
        build([], id=ID, text="", documents=[("a", "text/plain\r\nX: y", b"")])
