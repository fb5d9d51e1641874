"""Rules from files: which one is in force, and what stays open."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rempart.proofs import businessrules, valuesets
from rempart.proofs.businessrules import Journey, Outcome, RuleError, Type
from rempart.proofs.trust import Usage

AT = datetime(2021, 8, 1, tzinfo=UTC)
JOURNEY = Journey(country="FR", at=AT)
CLAIMS: dict[str, Any] = {
    "iss": "DE", "iat": "", "exp": "", "kid": "", "dcc": {"ver": "1.3.0", "t": [{"co": "DE", "tg": "x"}]},
}  # fmt: skip


def rule(**changes: object) -> dict[str, object]:
    return {
        "Identifier": "GR-FR-0001",
        "Type": "Acceptance",
        "Country": "FR",
        "Version": "1.0.0",
        "SchemaVersion": "1.0.0",
        "Engine": "CERTLOGIC",
        "EngineVersion": "0.7.5",
        "CertificateType": "General",
        "Description": [{"lang": "en", "desc": "in English"}, {"lang": "FR", "desc": "en français"}],
        "ValidFrom": "2021-07-01T00:00:00Z",
        "ValidTo": "2030-06-01T00:00:00Z",
        "AffectedFields": ["t.0"],
        "Logic": True,
    } | changes


def rules(*changes: dict[str, object]) -> tuple[businessrules.Rule, ...]:
    return businessrules.parse(json.dumps([rule(**one) for one in changes]).encode())


def found(
    *changes: dict[str, object], journey: Journey = JOURNEY, claims: dict[str, Any] = CLAIMS
) -> list[Any]:
    return [
        (".".join(map(str, one.rule.version)), one.outcome)
        for one in businessrules.judge(
            claims, rules=rules(*changes), value_sets=valuesets.shipped(), journey=journey
        )
    ]


def test_the_shipped_rules_are_fifteen_and_say_what_they_look_at() -> None:
    shipped = businessrules.shipped()
    assert len({one.identifier for one in shipped}) == 15
    assert all(one.type is Type.ACCEPTANCE and one.country == "FR" for one in shipped)
    assert all(one.affected_fields and one.description("fr") != one.description("en") for one in shipped)
    for one in shipped:
        for field in one.affected_fields:
            group = field.split(".")[0]
            assert f"payload.{group}" in json.dumps(one.logic)


def test_the_latest_version_valid_at_that_moment_is_taken() -> None:
    versions: tuple[dict[str, object], ...] = (
        {"Version": "1.0.9"},
        {"Version": "1.0.10"},
        {"Version": "1.1.0", "ValidFrom": "2021-09-01T00:00:00Z"},
        {"Version": "2.0.0", "ValidTo": "2021-07-31T00:00:00Z"},
    )
    assert found(*versions) == [("1.0.10", Outcome.PASSED)]
    assert (
        found(*versions, journey=Journey(country="FR", at=datetime(2021, 9, 1, tzinfo=UTC)))[0][0] == "1.1.0"
    )
    assert (
        found(*versions, journey=Journey(country="FR", at=datetime(2021, 7, 30, tzinfo=UTC)))[0][0] == "2.0.0"
    )
    assert found(*versions, journey=Journey(country="FR", at=datetime(2021, 6, 30, tzinfo=UTC))) == []


@pytest.mark.parametrize(
    ("changes", "applies"),
    [
        ({}, True),
        ({"Country": "DE"}, False),
        ({"Country": "DE", "Type": "Invalidation"}, True),  # of the issuer
        ({"Country": "FR", "Type": "Invalidation"}, False),
        ({"Region": "BRE"}, False),
        ({"CertificateType": "Test"}, True),
        ({"CertificateType": "Vaccination"}, False),
    ],
)
def test_only_rules_that_concern_the_journey_apply(changes: dict[str, object], applies: bool) -> None:
    assert bool(found(changes)) is applies


def test_a_region_has_its_own_rules_beside_its_countrys() -> None:
    both: tuple[dict[str, object], ...] = ({}, {"Identifier": "GR-FR-0002", "Region": "BRE"})
    assert len(found(*both, journey=Journey(country="FR", region="BRE", at=AT))) == 2
    assert len(found(*both, journey=Journey(country="FR", region="IDF", at=AT))) == 1


def test_without_an_issuer_the_country_of_the_entry_counts() -> None:
    changes: dict[str, object] = {"Country": "DE", "Type": "Invalidation"}
    assert found(changes, claims={**CLAIMS, "iss": ""}) == [("1.0.0", Outcome.PASSED)]


@pytest.mark.parametrize(
    ("changes", "ver", "outcome"),
    [
        ({}, "1.3.0", Outcome.PASSED),
        ({"Logic": False}, "1.3.0", Outcome.FAILED),
        ({"Logic": "yes"}, "1.3.0", Outcome.OPEN),
        ({"Logic": {"unknown": [1]}}, "1.3.0", Outcome.OPEN),
        ({"Engine": "OTHER"}, "1.3.0", Outcome.OPEN),
        ({"EngineVersion": "1.4.0"}, "1.3.0", Outcome.OPEN),
        ({"SchemaVersion": "1.3.0"}, "1.2.1", Outcome.OPEN),
        ({"SchemaVersion": "1.3.0"}, "1.3.2", Outcome.PASSED),
        ({"SchemaVersion": "1.3.0"}, "one", Outcome.OPEN),
        ({"SchemaVersion": "1.3.0"}, None, Outcome.OPEN),
    ],
)
def test_what_cannot_be_judged_stays_open(changes: dict[str, object], ver: object, outcome: Outcome) -> None:
    claims = {**CLAIMS, "dcc": {**CLAIMS["dcc"], "ver": ver}}
    assert found(changes, claims=claims)[0][1] is outcome


def test_a_rule_sees_the_certificate_and_the_circumstances() -> None:
    logic = {
        "===": [
            {
                "reduce": [
                    [
                        {"in": [{"var": "payload.t.0.tg"}, ["x"]]},
                        {"in": ["840539006", {"var": "external.valueSets.disease-agent-targeted"}]},
                        {"===": [{"var": "external.validationClock"}, "2021-08-01T00:00:00.000+00:00"]},
                        {"===": [{"var": "external.countryCode"}, "FR"]},
                        {"===": [{"var": "external.issuerCountryCode"}, "DE"]},
                    ],
                    {"+": [{"var": "accumulator"}, {"if": [{"var": "current"}, 1, 0]}]},
                    0,
                ]
            },
            5,
        ]
    }
    assert found({"Logic": logic}) == [("1.0.0", Outcome.PASSED)]


def test_descriptions_fall_back_to_english() -> None:
    (one,) = rules({})
    assert (one.description("fr"), one.description("de")) == ("en français", "in English")
    assert (one.usage, rules({"CertificateType": "Recovery"})[0].usage) == (None, Usage.RECOVERY)


@pytest.mark.parametrize(
    "changes",
    [
        {"Type": "Other"}, {"Version": "1"}, {"Version": 1}, {"ValidFrom": "then"}, {"CertificateType": "Any"},
        {"Description": [5]}, {"AffectedFields": None}, {"Identifier": None, "Country": 5, "Engine": [], "Version": "a.b.c"},
    ],
)  # fmt: skip
def test_a_file_that_is_no_rule_is_named(tmp_path: Path, changes: dict[str, object]) -> None:
    (tmp_path / "broken.json").write_text(json.dumps(rule(**changes)))
    with pytest.raises(RuleError, match=r"broken\.json"):
        businessrules.load(tmp_path)


def test_a_folder_without_rules_is_named(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="no rule"):
        businessrules.load(tmp_path)
