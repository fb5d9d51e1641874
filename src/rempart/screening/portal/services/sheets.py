"""The sheets that go with a positive result: what it means and whom to call, with the declaration code; what everybody does."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache

from rempart.foundation.access.actor import acting
from rempart.foundation.access.refusals import NotAllowed
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.terminology import Pathogen
from rempart.foundation.vault import Keyring
from rempart.proofs.documents.printing import ISSUED_ZONE
from rempart.proofs.documents.sheets import (
    Declaration,
    HygieneSheet,
    InformationSheet,
    OrientationSheet,
    render_hygiene,
    render_information,
    render_orientation,
)
from rempart.screening.portal.application import application, declare_link
from rempart.screening.portal.services.certifying import ISSUER
from rempart.screening.portal.services.declaring import declaration_code
from rempart.screening.portal.services.opening import proven
from rempart.screening.portal.services.showing import Shown, shown_by


class Sheet(StrEnum):
    INFORMATION = "information"
    HYGIENE = "hygiene"


def information(
    *, proof: str, seed: bytes, keyring: Keyring, pathogen: Pathogen, origin: str, now: datetime
) -> bytes:
    """The information sheet of a proven positive, as PDF, with its declaration code while there is one that holds.
    Raises NotAllowed for any other result."""
    shown = _given(Sheet.INFORMATION, proof=proof, keyring=keyring, pathogen=pathogen, origin=origin, now=now)
    return render_information(
        InformationSheet(
            issuer=ISSUER,
            disease=pathogen.label_fr,
            sampled_at=shown.result.sampled_at,
            zone=str(shown.sampled_locally.tzinfo),
            laboratory_name=shown.laboratory_name,
            reference=shown.record_number,
            has_report=bool(shown.documents),
            declaration=_declaration(shown, seed=seed, keyring=keyring, pathogen=pathogen, now=now),
            at=now,
        )
    )


def hygiene(*, proof: str, keyring: Keyring, pathogen: Pathogen, origin: str, now: datetime) -> bytes:
    """The hygiene sheet, as PDF, beside a proven positive. Raises NotAllowed for any other result."""
    _given(Sheet.HYGIENE, proof=proof, keyring=keyring, pathogen=pathogen, origin=origin, now=now)
    return render_hygiene(HygieneSheet(issuer=ISSUER, disease=pathogen.label_fr, at=now))


@lru_cache(maxsize=4)
def orientation(*, disease: str, portal: str, on: date) -> bytes:
    """The sheet of a day for people without telephone and mail, as PDF; it is everybody's, and made once."""
    made = datetime.combine(on, time(), ISSUED_ZONE)
    return render_orientation(OrientationSheet(issuer=ISSUER, disease=disease, portal=portal, at=made))


def _given(
    sheet: Sheet, *, proof: str, keyring: Keyring, pathogen: Pathogen, origin: str, now: datetime
) -> Shown:
    actor, access = proven(proof, origin=origin, now=now)
    with acting(actor) as cursor:
        shown = shown_by(cursor, access, actor, keyring, pathogen)
        if not shown.makes_a_case(pathogen):
            raise NotAllowed("no sheet goes with it")
        record(
            actor,
            Act.SHEET_GIVEN,
            str(shown.result.id),
            now=now,
            person=access.person_id,
            sheet=sheet.value,
        )
    return shown


def _declaration(
    shown: Shown, *, seed: bytes, keyring: Keyring, pathogen: Pathogen, now: datetime
) -> Declaration | None:
    named = application()
    code = declaration_code(shown, seed=seed, keyring=keyring, pathogen=pathogen, now=now) if named else None
    if named is None or code is None or not code.holds(now):
        return None
    return Declaration(
        application=named.name,
        code=code.text,
        link=declare_link(named, code.text),
        until=code.until.date() + timedelta(days=1),
    )
