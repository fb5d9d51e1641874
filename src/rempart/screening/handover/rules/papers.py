"""What is handed over on paper, in the order in which it is printed."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum


class Paper(StrEnum):
    CERTIFICATE = "certificate"
    SHEET = "sheet"  # for the laboratory, which keeps it
    INFORMATION = "information"  # what somebody does who carries the virus
    HYGIENE = "hygiene"


FILES = {
    Paper.CERTIFICATE: "certificat",
    Paper.SHEET: "fiche-de-remise",
    Paper.INFORMATION: "fiche-d-information",
    Paper.HYGIENE: "consignes-sanitaires",
}
"""How their files are called."""


def papers(*, carries: bool) -> Sequence[Paper]:
    """What goes with a result; `carries`: whether it says that somebody carries the virus."""
    return tuple(Paper) if carries else (Paper.CERTIFICATE, Paper.SHEET)
