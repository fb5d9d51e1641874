"""What others ask of the directories. Plain values; a directory that was never loaded answers that it knows nobody.

`cards` gives what annex 1 asks of a prescriber and of a treating doctor (2.1.2 to 2.1.4, 2.1.6 to 2.1.8: secure mailbox,
name, structure): "obtained automatically by a look-up in the directories".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q

from rempart.foundation.directories import models
from rempart.foundation.directories.policy import policy
from rempart.foundation.identifiers import finess as finess_numbers
from rempart.foundation.identifiers import rpps

_INDEPENDENT = "L"
_PERSONAL = "PER"
_BY_SIRET = "3"  # before the number, in national identifiers of structures


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A juridical entity; `address`: one line each; `department`: INSEE's code, "" when unknown."""

    finess: str
    name: str
    department: str
    address: str
    phone: str
    siren: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """As published (`projection` says in what), and in degrees of WGS 84, None where the projection is unknown."""

    x: float
    y: float
    projection: str
    longitude: float | None
    latitude: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Establishment:
    """A site. `entity` and `position` are None where the directory lacks them; `entity_finess` is always said."""

    finess: str
    entity_finess: str
    name: str
    department: str
    commune: str
    address: str
    phone: str
    category: str
    category_name: str
    siret: str
    entity: Entity | None
    position: Position | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice:
    """Where a professional works, and as what. `finess` and `entity` are "" outside establishments."""

    profession_code: str
    profession: str
    specialty: str
    mode: str
    finess: str
    entity: str
    name: str
    address: str
    phone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Professional:
    """`number`: RPPS or ADELI, without prefix; `practices`: independent ones first, and at least one."""

    number: str
    title: str
    family_name: str
    first_name: str
    practices: tuple[Practice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """A mailbox of MSSanté. `number`: its owner's, "" for a structure's; `structure`: as published."""

    address: str
    kind: str
    number: str
    structure: str
    finess: str
    service: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """Who a professional is, where, and his secure mailbox ("" when he publishes none)."""

    number: str
    family_name: str
    first_name: str
    structure_name: str
    structure_address: str
    structure_phone: str
    mailbox: str


def loaded() -> bool:
    """Whether the directory of establishments is there at all."""
    return models.Establishment.objects.exists()


def establishment(finess: str) -> Establishment | None:
    """One site by its number, however it is written."""
    return next(iter(establishments([finess]).values()), None)


def establishments(numbers: Collection[str]) -> Mapping[str, Establishment]:
    """The sites among these numbers, by their normalised number, in three queries."""
    wanted = {finess_numbers.normalise(number) for number in numbers}
    return {row.finess: row for row in _with_parts(models.Establishment.objects.filter(finess__in=wanted))}


def laboratories(*, departments: Collection[str]) -> Sequence[Establishment]:
    """The laboratories of these departments, by name: of the categories of laboratories, and those that were declared."""
    declared = models.Laboratory.objects.filter(department__in=departments).values("finess")
    rows = models.Establishment.objects.filter(department__in=departments).filter(
        Q(category__in=policy().laboratories) | Q(finess__in=declared)
    )
    return _with_parts(rows.order_by("name", "finess"))


def is_laboratory(finess: str) -> bool:
    """Whether the directory has it as a laboratory, by category or declaration, of a site or of an entity with one."""
    number = finess_numbers.normalise(finess)
    return (
        models.Laboratory.objects.filter(finess=number).exists()
        or models.Establishment.objects.filter(
            Q(finess=number) | Q(entity=number), category__in=policy().laboratories
        ).exists()
    )


def professional(number: str) -> Professional | None:
    """Somebody by his RPPS or ADELI, prefixed or not."""
    return professionals([number]).get(rpps.rpps_of(number))


def professionals(numbers: Collection[str]) -> Mapping[str, Professional]:
    """Those among these numbers that the directory has, by number without prefix, in one query."""
    wanted = {rpps.rpps_of(number) for number in numbers} - {""}
    rows: dict[str, list[models.Practice]] = defaultdict(list)
    for row in models.Practice.objects.filter(number__in=wanted).order_by("number", "structure", "digest"):
        rows[row.number].append(row)
    return {number: _professional(found) for number, found in rows.items()}


def mailboxes_of_professionals(numbers: Collection[str]) -> Mapping[str, tuple[Mailbox, ...]]:
    """The personal mailboxes of each of these that has one, by number without prefix, in one query."""
    wanted = {rpps.rpps_of(number) for number in numbers} - {""}
    found: dict[str, list[Mailbox]] = defaultdict(list)
    for one in _mailboxes(models.Mailbox.objects.filter(number__in=wanted, kind=_PERSONAL)):
        found[one.number].append(one)
    return {number: tuple(boxes) for number, boxes in found.items()}


def mailboxes_of_structures(numbers: Collection[str], *, sirets: Collection[str] = ()) -> Sequence[Mailbox]:
    """The mailboxes whose structure has one of these FINESS, geographic or juridical, by address, in one query; with
    `sirets`, also those that name their structure by one of these and by no FINESS.

    Of any kind and service: which of them serves whom is for the caller to say. An address that stands on several lines
    comes as often.
    """
    wanted = Q(finess__in={finess_numbers.normalise(number) for number in numbers})
    if sirets:
        wanted |= Q(finess="", structure__in=[*sirets, *(f"{_BY_SIRET}{siret}" for siret in sirets)])
    return [_mailbox(row) for row in models.Mailbox.objects.filter(wanted).order_by("address", "digest")]


def cards(numbers: Iterable[str], *, finess: str = "") -> Mapping[str, Card]:
    """What to write beside a professional's number, for each of these that the directory has, in two queries.

    The structure is the one of `finess` where he works there, else his independent practice, else the first one;
    the mailbox is his own in that structure, else his first. By number without prefix.
    """
    wanted = list(numbers)
    boxes = mailboxes_of_professionals(wanted)
    return {
        number: _card(one, boxes.get(number, ()), finess=finess)
        for number, one in professionals(wanted).items()
    }


def _card(one: Professional, boxes: Sequence[Mailbox], *, finess: str) -> Card:
    practice = next((p for p in one.practices if finess and finess in (p.finess, p.entity)), one.practices[0])
    numbers = {practice.finess, practice.entity} - {""}
    mailbox = next((box for box in boxes if box.finess in numbers), boxes[0] if boxes else None)
    return Card(
        number=one.number,
        family_name=one.family_name,
        first_name=one.first_name,
        structure_name=practice.name,
        structure_address=practice.address,
        structure_phone=practice.phone,
        mailbox=mailbox.address if mailbox else "",
    )


def _professional(rows: Sequence[models.Practice]) -> Professional:
    first = rows[0]
    practices = [
        Practice(
            profession_code=row.profession_code,
            profession=row.profession,
            specialty=row.specialty,
            mode=row.mode,
            finess=row.finess,
            entity=row.entity,
            name=row.structure_name,
            address=row.address,
            phone=row.phone,
        )
        for row in rows
    ]
    return Professional(
        number=first.number,
        title=first.title,
        family_name=first.family_name,
        first_name=first.first_name,
        practices=tuple(sorted(practices, key=lambda one: one.mode != _INDEPENDENT)),
    )


def _mailboxes(rows: Iterable[models.Mailbox]) -> list[Mailbox]:
    """Each address once, in the order of addresses."""
    by_address = {(row.address, row.number, row.finess): _mailbox(row) for row in rows}
    return [by_address[key] for key in sorted(by_address)]


def _mailbox(row: models.Mailbox) -> Mailbox:
    return Mailbox(
        address=row.address,
        kind=row.kind,
        number=row.number,
        structure=row.structure,
        finess=row.finess,
        service=row.service,
        name=f"{row.first_name} {row.family_name}".strip() or row.structure_name,
    )


def _with_parts(rows: Iterable[models.Establishment]) -> list[Establishment]:
    found = list(rows)
    entities = models.Entity.objects.in_bulk({row.entity for row in found})
    positions = models.Position.objects.in_bulk([row.finess for row in found])
    return [
        Establishment(
            finess=row.finess,
            entity_finess=row.entity,
            name=row.name,
            department=row.department,
            commune=row.commune,
            address=row.address,
            phone=row.phone,
            category=row.category,
            category_name=row.category_name,
            siret=row.siret,
            entity=_entity(entities.get(row.entity)),
            position=_position(positions.get(row.finess)),
        )
        for row in found
    ]


def _entity(row: models.Entity | None) -> Entity | None:
    if row is None:
        return None
    return Entity(
        finess=row.finess,
        name=row.name,
        department=row.department,
        address=row.address,
        phone=row.phone,
        siren=row.siren,
    )


def _position(row: models.Position | None) -> Position | None:
    if row is None:
        return None
    return Position(
        x=row.x,
        y=row.y,
        projection=row.projection,
        longitude=row.longitude,
        latitude=row.latitude,
    )
