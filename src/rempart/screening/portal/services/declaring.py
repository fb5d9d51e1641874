"""The declaration code of a positive result, for the application of the person's phone (decision 047).

It is asked for outside the transactions that know who is there, with a seed that the visitor brought: what leads from her
to her code is in her link, or with FranceConnect, and nowhere here.
"""

from __future__ import annotations

import hmac
from datetime import datetime

from rempart.foundation.terminology import Pathogen
from rempart.foundation.vault import Keyring
from rempart.proximity.codes import services as codes
from rempart.proximity.codes.rules import Code, is_useful
from rempart.screening.portal.services.showing import Shown


def seed(brought: str, *, keyring: Keyring) -> bytes:
    """What a visit keeps of what its visitor brought: the reference of a link, or FranceConnect's name for her."""
    return hmac.digest(keyring.secret("declaration-seed"), brought.encode(), "sha256")


def declaration_code(
    shown: Shown, *, seed: bytes, keyring: Keyring, pathogen: Pathogen, now: datetime
) -> Code | None:
    """The code of a shown result, the same at each asking of one visitor; None where there is none to give.

    It may hold no longer: then it has ended, and no other one is given. Not to be called within a transaction.
    """
    if not may_declare(shown, pathogen=pathogen, now=now):
        return None
    origin = hmac.digest(seed, bytes(shown.result.ledger_key), "sha256")
    return codes.issue(origin=origin, keyring=keyring, now=now)


def may_declare(shown: Shown, *, pathogen: Pathogen, now: datetime) -> bool:
    """Whether a result gives a code: one that makes a case, sampled not long ago."""
    return shown.makes_a_case(pathogen) and is_useful(sampled_on=shown.result.sampled_on, today=now.date())
