"""The patient's portal: a reference, a birth date, a one-time code; then the result and its certificate.

No answer tells which part was wrong, nor whether a reference exists.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.backends.utils import CursorWrapper

from rempart.foundation.access.actor import Actor, Purpose, acting, naming, patient, system
from rempart.foundation.access.refusals import NotAllowed
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.directories.models import Laboratory
from rempart.foundation.identifiers import finess
from rempart.foundation.messaging.outbox import enqueue
from rempart.foundation.people.content import IdentityRecord
from rempart.foundation.people.identities import read_identity
from rempart.foundation.terminology import Analysis, Pathogen, ResultRule
from rempart.foundation.territories import zone_of
from rempart.foundation.vault import Keyring
from rempart.proofs import testcertificate, uvci
from rempart.proofs.pdf import render_pdf
from rempart.screening.models import Access
from rempart.screening.rules import attempts
from rempart.screening.services.notices import contact, letter_to, reference_digest
from rempart.screening.services.published import COLUMNS, PublishedResult, published
from rempart.screening.services.signers import Signers

CODE_DIGITS = 6

@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the portal shows of one result; times are on the clock of the place of sampling."""

    result: PublishedResult
    identity: IdentityRecord
    analysis: Analysis
    meaning: ResultRule
    laboratory_name: str
    sampled_locally: datetime
    record_number: str

    @property
    def withdrawn(self) -> bool:
        """Whether the laboratory took the result back, or gave it to another person by a correction."""
        return not self.result.current


def ask_code(*, reference: str, birth_date: date | None, keyring: Keyring, now: datetime) -> None:
    """Send a one-time code to the person, if reference and birth date are right; say nothing either way."""
    with transaction.atomic():
        access = _locked_access(reference)
        if access is None or _is_locked(access, now) or access.expires_on < now.date():
            return
        person = _actor(access)
        with acting(person) as cursor:
            identity = read_identity(access.identity_id, keyring=keyring)
            if identity is None or birth_date is None or identity.birth_date != birth_date:
                _fail(access, now)
                return
            if access.codes_sent >= attempts.MOST_CODES:
                return
            _send_code(cursor, access, person, reference=reference, keyring=keyring, now=now)


def open_result(*, reference: str, code: str, keyring: Keyring, now: datetime) -> str | None:
    """The proof to keep in the session when the code is right, else None."""
    with transaction.atomic():
        access = _locked_access(reference)
        if access is None or _is_locked(access, now):
            return None
        expected = bytes(access.code) if access.code else b""
        valid = access.code_until is not None and now < access.code_until
        if not (valid and hmac.compare_digest(expected, _code_digest(keyring, reference, code))):
            _fail(access, now)
            return None
        Access.objects.filter(pk=access.pk).update(code=None, code_until=None, failures=0)
    return bytes(access.reference).hex()


def show(*, proof: str, keyring: Keyring, pathogen: Pathogen, now: datetime) -> Shown:
    """The result behind a proven access, in its latest version. Raises NotAllowed when it is gone."""
    actor, access = _proven(proof, now)
    with acting(actor) as cursor:
        shown = _shown(cursor, access, keyring, pathogen)
        record(actor, Act.RESULT_SEEN, str(shown.result.id), now=now, person=access.person_id)
    return shown


def certificate(
    *, proof: str, keyring: Keyring, pathogen: Pathogen, signers: Signers, now: datetime
) -> bytes:
    """The signed certificate of a proven access, as PDF. Raises NotAllowed when there is none to give."""
    actor, access = _proven(proof, now)
    with acting(actor) as cursor:
        shown = _shown(cursor, access, keyring, pathogen)
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
        reference=shown.record_number,
    )


def _locked_access(reference: str) -> Access | None:
    return Access.objects.select_for_update().filter(reference=reference_digest(reference)).first()


def _is_locked(access: Access, now: datetime) -> bool:
    return attempts.locked(failures=access.failures, last_failure_at=access.last_failure_at, now=now)


def _fail(access: Access, now: datetime) -> None:
    failures = attempts.failures_after(
        failures=access.failures, last_failure_at=access.last_failure_at, now=now
    )
    Access.objects.filter(pk=access.pk).update(failures=failures, last_failure_at=now)
    record(
        system(Purpose.OWN_DATA), Act.CODE_REFUSED, str(access.result_id), now=now, person=access.person_id
    )


def _send_code(
    cursor: CursorWrapper, access: Access, person: Actor, *, reference: str, keyring: Keyring, now: datetime
) -> None:
    row = _latest(cursor, access)
    details = contact(keyring, row.sealed, row.id.bytes) if row else None
    code = "".join(secrets.choice("0123456789") for _ in range(CODE_DIGITS))
    letter = letter_to(details, "code", code=code) if details else None
    if letter is None:
        return
    Access.objects.filter(pk=access.pk).update(
        code=_code_digest(keyring, reference, code),
        code_until=now + attempts.CODE_VALID,
        codes_sent=access.codes_sent + 1,
    )
    enqueue(cursor, [letter], keyring=keyring, expires_on=now.date() + timedelta(days=1), now=now)
    record(person, Act.CODE_SENT, str(access.result_id), now=now, person=access.person_id)


def _code_digest(keyring: Keyring, reference: str, code: str) -> bytes:
    """Six digits are few: the digest is keyed, and bound to its reference."""
    digits = "".join(character for character in code if character.isdigit())
    return hmac.digest(keyring.secret("portal-code"), f"{reference}|{digits}".encode(), "sha256")


def _proven(proof: str, now: datetime) -> tuple[Actor, Access]:
    access = Access.objects.filter(reference=bytes.fromhex(proof), expires_on__gte=now.date()).first()
    if access is None:
        raise NotAllowed("no such access")
    return _actor(access), access


def _actor(access: Access) -> Actor:
    return patient(
        access=bytes(access.reference).hex()[:16], person=access.person_id, identity=access.identity_id
    )


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


def _shown(cursor: CursorWrapper, access: Access, keyring: Keyring, pathogen: Pathogen) -> Shown:
    result = _latest(cursor, access)
    identity_id = result.identity_id if result else access.identity_id  # a correction may correct it too
    with acting(naming(_actor(access), identities=(identity_id,))):
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
        meaning=pathogen.results[result.result],
        laboratory_name=laboratory.name if laboratory else details["laboratory"] or result.laboratory,
        sampled_locally=result.sampled_at.astimezone(zone),
        record_number=details["record"],
    )
