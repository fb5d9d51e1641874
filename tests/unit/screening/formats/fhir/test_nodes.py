"""Hostile JSON: wrong types at every place, circles, numbers without end; an outcome with a place, in bounded time."""

import json
import time
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from tests import messages

from rempart.screening.formats import decode
from rempart.screening.rules.report import Format, Outcome

GOOD: dict[str, Any] = json.loads(messages.fhir())
WRONG = (True, 0, "x", {}, [None], ["x"], [{"x": [1]}])


def places(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of a value, as the steps that lead there."""
    yield path
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield from places(inner, (*path, step))


def test_a_wrong_type_at_any_place_gives_an_outcome() -> None:
    """Two hundred places, seven wrong values each: nothing is raised."""
    bundle = deepcopy(GOOD)
    for path in list(places(GOOD))[1:]:
        holder: Any = bundle
        for step in path[:-1]:
            holder = holder[step]
        right = holder[path[-1]]
        for wrong in WRONG:
            holder[path[-1]] = wrong
            (item,) = decode(json.dumps(bundle).encode(), format=Format.FHIR, context=messages.FRENCH)
            assert messages.verdict(item).outcome in Outcome
        holder[path[-1]] = right


@pytest.mark.parametrize(
    ("member", "wrong", "where"),
    [
        ("status", 3.5, ""),
        ("status", ["final"], "Bundle.entry[1].resource.status"),
        ("code", "94500-6", "Bundle.entry[1].resource.code"),
        ("valueCodeableConcept", ["x"], "Bundle.entry[1].resource.valueCodeableConcept"),
        ("specimen", [{}], "Bundle.entry[1].resource.specimen"),
        ("component", {"code": 1}, "Bundle.entry[1].resource.component"),
        ("interpretation", ["N"], ""),  # the value says the result: nobody looks
    ],
)
def test_an_element_of_another_type_is_left_out_and_said(member: str, wrong: object, where: str) -> None:
    bundle = deepcopy(GOOD)
    bundle["entry"][1]["resource"][member] = wrong
    said = [f.location for f in messages.item(json.dumps(bundle).encode()).findings if f.code == "F09"]
    assert (where in said) if where else not said


HOSTILE = {
    "depth": (b'{"resourceType": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "F03"),
    "objects in objects": (b'{"resourceType": "Bundle", "a": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001, "F03"),
    "a million siblings": (b'{"resourceType": "Bundle", "entry": [' + b"{}," * 1_000_000 + b"{}]}", "F03"),
    "100 MB of a text": (b'{"resourceType": "' + b"x" * 100_000_000 + b'"}', "F03"),
    "10 MB of a name": (messages.fhir(("PAT-TROIS", "x" * 10_000_000)), "F03"),
    "a number without end": (messages.fhir(("false", "9" * 1_000_000)), "F09"),
    "no number": (messages.fhir(("false", "NaN")), "F01"),
    "a number beyond all": (b'{"resourceType": "Bundle", "type": "message", "total": -Infinity}', "F01"),
    "a member named twice": (messages.fhir(('"type": "collection"', '"type": "collection", "type": "message"')), "F09"),
    "half of it": (messages.fhir()[:3_000], "F01"),
    "something behind it": (messages.fhir() + b"x", "F01"),
    "no characters": (messages.fhir().replace(b"LBM EXEMPLE", b"\xff\xfe"), "F01"),
    "an array": (b'[{"resourceType": "Bundle"}]', "F01"),
    "a text": (b'"resourceType"', "F01"),
    "another resource": (b'{"resourceType": "Patient"}', "F01"),
    "no resource": (b'{"resourceType": 7}', "F01"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_json_is_answered_with_a_code(name: str) -> None:
    payload, code = HOSTILE[name]
    began = time.process_time()
    (item,) = decode(payload, format=Format.FHIR, context=messages.FRENCH)
    assert time.process_time() - began < 5
    assert code in [said.code for said in item.findings]


def test_circles_of_references_lead_nowhere() -> None:
    text = messages.fhir().decode()
    for n in range(1, 9):
        text = text.replace(f"urn:uuid:6f3b0c1e-7a51-4b61-9a3c-{n:012d}", "urn:same")
    assert messages.judged(text.encode()).outcome in Outcome
    bundle = deepcopy(GOOD)
    observation = bundle["entry"][1]["resource"]
    observation["hasMember"] = [bundle["entry"][0]["resource"]["result"][0]]
    observation["subject"] = bundle["entry"][0]["resource"]["result"][0]
    assert messages.judged(json.dumps(bundle).encode()).outcome is Outcome.REJECTED


def test_half_characters_and_zeros_reach_nobody() -> None:
    bundle = deepcopy(GOOD)
    bundle["entry"][2]["resource"]["name"][0]["family"] = "PAT\ud800-TROIS\x00"
    report = messages.report(json.dumps(bundle).encode())
    assert report.person.birth_name == "PAT?-TROIS"


def test_many_results_of_many_letters_stay_in_proportion() -> None:
    bundle = deepcopy(GOOD)
    observation = bundle["entry"][1]
    letter = {"code": {"coding": [{"code": "SIDEP-MUT-A"}]}}
    bundle["entry"] += [observation] * 300
    bundle["entry"].append(
        {
            "resource": {
                "resourceType": "Observation",
                "component": [letter | {"valueString": str(n)} for n in range(3_000)],
            }
        }
    )
    reports = messages.item(json.dumps(bundle).encode()).reports
    assert len(reports) == 301
    assert max(len(report.variants) for report in reports) == 16


def test_many_results_of_many_performers_stay_in_proportion() -> None:
    """What a report says once is looked for once, not for each of its results."""
    bundle = deepcopy(GOOD)
    report, observation = bundle["entry"][0]["resource"], bundle["entry"][1]["resource"]
    nobody = [{"reference": f"Organization/{n}"} for n in range(2_000)]
    report |= {"performer": nobody, "basedOn": nobody, "specimen": nobody}
    report["result"] = [{"reference": f"Observation/{n}"} for n in range(2_000)]
    bundle["entry"] += [{"resource": {**observation, "id": str(n)}} for n in range(2_000)]
    began = time.process_time()
    assert len(messages.item(json.dumps(bundle).encode()).reports) == 2_001
    assert time.process_time() - began < 5
