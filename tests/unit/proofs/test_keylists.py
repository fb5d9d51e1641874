"""Key lists in the forms that countries published."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from tests.certificates import AT, DSC, NOT_AFTER, SEAL, issued

from rempart.proofs import trust
from rempart.proofs.reasons import Reason
from rempart.proofs.trust import TrustError, TrustList
from rempart.proofs.verdict import verify

KEY_ID = trust.key_id(DSC.certificate)
ISSUED = issued()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def bare(certificate: bytes) -> bytes:
    key = x509.load_der_x509_certificate(certificate).public_key()
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


ENTRY: dict[str, Any] = {
    "kid": b64(KEY_ID),
    "timestamp": "2021-06-01T00:00:00+02:00",
    "country": "FR",
    "certificateType": "DSC",
    "thumbprint": "00",
    "signature": "MIIC",
    "rawData": b64(DSC.certificate),
}
FRENCH = {
    "certificatesDCC": {b64(KEY_ID): b64(b64(DSC.certificate).encode())},
    "certificates2DDoc": {"RMP00001": b64(bare(SEAL.certificate))},
}


@pytest.mark.parametrize(
    "content",
    [
        json.dumps([ENTRY]),
        json.dumps([ENTRY | {"certificateType": "UPLOAD", "rawData": b64(SEAL.certificate)}, ENTRY]),
        json.dumps({"certificates": [ENTRY]}),
        b64(b"signature of the list") + "\n" + json.dumps({"certificates": [ENTRY]}),
        json.dumps(FRENCH, indent=2),
    ],
    ids=["gateway", "other kinds of certificate", "certificates", "Germany", "France"],
)
def test_an_eu_certificate_holds_by_each_form(tmp_path: Path, content: str) -> None:
    (tmp_path / "list.json").write_text(content)
    trusted = TrustList.load(tmp_path / "list.json")
    assert verify(ISSUED.hc1, trust=trusted, at=AT).reason is Reason.OK
    (key,) = trusted.for_key_id(KEY_ID)
    assert (key.not_after, key.source) == (NOT_AFTER, str(tmp_path / "list.json"))
    assert trusted.for_key_id(b"unknown!") == []


def test_frances_list_has_2d_doc_signers_that_sign_no_eu_certificate(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text(json.dumps(FRENCH))
    trusted = TrustList.load(tmp_path)
    assert verify(ISSUED.twoddoc, trust=trusted, at=AT).reason is Reason.OK
    assert len(trusted.for_key_id(KEY_ID)) == 1
    (seal,) = trusted.for_document("RMP0", "0001")
    assert seal.usages == frozenset()


def test_a_bare_key_is_found_by_the_identifier_the_list_gives(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text(
        json.dumps({"certificatesDCC": {b64(KEY_ID): b64(b64(bare(DSC.certificate)).encode())}})
    )
    trusted = TrustList.load(tmp_path)
    assert verify(ISSUED.hc1, trust=trusted, at=AT).reason is Reason.OK
    assert trusted.for_key_id(b"unknown!") == []


@pytest.mark.parametrize(
    "content",
    [
        "[]", "{}", "[", "{" * 99_999, "[5, null, {}]", '[{"rawData": 5, "kid": []}]', '{"certificates": {}}',
        '{"certificatesDCC": 5}', '{"certificatesDCC": {"a": null}}', json.dumps([{"rawData": b64(bare(DSC.certificate))}]),
        json.dumps([ENTRY | {"certificateType": "CSCA"}]),
    ],
)  # fmt: skip
def test_a_list_without_a_usable_key_is_an_error(tmp_path: Path, content: str) -> None:
    (tmp_path / "broken.json").write_text(content)
    with pytest.raises(TrustError, match=r"broken\.json"):
        TrustList.load(tmp_path / "broken.json")
