"""The departments as SVG paths, for a map."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    code: str  # department
    path: str  # the `d` of an SVG path
    inset: bool  # an overseas department, drawn as a square beside metropolitan France


@dataclass(frozen=True, slots=True, kw_only=True)
class Map:
    view_box: str
    shapes: tuple[Shape, ...]
    attribution: str  # its licence (CC BY 4.0) wants it shown with the map


@cache
def shapes() -> Map:
    """Metropolitan France by department, and a square for each of the five overseas departments.

    The collectivities (975, 977, 978 and the Pacific ones) have no shape.
    """
    data = json.loads((files(__package__) / "data" / "departments.svg.json").read_text("utf-8"))
    return Map(
        view_box=data["view_box"],
        shapes=tuple(Shape(code=row["code"], path=row["path"], inset=row["inset"]) for row in data["shapes"]),
        attribution=data["attribution"],
    )
