"""`rempart messages`: whether messages leave, and what the DNS must show of our mail."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Messages to people: do they leave, is anything late.")


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="For a machine.")] = False) -> None:
    """What waits by each channel, since when, and what is late.

    Exit code: 0 nothing is late, 1 something is (runbook: messages-late).
    """
    from rempart.site.runtime import platform

    now = datetime.now(UTC)
    with platform():
        from rempart.foundation.messaging.figures import waiting
        from rempart.site import carriers

        found, outside = waiting(now=now), carriers.outside()
    late = sum(one.late for one in found)
    if as_json:
        told = [
            {
                "channel": one.channel.value,
                "configured": one.channel in outside,
                "waiting": one.count,
                "late": one.late,
                "tried": one.tried,
                "to_come": one.to_come,
                "oldest": one.oldest.isoformat() if one.oldest else None,
            }
            for one in found
        ]
        typer.echo(json.dumps({"late": late, "waiting": told}))
    else:
        typer.echo(f"brought out: {', '.join(sorted(outside)) or 'nothing; no server is configured'}")
        for one in found:
            since = f", the oldest since {one.oldest:%Y-%m-%d %H:%M} UTC" if one.oldest else ""
            hour = f" ({one.to_come} for an hour to come)" if one.to_come else ""
            typer.echo(
                f"{one.channel}: {one.count} wait{hour}, {one.late} late, {one.tried} tried in vain{since}"
            )
    raise typer.Exit(1 if late else 0)


@app.command()
def dkim() -> None:
    """The DNS record that says how our mails are signed; its key is made when there is none."""
    from rempart.site.runtime import platform

    with platform() as configuration:
        from rempart.foundation.messaging.carriers.dkim import signer
        from rempart.foundation.vault import keyring_of

        relay, selector = configuration.mail.relay(), configuration.mail.dkim_selector
        if relay is None or not selector:
            typer.echo("Set REMPART_SMTP_HOST, REMPART_SMTP_SENDER and REMPART_SMTP_DKIM_SELECTOR.", err=True)
            raise typer.Exit(2)
        name, text = signer(
            keyring_of(configuration.key_store), domain=relay.domain, selector=selector
        ).record
    typer.echo(f"{name}. IN TXT {' '.join(_quoted(text))}")


def _quoted(text: str) -> list[str]:
    """A TXT record is strings of 255 octets at most."""
    return [f'"{text[at : at + 255]}"' for at in range(0, len(text), 255)]
