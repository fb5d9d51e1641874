"""What each operator of CertLogic gives, as a table."""

import json
from datetime import datetime

import pytest
from tests.spec.tables import rows

from rempart.proofs.certlogic import CertLogicError, evaluate

TITLE = "What a business rule's expression gives"
WHY = (
    "CertLogic 1.3.2, the language of the EU's rules about certificates. Expression and data are JSON; a date is written "
    "as its moment in UTC. `error` means that the expression has no value: the rule that holds it stays open."
)

CASES = """
  operator        | expression                                                            | data                   | gives                    | because
  ----------------+-----------------------------------------------------------------------+------------------------+--------------------------+--------------------------------------------------
  literals        | "a text"                                                              | null                   | "a text"                 |
  literals        | [1, true, {"var": "x"}]                                               | {"x": "y"}             | [1, true, "y"]           | each item is evaluated
  literals        | 1.5                                                                   | null                   | error                    | integers only
  literals        | 9007199254740992                                                      | null                   | error                    | beyond what every implementation counts with
  literals        | null                                                                  | null                   | error                    | null is no literal
  literals        | {}                                                                    | null                   | error                    | an object is one operation
  literals        | {"var": "a", "!": [1]}                                                | null                   | error                    | one, not two
  var             | {"var": "a.b"}                                                        | {"a": {"b": 5}}        | 5                        |
  var             | {"var": ""}                                                           | {"a": 1}               | {"a": 1}                 | the whole of the data
  var             | {"var": "a.1"}                                                        | {"a": ["x", "y"]}      | "y"                      | arrays count from 0
  var             | {"var": "a.2"}                                                        | {"a": ["x", "y"]}      | null                     | beyond the end
  var             | {"var": "a.-1"}                                                       | {"a": ["x", "y"]}      | null                     | nothing counts backwards
  var             | {"var": "a.b.c"}                                                      | {"a": null}            | null                     | nothing of nothing
  var             | {"var": "a.b"}                                                        | {"a": "text"}          | null                     | a text has no parts
  var             | {"var": 0}                                                            | ["x"]                  | error                    | a path is a text
  if              | {"if": [{"var": "a"}, "yes", "no"]}                                   | {"a": [0]}             | "yes"                    | an array with something in it
  if              | {"if": [{"var": "a"}, "yes", "no"]}                                   | {"a": []}              | "no"                     | an empty one
  if              | {"if": [{"var": "a"}, "yes", "no"]}                                   | {"a": {}}              | "no"                     | an empty object
  if              | {"if": [{"var": "a"}, "yes", "no"]}                                   | {"a": ""}              | "no"                     | an empty text
  if              | {"if": [{"var": "a"}, "yes", "no"]}                                   | {"a": 0}               | "no"                     |
  if              | {"if": [{"var": "a"}, "yes", "no"]}                                   | {"a": "0"}             | "yes"                    | a text, not a number
  if              | {"if": [{"plusTime": ["2021-01-01", 0, "day"]}, 1, 2]}                | null                   | 2                        | a date is not true
  if              | {"if": [true, 1, {"unknown": []}]}                                    | null                   | 1                        | the other branch is not looked at
  if              | {"if": [true, 1]}                                                     | null                   | error                    | three operands
  and             | {"and": [true, 5]}                                                    | null                   | 5                        | the last one, when all are true
  and             | {"and": [1, "", true]}                                                | null                   | ""                       | the first that is false
  and             | {"and": [false, {"unknown": []}]}                                     | null                   | false                    | what follows is not looked at
  and             | {"and": [true]}                                                       | null                   | error                    | at least two operands
  and             | {"and": [{"plusTime": ["2021-01-01", 0, "day"]}, true]}               | null                   | error                    | a date is neither true nor false
  !               | {"!": [{"var": "a"}]}                                                 | {}                     | true                     |
  !               | {"!": ["x"]}                                                          | null                   | false                    |
  !               | {"!": [{"plusTime": ["2021-01-01", 0, "day"]}]}                       | null                   | error                    | a date is neither true nor false
  !               | {"!": true}                                                           | null                   | error                    | operands are an array
  ===             | {"===": ["1", 1]}                                                     | null                   | false                    | nothing is converted
  ===             | {"===": [1, true]}                                                    | null                   | false                    | likewise
  ===             | {"===": [{"var": "a"}, {"var": "b"}]}                                 | {}                     | true                     | nothing is nothing
  ===             | {"===": [{"var": "a"}, {"var": "a"}]}                                 | {"a": [1]}             | false                    | only simple values are equal
  in              | {"in": ["a", {"var": "set"}]}                                         | {"set": ["b", "a"]}    | true                     |
  in              | {"in": [1, ["1", true]]}                                              | null                   | false                    | as for ===
  in              | {"in": [{"var": "x"}, []]}                                            | {}                     | false                    | an empty set
  in              | {"in": ["a", {"var": "set"}]}                                         | {}                     | error                    | no set at all
  in              | {"in": ["a", "abc"]}                                                  | null                   | error                    | a text is no set
  +               | {"+": [2, -3]}                                                        | null                   | -1                       |
  +               | {"+": ["2", 3]}                                                       | null                   | error                    | integers only
  +               | {"+": [true, 3]}                                                      | null                   | error                    | likewise
  +               | {"+": [1, 2, 3]}                                                      | null                   | error                    | two operands
  >               | {">": [2, 1]}                                                         | null                   | true                     |
  >               | {">": [3, 2, 2]}                                                      | null                   | false                    | 3 > 2, but not 2 > 2
  <               | {"<": [1, 2, 3]}                                                      | null                   | true                     | 1 < 2 and 2 < 3
  >=              | {">=": [{"var": "dn"}, {"var": "sd"}]}                                | {"dn": 2, "sd": 2}     | true                     |
  >=              | {">=": [{"var": "dn"}, {"var": "sd"}]}                                | {"dn": 2}              | error                    | nothing is no integer
  <=              | {"<=": [2, 2, 1]}                                                     | null                   | false                    |
  <=              | {"<=": ["1", "2"]}                                                    | null                   | error                    | integers only
  plusTime        | {"plusTime": ["2021-06-30", 1, "day"]}                                | null                   | 2021-07-01T00:00:00.000Z |
  plusTime        | {"plusTime": ["2021-06-30T23:30:00+02:00", 3, "hour"]}                | null                   | 2021-07-01T00:30:00.000Z | in UTC
  plusTime        | {"plusTime": ["2021-06-30T23:30:00", -24, "hour"]}                    | null                   | 2021-06-29T23:30:00.000Z | without an offset: UTC
  plusTime        | {"plusTime": ["2021-06-30T12:00:00.98765Z", 0, "day"]}                | null                   | 2021-06-30T12:00:00.987Z | thousandths, the rest is dropped
  plusTime        | {"plusTime": ["2021-06-30T12:00:00-5", 0, "day"]}                     | null                   | 2021-06-30T17:00:00.000Z | an offset of one digit
  plusTime        | {"plusTime": ["2021-06-30T12:00:00+530", 0, "day"]}                   | null                   | 2021-06-30T06:30:00.000Z | of three
  plusTime        | {"plusTime": ["2020-02-29", 1, "month"]}                              | null                   | 2020-03-29T00:00:00.000Z |
  plusTime        | {"plusTime": ["2020-02-29", 1, "year"]}                               | null                   | 2021-03-01T00:00:00.000Z | what overflows goes on into the next month
  plusTime        | {"plusTime": ["2021-03-31", -1, "month"]}                             | null                   | 2021-03-03T00:00:00.000Z | likewise
  plusTime        | {"plusTime": ["2021-01-15", -13, "month"]}                            | null                   | 2019-12-15T00:00:00.000Z |
  plusTime        | {"plusTime": ["1990", 0, "day"]}                                      | null                   | 1990-12-31T00:00:00.000Z | a partial date is its last day
  plusTime        | {"plusTime": ["1990-02", 18, "year"]}                                 | null                   | 2008-02-28T00:00:00.000Z | likewise
  plusTime        | {"plusTime": ["2021-02-30", 0, "day"]}                                | null                   | error                    | no such day
  plusTime        | {"plusTime": ["2021-06-30 12:00:00", 0, "day"]}                       | null                   | error                    | not one of the formats
  plusTime        | {"plusTime": ["2021-06-30T12:00:00+99", 0, "day"]}                    | null                   | error                    | no such offset
  plusTime        | {"plusTime": ["2021-06-30", 1, "week"]}                               | null                   | error                    | no such unit
  plusTime        | {"plusTime": ["2021-06-30", 99999, "year"]}                           | null                   | error                    | beyond the calendar
  plusTime        | {"plusTime": [{"plusTime": ["2021-06-30", 1, "day"]}, 1, "day"]}      | null                   | error                    | from a text only
  dccDateOfBirth  | {"dccDateOfBirth": ["1984-02-29"]}                                    | null                   | 1984-02-29T00:00:00.000Z |
  dccDateOfBirth  | {"dccDateOfBirth": ["1984-02"]}                                       | null                   | 1984-02-29T00:00:00.000Z | the last day that it may be
  dccDateOfBirth  | {"dccDateOfBirth": ["1984"]}                                          | null                   | 1984-12-31T00:00:00.000Z | likewise
  dccDateOfBirth  | {"dccDateOfBirth": ["1984-13"]}                                       | null                   | error                    |
  dccDateOfBirth  | {"dccDateOfBirth": [""]}                                              | null                   | error                    |
  after           | {"after": [{"plusTime": ["2021-01-02", 0, "day"]}, {"plusTime": ["2021-01-01", 23, "hour"]}]} | null | true               |
  after           | {"after": ["2021-01-02", "2021-01-01"]}                               | null                   | error                    | texts are no dates
  before          | {"before": [{"plusTime": ["2021", 0, "day"]}, {"plusTime": ["2021-12", 0, "day"]}]} | null     | false                    | both are 31 December
  before          | {"before": [{"plusTime": ["2021-01-01", 0, "day"]}, {"plusTime": ["2021-01-01", 1, "day"]}, {"plusTime": ["2021-01-01", 2, "day"]}]} | null | true | one after the other
  not-after       | {"not-after": [{"plusTime": ["2021-01-01", 0, "day"]}, {"plusTime": ["2021-01-01T00:00:00Z", 0, "hour"]}]} | null | true  | at the latest then
  not-after       | {"not-after": [{"plusTime": ["2021-01-01", 0, "day"]}, {"plusTime": ["2021-01-01", 1, "day"]}, {"plusTime": ["2021-01-01", 0, "day"]}]} | null | false |
  not-before      | {"not-before": [{"plusTime": ["2021-01-01", 0, "day"]}, {"plusTime": ["2021-01-01T00:00:01Z", 0, "hour"]}]} | null | false | a second too early
  reduce          | {"reduce": [{"var": "n"}, {"+": [{"var": "accumulator"}, {"var": "current"}]}, 0]} | {"n": [1, 2, 3]} | 6                 |
  reduce          | {"reduce": [[], {"unknown": []}, "start"]}                            | null                   | "start"                  | nothing to go through
  reduce          | {"reduce": [{"var": "n"}, {"var": "current.x"}, 0]}                   | {"n": [{"x": 1}, {"x": 2}]} | 2                   | the last
  reduce          | {"reduce": [{"var": "n"}, 1, 0]}                                      | {}                     | error                    | no array
  extractFromUVCI | {"extractFromUVCI": ["URN:UVCI:01:FR:T5DW#4", 1]}                     | null                   | "FR"                     | the prefix does not count
  extractFromUVCI | {"extractFromUVCI": ["01:FR:T5DW#4", 3]}                              | null                   | "4"                      | parts lie between /, # and :
  extractFromUVCI | {"extractFromUVCI": ["a::c/#/f", 4]}                                  | null                   | ""                       | an empty part
  extractFromUVCI | {"extractFromUVCI": ["a", 7]}                                         | null                   | null                     | no such part
  extractFromUVCI | {"extractFromUVCI": [{"var": "ci"}, 0]}                               | {}                     | null                     | nothing of nothing
  extractFromUVCI | {"extractFromUVCI": [5, 0]}                                           | null                   | error                    |
  or              | {"or": [true, false]}                                                 | null                   | error                    | JsonLogic has it, CertLogic has not
"""


def shown(value: object) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03}Z"
    return json.dumps(value)


@pytest.mark.parametrize(
    "case", rows(CASES), ids=lambda case: f"{case['operator']} {case['expression']}"[:60]
)
def test_what_an_expression_gives(case: dict[str, str]) -> None:
    expression, data = json.loads(case["expression"]), json.loads(case["data"])
    if case["gives"] == "error":
        with pytest.raises(CertLogicError):
            evaluate(expression, data)
    else:
        assert shown(evaluate(expression, data)) == case["gives"]
