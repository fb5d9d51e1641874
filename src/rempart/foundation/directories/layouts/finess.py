"""FINESS, as published on data.gouv.fr: `;` between fields, quotes doubled where needed, no names of columns.

A first line `finess;etalab;…;<day>`, then rows whose first field tells their kind: `structureej` (juridical entity, 22
fields), `structureet` (geographic establishment, 30 or 31), `geolocalisation` (number, x, y, source, day; the source
has its own commas or, in some files, semicolons). UTF-8; older files Windows-1252. Departments overseas are 9A to 9J.
Reference: certificates.md §8; the rows of geolocation as in the file cs1100507 of 29 February 2016.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

from rempart.foundation.directories.layouts.rows import Fault, Layout, Lines, Row, address, telephone
from rempart.foundation.directories.policy import Directory
from rempart.foundation.identifiers import finess
from rempart.foundation.territories.departments import departments

if TYPE_CHECKING:
    from pyproj import Transformer

_FINESS = re.compile(r"[0-9][0-9A-Z][0-9]{7}", re.ASCII)
_OVERSEAS = {"9A": "971", "9B": "972", "9C": "973", "9D": "974", "9E": "975", "9F": "976", "9J": "986"}
_SPLIT_OFF = {"97123": ("977", "97701"), "97127": ("978", "97801")}
"""Communes of Guadeloupe that have been collectivities since 2007: Saint-Barthélemy, Saint-Martin."""

_PROJECTIONS = {
    "LAMBERT_93": 2154,
    "UTM_N20": 5490,  # Antilles, RGAF09
    "UTM_N21": 4467,  # Saint-Pierre-et-Miquelon, RGSPM06
    "UTM_N22": 2972,  # Guyane, RGFG95
    "UTM_S38": 4471,  # Mayotte, RGM04
    "UTM_S40": 2975,  # La Réunion, RGR92
}
"""EPSG codes of the projections that FINESS names, in the legal systems of each territory (within a metre of WGS 84)."""

_TOGETHER = 5_000
"""Positions turned into degrees at once."""


def _begins(kind: bytes) -> Callable[[Sequence[bytes]], bool]:
    """Whether the first row of a file, after the line that says which file it is, is of this kind."""

    def begins(first: Sequence[bytes]) -> bool:
        names = [line.removeprefix(b"\xef\xbb\xbf").split(b";", 1)[0] for line in first]
        return next((name for name in names if name != b"finess"), b"") == kind

    return begins


def _records(lines: Lines, kind: str, counts: Sequence[int]) -> Iterator[tuple[int, list[str]] | Fault]:
    """The fields of the rows of one kind, after the first; faults of lines that are of no kind at all."""
    for number, raw in lines:
        text = _text(raw)
        if text is None:
            yield Fault(line=number, why="not text in UTF-8 or Windows-1252")
            continue
        name, _, _ = text.partition(";")
        if name != kind:
            if name not in ("finess", "structureet", "structureej", "geolocalisation"):
                yield Fault(line=number, why="not a row of FINESS")
            continue
        try:
            fields = next(csv.reader([text], delimiter=";")) if '"' in text else text.split(";")
        except csv.Error:
            yield Fault(line=number, why="a line break within it")
            continue
        given = len(fields) - 1
        if given - 1 in counts and not fields[-1] and given not in counts:  # a separator after the last field
            fields.pop()
        elif given not in counts:
            yield Fault(line=number, why=f"{given} fields instead of {' or '.join(map(str, counts))}")
            continue
        yield number, fields[1:]


def _text(raw: bytes) -> str | None:
    for encoding in ("utf-8", "cp1252"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if "\0" in text else text
    return None


def _where(number: str, code: str, digits: str) -> tuple[str, str]:
    """Our department and INSEE's commune, of FINESS's department and the three digits of its commune."""
    overseas = len(code) == 2 and code[0] == "9" and code[1].isalpha()
    told = (_OVERSEAS.get(code) or finess.parse(number).department) if overseas else code
    department = told if told in departments() else ""
    commune = f"{department[:2]}{digits}" if department and digits else ""
    return _SPLIT_OFF.get(commune, (department, commune))


def _entities(lines: Lines) -> Iterator[Row | Fault]:
    for found in _records(lines, "structureej", (22,)):
        if isinstance(found, Fault):
            yield found
            continue
        line, fields = found
        number = fields[0]
        if not _FINESS.fullmatch(number):
            yield Fault(line=line, why="the number is not a FINESS")
            continue
        rs, longer, complement, street_number, street_type, street, repetition, distribution, place = fields[
            1:10
        ]
        department, _ = _where(number, fields[12], fields[10])
        yield Row(
            line=line,
            values=(
                number,
                longer or rs,
                department,
                address(
                    complement,
                    distribution,
                    f"{street_number} {repetition} {street_type} {street}",
                    place,
                    fields[11],
                ),
                telephone(fields[14]),
                fields[15],
                fields[19],
            ),
        )


def _establishments(lines: Lines) -> Iterator[Row | Fault]:
    for found in _records(lines, "structureet", (31, 30)):
        if isinstance(found, Fault):
            yield found
            continue
        line, fields = found
        number, entity, rs, longer, complement, distribution = fields[:6]
        if not _FINESS.fullmatch(number) or not _FINESS.fullmatch(entity):
            yield Fault(line=line, why="the number, or that of its entity, is not a FINESS")
            continue
        street_number, street_type, street, repetition, place = fields[6:11]
        department, commune = _where(number, fields[12], fields[11])
        yield Row(
            line=line,
            values=(
                number,
                entity,
                longer or rs,
                department,
                commune,
                address(
                    complement,
                    distribution,
                    f"{street_number} {repetition} {street_type} {street}",
                    place,
                    fields[14],
                ),
                telephone(fields[15]),
                fields[17],
                fields[18],
                fields[21],
                fields[27],
            ),
        )


def _positions(lines: Lines) -> Iterator[Row | Fault]:
    """Positions, in degrees too where the projection is known; those without coordinates are left out."""
    counts = tuple(range(5, 15))  # the source may be split at its own separators
    found = iter(_projected(lines, counts))
    while batch := list(islice(found, _TOGETHER)):
        rows = [one for one in batch if isinstance(one, Row)]
        yield from (one for one in batch if isinstance(one, Fault))
        degrees = _degrees(rows)
        for row in rows:
            yield Row(line=row.line, values=(*row.values, *degrees[row.line]))


def _projected(lines: Lines, counts: Sequence[int]) -> Iterator[Row | Fault]:
    for found in _records(lines, "geolocalisation", counts):
        if isinstance(found, Fault):
            yield found
            continue
        line, (number, x, y, *rest) = found
        source = ",".join(rest[:-1])
        if not _FINESS.fullmatch(number):
            yield Fault(line=line, why="the number is not a FINESS")
        elif x and y:
            values = _number(x), _number(y)
            if None in values:
                yield Fault(line=line, why="the coordinates are not numbers")
                continue
            yield Row(line=line, values=(number, *values, source.rpartition(",")[2], source))


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _degrees(rows: Sequence[Row]) -> Mapping[int, tuple[float | None, float | None]]:
    """Longitude and latitude (WGS 84) by line; None where the projection is unknown or gives no place on Earth."""
    degrees: dict[int, tuple[float | None, float | None]] = dict.fromkeys(
        (row.line for row in rows), (None, None)
    )
    for name in {row.values[3] for row in rows} & set(_PROJECTIONS):
        mine = [row for row in rows if row.values[3] == name]
        longitudes, latitudes = _transformer(_PROJECTIONS[str(name)]).transform(
            [row.values[1] for row in mine], [row.values[2] for row in mine]
        )
        for row, longitude, latitude in zip(mine, longitudes, latitudes, strict=True):
            if math.isfinite(longitude) and math.isfinite(latitude):
                degrees[row.line] = (round(longitude, 6), round(latitude, 6))
    return degrees


@cache
def _transformer(epsg: int) -> Transformer:
    from pyproj import Transformer  # slow to import, and needed here only

    return Transformer.from_crs(epsg, 4326, always_xy=True)


ENTITIES = Layout(
    directory=Directory.ENTITIES,
    table="directories_entity",
    columns=dict.fromkeys(("finess", "name", "department", "address", "phone", "status", "siren"), "text"),
    key="finess",
    unique=True,
    begins=_begins(b"structureej"),
    read=_entities,
)
ESTABLISHMENTS = Layout(
    directory=Directory.ESTABLISHMENTS,
    table="directories_establishment",
    columns=dict.fromkeys(
        (
            "finess",
            "entity",
            "name",
            "department",
            "commune",
            "address",
            "phone",
            "category",
            "category_name",
            "siret",
            "opened_on",
        ),
        "text",
    ),
    key="finess",
    unique=True,
    begins=_begins(b"structureet"),
    read=_establishments,
)
POSITIONS = Layout(
    directory=Directory.POSITIONS,
    table="directories_position",
    columns={
        "finess": "text",
        "x": "float8",
        "y": "float8",
        "projection": "text",
        "source": "text",
        "longitude": "float8",
        "latitude": "float8",
    },
    key="finess",
    unique=True,
    begins=_begins(b"structureet"),
    read=_positions,
)
