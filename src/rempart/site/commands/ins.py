"""`rempart ins`: the queue of the INS teleservice, for whoever has to know whether it answers."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="The national INS teleservice: does it answer, who waits.")


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="For a machine.")] = False) -> None:
    """Whether the teleservice answers, how many wait and since when, and how look-ups ended in a day.

    Exit code: 0 nothing to do, 1 it does not answer, or somebody waits too long or was given up.
    """
    from rempart.site.runtime import platform

    now = datetime.now(UTC)
    with platform() as configuration:
        from rempart.foundation.people.teleservice import queue

        known = configuration.ins.endpoint() is not None
        found = queue.standing(now=now)
    notes = found.notes(now) if known else ()
    if as_json:
        told = {**dataclasses.asdict(found), "configured": known, "notes": notes}
        typer.echo(json.dumps(told, default=str))
    else:
        if not known:
            typer.echo("no teleservice is configured (REMPART_INS_URL): nobody is looked up")
        answered = f"{found.answered_at:%Y-%m-%d %H:%M:%S} UTC" if found.answered_at else "never"
        typer.echo(f"last answer: {answered}")
        since = f", the oldest since {found.oldest:%Y-%m-%d %H:%M} UTC" if found.oldest else ""
        typer.echo(f"waiting: {found.waiting}{since}")
        for state, number in found.ended.items():
            typer.echo(f"{state} in a day: {number}")
        for note in notes:
            typer.echo(f"! {note}")
    raise typer.Exit(1 if notes else 0)


@app.command()
def run(
    minutes: Annotated[int, typer.Option(min=1, help="At most so long.")] = 10,
) -> None:
    """Look up who waits, now; the worker does it each minute."""
    from rempart.site.refusals import CannotRun
    from rempart.site.runtime import platform

    with platform() as configuration:
        from rempart.foundation.vault import keyring_of
        from rempart.site import teleservice

        endpoint = configuration.ins.endpoint()
        if endpoint is None:
            raise CannotRun("No teleservice is configured: REMPART_INS_URL is empty.")
        ended = teleservice.run(
            endpoint,
            keyring=keyring_of(configuration.key_store),
            clock=lambda: datetime.now(UTC),
            until=datetime.now(UTC) + timedelta(minutes=minutes),
        )
        typer.echo(f"{ended} look-up(s) ended; see: rempart ins status")


@app.command()
def retry() -> None:
    """Put back what was given up, and let the next request go at once: when what was wrong is mended."""
    from rempart.site.runtime import platform

    with platform():
        from rempart.foundation.people.teleservice import queue

        typer.echo(f"{queue.retry(now=datetime.now(UTC))} request(s) wait again")
