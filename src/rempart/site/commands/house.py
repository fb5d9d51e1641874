"""The operator's commands that belong to the whole house."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from rempart.screening.commands import FormatOption, ForPathogen, InFormat, Paths, ProfileOption, UnderProfile

facts = typer.Typer(no_args_is_help=True, help="The pseudonymous facts.")
tasks = typer.Typer(no_args_is_help=True, help="What runs by itself, each night or each hour.")


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
    workers: Annotated[
        int, typer.Option(min=1, help="Web processes, and listeners of MLLP: one for each core.")
    ] = 1,
    certificate: Annotated[
        Path | None, typer.Option(help="TLS: the certificate with its chain (PEM).")
    ] = None,
    key: Annotated[Path | None, typer.Option(help="TLS: its key (PEM, PKCS#8, no password).")] = None,
    socket: Annotated[
        Path | None, typer.Option(help="A private socket for a proxy, instead of host and port.")
    ] = None,
    mllp: Annotated[
        bool,
        typer.Option("--mllp", help="Take HL7 over MLLP too, as REMPART_MLLP_… say (rempart listen mllp)."),
    ] = False,
) -> None:
    """Start the web server and the worker, until Ctrl-C."""
    from rempart.site import serving
    from rempart.site.configuration import configuration as configured
    from rempart.site.listening import Listening, Tls
    from rempart.site.refusals import CannotRun
    from rempart.site.runtime import platform

    if (certificate is None) != (key is None):
        raise CannotRun("TLS takes both --certificate and --key.")
    if socket is not None and certificate is not None:
        raise CannotRun("A private socket has no TLS: the proxy in front of it has.")
    tls = Tls(certificate=certificate, key=key) if certificate and key else None
    listening = Listening(host=host, port=port, tls=tls, socket=socket)
    serving.refuse_demo_elsewhere(configured())
    listening.require()
    public = f"{'https' if tls else 'http'}://{'localhost' if host == '127.0.0.1' else host}:{port}"
    os.environ.setdefault("REMPART_PUBLIC_URL", public)
    with platform() as configuration:
        serving.collect_static(configuration)
        web = serving.web_command(listening, workers=workers)
        more = [serving.mllp_command()] * workers if mllp else []
        with serving.processes(web, serving.worker_command(), *more) as running:
            serving.wait_until_ready(listening, running, public_url=configuration.public_url)
            typer.echo(f"Rempart listens on {listening.url} (Ctrl-C stops it)")
            serving.watch(running)


def ingest(
    paths: Paths,
    format_: InFormat = FormatOption.AUTO,
    profile: UnderProfile = ProfileOption.FR,
    as_json: Annotated[
        bool | None,
        typer.Option(
            "--json/--no-json", help="One JSON object per message; the default unless on a terminal."
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, help="Processes that read and keep; one more than there are cores when left out."
        ),
    ] = None,
    pathogen: ForPathogen = "covid19",
) -> None:
    """Read, judge and keep laboratories' messages; running it twice keeps nothing twice.

    Exit code: 0 nothing was rejected, 1 something was, 2 it could not run.
    """
    from rempart.site.runtime import platform

    with platform() as configuration:
        from rempart.screening.ingesting import ingest as run
        from rempart.screening.reading import Asked
        from rempart.screening.rules.catalogue import Profile
        from rempart.screening.rules.report import Format

        asked = Asked(
            paths=tuple(paths),
            format=None if format_ is FormatOption.AUTO else Format(format_.value),
            profile=Profile(profile.value),
            pathogen=pathogen,
            key_store=configuration.key_store,
            answered=not sys.stdout.isatty() if as_json is None else as_json,
        )
        code = run(asked, workers=workers or len(os.sched_getaffinity(0)) + 1)
    raise typer.Exit(code)


def worker() -> None:
    """Handle events, letters and scheduled tasks and seal the audit, until told to stop (started by `serve` and `demo`)."""
    import signal
    import threading

    from rempart.site import lifeline
    from rempart.site.runtime import platform

    lifeline.follow()
    with platform():
        from rempart.foundation.audit import sealing
        from rempart.site import carriers, schedule
        from rempart.site import worker as work

        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        beside = [
            threading.Thread(target=run, args=(stop,), name=name)
            for name, run in (
                ("schedule", schedule.run),
                ("sealer", sealing.run),
                ("deferred", work.keep_deferred),
                ("urgent", work.run_urgent),
                ("letters", carriers.run),
            )
        ]
        for thread in beside:
            thread.start()
        try:
            work.run(stop)
        finally:
            stop.set()
            for thread in beside:
                thread.join()


def migrate() -> None:
    """Bring the database's schema up to date, as its owner."""
    from rempart.site.runtime import migrate as run
    from rempart.site.runtime import platform

    with platform(migrates=True):
        names = run()
        typer.echo("\n".join(f"ran {name}" for name in names) or "The schema is up to date.")


def bench(
    only: Annotated[
        list[str] | None, typer.Argument(help="Of decode, certificates, road; all when none.")
    ] = None,
    results: Annotated[
        int, typer.Option(min=1000, help="About how many messages the road takes in.")
    ] = 1_000_000,
) -> None:
    """Measure, beside a limit taken in the same run. Needs a checkout: the benchmarks are not installed."""
    if not Path("benchmarks/__main__.py").exists():
        typer.echo("No benchmarks/ here: run this from a checkout of the project.", err=True)
        raise typer.Exit(2)
    command = [sys.executable, "-m", "benchmarks", *(only or []), "--results", str(results)]
    raise typer.Exit(subprocess.run(command, env=os.environ, check=False).returncode)  # noqa: S603 -- our own


@tasks.command("list")
def tasks_list() -> None:
    """What runs by itself, when (cron, UTC), and how it last ended."""
    from rempart.site.runtime import platform

    with platform():
        from rempart.site.schedule import planned

        for task in planned():
            last = f"{task.ended} at {task.at:%Y-%m-%d %H:%M} UTC" if task.at else "never ran"
            typer.echo(f"{task.name}  ({task.cron})  {last}")


@tasks.command("run")
def tasks_run(name: Annotated[str, typer.Argument(help="As `rempart tasks list` names it.")]) -> None:
    """Run a task now, whether or not it is due."""
    from rempart.site.runtime import platform

    with platform():
        from rempart.site.schedule import NoSuchTask, run_now

        try:
            run_now(name, now=datetime.now(UTC))
        except NoSuchTask:
            typer.echo(f"No task is called {name}: see `rempart tasks list`.", err=True)
            raise typer.Exit(2) from None


@facts.command("sync")
def facts_sync() -> None:
    """Write the facts of every result that has none yet (the worker does it as results come)."""
    from rempart.site.runtime import platform

    with platform():
        from rempart.foundation.events.stream import advance
        from rempart.site.worker import subscribers

        (subscriber,) = (s for s in subscribers() if s.name == "screening.facts")
        handled = 0
        while step := advance(subscriber):
            handled += step
        typer.echo(f"{handled} event(s) handled")


@facts.command("status")
def facts_status() -> None:
    """What the store of facts holds."""
    from rempart.foundation.facts import status
    from rempart.site.configuration import configuration

    found = status(configuration().facts)
    for name in found.__dataclass_fields__:
        value = getattr(found, name)
        shown = ", ".join(map(str, value)) if isinstance(value, tuple) else value
        typer.echo(f"{name.replace('_', ' ')}: {shown or 'none'}")


def demo(
    once: Annotated[bool, typer.Option("--once", help="Run it once, print a summary, and end.")] = False,
    days: Annotated[int, typer.Option(min=2, max=365, help="Days of the invented epidemic.")] = 30,
    population: Annotated[int, typer.Option(min=200, help="Invented inhabitants.")] = 20_000,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; a free one when it is taken.")] = 8000,
) -> None:
    """Set everything up and watch a country's screening system at work."""
    from rempart.site.demo.running import run

    good = run(once=once, days=days, population=population, host=host, port=port)
    raise typer.Exit(0 if good else 1)
