"""`rempart retention`: destroy what is past its day, see how that stands, and have the proof."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rempart.protection.retention.services.daily import Progress

app = typer.Typer(no_args_is_help=True, help="What is past its day: destroyed, proved, or overdue.")


@app.command()
def run() -> None:
    """Destroy what is past its day, now; the worker does it each night. May be stopped and run again.

    Exit code: 0 nothing past its day is left, 1 something is.
    """
    from rich.console import Console

    from rempart.site.runtime import platform

    console = Console(stderr=True)
    with platform() as configuration:
        from rempart.foundation.vault import keyring_of
        from rempart.protection.retention.services import daily, proof

        now = datetime.now(UTC)
        with console.status("…") as status:
            done: dict[str, int] = {}

            def tell(progress: Progress) -> None:
                done[progress.step] = done.get(progress.step, 0) + progress.done
                status.update(f"{progress.step}: {done[progress.step]}")

            counts = daily.run(keyring=keyring_of(configuration.key_store), now=now, tell=tell)
        for what, number in counts.items():
            if number:
                typer.echo(f"{what}: {number}")
        shown = proof.latest(now=now)
    if shown is None or shown.overdue:
        typer.echo("Something past its day is still there: rempart retention status", err=True)
        raise typer.Exit(1)
    typer.echo("Nothing past its day is left.")


@app.command()
def status() -> None:
    """How retention stands: the last run, and what is overdue. Exit code 1 when something is, or no run came."""
    from rempart.site.runtime import platform

    with platform():
        from rempart.protection.retention.services import proof

        shown = proof.latest(now=datetime.now(UTC))
    if shown is None:
        typer.echo("No run yet: rempart retention run", err=True)
        raise typer.Exit(1)
    typer.echo(f"Last run: {shown.made_at:%Y-%m-%d %H:%M} UTC{' (late)' if shown.late else ''}")
    for line in shown.content["tables"]:
        mark = "OVERDUE" if line["overdue"] else "ok"
        typer.echo(f"{mark:8} {line['table']:26} first to go: {line['first_due'] or 'empty'}")
    for name in shown.content["keys"]["overdue"]:
        typer.echo(f"OVERDUE  key {name}")
    if shown.content["holds"]:
        typer.echo(
            f"held for a judge: {len(shown.content['holds'])}, until {shown.content['holds'][-1]} at the latest"
        )
    if not shown.good:
        raise typer.Exit(1)


@app.command()
def proof(
    folder: Annotated[
        Path | None, typer.Argument(help="Where to write proof, signature and certificate.")
    ] = None,
) -> None:
    """The latest proof of destruction, as JSON; with a folder, also its signature and the certificate.

    `openssl dgst -sha256 -verify <(openssl x509 -in certificate.pem -pubkey -noout) -signature proof.sig proof.json`
    """
    from rempart.site.runtime import platform

    with platform():
        from rempart.foundation.audit.anchoring import pem
        from rempart.protection.retention.services import proof as proofs

        shown = proofs.latest(now=datetime.now(UTC))
        if shown is None:
            typer.echo("No run yet: rempart retention run", err=True)
            raise typer.Exit(1)
        if folder is None:
            sys.stdout.write(shown.statement.decode() + "\n")
            return
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "proof.json").write_bytes(shown.statement)
        (folder / "proof.sig").write_bytes(shown.signature)
        (folder / "certificate.pem").write_bytes(pem(shown.certificate))
        typer.echo(str(folder / "proof.json"))
