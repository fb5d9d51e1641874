"""Which mailbox of MSSanté gets the certificates of a site: the guide, sections 3, 4, 7 and 8.

A laboratory chooses one of two schemes for all its sites: one mailbox for each site, numbered with its geographic FINESS
(local, the default), or one for the whole laboratory, numbered with its juridical FINESS (pooled). Either is organisational
and carries the stamp in its attached service.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

ORGANISATIONAL = "ORG"


class Scheme(StrEnum):
    LOCAL = "local"
    POOLED = "pooled"


class Gap(StrEnum):
    """Why a site has no mailbox. What is nearest to being right is said."""

    SITE_UNKNOWN = "site-unknown"  # FINESS has no such establishment
    LABORATORY_UNKNOWN = "laboratory-unknown"  # FINESS says no juridical entity of it
    NO_MAILBOX = "no-mailbox"  # none is published under either number
    NOT_STAMPED = "not-stamped"  # there are organisational ones, without the stamp
    NOT_ORGANISATIONAL = "not-organisational"  # the stamped ones are somebody's or a machine's
    NOT_NUMBERED = "not-numbered"  # stamped ones name the structure by another number than a FINESS


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A site as FINESS has it. `entity`: its juridical FINESS, "" when none is said; `listed`: whether it is there;
    `siret`: its other number, "" when unknown."""

    finess: str
    entity: str = ""
    listed: bool = True
    siret: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A mailbox as the directory has it. `structure`: the number of its structure, as published; `finess`: the same
    where that is one, else ""."""

    address: str
    kind: str
    structure: str
    finess: str
    service: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What was found for a site: a mailbox, or why there is none.

    `others`: stamped mailboxes that would have done and are not used, by address; `seen`: what there is under its
    numbers and will not do.
    """

    site: Site
    scheme: Scheme | None = None
    box: Box | None = None
    gap: Gap | None = None
    others: tuple[Box, ...] = ()
    seen: tuple[Box, ...] = ()

    @property
    def address(self) -> str:
        return self.box.address if self.box else ""


def stamped(service: str, *, stamp: str) -> bool:
    """Whether an attached service includes the stamp, in capitals or not: the guide itself writes it both ways."""
    return stamp.casefold() in service.casefold()


def match(site: Site, boxes: Iterable[Box], *, stamp: str) -> Match:
    """The one mailbox for the certificates of a site.

    Its own comes before that of the whole laboratory; of several the first by address, so that a certificate goes to one
    place only, and always to the same. `boxes` may hold any others.
    """
    if not site.listed:
        return Match(site=site, gap=Gap.SITE_UNKNOWN)
    if not site.entity:
        return Match(site=site, gap=Gap.LABORATORY_UNKNOWN)
    near = sorted(_near(site, boxes), key=lambda box: box.address)
    good = [box for box in near if box.finess and _is_good(box, stamp=stamp)]
    own = [box for box in good if box.finess == site.finess]
    pooled = [box for box in good if box.finess == site.entity and box not in own]
    for scheme, found in ((Scheme.LOCAL, own), (Scheme.POOLED, pooled)):
        if found:
            others = tuple(box for box in (*own, *pooled) if box.address != found[0].address)
            return Match(site=site, scheme=scheme, box=found[0], others=others)
    return Match(site=site, gap=_gap(near, stamp=stamp), seen=tuple(near))


def schemes(matches: Iterable[Match]) -> Sequence[Scheme]:
    """The schemes that the sites of one laboratory have come to; more than one is a mistake that is said to it."""
    return sorted({one.scheme for one in matches if one.scheme})


def _near(site: Site, boxes: Iterable[Box]) -> list[Box]:
    numbers = {site.finess, site.entity}
    return [
        box
        for box in boxes
        if box.finess in numbers or (site.siret and not box.finess and box.structure.endswith(site.siret))
    ]


def _is_good(box: Box, *, stamp: str) -> bool:
    return box.kind == ORGANISATIONAL and stamped(box.service, stamp=stamp)


def _gap(near: Sequence[Box], *, stamp: str) -> Gap:
    with_stamp = [box for box in near if stamped(box.service, stamp=stamp)]
    if any(box.kind == ORGANISATIONAL for box in with_stamp):
        return Gap.NOT_NUMBERED
    if with_stamp:
        return Gap.NOT_ORGANISATIONAL
    return Gap.NOT_STAMPED if any(box.kind == ORGANISATIONAL for box in near) else Gap.NO_MAILBOX
