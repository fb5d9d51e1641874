"""Hostile XML: an outcome with a code, in bounded time and memory."""

import resource
import time

import pytest
from lxml import etree
from tests import messages

from rempart.screening.formats import decode
from rempart.screening.formats.cda.xml import MAXIMUM_SIZE, parse
from rempart.screening.rules.report import Finding, Format, Outcome

START = b'<ClinicalDocument xmlns="urn:hl7-org:v3">'
END = b"</ClinicalDocument>"
LAUGHS = (
    b'<!DOCTYPE a [<!ENTITY l0 "ha">'
    + b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))
    + b"]>"
)
HOSTILE = {
    "a billion laughs": (LAUGHS + START + b"<title>&l9;</title>" + END, "F07"),
    "laughs in an attribute": (LAUGHS + START + b'<title a="&l9;"/>' + END, "F07"),
    "laughs after a comment": (b"<?xml version='1.0'?><!-- a > b -->\n" + LAUGHS + START + END, "F07"),
    "a file of the machine": (
        b'<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]>' + START + b"<title>&f;</title>" + END,
        "F07",
    ),
    "a DTD elsewhere": (b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd">' + START + END, "F07"),
    "an entity nobody declared": (START + b"<title>&nobody;</title>" + END, "F01"),
    "100 MB of an attribute": (START + b'<title a="' + b"x" * 100_000_000 + b'"/>' + END, "F03"),
    "15 MB of an attribute": (START + b'<title a="' + b"x" * 15_000_000 + b'"/>' + END, "F03"),
    "15 MB of a text": (START + b"<title>" + b"x" * 15_000_000 + b"</title>" + END, "F03"),
    "depth": (START + b"<a>" * 90_000 + b"</a>" * 90_000 + END, "F03"),
    "a million siblings": (START + b"<a/>" * 1_000_000 + END, "F03"),
    "a million attributes": (START + b"<a " + b"".join(b'a%d="" ' % n for n in range(900_000)) + b"/>" + END, "F03"),
    "a long code": (START + b"<code code=\"" + b"x" * 5_000 + b"\"/>" + END, "F03"),
    "an encoding nobody has": (b'<?xml version="1.0" encoding="x-none"?>' + START + END, "H01"),
    "nothing but a mark": (b"\xef\xbb\xbf", "F01"),
    "zeros": (START + b"\x00" * 1_000 + END, "F01"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_documents_are_refused_with_a_code(name: str) -> None:
    payload, code = HOSTILE[name]
    began = time.process_time()
    (item,) = decode(payload, format=Format.CDA, context=messages.FRENCH)
    assert time.process_time() - began < 5
    assert [said.code for said in item.findings][:1] == [code]
    assert item.reports == ()


def test_names_that_are_made_up_are_forgotten_with_their_document() -> None:
    """lxml remembers every name it meets for as long as its thread lives: 40 documents would add 100 MB."""

    def read(rank: int) -> None:
        names = b"".join(b"<n%d_%d%s/>" % (rank, n, b"x" * 100) for n in range(20_000))
        findings: list[Finding] = []
        assert parse(START + names + END, findings) is not None

    for rank in range(5):
        read(rank)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for rank in range(5, 45):
        read(rank)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000, "kilobytes"


def test_the_limit_of_size_is_that_of_one_document() -> None:
    payload = messages.cda() + messages.cda(("CR000001.1", "CR000001.9"))
    assert [len(item.reports) for item in decode(payload, context=messages.FRENCH)] == [1, 1]
    assert MAXIMUM_SIZE > 3 * 5 * 1024 * 1024


def test_whatever_element_is_gone_and_whatever_attribute_says_there_is_an_outcome() -> None:
    """The whole document but one element, then with another value in each attribute: nothing is raised."""
    for sample in ("cr-bio", "bio-trod"):
        root = etree.fromstring(messages.cda(sample=sample))
        for element in list(root.iter())[1:]:
            holder = element.getparent()
            assert holder is not None
            rank = holder.index(element)
            holder.remove(element)
            outcome_of(root)
            holder.insert(rank, element)
            for name, value in element.attrib.items():
                element.set(name, "-\u00e9" if name != "extension" else "")
                outcome_of(root)
                element.set(name, value)


def outcome_of(root: etree._Element) -> None:
    (item,) = decode(etree.tostring(root), format=Format.CDA, context=messages.FRENCH)
    assert messages.verdict(item).outcome in Outcome
