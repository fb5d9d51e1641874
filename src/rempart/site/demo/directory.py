"""The demo's national directories: FINESS and MSSanté, as they would be published of its invented laboratories."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from rempart.foundation.directories.models import Establishment, Load, Mailbox
from rempart.foundation.directories.policy import Directory, policy
from rempart.foundation.directories.sites import forget_sites
from rempart.foundation.identifiers import finess
from rempart.simulators.messages import Laboratory as Simulated

_FILE = "Extraction_Correspondance_MSSante_invente.txt"
_TOGETHER = 2
"""The first so many are sites of one laboratory, with one mailbox; the others are alone."""


def publish(laboratories: Sequence[Simulated], *, now: datetime) -> None:
    """Write the laboratories into FINESS and give mailboxes for certificates to most of them.

    The first ones, by number, pool theirs: the biologist of the demo works there. Of the others every third has none.
    Again, it changes nothing.
    """
    known = sorted(laboratories, key=lambda one: one.finess)
    entities = {one.finess: _entity(known[0] if rank < _TOGETHER else one) for rank, one in enumerate(known)}
    Establishment.objects.bulk_create(
        [_establishment(one, entities[one.finess]) for one in known], ignore_conflicts=True
    )
    boxes = [_mailbox("certificats@lbm-commun.mssante.invalid", entities[known[0].finess], known[0].name)]
    boxes += [
        _mailbox(f"certificats@lbm-{one.finess}.mssante.invalid", one.finess, one.name)
        for rank, one in enumerate(known)
        if rank >= _TOGETHER and rank % 3
    ]
    Mailbox.objects.bulk_create(boxes, ignore_conflicts=True)
    Load.objects.get_or_create(
        directory=Directory.MAILBOXES,
        file=_FILE,
        defaults={
            "digest": hashlib.sha256(_FILE.encode()).digest(), "published": f"{now:%Y-%m-%d}", "at": now,
            "rows": len(boxes), "added": len(boxes), "changed": 0, "gone": 0, "refused": "",
        },
    )  # fmt: skip
    forget_sites()


def _entity(laboratory: Simulated) -> str:
    """The number of a juridical entity of the same department."""
    body = f"{laboratory.finess[:2]}{(int(laboratory.finess[2]) + 5) % 10}{laboratory.finess[3:8]}"
    return body + finess.key_of(body)


def _establishment(laboratory: Simulated, entity: str) -> Establishment:
    return Establishment(
        digest=hashlib.blake2b(laboratory.finess.encode(), digest_size=16).digest(),
        finess=laboratory.finess,
        entity=entity,
        name=laboratory.name,
        department=laboratory.department,
        commune="",
        address="1 place du Marché",
        phone="",
        category=policy().laboratories[0],
        category_name="Laboratoire de biologie médicale",
        siret="",
        opened_on="",
    )


def _mailbox(address: str, structure: str, name: str) -> Mailbox:
    return Mailbox(
        digest=hashlib.blake2b(f"{address}|{structure}".encode(), digest_size=16).digest(),
        address=address,
        kind="ORG",
        number="",
        structure=structure,
        finess=structure,
        service=f"Remise des certificats {policy().stamp}",
        title="",
        family_name="",
        first_name="",
        profession_code="",
        structure_name=name,
        structure_address="",
    )
