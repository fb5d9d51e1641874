"""`rempart signing`: the keys that sign certificates, their ceremony, and the service that holds them apart."""

from __future__ import annotations

import signal
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rempart.foundation.vault import KeyStore
    from rempart.screening.signing.ceremony import Standing


app = typer.Typer(no_args_is_help=True, help="The keys that sign certificates, and how one comes into force.")


@app.command()
def status() -> None:
    """Every key, its certificate, and what is to be done. Exit code: 0 nothing to do, 1 something."""
    from rempart.screening.signing.ceremony import standing

    found = standing(_own(), now=datetime.now(UTC))
    for one in found:
        typer.echo(_line(one))
    if not found:
        typer.echo("No key yet: one that vouches for itself is made with the first certificate.")
    raise typer.Exit(1 if any(one.to_do for one in found) else 0)


@app.command()
def request(
    kind: Annotated[str, typer.Argument(help="dcc or 2ddoc.")],
    into: Annotated[Path, typer.Argument(help="The file to write the request to (PKCS#10, PEM).")],
    organization: Annotated[str, typer.Option(help="The subject's organization.")],
    common_name: Annotated[
        str, typer.Option(help="The subject's name; of a 2D-DOC its certificate id, 4 characters.")
    ],
    country: Annotated[str, typer.Option(help="The subject's country, two letters.")] = "FR",
) -> None:
    """Make a key, and the request for its certificate, which goes to the authority."""
    from rempart.screening.signing import ceremony
    from rempart.screening.signing.keys import Kind

    try:
        subject = ceremony.subject_of(country=country, organization=organization, common_name=common_name)
        wanted = Kind(kind)
    except ValueError as why:
        raise _stop(str(why)) from None
    if into.exists():
        raise _stop(f"{into} is there already.")
    key, asked = ceremony.request(_own(), wanted, subject=subject, now=datetime.now(UTC))
    into.write_bytes(asked)
    typer.echo(f"{key.name} waits for its certificate; the request is in {into}.")


@app.command()
def install(certificate: Annotated[Path, typer.Argument(help="The certificate, PEM or DER.")]) -> None:
    """Keep the certificate that the authority gave; it signs from its first day on."""
    from rempart.screening.signing import ceremony

    try:
        key = ceremony.install(_own(), certificate.read_bytes(), now=datetime.now(UTC))
    except (ceremony.NotInstalled, OSError) as why:
        raise _stop(str(why)) from None
    typer.echo(f"{key.name} has its certificate. Hand it out: rempart keys trust <folder>.")


@app.command()
def withdraw(
    name: Annotated[str, typer.Argument(help="As `rempart signing status` names it: dcc-2.")],
    sure: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Forget a key for ever, when somebody else may have it."""
    from rempart.screening.signing import ceremony

    if not sure:
        typer.confirm(f"{name} signs nothing any more, and cannot be brought back. Withdraw?", abort=True)
    try:
        ceremony.withdraw(_own(), name, now=datetime.now(UTC))
    except LookupError:
        raise _stop(f"There is no key {name}.") from None
    typer.echo(f"{name} is forgotten. Tell those who verify: docs/runbook/signing.md.")


@app.command()
def serve(
    socket: Annotated[
        Path, typer.Option(help="Where the platform reaches it (REMPART_SIGNING_SOCKET there).")
    ],
) -> None:
    """Sign certificates for the platform, in a process that has the keys and nothing else."""
    from rempart.screening.signing.service import serving

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        with serving(_own(), socket):
            typer.echo(f"signing at {socket}")
            stop.wait()
    except OSError as why:
        raise _stop(f"{socket}: {why.strerror or why}") from None


def _own() -> KeyStore:
    from rempart.site.configuration import configuration

    store = configuration().key_store
    if store.signing_socket is not None:
        raise _stop(f"The keys are with the service at {store.signing_socket}: ask there.")
    return store


def _line(one: Standing) -> str:
    dates = (
        f"{one.begins:%Y-%m-%d} to {one.ends:%Y-%m-%d}" if one.begins and one.ends else "no certificate yet"
    )
    parts = [one.name, one.provider, dates, one.subject, "signs now" if one.signs else ""]
    lines = ["  ".join(part for part in parts if part)]
    if one.fingerprint:
        lines.append(f"    SHA-256 {one.fingerprint}")
    if one.to_do:
        lines.append(f"    ! {one.to_do}")
    return "\n".join(lines)


def _stop(why: str) -> typer.Exit:
    typer.echo(why, err=True)
    return typer.Exit(2)
