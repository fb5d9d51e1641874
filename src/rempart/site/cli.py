"""`rempart`: every command of the house. Nothing heavy is imported before a command runs."""

from __future__ import annotations

import sys

import typer

from rempart.foundation.people.commands import app as people
from rempart.proofs.commands import app as certificate
from rempart.screening import commands as screening
from rempart.screening.handover.commands import app as mailbox
from rempart.simulators.commands import app as simulate
from rempart.site.commands import house
from rempart.site.commands.accounts import accounts, machine_keys
from rempart.site.commands.audit import audit
from rempart.site.commands.catalogue import catalogue
from rempart.site.commands.declaration_codes import declaration_codes
from rempart.site.commands.directories import app as directories
from rempart.site.commands.ins import app as ins
from rempart.site.commands.keys import app as keys
from rempart.site.commands.letters import app as letters
from rempart.site.commands.listen import app as listen
from rempart.site.commands.messages import app as messages
from rempart.site.commands.mssante import app as mssante
from rempart.site.commands.oversight import app as oversight
from rempart.site.commands.retention import app as retention
from rempart.site.commands.signing import app as signing

app = typer.Typer(
    no_args_is_help=True,
    help="Rempart: screening, tracing, proofs and the curve.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,  # they print values, and values may name a person
)
app.command()(house.demo)
app.command()(house.serve)
app.command(hidden=True)(house.worker)
app.command()(house.migrate)
app.command()(screening.check)
app.command()(house.ingest)
app.command()(house.bench)
app.command()(catalogue)
app.command()(declaration_codes)
app.add_typer(listen, name="listen")
app.add_typer(letters, name="letters")
app.add_typer(audit, name="audit")
app.add_typer(simulate, name="simulate")
app.add_typer(keys, name="keys")
app.add_typer(signing, name="signing")
app.add_typer(machine_keys, name="machine-keys")
app.add_typer(accounts, name="accounts")
app.add_typer(certificate, name="certificate")
app.add_typer(house.facts, name="facts")
app.add_typer(house.tasks, name="tasks")
app.add_typer(directories, name="directories")
app.add_typer(ins, name="ins")
app.add_typer(mssante, name="mssante")
app.add_typer(messages, name="messages")
app.add_typer(retention, name="retention")
app.add_typer(oversight, name="oversight")
app.add_typer(people, name="people")
app.add_typer(mailbox, name="mailbox")


def main() -> None:
    """The entry point of the `rempart` command: what stops it is said in one line, with exit code 2."""
    from rempart.foundation.database.errors import DatabaseError
    from rempart.foundation.vault import KeyProviderError
    from rempart.site.refusals import CannotRun

    try:
        app()
    except (DatabaseError, CannotRun, KeyProviderError, PermissionError) as why:
        typer.echo(f"rempart: {why}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
