"""The people of the demo: laboratories with keys, patients who fetch certificates (accounts.py: agents)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from django.conf import settings

from rempart.foundation.access.actor import Purpose, acting, system
from rempart.foundation.access.models import MachineKey, new_machine_key
from rempart.foundation.directories.models import Laboratory
from rempart.foundation.messaging.outbox import newest
from rempart.foundation.people.identities import read_identities, read_identity
from rempart.foundation.terminology import pathogen
from rempart.foundation.vault import keyring_of
from rempart.screening.models import Access
from rempart.screening.notices.services import reference_digest
from rempart.screening.portal.services import certifying, opening
from rempart.screening.signing.signers import signers
from rempart.simulators.messages import Laboratory as Simulated
from rempart.tracing.models import Case

_KEY_NAME = "Logiciel simulé"
_REFERENCE = re.compile(r"/r/(\S+)")
_LINK = re.compile(r"(https?://\S+)")
_LETTERS_PER_REFERENCE = 10
_CODE = re.compile(r"\b(\d{6})\b")


def register(laboratories: Iterable[Simulated], *, valid: timedelta) -> dict[str, str]:
    """Write laboratories into the directory and give each a key: FINESS number to key.

    A key that an earlier run gave one of them ends, so that its biologist finds room for his own.
    """
    now = datetime.now(UTC)
    known = list(laboratories)
    Laboratory.objects.bulk_create(
        [_in_the_directory(lab) for lab in known],
        update_conflicts=True,
        unique_fields=["finess"],
        update_fields=["address", "phone"],
    )
    MachineKey.objects.filter(
        laboratory__in=[lab.finess for lab in known], name=_KEY_NAME, revoked_at=None
    ).update(revoked_at=now)
    return {
        lab.finess: new_machine_key(laboratory=lab.finess, name=_KEY_NAME, now=now, expires_at=now + valid)[1]
        for lab in known
    }


def _in_the_directory(laboratory: Simulated) -> Laboratory:
    """With an address for letters, and a number of those that are kept for fiction, for the help desk to call."""
    return Laboratory(
        finess=laboratory.finess,
        name=laboratory.name,
        department=laboratory.department,
        address=f"1 place du Marché\n{laboratory.name.removeprefix('LBM ')}",
        phone=f"01 99 00 {laboratory.finess[5:7]} {laboratory.finess[7:]}",
    )


def positives() -> int:
    """How many results that hold are positive."""
    with acting(system(Purpose.OPERATION)) as cursor:
        cursor.execute("SELECT count(*) FROM screening_result WHERE current AND result = 'P'")
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def cases() -> int:
    """How many cases were opened."""
    with acting(system(Purpose.OPERATION)):
        return Case.objects.count()


def letters(most: int) -> list[dict[str, Any]]:
    """The newest letters for the outbox page, with the birth date that whoever tries a link will need."""
    keyring = keyring_of(settings.KEY_STORE)
    found = [
        (at, letter, _REFERENCE.search(letter.text)) for at, letter in newest(keyring=keyring, most=most)
    ]
    digests = [reference_digest(match[1]) for _, _, match in found if match]
    with acting(system(Purpose.OPERATION)):
        accesses = {bytes(a.reference): a.identity_id for a in Access.objects.filter(reference__in=digests)}
        identities = read_identities(set(accesses.values()), keyring=keyring)
    shown = []
    for at, letter, match in found:
        identity = identities.get(accesses.get(reference_digest(match[1]))) if match else None  # type: ignore[arg-type]
        born = identity.birth_date if identity else None
        shown.append({"at": at, "letter": letter, "parts": _LINK.split(letter.text), "born": born})
    return shown


def collect_certificates(most: int) -> int:
    """Let patients who were sent a link fetch their certificate, as the portal does it; how many got one."""
    return sum(_fetch(reference) for reference in _references(most))


def _references(most: int) -> Iterator[str]:
    """The newest references that were sent; codes and letters to agents lie among them."""
    letters = newest(keyring=keyring_of(settings.KEY_STORE), most=_LETTERS_PER_REFERENCE * most)
    found = (_REFERENCE.search(letter.text) for _, letter in letters)
    return islice((match[1] for match in found if match), most)


def _fetch(reference: str) -> bool:
    """One patient: birth date, code from his messages, certificate."""
    keyring, now = keyring_of(settings.KEY_STORE), datetime.now(UTC)
    access = Access.objects.get(reference=reference_digest(reference))
    with acting(system(Purpose.OPERATION)):
        identity = read_identity(access.identity_id, keyring=keyring)
    if identity is None:
        return False
    challenge = opening.ask_code(
        reference=reference, birth_date=identity.birth_date, keyring=keyring, origin="", now=now
    )
    (_, letter), *_ = newest(keyring=keyring, most=1)
    code = _CODE.search(letter.text)
    proof = code and opening.open_result(
        reference=reference, challenge=challenge, code=code[1], keyring=keyring, origin="", now=now
    )
    if not proof:
        return False
    pdf = certifying.certificate(
        proof=proof,
        keyring=keyring,
        pathogen=pathogen(settings.PATHOGEN),
        signers=signers(settings.KEY_STORE),
        origin="",
        now=now,
    )
    return pdf.startswith(b"%PDF")
