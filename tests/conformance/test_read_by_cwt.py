"""Our EU certificates read by another implementation, in an environment of its own (read_by_cwt.py)."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from tests.certificates import certificate, document_signer

from rempart.proofs import dcc, recoverycertificate, testcertificate, uvci, validity
from rempart.proofs.testcertificate import Analysis, Result

SCRIPT = Path(__file__).with_name("read_by_cwt.py")
UV = Path(sys.prefix) / ".tools" / "bin" / "uv"
# uv's words when the registry is out of reach
OUT_OF_REACH = ("Failed to fetch", "dns error", "error sending request", "Network connectivity is disabled")
NOW = datetime.now(UTC).replace(microsecond=0)
DSC = document_signer(not_before=NOW - timedelta(days=1), not_after=NOW + timedelta(days=30))


def read_by_cwt(*texts: str) -> list[dict[str, object]]:
    """What cwt finds in texts that our signer of today signed; skips the test where it cannot be had."""
    if not UV.exists():
        pytest.skip(f"{UV} is not there (make setup makes it)")
    pem = x509.load_der_x509_certificate(DSC.certificate).public_bytes(Encoding.PEM).decode()
    command = [UV, "run", "--quiet", "--frozen", "--python", sys.executable, "--script", SCRIPT]
    handed = json.dumps({"texts": texts, "certificate": pem})
    done = subprocess.run(command, input=handed, capture_output=True, text=True, timeout=150, check=False)
    for line in done.stderr.splitlines() if done.returncode else ():
        if any(words in line for words in OUT_OF_REACH):
            pytest.skip(f"the package registry is out of reach: {line.strip()}")
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


def test_another_implementation_reads_what_we_signed() -> None:
    policy = validity.recovery(NOW.date())
    positive = certificate(result=Result.POSITIVE, sampled_at=NOW - timedelta(days=20))
    recovery = recoverycertificate.of_test(positive, uvci=uvci.derive(b"a recovery"), policy=policy)
    contents = [
        testcertificate.dcc_content(certificate(sampled_at=NOW)),
        testcertificate.dcc_content(positive),
        testcertificate.dcc_content(certificate(sampled_at=NOW, analysis=Analysis.ANTIGEN, device="1232")),
        recoverycertificate.dcc_content(recovery),
    ]
    end = NOW + timedelta(days=3)
    texts = [
        dcc.issue(content, DSC.signer(), issuer="FR", issued_at=NOW, expires_at=end) for content in contents
    ]
    times = {"iat": int(NOW.timestamp()), "exp": int(end.timestamp())}
    assert read_by_cwt(*texts) == [{"iss": "FR", **times, "dcc": content} for content in contents]
