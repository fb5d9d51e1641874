"""What the code writes into the trail, held against what the catalogue declares."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from rempart.foundation.access.rights import Fields, Purpose
from rempart.foundation.audit.catalogue import catalogue, deviations, touched
from rempart.foundation.audit.trail import Act

SOURCES = Path(__file__).parents[4] / "src" / "rempart"
NO_DETAIL = {"now", "person"}


def modules() -> Iterator[tuple[Path, ast.Module]]:
    for path in SOURCES.rglob("*.py"):
        yield path, ast.parse(path.read_text("utf-8"))


def act_of(node: ast.expr) -> str:
    """The code of `Act.X`; empty for anything else."""
    match node:
        case ast.Attribute(value=ast.Name(id="Act"), attr=name):
            return Act[name].value
    return ""


def emissions() -> Iterator[tuple[str, str, set[str]]]:
    """Where an act is written, which, and with which details; an act that a variable names is left out."""
    for path, tree in modules():
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Name(id="record"), args=[_, act, *_], keywords=keywords) if act_of(
                    act
                ):
                    details = {keyword.arg for keyword in keywords if keyword.arg} - NO_DETAIL
                    yield f"{path.relative_to(SOURCES)}:{node.lineno}", act_of(act), details


def test_every_act_is_declared_and_every_declaration_is_an_act() -> None:
    assert {act.value for act in Act} == set(catalogue())


def test_every_act_is_emitted_somewhere() -> None:
    named = {
        act_of(node) for _, tree in modules() for node in ast.walk(tree) if isinstance(node, ast.Attribute)
    }
    assert {act.value for act in Act} - named == set()


@pytest.mark.parametrize(
    ("where", "act", "details"),
    list(emissions()),
    ids=lambda value: ",".join(sorted(value)) if isinstance(value, set) else str(value),
)
def test_what_is_emitted_is_what_is_declared(where: str, act: str, details: set[str]) -> None:
    assert details <= set(catalogue()[act].details), where


def test_purposes_and_fields_are_those_of_the_table_of_rights() -> None:
    for declared in catalogue().values():
        assert declared.purposes <= {purpose.value for purpose in Purpose}, declared.code
        assert set(declared.fields) <= {group.value for group in Fields}, declared.code


def test_codes_fit_their_column() -> None:
    assert max(len(act.value) for act in Act) <= 40
    assert max(len(purpose.value) for purpose in Purpose) <= 20


@pytest.mark.parametrize(
    ("details", "wrong"),
    [
        ({"found": 3, "states": ["waiting"]}, []),
        ({}, []),
        ({"found": "3"}, ["cases-listed: the detail found is not int"]),
        ({"found": True}, ["cases-listed: the detail found is not int"]),
        ({"name": "Zygomalas"}, ["cases-listed has no detail name"]),
        ({"states": ["Jeanne Martin"]}, ["cases-listed: the detail states is not codes"]),
        ({"states": "waiting"}, ["cases-listed: the detail states is not codes"]),
    ],
)
def test_a_detail_that_is_not_declared_is_told_without_its_value(details, wrong) -> None:
    assert deviations(catalogue()["cases-listed"], purpose="investigation", details=details) == wrong


def test_a_purpose_that_is_not_declared_is_told() -> None:
    assert deviations(catalogue()["case-opened"], purpose="intake", details={}) == [
        "case-opened is not declared for the purpose intake"
    ]


def test_an_entry_names_the_groups_of_fields_that_the_actor_may_see() -> None:
    opened = catalogue()["case-opened"]
    assert touched(opened, ["identity", "address", "sampling"]) == ["identity", "address"]
    assert touched(opened, []) == list(opened.fields)
