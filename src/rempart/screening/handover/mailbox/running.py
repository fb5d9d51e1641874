"""`rempart mailbox collect` and `rempart mailbox test`, as they are said on the terminal."""

from __future__ import annotations

import ssl
from collections import Counter
from datetime import datetime
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from rempart.foundation.directories import files
from rempart.foundation.directories.layouts import mailboxes as layout
from rempart.foundation.directories.layouts.rows import Row
from rempart.foundation.directories.policy import policy as directory_policy
from rempart.foundation.messaging.mailboxes import MailboxUnavailable, opened
from rempart.screening.handover.mailbox import answering, collecting, shelves
from rempart.screening.handover.mailbox.collecting import ASIDE, Done
from rempart.screening.handover.mailbox.settings import Answers, BadSettings, Settings, read
from rempart.screening.handover.mailbox.shelves import Answer, Shelves
from rempart.screening.handover.mailbox.sorting import Reason
from rempart.screening.handover.rules.matching import ORGANISATIONAL, stamped

GOOD, SOMETHING, CANNOT = 0, 1, 2
"""Exit codes: nothing is left to look at; something is; it could not run."""

_WHY = {
    "imap.unreachable": "the server does not answer: check host, port and the network",
    "imap.tls": "the server's certificate is not trusted, or ours is not taken: check authorities and certificate",
    "imap.login": "the server does not open the mailbox: check user and password",
    "imap.broken": "the server broke off: run it again",
}


def collect(path: Path, *, dry_run: bool, look_again: bool, now: datetime) -> int:
    """One run; what it did, in figures. Nothing said names a patient."""
    settings = _settings(path)
    if settings is None:
        return CANNOT
    try:
        if dry_run:
            return _rehearse(settings, now=now)
        with shelves.opened(settings.into) as shelf:
            return _run(settings, shelf, look_again=look_again, now=now)
    except shelves.BusyFolder:
        return _cannot(f"another run works in {settings.into}: wait until it ends")
    except MailboxUnavailable as why:
        return _cannot(f"{settings.account.host}: {_WHY.get(why.code, why.code)}")
    except OSError as why:
        return _cannot(f"{settings.into} cannot be written: {why.strerror or type(why).__name__}")


def try_mailbox(path: Path, *, directory: Path | None) -> int:
    """Whether the mailbox opens, and what the directory says of it."""
    settings = _settings(path)
    if settings is None:
        return CANNOT
    try:
        with opened(settings.account) as mailbox:
            count = len(mailbox.everything())
    except MailboxUnavailable as why:
        return _cannot(f"{settings.account.host}: {_WHY.get(why.code, why.code)}")
    typer.echo(f"The mailbox opens: {count} messages.")
    if directory is None:
        return GOOD
    try:
        found = _in_directory(directory, settings.account.user)
    except files.Unreadable as why:
        return _cannot(f"{directory}: {why}")
    if not found:
        typer.echo(
            "The directory has no such address: it is new (wait a day or two), on the red list, or another one.",
            err=True,
        )
        return SOMETHING
    good = [_said(*one, sites=settings.sites) for one in found]
    return GOOD if any(good) else SOMETHING


def _run(settings: Settings, shelf: Shelves, *, look_again: bool, now: datetime) -> int:
    with opened(settings.account) as mailbox, _progress() as bar:
        task = bar.add_task("", total=None)
        done = collecting.collect(
            mailbox,
            shelf,
            senders=settings.senders,
            sites=settings.sites,
            now=now,
            look_again=look_again,
            progress=lambda count, all_: bar.update(task, completed=count, total=all_),
        )
    if settings.print_with:
        collecting.print_waiting(shelf, settings.print_with, done)
    unsent = _answer(settings, shelf, now=now)
    _tell(done, dry_run=False)
    if unsent:
        typer.echo(f"{unsent} receipts could not be sent; the next run tries again.", err=True)
    return SOMETHING if done.aside or done.still_aside or done.not_printed or unsent else GOOD


def _rehearse(settings: Settings, *, now: datetime) -> int:
    with opened(settings.account) as mailbox:
        known = {}
        if (settings.into / shelves.REGISTER).exists():
            with shelves.opened(settings.into) as shelf:
                known = shelf.known(validity=mailbox.validity)
        done = collecting.rehearse(mailbox, known, senders=settings.senders, sites=settings.sites, now=now)
    _tell(done, dry_run=True)
    return SOMETHING if done.aside or done.still_aside else GOOD


def _answer(settings: Settings, shelf: Shelves, *, now: datetime) -> int:
    """Send the receipts that are owed; how many could not be sent."""
    owed = [one for one in shelf.owed() if answering.may_answer(one.to, settings.senders)]
    if settings.answers is None or not owed:
        return 0
    mails = [
        answering.receipt(
            message_id=one.message_id,
            mailbox=settings.account.user,
            answer_to=one.to,
            wrong=_wrong(one),
            now=now,
        )
        for one in owed
    ]
    try:
        answering.send(mails, settings.answers, context=_context(settings.answers))
    except answering.Unsent:
        return len(owed)
    shelf.note_answered(owed)
    return 0


def _wrong(one: Answer) -> Reason | None:
    return Reason(one.outcome.removeprefix(ASIDE)) if one.outcome.startswith(ASIDE) else None


def _context(server: Answers) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=server.authorities)
    if server.certificate is not None:
        context.load_cert_chain(server.certificate, server.key)
    return context


def _tell(done: Done, *, dry_run: bool) -> None:
    would = "would be " if dry_run else ""
    for site, count in sorted(done.by_site.items()):
        typer.echo(f"site {site}: {count} {would}filed")
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(done.filed.items())) or "nothing"
    typer.echo(
        f"{would}filed: {kinds}; trials {done.trials}, repeats {done.repeats}, too late {done.overdue}"
    )
    typer.echo(
        f"{would}deleted: {done.deleted_certificates} certificates, {done.deleted_messages} messages; "
        f"printed {done.printed}"
    )
    if done.not_printed:
        typer.echo(f"{done.not_printed} could not be printed; the next run tries again.", err=True)
    for reason, count in sorted(Counter(reason for _, reason in done.aside).items()):
        numbers = ", ".join(str(uid) for uid, one in done.aside if one is reason)
        typer.echo(f"{count} left in the mailbox ({reason}): messages {numbers}", err=True)
    if done.still_aside:
        typer.echo(
            f"{done.still_aside} left there by earlier runs (--again looks at them once more)", err=True
        )


def _in_directory(path: Path, address: str) -> list[tuple[str, str, str, str]]:
    """The lines of an address in a published file: kind, structure, FINESS, service."""
    wanted, found = address.strip().casefold(), []
    for source in files.sources(path):
        with source.open() as stream:
            rows = layout.LAYOUT.read(files.lines(stream, most_bytes=directory_policy().most_bytes))
            for row in rows:
                if isinstance(row, Row):
                    values = dict(zip(layout.LAYOUT.columns, map(str, row.values), strict=True))
                    if values["address"] == wanted:
                        found.append(
                            (values["kind"], values["structure"], values["finess"], values["service"])
                        )
    return found


def _said(kind: str, structure: str, number: str, service: str, *, sites: frozenset[str]) -> bool:
    """Say one line of the directory; whether certificates come by it."""
    has_stamp = stamped(service, stamp=directory_policy().stamp)
    typer.echo(
        f"kind {kind}: {'organisational' if kind == ORGANISATIONAL else 'must be organisational (ORG)'}"
    )
    typer.echo(f"service {service!r}: {'stamped' if has_stamp else 'must hold @SIDEP; ask your operator'}")
    if not number:
        typer.echo(f"structure {structure}: must be a FINESS; ask your operator")
    elif number in sites:
        typer.echo(f"structure {number}: one of your sites (a mailbox for each site)")
    else:
        typer.echo(
            f"structure {number}: should be the juridical FINESS of your laboratory (one mailbox for all sites)"
        )
    return kind == ORGANISATIONAL and has_stamp and bool(number)


def _settings(path: Path) -> Settings | None:
    try:
        return read(path)
    except BadSettings as why:
        _cannot(str(why))
        return None


def _cannot(why: str) -> int:
    typer.echo(f"rempart: {why}", err=True)
    return CANNOT


def _progress() -> Progress:
    return Progress(
        TextColumn("Messages"),
        BarColumn(),
        MofNCompleteColumn(),
        console=Console(stderr=True),
        transient=True,
    )
