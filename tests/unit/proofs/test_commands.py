"""`rempart certificate`: what goes in, what comes out, with which exit code."""

import hashlib
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from PIL import Image
from tests.certificates import DSC, SEAL, certificate, issued
from typer.testing import CliRunner, Result

from rempart.proofs import barcodes
from rempart.proofs.commands import app
from rempart.proofs.documents.certificate import render_certificate

AT = "2021-04-09T12:00:00Z"
ISSUED = issued()
AUGUST = datetime(2021, 7, 31, 12, 0, tzinfo=UTC)
CLAIMS = {
    "birth_name": "Lefèvre",
    "first_names": ["Zoé"],
    "birth_date": "1984-02-29",
    "sex": "F",
    "loinc": "94500-6",
    "analysis_label": "SARS-CoV-2 ARN",
    "analysis": "naat",
    "result": "N",
    "sampled_at": "2021-04-08T08:00",
    "laboratory_name": "Laboratoire",
    "issuer": "Rempart",
}


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def objects(result: Result) -> list[dict[str, Any]]:
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def trust(tmp_path: Path) -> Path:
    folder = tmp_path / "trust"
    folder.mkdir()
    (folder / "dsc.der").write_bytes(DSC.certificate)
    (folder / "RMP00001.der").write_bytes(SEAL.certificate)
    return folder


def verify(trust: Path, *inputs: object) -> tuple[int, list[dict[str, Any]]]:
    result = run("verify", "--trust", trust, "--at", AT, "--json", *inputs)
    return result.exit_code, objects(result)


def test_texts_as_arguments(trust: Path) -> None:
    printed = ISSUED.twoddoc.replace("\x1d", "<GS>").replace("\x1f", "<US>")
    code, answers = verify(trust, ISSUED.hc1, ISSUED.twoddoc, printed)
    assert code == 0
    assert [(answer["kind"], answer["valid"], answer["reason"]) for answer in answers] == [
        ("eu-dcc", True, "ok"),
        ("2d-doc", True, "ok"),
        ("2d-doc", True, "ok"),
    ]
    assert answers[0]["input"] == ISSUED.hc1
    assert answers[0]["claims"]["dcc"]["nam"]["fn"] == "Lefèvre-Œillet"
    assert answers[1]["claims"] == answers[2]["claims"]


def test_one_per_line_in_a_text_file(trust: Path, tmp_path: Path) -> None:
    file = tmp_path / "certificates.txt"
    file.write_bytes(f"\ufeff{ISSUED.hc1}\r\n\r\n{ISSUED.twoddoc}\r\nnonsense\n".encode())
    code, answers = verify(trust, file)
    assert code == 1
    assert [(answer["input"], answer["place"], answer["reason"]) for answer in answers] == [
        (str(file), "line 1", "ok"),
        (str(file), "line 3", "ok"),
        (str(file), "line 4", "not-recognised"),
    ]


def test_every_line_of_a_text_file_gets_an_answer(trust: Path, tmp_path: Path) -> None:
    (tmp_path / "wrong.txt").write_text("HC2:ABC\n\nHL0:ABC\nHC1:ABC\n")
    code, answers = verify(trust, tmp_path / "wrong.txt")
    assert code == 1
    assert [answer["place"] for answer in answers] == ["line 1", "line 3", "line 4"]
    assert [answer["reason"] for answer in answers] == ["not-recognised", "not-recognised", "bad-compression"]


def test_pictures_and_pdfs(trust: Path, tmp_path: Path) -> None:
    (tmp_path / "qr.png").write_bytes(barcodes.qr(ISSUED.hc1, scale=3))
    (tmp_path / "page.pdf").write_bytes(render_certificate(certificate(), ISSUED))
    code, answers = verify(trust, tmp_path / "qr.png", tmp_path / "page.pdf")
    assert code == 0
    assert [answer["kind"] for answer in answers] == ["eu-dcc", "eu-dcc", "2d-doc"]
    assert [Path(answer["input"]).name for answer in answers] == ["qr.png", "page.pdf", "page.pdf"]


def test_nothing_is_trusted_by_default() -> None:
    result = run("verify", "--json", ISSUED.hc1)
    assert result.exit_code == 1
    assert objects(result)[0]["reason"] == "key-unknown"


def test_the_moment_decides(trust: Path) -> None:
    for at, reason in (("2021-04-08", "not-yet-valid"), ("2021-05-01T00:00:00+02:00", "expired")):
        result = run("verify", "--trust", trust, "--at", at, "--json", ISSUED.hc1)
        assert (result.exit_code, objects(result)[0]["reason"]) == (1, reason)


@pytest.mark.parametrize(
    "handed", ["", "hello", "HC1:", "DC04", "HC1:\x00", "\udc80\udcff", "A" * 5000, "a\x00b"]
)
def test_any_argument_gets_an_answer(trust: Path, handed: str) -> None:
    code, answers = verify(trust, "--", handed)
    assert code in (1, 2)
    assert [answer["valid"] for answer in answers] == [False]


@pytest.mark.parametrize(
    ("name", "content", "reason", "code"),
    [
        ("empty", b"", "no-code-found", 1),
        ("binary", bytes(range(256)) * 40, "no-code-found", 1),
        ("latin-1.txt", "pas un certificat : é".encode("iso-8859-1"), "not-recognised", 1),
        ("broken.png", b"\x89PNG\r\n\x1a\nbroken", "unreadable-file", 2),
        ("broken.pdf", b"%PDF-1.7 broken", "unreadable-file", 2),
        ("cut.txt", ISSUED.hc1[: 4 + 300].encode(), "bad-compression", 1),
    ],
)
def test_any_file_gets_an_answer(
    trust: Path, tmp_path: Path, name: str, content: bytes, reason: str, code: int
) -> None:
    (tmp_path / name).write_bytes(content)
    exit_code, (answer,) = verify(trust, tmp_path / name)
    assert (exit_code, answer["reason"]) == (code, reason)


def test_a_picture_without_a_certificate(trust: Path, tmp_path: Path) -> None:
    file = io.BytesIO()
    Image.new("L", (200, 200), 255).save(file, "PNG")
    (tmp_path / "blank.png").write_bytes(file.getvalue())
    (tmp_path / "address.png").write_bytes(barcodes.qr("https://example.org", scale=4))
    code, answers = verify(trust, tmp_path / "blank.png", tmp_path / "address.png")
    assert code == 1
    assert [answer["reason"] for answer in answers] == ["no-code-found", "no-code-found"]


@pytest.mark.parametrize("arguments", [("absent.png",), ("folder/absent",), ("/",)])
def test_what_is_not_there_could_not_run(trust: Path, arguments: tuple[str, ...]) -> None:
    code, (answer,) = verify(trust, *arguments)
    assert (code, answer["reason"]) == (2, "unreadable-file")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--at", "yesterday"), "--at takes a time"),
        (("--trust", "absent.pem"), "Cannot read absent.pem"),
    ],
)
def test_a_wrong_option_could_not_run(arguments: tuple[str, ...], words: str) -> None:
    result = run("verify", *arguments, ISSUED.hc1)
    assert result.exit_code == 2
    assert words in result.stderr


def test_a_trust_folder_tells_what_it_passed_over(trust: Path) -> None:
    (trust / "README.md").write_text("keys")
    result = run("verify", "--trust", trust, "--at", AT, ISSUED.hc1)
    assert result.exit_code == 0
    assert "README.md" in result.stderr
    assert "valid (eu-dcc, ok)" in result.stdout


def test_show_says_what_it_holds_and_judges_nothing() -> None:
    result = run("show", ISSUED.hc1, ISSUED.twoddoc)
    assert result.exit_code == 0
    assert "dcc.nam.fn: Lefèvre-Œillet" in result.stdout
    assert "birth_name: LEFEVRE OEILLET" in result.stdout
    shown = objects(run("show", "--json", ISSUED.hc1))[0]
    assert (shown["kind"], shown["reason"], shown["claims"]["iss"]) == ("eu-dcc", None, "FR")


def test_show_answers_for_what_cannot_be_opened() -> None:
    assert run("show", "HC1:???").exit_code == 1
    assert run("show", "absent.pdf").exit_code == 2


def test_a_certificate_cannot_write_to_the_terminal() -> None:
    text = issued(laboratory_name="\x1b[2Jwiped\x07").hc1
    assert "\x1b" not in run("show", text).stdout
    assert "\x07" not in run("show", text).stdout
    lines = run("show", issued(laboratory_name="x\nother.pdf: eu-dcc, valid").hc1).stdout.splitlines()
    assert not [line for line in lines if line.startswith("other.pdf")]


@pytest.fixture
def keys(tmp_path: Path) -> list[object]:
    """Options for `issue`: one key in PEM, the other in DER."""
    options: list[object] = []
    for name, material in (("dcc", DSC), ("twoddoc", SEAL)):
        (tmp_path / f"{name}.key").write_bytes(material.private_key)
        crt = x509.load_der_x509_certificate(material.certificate).public_bytes(serialization.Encoding.PEM)
        (tmp_path / f"{name}.crt").write_bytes(crt)
        options += [
            f"--{name}-key",
            tmp_path / f"{name}.key",
            f"--{name}-certificate",
            tmp_path / f"{name}.crt",
        ]
    return options


def test_what_is_issued_holds(keys: list[object], trust: Path, tmp_path: Path) -> None:
    (tmp_path / "claims.json").write_text(json.dumps(CLAIMS))
    page = tmp_path / "page.pdf"
    result = run("issue", tmp_path / "claims.json", *keys, "--at", AT, "--pdf", page)
    assert result.exit_code == 0, result.output
    texts = tmp_path / "texts.txt"
    texts.write_text(result.stdout)
    code, answers = verify(trust, texts, page)
    assert code == 0
    assert [answer["kind"] for answer in answers] == ["eu-dcc", "2d-doc", "eu-dcc", "2d-doc"]
    assert answers[0]["claims"]["dcc"]["t"][0]["sc"] == "2021-04-08T08:00:00+02:00"
    as_json = objects(run("issue", tmp_path / "claims.json", *keys, "--at", AT, "--json"))[0]
    assert set(as_json) == {"hc1", "2d-doc", "shc", "uvci"}
    assert as_json["shc"] == ""  # nobody asked for one


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"birth_date": "29/02/1984"}, "'birth_date' is ISO 8601"),
        ({"sampled_at": "yesterday"}, "'sampled_at' is ISO 8601"),
        ({"result": "negative"}, "'result' is one of P, N, I, X"),
        ({"analysis": "LP6464-4"}, "'analysis' is one of naat, antigen, other"),
        ({"first_names": "Zoé"}, "'first_names' is a list"),
        ({"issuer": 5}, "'issuer' is a text"),
        ({"zone": "Mars/Olympus"}, "'zone' is an IANA name"),
        ({"zone": "../etc"}, "'zone' is an IANA name"),
        ({"colour": "blue"}, "Unknown field 'colour'"),
        ({"loinc": "x"}, "F4 takes a LOINC code"),
    ],
)
def test_wrong_claims_are_named(
    keys: list[object], tmp_path: Path, changes: dict[str, object], words: str
) -> None:
    (tmp_path / "claims.json").write_text(json.dumps(CLAIMS | changes))
    result = run("issue", tmp_path / "claims.json", *keys)
    assert result.exit_code == 2
    assert words in result.stderr


@pytest.mark.parametrize("content", ["", "[]", "{", '{"birth_name": "X"}', "[" * 100_000])
def test_what_is_not_a_claims_file_is_named(keys: list[object], tmp_path: Path, content: str) -> None:
    (tmp_path / "claims.json").write_text(content)
    result = run("issue", tmp_path / "claims.json", *keys)
    assert result.exit_code == 2
    assert result.stderr


def test_a_missing_key_is_named(keys: list[object], tmp_path: Path) -> None:
    (tmp_path / "claims.json").write_text(json.dumps(CLAIMS))
    (tmp_path / "dcc.key").unlink()
    result = run("issue", tmp_path / "claims.json", *keys)
    assert result.exit_code == 2
    assert "dcc.key" in result.stderr


def test_a_positive_test_gives_a_recovery(keys: list[object], trust: Path, tmp_path: Path) -> None:
    (tmp_path / "claims.json").write_text(json.dumps(CLAIMS | {"result": "P"}))
    options = ["recover", tmp_path / "claims.json", *keys[:4], "--at", AT]
    (answer,) = objects(run(*options, "--json"))
    code, (verdict,) = verify(trust, answer["hc1"])
    (entry,) = verdict["claims"]["dcc"]["r"]
    assert (code, entry["ci"]) == (0, answer["uvci"])
    assert (entry["fr"], entry["df"], entry["du"]) == ("2021-04-08", "2021-04-19", "2021-10-05")
    assert run(*options).stdout.startswith("HC1:")


@pytest.mark.parametrize(("content", "words"), [(CLAIMS, "positive test"), ([], "JSON object")])
def test_what_proves_no_recovery_is_named(
    keys: list[object], tmp_path: Path, content: object, words: str
) -> None:
    (tmp_path / "claims.json").write_text(json.dumps(content))
    result = run("recover", tmp_path / "claims.json", *keys[:4], "--at", AT)
    assert (result.exit_code, words in result.stderr) == (2, True)
    result = run("recover", tmp_path / "absent.json", *keys[:4])
    assert (result.exit_code, "absent.json" in result.stderr) == (2, True)


def test_what_was_taken_back_is_said(trust: Path, tmp_path: Path) -> None:
    (tmp_path / "revoked.txt").write_text(
        hashlib.sha256(b"FR" + certificate().uvci.encode()).hexdigest() + "\n"
    )
    code, answers = verify(trust, "--revoked", tmp_path / "revoked.txt", ISSUED.hc1, ISSUED.twoddoc)
    assert (code, [answer["reason"] for answer in answers]) == (1, ["revoked", "ok"])
    (tmp_path / "revoked.txt").write_text("nonsense")
    result = run("verify", "--trust", trust, "--revoked", tmp_path / "revoked.txt", ISSUED.hc1)
    assert (result.exit_code, "revoked.txt" in result.stderr) == (2, True)


def test_the_rules_that_a_certificate_satisfies() -> None:
    result = run("rules", "--at", "2021-08-01", "--json", issued(sampled_at=AUGUST).hc1)
    (answer,) = objects(result)
    assert (result.exit_code, answer["accepted"], answer["reason"]) == (0, True, "ok")
    assert [rule["identifier"] for rule in answer["rules"]] == ["GR-FR-0001", "TR-FR-0001", "TR-FR-0002"]


def test_a_rule_that_is_not_satisfied_is_described_in_two_languages() -> None:
    result = run("rules", "--at", "2021-08-05", issued(sampled_at=AUGUST).hc1)
    assert result.exit_code == 1
    assert "NOT ACCEPTED (2 of 3 rules passed)" in result.stdout
    assert "TR-FR-0002 failed: The sample must have been taken less than 72 hours" in result.stdout
    assert "Le prélèvement doit dater de moins de 72 heures" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((ISSUED.twoddoc,), "no-rules"),
        (("--country", "DE", ISSUED.hc1), "no-rules"),
        (("HC1:ABC",), "bad-compression"),
        (("nonsense",), "not-recognised"),
    ],
)
def test_what_no_rule_is_about_is_not_accepted(arguments: tuple[str, ...], reason: str) -> None:
    result = run("rules", "--at", "2021-08-05", "--json", *arguments)
    (answer,) = objects(result)
    assert (result.exit_code, answer["accepted"], answer["reason"]) == (1, False, reason)


def test_rules_and_value_sets_from_folders(tmp_path: Path) -> None:
    rule = {
        "Identifier": "GR-XX-0001", "Type": "Acceptance", "Country": "XX", "Version": "1.0.0", "SchemaVersion": "1.0.0",
        "Engine": "CERTLOGIC", "EngineVersion": "1.0.0", "CertificateType": "Test", "Description": [],
        "ValidFrom": "2021-01-01T00:00:00Z", "ValidTo": "2031-01-01T00:00:00Z", "AffectedFields": ["t.0.tr"],
        "Logic": {"in": [{"var": "payload.t.0.tr"}, {"var": "external.valueSets.mine"}]},
    }  # fmt: skip
    sets = {"valueSetId": "mine", "valueSetDate": "2021-01-01", "valueSetValues": {"260415000": {}}}
    for folder, content in (("rules", rule), ("sets", sets)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "one.json").write_text(json.dumps(content))
    chosen = ("--rules", tmp_path / "rules", "--country", "xx", "--at", AT)
    assert run("rules", *chosen, "--valuesets", tmp_path / "sets", ISSUED.hc1).exit_code == 0
    result = run("rules", *chosen, ISSUED.hc1)
    assert (result.exit_code, "GR-XX-0001 open" in result.stdout) == (1, True)


def test_rules_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{}")
    for option in ("--rules", "--valuesets"):
        result = run("rules", option, tmp_path, ISSUED.hc1)
        assert (result.exit_code, "broken.json" in result.stderr) == (2, True)
    result = run("rules", tmp_path / "absent.txt")
    assert result.exit_code == 2


def test_a_control_says_whose_it_is_and_never_a_result(trust: Path) -> None:
    result = run("control", "--trust", trust, "--at", AT, ISSUED.hc1, ISSUED.twoddoc)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "VALID. Lefèvre-Œillet, Zoé Anne-Noëlle, 1984-02-29",
        "VALID. LEFEVRE OEILLET, ZOE, ANNE NOELLE, 1984-02-29",
    ]
    later = run("control", "--trust", trust, "--at", "2021-04-12T00:00:00Z", ISSUED.hc1)
    assert (later.exit_code, later.stdout.split()[0]) == (1, "NOT-ACCEPTED.")
    unknown = run("control", "--at", AT, "--json", ISSUED.hc1)
    (answer,) = objects(unknown)
    assert (unknown.exit_code, answer["outcome"], answer["reason"]) == (1, "invalid", "key-unknown")
    assert "No key is trusted" in unknown.stderr
    assert answer["surname"] == answer["first_names"] == answer["birth_date"] == ""
