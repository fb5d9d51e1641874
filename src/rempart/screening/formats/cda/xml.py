"""XML of strangers: read within bounds, without entities, DTD or network.

A document without a document type cannot declare entities, so none is ever expanded: those that have one are refused
before they are parsed. Size, elements and depth are bounded; the encoding is ours to tell, whatever is declared.
"""

from __future__ import annotations

import re
import threading
from typing import TypeAlias

from lxml import etree

from rempart.screening.formats import encodings
from rempart.screening.rules.catalogue import finding
from rempart.screening.rules.report import Finding

MAXIMUM_SIZE = 16 * 1024 * 1024  # bytes of one document, with what it encloses
MAXIMUM_PARTS = 250_000  # tags and attributes of one document; the official samples have 5,000
DEEPEST = 256  # levels: the parser's own limit

NAMESPACE = "urn:hl7-org:v3"
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"

LONGEST_TEXT = 4_096  # characters of one name, code or text: all are kept and shown

Element: TypeAlias = etree._Element  # lxml has no types: to mypy this is Any


class TooLong(Exception):
    """A text longer than any sender has reason to write."""

    def __init__(self, element: Element, size: int) -> None:
        super().__init__(size)
        self.element, self.size = element, size


_DECLARED = re.compile(rb"""\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})["']""")
_PROLOG = re.compile(rb"(?:\s++|<\?.*?\?>|<!--.*?-->)*+", re.DOTALL)


def parse(raw: bytes, findings: list[Finding]) -> Element | None:
    """The root of a document; None when it cannot be read, and a finding says why."""
    said = _too_much(raw)
    if said is None:
        root, said = _parsed(raw)
        if root is not None:
            return root
    if said is not None:
        findings.append(said)
    return None


def _too_much(raw: bytes) -> Finding | None:
    """What can be refused without parsing."""
    if len(raw) > MAXIMUM_SIZE:
        return finding("F03", "size", "document", size=len(raw), limit=MAXIMUM_SIZE)
    parts = raw.count(b"<") + raw.count(b"=")  # of elements and attributes: a bound, not their number
    if parts > MAXIMUM_PARTS:
        return finding("F03", "parts", "document", parts=parts, limit=MAXIMUM_PARTS)
    prolog = _PROLOG.match(raw)
    if prolog is not None and raw[prolog.end() : prolog.end() + 9].upper() == b"<!DOCTYPE":
        return finding("F07", "doctype", "start of the document")
    return None


def _parsed(raw: bytes) -> tuple[Element | None, Finding | None]:
    """Parse in a thread of its own: lxml keeps every name it met in a dictionary of its thread, and never forgets one.

    The thread costs 0.1 ms; without it, invented names would fill the memory of the process.
    """
    read: list[tuple[Element | None, Finding | None]] = []
    thread = threading.Thread(target=lambda: read.append(_parse(raw)), name="xml")
    thread.start()
    thread.join()
    return read[0]


def _parse(raw: bytes) -> tuple[Element | None, Finding | None]:
    codec = _codec(raw)
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )
    try:
        root = etree.fromstring(raw if codec == "utf-8" else raw.decode(codec, "replace").encode(), parser)
    except etree.XMLSyntaxError as fault:
        if fault.code == etree.ErrorTypes.ERR_RESOURCE_LIMIT:
            return None, finding("F03", "nested", _line(fault), limit=DEEPEST)
        return None, finding("F01", "xml", _line(fault))
    except (ValueError, LookupError):
        return None, finding("F01", "xml", "document")
    if root.getroottree().docinfo.internalDTD is not None:
        return None, finding("F07", "doctype", "start of the document")
    return root, None


def _codec(raw: bytes) -> str:
    """The encoding to read with: UTF-8 where the bytes are, else the one declared where it can be, else a guess."""
    if raw.isascii():
        return "utf-8"
    declared = _DECLARED.match(raw)
    announced = encodings.declared(declared[1].decode("ascii")) if declared else ""
    return encodings.read(raw, announced=announced or "").codec


def _line(fault: etree.XMLSyntaxError) -> str:
    return f"line {fault.lineno}" if fault.lineno else "document"


# What stands inside an element


def tag(name: str) -> str:
    """The qualified name of a CDA element."""
    return f"{{{NAMESPACE}}}{name}"


_PATHS: dict[str, str] = {}


def path(names: str) -> str:
    """A path of element names ("recordTarget/patientRole") as lxml looks it up."""
    known = _PATHS.get(names)
    if known is None:
        known = _PATHS[names] = "/".join(tag(name) for name in names.split("/"))
    return known


def child(element: Element | None, names: str) -> Element | None:
    """The first element at a path below this one."""
    return element.find(path(names)) if element is not None else None


def children(element: Element | None, names: str) -> list[Element]:
    """Every element at a path below this one."""
    return element.findall(path(names)) if element is not None else []


def attribute(element: Element | None, name: str, names: str = "") -> str:
    """An attribute of the element, or of the first one at a path below it; "" when there is none. Raises TooLong."""
    found = child(element, names) if names else element
    if found is None:
        return ""
    value = found.get(name) or ""
    if len(value) > LONGEST_TEXT:
        raise TooLong(found, len(value))
    return value.strip()


def text(element: Element | None, names: str = "") -> str:
    """The whole text of the element, or of the first one at a path below it, its white space made single.

    Raises TooLong.
    """
    found = child(element, names) if names else element
    if found is None:
        return ""
    whole = "".join(found.itertext())
    if len(whole) > LONGEST_TEXT:
        raise TooLong(found, len(whole))
    return " ".join(whole.split())


def place(element: Element) -> str:
    """Where an element stands: its name, which we asked for, and its line. Names around it are the sender's, not told."""
    return f"ClinicalDocument//{local(element)} (line {element.sourceline})"


def local(element: Element) -> str:
    """The name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def templates(element: Element) -> frozenset[str]:
    """The templates an element says it follows."""
    return frozenset(one.get("root") or "" for one in children(element, "templateId"))
