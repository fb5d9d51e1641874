"""Mailboxes of sites, from the directories: four queries, however many sites."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from rempart.foundation.directories import lookups
from rempart.foundation.directories.policy import policy as directory_policy
from rempart.foundation.identifiers import finess
from rempart.screening.handover.rules.matching import Box, Match, Site, match


def found(numbers: Collection[str], *, explained: bool = False) -> Mapping[str, Match]:
    """The mailbox of each of these sites, or why it has none, by its FINESS.

    `explained`: look also for mailboxes that name the site by its SIRET, which are no match and say what is wrong.
    """
    wanted = {finess.normalise(number) for number in numbers}
    sites = {number: Site(finess=number, listed=False) for number in wanted}
    for number, listed in lookups.establishments(wanted).items():
        sites[number] = Site(finess=number, entity=listed.entity_finess, siret=listed.siret)
    structures = {*wanted, *(site.entity for site in sites.values())} - {""}
    sirets = {site.siret for site in sites.values() if site.siret} if explained else ()
    boxes: dict[str, list[Box]] = {}
    for one in lookups.mailboxes_of_structures(structures, sirets=sirets):
        box = Box(
            address=one.address,
            kind=one.kind,
            structure=one.structure,
            finess=one.finess,
            service=one.service,
        )
        boxes.setdefault(one.finess, []).append(box)
    stamp = directory_policy().stamp
    return {
        number: match(
            site,
            [box for structure in {number, site.entity, ""} for box in boxes.get(structure, ())],
            stamp=stamp,
        )
        for number, site in sites.items()
    }
