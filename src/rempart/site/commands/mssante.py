"""`rempart mssante`: the white list of health mail, and whether its servers let us in."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rempart.foundation.messaging.mssante.credentials import Credentials

app = typer.Typer(no_args_is_help=True, help="Health mail (MSSanté): its white list, its servers.")

_SOON = timedelta(days=30)
"""Before a certificate ends, an operator has to know: a new one takes weeks."""


@app.command()
def load(
    path: Annotated[Path, typer.Argument(help="listeblanchemssante.xml, as published.")],
    checksum: Annotated[
        Path | None, typer.Option(help="The file `checksum` published with it; by default the one beside it.")
    ] = None,
    sure: Annotated[
        bool, typer.Option("--sure", help="Take a list that is older or much shorter than the one in use.")
    ] = False,
) -> None:
    """Take a white list into use. One that is cut, altered, empty, older or shrunk is refused, and the last good one stays.

    Exit code: 0 it is in use, 1 it was refused, 2 it could not run.
    """
    from rempart.site.runtime import platform

    with platform() as configuration:
        from rempart.foundation.audit.trail import Act, record
        from rempart.foundation.messaging.mssante import kept_list
        from rempart.foundation.messaging.mssante.whitelist import Refused
        from rempart.site.operator import operator

        now = datetime.now(UTC)
        beside = path.with_name("checksum")
        if checksum is None and beside.is_file():
            checksum = beside
        try:
            loaded = kept_list.load(
                path, checksum=checksum, folder=configuration.white_list, now=now, sure=sure
            )
        except Refused as refusal:
            typer.echo(f"{path.name}: refused: {refusal} ({refusal.code})", err=True)
            raise typer.Exit(1) from None
        record(
            operator(), Act.DIRECTORY_LOADED, "mssante-white-list", now=now,
            rows=loaded.domains, added=loaded.added, changed=loaded.changed, gone=loaded.gone, sure=sure,
        )  # fmt: skip
    typer.echo(
        f"white list of {loaded.generated_at:%Y-%m-%d %H:%M}: {loaded.domains} domains; {loaded.added} added,"
        f" {loaded.changed} changed, {loaded.gone} gone, {loaded.skipped} entries not understood"
    )


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="For a machine.")] = False) -> None:
    """The white list in use, of when it is, what was refused since, and how long our certificate holds.

    Exit code: 0 nothing to do, or no health mail here, 1 something is missing, old, refused or ends soon.
    """
    from rempart.foundation.messaging.mssante import kept_list
    from rempart.site.configuration import configuration

    now = datetime.now(UTC)
    health_mail = configuration().mssante.health_mail()
    found = kept_list.standing(configuration().white_list, now=now)
    notes = [*found.notes, *_of(health_mail.credentials, now=now)] if health_mail else []
    if as_json:
        typer.echo(
            json.dumps(
                {**dataclasses.asdict(found), "configured": health_mail is not None, "notes": notes},
                default=str,
            )
        )
    else:
        if health_mail is None:
            typer.echo("health mail is not configured (REMPART_MSSANTE_ADDRESS): it stays in the outbox")
        if found.generated_at is not None:
            typer.echo(f"white list of {found.generated_at:%Y-%m-%d %H:%M}: {found.domains} domains")
        for note in notes:
            typer.echo(f"! {note}")
    raise typer.Exit(1 if notes else 0)


@app.command()
def probe(
    domain: Annotated[str, typer.Argument(help="A domain of the trust space: labo.mssante.fr.")],
) -> None:
    """Open a session with the servers of a domain, as for a message, and close it: what each says, and whose certificate
    the white list expects.

    Exit code: 0 at least one lets us in, 1 none does, 2 it could not run.
    """
    from rempart.foundation.messaging.mssante import kept_list
    from rempart.foundation.messaging.mssante.credentials import Unusable
    from rempart.foundation.messaging.mssante.servers import NoServer
    from rempart.foundation.messaging.mssante.whitelist import ascii_domain
    from rempart.site.configuration import configuration
    from rempart.site.refusals import CannotRun

    found = configuration()
    health_mail = found.mssante.health_mail()
    if health_mail is None:
        raise CannotRun("health mail is not configured (REMPART_MSSANTE_ADDRESS)")
    name = ascii_domain(domain)
    white_list = kept_list.current(found.white_list)
    carrier = health_mail.carrier(white_list=found.white_list, clock=lambda: datetime.now(UTC))
    try:
        answers = carrier.probe(name)
    except KeyError:
        raise CannotRun(f"{domain} is not on the white list in use") from None
    except NoServer:
        raise CannotRun(f"the DNS names no server for {domain}") from None
    except Unusable as why:
        raise CannotRun(str(why)) from None
    finally:
        carrier.close()
    for server, code in answers:
        typer.echo(f"{server.host}:{server.port}: {code or 'lets us in'}")
    if white_list is not None and health_mail.relay is None:
        for subject in white_list.domains[name]:
            typer.echo(f"  expected: {subject}")
    raise typer.Exit(0 if any(not code for _, code in answers) else 1)


@app.command()
def archive(
    path: Annotated[Path, typer.Argument(help="An IHE_XDM.ZIP.")],
    as_json: Annotated[bool, typer.Option("--json", help="For a machine.")] = False,
) -> None:
    """What an archive of documents holds, for whoever is told that one could not be taken in; nothing of the patient is shown.

    Exit code: 0 it is whole, 1 it is not.
    """
    from rempart.foundation.messaging.mssante import xdm
    from rempart.site.refusals import CannotRun

    try:
        held = xdm.read(path.read_bytes())
    except OSError as why:
        raise CannotRun(f"{path}: {why.strerror}") from None
    except xdm.Broken as why:
        typer.echo(f"{path.name}: broken: {why.code}", err=True)
        raise typer.Exit(1) from None
    for one in held:
        entry = one.entry
        said = {
            "name": entry.name,
            "media_type": entry.media_type,
            "type": entry.type_code,
            "bytes": len(one.content),
            "has_patient": bool(entry.patient),
        }
        if as_json:
            typer.echo(json.dumps(said))
        else:
            typer.echo(
                f"{entry.name}: {entry.media_type}, type {entry.type_code or 'unknown'}, {len(one.content)} bytes"
                f"{'' if entry.patient else ', no patient'}"
            )


def _of(credentials: Credentials, *, now: datetime) -> list[str]:
    """What is wrong with our files, or will be."""
    from rempart.foundation.messaging.mssante.credentials import Unusable, expires

    try:
        credentials.context(by_name=True, now=now)
        ends = expires(credentials.certificate)
    except Unusable as why:
        return [str(why)]
    return [f"our certificate ends on {ends:%Y-%m-%d}: ask for the next one"] if ends - now < _SOON else []
