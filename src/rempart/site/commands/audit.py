"""`rempart audit`: verify the trail, anchor it, search it."""

from __future__ import annotations

import getpass
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

audit = typer.Typer(no_args_is_help=True, help="The trail of who did what: verify it, anchor it, search it.")


@audit.command("verify")
def audit_verify(
    certificate: Annotated[
        Path | None,
        typer.Option(
            help="The anchors' certificate, as kept elsewhere (PEM or DER); the key store's own when none."
        ),
    ] = None,
    anchors: Annotated[
        Path | None, typer.Option(help="The folder of anchors; the configured one when none.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Verify every entry, block and anchor. Exit code: 0 the trail holds, 1 it does not, 2 it could not be verified."""
    from rempart.site.refusals import CannotRun
    from rempart.site.runtime import platform

    with platform() as configuration:
        from rempart.foundation.audit.anchoring import anchor_key, certificate_from
        from rempart.foundation.audit.verifying import verify
        from rempart.foundation.vault import keyring_of

        now = datetime.now(UTC)
        try:
            own = certificate_from(certificate) if certificate else None
        except (OSError, ValueError) as wrong:
            raise CannotRun(f"{certificate} holds no certificate that can be read.") from wrong
        verdict = verify(
            folder=anchors or configuration.anchors,
            certificate=own or anchor_key(keyring_of(configuration.key_store), now=now).certificate,
            now=now,
        )
    counted = {
        "blocks": verdict.blocks, "entries": verdict.entries, "unsealed": verdict.unsealed,
        "anchors": verdict.anchors, "faults": verdict.wrong,
    }  # fmt: skip
    if as_json:
        faults = [{"block": f.block, "entry": f.entry, "what": f.what} for f in verdict.faults]
        typer.echo(json.dumps({**counted, "told": faults, "remarks": verdict.remarks}))
    else:
        for fault in verdict.faults:
            typer.echo(f"FAULT  {fault}")
        for remark in verdict.remarks:
            typer.echo(f"remark {remark}")
        typer.echo(", ".join(f"{count} {name}" for name, count in counted.items()))
        typer.echo("The trail holds." if verdict.holds else "The trail does not hold.")
    raise typer.Exit(0 if verdict.holds else 1)


@audit.command("anchor")
def audit_anchor(
    certificate: Annotated[
        Path | None, typer.Option(help="Write the certificate here, for whoever keeps it elsewhere (PEM).")
    ] = None,
) -> None:
    """Seal what can be sealed, sign the last block, and write the signature outside the database."""
    from rempart.site.runtime import platform

    with platform() as configuration:
        from rempart.foundation.audit.anchoring import anchor, anchor_key, pem
        from rempart.foundation.audit.sealing import seal
        from rempart.foundation.vault import keyring_of

        now = datetime.now(UTC)
        keyring = keyring_of(configuration.key_store)
        while seal(now=now):
            pass
        made = anchor(keyring=keyring, folder=configuration.anchors, now=now)
        if certificate:
            certificate.write_bytes(pem(anchor_key(keyring, now=now).certificate))
        typer.echo(
            f"anchored block {made.block}: {configuration.anchors / made.name}"
            if made
            else "Nothing new to anchor."
        )


@audit.command("search")
def audit_search(
    key: Annotated[list[UUID] | None, typer.Option(help="Of a person, a case or a result.")] = None,
    agent: Annotated[str, typer.Option(help="The key of an agent.")] = "",
    act: Annotated[list[str] | None, typer.Option(help="Code of an act, such as case-opened.")] = None,
    since: Annotated[datetime | None, typer.Option(help="From this moment (UTC).")] = None,
    until: Annotated[datetime | None, typer.Option(help="Before this moment (UTC).")] = None,
    most: Annotated[int, typer.Option(min=1, max=100_000, help="Entries at most.")] = 1000,
) -> None:
    """Print entries as JSON lines, newest first: the last seven days unless a person or an agent is named.

    The search itself is in the trail, under the account of this machine.
    """
    from rempart.site.runtime import platform

    with platform():
        from rempart.foundation.access.actor import Actor, Purpose, Role, acting
        from rempart.foundation.audit.searching import Criteria, search
        from rempart.foundation.audit.trail import Act, record

        now = datetime.now(UTC)
        criteria = Criteria(
            persons=key or [],
            subjects=[str(one) for one in key or []],
            actor=agent,
            acts=act or [],
            since=since.replace(tzinfo=UTC) if since else None if key or agent else now - timedelta(days=7),
            until=until.replace(tzinfo=UTC) if until else None,
        )
        operator = Actor(
            id=f"shell:{getpass.getuser()}"[:80],
            role=Role.OPERATOR,
            purpose=Purpose.OVERSIGHT,
            departments=("*",),
        )
        told, after = 0, ""
        with acting(operator):
            while told < most:
                page = search(criteria, after=after)
                for entry in page.entries[: most - told]:
                    typer.echo(
                        json.dumps(
                            {
                                "at": entry.at.isoformat(), "actor": entry.actor, "role": entry.role,
                                "organisation": entry.organisation, "purpose": entry.purpose, "act": entry.act,
                                "subject": entry.subject, "person": str(entry.person_id or ""),
                                "fields": entry.fields, "origin": entry.origin, "details": entry.details,
                            },
                            ensure_ascii=False,
                        )
                    )  # fmt: skip
                told, after = told + len(page.entries), page.after
                if not after:
                    break
            record(
                operator, Act.AUDIT_SEARCHED, "audit", now=now, found=min(told, most), criteria=criteria.named
            )
