"""Which establishments are laboratories: by their category, and those that were declared.

A hospital's laboratory has no number of its own: it speaks with the FINESS of its hospital, whose category says nothing
of a laboratory. Such an establishment becomes one when somebody declares it.
"""

from __future__ import annotations

from django.db.backends.utils import CursorWrapper

from rempart.foundation.directories.models import Establishment, Laboratory
from rempart.foundation.directories.policy import policy

_NAME = 120
_PHONE = 20


class Unknown(LookupError):
    """No establishment of the directory has that FINESS."""


def follow(cursor: CursorWrapper) -> None:
    """Bring the laboratories up to the establishments: new ones of the categories, and what is said of all of them.

    None is taken away: a laboratory that closed has results. What the directory leaves empty stays.
    """
    cursor.execute(
        """
        INSERT INTO directories_laboratory (finess, name, department, address, phone)
        SELECT finess, left(name, %(name)s), department, address, left(phone, %(phone)s)
        FROM directories_establishment WHERE category = ANY(%(categories)s)
        ON CONFLICT (finess) DO NOTHING
        """,
        {"name": _NAME, "phone": _PHONE, "categories": list(policy().laboratories)},
    )
    cursor.execute(
        """
        UPDATE directories_laboratory l SET (name, department, address, phone) =
            (left(e.name, %(name)s), e.department, coalesce(nullif(e.address, ''), l.address),
             coalesce(nullif(left(e.phone, %(phone)s), ''), l.phone))
        FROM directories_establishment e
        WHERE e.finess = l.finess AND (l.name, l.department, l.address, l.phone) IS DISTINCT FROM
            (left(e.name, %(name)s), e.department, coalesce(nullif(e.address, ''), l.address),
             coalesce(nullif(left(e.phone, %(phone)s), ''), l.phone))
        """,
        {"name": _NAME, "phone": _PHONE},
    )


def declare(finess: str) -> Laboratory:
    """Say that an establishment of the directory has a laboratory. Twice is once. Raises Unknown."""
    found = Establishment.objects.filter(finess=finess).first()
    if found is None:
        raise Unknown(finess)
    laboratory, _ = Laboratory.objects.get_or_create(
        finess=finess,
        defaults={
            "name": found.name[:_NAME],
            "department": found.department,
            "address": found.address,
            "phone": found.phone[:_PHONE],
        },
    )
    return laboratory
