"""`rempart simulate`: invented laboratories, for the demonstration, the tests and the benchmarks."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from rempart.simulators.choices import DEFAULT_START, Sending

app = typer.Typer(name="simulate", help="Write invented but plausible data.", no_args_is_help=True)


@app.callback()
def root() -> None:
    """Write invented but plausible data: no person in it exists."""


@app.command()
def lab(
    population: Annotated[int, typer.Option(min=1, help="Persons.")],
    days: Annotated[int, typer.Option(min=1, help="Days that pass.")],
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same bytes.")],
    out: Annotated[Path, typer.Option(help="Folder to write to; made when missing.")],
    sending: Annotated[
        Sending,
        typer.Option(
            "--format", help="Mixed: of six laboratories, two send HPRIM Médecin and one HPRIM Santé."
        ),
    ] = Sending.MIXED,
    start: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="First day.")] = datetime.combine(
        DEFAULT_START, datetime.min.time()
    ),
    laboratories: Annotated[
        int | None, typer.Option(min=1, help="How many; one for 2,000 persons when left out.")
    ] = None,
    departments: Annotated[str, typer.Option(help="Codes with commas (69,2A,974); all when left out.")] = "",
    damaged: Annotated[float, typer.Option(min=0, max=1, help="Share of damaged messages.")] = 0.01,
) -> None:
    """Write an epidemic as laboratories report it: one file for each laboratory and day."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from rempart.simulators.files import simulate

    if out.exists() and not out.is_dir():
        raise typer.BadParameter(f"{out} is a file", param_hint="--out")
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("days", total=days)
        try:
            written = simulate(
                population=population,
                days=days,
                seed=seed,
                out=out,
                sending=sending,
                start=start.date(),
                laboratories=laboratories,
                departments=[code.strip().upper() for code in departments.split(",") if code.strip()],
                damaged=damaged,
                advance=lambda messages: progress.advance(task),
            )
        except LookupError as fault:
            raise typer.BadParameter(str(fault), param_hint="--departments") from fault
    typer.echo(
        f"{written.messages} messages ({written.damaged} damaged) "
        f"in {written.files} files, {written.size / 1e6:.1f} MB: {out}"
    )


@app.command()
def identity(
    origin: Annotated[str, typer.Option(help="The Rempart that signs in by them.")] = "http://localhost:8000",
    home: Annotated[Path, typer.Option(help="Folder where the provider's packages are kept.")] = Path(
        "var/simulators"
    ),
    psc_port: Annotated[int, typer.Option(min=1, help="Port of the Pro Santé Connect.")] = 9441,
    fc_port: Annotated[int, typer.Option(min=1, help="Port of the FranceConnect.")] = 9442,
) -> None:
    """Imitate Pro Santé Connect and FranceConnect, until Ctrl-C. Needs Node 22 or later."""
    import signal

    from rempart.simulators.openid.node import NoProvider
    from rempart.simulators.openid.running import imitations

    try:
        with imitations(origin=origin, home=home, psc_port=psc_port, fc_port=fc_port) as providers:
            typer.echo(
                "# Start Rempart with these settings; phones are answered at the last address.", err=True
            )
            for name, value in providers.environment().items():
                typer.echo(f"{name}='{value}'")
            typer.echo(f"# {providers.phone}", err=True)
            signal.sigwait({signal.SIGINT, signal.SIGTERM})
    except NoProvider as why:
        typer.echo(f"rempart: {why}", err=True)
        raise typer.Exit(2) from None


@app.command()
def transit(
    port: Annotated[int, typer.Option(min=0, help="Port; 0: a free one.")] = 8200,
) -> None:
    """Imitate the transit engine of Vault or OpenBao, until Ctrl-C. Its keys are gone with it: for trials only."""
    import signal

    from rempart.simulators.transit import engine

    told = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, told)  # before its threads begin: they would take them
    try:
        with engine(port=port) as imitated:
            typer.echo("# Start Rempart with these settings; what this wraps nobody opens later.", err=True)
            typer.echo("REMPART_KEY_PROVIDER='transit'")
            typer.echo(f"REMPART_TRANSIT_URL='{imitated.url}'")
            typer.echo(f"REMPART_TRANSIT_TOKEN='{imitated.token}'")
            signal.sigwait(told)
    except OSError as why:
        typer.echo(f"rempart: port {port} of this machine: {why.strerror}", err=True)
        raise typer.Exit(2) from None


@app.command()
def ins(
    home: Annotated[Path, typer.Option(help="Folder for its certificates, made anew each time.")] = Path(
        "var/simulators/ins"
    ),
    port: Annotated[int, typer.Option(min=0, help="Port; 0: a free one.")] = 9443,
    population: Annotated[
        int, typer.Option(min=0, help="Persons of `simulate lab` that it knows, besides its own few.")
    ] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Their seed, as `simulate lab` has it.")] = 0,
    latency: Annotated[float, typer.Option(min=0, help="Seconds before each answer.")] = 0.3,
    failing: Annotated[float, typer.Option(min=0, max=1, help="Share of questions that fail.")] = 0.0,
) -> None:
    """Imitate the national INS teleservice over mutual TLS, until Ctrl-C. Nobody in it exists."""
    import signal

    from rempart.simulators.ins.certificates import make
    from rempart.simulators.ins.register import Register, people_of_data, people_of_population
    from rempart.simulators.ins.serving import settings_of, teleservice

    told = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, told)  # before its threads begin: they would take them
    people = people_of_data() + (people_of_population(seed=seed, size=population) if population else [])
    register = Register(people, seed=seed)
    register.latency, register.failing = latency, failing
    try:
        with teleservice(register, make(home), port=port) as endpoint:
            typer.echo(f"# {len(register)} people. Start Rempart with these settings.", err=True)
            for name, value in settings_of(endpoint).items():
                typer.echo(f"{name}='{value}'")
            signal.sigwait(told)
    except OSError as why:
        typer.echo(f"rempart: port {port} of this machine: {why.strerror}", err=True)
        raise typer.Exit(2) from None


@app.command()
def sms(
    port: Annotated[int, typer.Option(min=0, help="Port; 0: a free one.")] = 2775,
    unknown: Annotated[str, typer.Option(help="Numbers with these ends do not exist (with commas).")] = "",
    unreachable: Annotated[str, typer.Option(help="Likewise: taken, and given up later.")] = "",
    silent: Annotated[str, typer.Option(help="Likewise: taken, and never heard of again.")] = "",
    stops: Annotated[str, typer.Option(help="Likewise: their owner answers STOP.")] = "",
    busy_after: Annotated[int, typer.Option(min=0, help="One segment in so many is throttled.")] = 0,
    show: Annotated[bool, typer.Option("--show", help="Print the texts: invented persons only.")] = False,
) -> None:
    """Imitate an operator's SMS centre (SMPP 3.4), until Ctrl-C."""
    import signal

    from rempart.simulators.sms.centre import Arrived, Centre, Habits, running, settings_of

    def ends(said: str) -> tuple[str, ...]:
        return tuple(end.strip() for end in said.split(",") if end.strip())

    def seen(one: Arrived) -> None:
        typer.echo(f"{one.number}  {one.text}" if show else f"a text of {one.segments} segments")

    told = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, told)  # before its thread begins: it would take them
    habits = Habits(
        unknown=ends(unknown),
        unreachable=ends(unreachable),
        silent=ends(silent),
        stops=ends(stops),
        busy_after=busy_after,
        receipt_seconds=1.0,
    )
    try:
        with running(Centre(habits=habits, seen=seen), port=port) as found:
            typer.echo("# Start Rempart with these settings.", err=True)
            for name, value in settings_of(found).items():
                typer.echo(f"{name}='{value}'")
            signal.sigwait(told)
    except OSError as why:
        typer.echo(f"rempart: port {port} of this machine: {why.strerror}", err=True)
        raise typer.Exit(2) from None
