"""Where a notice may go by e-mail."""

import pytest
from tests import messages

from rempart.screening.formats.emails import one_address


@pytest.mark.parametrize("text", ["dominique@example.org", "d.o'n+x@sous.exemple.fr", "hélène@exemple.fr"])
def test_one_address(text: str) -> None:
    assert one_address(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "a@",
        "@b.fr",
        "a@b@c",
        "a@b.fr,c@d.fr",
        "a@b.fr; c@d.fr",
        "A <a@b.fr>",
        "a@b.fr\nBcc: c@d.fr",
        "a b@c.fr",
    ],
)
def test_no_address(text: str) -> None:
    assert one_address(text) == ""


def test_an_escaped_line_end_begins_no_header() -> None:
    (report,) = messages.item(messages.hl7(("@example.org", "@example.org\\X0A\\Bcc: x@example.org"))).reports
    assert report.person.email == ""


def test_in_hprim_too() -> None:
    lines = (messages.RESULT, messages.MOBILE, "RES|Mail|SIDEP-EMAIL|A|a@b.fr,c@d.fr|||||F")
    (report,) = messages.item(messages.hprim(lines=lines)).reports
    assert report.person.email == ""
