"""The laboratory's door: `rempart mailbox`, on its own computer and without a database."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    no_args_is_help=True,
    help="A laboratory's secure mailbox: certificates sorted, filed, printed, deleted in time.",
)

Config = Annotated[
    Path, typer.Option("--config", help="Which mailbox is read and where certificates go (TOML).")
]


@app.command()
def collect(
    config: Config = Path("mailbox.toml"),
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done; write and mark nothing.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Look once more at what earlier runs left in the mailbox.")
    ] = False,
) -> None:
    """Read the mailbox, file certificates by site and day, print them, answer, delete what is over.

    Exit code: 0 nothing is left to look at, 1 something is (it says what), 2 it could not run.
    """
    from rempart.screening.handover.mailbox import running

    raise typer.Exit(running.collect(config, dry_run=dry_run, look_again=again, now=datetime.now(UTC)))


@app.command("test")
def try_mailbox(
    config: Config = Path("mailbox.toml"),
    directory: Annotated[
        Path | None,
        typer.Option("--directory", help="An extract of the MSSanté directory, plain or in a ZIP."),
    ] = None,
) -> None:
    """Open the mailbox, and say what the directory says of it: kind, stamp, structure.

    Exit code: 0 certificates can come, 1 something is missing (it says what), 2 it could not run.
    """
    from rempart.screening.handover.mailbox import running

    raise typer.Exit(running.try_mailbox(config, directory=directory))
