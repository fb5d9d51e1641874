"""Certificates issued, printed and verified per second, beside a bare ECDSA P-256 signature in the same run."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from benchmarks.rows import Row, rate, table
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from rempart.proofs import pdf, signing, testcertificate, trust, uvci
from rempart.proofs.verdict import verify

NOW = datetime(2021, 4, 9, 7, 30, tzinfo=UTC)
BARE = "ECDSA P-256 signature"


def run(*, seconds: float = 1.5) -> list[Row]:
    """One row per step; `seconds` of measure each."""
    dates = {"not_before": NOW - timedelta(days=1), "not_after": NOW + timedelta(days=365)}
    dcc = signing.make_document_signer(common_name="Benchmark DSC", issuer_name="Benchmark CSCA", **dates)
    seal = signing.make_document_signer(common_name="0001", issuer_name="BMK0", **dates)
    dcc_signer, seal_signer = dcc.signer(), seal.signer()
    certificate = testcertificate.TestCertificate(
        birth_name="Lefèvre",
        first_names=("Zoé", "Anne-Noëlle"),
        birth_date=date(1984, 2, 29),
        sex=testcertificate.Sex.FEMALE,
        loinc="94500-6",
        analysis_label="SARS-CoV-2 ARN, RT-PCR",
        analysis=testcertificate.Analysis.NAAT,
        result=testcertificate.Result.NEGATIVE,
        sampled_at=NOW - timedelta(hours=20),
        laboratory_name="Laboratoire des Trois Rivières",
        issuer="Rempart",
        uvci=uvci.derive(b"benchmark"),
    )

    def issue() -> testcertificate.Issued:
        return testcertificate.issue(
            certificate, dcc_signer=dcc_signer, twoddoc_signer=seal_signer, issued_at=NOW
        )

    issued = issue()
    trusted = trust.TrustList.of([*trust.parse(dcc.certificate), *trust.parse(seal.certificate)])
    key, message = ec.generate_private_key(ec.SECP256R1()), bytes(300)
    bare = rate(lambda: key.sign(message, ec.ECDSA(hashes.SHA256())), seconds=seconds)
    steps = {
        "certificate issued (EU DCC and 2D-DOC, two signatures)": issue,
        "certificate issued and printed (PDF/A-2a, PDF/UA-1)": lambda: pdf.render_pdf(certificate, issue()),
        "EU DCC verified": lambda: verify(issued.hc1, trust=trusted, at=NOW),
        "2D-DOC verified": lambda: verify(issued.twoddoc, trust=trusted, at=NOW),
    }
    rows = [Row(name=BARE, per_second=bare)]
    for name, step in steps.items():
        measured = rate(step, seconds=seconds)
        rows.append(Row(name=name, per_second=measured, limit_name=BARE, ratio=measured / bare))
    return rows


if __name__ == "__main__":
    print(table(run()))
