"""How a disease behaves in an invented epidemic, from data: no code of the simulator knows one."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Assay:
    """One analysis that laboratories do."""

    loinc: str
    label: str
    specimen: str  # code^text^system
    share: int  # of the tests, against those of the other assays
    detects: tuple[int, int]  # first and last day after infection
    sensitivity: float  # of those it can detect
    rapid: bool  # read within the hour, where it was sampled
    device: str = ""  # a rapid test's number in the EU list


@dataclass(frozen=True, slots=True, kw_only=True)
class Disease:
    """Periods are first and last day after infection; the rest are probabilities, see data/covid19.toml."""

    assays: tuple[Assay, ...]
    symptomatic: float
    seeks_test: float
    incubation: tuple[int, int]
    infectious: tuple[int, int]
    at_home: float
    quiet: float
    peak: float

    @property
    def detectable(self) -> tuple[int, int]:
        """When at least one of the assays can find an infection."""
        return min(a.detects[0] for a in self.assays), max(a.detects[1] for a in self.assays)


@cache
def disease(name: str) -> Disease:
    """A disease that comes with the package. Raises LookupError for another name."""
    folder = files(__package__) / "data"
    known = sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml"))
    if name not in known:
        raise LookupError(f"no epidemic of {name!r} can be simulated; there are: {', '.join(known)}")
    return load_disease(folder / f"{name}.toml")


def load_disease(path: Path | Traversable) -> Disease:
    """Read one file of parameters. Raises ValueError or KeyError when it is not right."""
    data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    return Disease(
        assays=tuple(Assay(**{**row, "detects": tuple(row["detects"])}) for row in data["analysis"]),
        symptomatic=data["symptomatic"],
        seeks_test=data["seeks_test"],
        incubation=tuple(data["incubation"]),
        infectious=tuple(data["infectious"]),
        at_home=data["at_home"],
        quiet=data["quiet"],
        peak=data["peak"],
    )
