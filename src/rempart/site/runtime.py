"""From a command to a working Django: the database started or joined, the schema there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import django
from django.db import connections

from rempart.foundation.database.connection import database
from rempart.foundation.vault import keyring_of
from rempart.site.configuration import Configuration, configuration
from rempart.site.refusals import SchemaBehind


@contextmanager
def platform(*, demo: bool = False, migrates: bool = False) -> Iterator[Configuration]:
    """Django over the database, for as long as the block lasts.

    The embedded database is migrated on the way; one that DATABASE_URL names is migrated by its owner's
    `rempart migrate` only (`migrates`), and SchemaBehind says when that is due.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rempart.site.settings")
    before = dict(os.environ)
    if demo:
        os.environ["REMPART_DEMO"] = "true"
    embedded = not configuration().database_url
    with database(os.environ, var=configuration().var) as found:
        os.environ.update(found.environment())
        os.environ.setdefault(
            "REMPART_SECRET_KEY", keyring_of(configuration().key_store).secret("django").hex()
        )
        configuration.cache_clear()
        django.setup()
        try:
            if embedded and not migrates:
                migrate()
            elif not embedded and not migrates and pending():
                raise SchemaBehind("The database lacks migrations: run `rempart migrate` as its owner.")
            yield configuration()
        finally:
            disconnect()
            for name in (*found.environment(), "REMPART_DEMO", "REMPART_SECRET_KEY"):
                _put_back(name, before.get(name))
            configuration.cache_clear()


def _put_back(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


def pending() -> list[str]:
    """The migrations that the database lacks."""
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connections["owner"])
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [str(migration) for migration, _ in plan]


def migrate() -> list[str]:
    """Run what is pending, as the owner; the names of what was run.

    Rights are given again each time: they may have been widened by hand, or by an older version.
    """
    from django.core.management import call_command

    from rempart.site.apps import grant_rights

    names = pending()
    if names:
        call_command("migrate", database="owner", verbosity=0, interactive=False)
    else:
        grant_rights(using="owner")
    return names


def disconnect() -> None:
    """Close every connection and pool of this process."""
    for connection in connections.all(initialized_only=True):
        connection.close()
        close_pool = getattr(connection, "close_pool", None)
        if close_pool is not None:
            close_pool()
