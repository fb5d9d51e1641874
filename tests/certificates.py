"""Signers, certificates and trust lists for the tests of `rempart.proofs`."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from rempart.proofs import signing, testcertificate, trust, uvci

AT = datetime(2021, 4, 9, 7, 30, tzinfo=UTC)
NOT_BEFORE = datetime(2021, 1, 1, tzinfo=UTC)
NOT_AFTER = datetime(2023, 1, 1, tzinfo=UTC)


def document_signer(**changes: Any) -> signing.KeyMaterial:
    values: dict[str, Any] = {
        "common_name": "Test DSC 1",
        "issuer_name": "Test CSCA",
        "not_before": NOT_BEFORE,
        "not_after": NOT_AFTER,
    }
    return signing.make_document_signer(**(values | changes))


DSC = document_signer()
SEAL = document_signer(common_name="0001", issuer_name="RMP0")


def trusting(*materials: signing.KeyMaterial) -> trust.TrustList:
    return trust.TrustList.of(key for material in materials for key in trust.parse(material.certificate))


TRUST = trusting(DSC, SEAL)


def certificate(**changes: Any) -> testcertificate.TestCertificate:
    values: dict[str, Any] = {
        "birth_name": "Lefèvre-Œillet",
        "first_names": ("Zoé", "Anne-Noëlle"),
        "birth_date": date(1984, 2, 29),
        "sex": testcertificate.Sex.FEMALE,
        "loinc": "94500-6",
        "analysis_label": "SARS-CoV-2 ARN, RT-PCR, nasopharynx",
        "analysis": testcertificate.Analysis.NAAT,
        "result": testcertificate.Result.NEGATIVE,
        "sampled_at": datetime(2021, 4, 8, 6, 0, tzinfo=UTC),
        "laboratory_name": "Laboratoire des Trois Rivières, Besançon",
        "issuer": "Plateforme nationale de dépistage",
        "uvci": uvci.derive(b"a random token"),
        "reference": "21098BC000020",
    }
    return testcertificate.TestCertificate(**(values | changes))


def issued(**changes: Any) -> testcertificate.Issued:
    return testcertificate.issue(
        certificate(**changes), dcc_signer=DSC.signer(), twoddoc_signer=SEAL.signer(), issued_at=AT
    )
