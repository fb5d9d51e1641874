"""The recovery entry of the EU DCC, and the dated policies behind it."""

from datetime import UTC, date, datetime, timedelta

import pytest
from tests.certificates import AT, DSC, NOT_AFTER, TRUST, certificate, document_signer, trusting

from rempart.proofs import dcc, recoverycertificate, uvci, validity
from rempart.proofs.reasons import Reason
from rempart.proofs.testcertificate import Analysis, Result
from rempart.proofs.trust import Usage
from rempart.proofs.verdict import verify

POSITIVE = certificate(result=Result.POSITIVE)
OWN = uvci.derive(b"the recovery's own token")
POLICY = validity.recovery(date(2021, 7, 1))
LATER = AT + timedelta(days=11)


def recovery() -> recoverycertificate.RecoveryCertificate:
    return recoverycertificate.of_test(POSITIVE, uvci=OWN, policy=POLICY)


def test_it_says_what_the_test_proved_and_from_when_to_when() -> None:
    content = recoverycertificate.dcc_content(recovery())
    assert content == {
        "ver": "1.3.0",
        "nam": {
            "fn": "Lefèvre-Œillet",
            "fnt": "LEFEVRE<OEILLET",
            "gn": "Zoé Anne-Noëlle",
            "gnt": "ZOE<ANNE<NOELLE",
        },
        "dob": "1984-02-29",
        "r": [
            {
                "tg": "840539006",
                "fr": "2021-04-08",
                "co": "FR",
                "is": "Plateforme nationale de dépistage",
                "df": "2021-04-19",
                "du": "2021-10-05",
                "ci": OWN,
            }
        ],
    }


def test_what_is_issued_holds() -> None:
    text = recoverycertificate.issue(recovery(), signer=DSC.signer(), issued_at=LATER)
    verdict = verify(text, trust=TRUST, at=LATER)
    assert (verdict.reason, verdict.warnings) == (Reason.OK, ())
    assert dcc.read(text).usages == {Usage.RECOVERY}
    assert dcc.read(text).expires_at == LATER + timedelta(days=365)


def test_it_does_not_outlive_its_signer() -> None:
    text = recoverycertificate.issue(recovery(), signer=DSC.signer(), issued_at=NOT_AFTER - timedelta(days=9))
    assert dcc.read(text).expires_at == NOT_AFTER


@pytest.mark.parametrize(
    ("usages", "expected"), [((Usage.RECOVERY,), Reason.OK), ((Usage.TEST,), Reason.KEY_USAGE)]
)
def test_a_key_for_tests_signs_no_recovery(usages: tuple[Usage, ...], expected: Reason) -> None:
    signer = document_signer(usages=usages)
    text = recoverycertificate.issue(recovery(), signer=signer.signer(), issued_at=LATER)
    assert verify(text, trust=trusting(signer), at=LATER).reason is expected


def test_the_day_is_that_of_the_place_of_sampling() -> None:
    late = certificate(
        result=Result.POSITIVE, sampled_at=datetime(2021, 4, 8, 21, 0, tzinfo=UTC), zone="Indian/Reunion"
    )
    made = recoverycertificate.of_test(late, uvci=OWN, policy=POLICY)
    assert made.first_positive == date(2021, 4, 9)


@pytest.mark.parametrize(
    "changes",
    [
        {"result": Result.NEGATIVE},
        {"result": Result.UNINTERPRETABLE},
        {"analysis": Analysis.ANTIGEN, "device": "1232"},
        {"analysis": Analysis.OTHER},
        {"disease_code": ""},
        {"birth_name": "王", "first_names": ()},
    ],
)
def test_what_proves_no_recovery_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="positive test of a kind"):
        recoverycertificate.of_test(
            certificate(**{"result": Result.POSITIVE, **changes}), uvci=OWN, policy=POLICY
        )


def test_the_policy_of_the_day_holds() -> None:
    assert validity.recovery(date(2020, 1, 1)) == validity.recovery(date(2022, 1, 1)) == POLICY
    assert (POLICY.first_day, POLICY.last_day) == (11, 180)
    first, last = validity.domestic_pass(date(2022, 1, 23)), validity.domestic_pass(date(2022, 1, 24))
    assert (first.naat_hours, first.positive_first_day, first.positive_last_day) == (72, 11, 180)
    assert (last.naat_hours, last.antigen_hours, last.positive_first_day, last.positive_last_day) == (
        24,
        24,
        11,
        183,
    )
    assert all(row.source for row in (first, last, POLICY, validity.container(date(2021, 4, 9))))
