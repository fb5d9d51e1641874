"""The professionals of the Annuaire Santé: PS_LibreAcces_Personne_activite, one line per activity.

`|` between fields, UTF-8, names of columns in the first line. 52 to 56 columns according to the year, and small
differences in their names; the specialities have left it for a file of their own in some extractions. The columns
taken are in data/columns.toml. Layout: first lines of the extraction as public projects quote them, of 2021 and 2026.
"""

from __future__ import annotations

from collections.abc import Iterator

from rempart.foundation.directories.layouts.rows import (
    Fault,
    Layout,
    Lines,
    Row,
    address,
    begins_with,
    named_rows,
    telephone,
)
from rempart.foundation.directories.policy import Directory
from rempart.foundation.identifiers import rpps

_AS_THEY_ARE = (
    "register",
    "title",
    "family_name",
    "first_name",
    "profession_code",
    "profession",
    "specialty_code",
    "specialty",
    "mode",
    "siret",
    "finess",
    "entity",
    "structure",
)

_LONGEST = 20
"""Characters of a number: RPPS has 11, ADELI 9, those internal to an establishment some more."""


def _read(lines: Lines) -> Iterator[Row | Fault]:
    for found in named_rows(lines, Directory.PROFESSIONALS):
        if isinstance(found, Fault):
            yield found
            continue
        line, said = found
        number = rpps.rpps_of(said["number"])
        if not 0 < len(number) <= _LONGEST:
            yield Fault(line=line, why="no number, or too long a one (Identifiant PP)")
            continue
        yield Row(
            line=line,
            values=(
                number,
                *[said[name] for name in _AS_THEY_ARE],
                said["trade_name"] or said["legal_name"],
                address(
                    said["recipient"],
                    said["point"],
                    f"{said['street_number']} {said['repetition']} {said['street_type']} {said['street']}",
                    said["distribution"],
                    said["routing"] or f"{said['postcode']} {said['commune_name']}",
                ),
                said["commune"],
                telephone(said["phone"] or said["phone_2"]),
            ),
        )


LAYOUT = Layout(
    directory=Directory.PROFESSIONALS,
    table="directories_practice",
    columns=dict.fromkeys(("number", *_AS_THEY_ARE, "structure_name", "address", "commune", "phone"), "text"),
    key="number",
    unique=False,
    begins=begins_with(Directory.PROFESSIONALS, "Identifiant PP", "Numéro FINESS site"),
    read=_read,
)
