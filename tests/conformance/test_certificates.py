"""Other people's certificates: dgc-testdata of 15 countries, ANTS's 2D-DOC vectors, the EU schema."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests.certificates import AT, certificate, issued

from rempart.proofs import barcodes, dcc, dcc_schema, testcertificate, trust, twoddoc, uvci
from rempart.proofs.documents.certificate import render_certificate
from rempart.proofs.reasons import Reason
from rempart.proofs.trust import TrustList
from rempart.proofs.verdict import verify

CORPORA = Path(__file__).parents[2].parent / "shared" / "corpora" / "certificates"
TESTDATA, TWODDOC, SCHEMA = CORPORA / "dgc-testdata", CORPORA / "2ddoc", CORPORA / "eu-dcc-schema"
pytestmark = pytest.mark.skipif(not CORPORA.is_dir(), reason=f"public test data is not at {CORPORA}")

VECTORS = sorted(TESTDATA.rglob("*.json"))
NAMES = [
    path.relative_to(TESTDATA).as_posix().replace("2DCode/raw/", "").removesuffix(".json") for path in VECTORS
]

# Where our verdict is not "valid", though the file expects its signature to hold: both are right, for these
# were issued after the moment their own file judges them at (none states an expectation on dates).
NOT_VALID = dict.fromkeys(
    ("ES/1101", "ES/1102", "ES/1103", "ES/2101", "ES/2102", "ES/2103", "LU/INCERT_R_DCC_Recovery"),
    Reason.NOT_YET_VALID,
)
# EXPECTEDKEYUSAGE is false here for a certificate that names another trade's usage only (ICAO seals); HCERT
# A.4 lets a key without a health usage sign anything, as the same file's other expectations agree.
NO_KEY_USAGE = {"IS/3"}
# The picture is of the same person's certificate, signed another time: another text, which holds as well.
OTHER_PICTURE = {"ES/501", "ES/502", "ES/503"}


def load(path: Path) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    vector = json.loads(path.read_text(encoding="utf-8"))
    return vector, vector["TESTCTX"], vector.get("EXPECTEDRESULTS") or vector


def moment(context: dict[str, Any]) -> datetime:
    clock = datetime.fromisoformat(context["VALIDATIONCLOCK"])
    return clock if clock.tzinfo else clock.replace(tzinfo=UTC)


@pytest.mark.parametrize("path", VECTORS, ids=NAMES)
def test_signature_dates_and_usage_are_as_expected(path: Path) -> None:
    vector, context, expected = load(path)
    name = NAMES[VECTORS.index(path)]
    trusted = TrustList.of(trust.parse(base64.b64decode(context["CERTIFICATE"])))
    verdict = verify(vector["PREFIX"], trust=trusted, at=moment(context))
    assert expected["EXPECTEDVERIFY"] is True
    assert all(
        value
        for field, value in expected.items()
        if field.startswith("EXPECTED") and name not in NO_KEY_USAGE
    )
    assert verdict.reason is NOT_VALID.get(name, Reason.OK)
    assert verify(vector["PREFIX"], trust=trust.NOTHING, at=moment(context)).reason is Reason.KEY_UNKNOWN


@pytest.mark.parametrize("path", VECTORS, ids=NAMES)
def test_one_changed_letter_is_seen(path: Path) -> None:
    vector, context, _ = load(path)
    trusted = TrustList.of(trust.parse(base64.b64decode(context["CERTIFICATE"])))
    text = vector["PREFIX"]
    middle = len(text) // 2
    changed = text[:middle] + ("A" if text[middle] != "A" else "B") + text[middle + 1 :]
    assert not verify(changed, trust=trusted, at=moment(context)).valid


@pytest.mark.parametrize("path", VECTORS, ids=NAMES)
def test_pictures_are_read(path: Path) -> None:
    vector, context, _ = load(path)
    if not vector.get("2DCODE"):
        pytest.skip("the file has no picture")
    (text,) = barcodes.read_png(base64.b64decode(vector["2DCODE"]))
    if NAMES[VECTORS.index(path)] not in OTHER_PICTURE:
        assert text == vector["PREFIX"]
    else:
        trusted = TrustList.of(trust.parse(base64.b64decode(context["CERTIFICATE"])))
        assert text != vector["PREFIX"]
        assert verify(text, trust=trusted, at=moment(context)).valid


@pytest.mark.parametrize("country", ["AT", "DK", "LT"])
def test_our_checksum_is_that_of_other_countries(country: str) -> None:
    checked = 0
    for path in sorted((TESTDATA / country).rglob("*.json")):
        content = dcc.read(load(path)[0]["PREFIX"]).certificate
        for usage in trust.Usage:
            for entry in content.get(usage) or ():  # type: ignore[attr-defined]
                body, separator, check = entry["ci"].partition("#")
                if separator:
                    assert uvci.checksum(body) == check
                    checked += 1
    assert checked >= 3


@pytest.fixture(scope="module")
def schema() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(
        json.loads((SCHEMA / "DCC.combined-schema.json").read_text(encoding="utf-8")),
        format_checker=jsonschema.FormatChecker(),
    )


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"result": testcertificate.Result.POSITIVE},
        {"analysis": testcertificate.Analysis.ANTIGEN, "device": "1232"},
        {"test_name": "Allplex " * 20, "laboratory_name": "Ł" * 90, "birth_name": "d’Ærøskøbing-Nguyễn " * 8},
        {"first_names": ()},
        {"birth_name": "王"},
    ],
)
def test_what_we_issue_follows_the_schema(
    schema: jsonschema.Draft202012Validator, changes: dict[str, Any]
) -> None:
    content = dcc.read(issued(**changes).hc1).certificate
    assert [error.message for error in schema.iter_errors(content)] == []
    assert dcc_schema.deviations(content) == ()
    assert certificate(**changes).has_dcc


def test_codes_we_use_are_in_the_value_sets() -> None:
    def codes(name: str) -> set[str]:
        file = CORPORA / "eu-dcc-valuesets" / f"{name}.json"
        return set(json.loads(file.read_text(encoding="utf-8"))["valueSetValues"])

    (entry,) = dcc.read(issued().hc1).certificate["t"]  # type: ignore[misc]
    assert entry["tg"] in codes("disease-agent-targeted")
    assert {analysis.value for analysis in testcertificate.Analysis if analysis.value} == codes("test-type")
    assert set(testcertificate._RESULTS.values()) == codes("test-result")


@pytest.mark.parametrize("path", sorted(SCHEMA.glob("examples/*/*.json")), ids=lambda path: path.stem)
def test_the_schemas_own_examples_have_no_deviation(path: Path) -> None:
    assert dcc_schema.deviations(json.loads(path.read_text(encoding="utf-8"))) == ()


def twoddoc_vectors() -> dict[str, Any]:
    file = TWODDOC / "vectors.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {"keys": {}, "vectors": []}


@pytest.mark.parametrize("vector", twoddoc_vectors()["vectors"], ids=lambda vector: vector["name"])
@pytest.mark.parametrize("printed", [False, True], ids=["raw", "printed"])
def test_2d_doc_vectors(vector: dict[str, Any], printed: bool, tmp_path: Path) -> None:
    for name, key in twoddoc_vectors()["keys"].items():
        (tmp_path / f"{name}.der").write_bytes(base64.b64decode(key))
    text = vector["text"]
    if printed:
        text = text.replace("\x1d", "<GS>").replace("\x1f", "<US>")
    verdict = verify(text, trust=TrustList.load(tmp_path), at=datetime(2026, 1, 1, tzinfo=UTC))
    assert verdict.reason is (Reason.OK if vector["signature_valid"] else Reason.BAD_SIGNATURE)
    assert verdict.claims["document_type"] == vector["doc_type"]
    if "signature_date" in vector:
        assert verdict.claims["signed_on"] == vector["signature_date"]


def test_the_test_authoritys_certificate_had_expired_when_these_were_signed() -> None:
    trusted = TrustList.load(TWODDOC / "FR000001_CERT.DER")
    reasons = {
        vector["name"]: verify(vector["text"], trust=trusted, at=AT.replace(year=2026)).reason
        for vector in twoddoc_vectors()["vectors"]
    }
    assert reasons == {
        "L1_THEOULE": Reason.KEY_EXPIRED,  # signed in 2021, the certificate is of 2012–2015
        "12_test_message_fr00_0000": Reason.KEY_EXPIRED,
        "B1_BERTHIER": Reason.KEY_EXPIRED,
        "DC02_type01_SPECIMEN": Reason.OK,  # signed in 2012
        "28_tax_EXPECT_INVALID": Reason.BAD_SIGNATURE,
    }


def test_a_file_of_printed_2d_doc_is_read() -> None:
    document = twoddoc.read((TWODDOC / "FR000001_av.txt").read_text(encoding="utf-8"))
    assert document.fields["L5"] == "COMIRNATY PFIZER/BIONTECH"
    assert twoddoc.deviations(document) == ()


def test_our_own_page_is_read_by_our_own_reader() -> None:
    made = issued()
    assert set(barcodes.read_pdf(render_certificate(certificate(), made))) == {made.hc1, made.twoddoc}
