"""The published files, one module each: what a line holds, and what a directory keeps of it.

    finess          structureej, structureet and geolocalisation rows
    professionals   PS_LibreAcces_Personne_activite of the Annuaire Santé
    mailboxes       Extraction_Correspondance_MSSante
    rows            what they share

A layout turns numbered lines into rows of its table, or into faults with the number of their line. It never raises
on content.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rempart.foundation.directories.layouts import finess, mailboxes, professionals
from rempart.foundation.directories.layouts.rows import Layout

LAYOUTS = (
    finess.ENTITIES,
    finess.ESTABLISHMENTS,
    finess.POSITIONS,
    professionals.LAYOUT,
    mailboxes.LAYOUT,
)


_FINESS_DAY = re.compile(rb"finess;etalab;[^;]*;(20[0-9]{2}-[0-9]{2}-[0-9]{2})")


def layouts_of(first: Sequence[bytes]) -> tuple[Layout, ...]:
    """Which directories a file fills, by its first two lines; none when it is not one of ours."""
    return tuple(layout for layout in LAYOUTS if layout.begins(first))


def published_on(first: Sequence[bytes]) -> str:
    """The day that a file says it was made on, in its first lines; "" where it does not say."""
    found = _FINESS_DAY.match(first[0]) if first else None
    return found[1].decode() if found else ""
