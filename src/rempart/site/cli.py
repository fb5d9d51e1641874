"""`rempart`: every command of the house. Nothing heavy is imported before a command runs."""

from __future__ import annotations

import sys

import typer

from rempart.foundation.people.commands import app as people
from rempart.proofs.commands import app as certificate
from rempart.screening import commands as screening
from rempart.screening.handover.commands import app as mailbox
from rempart.simulators.commands import app as simulate
from rempart.site import commands
from rempart.site.account_commands import accounts, machine_keys
from rempart.site.audit_commands import audit
from rempart.site.catalogue_commands import catalogue
from rempart.site.codes_commands import declaration_codes
from rempart.site.directories_commands import app as directories
from rempart.site.ins_commands import app as ins
from rempart.site.keys_commands import app as keys
from rempart.site.letters_commands import app as letters
from rempart.site.listen_commands import app as listen
from rempart.site.messages_commands import app as messages
from rempart.site.mssante_commands import app as mssante
from rempart.site.oversight_commands import app as oversight
from rempart.site.retention_commands import app as retention
from rempart.site.signing_commands import app as signing

app = typer.Typer(
    no_args_is_help=True,
    help="Rempart: screening, tracing, proofs and the curve.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,  # they print values, and values may name a person
)
app.command()(commands.demo)
app.command()(commands.serve)
app.command(hidden=True)(commands.worker)
app.command()(commands.migrate)
app.command()(screening.check)
app.command()(commands.ingest)
app.command()(commands.bench)
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
app.add_typer(commands.facts, name="facts")
app.add_typer(commands.tasks, name="tasks")
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
