"""CertLogic: whatever a rule holds, there is a value or a CertLogicError, soon."""

import json
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rempart.proofs import businessrules, certlogic
from rempart.proofs.certlogic import CertLogicError, evaluate, plus_time

NAMES = [
    "var", "if", "and", "!", "===", "in", "+", ">", "<", ">=", "<=", "after", "before", "not-after", "not-before",
    "plusTime", "reduce", "extractFromUVCI", "dccDateOfBirth", "or", "",
]  # fmt: skip
words = st.sampled_from(
    ["", "a", "a.0", "current", "accumulator", "day", "month", "year", "hour", "2021", "2021-06-30"]
)
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | words
dates = st.tuples(words | st.text(max_size=12), st.integers() | st.integers(-99, 99), words).map(
    lambda operands: {"plusTime": list(operands)}
)
expressions = st.recursive(
    leaves | dates | words.map(lambda path: {"var": path}),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(NAMES), st.lists(inner, max_size=3), max_size=2)
    ),
    max_leaves=25,
)
documents = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abv"), inner, max_size=3),
    max_leaves=10,
)


@given(expressions, documents)
@settings(max_examples=300)
def test_any_expression_has_a_value_or_none(expression: object, data: object) -> None:
    try:
        evaluate(expression, data)
    except CertLogicError:
        return


@given(expressions, documents)
def test_true_and_false_exclude_each_other(expression: object, data: object) -> None:
    try:
        value = evaluate(expression, data)
    except CertLogicError:
        return
    assert not (certlogic.is_truthy(value) and certlogic.is_falsy(value))
    assert certlogic.is_truthy(value) or certlogic.is_falsy(value) or isinstance(value, datetime)


@given(st.dates(), st.integers(-400, 400), st.sampled_from(["day", "hour"]))
def test_what_was_added_can_be_taken_away(day: object, amount: int, unit: str) -> None:
    try:
        moved = plus_time(str(day), amount, unit)
        back = plus_time(moved.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0"), -amount, unit)
    except CertLogicError:
        return  # beyond the calendar
    assert back.date() == day


@given(st.binary(max_size=200) | documents.map(lambda value: json.dumps(value).encode()))
def test_any_file_is_a_rule_or_not(data: bytes) -> None:
    try:
        assert businessrules.parse(data) == ()
    except businessrules.RuleError:
        return


DOUBLING = {"+": [{"var": "accumulator"}, {"var": "accumulator"}]}
NESTING = [{"var": "accumulator"}, {"var": "accumulator"}]
MANY = [0] * 60
LONG = [0] * 400


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ({"reduce": [MANY, DOUBLING, 1]}, "2\\^53"),
        (
            {"reduce": [LONG, {"reduce": [LONG, {"var": "accumulator"}, {"var": "accumulator"}]}, 1]},
            "100000 steps",
        ),
        ({"reduce": [LONG, {"in": [1, [0] * 999]}, 1]}, "100000 steps"),
    ],
)
def test_a_rule_that_asks_for_too_much_is_stopped(expression: object, words: str) -> None:
    with pytest.raises(CertLogicError, match=words):
        evaluate(expression, {})


def test_values_that_share_their_parts_are_not_unfolded() -> None:
    same = {"===": [{"reduce": [MANY, NESTING, 1]}, {"reduce": [MANY, NESTING, 1]}]}
    assert evaluate(same, {}) is False


def test_an_expression_nested_too_deeply_is_stopped() -> None:
    expression: object = True
    for _ in range(5_000):
        expression = {"!": [expression]}
    with pytest.raises(CertLogicError, match="levels deep"):
        evaluate(expression, {})
