"""HL7 v2, what an observation says: its code (OBX-3), its value (OBX-5), its status (OBX-11, OBR-25)."""

from __future__ import annotations

from rempart.screening.formats.coded import answers_of as answers_of
from rempart.screening.formats.coded import names as names
from rempart.screening.formats.coded import value_of as value_of
from rempart.screening.formats.delimited import Segment
from rempart.screening.rules.report import Status

# HL7 table 0085. X: the result cannot be obtained. O and N describe an order without a result.
STATUSES = {
    "F": Status.FINAL,
    "U": Status.FINAL,
    "X": Status.FINAL,
    "C": Status.CORRECTED,
    "P": Status.HELD,
    "R": Status.HELD,
    "S": Status.HELD,
    "I": Status.HELD,
    "O": Status.HELD,
    "N": Status.HELD,
    "D": Status.RETRACTED,
    "W": Status.RETRACTED,
}
# HL7 table 0123, asked only when OBX-11 is empty.
_ORDER_STATUSES = {
    "F": "F",
    "C": "C",
    "X": "X",
    "P": "P",
    "R": "R",
    "I": "I",
    "S": "I",
    "A": "S",
    "O": "O",
    "Y": "O",
    "Z": "O",
}


def status_code(obx: Segment, obr: Segment | None) -> str:
    """OBX-11, else what OBR-25 says of the whole order; "" when neither is there."""
    code = obx.text(11)
    if not code and obr is not None:
        given = obr.text(25)
        code = _ORDER_STATUSES.get(given, given)
    return code
