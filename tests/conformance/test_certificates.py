"""Other people's certificates: dgc-testdata of 15 countries, ANTS's 2D-DOC vectors, the EU schema."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests.certificates import AT, DSC, certificate, issued
from tests.vectors import ABSENT, CORPORA, Vector, vectors

from rempart.proofs import (
    barcodes,
    cose,
    dcc,
    dcc_schema,
    recoverycertificate,
    revocation,
    testcertificate,
    trust,
    twoddoc,
    uvci,
    validity,
    valuesets,
)
from rempart.proofs.documents.certificate import render_certificate
from rempart.proofs.reasons import Reason
from rempart.proofs.revocation import Batch, Revocations
from rempart.proofs.trust import TrustList
from rempart.proofs.verdict import verify

TWODDOC, SCHEMA = CORPORA / "2ddoc", CORPORA / "eu-dcc-schema"
VALUE_SETS = CORPORA / "eu-dcc-valuesets"
pytestmark = pytest.mark.skipif(not CORPORA.is_dir(), reason=ABSENT)

# What each file expects of each step is compared in tests/spec/test_certificate_vectors.py.
VECTORS = vectors()
# The picture is of the same person's certificate, signed another time: another text, which holds as well.
OTHER_PICTURE = {"ES/501", "ES/502", "ES/503"}
every_vector = pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)


@every_vector
def test_one_changed_letter_is_seen(vector: Vector) -> None:
    text = vector.text
    middle = len(text) // 2
    changed = text[:middle] + ("A" if text[middle] != "A" else "B") + text[middle + 1 :]
    assert not verify(changed, trust=vector.trusted, at=vector.at).valid


@every_vector
def test_pictures_are_read(vector: Vector) -> None:
    if not vector.content.get("2DCODE"):
        pytest.skip("the file has no picture")
    (text,) = barcodes.read_png(base64.b64decode(vector.content["2DCODE"]))
    if vector.name not in OTHER_PICTURE:
        assert text == vector.text
    else:
        assert text != vector.text
        assert verify(text, trust=vector.trusted, at=vector.at).valid


@every_vector
def test_our_warnings_are_those_of_the_published_schema(
    schema: jsonschema.Draft202012Validator, vector: Vector
) -> None:
    content = dcc.read(vector.text).certificate
    ours = [warning for warning in dcc_schema.deviations(content) if "value set" not in warning]
    assert bool(ours) is not schema.is_valid(cose.to_json(content))


@every_vector
def test_who_takes_a_certificate_back_finds_it_again(vector: Vector) -> None:
    reason = verify(vector.text, trust=vector.trusted, at=vector.at).reason
    for one in revocation.of_dcc(dcc.read(vector.text)):
        revoked = Revocations.of([Batch(hashes=[one])])
        found = verify(vector.text, trust=vector.trusted, at=vector.at, revoked=revoked).reason
        assert found is (Reason.REVOKED if reason is Reason.OK else reason)


@pytest.mark.parametrize("country", ["AT", "DK", "LT"])
def test_our_checksum_is_that_of_other_countries(country: str) -> None:
    checked = 0
    for vector in (one for one in VECTORS if one.name.startswith(f"{country}/")):
        content = dcc.read(vector.text).certificate
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


def test_a_recovery_we_issue_follows_the_schema(schema: jsonschema.Draft202012Validator) -> None:
    positive = certificate(result=testcertificate.Result.POSITIVE)
    recovery = recoverycertificate.of_test(
        positive, uvci=uvci.derive(b"a recovery"), policy=validity.recovery(AT.date())
    )
    text = recoverycertificate.issue(recovery, signer=DSC.signer(), issued_at=AT)
    content = dcc.read(text).certificate
    assert [error.message for error in schema.iter_errors(content)] == []
    assert dcc_schema.deviations(content) == ()


@pytest.mark.parametrize("name", sorted(path.stem for path in VALUE_SETS.glob("*.json")))
def test_the_shipped_value_sets_are_the_published_ones(name: str) -> None:
    published = json.loads((VALUE_SETS / f"{name}.json").read_text("utf-8"))
    if "encoding-instructions" in name:
        pytest.skip("instructions for issuers, no set that a field refers to")
    ours = {one.id: one for one in valuesets.shipped()}[published["valueSetId"]]
    assert (ours.codes, str(ours.on)) == (set(published["valueSetValues"]), published["valueSetDate"])


def test_codes_we_use_are_in_the_value_sets() -> None:
    def codes(name: str) -> set[str]:
        file = CORPORA / "eu-dcc-valuesets" / f"{name}.json"
        return set(json.loads(file.read_text(encoding="utf-8"))["valueSetValues"])

    (entry,) = dcc.read(issued().hc1).certificate["t"]  # type: ignore[misc]
    assert entry["tg"] in codes("disease-agent-targeted")
    assert {analysis.value for analysis in testcertificate.Analysis if analysis.value} == codes("test-type")
    assert set(testcertificate._RESULTS.values()) == codes("test-result")


@pytest.mark.parametrize("path", sorted(SCHEMA.glob("examples/*/*.json")), ids=lambda path: path.stem)
def test_the_schemas_own_examples_have_no_deviation(
    schema: jsonschema.Draft202012Validator, path: Path
) -> None:
    example = json.loads(path.read_text("utf-8"))
    assert schema.is_valid(example)
    fields = [warning.split(":")[0] for warning in dcc_schema.deviations(example)]
    assert fields == (["t.ma"] if path.stem == "simple-rat" else [])  # a device younger than the list of 2021


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
