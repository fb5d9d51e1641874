"""2D-DOC signed with the public test authority FR00/0001 of ANTS, judged by the certificate that it publishes."""

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from rempart.proofs import twoddoc
from rempart.proofs.reasons import Reason
from rempart.proofs.signing import LocalSigner, der_signature
from rempart.proofs.trust import TrustList
from rempart.proofs.verdict import verify

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpora" / "certificates" / "2ddoc"
pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"public test data is not at {CORPUS}")

WITHIN = datetime(2014, 6, 1, 9, 30, tzinfo=UTC)  # the certificate is of 2012–2015
FIELDS = twoddoc.TestFields(
    first_names=("Zoé", "Anne-Noëlle"),
    birth_name="Lefèvre d’Œillet",
    birth_date=date(1984, 2, 29),
    sex="F",
    loinc="94500-6",
    result="N",
    sampled_at=WITHIN,
)


@pytest.fixture(scope="module")
def authority() -> LocalSigner:
    key, certificate = CORPUS / "FR000001_PRIV.PEM", CORPUS / "FR000001_CERT.DER"
    return LocalSigner.load(key.read_bytes(), certificate.read_bytes())


def issue(signer: LocalSigner, at: datetime) -> str:
    return twoddoc.issue(FIELDS, signer, authority="FR00", certificate_id="0001", issued_at=at)


def test_what_we_issue_holds_by_the_published_certificate(authority: LocalSigner, tmp_path: Path) -> None:
    shutil.copy(CORPUS / "FR000001_CERT.DER", tmp_path / "FR000001.der")
    trusted = TrustList.load(tmp_path)
    text = issue(authority, WITHIN)
    assert text.startswith(
        "DC04FR00000114911491B201FRF0ZOE/ANNE NOELLE\x1dF1LEFEVRE D OEILLET\x1dF229021984F3F"
    )
    verdict = verify(text, trust=trusted, at=datetime(2026, 1, 1, tzinfo=UTC))
    assert (verdict.reason, verdict.warnings) == (Reason.OK, ())
    late = issue(authority, datetime(2021, 4, 9, tzinfo=UTC))
    assert verify(late, trust=trusted, at=datetime(2026, 1, 1, tzinfo=UTC)).reason is Reason.KEY_EXPIRED
    assert verify(text.replace("F5N", "F5P"), trust=trusted, at=WITHIN).reason is Reason.BAD_SIGNATURE


def test_a_verifier_that_shares_no_code_with_us_accepts_it(authority: LocalSigner) -> None:
    signed, _, letters = issue(authority, WITHIN).partition("\x1f")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    bits = "".join(f"{alphabet.index(letter):05b}" for letter in letters)
    raw = int(bits[:512], 2).to_bytes(64, "big")
    assert (len(letters), set(bits[512:])) == (103, {"0"})
    certificate = x509.load_der_x509_certificate((CORPUS / "FR000001_CERT.DER").read_bytes())
    public_key = certificate.public_key()
    assert isinstance(public_key, ec.EllipticCurvePublicKey)
    der = der_signature(raw, 256)
    assert der is not None
    public_key.verify(der, signed.encode("ascii"), ec.ECDSA(hashes.SHA256()))  # raises when it does not fit
