"""The certificate of a result: signed and typeset when it is asked for, and kept nowhere."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from datetime import date, datetime

from rempart.foundation.access.actor import acting
from rempart.foundation.access.refusals import NotAllowed
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.terminology import Pathogen
from rempart.foundation.vault import Keyring
from rempart.proofs import recoverycertificate, testcertificate, uvci, validity
from rempart.proofs.documents.certificate import render_certificate
from rempart.screening.portal.services.opening import proven
from rempart.screening.portal.services.showing import Shown, shown_by
from rempart.screening.signing.signers import Signers

ISSUER = "Rempart"
"""Who answers for certificates and sheets, as they say it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A result with its signed codes."""

    shown: Shown
    test: testcertificate.Issued
    recovery: str = field(
        default="", repr=False
    )  # `HC1:`; empty where the EU has none, or not yet, or no longer


def certificate(
    *, proof: str, keyring: Keyring, pathogen: Pathogen, signers: Signers, origin: str, now: datetime
) -> bytes:
    """The signed certificate of a proven access, as PDF. Raises NotAllowed when there is none to give."""
    made = signed(proof=proof, keyring=keyring, pathogen=pathogen, signers=signers, origin=origin, now=now)
    return render_certificate(to_certify(made.shown, keyring=keyring, pathogen=pathogen), made.test)


def signed(
    *, proof: str, keyring: Keyring, pathogen: Pathogen, signers: Signers, origin: str, now: datetime
) -> Signed:
    """The result of a proven access and its signed codes, for an application. Raises NotAllowed when there is none
    to give, ValueError for content no format holds."""
    actor, access = proven(proof, origin=origin, now=now)
    with acting(actor) as cursor:
        shown = shown_by(cursor, access, actor, keyring, pathogen)
        if shown.withdrawn:
            raise NotAllowed("withdrawn")
        content = to_certify(shown, keyring=keyring, pathogen=pathogen)
        issued = testcertificate.issue(
            content, dcc_signer=signers.dcc, twoddoc_signer=signers.twoddoc, issued_at=now
        )
        recovery = _recovery(content, shown, keyring=keyring, signers=signers, now=now)
        record(actor, Act.CERTIFICATE_ISSUED, str(shown.result.id), now=now, person=access.person_id)
    return Signed(shown=shown, test=issued, recovery=recovery)


def to_certify(shown: Shown, *, keyring: Keyring, pathogen: Pathogen) -> testcertificate.TestCertificate:
    """The content of the certificate of a shown result; the same result has the same UVCI for ever."""
    identity, result = shown.identity, shown.result
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
        issuer=ISSUER,
        uvci=_uvci(shown, keyring=keyring),
        disease_code=pathogen.disease_agent,
        disease_label=pathogen.label_fr,
        device=shown.device,
        reference=shown.record_number,
    )


def _recovery(
    content: testcertificate.TestCertificate,
    shown: Shown,
    *,
    keyring: Keyring,
    signers: Signers,
    now: datetime,
) -> str:
    """The recovery entry of a result on the days on which the policy of today gives one; empty on others."""
    try:
        recovered = recoverycertificate.of_test(
            content,
            uvci=_uvci(shown, keyring=keyring, of="|recovery"),
            policy=validity.recovery(now.date()),
        )
    except ValueError:
        return ""
    if not recovered.valid_from <= now.date() <= recovered.valid_until:
        return ""
    return recoverycertificate.issue(recovered, signer=signers.dcc, issued_at=now)


def _uvci(shown: Shown, *, keyring: Keyring, of: str = "") -> str:
    """The identifier of a certificate: the same for the same version of a result, and of no use without our secret."""
    seed = f"{shown.result.id}|{shown.result.version}{of}".encode()
    return uvci.derive(hmac.digest(keyring.secret("uvci"), seed, "sha256"))
