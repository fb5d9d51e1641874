"""The certificate of a test result: what it says, and its two signed forms.

The EU DCC exists for a positive or negative result of a nucleic acid or antigen test; the 2D-DOC for all
four results (ANTS type B2). An antigen test needs its device (JRC number) to have a DCC, as regulation (EU)
2021/953, annex 2, asks for the manufacturer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from rempart.foundation.terminology.values import Result as Result
from rempart.foundation.terminology.values import Sex as Sex
from rempart.proofs import dcc, holder, shc, twoddoc, validity
from rempart.proofs.signing import Signer


class Analysis(StrEnum):
    """Kind of test; the values are those of the EU value set "covid-19-lab-test-type" (LOINC parts)."""

    NAAT = "LP6464-4"
    ANTIGEN = "LP217198-3"
    OTHER = ""  # serology and the like: no EU certificate


_RESULTS = {Result.POSITIVE: "260373001", Result.NEGATIVE: "260415000"}  # value set "covid-19-lab-result"


@dataclass(frozen=True, slots=True, kw_only=True)
class TestCertificate:
    """One result of one person, as it is certified."""

    birth_name: str
    first_names: tuple[str, ...]
    birth_date: date
    sex: Sex
    loinc: str  # 94500-6
    analysis_label: str  # as printed, in French
    analysis: Analysis
    result: Result
    sampled_at: datetime  # aware
    zone: str = "Europe/Paris"  # IANA name of the legal time where the sample was taken
    laboratory_name: str
    issuer: str  # who answers for the certificate, printed and in field `is`
    uvci: str  # see `uvci.derive`
    test_name: str = ""  # NAAT: its trade name
    device: str = ""  # antigen test: number in the JRC database
    disease_code: str = holder.COVID_19  # empty: a disease the EU certificate does not know
    disease_label: str = "COVID-19 (SARS-CoV-2)"
    country: str = "FR"
    reference: str = ""  # the patient's own reference, printed

    @property
    def sampled_locally(self) -> datetime:
        """The time of sampling on the clock of the place of sampling."""
        return self.sampled_at.astimezone(ZoneInfo(self.zone))

    @property
    def has_dcc(self) -> bool:
        """Whether the EU has a certificate for it."""
        return (
            self.result in _RESULTS
            and self.disease_code == holder.COVID_19
            and (self.analysis is Analysis.NAAT or (self.analysis is Analysis.ANTIGEN and bool(self.device)))
            and holder.has_standard_name(self.birth_name, self.first_names)
        )

    @property
    def has_card(self) -> bool:
        """Whether a SMART Health Card says it: detected or not, of COVID-19."""
        return self.result in _RESULTS and self.disease_code == holder.COVID_19


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """The signed forms of a certificate."""

    at: datetime
    twoddoc: str
    hc1: str = ""  # empty when the EU has no certificate for it


def issue(
    certificate: TestCertificate,
    *,
    dcc_signer: Signer,
    twoddoc_signer: Signer,
    issued_at: datetime,
) -> Issued:
    """Sign both forms at an aware moment. Raises ValueError for content a format cannot hold."""
    text = issue_twoddoc(certificate, twoddoc_signer, issued_at=issued_at)
    if not certificate.has_dcc:
        return Issued(at=issued_at, twoddoc=text)
    return Issued(at=issued_at, twoddoc=text, hc1=issue_dcc(certificate, dcc_signer, issued_at=issued_at))


def issue_twoddoc(certificate: TestCertificate, signer: Signer, *, issued_at: datetime) -> str:
    """The signed 2D-DOC; it names its signer from the certificate (issuer CN: authority, subject CN: certificate id).

    Raises ValueError for content the format cannot hold.
    """
    authority, certificate_id = twoddoc.names_of(signer)
    fields = twoddoc.TestFields(
        first_names=certificate.first_names,
        birth_name=certificate.birth_name,
        birth_date=certificate.birth_date,
        sex=certificate.sex,
        loinc=certificate.loinc,
        result=certificate.result,
        sampled_at=certificate.sampled_locally,
    )
    return twoddoc.issue(
        fields, signer, authority=authority, certificate_id=certificate_id, issued_at=issued_at
    )


def issue_dcc(certificate: TestCertificate, signer: Signer, *, issued_at: datetime) -> str:
    """The signed `HC1:` text of a test the EU certifies (`has_dcc`). It does not outlive its signer's certificate."""
    policy = validity.container(issued_at.date())
    lifetime = policy.positive if certificate.result is Result.POSITIVE else policy.negative
    return dcc.issue(
        dcc_content(certificate),
        signer,
        issuer=certificate.country,
        issued_at=issued_at,
        expires_at=dcc.end_of_container(signer, issued_at=issued_at, lifetime=lifetime),
    )


def issue_card(certificate: TestCertificate, signer: Signer, *, issuer: str, issued_at: datetime) -> str:
    """The signed `shc:/` text of a test that a SMART Health Card can say (`has_card`).

    `issuer` is the https address that publishes the key. Raises ValueError for content the format cannot hold.
    """
    content = shc.TestContent(
        first_names=certificate.first_names,
        birth_name=certificate.birth_name,
        birth_date=certificate.birth_date,
        loinc=certificate.loinc,
        result=certificate.result,
        sampled_at=certificate.sampled_locally,
        laboratory_name=certificate.laboratory_name,
    )
    return shc.issue(content, signer, issuer=issuer, issued_at=issued_at)


def dcc_content(certificate: TestCertificate) -> dict[str, object]:
    """The DCC of a test (schema 1.3.x, test entry); optional fields only when there is something to say."""
    entry = {
        "tg": certificate.disease_code,
        "tt": certificate.analysis.value,
        "nm": holder.text(certificate.test_name) if certificate.analysis is Analysis.NAAT else "",
        "ma": certificate.device if certificate.analysis is Analysis.ANTIGEN else "",
        "sc": certificate.sampled_locally.isoformat(timespec="seconds"),
        "tr": _RESULTS[certificate.result],
        "tc": holder.text(certificate.laboratory_name),
        "co": certificate.country,
        "is": holder.text(certificate.issuer),
        "ci": certificate.uvci,
    }
    return {
        "ver": holder.SCHEMA_VERSION,
        "nam": holder.name(certificate.birth_name, certificate.first_names),
        "dob": certificate.birth_date.isoformat(),
        "t": [{field: value for field, value in entry.items() if value}],
    }
