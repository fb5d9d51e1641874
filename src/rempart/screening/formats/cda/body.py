"""CDA R2, the body: sections, entries, observations, and what stands around each of them.

section > entry > act > { procedure (the specimen), participant (device, validator), organizer, observation }. Earlier
results (entryRelationship REFR) are no results of this document. Nothing here recurses into a document deeper than its
parser let it be.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from rempart.foundation.terminology import is_presumptive, result_of
from rempart.screening.formats.cda import datatypes
from rempart.screening.formats.cda.header import AUTHENTICATOR, PDF_COPY
from rempart.screening.formats.cda.xml import (
    XSI_TYPE,
    Element,
    attribute,
    child,
    children,
    local,
    place,
    tag,
    templates,
    text,
)
from rempart.screening.formats.documents import Documents
from rempart.screening.rules.report import Result

_UDI = "2.51.1.1"  # root of the identifiers of devices (GS1)
_LONGEST_CODE = 256  # characters of a code or a label that is recognised; caches keep no more
_EARLIER = "REFR"
_MEASURED = frozenset({"PQ", "INT", "REAL", "MO"})
_INTERPRETED = {  # HL7 v3 ObservationInterpretation: those that say what was found
    "POS": Result.POSITIVE,
    "DET": Result.POSITIVE,
    "NEG": Result.NEGATIVE,
    "ND": Result.NEGATIVE,
    "IND": Result.UNINTERPRETABLE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What acts and organizers say of the observations they hold; "" where none does."""

    sampled: str = ""
    specimen: str = ""
    validated: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One observation of the document, and what stands around it."""

    element: Element
    rank: int  # in the document, from 1
    around: Around

    @property
    def location(self) -> str:
        return f"observation[{self.rank}] (line {self.element.sourceline})"

    def at(self, name: str) -> str:
        """The place of one of its parts."""
        return f"observation[{self.rank}]/{name} (line {self.element.sourceline})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """What an observation says: `raw` as sent (the code, else the text), and the results its pieces mean."""

    raw: str
    results: tuple[Result, ...]  # distinct; more than one is a contradiction
    presumptive: bool


class Body:
    """The body of one document."""

    def __init__(self, root: Element) -> None:
        self._root = root
        self._narrated: dict[str, Element] | None = None

    def observations(self) -> Iterator[Observation]:
        """Every observation that is a result or an answer of this document, in order. Raises TooLong."""
        rank = 0
        for section in self._sections():
            if PDF_COPY in templates(section):
                continue
            for entry in children(section, "entry"):
                for element, around in self._below(entry, Around()):
                    rank += 1
                    yield Observation(element=element, rank=rank, around=around)

    def documents(self, documents: Documents) -> None:
        """Take the copies of the document that it encloses, and the body that is nothing but one."""
        for section in self._sections():
            if PDF_COPY in templates(section):
                title = text(section, "title")
                for media in section.iter(tag("observationMedia")):
                    _take(documents, child(media, "value"), title)
        whole = child(self._root, "component/nonXMLBody/text")
        if whole is not None and attribute(whole, "representation") == "B64":
            _take(documents, whole, text(self._root, "title"))

    def _sections(self) -> Iterator[Element]:
        body = child(self._root, "component/structuredBody")
        return body.iter(tag("section")) if body is not None else iter(())

    def _below(self, top: Element, around: Around) -> Iterator[tuple[Element, Around]]:
        """The observations under an element, the first one first, each with what stands around it."""
        waiting = [(top, around)]
        while waiting:
            element, around = waiting.pop()
            name = local(element)
            if name == "observation":
                yield element, around
            elif name in ("act", "organizer"):
                around = _learn(element, around)
            below = [
                (inner, around) for link in _links(element, name) for inner in link.iterchildren(*_CARRIED)
            ]
            waiting += reversed(below)

    def value(self, observation: Element, not_results: frozenset[str]) -> Value:
        """The value of an observation; a code that stands for no result means none. Raises TooLong."""
        raw = ""
        results: list[Result] = []
        presumptive = False
        for value in children(observation, "value"):
            for piece in self._pieces(value):
                raw = raw or piece
                if piece in not_results:
                    break
                letter = result_of(piece) if piece and len(piece) <= _LONGEST_CODE else None
                if letter is not None:
                    presumptive = presumptive or is_presumptive(piece)
                    if letter not in results:
                        results.append(Result(letter))
        if not results and raw not in not_results:
            said = (attribute(one, "code").upper() for one in children(observation, "interpretationCode"))
            results += [_INTERPRETED[code] for code in said if code in _INTERPRETED][:1]
        return Value(raw=raw, results=tuple(results), presumptive=presumptive)

    def answers(self, observation: Element) -> Iterator[tuple[str, str]]:
        """(code, text) of each value of an observation that answers a question. Raises TooLong."""
        for value in children(observation, "value"):
            pieces = self._pieces(value)
            yield pieces[0][:_LONGEST_CODE], (pieces[1] if len(pieces) > 1 else "")[:_LONGEST_CODE]

    def _pieces(self, value: Element) -> list[str]:
        """What a value says: its code, then its words, then its translations; of a measure, the number and its unit."""
        kind = (value.get(XSI_TYPE) or "").rpartition(":")[2]
        if kind in _MEASURED:
            return [f"{attribute(value, 'value')} {attribute(value, 'unit')}".strip()]
        if kind == "BL":
            return [{"true": "Y", "false": "N"}.get(attribute(value, "value"), "")]
        if kind == "IVL_PQ":
            low, high = attribute(value, "value", "low"), attribute(value, "value", "high")
            return ["..".join((low, high))]
        if kind in ("ST", "ED"):
            return [self.words(value)]
        if kind == "TS":
            return [attribute(value, "value")]
        every = [value, *children(value, "translation")[:2]]
        pieces = [piece for one in every for piece in (attribute(one, "code"), self.label(one))]
        return pieces if any(pieces) else [self.words(value)]

    def label(self, code: Element) -> str:
        """What a code is called: its display name, else the original text. Raises TooLong."""
        return attribute(code, "displayName") or self.words(child(code, "originalText"))

    def words(self, element: Element | None) -> str:
        """The words of an element, in it or in the narrative that it refers to. Raises TooLong."""
        if element is None:
            return ""
        reference = attribute(element, "value", "reference")
        if not reference.startswith("#"):
            return text(element)
        if self._narrated is None:
            self._narrated = {one.get("ID") or "": one for one in self._root.iter() if one.get("ID")}
        return text(self._narrated.get(reference[1:]))


_CARRIED = tuple(map(tag, ("act", "organizer", "observation")))
_OF_AN_ENTRY = tuple(map(tag, ("entryRelationship", "component")))


def _links(element: Element, name: str) -> Iterator[Element]:
    """The elements under which an entry's statements stand; not those that quote earlier results."""
    if name == "entry":
        yield element
        return
    for link in element.iterchildren(*_OF_AN_ENTRY):
        if link.get("typeCode") != _EARLIER:
            yield link


def _learn(element: Element, around: Around) -> Around:
    """What an act or organizer says of all the observations below it."""
    known: dict[str, str] = {}
    for one in children(element, "participant"):
        kind = attribute(one, "typeCode")
        if kind == "AUTHEN" or AUTHENTICATOR in templates(one):
            known["validated"] = datatypes.time_of(child(one, "time"))
        elif kind == "DEV":
            known["device"] = _device(one)
    for link in _OF_AN_ENTRY:
        procedure = element.find(f"{link}/{tag('procedure')}")
        if procedure is not None:
            known["sampled"] = datatypes.time_of(child(procedure, "effectiveTime"))
            player = child(procedure, "participant/participantRole/playingEntity/code")
            known["specimen"] = attribute(player, "code") or attribute(player, "displayName")
    return replace(around, **{name: said for name, said in known.items() if said}) if known else around


def _device(participant: Element) -> str:
    """The device of a rapid test: its UDI, else the first number it has."""
    every = children(participant, "participantRole/id")
    chosen = next((one for one in every if attribute(one, "root") == _UDI), every[0] if every else None)
    return datatypes.identifier(chosen)


def names(code: Element | None, body: Body) -> tuple[str, ...]:
    """(code, label, system) of a code, then of its first translation, flat: what a context recognises."""
    found: list[str] = []
    for one in [code, *children(code, "translation")][:2]:
        if one is None:
            return ("", "", "")
        found += (attribute(one, "code"), body.label(one), attribute(one, "codeSystem"))
    return tuple(piece[:_LONGEST_CODE] for piece in found)


def _take(documents: Documents, value: Element | None, title: str) -> None:
    if value is not None:
        documents.take_base64("".join(value.itertext()), place=place(value), title=title)
