"""`rempart directories`: the national directories, loaded from the files that are published."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rempart.foundation.directories.loading import Taken

app = typer.Typer(no_args_is_help=True, help="FINESS, the Annuaire Santé and MSSanté, from published files.")

AsJson = Annotated[bool, typer.Option("--json", help="For a machine: one JSON object per directory.")]


@app.command()
def load(
    paths: Annotated[
        list[Path], typer.Argument(help="Published files, plain or in a ZIP; the kind is told.")
    ],
    sure: Annotated[
        bool,
        typer.Option("--sure", help="Take a file that shrinks the directory, or is older than the last."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Load published files. A file that is broken, shrunk or old is refused, and the directory stays as it was.

    Exit code: 0 everything was taken, 1 something was refused, 2 it could not run.
    """
    from rempart.site.runtime import platform

    refused = False
    with platform():
        from rempart.foundation.audit.trail import Act, record
        from rempart.foundation.directories import loading
        from rempart.site.operator import operator

        for path in paths:
            now = datetime.now(UTC)
            try:
                taken = loading.load(path, now=now, sure=sure)
            except loading.Refused as refusal:
                refused = True
                for why in refusal.why:
                    typer.echo(f"{path.name}: refused: {why}", err=True)
                continue
            for one in taken:
                if not one.same:
                    record(
                        operator(), Act.DIRECTORY_LOADED, one.directory, now=now,
                        rows=one.rows, added=one.added, changed=one.changed, gone=one.gone, sure=sure,
                    )  # fmt: skip
                typer.echo(json.dumps(dataclasses.asdict(one)) if as_json else _said(one))
    raise typer.Exit(1 if refused else 0)


@app.command()
def status(as_json: AsJson = False) -> None:
    """What each directory holds, of when it is, and what was refused since.

    Exit code: 0 everything is there and fresh, 1 something is missing, stale or was refused.
    """
    from rempart.site.runtime import platform

    with platform():
        from rempart.foundation.directories.standing import standings

        found = standings(now=datetime.now(UTC))
    for one in found:
        if as_json:
            typer.echo(json.dumps({**dataclasses.asdict(one), "notes": one.notes}, default=str))
            continue
        if one.loaded_at is not None:
            of = f", published {one.published}" if one.published else ""
            typer.echo(
                f"{one.directory}: {one.rows} rows, {one.file}{of}, loaded {one.loaded_at:%Y-%m-%d %H:%M} UTC"
            )
        for note in one.notes:
            typer.echo(f"! {one.directory}: {note}")
    raise typer.Exit(1 if any(one.notes for one in found) else 0)


@app.command()
def declare(
    finess: Annotated[str, typer.Argument(help="FINESS of an establishment with a laboratory of its own.")],
) -> None:
    """Say that an establishment, such as a hospital, has a laboratory: its category does not."""
    from rempart.site.refusals import CannotRun
    from rempart.site.runtime import platform

    with platform():
        from rempart.foundation.audit.trail import Act, record
        from rempart.foundation.directories import laboratories
        from rempart.foundation.identifiers.finess import normalise
        from rempart.site.operator import operator

        try:
            laboratory = laboratories.declare(normalise(finess))
        except laboratories.Unknown:
            raise CannotRun("No establishment of the directory has that FINESS: load FINESS first.") from None
        record(operator(), Act.LABORATORY_DECLARED, laboratory.finess, now=datetime.now(UTC))
        typer.echo(f"{laboratory} is a laboratory.")


def _said(one: Taken) -> str:
    if one.same:
        return f"{one.directory}: {one.file} is the file that was taken last; nothing changed"
    return f"{one.directory}: {one.rows} rows; {one.added} added, {one.changed} changed, {one.gone} gone ({one.file})"
