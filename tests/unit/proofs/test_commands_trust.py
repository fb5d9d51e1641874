"""`rempart certificate` with SMART Health Cards, and with the list of authorities of 2D-DOC."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from tests.certificates import DSC, document_signer
from tests.service_lists import END, START, Entry, Layout, party, signed
from tests.unit.proofs.test_commands import AT, CLAIMS, objects, run

from rempart.proofs.trust import jwks

ISSUER = "https://depistage.example"
CARDS = document_signer(common_name="Cards 1")
OPERATOR, AUTHORITY = party("Agence de test"), party("FR9A", ca=True)
LEAF = party("LAB1", issuer=AUTHORITY)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "claims.json").write_text(json.dumps(CLAIMS))
    leaf = (LEAF.private_bytes(), LEAF.der)
    for name, (key, certificate) in {
        "dcc": (DSC.private_key, DSC.certificate),
        "twoddoc": leaf,
        "shc": (CARDS.private_key, CARDS.certificate),
    }.items():
        (tmp_path / f"{name}.key").write_bytes(key)
        (tmp_path / f"{name}.crt").write_bytes(certificate)
    (tmp_path / "trust").mkdir()
    (tmp_path / "trust" / "FR9ALAB1.der").write_bytes(LEAF.der)
    (tmp_path / "trust" / "dsc.der").write_bytes(DSC.certificate)
    key = CARDS.signer().private_key.public_key()
    (tmp_path / "trust" / "jwks.json").write_bytes(jwks.key_set([key], issuer=ISSUER))
    (tmp_path / "operator.der").write_bytes(OPERATOR.der)
    layout = Layout(entries=(Entry(authority="FR9A", certificate=AUTHORITY.der),))
    (tmp_path / "signed.xml").write_bytes(signed(layout.xml(), OPERATOR))
    (tmp_path / "empty.xml").write_bytes(Layout(entries=()).xml())
    return tmp_path


def issue(folder: Path, *more: object) -> dict[str, str]:
    options: list[object] = []
    for name in ("dcc", "twoddoc"):
        options += [f"--{name}-key", folder / f"{name}.key", f"--{name}-certificate", folder / f"{name}.crt"]
    result = run("issue", folder / "claims.json", *options, *more, "--at", AT, "--json")
    assert result.exit_code == 0, result.output
    return objects(result)[0]


def test_a_card_is_issued_shown_and_verified(folder: Path) -> None:
    text = issue(
        folder,
        "--shc-file",
        folder / "card.smart-health-card",
        "--shc-key",
        folder / "shc.key",
        "--shc-certificate",
        folder / "shc.crt",
        "--shc-issuer",
        ISSUER,
    )["shc"]
    result = run("verify", "--trust", folder / "trust", "--at", AT, text)
    assert (result.exit_code, result.stdout.split(": ")[1]) == (
        0,
        "valid (smart-health-card, ok). The signature and the dates hold.\n",
    )
    assert "patient.family: Lefèvre" in run("show", text).stdout
    assert run("verify", "--at", AT, text).exit_code == 1  # nothing is trusted by default
    (folder / "card.txt").write_text(f"{text}\r\n")
    for name in ("card.txt", "card.smart-health-card"):
        assert run("verify", "--trust", folder / "trust", "--at", AT, folder / name).exit_code == 0
    (folder / "card.smart-health-card").write_text('{"verifiableCredential": 5}')
    assert run("verify", "--at", AT, folder / "card.smart-health-card").exit_code == 2


def test_the_picture_of_a_card_is_read(folder: Path) -> None:
    card = ("--shc-key", folder / "shc.key", "--shc-certificate", folder / "shc.crt", "--shc-issuer", ISSUER)
    issue(folder, *card, "--shc-file", folder / "card.png")
    assert run("verify", "--trust", folder / "trust", "--at", AT, folder / "card.png").exit_code == 0


def test_a_key_for_cards_without_the_rest_is_an_error(folder: Path) -> None:
    keys = [
        "--dcc-key",
        "dcc.key",
        "--dcc-certificate",
        "dcc.crt",
        "--twoddoc-key",
        "t.key",
        "--twoddoc-certificate",
        "t.crt",
    ]
    result = run("issue", folder / "claims.json", *keys, "--shc-key", folder / "shc.key")
    assert result.exit_code == 2
    assert "--shc-certificate" in result.output


def test_a_signer_of_a_listed_authority_holds(folder: Path) -> None:
    text = issue(folder)["2d-doc"]
    trusting = ("verify", "--trust", folder / "trust", "--at", AT, "--tsl")
    good = run(*trusting, folder / "signed.xml", "--tsl-signer", folder / "operator.der", text)
    assert (good.exit_code, good.stderr) == (0, "")
    unchecked = run(*trusting, folder / "signed.xml", text)
    assert unchecked.exit_code == 0
    assert "was not checked" in unchecked.stderr
    other = run(*trusting, folder / "empty.xml", "--json", text)
    assert (other.exit_code, objects(other)[0]["reason"]) == (1, "key-not-vouched")


def test_a_list_that_cannot_be_used_stops_everything(folder: Path) -> None:
    text = issue(folder)["2d-doc"]
    (folder / "cut.xml").write_bytes((folder / "signed.xml").read_bytes()[:-30])
    for options, words in (
        (["--tsl", folder / "cut.xml"], "well-formed"),
        (["--tsl", folder / "none.xml"], "Cannot read"),
        (["--tsl", folder / "signed.xml", "--tsl-signer", folder / "dcc.crt"], "not signed by"),
        (
            ["--tsl", folder / "signed.xml", "--crl", folder / "operator.der"],
            "no certificate revocation list",
        ),
        (["--crl", folder / "operator.der"], "no list of authorities"),
        (["--tsl-signer", folder / "operator.der"], "no list of authorities"),
    ):
        result = run("verify", "--trust", folder / "trust", "--at", AT, *options, text)
        assert result.exit_code == 2
        assert words in result.stderr
    late = run("verify", "--at", "2021-08-01", "--tsl", folder / "signed.xml", text)
    assert (late.exit_code, "newer list was due on 2021-07-01" in late.stderr) == (2, True)


@pytest.mark.parametrize("encoding", [serialization.Encoding.DER, serialization.Encoding.PEM])
def test_a_revoked_signer_does_not_hold(folder: Path, encoding: serialization.Encoding) -> None:
    builder = x509.CertificateRevocationListBuilder(AUTHORITY.certificate.subject, START, END)
    entry = x509.RevokedCertificateBuilder().serial_number(LEAF.certificate.serial_number)
    builder = builder.add_revoked_certificate(entry.revocation_date(datetime(2021, 1, 1, tzinfo=UTC)).build())
    (folder / "crls").mkdir()
    (folder / "crls" / "a.crl").write_bytes(
        builder.sign(AUTHORITY.key, hashes.SHA256()).public_bytes(encoding)
    )
    text = issue(folder)["2d-doc"]
    options = (
        "--trust",
        folder / "trust",
        "--at",
        AT,
        "--tsl",
        folder / "signed.xml",
        "--crl",
        folder / "crls",
    )
    assert objects(run("verify", *options, "--json", text))[0]["reason"] == "key-revoked"


def test_a_revocation_list_that_is_too_old_is_named(folder: Path) -> None:
    text = issue(folder)["2d-doc"]
    for due, said in ((datetime(2021, 2, 1, tzinfo=UTC), True), (END, False)):
        listed = x509.CertificateRevocationListBuilder(AUTHORITY.certificate.subject, START, due)
        (folder / "a.crl").write_bytes(
            listed.sign(AUTHORITY.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
        )
        trusting = ("--trust", folder / "trust", "--tsl", folder / "signed.xml", "--crl", folder / "a.crl")
        result = run("verify", *trusting, "--at", AT, text)
        assert result.exit_code == 0
        assert ("revocation list was due on 2021-02-01" in result.stderr) == said


def test_what_a_list_says_is_printed(folder: Path) -> None:
    asked = ("authorities", folder / "signed.xml", "--signer", folder / "operator.der", "--at")
    good = run(*asked, AT)
    assert good.exit_code == 0
    assert good.stdout == (
        "Agence de test: list 22 of 2021-01-01, next one due 2021-07-01, signature holds\n"
        "  FR9A Autorité FR9A: inaccord since 2015-01-01 (Certificats 2D-DOC)\n"
    )
    late = run(*asked, "2021-08-01", "--json")
    assert late.exit_code == 1
    (said,) = objects(late)
    assert (said["sequence"], said["stale"], said["signature_checked"]) == (22, True, True)
    assert said["services"][0]["status"] == [{"status": "inaccord", "since": "2015-01-01T00:00:00+00:00"}]
    assert "signature not checked" in run("authorities", folder / "empty.xml", "--at", AT).stdout
    wrong = run("authorities", folder / "claims.json")
    assert (wrong.exit_code, "well-formed" in wrong.stderr) == (2, True)
