"""What is handed over on paper: the certificate, and the sheet that says to the laboratory what to do with it.

Made when a message leaves or when somebody prints, from the result as it is then, and kept nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

from django.db.backends.utils import CursorWrapper

from rempart.foundation.access.actor import Purpose, acting, system
from rempart.foundation.access.refusals import NotAllowed
from rempart.foundation.messaging.letters import Maker, Withdrawn
from rempart.foundation.terminology import pathogen
from rempart.foundation.vault import Keyring
from rempart.proofs.documents.certificate import render_certificate
from rempart.proofs.documents.sheets import (
    HandoverSheet,
    HygieneSheet,
    InformationSheet,
    render_handover,
    render_hygiene,
    render_information,
)
from rempart.proofs.testcertificate import Sex, issue
from rempart.screening.handover.models import Handover
from rempart.screening.handover.rules.keeping import policy
from rempart.screening.handover.rules.papers import Paper
from rempart.screening.handover.rules.states import State
from rempart.screening.handover.rules.wording import words
from rempart.screening.handover.services.posting import maker_of
from rempart.screening.models import Access
from rempart.screening.portal.services.certifying import ISSUER, to_certify
from rempart.screening.portal.services.showing import Shown, shown_by
from rempart.screening.services.moving import OUT_OF_SIGHT
from rempart.screening.services.published import result_of
from rempart.screening.signing.signers import Signers


class TooLarge(ValueError):
    """A document is larger than a message may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """What documents are made with."""

    keyring: Keyring
    signers: Callable[[], Signers]

    def print(self, paper: Paper, row: Handover, shown: Shown, *, now: datetime) -> bytes:
        """One paper of a row, as PDF."""
        make = {
            Paper.CERTIFICATE: self._certificate,
            Paper.SHEET: self._sheet,
            Paper.INFORMATION: self._information,
            Paper.HYGIENE: self._hygiene,
        }[paper]
        return make(row, shown, now)

    def _certificate(self, row: Handover, shown: Shown, now: datetime) -> bytes:
        disease = pathogen(shown.result.pathogen)
        content, keys = to_certify(shown, keyring=self.keyring, pathogen=disease), self.signers()
        issued = issue(content, dcc_signer=keys.dcc, twoddoc_signer=keys.twoddoc, issued_at=now)
        return render_certificate(content, issued)

    def _sheet(self, row: Handover, shown: Shown, now: datetime) -> bytes:
        identity, text = shown.identity, words()
        return render_handover(
            HandoverSheet(
                issuer=ISSUER,
                laboratory_name=shown.laboratory_name,
                site_finess=row.laboratory,
                birth_name=identity.birth_name or identity.used_name,
                first_names=identity.first_names,
                birth_date=identity.birth_date,
                sex=Sex(identity.sex or "U"),
                ins=identity.ins,
                loinc=shown.result.loinc,
                analysis_label=shown.analysis.label_fr,
                sampled_at=row.sampled_at,
                zone=str(shown.sampled_locally.tzinfo),
                received_at=shown.result.received_at,
                destroy_by=row.kept_until,
                application=text["tool"]["application"],
                sites=tuple(link.removeprefix("https://") for link in text["link"].values()),
                at=now,
            )
        )

    def _information(self, row: Handover, shown: Shown, now: datetime) -> bytes:
        return render_information(
            InformationSheet(
                issuer=ISSUER,
                disease=pathogen(shown.result.pathogen).label_fr,
                sampled_at=row.sampled_at,
                zone=str(shown.sampled_locally.tzinfo),
                laboratory_name=shown.laboratory_name,
                reference=shown.record_number,
                at=now,
            )
        )

    def _hygiene(self, row: Handover, shown: Shown, now: datetime) -> bytes:
        disease = pathogen(shown.result.pathogen).label_fr
        return render_hygiene(HygieneSheet(issuer=ISSUER, disease=disease, at=now))


def makers(press: Press) -> Mapping[str, Maker]:
    """Who makes what goes with our messages, by the names that the outbox knows."""
    return {maker_of(paper): partial(_made, paper, press) for paper in Paper}


def _made(paper: Paper, press: Press, of: str) -> bytes:
    """A document of a row at one version ("key.version"). Raises Withdrawn when that one holds no more, or when its
    time is over."""
    key, _, version = of.partition(".")
    now = datetime.now(UTC)
    with acting(system(Purpose.NOTICE)) as cursor:
        row = Handover.objects.filter(id=UUID(key), version=int(version)).first()
        if row is None or row.state in (State.WITHDRAWN, State.DESTROYED) or row.kept_until <= now:
            raise Withdrawn
        try:
            shown = opened(cursor, row, keyring=press.keyring)
        except NotAllowed:
            raise Withdrawn from None
    document = press.print(paper, row, shown, now=now)
    # what travels is a third larger than what is made, and all papers share a message
    if len(document) * len(Paper) * 4 // 3 > policy(shown.result.sampled_on).most_bytes:
        raise TooLarge
    return document


def opened(cursor: CursorWrapper, row: Handover, *, keyring: Keyring) -> Shown:
    """What the certificate of a row says, in a session of the system. Raises NotAllowed when nothing of it is left, or
    when its result has changed since."""
    result = result_of(cursor, month=row.month, result_id=row.result_id)
    if result is None or not result.current or result.department == OUT_OF_SIGHT:
        raise NotAllowed("nothing left to hand over")
    access = Access(
        month=result.month,
        result_id=result.id,
        person_id=result.person_id,
        identity_id=result.identity_id,
    )
    return shown_by(cursor, access, system(Purpose.NOTICE), keyring, pathogen(result.pathogen))
