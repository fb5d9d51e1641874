"""URLs of libpq, with what a path, a name and a password may hold."""

from __future__ import annotations

from psycopg.conninfo import conninfo_to_dict

from rempart.foundation.database.urls import change, compose


def test_any_character_survives() -> None:
    parameters = {
        "user": "rempart_app",
        "password": "p@ss:/?#&% é",
        "dbname": "rempart/1",
        "host": "/srv/données d'été/a&b?c%20",
        "port": "5432",
    }
    assert conninfo_to_dict(compose(**parameters)) == parameters


def test_only_what_is_named_changes() -> None:
    url = "postgresql://app:secret@db.example:6432/rempart?sslmode=verify-full"
    changed = conninfo_to_dict(change(url, user="owner", password="other"))
    assert changed == conninfo_to_dict(url) | {"user": "owner", "password": "other"}


def test_a_url_without_login() -> None:
    assert compose(dbname="x") == "postgresql:///x"
    assert compose(user="u", dbname="x") == "postgresql://u@/x"
