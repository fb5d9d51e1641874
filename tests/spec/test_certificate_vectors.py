"""Where the public test certificates and we differ, as tables."""

import pytest
from tests.spec.tables import rows
from tests.vectors import ABSENT, TESTDATA, vectors

from rempart.proofs import trust
from rempart.proofs.reasons import Reason
from rempart.proofs.verdict import verify

TITLE = "Other countries' test certificates"
WHY = (
    "The 98 EU certificates of 15 countries in dgc-testdata (commit 4a62c8d), each with its signer, the moment to judge it "
    "at and what to expect of each step. Every step of every file is compared; these tables are all that differs. The "
    "only schema among the public test data is 1.3.3, which is 1.3.0 with optional standard names: files of 1.0.0 and 1.0.1 "
    "are held against it as well, and three of them depart from it. A schema never makes a certificate invalid. Steps: "
    "VERIFY the signature, KEYUSAGE what the key may sign, SCHEMAVALIDATION schema and value sets, VALIDJSON what it says."
)

STEP_CASES = """
  name        | schema | step             | file | we  | because
  ------------+--------+------------------+------+-----+-----------------------------------------------------------------------
  BG/1        | 1.0.0  | SCHEMAVALIDATION | yes  | no  | a birth date and a vaccination date with a time of day
  BG/2        | 1.0.0  | SCHEMAVALIDATION | yes  | no  | likewise, and three dates of a recovery
  CH/2        | 1.3.0  | SCHEMAVALIDATION | yes  | no  | an empty device, where none is meant (in no value set)
  ES/1101     | 1.0.0  | SCHEMAVALIDATION | yes  | no  | made-up codes (729999), in no value set
  ES/1103     | 1.0.0  | SCHEMAVALIDATION | yes  | no  | likewise
  IE/2        | 1.0.0  | SCHEMAVALIDATION | yes  | no  | a kind of test in words, in no value set
  IE/3        | 1.0.0  | SCHEMAVALIDATION | yes  | no  | likewise
  RO/2        | 1.0.1  | SCHEMAVALIDATION | yes  | no  | two vaccinations; one entry since 1.3.0
  ES/401      | 1.0.0  | VERIFY           | yes  | no  | ES256 with a key on P-384; HCERT 1.0.5 means P-256
  ES/402      | 1.0.0  | VERIFY           | yes  | no  | likewise
  ES/403      | 1.0.0  | VERIFY           | yes  | no  | likewise
  IS/3        | 1.0.0  | KEYUSAGE         | no   | yes | its certificate names a usage of another trade only, which HCERT A.4 takes as none
  PT/1.3.0/4  | 1.3.0  | VALIDJSON        | yes  | no  | the file writes the offset +00:00 where the certificate says Z
"""

VERDICT_CASES = """
  file                      | verdict           | because
  --------------------------+-------------------+-------------------------------------------------------------------------------
  BG/4                      | key-not-yet-valid | issued three months before its signer's certificate began (HCERT 1.0.5, section 3.3.1)
  ES/401                    | bad-signature     | P-384 under ES256
  ES/402                    | bad-signature     | likewise
  ES/403                    | bad-signature     | likewise
  ES/1101                   | not-yet-valid     | issued after the moment that the file judges it at; the file expects nothing of dates
  ES/1102                   | not-yet-valid     | likewise
  ES/1103                   | not-yet-valid     | likewise
  ES/2101                   | not-yet-valid     | likewise
  ES/2102                   | not-yet-valid     | likewise
  ES/2103                   | not-yet-valid     | likewise
  LU/INCERT_R_DCC_Recovery  | not-yet-valid     | likewise
"""

VECTORS = vectors()
ANSWERS = {True: "yes", False: "no"}
pytestmark = pytest.mark.skipif(not TESTDATA.is_dir(), reason=ABSENT)


def test_every_other_step_of_every_file_is_as_expected() -> None:
    differing = set()
    compared = 0
    for vector in VECTORS:
        found = vector.found()
        for step, expected in vector.expected.items():
            compared += step in found
            if step in found and found[step] != expected:
                differing.add((vector.name, vector.schema, step, ANSWERS[expected], ANSWERS[found[step]]))
    columns = ("name", "schema", "step", "file", "we")
    assert differing == {tuple(case[column] for column in columns) for case in rows(STEP_CASES)}
    assert compared > 550


def test_every_other_file_is_valid() -> None:
    reasons = {
        vector.name: verify(vector.text, trust=vector.trusted, at=vector.at).reason for vector in VECTORS
    }
    listed = {case["file"]: case["verdict"] for case in rows(VERDICT_CASES)}
    assert {name: reason for name, reason in reasons.items() if reason is not Reason.OK} == listed
    assert len(VECTORS) == 98


def test_none_of_them_is_valid_when_nobody_is_trusted() -> None:
    for vector in VECTORS:
        assert verify(vector.text, trust=trust.NOTHING, at=vector.at).reason is Reason.KEY_UNKNOWN
