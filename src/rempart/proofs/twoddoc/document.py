"""A 2D-DOC once it is opened, whatever its form."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from rempart.proofs.twoddoc.fields import BY_TYPE

GS, RS, US = "\x1d", "\x1e", "\x1f"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A 2D-DOC opened, not yet judged."""

    version: str
    authority: str
    certificate_id: str
    emitted_on: date | None  # None: undated
    signed_on: date | None
    type: str
    perimeter: str
    country: str
    fields: dict[str, str]  # by data identifier, when the type is a known one
    unread: tuple[str, ...] = ()  # identifier and value together, when it is not
    truncated: tuple[str, ...] = ()  # identifiers whose value was cut to fit
    annexe: str = ""  # not signed
    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    def claims(self) -> dict[str, object]:
        """What it says, as JSON can hold it; `fields` as transmitted, the rest by name."""
        names = BY_TYPE.get(self.type, {})
        claims: dict[str, object] = {
            "version": self.version,
            "authority": self.authority,
            "certificate_id": self.certificate_id,
            "document_type": self.type,
            "perimeter": self.perimeter,
            "country": self.country,
            "emitted_on": self.emitted_on.isoformat() if self.emitted_on else None,
            "signed_on": self.signed_on.isoformat() if self.signed_on else None,
            "fields": self.fields,
        }
        claims |= {names[key].name: _readable(names[key].name, value) for key, value in self.fields.items()}
        optional = {"unread": list(self.unread), "truncated": list(self.truncated), "annexe": self.annexe}
        return claims | {name: value for name, value in optional.items() if value}


def _readable(name: str, value: str) -> object:
    """A field's value as a reader expects it: names in a list, dates in ISO 8601 when they are ones."""
    if name == "first_names":
        return [part for part in value.split("/") if part]
    if name not in ("sampled_at", "birth_date", "vaccinated_on"):
        return value
    try:
        day = date(int(value[4:8]), int(value[2:4]), int(value[:2])).isoformat()
    except ValueError:
        return value  # a lunar or partly unknown date stays as it was written
    if name != "sampled_at":
        return day if len(value) == 8 else value
    hour, minute = value[8:10], value[10:]
    holds = len(value) == 12 and value.isdecimal() and hour < "24" and minute < "60"
    return f"{day}T{hour}:{minute}" if holds else value
