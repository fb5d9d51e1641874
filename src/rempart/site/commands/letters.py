"""`rempart letters`: batches for the printing house."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, help="Letters by post: batches for the printing house.")
_NO_FOLDER = "Set REMPART_LETTERS_FOLDER: where batches are put for the printing house."


@app.command()
def batch() -> None:
    """Make a batch of the letters that wait, without waiting for the night.

    Exit code: 0 also when there was nothing to print; 2 without a folder (REMPART_LETTERS_FOLDER).
    """
    from rempart.site.runtime import platform

    with platform():
        from rempart.site import carriers

        made = carriers.gather_letters()
    if made is None:
        typer.echo(_NO_FOLDER, err=True)
        raise typer.Exit(2)
    for one in made:
        typer.echo(f"{one.name}: {one.letters} letters, {one.pages} pages")
    if not made:
        typer.echo("no letter waits")


@app.command(name="list")
def list_() -> None:
    """The batches that nobody has taken away.

    Exit code: 0 also when there is none; 2 without a folder (REMPART_LETTERS_FOLDER).
    """
    from rempart.site.runtime import platform

    with platform() as configuration:
        from rempart.foundation.messaging.carriers.post import waiting

        folder = configuration.letters.folder
        found = waiting(folder) if folder else None
    if found is None:
        typer.echo(_NO_FOLDER, err=True)
        raise typer.Exit(2)
    for one in found:
        typer.echo(f"{one.made_at:%Y-%m-%d %H:%M} UTC  {one.name}: {one.letters} letters, {one.pages} pages")
    if not found:
        typer.echo("no batch waits to be taken away")
