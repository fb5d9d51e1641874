"""Opening the portal: a reference, a birth date, a one-time code; and what a proof that was given opens later.

No answer tells which part was wrong, nor whether a reference exists.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from django.db.backends.utils import CursorWrapper

from rempart.foundation.access import limits
from rempart.foundation.access.actor import Actor, Purpose, acting, patient, system
from rempart.foundation.access.limits import Door, Use
from rempart.foundation.access.refusals import NotAllowed, TooMany
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.messaging.outbox import enqueue
from rempart.foundation.people.identities import read_identity
from rempart.foundation.retention import Kind, retention
from rempart.foundation.vault import Keyring
from rempart.screening.models import Access
from rempart.screening.notices.services import contact, letter_to, reference_digest, ways_to
from rempart.screening.notices.wording.services import texts_at
from rempart.screening.rules.attempts import CODE_DIGITS, CODE_VALID, Challenge, right
from rempart.screening.services.published import COLUMNS, PublishedResult, published


def ask_code(
    *, reference: str, birth_date: date | None, keyring: Keyring, origin: str, now: datetime
) -> Challenge:
    """Send a one-time code to the person, if reference and birth date are right; say nothing either way.

    The answer is kept in the visit, for `open_result`. Raises TooMany, whether the reference exists or not.
    """
    limits.charge(Door.PORTAL, subject=_subject(reference), address=origin, now=now)
    nothing = Challenge(digest=secrets.token_bytes(32), until=now + CODE_VALID)
    access = _access(reference)
    if access is None or access.expires_on < now.date():
        return nothing
    if not _is_born(access, birth_date, keyring=keyring, origin=origin):
        _refuse(access, origin=origin, now=now)
        return nothing
    try:
        limits.take(Use.PORTAL_CODES_SENT, of=_subject(reference), now=now)
    except TooMany:
        return nothing
    code = "".join(secrets.choice("0123456789") for _ in range(CODE_DIGITS))
    if not _send(code, access, keyring=keyring, origin=origin, now=now):
        return nothing
    return Challenge(digest=_code_digest(keyring, reference, code), until=now + CODE_VALID)


def open_result(
    *, reference: str, challenge: Challenge, code: str, keyring: Keyring, origin: str, now: datetime
) -> str | None:
    """The proof to keep in the session when the code is right, else None."""
    try:
        limits.take(Use.PORTAL_CODE, of=challenge.digest.hex(), now=now)
    except TooMany:
        return None
    access = _access(reference)
    if access is None:
        return None
    if not right(challenge, digest=_code_digest(keyring, reference, code), now=now):
        _refuse(access, origin=origin, now=now)
        return None
    limits.give_back(Door.PORTAL, subject=_subject(reference), address=origin, now=now)
    return bytes(access.reference).hex()


def visitor(*, proof: str, origin: str, now: datetime) -> Actor:
    """Who is behind a proven access, for what else he may ask of his own. Raises NotAllowed when it is gone."""
    return proven(proof, origin=origin, now=now)[0]


def proven_likewise(cursor: CursorWrapper, actor: Actor, *, keyring: Keyring) -> tuple[str, frozenset[UUID]]:
    """What the code of a visitor proved: where it was sent, and every version of the results of his person whose
    codes go there too. Raises NotAllowed when his access is gone."""
    reached, results = results_likewise(cursor, actor, keyring=keyring)
    return reached, frozenset(one.id for versions in results for one in versions)


def results_likewise(
    cursor: CursorWrapper, actor: Actor, *, keyring: Keyring
) -> tuple[str, Sequence[Sequence[PublishedResult]]]:
    """The same, as results: the versions of each, oldest first. Raises NotAllowed when his access is gone.

    The others of the same person are not his to see by it: traits are matched, and whoever is tested under
    somebody's name and birth date, with a telephone of his own, is matched to him. Nor are those of other
    persons whose codes go to the same telephone: each has a link of its own.
    """
    person = person_of(actor)
    accesses = Access.objects.filter(person_id=person)
    access = next((one for one in accesses if _visit(one) == actor.id), None)
    if access is None:
        raise NotAllowed("no such access")
    cursor.execute(
        f"SELECT {COLUMNS} FROM screening_result r WHERE r.person_id = %s ORDER BY r.version",  # noqa: S608 -- our own columns
        (person,),
    )
    versions: dict[bytes, list[PublishedResult]] = {}
    for row in cursor.fetchall():
        result = published(row)
        versions.setdefault(bytes(result.ledger_key), []).append(result)
    reached = {key: _reached(all_[-1], keyring) for key, all_ in versions.items()}
    own = next(
        (reached[key] for key, all_ in versions.items() if access.result_id in {one.id for one in all_}), ""
    )
    if not own:
        raise NotAllowed("nothing left to prove")
    return own, [all_ for key, all_ in versions.items() if reached[key] == own]


def person_of(actor: Actor) -> UUID:
    """The one person whom a visitor stands for. Raises NotAllowed when he is nobody in particular."""
    if len(actor.persons) != 1:
        raise NotAllowed("not one person")
    return actor.persons[0]


def _access(reference: str) -> Access | None:
    return Access.objects.filter(reference=reference_digest(reference)).first()


def _subject(reference: str) -> str:
    """What tries are counted against: any reference, whether it exists or not."""
    return reference_digest(reference).hex()


def _is_born(access: Access, birth_date: date | None, *, keyring: Keyring, origin: str) -> bool:
    with acting(_actor(access, origin=origin)):
        identity = read_identity(access.identity_id, keyring=keyring)
    return identity is not None and birth_date is not None and identity.birth_date == birth_date


def _refuse(access: Access, *, origin: str, now: datetime) -> None:
    who = replace(system(Purpose.OWN_DATA), origin=origin)
    record(who, Act.CODE_REFUSED, str(access.result_id), now=now, person=access.person_id)


def _send(code: str, access: Access, *, keyring: Keyring, origin: str, now: datetime) -> bool:
    """Write the letter with the code; False when there is nobody to send it to."""
    person = _actor(access, origin=origin)
    with acting(person) as cursor:
        row = latest(cursor, access)
        details = contact(keyring, row.sealed, row.id.bytes) if row else None
        letter = letter_to(details, "code", texts=texts_at(now), code=code) if details else None
        if letter is None:
            return False
        until = retention(Kind.CODE).last_day(now.date(), today=now.date())
        enqueue(cursor, [letter], keyring=keyring, expires_on=until, now=now, about="code", wakes=True)
        record(person, Act.CODE_SENT, str(access.result_id), now=now, person=access.person_id)
    return True


def _code_digest(keyring: Keyring, reference: str, code: str) -> bytes:
    """Six digits are few: the digest is keyed, and bound to its reference."""
    digits = "".join(character for character in code if character.isdigit())
    return hmac.digest(keyring.secret("portal-code"), f"{reference}|{digits}".encode(), "sha256")


def proven(proof: str, *, origin: str, now: datetime) -> tuple[Actor, Access]:
    """Who is behind a proof, and the access it opens. Raises NotAllowed when it is gone."""
    access = Access.objects.filter(reference=bytes.fromhex(proof), expires_on__gte=now.date()).first()
    if access is None:
        raise NotAllowed("no such access")
    return _actor(access, origin=origin), access


def _actor(access: Access, *, origin: str) -> Actor:
    return patient(
        access=_visit(access),
        person=access.person_id,
        identity=access.identity_id,
        origin=origin,
    )


def _visit(access: Access) -> str:
    """How the trail names whoever came by an access: as much of it as tells it from others, and opens nothing."""
    return bytes(access.reference).hex()[:16]


def _reached(result: PublishedResult, keyring: Keyring) -> str:
    """Where the code of a result is sent; empty for nowhere."""
    details = contact(keyring, result.sealed, result.id.bytes)
    _, ways = ways_to(details or {})
    return "".join(ways[0][1].split()).casefold() if ways else ""


def latest(cursor: CursorWrapper, access: Access) -> PublishedResult | None:
    """The latest version of the result of an access; None when nothing is left of it."""
    cursor.execute(
        f"""SELECT {COLUMNS} FROM screening_result first
            JOIN screening_result r ON r.person_id = first.person_id AND r.ledger_key = first.ledger_key
            WHERE first.month = %s AND first.id = %s AND first.person_id = %s
            ORDER BY r.version DESC LIMIT 1""",  # noqa: S608 -- a list of our own columns
        (access.month, access.result_id, access.person_id),
    )
    row = cursor.fetchone()
    return published(row) if row else None
