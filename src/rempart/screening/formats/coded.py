"""What a coded observation says: its code and its value, in formats that write CE and CWE (HL7 v2, HPRIM Santé)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from rempart.foundation.terminology import is_presumptive, result_of
from rempart.screening.formats.delimited import Lexis, Segment, repetitions
from rempart.screening.rules.report import Result

_CODE, _TEXT, _OTHER_CODE, _OTHER_TEXT, _ORIGINAL = 0, 1, 3, 4, 8  # pieces of CWE that may say the result
_LONGEST_ANSWER = 100  # characters
_CACHED_LENGTH = 256  # longer values are texts and documents, each met once


@dataclass(frozen=True, slots=True)
class Value:
    """What an OBX-5 says: `raw` as sent (the code, else the text), and the results its pieces mean."""

    raw: str
    results: tuple[Result, ...]  # distinct; more than one is a contradiction
    presumptive: bool


@lru_cache(maxsize=4_096)
def names(field: str, lexis: Lexis) -> tuple[str, ...]:
    """Code, label, system, and the second triplet when there is one (CE, CWE)."""
    parts = [lexis.read(part) for part in field.split(lexis.repetition, 1)[0].split(lexis.component)[:6]]
    parts += [""] * ((3 if len(parts) <= 3 or not any(parts[3:]) else 6) - len(parts))
    return tuple(parts[:6] if any(parts[3:]) else parts[:3])


def value_of(obx: Segment, not_results: frozenset[str]) -> Value:
    """The value of an observation; a code that stands for no result means none, whatever else is beside."""
    field = obx.raw(5)
    if len(field) > _CACHED_LENGTH:
        return _value(field, obx.text(2), obx.lexis, not_results)
    return _cached_value(field, obx.raw(2), obx.lexis, not_results)


def _value(field: str, kind: str, lexis: Lexis, not_results: frozenset[str]) -> Value:
    raw = ""
    results: list[Result] = []
    presumptive = False
    for repetition in field.split(lexis.repetition):
        parts = repetition.split(lexis.component)
        if kind == "SN":  # structured numeric: comparator, number, separator, number
            raw = raw or "".join(map(lexis.read, parts))
            continue
        if kind == "ED":  # source, type, subtype, encoding, data: only what the document is
            raw = raw or " ".join(filter(None, map(lexis.read, parts[1:3])))
            continue
        pieces = [lexis.read(parts[n]) for n in _pieces(len(parts))]
        raw = raw or next(filter(None, pieces), "")
        if pieces[0] in not_results:
            continue
        for piece in pieces:
            letter = result_of(piece) if piece and len(piece) <= _CACHED_LENGTH else None
            if letter is not None:
                presumptive = presumptive or is_presumptive(piece)
                if letter not in results:
                    results.append(Result(letter))
    return Value(raw=raw, results=tuple(results), presumptive=presumptive)


_cached_value = lru_cache(maxsize=16_384)(_value)


def answers_of(obx: Segment) -> tuple[tuple[str, str], ...]:
    """What OBX-5 answers to a question: the code and the text of each repetition."""
    field = obx.raw(5)
    return (_answers if len(field) > _CACHED_LENGTH else _cached_answers)(field, obx.lexis)


def _answers(field: str, lexis: Lexis) -> tuple[tuple[str, str], ...]:
    read = lexis.read
    return tuple(
        (read(parts[0])[:_LONGEST_ANSWER], read(parts[1])[:_LONGEST_ANSWER])
        for parts in repetitions(field, lexis)
    )


_cached_answers = lru_cache(maxsize=4_096)(_answers)


def _pieces(size: int) -> tuple[int, ...]:
    """Which components of a value of this size may say the result."""
    if size <= _OTHER_CODE:
        return (_CODE, _TEXT)[:size]
    return tuple(n for n in (_CODE, _TEXT, _OTHER_CODE, _OTHER_TEXT, _ORIGINAL) if n < size)
