"""`rempart machine-keys` and `rempart accounts`: what the operator does on the machine itself."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from rempart.site.configuration import Configuration

if TYPE_CHECKING:
    from rempart.foundation.access.actor import Actor

machine_keys = typer.Typer(no_args_is_help=True, help="The keys and certificates of laboratories' machines.")
accounts = typer.Typer(no_args_is_help=True, help="Operators' accounts, and signed access reviews.")

Finess = Annotated[str, typer.Argument(help="FINESS number of the laboratory.")]
Key = Annotated[str, typer.Argument(help="Which key: the identifier that `list` shows.")]
Name = Annotated[str, typer.Option(help="What it is for, such as the name of the software.")]


@machine_keys.command("create")
def create(
    finess: Finess,
    name: Name = "",
    days: Annotated[int | None, typer.Option(help="How long it is valid; a year at most.")] = None,
) -> None:
    """Make a key for a laboratory's software; it is shown this once."""
    laboratory = _finess(finess)
    with _working() as (configuration, actor, now):
        from rempart.foundation.access.machines import services

        made = services.create_key(actor=actor, laboratory=laboratory, name=name, days=days, now=now)
        typer.echo(f"A key for the platform under {configuration.var.absolute()}:", err=True)
        typer.echo(made.text)


@machine_keys.command("rotate")
def rotate(key: Key) -> None:
    """Make the key that takes over; the old one goes on for thirty days at most."""
    with _working() as (_, actor, now):
        from rempart.foundation.access.machines import services

        typer.echo(services.rotate_key(actor=actor, key_id=_key(key), now=now).text)


@machine_keys.command("revoke")
def revoke(key: Key) -> None:
    """End a key, or a certificate, at once."""
    with _working() as (_, actor, now):
        from rempart.foundation.access.machines import services
        from rempart.foundation.access.refusals import NotAllowed

        try:
            services.revoke_key(actor=actor, key_id=_key(key), now=now)
        except NotAllowed:
            services.revoke_certificate(actor=actor, certificate_id=_key(key), now=now)


@machine_keys.command("list")
def list_(finess: Finess) -> None:
    """What a laboratory has: identifier, name, end, last use, state; never a value."""
    laboratory = _finess(finess)
    with _working() as (_, _actor, now):
        from rempart.foundation.access.models import ClientCertificate, MachineKey

        for kind, rows in (("key", MachineKey.objects), ("certificate", ClientCertificate.objects)):
            for row in rows.filter(laboratory=laboratory).order_by("created_at"):
                state = "revoked" if row.revoked_at else "valid" if row.expires_at > now else "expired"
                used = row.last_used_on or "never used"
                typer.echo(f"{row.id}  {kind}  {row.name or '-'}  {row.expires_at:%Y-%m-%d}  {used}  {state}")


@machine_keys.command("add-certificate")
def add_certificate(
    finess: Finess,
    file: Annotated[
        Path,
        typer.Argument(
            help="The certificate (PEM or DER), or the public key of SSH.", exists=True, dir_okay=False
        ),
    ],
    name: Name = "",
) -> None:
    """Register a certificate (HTTPS behind the proxy, MLLP) or a public key of SSH (SFTP) of a laboratory's machine."""
    laboratory = _finess(finess)
    with _working() as (_, actor, now):
        from rempart.foundation.access.machines import services

        row = services.add_certificate(
            actor=actor, laboratory=laboratory, name=name or file.name, content=file.read_bytes(), now=now
        )
        typer.echo(str(row.id))


@accounts.command("operator")
def operator(
    username: Annotated[str, typer.Argument(help="What is typed to sign in.")],
    name: Annotated[str, typer.Argument(help="First name and name.")],
    email: Annotated[str, typer.Argument(help="Where the invitation goes.")],
) -> None:
    """Open an operator's account, and show the link by which its password is chosen."""
    with _working() as (configuration, actor, now):
        from rempart.foundation.access.accounts.services import AccountRefused, Opening, make_operator
        from rempart.foundation.access.rights import Role
        from rempart.foundation.access.signin import links
        from rempart.foundation.vault import keyring_of

        opening = Opening(username=username, name=name, email=email, role=Role.OPERATOR, departments=("*",))
        try:
            agent = make_operator(
                actor=actor, opening=opening, keyring=keyring_of(configuration.key_store), now=now
            )
        except AccountRefused as refused:
            typer.echo(f"Not opened: {refused}.", err=True)
            raise typer.Exit(2) from None
        typer.echo("Whoever opens this link chooses the password; it serves once:", err=True)
        typer.echo(links.address(agent, links.Kind.OPENING, now=now))


@accounts.command("reset")
def reset(username: Annotated[str, typer.Argument(help="What is typed to sign in.")]) -> None:
    """Take password, second factors and sessions from an account, and show the link to begin again."""
    with _working() as (_, actor, now):
        from rempart.foundation.access.signin import links, services

        agent = services.start_again(actor=actor, username=username, now=now)
        typer.echo("Whoever opens this link chooses the password; it serves once:", err=True)
        typer.echo(links.address(agent, links.Kind.OPENING, now=now))


@accounts.command("verify-review")
def verify_review(
    file: Annotated[Path, typer.Argument(help="A signed access review (JSON).", exists=True, dir_okay=False)],
    certificate: Annotated[
        Path | None, typer.Option(help="The certificate to trust (PEM); this platform's own when left out.")
    ] = None,
    table: Annotated[Path | None, typer.Option(help="Write its accounts there, as CSV.")] = None,
) -> None:
    """Check who signed an access review, and that nothing of it was changed.

    Exit code: 0 it holds, 1 it does not, 2 it could not be read.
    """
    from rempart.foundation.access.reviews import document
    from rempart.foundation.audit.anchoring import certificate_from

    try:
        review = document.read(file.read_bytes())
        trusted = certificate_from(certificate) if certificate else _own_certificate()
        said = review.said
    except ValueError as wrong:
        typer.echo(f"{file}: {wrong}.", err=True)
        raise typer.Exit(2) from None
    if not review.holds(certificate=trusted):
        typer.echo("DOES NOT HOLD: it was changed, or another key signed it.")
        raise typer.Exit(1)
    place = said["region_name"] or "the nation"
    typer.echo(
        f"Holds: {place}, {said['quarter']}, {len(said['accounts'])} account(s), signed {said['signed_at']}"
        f" by {said['reviewer']['name']}"
    )
    if table:
        table.write_text(document.table(review), encoding="utf-8-sig")


@accounts.command("review-certificate")
def review_certificate() -> None:
    """The public certificate of whoever signs access reviews here (PEM), to be kept elsewhere."""
    from rempart.foundation.audit.anchoring import pem

    typer.echo(pem(_own_certificate()).decode(), nl=False)


def _own_certificate() -> bytes:
    from rempart.foundation.access.reviews.document import signing_key
    from rempart.foundation.vault import keyring_of
    from rempart.site.configuration import configuration

    return signing_key(keyring_of(configuration().key_store), now=datetime.now(UTC)).certificate


@contextmanager
def _working() -> Iterator[tuple[Configuration, Actor, datetime]]:
    """The platform, whoever gives the command as the audit shall say, and now. A refusal ends with code 2."""
    from rempart.site.runtime import platform

    with platform() as configuration:
        from rempart.foundation.access.actor import Purpose, system
        from rempart.foundation.access.machines.services import MOST_ALIVE, Fault, KeyRefused
        from rempart.foundation.access.refusals import NotAllowed

        why = {
            Fault.TOO_MANY: f"this laboratory has {MOST_ALIVE} keys that hold: revoke one first",
            Fault.DAYS: "a key cannot be valid for so many days",
            Fault.STATE: "this key does not hold any more, or another one took over from it",
            Fault.UNREADABLE: "the file is neither a certificate (PEM or DER) nor a public key of SSH",
            Fault.WEAK: "the key is too weak: Ed25519, ECDSA, or RSA of 3072 bits at least",
            Fault.EXPIRED: "the certificate has expired",
            Fault.KNOWN: "it is registered already, or was",
        }
        actor = replace(system(Purpose.ADMINISTRATION), id=f"operator:{getpass.getuser()}")
        try:
            yield configuration, actor, datetime.now(UTC)
        except KeyRefused as refused:
            typer.echo(f"Refused: {why.get(refused.fault, refused.fault.value)}.", err=True)
            raise typer.Exit(2) from None
        except NotAllowed as refused:
            typer.echo(f"Refused: {refused}.", err=True)
            raise typer.Exit(2) from None


def _finess(text: str) -> str:
    from rempart.foundation.identifiers import finess

    if not finess.is_valid(text):
        typer.echo(f"{text} is not a FINESS number with the right key.", err=True)
        raise typer.Exit(2)
    return finess.normalise(text)


def _key(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        typer.echo(f"{text} is no identifier: see `rempart machine-keys list`.", err=True)
        raise typer.Exit(2) from None
