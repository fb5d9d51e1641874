"""The catalogue of data: everything it names exists, and it says something of everything."""

import csv
import io

import pytest

from rempart.foundation.access.rights import Fields, Right, Role, table
from rempart.foundation.facts.schema import ARROW_SCHEMA
from rempart.foundation.retention import Kind
from rempart.protection.catalogue.entries import (
    COLUMNS,
    Form,
    Store,
    as_csv,
    kept,
    processings,
    seen_by,
    tables,
)

TABLES = {one.name: one for one in tables()}


def test_every_field_of_the_facts_has_its_row_and_every_row_its_field():
    (facts,) = [one for one in tables() if one.store is Store.PARQUET]
    assert [field.name for field in facts.fields] == ARROW_SCHEMA.names


def test_no_fact_is_sealed_or_a_key_of_ours():
    forms = {field.form for field in TABLES["facts"].fields}
    assert forms == {Form.DIGEST, Form.CLEAR}


def test_what_names_a_person_is_sealed_or_digested():
    """Identity, number and contact are nowhere in clear, but for what figures and rules need."""
    naming = {Fields.NUMBER, Fields.CONTACT, Fields.PRESCRIBER}
    for one in tables():
        for field in one.fields:
            if naming & set(field.sees):
                assert field.form in (Form.SEALED, Form.DIGEST), f"{one.name}.{field.name}"
    clear = {
        f"{one.name}.{field.name}"
        for one in tables()
        for field in one.fields
        if field.form is Form.CLEAR and {Fields.IDENTITY, Fields.ADDRESS} & set(field.sees)
    }
    assert clear == {
        "screening_result.sex",
        "screening_result.age_class",
        "screening_result.residence_department",
    }


def test_who_sees_a_field_follows_from_the_table_of_rights():
    (sealed,) = [field for field in TABLES["people_identity"].fields if field.name == "sealed"]
    assert set(seen_by(sealed)) == {
        role
        for row in table().values()
        if {Fields.IDENTITY, Fields.NUMBER} & set(row.sees)
        for role in row.to
    }
    assert Role.EPIDEMIOLOGIST not in seen_by(sealed)
    (key,) = [field for field in TABLES["people_identity"].fields if field.name == "id"]
    assert seen_by(key) == ()


def test_a_new_kind_of_retention_is_named_by_some_processing():
    without = {Kind.EVENT}  # of the platform itself
    assert {kind for one in processings().values() for kind in one.kinds} == set(Kind) - without


def test_a_new_right_belongs_to_some_processing():
    assert {right for one in processings().values() for right in one.rights} == set(Right)


@pytest.mark.parametrize("word", ["result", "audit", "account"])
def test_how_long_is_said_in_words(word):
    assert len(kept(word)) > 10


def test_a_retention_that_does_not_exist_is_refused():
    with pytest.raises(KeyError):
        kept("for-ever")


def test_the_csv_has_a_line_for_each_field():
    lines = list(csv.reader(io.StringIO(as_csv()), delimiter=";"))
    assert tuple(lines[0]) == COLUMNS
    assert len(lines) - 1 == sum(len(one.fields) for one in tables())
    assert all(all((line[0], line[1], line[2], line[3], line[4], line[7], line[10])) for line in lines[1:])
