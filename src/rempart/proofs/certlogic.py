"""CertLogic, the language of the EU's rules about certificates: an expression and data in, a value out.

Specification 1.3.2 of the eHealth Network: a subset of JsonLogic with dates. Expressions come from outside: their
depth, the work they ask for and the size of their numbers are bounded, and whatever they hold, the answer is a
value or a CertLogicError.
"""

from __future__ import annotations

import operator
import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

VERSION = (1, 3, 2)  # of the specification
_MAX_DEPTH = 100  # levels of nesting; published rules stay under 30
_MAX_WORK = 100_000  # expressions evaluated and items looked at; published rules stay under 5,000
_MAX_INTEGER = 2**53 - 1  # the integers that every implementation counts with


class CertLogicError(Exception):
    """An expression that has no value: not of the language, of wrong types, or asking for too much."""


def evaluate(expression: object, data: object) -> object:
    """The value of an expression over data, both as `json.loads` gives them. Raises CertLogicError.

    A date is an aware datetime in UTC.
    """
    return _Evaluation().of(expression, data, 0)


def is_truthy(value: object) -> bool:
    """Whether a value is one that `if` and `and` take as true. A date is neither true nor false."""
    return not isinstance(value, datetime) and not is_falsy(value)


def is_falsy(value: object) -> bool:
    """False, null, zero, and empty texts, arrays and objects."""
    return value is None or value is False or (not isinstance(value, datetime) and not value)


@dataclass(slots=True)
class _Evaluation:
    """One evaluation, with what it has cost so far."""

    work: int = 0

    def of(self, expression: object, data: object, depth: int) -> object:
        self._pay(1)
        if depth > _MAX_DEPTH:
            raise CertLogicError(f"nested more than {_MAX_DEPTH} levels deep")
        match expression:
            case str() | bool():
                return expression
            case int() | float():
                return _integer(expression)
            case list():
                return [self.of(item, data, depth + 1) for item in expression]
            case dict() if len(expression) == 1:
                ((name, operands),) = expression.items()
                return self._operation(name, operands, data, depth + 1)
            case _:
                raise CertLogicError(
                    "an expression is a text, an integer, a boolean, an array or one operation"
                )

    def _operation(self, name: object, operands: object, data: object, depth: int) -> object:
        if name == "var":
            return self._access(operands, data)
        if not isinstance(operands, list):
            raise CertLogicError(f"{name}: the operands are not an array")
        match name, operands:
            case "if", [guard, then, otherwise]:
                chosen = then if is_truthy(self.of(guard, data, depth)) else otherwise
                return self.of(chosen, data, depth)
            case "and", [_, _, *_]:
                return self._and(operands, data, depth)
            case "!", [operand]:
                return not _truth(name, self.of(operand, data, depth))
            case "reduce", [operand, function, initial]:
                return self._reduce(operand, function, initial, data, depth)
            case "plusTime", [operand, int(amount), str(unit)] if not isinstance(amount, bool):
                return plus_time(_text(name, self.of(operand, data, depth)), amount, unit)
            case "dccDateOfBirth", [operand]:
                return date_of_birth(_text(name, self.of(operand, data, depth)))
            case "extractFromUVCI", [operand, int(index)] if not isinstance(index, bool):
                return _fragment(self.of(operand, data, depth), index)
            case "===", [_, _]:
                return _same(*(self.of(operand, data, depth) for operand in operands))
            case "in", [_, _]:
                return self._in(*(self.of(operand, data, depth) for operand in operands))
            case "+", [_, _]:
                return _integer(sum(_integers(name, [self.of(operand, data, depth) for operand in operands])))
            case (">" | "<" | ">=" | "<=") as sign, [_, _] | [_, _, _]:
                values = _integers(name, [self.of(operand, data, depth) for operand in operands])
                return all(_COMPARISONS[sign](*pair) for pair in pairwise(values))
            case ("after" | "before" | "not-after" | "not-before") as word, [_, _] | [_, _, _]:
                dates = _dates(name, [self.of(operand, data, depth) for operand in operands])
                return all(_COMPARISONS[word](*pair) for pair in pairwise(dates))
            case _:
                raise CertLogicError(f"{name!r:.40}: no such operation, or not with these operands")

    def _access(self, path: object, data: object) -> object:
        if not isinstance(path, str):
            raise CertLogicError("var: the path is not a text")
        value = data
        for fragment in path.split(".") if path else ():
            self._pay(1)
            if isinstance(value, Mapping):
                value = value.get(fragment)
            elif isinstance(value, list) and _INDEX.fullmatch(fragment) and int(fragment) < len(value):
                value = value[int(fragment)]
            else:
                return None
        return value

    def _and(self, operands: list[object], data: object, depth: int) -> object:
        value: object = None
        for operand in operands:
            value = self.of(operand, data, depth)
            if not _truth("and", value):
                return value
        return value

    def _reduce(self, operand: object, function: object, initial: object, data: object, depth: int) -> object:
        items = self.of(operand, data, depth)
        accumulator = self.of(initial, data, depth)
        if not isinstance(items, list):
            raise CertLogicError("reduce: the first operand is not an array")
        for item in items:
            accumulator = self.of(function, {"current": item, "accumulator": accumulator}, depth)
        return accumulator

    def _in(self, value: object, values: object) -> bool:
        if not isinstance(values, list):
            raise CertLogicError("in: the second operand is not an array")
        self._pay(len(values))
        return any(_same(value, one) for one in values)

    def _pay(self, cost: int) -> None:
        self.work += cost
        if self.work > _MAX_WORK:
            raise CertLogicError(f"asks for more than {_MAX_WORK} steps")


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le,
    "after": operator.gt, "before": operator.lt, "not-before": operator.ge, "not-after": operator.le,
}  # fmt: skip
_INDEX = re.compile(r"[0-9]{1,9}")


def _truth(name: str, value: object) -> bool:
    if is_falsy(value):
        return False
    if is_truthy(value):
        return True
    raise CertLogicError(f"{name}: a date is neither true nor false")


def _integer(value: float) -> int:
    """Raises CertLogicError for a fraction, or beyond what every implementation counts with."""
    if isinstance(value, float) and not value.is_integer():
        raise CertLogicError("a number is an integer")
    if abs(value) > _MAX_INTEGER:
        raise CertLogicError("an integer is at most 2^53 - 1")
    return int(value)


def _integers(name: str, values: list[object]) -> list[int]:
    found = [value for value in values if isinstance(value, int) and not isinstance(value, bool)]
    if len(found) != len(values):
        raise CertLogicError(f"{name}: an operand is not an integer")
    return found


def _dates(name: str, values: list[object]) -> list[datetime]:
    found = [value for value in values if isinstance(value, datetime)]
    if len(found) != len(values):
        raise CertLogicError(f"{name}: an operand is not a date (plusTime and dccDateOfBirth make them)")
    return found


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise CertLogicError(f"{name}: the first operand is not a text")
    return value


def _same(one: object, other: object) -> bool:
    """Equality of texts, integers, booleans and null, without conversion; nothing else is equal to anything."""
    return (
        (one is None and other is None)
        or (isinstance(one, bool) and isinstance(other, bool) and one is other)
        or (isinstance(one, str) and isinstance(other, str) and one == other)
        or (type(one) is int and type(other) is int and one == other)
    )


# ── dates ──

_MOMENT = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)"
    r"(?:T(?P<time>\d\d:\d\d:\d\d)(?:\.(?P<fraction>\d+))?"
    r"(?P<offset>Z|(?P<sign>[+-])(?P<hours>\d\d?):?(?P<minutes>\d\d)?)?)?",
    re.ASCII,
)
_YEAR, _MONTH, _DAY = (re.compile(p, re.ASCII) for p in (r"\d{4}", r"(\d{4})-(\d\d)", r"\d{4}-\d\d-\d\d"))


def plus_time(text: str, amount: int, unit: str) -> datetime:
    """A date or time moved by hours, days, months or years of the calendar in UTC. Raises CertLogicError.

    What overflows a month goes on into the next (29 February and a year is 1 March), as the specification says.
    """
    moment = date_of_birth(text) if _YEAR.fullmatch(text) or _MONTH.fullmatch(text) else _moment(text)
    try:
        match unit:
            case "hour":
                return moment + timedelta(hours=amount)
            case "day":
                return moment + timedelta(days=amount)
            case "month" | "year":
                months = moment.year * 12 + moment.month - 1 + amount * (12 if unit == "year" else 1)
                first = moment.replace(year=months // 12, month=months % 12 + 1, day=1)
                return first + timedelta(days=moment.day - 1)
    except (ValueError, OverflowError) as error:
        raise CertLogicError("plusTime: beyond the calendar") from error
    raise CertLogicError("plusTime: the unit is hour, day, month or year")


def date_of_birth(text: str) -> datetime:
    """The last day that a birth date (YYYY, YYYY-MM or YYYY-MM-DD) may mean, at midnight. Raises CertLogicError."""
    if _YEAR.fullmatch(text):
        return _moment(f"{text}-12-31")
    if partial := _MONTH.fullmatch(text):
        first = _moment(f"{text}-01")
        return first.replace(day=monthrange(int(partial[1]), int(partial[2]))[1])
    if _DAY.fullmatch(text):
        return _moment(text)
    raise CertLogicError("dccDateOfBirth: not YYYY, YYYY-MM or YYYY-MM-DD")


def _moment(text: str) -> datetime:
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise CertLogicError("not a date or time of the specification's formats")
    offset = int(match["hours"] or 0) * 60 + int(match["minutes"] or 0)
    try:
        moment = datetime.fromisoformat(f"{match['date']}T{match['time'] or '00:00:00'}")
        thousandths = int((match["fraction"] or "0").ljust(3, "0")[:3])
        zone = timezone(timedelta(minutes=-offset if match["sign"] == "-" else offset))
        return moment.replace(microsecond=thousandths * 1000, tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise CertLogicError("a date or time that does not exist") from error


_SEPARATORS = re.compile(r"[/#:]")


def _fragment(uvci: object, index: int) -> str | None:
    if uvci is None:
        return None
    fragments = _SEPARATORS.split(_text("extractFromUVCI", uvci).removeprefix("URN:UVCI:"))
    return fragments[index] if 0 <= index < len(fragments) else None
