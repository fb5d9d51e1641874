import json

from tests import messages

from rempart.screening.rules.answer import answer


def said(payload: bytes) -> dict[str, object]:
    item = messages.item(payload)
    found: dict[str, object] = json.loads(json.dumps(answer(item, messages.verdict(item), source="a/b.hl7")))
    return found


def test_the_contract_of_one_message() -> None:
    found = said(messages.hl7(("|F|||28 AV", "|M|||28 AV")))
    assert list(found) == ["source", "item", "format", "control_id", "outcome", "reports", "findings"]
    assert (found["source"], found["item"], found["format"]) == ("a/b.hl7", 0, "hl7v2")
    assert (found["control_id"], found["outcome"]) == ("MSG000001", "accepted")
    (report,) = found["reports"]  # type: ignore[misc]
    assert report["laboratory"]["finess"] == "690001235"
    assert report["record_number"] == "21048BC000020"
    person = report["person"]
    assert (person["birth_name"], person["used_name"], person["sex"]) == ("PAT-TROIS", "MARTIN", "M")
    assert person["first_names"] == ["DOMINIQUE", "MARIE-LOUISE"]
    assert (person["birth_date"], person["ins"]) == ("1979-03-28", "279035121518989")
    assert report["sampled_at"] == "2021-04-08T13:48:00+02:00"
    assert report["validated_at"] == "2021-04-08T15:00:00+02:00"
    assert (report["loinc"], report["result"], report["status"]) == ("94500-6", "P", "final")
    (finding,) = found["findings"]  # type: ignore[misc]
    assert finding["code"] == "P06"
    assert finding["severity"] == "warning"
    assert finding["location"] == "PID-3"
    assert finding["message"]


def test_what_was_not_given_is_empty_or_null_and_times_are_no_more_precise_than_given() -> None:
    lines = ("RES|SARS-CoV-2|94500-6|C||||||R",)
    (report,) = said(messages.hprim(("28/03/1979", ""), lines=lines))["reports"]  # type: ignore[misc]
    assert report["person"]["birth_date"] is None
    assert report["person"]["used_name"] == ""
    assert (report["result"], report["validated_at"], report["symptoms"]) == (None, None, None)
    assert report["sampled_at"] == "2021-04-08"
