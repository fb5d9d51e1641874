"""The catalogue of data against the database: a field without a row fails, and a row without a field."""

import pytest

from rempart.protection.catalogue.entries import Store, tables

pytestmark = pytest.mark.django_db(transaction=True)

COLUMNS = """
    SELECT c.relname || '.' || a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND a.attnum > 0 AND NOT a.attisdropped"""


def test_every_column_of_every_table_has_its_row_and_every_row_its_column(owner):
    there = {name for (name,) in owner.execute(COLUMNS)}
    said = {
        f"{one.name}.{field.name}"
        for one in tables()
        if one.store is Store.POSTGRESQL
        for field in one.fields
    }
    assert sorted(there - said) == [], "say in protection/catalogue/data/tables what they are for"
    assert sorted(said - there) == [], "the catalogue names what is not there (any more)"
