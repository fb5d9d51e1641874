"""Trust lists from files of every shape."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.certificates import DSC, NOT_AFTER, NOT_BEFORE, SEAL, document_signer

from rempart.proofs import signing, trust
from rempart.proofs.trust import TrustError, TrustList, Usage

PEM = serialization.Encoding.PEM


def pem(certificate: bytes) -> bytes:
    return x509.load_der_x509_certificate(certificate).public_bytes(PEM)


def public_key(certificate: bytes, encoding: serialization.Encoding) -> bytes:
    key = x509.load_der_x509_certificate(certificate).public_key()
    return key.public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("content", [DSC.certificate, pem(DSC.certificate)], ids=["der", "pem"])
def test_a_certificate_is_found_by_its_key_identifier(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "signer.crt"
    file.write_bytes(content)
    (key,) = TrustList.load(file).for_key_id(trust.key_id(DSC.certificate))
    assert (key.not_before, key.not_after, key.usages) == (NOT_BEFORE, NOT_AFTER, None)


def test_a_2d_doc_signer_is_found_by_its_names_or_its_files_name(tmp_path: Path) -> None:
    (tmp_path / "whatever.der").write_bytes(SEAL.certificate)
    (tmp_path / "fr000001.pem").write_bytes(public_key(DSC.certificate, PEM))
    (tmp_path / "FR99ABCD_CERT.DER").write_bytes(public_key(DSC.certificate, serialization.Encoding.DER))
    trusted = TrustList.load(tmp_path)
    for authority, certificate_id in (("RMP0", "0001"), ("FR00", "0001"), ("FR99", "ABCD")):
        assert len(trusted.for_document(authority, certificate_id)) == 1
    assert trusted.for_document("FR00", "0002") == []


def test_a_bare_key_fits_any_key_identifier(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(public_key(DSC.certificate, PEM))
    assert len(TrustList.load(file).for_key_id(b"12345678")) == 1


def test_a_bundle_gives_every_certificate_in_it(tmp_path: Path) -> None:
    file = tmp_path / "all.pem"
    file.write_bytes(b"comment\n" + pem(DSC.certificate) + pem(SEAL.certificate))
    assert len(TrustList.load(file).keys) == 2


def test_a_directory_tells_what_it_passed_over(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "good.der").write_bytes(DSC.certificate)
    (tmp_path / "notes.md").write_text("not a key")
    (tmp_path / "private.pem").write_bytes(
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    trusted = TrustList.load(tmp_path)
    assert len(trusted.keys) == 1
    assert [Path(file).name for file in trusted.skipped] == ["notes.md", "private.pem"]


@pytest.mark.parametrize(
    "content", [b"", b"nothing", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"]
)
def test_a_file_without_a_key_is_an_error(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "bad.pem"
    file.write_bytes(content)
    with pytest.raises(TrustError, match=r"bad\.pem"):
        TrustList.load(file)
    with pytest.raises(TrustError, match="No file under"):
        TrustList.load(tmp_path)


def test_an_absent_path_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TrustError, match="Cannot read"):
        TrustList.load(tmp_path / "absent")


def test_a_curve_nobody_signs_with_is_passed_over() -> None:
    key = ec.generate_private_key(ec.SECP256K1()).public_key()
    data = key.public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert trust.parse(data) == []


def test_usages_are_read_from_both_arcs() -> None:
    (key,) = trust.parse(document_signer(usages=(Usage.TEST, Usage.RECOVERY)).certificate)
    assert key.usages == {Usage.TEST, Usage.RECOVERY}
    assert trust.USAGE_OIDS["1.3.6.1.4.1.0.1847.2021.1.2"] is Usage.VACCINATION


def test_a_certificate_of_no_known_version_is_passed_over() -> None:
    damaged = DSC.certificate.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x06", 1)
    assert damaged != DSC.certificate
    assert trust.parse(damaged) == []
    with pytest.raises(ValueError, match="version"):
        signing.load_certificate(damaged)
