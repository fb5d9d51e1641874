"""`rempart keys`: what the key store holds, who wraps it, and what of it is destroyed."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rempart.site.commands.escrow import app as escrow

if TYPE_CHECKING:
    from rempart.foundation.vault import Keyring, KeyStatus

app = typer.Typer(no_args_is_help=True, help="The key store: what is there, who wraps it, what to destroy.")
destroy = typer.Typer(no_args_is_help=True, help="Destroy keys for ever: what they sealed with them.")
app.add_typer(destroy, name="destroy")
app.add_typer(escrow, name="escrow")

Sure = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.command("list")
def list_() -> None:
    """The names of the keys that are alive; never a value."""
    typer.echo("\n".join(_keyring().names()) or "No key yet.")


@app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="For a machine.")] = False,
) -> None:
    """What is kept, until when, by whom it is wrapped, and what to do about it.

    Exit code: 0 nothing to do, 1 something is missing or waits.
    """
    found = _keyring().status()
    notes = [*_to_do(found), *_escrow_to_do(found)]
    if as_json:
        typer.echo(json.dumps({**dataclasses.asdict(found), "to_do": notes}, default=str))
    else:
        _show(found)
        for note in notes:
            typer.echo(f"! {note}")
    raise typer.Exit(1 if notes else 0)


@app.command()
def trust(folder: Annotated[Path, typer.Argument(help="Where to write the public certificates.")]) -> None:
    """Write the public certificates of our signers, as `rempart certificate verify --trust` takes them."""
    from rempart.screening.signing.signers import export_trust
    from rempart.site.configuration import configuration

    for path in export_trust(configuration().key_store, folder):
        typer.echo(str(path))


@app.command()
def rotate(
    rewraps: Annotated[
        bool, typer.Option("--rewrap/--no-rewrap", help="Wrap the keys that are there by it, too.")
    ] = True,
) -> None:
    """Make a new version of the key-encryption key; the platform goes on meanwhile.

    The first version inside an HSM is made by this, too.
    """
    keyring = _keyring()
    version = keyring.rotate()
    typer.echo(f"{version} wraps new keys.")
    moved = _rewrap(keyring) if rewraps else 0
    _note_rotation(version, done="rotated", keys=moved)
    for note in _escrow_to_do(keyring.status()):
        typer.echo(f"! {note}")


@app.command()
def rewrap() -> None:
    """Wrap every key by the newest version of the provider chosen: after a rotation, or a change of provider.

    May be stopped and run again at any time; the platform goes on meanwhile.
    """
    keyring = _keyring()
    if moved := _rewrap(keyring):
        _note_rotation(next(v.by for v in keyring.status().versions if v.wraps), done="rewrapped", keys=moved)


@app.command()
def reindex(
    new_key: Annotated[
        bool, typer.Option("--new-key", help="Under a key made now: the one in use may be known to others.")
    ] = False,
    later: Annotated[bool, typer.Option("--later", help="Leave it to the worker.")] = False,
) -> None:
    """Index every person again under the newest blind-index key; searches go on meanwhile.

    May be stopped: the worker goes on with it. A new key settles for ten minutes before it begins.
    """
    from rempart.site.runtime import platform

    with platform() as configuration:
        from rempart.foundation.people.reindexing import ask
        from rempart.foundation.vault import keyring_of

        keyring, now = keyring_of(configuration.key_store), datetime.now(UTC)
        if new_key:
            typer.echo(f"{keyring.renew_index(now.date())} indexes what arrives.")
        typer.echo(f"Everybody is indexed again under {ask(keyring=keyring, now=now)}.")
        if not later:
            _reindex(keyring)


@destroy.command("expired")
def destroy_expired(
    copy: Annotated[
        Path | None, typer.Option(help="In this copy of the key store, instead of the one in use.")
    ] = None,
) -> None:
    """Destroy the data keys whose day has passed: what they sealed can be read by nobody any more.

    The daily run does it (`rempart retention run`); copies of the key store need it as much.
    """
    from rempart.foundation.vault import Keyring

    today = datetime.now(UTC).date()
    if copy is None:
        _destroyed(_keyring().destroy_expired(today))
        return
    if not (copy / "data").is_dir():
        typer.echo(f"{copy} is no key store: it has no folder data/", err=True)
        raise typer.Exit(2)
    _say_destroyed(Keyring(copy).destroy_expired(today))


@destroy.command("index")
def destroy_index(
    before: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="Periods that ended before this day.")
    ],
    sure: Sure = False,
) -> None:
    """Destroy the blind-index keys of periods that ended before a day: nothing is found by them any more.

    The daily run destroys those older than anything that may be read.
    """
    keyring = _keyring()
    if not sure:
        typer.confirm(
            f"Nothing that was indexed before {before:%Y-%m-%d} is found any more. Destroy?", abort=True
        )
    _destroyed(keyring.destroy_index_periods(before=before.date()))


@destroy.command("index-key")
def destroy_index_key(
    period: Annotated[str, typer.Argument(help="As `rempart keys list` names it after index/.")],
    sure: Sure = False,
) -> None:
    """Destroy a blind-index key that another replaced, once `rempart keys reindex` is through.

    Persons are found under the new one. What only the old one recognised is gone: a message or a result
    sent again that was first sent under it counts as new.
    """
    from rempart.foundation.vault import StillNeeded
    from rempart.site.runtime import platform

    keyring = _keyring()
    with platform():
        from rempart.foundation.people.reindexing import done

        if not done(keyring.index_period(datetime.now(UTC).date())):
            typer.echo("Not destroyed: index everybody again first (rempart keys reindex)", err=True)
            raise typer.Exit(1)
    if not sure:
        typer.confirm(f"What was sent under {period} and is sent again counts as new. Destroy?", abort=True)
    try:
        _destroyed(keyring.destroy_index_key(period))
    except (StillNeeded, ValueError) as why:
        typer.echo(f"Not destroyed: {why}", err=True)
        raise typer.Exit(1) from None


@destroy.command("version")
def destroy_version(
    version: Annotated[str, typer.Argument(help="As `rempart keys status` names it, such as file:1.")],
    sure: Sure = False,
) -> None:
    """Destroy a version of the key-encryption key that wraps nothing any more.

    Old copies of the key store that it wrapped are noise from then on: unless somebody kept the version.
    """
    from rempart.foundation.vault import Provider, StillNeeded

    provider, _, number = version.partition(":")
    if provider not in list(Provider) or not number.isascii() or not number.isdecimal():
        typer.echo(f"{version} is no version: write file:1, transit:2 or pkcs11:3", err=True)
        raise typer.Exit(2)
    if not sure:
        typer.confirm(f"Old copies of what {version} wrapped open no more. Destroy?", abort=True)
    try:
        _keyring().destroy_version(Provider(provider), int(number))
    except StillNeeded as why:
        typer.echo(f"Not destroyed: {why}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"destroyed {version}")
    _note_rotation(version, done="destroyed", keys=0)


def _keyring() -> Keyring:
    from rempart.foundation.vault import keyring_of
    from rempart.site.configuration import configuration

    return keyring_of(configuration().key_store)


def _note_rotation(version: str, *, done: str, keys: int) -> None:
    from rempart.site.runtime import platform

    with platform():
        from rempart.foundation.audit.trail import Act, record
        from rempart.site.operator import operator

        record(operator(), Act.KEY_ENCRYPTION_CHANGED, version, now=datetime.now(UTC), done=done, keys=keys)


def _destroyed(names: Sequence[str]) -> None:
    _say_destroyed(names)
    if names:
        from rempart.site.runtime import platform

        with platform():
            from rempart.foundation.audit.trail import Act, record
            from rempart.site.operator import operator

            record(operator(), Act.KEYS_DESTROYED, "keys", now=datetime.now(UTC), keys=list(names))


def _say_destroyed(names: Sequence[str]) -> None:
    typer.echo("\n".join(f"destroyed {name}" for name in names) or "No key is past its day.")


def _rewrap(keyring: Keyring) -> int:
    """Wrap what is pending, with a bar where somebody looks; how many keys."""
    from rich.console import Console
    from rich.progress import track

    pending = keyring.pending()
    bar = track(pending, description="Wrapping", console=Console(stderr=True), transient=True)
    moved = sum(keyring.rewrap_key(name) for name in bar) + keyring.rewrap()
    typer.echo(f"{moved} key(s) wrapped anew." if moved else "Every key is wrapped by the newest version.")
    return moved


def _reindex(keyring: Keyring) -> None:
    """Do what was asked for, with a line that counts where somebody looks."""
    import time

    from rich.console import Console

    from rempart.foundation.people.reindexing import NotSettled
    from rempart.site.operator import operator
    from rempart.site.reindexing import Progress, run

    with Console(stderr=True).status("…") as line:

        def tell(done: Progress) -> None:
            line.update(f"{done.seen} identities, {done.changed} indexed again")

        while True:
            try:
                done = run(keyring=keyring, clock=lambda: datetime.now(UTC), actor=operator(), tell=tell)
                break
            except NotSettled as why:
                line.update(f"{why}; the worker goes on with it if you stop this")
                time.sleep(max(1.0, (why.until - datetime.now(UTC)).total_seconds()))
    typer.echo(f"{done.changed} of {done.seen} identities were indexed again.")


def _show(found: KeyStatus) -> None:
    from rich.console import Console
    from rich.table import Table

    kinds = Table("keys", "how many", "oldest", "newest", title="Key store", title_justify="left")
    for kind in found.kinds:
        kinds.add_row(kind.kind, str(kind.count), _day(kind.oldest), _day(kind.newest))
    versions = Table("version", "keys", "", title=f"Wrapped by {found.provider}", title_justify="left")
    for version in found.versions:
        state = "missing" if version.missing else "wraps new keys" if version.wraps else ""
        versions.add_row(version.by, str(version.keys), state)
    console = Console()
    console.print(kinds)
    console.print(versions)


def _day(day: date | None) -> str:
    return day.isoformat() if day else "–"


def _to_do(found: KeyStatus) -> list[str]:
    """What the operator should look at, in words."""
    notes = [found.trouble] if found.trouble else []
    notes += [
        f"{v.by} is missing, and {v.keys} key(s) are wrapped by it" for v in found.versions if v.missing
    ]
    if found.pending:
        notes.append(f"{found.pending} key(s) wait to be wrapped anew: rempart keys rewrap")
    expired = found.kind("data").oldest
    if expired and expired < datetime.now(UTC).date():
        notes.append(f"data keys of {expired} and later are past their day: rempart retention run")
    notes += [f"{name} is no key; nothing destroys it" for name in found.strangers]
    return notes


def _escrow_to_do(found: KeyStatus) -> list[str]:
    """Which versions of the local key that are in use no custodian could bring back."""
    from rempart.foundation.vault import LocalKey
    from rempart.foundation.vault.escrow import EscrowError, record
    from rempart.site.configuration import configuration

    root = configuration().key_store.root
    try:
        kept = record(root)
    except EscrowError as why:
        return [str(why)]
    used = [
        v.by for v in found.versions if v.by.startswith("file:") and (v.keys or v.wraps) and not v.missing
    ]
    return [
        f"{by} is in no escrow package: rempart keys escrow create"
        for by in used
        if kept is None or not kept.covers(LocalKey(root / "kek"), int(by.removeprefix("file:")))
    ]
