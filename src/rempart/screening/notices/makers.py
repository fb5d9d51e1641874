"""The documents that go with notices, made when they leave from the result as it is then, and kept nowhere."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from uuid import UUID

from django.db.backends.utils import CursorWrapper

from rempart.foundation.access.actor import Purpose, acting, system
from rempart.foundation.access.refusals import NotAllowed
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.messaging.letters import Maker, Withdrawn
from rempart.foundation.people.teleservice.confirmed import confirmed_numbers
from rempart.foundation.terminology import pathogen
from rempart.foundation.vault import Keyring
from rempart.proofs.documents.certificate import render_certificate
from rempart.proofs.documents.postal import LetterKind, PostalLetter, render_letter
from rempart.proofs.testcertificate import issue
from rempart.screening.models import Access
from rempart.screening.notices import archives
from rempart.screening.notices.services import reference_digest
from rempart.screening.portal.services.certifying import ISSUER, to_certify
from rempart.screening.portal.services.downloads import exported
from rempart.screening.portal.services.showing import Shown, shown_by
from rempart.screening.services.documents import opened
from rempart.screening.services.moving import OUT_OF_SIGHT
from rempart.screening.services.published import result_of
from rempart.screening.signing.signers import Signers

LETTER, REPORT, CERTIFICATE = "screening.letter", "screening.report", "screening.certificate"
ARCHIVE = "screening.archive"

_OF_AGE = 18
_REFERENCE_BYTES = 16
_PDF = "application/pdf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """What documents are made with. `sender`: the lines of the address to which letters come back."""

    keyring: Keyring
    signers: Callable[[], Signers]
    public_url: str
    sender: tuple[str, ...] = ()


def makers(press: Press) -> Mapping[str, Maker]:
    """Who makes what goes with our messages, by the names that the outbox knows. Each takes "month|key" of a version of
    a result, and raises Withdrawn when that tells nothing true any more."""
    return {
        LETTER: partial(_made, press, _letter),
        REPORT: partial(_made, press, _report),
        CERTIFICATE: partial(_made, press, _certificate),
        ARCHIVE: partial(_made, press, _archive),
    }


def reference_of(result_id: UUID, *, keyring: Keyring) -> str:
    """The reference that the letter of a result carries: the same whenever it is made again, and known to nobody
    without the key store."""
    digest = hmac.digest(keyring.secret("letter-reference"), result_id.bytes, "sha256")
    return base64.urlsafe_b64encode(digest[:_REFERENCE_BYTES]).rstrip(b"=").decode()


def recipient_lines(shown: Shown, *, today: date) -> tuple[str, ...]:
    """Whom a letter is addressed to, and where: a child's goes to whoever stands for her."""
    identity = shown.identity
    name = " ".join((*identity.first_names[:1], identity.used_name or identity.birth_name))
    home = tuple(line.strip() for line in shown.details.get("address", ()) if line.strip())
    born = identity.birth_date
    is_child = (
        born is not None
        and (today.year - born.year - ((today.month, today.day) < (born.month, born.day))) < _OF_AGE
    )
    return ("Au représentant légal de", name, *home) if is_child else (name, *home)


_Make = Callable[[Press, Shown, CursorWrapper, datetime], bytes]


def _made(press: Press, make: _Make, of: str) -> bytes:
    month, _, key = of.partition("|")
    with acting(system(Purpose.NOTICE)) as cursor:
        shown = _still_true(cursor, date.fromisoformat(month), UUID(key), keyring=press.keyring)
        return make(press, shown, cursor, datetime.now(UTC))


def _still_true(cursor: CursorWrapper, month: date, key: UUID, *, keyring: Keyring) -> Shown:
    """The latest version of a result, if it says the same as this one. Raises Withdrawn."""
    said = result_of(cursor, month=month, result_id=key)
    if said is None or said.department == OUT_OF_SIGHT:
        raise Withdrawn
    access = Access(
        month=said.month, result_id=said.id, person_id=said.person_id, identity_id=said.identity_id
    )
    try:
        shown = shown_by(cursor, access, system(Purpose.NOTICE), keyring, pathogen(said.pathogen))
    except NotAllowed:
        raise Withdrawn from None
    if shown.withdrawn or shown.result.result != said.result:
        raise Withdrawn
    return shown


def _letter(press: Press, shown: Shown, cursor: CursorWrapper, now: datetime) -> bytes:
    """The letter by post, with a reference of its own: who has no telephone opens it with FranceConnect, or asks."""
    result = shown.result
    reference = reference_of(result.id, keyring=press.keyring)
    Access.objects.get_or_create(
        reference=reference_digest(reference),
        defaults={
            "month": result.month,
            "result_id": result.id,
            "person_id": result.person_id,
            "identity_id": result.identity_id,
            "department": result.department,
            "created_at": now,
            "expires_on": result.expires_on,
        },
    )
    _note(Act.LETTER_MADE, shown, now)
    disease = pathogen(result.pathogen)
    return render_letter(
        PostalLetter(
            kind=LetterKind.POSITIVE if shown.makes_a_case(disease) else LetterKind.READY,
            issuer=ISSUER,
            sender=press.sender,
            recipient=recipient_lines(shown, today=now.date()),
            disease=disease.label_fr,
            sampled_at=result.sampled_at,
            zone=str(shown.sampled_locally.tzinfo),
            laboratory_name=shown.laboratory_name,
            reference=shown.record_number,
            link=f"{press.public_url}/r/{reference}",
            enclosed=("le certificat de votre test",),
            at=now,
        )
    )


def _report(press: Press, shown: Shown, cursor: CursorWrapper, now: datetime) -> bytes:
    """The laboratory's own report where it attached one as PDF, else our certificate."""
    attached = next(
        (one for one in opened(shown.result.id, keyring=press.keyring) if one.media_type == _PDF), None
    )
    if attached is None:
        return _certificate(press, shown, cursor, now)
    _note(Act.REPORT_SENT, shown, now, form="report")
    return attached.content


def _certificate(press: Press, shown: Shown, cursor: CursorWrapper, now: datetime) -> bytes:
    content = to_certify(shown, keyring=press.keyring, pathogen=pathogen(shown.result.pathogen))
    keys = press.signers()
    issued = issue(content, dcc_signer=keys.dcc, twoddoc_signer=keys.twoddoc, issued_at=now)
    _note(Act.REPORT_SENT, shown, now, form="certificate")
    return render_certificate(content, issued)


def _archive(press: Press, shown: Shown, cursor: CursorWrapper, now: datetime) -> bytes:
    """The archive that software takes in; there is none once the number is nobody's, or somebody else's."""
    person = shown.result.person_id
    number = confirmed_numbers(cursor, {person}, keyring=press.keyring).get(person)
    if number is None:
        raise Withdrawn
    attached = opened(shown.result.id, keyring=press.keyring)
    content = archives.archive(
        exported(shown, attached, now=now, number=number), author=ISSUER, url=press.public_url, now=now
    )
    _note(Act.REPORT_SENT, shown, now, form="archive")
    return content


def _note(act: Act, shown: Shown, now: datetime, **said: str) -> None:
    record(system(Purpose.NOTICE), act, str(shown.result.id), now=now, person=shown.result.person_id, **said)
