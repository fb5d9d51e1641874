"""`rempart keys escrow`: the local key-encryption key in the hands of custodians."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from rempart.site.refusals import CannotRun

app = typer.Typer(no_args_is_help=True, help="Let so many custodians together bring back a lost key.")

_SHORTEST_PASSPHRASE = 12


@app.command()
def custodian(
    name: Annotated[str, typer.Argument(help="What the custodian is called in packages, such as martin.")],
    folder: Annotated[Path, typer.Option(help="Where to write both files.")] = Path(),
) -> None:
    """Make a custodian's key pair, on his own machine: he keeps the private file and its passphrase."""
    from rempart.foundation.vault.escrow import make_custodian, read_custodian

    private, public = folder / f"{name}.private.pem", folder / f"{name}.public.pem"
    if not name or name != Path(name).name:
        raise CannotRun(f"{name!r} is no name for a file")
    if existing := [path for path in (private, public) if path.exists()]:
        raise CannotRun(f"{existing[0]} is there already")
    passphrase = typer.prompt("Passphrase", hide_input=True, confirmation_prompt=True)
    if len(passphrase) < _SHORTEST_PASSPHRASE:
        raise CannotRun(f"a passphrase of {_SHORTEST_PASSPHRASE} characters at least")
    kept, shown = make_custodian(passphrase.encode())
    _write(private, kept, mode=0o600)
    _write(public, shown, mode=0o644)
    typer.echo(f"{private}: keep it, and its passphrase, apart from each other")
    typer.echo(f"{public}: hand it over; its fingerprint is {read_custodian(name, shown).fingerprint}")


@app.command()
def create(
    package: Annotated[Path, typer.Argument(help="The file to write; hand a copy to each custodian.")],
    custodians: Annotated[
        list[Path], typer.Option("--custodian", help="A custodian's public file; once for each.")
    ],
    needed: Annotated[int, typer.Option(min=2, help="How many of them must come together.")] = 2,
) -> None:
    """Write a package from which enough custodians bring back the key-encryption key."""
    from rempart.foundation.vault import LocalKey, escrow
    from rempart.site.configuration import configuration
    from rempart.site.runtime import platform

    if package.exists():
        raise CannotRun(f"{package} is there already")
    key = LocalKey(configuration().key_store.root / "kek")
    now = datetime.now(UTC)
    try:
        known = [
            escrow.read_custodian(path.name.removesuffix(".public.pem"), _read(path)) for path in custodians
        ]
        content = escrow.make_package(escrow.escrowed(key), known, needed=needed, now=now)
    except escrow.EscrowError as why:
        raise CannotRun(str(why)) from None
    _write(package, content, mode=0o600)
    escrow.note(key.path.parent, content)
    for one in known:
        typer.echo(f"{one.name}: {one.fingerprint} (let him read his aloud)")
    versions = ", ".join(f"file:{version}" for version in key.versions())
    typer.echo(
        f"{package}: any {needed} of {len(known)} bring back {versions}. Destroy packages made before."
    )
    with platform():
        from rempart.foundation.audit.trail import Act, record
        from rempart.site.operator import operator

        record(operator(), Act.KEY_ESCROWED, "kek", now=now, needed=needed, custodians=len(known))


@app.command()
def recover(
    package: Annotated[Path, typer.Argument(help="The package.")],
    private: Annotated[
        list[Path], typer.Option("--key", help="A custodian's private file; his passphrase is asked for.")
    ],
    rehearse: Annotated[bool, typer.Option(help="Open the package and compare; write nothing.")] = False,
) -> None:
    """Bring the key-encryption key back, with enough custodians at this machine. Replaces nothing."""
    from rempart.foundation.vault import LocalKey, escrow
    from rempart.site.configuration import configuration

    key = LocalKey(configuration().key_store.root / "kek")
    try:
        opened = [
            escrow.read_private(
                path.name,
                _read(path),
                typer.prompt(f"Passphrase of {path.name}", hide_input=True).encode(),
            )
            for path in private
        ]
        keys = escrow.open_package(_read(package), opened)
        if rehearse:
            alike = [
                v for v, value in keys.items() if key.file(v).is_file() and key.file(v).read_bytes() == value
            ]
            typer.echo(f"The package opens; {len(alike)} of its {len(keys)} version(s) are those in use.")
            raise typer.Exit(0 if len(alike) == len(keys) else 1)
        back = escrow.put_back(key, keys)
    except escrow.EscrowError as why:
        raise CannotRun(str(why)) from None
    typer.echo(", ".join(f"file:{version} is back" for version in back) or "Nothing was missing.")
    _check(back)


def _check(back: list[int]) -> None:
    """Open every key there is, and say which do not open."""
    from rempart.foundation.vault import KeyProviderError, keyring_of
    from rempart.site.configuration import configuration
    from rempart.site.runtime import platform

    keyring = keyring_of(configuration().key_store)
    closed = []
    for name in keyring.names():
        try:
            keyring.check(name)
        except KeyProviderError as why:
            closed.append(str(why))
    for why_not in closed:
        typer.echo(f"! {why_not}", err=True)
    typer.echo(f"{len(keyring.names()) - len(closed)} of {len(keyring.names())} key(s) open.")
    if closed:
        raise typer.Exit(1)
    if back:
        with platform():
            from rempart.foundation.audit.trail import Act, record
            from rempart.site.operator import operator

            versions = [f"file:{version}" for version in back]
            record(operator(), Act.KEY_RECOVERED, "kek", now=datetime.now(UTC), versions=versions)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as why:
        raise CannotRun(f"{path} cannot be read: {why.strerror}") from None


def _write(path: Path, content: bytes, *, mode: int) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except OSError as why:
        raise CannotRun(f"{path} cannot be written: {why.strerror}") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
