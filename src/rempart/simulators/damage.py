"""What goes wrong with laboratories' messages, done on purpose: each kind is one error of the catalogue."""

from __future__ import annotations

from enum import StrEnum

from rempart.screening.rules.report import Format
from rempart.simulators.documents import cda_document, fhir_bundle
from rempart.simulators.messages import Sample, text_of


class Damage(StrEnum):
    NONE = ""
    FINESS_KEY = "finess_key"  # L01
    TRUNCATED = "truncated"  # A01 in HL7 (no result left), F02 in both HPRIM (no end), F01 in documents
    FUTURE_SAMPLING = "future_sampling"  # S02
    UNKNOWN_RESULT = "unknown_result"  # R01
    NO_NAME = "no_name"  # P01
    ANALYSIS_KEY = "analysis_key"  # A02
    NO_SAMPLING = "no_sampling"  # S01
    BIRTH_DATE = "birth_date"  # P03
    NOT_A_MESSAGE = "not_a_message"  # F01


KINDS = tuple(kind for kind in Damage if kind)
ALONE = frozenset({Damage.TRUNCATED, Damage.NOT_A_MESSAGE})
"""What would spoil its neighbours in a file of several messages."""

_DOCUMENTS = {Format.CDA: cda_document, Format.FHIR: fhir_bundle}
_GARBAGE = b"PK\x03\x04 scan0001.pdf \x00\xff\xfe"


def payload(sample: Sample, damage: Damage) -> bytes:
    """The bytes of a message, damaged in one way."""
    if damage is Damage.NOT_A_MESSAGE:
        return _GARBAGE + sample.control_id.encode()
    form = sample.laboratory.format
    text = _DOCUMENTS.get(form, text_of)(_spoilt(sample, damage))
    if damage is Damage.TRUNCATED:
        text = _cut(text, form, sample.laboratory.line_end)
    return text.encode(sample.laboratory.encoding, "replace")


def _spoilt(s: Sample, damage: Damage) -> Sample:
    match damage:
        case Damage.FINESS_KEY:
            return s._replace(finess=s.finess[:8] + _other(s.finess[8]))
        case Damage.FUTURE_SAMPLING:
            return s._replace(sampled=f"{int(s.sampled[:4]) + 10}{s.sampled[4:]}")
        case Damage.UNKNOWN_RESULT:
            return s._replace(value="Z")
        case Damage.NO_NAME:
            return s._replace(birth_name="", used_name="")
        case Damage.ANALYSIS_KEY:
            return s._replace(analysis=s.analysis[:-1] + _other(s.analysis[-1]))
        case Damage.NO_SAMPLING:
            return s._replace(sampled="")
        case Damage.BIRTH_DATE:
            return s._replace(born=s.born[:4] + "0000")
    return s


def _other(digit: str) -> str:
    return str((int(digit) + 3) % 10)


def _cut(text: str, form: Format, line_end: str) -> str:
    """Lost on the way: everything from the order on in HL7, what ends the message in HPRIM, half of a document."""
    if form in _DOCUMENTS:
        return text[: len(text) // 2]
    if form is Format.HL7V2:
        return text[: text.index(f"{line_end}ORC|") + 9] + line_end
    if form is Format.HPRIM_SANTE:
        return text[: text.index(f"{line_end}L|")]
    return text[: text.index("****FIN****")]
