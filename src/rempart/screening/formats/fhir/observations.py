"""What observations of FHIR R4 say: their code, their value of whatever type, their status."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rempart.foundation.terminology import is_presumptive, result_of
from rempart.screening.formats.fhir.nodes import Node
from rempart.screening.rules.report import Result, Status

_LONGEST_CODE = 256  # characters of a code or a label that is recognised; caches keep no more
_MOST_CODINGS = 3
_LOINC = "http://loinc.org"

# http://hl7.org/fhir/observation-status. Cancelled: the measurement was not made, there is no result.
STATUSES = {
    "final": Status.FINAL,
    "amended": Status.CORRECTED,
    "corrected": Status.CORRECTED,
    "registered": Status.HELD,
    "preliminary": Status.HELD,
    "cancelled": Status.FINAL,
    "entered-in-error": Status.RETRACTED,
}
# http://hl7.org/fhir/diagnostic-report-status, where it says more than the observation does
REPORT_STATUSES = {
    "registered": Status.HELD,
    "partial": Status.HELD,
    "preliminary": Status.HELD,
    "amended": Status.CORRECTED,
    "corrected": Status.CORRECTED,
    "cancelled": Status.RETRACTED,
    "entered-in-error": Status.RETRACTED,
}
_INTERPRETED = {  # HL7 v3 ObservationInterpretation: those that say what was found
    "POS": Result.POSITIVE,
    "DET": Result.POSITIVE,
    "NEG": Result.NEGATIVE,
    "ND": Result.NEGATIVE,
    "IND": Result.UNINTERPRETABLE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """What an observation says: `raw` as sent (the code, else the text), and the results its pieces mean."""

    raw: str
    results: tuple[Result, ...]  # distinct; more than one is a contradiction
    presumptive: bool


def names(concept: Node | None) -> tuple[str, ...]:
    """(code, label, system) of each coding, flat: what a context recognises. Raises TooLong."""
    found: list[str] = []
    if concept is not None:
        text = concept.words("text")
        for coding in concept.nodes("coding"):
            system = coding.text("system")
            found += (
                coding.text("code"),
                coding.words("display") or text,
                "LN" if system == _LOINC else system.removeprefix("urn:oid:"),
            )
            if len(found) == 3 * _MOST_CODINGS:
                break
        if not found:
            found = ["", text, ""]
    return tuple(piece[:_LONGEST_CODE] for piece in found) or ("", "", "")


def value_of(observation: Node, not_results: frozenset[str]) -> Value:
    """The value of an observation or component; a code that stands for no result means none. Raises TooLong."""
    raw = ""
    results: list[Result] = []
    presumptive = False
    for piece in pieces(observation):
        raw = raw or piece
        if piece in not_results:
            results = []
            break
        letter = result_of(piece) if piece and len(piece) <= _LONGEST_CODE else None
        if letter is not None:
            presumptive = presumptive or is_presumptive(piece)
            if letter not in results:
                results.append(Result(letter))
    if not results and raw not in not_results:
        results += [_INTERPRETED[code] for code in _interpretations(observation) if code in _INTERPRETED][:1]
    return Value(raw=raw, results=tuple(results), presumptive=presumptive)


def pieces(observation: Node) -> list[str]:
    """What a value[x] says: codes and their words, or a text, a measure, a time. Raises TooLong."""
    data = observation.data
    if "valueCodeableConcept" in data:
        concept = observation.node("valueCodeableConcept")
        if concept is None:
            return []
        codings = list(concept.nodes("coding"))[:_MOST_CODINGS]
        said = [piece for one in codings for piece in (one.text("code"), one.words("display"))]
        return [*said, concept.words("text")]
    if "valueQuantity" in data:
        quantity = observation.node("valueQuantity")
        if quantity is None:
            return []
        parts = (quantity.text("comparator") + quantity.text("value"), quantity.words("unit"))
        return [" ".join(filter(None, parts))]
    if "valueBoolean" in data:
        flag = observation.flag("valueBoolean")
        return [] if flag is None else ["Y" if flag else "N"]
    for name in ("valueString", "valueInteger", "valueDateTime", "valueTime"):
        if name in data:
            return [observation.text(name)]
    return []


def _interpretations(observation: Node) -> Iterator[str]:
    for concept in observation.nodes("interpretation"):
        for coding in concept.nodes("coding"):
            yield coding.text("code").upper()


def status_of(observation: Node, report: Node | None) -> tuple[Status | None, str]:
    """The status of an observation and the word for it; None when there is none that is known. Raises TooLong."""
    said = observation.text("status")
    status = STATUSES.get(said)
    if status is Status.FINAL and report is not None:
        whole = report.text("status")
        return REPORT_STATUSES.get(whole, status), said
    return status, said
