"""By what values identities are brought together for a comparison: each key forgives another error."""

from __future__ import annotations

from rempart.foundation.identifiers import nir
from rempart.foundation.people.content import IdentityRecord
from rempart.foundation.people.matching import Record
from rempart.foundation.people.matching.normalise import place, words
from rempart.foundation.people.matching.phonetics import sound


def blocking_values(record: IdentityRecord) -> tuple[str, ...]:
    """The values under which an identity is sought, each with the name of its key; none for one that says too little.

    Reference: tracing §5 (blocking keys for French identities). Family names count by birth name and by used name.
    """
    families = {_sound(name) for name in (record.birth_name, record.used_name)} - {""}
    first = words(" ".join(record.first_names))
    heard, begins = _sound(first.partition(" ")[0]), first[:3]
    values: list[str] = []
    number = nir.parse(record.ins) if record.ins else None
    if number is not None and number.valid:
        values.append(f"number|{number.number}")
    names = ["|".join(sorted((family, heard))) for family in families if heard]
    if record.birth_date is None:
        return tuple(values)
    born = record.birth_date
    date = f"{born.year}|{min(born.day, born.month)}|{max(born.day, born.month)}"
    values += [f"date-family|{date}|{family}" for family in families]
    values += [f"names-year|{pair}|{born.year}" for pair in names]
    values += [f"names-day|{pair}|{born:%m%d}" for pair in names]
    if begins:
        values.append(f"date-first|{date}|{begins}")
    if birth_place := place(record.birth_place):
        values.append(f"date-place|{date}|{birth_place}")
    return tuple(sorted(values))


def as_record(record: IdentityRecord) -> Record:
    """An identity as the comparison reads it."""
    number = nir.parse(record.ins) if record.ins else None
    return Record(
        birth_name=record.birth_name,
        used_name=record.used_name,
        first_names=" ".join(record.first_names),
        birth_date=record.birth_date.isoformat() if record.birth_date else "",
        sex=record.sex,
        birth_place=record.birth_place,
        ins=number.number if number is not None and number.valid else "",
    )


def _sound(name: str) -> str:
    return sound(words(name).replace(" ", ""))
