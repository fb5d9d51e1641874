"""The patient's portal: a reference, a birth date, a one-time code; then the result and its certificate.

No answer tells which part was wrong, nor whether a reference exists.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.backends.utils import CursorWrapper

from rempart.foundation.access import limits
from rempart.foundation.access.actor import Actor, Purpose, acting, naming, patient, system
from rempart.foundation.access.limits import Door, Use
from rempart.foundation.access.refusals import NotAllowed, TooMany
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.directories.models import Laboratory
from rempart.foundation.identifiers import finess
from rempart.foundation.messaging.outbox import enqueue
from rempart.foundation.people.content import IdentityRecord
from rempart.foundation.people.identities import read_identity
from rempart.foundation.retention import Kind, retention
from rempart.foundation.terminology import Analysis, Pathogen, ResultRule
from rempart.foundation.territories import zone_of
from rempart.foundation.vault import Keyring
from rempart.proofs import testcertificate, uvci
from rempart.proofs.pdf import render_pdf
from rempart.screening.models import Access
from rempart.screening.rules.attempts import CODE_DIGITS, CODE_VALID, Challenge, right
from rempart.screening.services.documents import Attached, attached_to
from rempart.screening.services.notices import contact, letter_to, reference_digest
from rempart.screening.services.published import COLUMNS, PublishedResult, published
from rempart.screening.services.signers import Signers


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the portal shows of one result; times are on the clock of the place of sampling."""

    result: PublishedResult
    identity: IdentityRecord
    analysis: Analysis
    meaning: ResultRule
    laboratory_name: str
    sampled_locally: datetime
    details: Mapping[str, Any] = field(repr=False)  # what is sealed beside the result
    documents: Sequence[Attached]
    device: str  # the rapid test used, by its number in the EU list; empty when it has none

    @property
    def record_number(self) -> str:
        return str(self.details["record"])

    @property
    def withdrawn(self) -> bool:
        """Whether the laboratory took the result back, or gave it to another person by a correction."""
        return not self.result.current


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
    codes go there too. Raises NotAllowed when his access is gone.

    The others of the same person are not his to see by it: traits are matched, and whoever is tested under
    somebody's name and birth date, with a telephone of his own, is matched to him.
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
    return own, frozenset(one.id for key, all_ in versions.items() if reached[key] == own for one in all_)


def person_of(actor: Actor) -> UUID:
    """The one person whom a visitor stands for. Raises NotAllowed when he is nobody in particular."""
    if len(actor.persons) != 1:
        raise NotAllowed("not one person")
    return actor.persons[0]


def show(*, proof: str, keyring: Keyring, pathogen: Pathogen, origin: str, now: datetime) -> Shown:
    """The result behind a proven access, in its latest version. Raises NotAllowed when it is gone."""
    actor, access = proven(proof, origin=origin, now=now)
    with acting(actor) as cursor:
        shown = shown_by(cursor, access, actor, keyring, pathogen)
        record(actor, Act.RESULT_SEEN, str(shown.result.id), now=now, person=access.person_id)
    return shown


def certificate(
    *, proof: str, keyring: Keyring, pathogen: Pathogen, signers: Signers, origin: str, now: datetime
) -> bytes:
    """The signed certificate of a proven access, as PDF. Raises NotAllowed when there is none to give."""
    actor, access = proven(proof, origin=origin, now=now)
    with acting(actor) as cursor:
        shown = shown_by(cursor, access, actor, keyring, pathogen)
        if shown.withdrawn:
            raise NotAllowed("withdrawn")
        pdf = render(shown, keyring=keyring, pathogen=pathogen, signers=signers, now=now)
        record(actor, Act.CERTIFICATE_ISSUED, str(shown.result.id), now=now, person=access.person_id)
    return pdf


def render(shown: Shown, *, keyring: Keyring, pathogen: Pathogen, signers: Signers, now: datetime) -> bytes:
    """Sign and typeset the certificate of a shown result. Raises ValueError for content no format holds."""
    content = to_certify(shown, keyring=keyring, pathogen=pathogen)
    issued = testcertificate.issue(
        content, dcc_signer=signers.dcc, twoddoc_signer=signers.twoddoc, issued_at=now
    )
    return render_pdf(content, issued)


def to_certify(shown: Shown, *, keyring: Keyring, pathogen: Pathogen) -> testcertificate.TestCertificate:
    """The content of the certificate of a shown result; the same result has the same UVCI for ever."""
    identity, result = shown.identity, shown.result
    seed = f"{result.id}|{result.version}".encode()
    return testcertificate.TestCertificate(
        birth_name=identity.birth_name or identity.used_name,
        first_names=identity.first_names,
        birth_date=identity.birth_date or date(1, 1, 1),
        sex=testcertificate.Sex(identity.sex or "U"),
        loinc=result.loinc,
        analysis_label=shown.analysis.label_fr,
        analysis=testcertificate.Analysis(shown.analysis.certificate),
        result=testcertificate.Result(result.result),
        sampled_at=result.sampled_at,
        zone=str(shown.sampled_locally.tzinfo),
        laboratory_name=shown.laboratory_name,
        issuer="Rempart",
        uvci=uvci.derive(hmac.digest(keyring.secret("uvci"), seed, "sha256")),
        disease_code=pathogen.disease_agent,
        disease_label=pathogen.label_fr,
        device=shown.device,
        reference=shown.record_number,
    )


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
        row = _latest(cursor, access)
        details = contact(keyring, row.sealed, row.id.bytes) if row else None
        letter = letter_to(details, "code", code=code) if details else None
        if letter is None:
            return False
        until = retention(Kind.CODE).last_day(now.date(), today=now.date())
        enqueue(cursor, [letter], keyring=keyring, expires_on=until, now=now)
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
    letter = letter_to(details, "code", code="") if details else None
    return "".join(letter.recipient.split()).casefold() if letter else ""


def _latest(cursor: CursorWrapper, access: Access) -> PublishedResult | None:
    cursor.execute(
        f"""SELECT {COLUMNS} FROM screening_result first
            JOIN screening_result r ON r.person_id = first.person_id AND r.ledger_key = first.ledger_key
            WHERE first.month = %s AND first.id = %s AND first.person_id = %s
            ORDER BY r.version DESC LIMIT 1""",  # noqa: S608 -- a list of our own columns
        (access.month, access.result_id, access.person_id),
    )
    row = cursor.fetchone()
    return published(row) if row else None


def shown_by(
    cursor: CursorWrapper, access: Access, actor: Actor, keyring: Keyring, pathogen: Pathogen
) -> Shown:
    """The latest version of the result of an access. Raises NotAllowed when there is nothing left of it."""
    result = _latest(cursor, access)
    identity_id = result.identity_id if result else access.identity_id  # a correction may correct it too
    with acting(naming(actor, identities=(identity_id,))):
        identity = read_identity(identity_id, keyring=keyring)
    details = contact(keyring, result.sealed, result.id.bytes) if result else None
    analysis = pathogen.analysis(result.loinc) if result else None
    if result is None or identity is None or details is None or analysis is None:
        raise NotAllowed("nothing left to show")
    laboratory = Laboratory.objects.filter(finess=result.laboratory).first()
    zone = zone_of(finess.parse(result.laboratory).department)
    return Shown(
        result=result,
        identity=identity,
        analysis=analysis,
        meaning=pathogen.meaning(result.result, analysis.kind),
        laboratory_name=laboratory.name if laboratory else details["laboratory"] or result.laboratory,
        sampled_locally=result.sampled_at.astimezone(zone),
        details=details,
        documents=attached_to(result.id),
        device=number if (number := details.get("device", "")).isdigit() else "",
    )
