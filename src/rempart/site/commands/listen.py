"""`rempart listen`: the laboratories' doors beside HTTP, each a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="The laboratories' doors beside HTTP: drop folder, SFTP, MLLP.")

Root = Annotated[
    Path | None,
    typer.Option("--root", help="The drop folder; REMPART_DROP_FOLDER or var/drop when left out."),
]


@app.command()
def folder(
    root: Root = None,
    every: Annotated[float, typer.Option(min=0.05, help="Seconds between two looks.")] = 1.0,
    settled: Annotated[float, typer.Option(min=0, help="Seconds a file must have been left alone.")] = 5.0,
    make: Annotated[
        list[str] | None, typer.Option(help="Make the folders of this laboratory (FINESS), and end.")
    ] = None,
) -> None:
    """Read the files that laboratories put down, keep their messages, answer beside them; until Ctrl-C."""
    import signal
    import threading

    from rempart.site import lifeline
    from rempart.site.refusals import CannotRun
    from rempart.site.runtime import platform

    lifeline.follow()
    with platform() as configuration:
        from rempart.foundation.terminology import pathogen
        from rempart.foundation.vault import keyring_of
        from rempart.screening.listeners import folder as listening
        from rempart.screening.services.intake import Intake

        place = root or configuration.drop
        if make:
            _make(place, make)
            return
        intake = Intake(
            pathogen=pathogen(configuration.pathogen), keyring=keyring_of(configuration.key_store)
        )
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        typer.echo(f"Rempart reads {place} (Ctrl-C stops it)")
        try:
            listening.run(place, intake=intake, stop=stop, pace=listening.Pace(every=every, settled=settled))
        except listening.Occupied as why:
            raise CannotRun(str(why)) from None


@app.command()
def sftp(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0: any that is free.")] = 2222,
    root: Root = None,
    host_key: Annotated[
        Path | None,
        typer.Option(
            envvar="REMPART_SFTP_HOST_KEY", help="The server's own key; made in var/keys when left out."
        ),
    ] = None,
) -> None:
    """Take laboratories' files over SFTP into their drop folders; until Ctrl-C. `rempart listen folder` reads them."""
    import asyncio
    import signal

    from rempart.site import lifeline
    from rempart.site.runtime import platform

    lifeline.follow()
    with platform() as configuration:
        from rempart.screening.listeners import sftp as listening

        key = host_key or configuration.var / "keys" / "sftp_host_key"
        listening.make_host_key(key)
        door = listening.Door(host=host, port=port, host_key=key, root=root or configuration.drop)

        def ready(number: int) -> None:
            typer.echo(f"Rempart takes files at sftp://{host}:{number} (Ctrl-C stops it)")

        async def run() -> None:
            stop = asyncio.Event()
            for number in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(number, stop.set)
            await listening.serve(door, stop=stop, ready=ready, is_known=listening.known)

        asyncio.run(run())


@app.command()
def mllp(
    certificate: Annotated[
        Path,
        typer.Option(
            envvar="REMPART_MLLP_CERTIFICATE", help="The listener's certificate, with its chain (PEM)."
        ),
    ],
    key: Annotated[Path, typer.Option(envvar="REMPART_MLLP_KEY", help="Its key (PEM, no password).")],
    laboratories: Annotated[
        Path,
        typer.Option(
            envvar="REMPART_MLLP_LABORATORIES", help="Authorities of laboratories' certificates (PEM)."
        ),
    ],
    host: Annotated[
        str, typer.Option(envvar="REMPART_MLLP_HOST", help="Address to listen on.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(envvar="REMPART_MLLP_PORT", help="Port to listen on; 0: any that is free.")
    ] = 2575,
) -> None:
    """Take HL7 messages over MLLP with mutual TLS, and acknowledge each once it is on disk; until Ctrl-C."""
    import asyncio
    import signal

    import uvloop

    from rempart.site import lifeline
    from rempart.site.memory import settle
    from rempart.site.refusals import CannotRun
    from rempart.site.runtime import platform

    lifeline.follow()
    with platform() as configuration:
        from rempart.foundation.terminology import pathogen
        from rempart.foundation.vault import keyring_of
        from rempart.screening.listeners import mllp as listening
        from rempart.screening.services.intake import Intake

        door = listening.Door(
            host=host, port=port, certificate=certificate, key=key, laboratories=laboratories
        )
        intake = Intake(
            pathogen=pathogen(configuration.pathogen), keyring=keyring_of(configuration.key_store)
        )

        def ready(number: int) -> None:
            typer.echo(f"Rempart takes HL7 messages at mllps://{host}:{number} (Ctrl-C stops it)")

        async def run() -> None:
            stop = asyncio.Event()
            for number in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(number, stop.set)
            await listening.serve(door, intake=intake, stop=stop, ready=ready)

        settle()
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(run())
        except OSError as why:  # ssl.SSLError is one
            raise CannotRun(f"MLLP cannot listen on {host}:{port} with {certificate}: {why}") from None


def _make(root: Path, laboratories: list[str]) -> None:
    from rempart.foundation.identifiers import finess
    from rempart.screening.listeners.boxes import Box
    from rempart.site.refusals import CannotRun

    for number in laboratories:
        if not finess.is_valid(number):
            raise CannotRun(f"{number!r} is not a FINESS number.")
        box = Box(root=root, laboratory=finess.normalise(number))
        box.make()
        typer.echo(f"{box.inbox} is ready")
