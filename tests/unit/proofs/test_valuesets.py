"""Value sets from files, and what a certificate holds that is in none."""

import json
from datetime import date
from pathlib import Path

import pytest
from tests.certificates import certificate

from rempart.proofs import dcc_schema, testcertificate, valuesets
from rempart.proofs.valuesets import ValueSetError

CONTENT = json.loads(json.dumps(testcertificate.dcc_content(certificate())))


def value_set(on: str, *codes: str) -> bytes:
    return json.dumps(
        {"valueSetId": "a-set", "valueSetDate": on, "valueSetValues": {code: {} for code in codes}}
    ).encode()


def test_the_shipped_sets_hold_the_codes_we_use() -> None:
    sets = valuesets.in_force(valuesets.shipped(), date(2021, 7, 1))
    assert sets["disease-agent-targeted"].codes == {"840539006"}
    assert sets["covid-19-lab-test-type"].codes == {"LP6464-4", "LP217198-3"}
    assert sets["covid-19-lab-result"].codes == {"260373001", "260415000"}
    assert {"1232", "1833"} <= sets["covid-19-lab-test-manufacturer-and-name"].codes
    assert {"EU/1/20/1528", "EU/1/20/1507", "EU/1/21/1529", "EU/1/20/1525"} <= sets[
        "vaccines-covid-19-names"
    ].codes
    assert {"1119349007", "1119305005", "J07BX03"} <= sets["sct-vaccines-covid-19"].codes
    assert len(sets["country-2-codes"].codes) == 250


def test_the_version_of_the_day_is_taken(tmp_path: Path) -> None:
    for on in ("2021-04-27", "2021-07-01", "2022-01-01"):
        (tmp_path / f"{on}.json").write_bytes(value_set(on, on))
    sets = valuesets.load(tmp_path)
    for day, expected in (
        (date(2021, 1, 1), "2021-04-27"),
        (date(2021, 6, 30), "2021-04-27"),
        (date(2021, 7, 1), "2021-07-01"),
        (date(2030, 1, 1), "2022-01-01"),
    ):
        assert valuesets.in_force(sets, day)["a-set"].codes == {expected}


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"valueSetId": "x", "valueSetDate": "then"}', b"[" * 99_999]
)
def test_a_file_that_is_none_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "broken.json").write_bytes(content)
    with pytest.raises(ValueSetError, match=r"broken\.json"):
        valuesets.load(tmp_path)


def test_a_folder_without_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueSetError, match="no value set"):
        valuesets.load(tmp_path)


@pytest.mark.parametrize(
    ("changes", "warning"),
    [
        ({}, None),
        ({"tg": "0"}, "t.tg: not in the value set disease-agent-targeted of 2021-04-27"),
        ({"tt": "PCR"}, "t.tt: not in the value set covid-19-lab-test-type of 2021-04-27"),
        ({"tr": True}, "t.tr: not in the value set covid-19-lab-result of 2021-04-27"),
        ({"co": "ZZ"}, "t.co: not in the value set country-2-codes of 2019-11-01"),
        ({"ma": "9"}, "t.ma: not in the value set covid-19-lab-test-manufacturer-and-name of 2021-07-01"),
        (
            {"sc": "2021-07-01T08:00:00"},
            "t.sc: not a time with its offset, such as 2021-07-01T08:00:00+02:00",
        ),
        ({"tc": "x" * 81}, "t.tc: not a text of at most 80 characters"),
        ({"is": 5}, "t.is: not a text of at most 80 characters"),
        ({"tg": []}, "t.tg: not in the value set disease-agent-targeted of 2021-04-27"),
    ],
)
def test_deviations_name_the_field(changes: dict[str, object], warning: str | None) -> None:
    content = {**CONTENT, "t": [CONTENT["t"][0] | changes]}
    assert dcc_schema.deviations(content) == (() if warning is None else (warning,))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("dn", 0),
        ("dn", True),
        ("sd", "2"),
        ("dt", "2021-7-1"),
        ("dt", "20210701"),
        ("dt", 5),
        ("mp", "Cominarty"),
    ],
)
def test_deviations_of_a_vaccination(field: str, value: object) -> None:
    entry = {
        "tg": "840539006", "vp": "1119349007", "mp": "EU/1/20/1528", "ma": "ORG-100030215", "dn": 2, "sd": 2,
        "dt": "2021-07-01", "co": "FR", "is": "CNAM", "ci": "URN:UVCI:01:XX:1",
    }  # fmt: skip
    person = {"ver": "1.3.0", "nam": CONTENT["nam"], "dob": "1984"}
    assert dcc_schema.deviations({**person, "v": [entry]}) == ()
    (warning,) = dcc_schema.deviations({**person, "v": [entry | {field: value}]})
    assert warning.startswith(f"v.{field}: not ")
