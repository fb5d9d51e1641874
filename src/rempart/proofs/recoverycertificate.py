"""The recovery entry of the EU DCC: a positive test of a kind that the policy of the day takes as proof."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from rempart.foundation.terminology.values import Result
from rempart.proofs import dcc, holder, validity
from rempart.proofs.signing import Signer
from rempart.proofs.testcertificate import TestCertificate


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryCertificate:
    """That somebody had the disease, as a test proved, and from when to when this counts."""

    birth_name: str
    first_names: tuple[str, ...]
    birth_date: date
    first_positive: date  # the civil day of sampling
    valid_from: date
    valid_until: date  # this day included
    issuer: str
    uvci: str  # its own, not that of the test's certificate
    country: str = "FR"
    disease_code: str = holder.COVID_19


def of_test(test: TestCertificate, *, uvci: str, policy: validity.Recovery) -> RecoveryCertificate:
    """The recovery that a positive test proves.

    Raises ValueError for a test that proves none: not positive, of a kind that the policy does not take, or of
    somebody or something the EU has no certificate for.
    """
    if test.result is not Result.POSITIVE or not test.has_dcc or test.analysis.value not in policy.tests:
        raise ValueError("A recovery entry needs a positive test of a kind that proves one (policy, tests).")
    day = test.sampled_locally.date()
    return RecoveryCertificate(
        birth_name=test.birth_name,
        first_names=test.first_names,
        birth_date=test.birth_date,
        first_positive=day,
        valid_from=day + timedelta(days=policy.first_day),
        valid_until=day + timedelta(days=policy.last_day),
        issuer=test.issuer,
        uvci=uvci,
        country=test.country,
        disease_code=test.disease_code,
    )


def dcc_content(certificate: RecoveryCertificate) -> dict[str, object]:
    """The DCC of a recovery (schema 1.3.x, recovery entry)."""
    return {
        "ver": holder.SCHEMA_VERSION,
        "nam": holder.name(certificate.birth_name, certificate.first_names),
        "dob": certificate.birth_date.isoformat(),
        "r": [
            {
                "tg": certificate.disease_code,
                "fr": certificate.first_positive.isoformat(),
                "co": certificate.country,
                "is": holder.text(certificate.issuer),
                "df": certificate.valid_from.isoformat(),
                "du": certificate.valid_until.isoformat(),
                "ci": certificate.uvci,
            }
        ],
    }


def issue(certificate: RecoveryCertificate, *, signer: Signer, issued_at: datetime) -> str:
    """The `HC1:` text, signed at an aware moment; it does not outlive its signer's certificate."""
    lifetime = validity.container(issued_at.date()).recovery
    return dcc.issue(
        dcc_content(certificate),
        signer,
        issuer=certificate.country,
        issued_at=issued_at,
        expires_at=dcc.end_of_container(signer, issued_at=issued_at, lifetime=lifetime),
    )
