"""Certificates taken back: under which hashes, in files of every shape."""

import base64
import hashlib
import json
import zlib
from pathlib import Path

import base45
import cbor2
import pytest
from tests.certificates import AT, DSC, TRUST, certificate, issued

from rempart.proofs import dcc, trust, twoddoc
from rempart.proofs.reasons import Reason
from rempart.proofs.revocation import NOTHING_REVOKED, Batch, RevocationError, Revocations
from rempart.proofs.verdict import verify

ISSUED = issued()
KEY_ID = trust.key_id(DSC.certificate)
UVCI = certificate().uvci
SIGNATURE = dcc.read(ISSUED.hc1).message.signature


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


LISTED = {
    "UCI": sha256(UVCI.encode())[:16],
    "COUNTRYCODEUCI": sha256(b"FR" + UVCI.encode())[:16],
    "SIGNATURE": sha256(SIGNATURE[:32])[:16],
    "TousAntiCovid": sha256(b"FR" + UVCI.encode()),
}


def judged(text: str, revoked: Revocations) -> Reason:
    return verify(text, trust=TRUST, at=AT, revoked=revoked).reason


@pytest.mark.parametrize("kind", LISTED)
def test_an_eu_certificate_is_found_under_each_of_its_hashes(kind: str) -> None:
    revoked = Revocations.of([Batch(hashes=[LISTED[kind], bytes(len(LISTED[kind]))])])
    assert judged(ISSUED.hc1, revoked) is Reason.REVOKED
    assert judged(ISSUED.twoddoc, revoked) is Reason.OK


def test_a_2d_doc_is_found_under_what_is_signed() -> None:
    revoked = Revocations.of([Batch(hashes=[sha256(twoddoc.read(ISSUED.twoddoc).signed)])])
    assert judged(ISSUED.twoddoc, revoked) is Reason.REVOKED
    assert judged(ISSUED.hc1, revoked) is Reason.OK


def test_another_signature_of_the_same_r_is_found() -> None:
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    other = SIGNATURE[:32] + (order - int.from_bytes(SIGNATURE[32:], "big")).to_bytes(32, "big")
    message = dcc.read(ISSUED.hc1).message
    signed = cbor2.dumps(cbor2.CBORTag(18, [message.protected, {}, message.payload, other]))
    text = "HC1:" + base45.b45encode(zlib.compress(signed)).decode()
    assert (other != SIGNATURE, judged(text, NOTHING_REVOKED)) == (True, Reason.OK)
    assert judged(text, Revocations.of([Batch(hashes=[LISTED["SIGNATURE"]])])) is Reason.REVOKED


def test_a_country_revokes_its_own_alone() -> None:
    for key_id, expected in ((b"", Reason.REVOKED), (KEY_ID, Reason.REVOKED), (b"another!", Reason.OK)):
        revoked = Revocations.of([Batch(hashes=[LISTED["UCI"]], key_id=key_id)])
        assert judged(ISSUED.hc1, revoked) is expected


def test_what_does_not_hold_keeps_its_own_reason() -> None:
    revoked = Revocations.of([Batch(hashes=[LISTED["UCI"]])])
    assert verify(ISSUED.hc1, trust=trust.NOTHING, at=AT, revoked=revoked).reason is Reason.KEY_UNKNOWN


def test_every_entry_of_a_long_list_is_found_and_no_other() -> None:
    listed = [sha256(bytes([number % 256, number // 256]))[:16] for number in range(1_000)]
    revoked = Revocations.of([Batch(hashes=listed)])
    assert len(revoked) == 1_000
    assert all(revoked.has([one]) for one in listed)
    assert not any(revoked.has([sha256(one)[:16]]) for one in listed)
    assert not NOTHING_REVOKED.has(listed)


def gateway(**changes: object) -> object:
    return {
        "country": "FR",
        "expires": "2022-11-01T00:00:00+01:00",
        "kid": base64.b64encode(KEY_ID).decode(),
        "hashType": "UCI",
        "entries": [{"hash": base64.b64encode(LISTED["UCI"]).decode()}],
    } | changes


@pytest.mark.parametrize(
    "content",
    [
        f"# taken back in May\n\n{LISTED['UCI'].hex()}  # a remark\n",
        LISTED["TousAntiCovid"].hex().upper(),
        base64.b64encode(LISTED["COUNTRYCODEUCI"]).decode(),
        json.dumps([LISTED["UCI"].hex(), base64.b64encode(LISTED["TousAntiCovid"]).decode()]),
        json.dumps(gateway()),
        json.dumps([gateway(kid="UNKNOWN_KID"), gateway(entries=[])]),
    ],
)
def test_every_usual_file_is_read(tmp_path: Path, content: str) -> None:
    (tmp_path / "list").write_text(content)
    for path in (tmp_path, tmp_path / "list"):
        assert judged(ISSUED.hc1, Revocations.load(path)) is Reason.REVOKED


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("hello", "line 1"),
        (f"{LISTED['UCI'].hex()}\n{'0' * 31}\n", "line 2"),
        ("g" * 32, "line 1"),
        ("{}", "no list of hashes"),
        ('{"entries": [{"hash": "AAAA"}]}', "16 or 32 bytes"),
        ('[{"entries": 5}]', "no list of hashes"),
        ("[" * 99_999, "no list of hashes"),
    ],
)
def test_a_file_that_is_none_is_named(tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "broken.txt").write_text(content)
    with pytest.raises(RevocationError, match=words) as refusal:
        Revocations.load(tmp_path / "broken.txt")
    assert "broken.txt" in str(refusal.value)


def test_what_is_absent_is_named(tmp_path: Path) -> None:
    with pytest.raises(RevocationError, match="holds no list"):
        Revocations.load(tmp_path)
    with pytest.raises(RevocationError, match="Cannot read"):
        Revocations.load(tmp_path / "absent")
