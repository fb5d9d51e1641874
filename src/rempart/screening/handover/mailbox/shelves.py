"""The folders of the sites: certificates filed by day, a register of what was done, a page for each site.

    <folder>/<site>/<day of sampling>/<NAME>_<key>_1.pdf     the certificate; _2 the sheet that goes with it
    <folder>/<site>/index.html                               what is to be handed over there
    <folder>/register.sqlite                                 which message was dealt with, and how

Every file appears whole or not at all. Whatever is killed and run again ends the same.
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from rempart.foundation.identifiers import finess
from rempart.foundation.territories import zone_of
from rempart.screening.handover.mailbox.sorting import Aside, Filed, Trial
from rempart.screening.handover.rules.wording import Kind

_SCHEMA = """
    CREATE TABLE IF NOT EXISTS message (
        validity INTEGER NOT NULL, uid INTEGER NOT NULL, digest TEXT NOT NULL, key TEXT NOT NULL,
        outcome TEXT NOT NULL, kept_until TEXT NOT NULL, answer_to TEXT NOT NULL, message_id TEXT NOT NULL,
        PRIMARY KEY (validity, uid));
    CREATE INDEX IF NOT EXISTS message_by_digest ON message (digest);
    CREATE INDEX IF NOT EXISTS message_by_key ON message (key);
    CREATE TABLE IF NOT EXISTS certificate (
        key TEXT PRIMARY KEY, site TEXT NOT NULL, day TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL,
        patient TEXT NOT NULL, sampled TEXT NOT NULL, test TEXT NOT NULL, documents INTEGER NOT NULL,
        kept_until TEXT NOT NULL, printed INTEGER NOT NULL DEFAULT 0);
"""
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_NEVER = "9999"
REGISTER, _LOCK = "register.sqlite", "lock.sqlite"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A message that was dealt with. `kept_until` is None while nothing asks for its deletion."""

    uid: int
    digest: str
    outcome: str
    kept_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A receipt that is owed; `outcome` is that of its message."""

    validity: int
    uid: int
    outcome: str
    to: str = field(repr=False)
    message_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One certificate on the shelf of a site."""

    key: str
    site: str
    day: str
    name: str = field(repr=False)
    kind: Kind
    patient: str = field(repr=False)
    sampled: str
    test: str
    documents: int
    kept_until: datetime
    printed: bool

    @property
    def files(self) -> tuple[str, ...]:
        return tuple(f"{self.name}_{self.key}_{rank}.pdf" for rank in range(1, self.documents + 1))


class Shelves:
    """The folder of a laboratory; made by `opened`."""

    def __init__(self, root: Path, register: sqlite3.Connection) -> None:
        self._root, self._register = root, register

    def known(self, *, validity: int) -> dict[int, Known]:
        """The messages of a mailbox that were dealt with, by uid."""
        rows = self._register.execute(
            "SELECT uid, digest, outcome, kept_until FROM message WHERE validity = ?", (validity,)
        )
        return {
            uid: Known(
                uid=uid,
                digest=digest,
                outcome=outcome,
                kept_until=None if until == _NEVER else datetime.fromisoformat(until),
            )
            for uid, digest, outcome, until in rows
        }

    def was_met(self, digest: str) -> bool:
        """Whether the same message was dealt with, under another number."""
        found = self._register.execute("SELECT 1 FROM message WHERE digest = ?", (digest,)).fetchone()
        return found is not None

    def note(
        self,
        uid: int,
        found: Filed | Trial | Aside,
        outcome: str,
        *,
        validity: int,
        kept_until: datetime | None,
    ) -> None:
        """A message was dealt with; the receipt it asked for is owed."""
        key = found.key if isinstance(found, Filed) else ""
        with self._register:
            self._register.execute(
                "INSERT OR REPLACE INTO message (validity, uid, digest, key, outcome, kept_until, answer_to, message_id)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    validity, uid, found.digest, key, outcome, _stamp(kept_until) if kept_until else _NEVER,
                    found.answer_to, found.message_id,
                ),
            )  # fmt: skip

    def release(self, key: str, *, but: str, now: datetime) -> None:
        """The messages about a test, but the one of this digest, are to be deleted: something took their place."""
        with self._register:
            self._register.execute(
                "UPDATE message SET kept_until = ? WHERE key = ? AND digest <> ?", (_stamp(now), key, but)
            )

    def owed(self) -> Sequence[Answer]:
        """Receipts that were asked for and not sent yet."""
        rows = self._register.execute(
            "SELECT validity, uid, outcome, answer_to, message_id FROM message WHERE answer_to <> '' ORDER BY uid"
        )
        return [
            Answer(validity=validity, uid=uid, outcome=outcome, to=to, message_id=message_id)
            for validity, uid, outcome, to, message_id in rows
        ]

    def note_answered(self, answers: Sequence[Answer]) -> None:
        with self._register:
            self._register.executemany(
                "UPDATE message SET answer_to = '' WHERE validity = ? AND uid = ?",
                [(one.validity, one.uid) for one in answers],
            )

    def forget_message(self, uid: int, *, validity: int) -> None:
        with self._register:
            self._register.execute("DELETE FROM message WHERE validity = ? AND uid = ?", (validity, uid))

    def file(self, one: Filed, *, now: datetime) -> datetime:
        """Put a certificate on the shelf of its site, in the place of what was there of the same test; until when.

        A destruction leaves a line without documents for as long as the certificate would have been kept. What comes
        late, after its own correction, changes nothing.
        """
        before = self._entry(one.key)
        if before is not None and one.kind is Kind.CERTIFICATE and before.kind is not Kind.CERTIFICATE:
            return before.kept_until
        until = max(one.kept_until, before.kept_until) if before and not one.documents else one.kept_until
        if until <= now:
            return until
        entry = Entry(
            key=one.key,
            site=one.site,
            day=one.day,
            name=one.name,
            kind=one.kind,
            patient=one.subject.patient,
            sampled=one.subject.sampled,
            test=one.subject.test,
            documents=len(one.documents),
            kept_until=until,
            printed=False,
        )
        paths = self.paths(entry)
        for path, content in zip(paths, one.documents, strict=True):
            _made_private(self._root / entry.site / entry.day)
            _write(path, content)
        if before is not None:
            self._remove(before, but=set(paths))
        with self._register:
            self._register.execute(
                "INSERT OR REPLACE INTO certificate (key, site, day, name, kind, patient, sampled, test, documents,"
                " kept_until) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    entry.key, entry.site, entry.day, entry.name, entry.kind.value, entry.patient, entry.sampled,
                    entry.test, entry.documents, _stamp(until),
                ),
            )  # fmt: skip
        if one.kind is not Kind.CERTIFICATE:
            self.release(one.key, but=one.digest, now=now)
        return until

    def paths(self, entry: Entry) -> Sequence[Path]:
        return [self._root / entry.site / entry.day / name for name in entry.files]

    def to_print(self) -> Sequence[Entry]:
        """What has documents and was not printed, by site and day."""
        return self._entries("printed = 0 AND documents > 0")

    def note_printed(self, entry: Entry) -> None:
        with self._register:
            self._register.execute("UPDATE certificate SET printed = 1 WHERE key = ?", (entry.key,))

    def due(self, now: datetime) -> Sequence[Entry]:
        """Certificates whose time is over."""
        return [one for one in self._entries("1") if one.kept_until <= now]

    def forget(self, entry: Entry) -> None:
        """Delete a certificate from its shelf and from the register."""
        self._remove(entry, but=set())
        with self._register:
            self._register.execute("DELETE FROM certificate WHERE key = ?", (entry.key,))

    def write_pages(self) -> None:
        """The page of each site, and no file that the register does not know."""
        entries = self._entries("1")
        sites = {one.site for one in entries} | {path.name for path in self._sites()}
        for site in sorted(sites):
            mine = [one for one in entries if one.site == site]
            self._sweep(site, {path for one in mine for path in self.paths(one)})
            folder = self._root / site
            _made_private(folder)
            _write(folder / "index.html", _page(site, mine).encode())

    def _sites(self) -> Iterator[Path]:
        return (path for path in self._root.iterdir() if path.is_dir() and finess.is_valid(path.name))

    def _sweep(self, site: str, known: set[Path]) -> None:
        """Remove what a run that was killed left on a shelf, and the folders of days that are empty."""
        folder = self._root / site
        for day in folder.iterdir() if folder.is_dir() else ():
            if day.is_dir() and not day.is_symlink() and _DAY.fullmatch(day.name):
                for path in day.iterdir():
                    if path not in known and (path.suffix == ".pdf" or path.name.startswith(".part-")):
                        path.unlink(missing_ok=True)
                with contextlib.suppress(OSError):
                    day.rmdir()

    def _remove(self, entry: Entry, *, but: set[Path]) -> None:
        for path in self.paths(entry):
            if path not in but:
                path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            (self._root / entry.site / entry.day).rmdir()

    def _entry(self, key: str) -> Entry | None:
        return next(iter(self._entries("key = ?", key)), None)

    def _entries(self, condition: str, *values: str) -> list[Entry]:
        rows = self._register.execute(
            "SELECT key, site, day, name, kind, patient, sampled, test, documents, kept_until, printed"  # noqa: S608 -- ours
            f" FROM certificate WHERE {condition} ORDER BY site, day, name, key",
            values,
        )
        return [
            Entry(
                key=row[0], site=row[1], day=row[2], name=row[3], kind=Kind(row[4]), patient=row[5], sampled=row[6],
                test=row[7], documents=row[8], kept_until=datetime.fromisoformat(row[9]), printed=bool(row[10]),
            )
            for row in rows
        ]  # fmt: skip


@contextlib.contextmanager
def opened(root: Path) -> Iterator[Shelves]:
    """The folder, for one run at a time. Raises BusyFolder when another run has it, OSError when it cannot be written."""
    _made_private(root)
    register = sqlite3.connect(root / REGISTER, timeout=1, isolation_level=None)
    lock = sqlite3.connect(root / _LOCK, timeout=1, isolation_level=None)
    try:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            raise BusyFolder from None
        register.executescript(_SCHEMA)
        register.execute("PRAGMA secure_delete = ON")  # names of patients leave no trace in the file
        register.isolation_level = "DEFERRED"
        for name in (REGISTER, _LOCK):
            (root / name).chmod(0o600)
        yield Shelves(root, register)
    finally:
        register.close()
        lock.close()


class BusyFolder(Exception):
    """Another run works in the same folder."""


def _made_private(folder: Path) -> None:
    """A folder whose names, which are patients', its owner and group alone can list; what was there stays as it was."""
    for one in (*reversed(folder.parents), folder):
        one.mkdir(mode=0o750, exist_ok=True)


def _write(path: Path, content: bytes) -> None:
    """A file that is there whole or not at all, for its owner and group."""
    handle, part = tempfile.mkstemp(prefix=".part-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(part).chmod(0o640)
        Path(part).replace(path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


_KINDS = {
    Kind.CERTIFICATE: "à remettre",
    Kind.REPLACEMENT: "à remettre, en échange du précédent",
    Kind.DESTRUCTION: "annulé : à détruire, et à redemander s’il a été remis",
}
_LABELS = ("certificat", "fiche de remise", "fiche d’information", "consignes sanitaires")


def _page(site: str, entries: Sequence[Entry]) -> str:
    """What a site hands over: a page that opens without a network, prints, and asks nothing of anybody."""
    zone = zone_of(finess.parse(site).department)
    rows = []
    for one in entries:
        links = "<br>".join(
            f'<a href="{escape(one.day)}/{escape(name)}">'
            f"{_LABELS[rank] if rank < len(_LABELS) else f'document {rank + 1}'}</a>"
            for rank, name in enumerate(one.files)
        )
        cells = (
            f"<th scope='row'>{escape(one.patient)}</th>", f"<td>{escape(one.sampled)}</td>",
            f"<td>{escape(one.test)}</td>", f"<td>{_KINDS[one.kind]}</td>", f"<td>{links or '—'}</td>",
            f"<td>{one.kept_until.astimezone(zone):%d/%m/%Y %H:%M}</td>",
        )  # fmt: skip
        rows.append(f"<tr>{''.join(cells)}</tr>")
    body = (
        "<table><caption>Les plus anciens d’abord</caption><thead><tr><th scope='col'>Patient</th>"
        "<th scope='col'>Prélevé le</th><th scope='col'>Test</th><th scope='col'>À faire</th>"
        "<th scope='col'>Documents</th><th scope='col'>À garder jusqu’au</th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>"
        if rows
        else "<p>Aucun certificat n’attend d’être remis.</p>"
    )
    return (
        "<!DOCTYPE html><html lang='fr'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width'>"
        "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>Certificats à remettre – {escape(site)}</title><style>"
        "body{font-family:sans-serif;margin:2rem;line-height:1.5;color:#161616}table{border-collapse:collapse;width:100%}"
        "th,td{border:1px solid #666;padding:.4rem .6rem;text-align:left;vertical-align:top}"
        "caption{text-align:left;padding:.4rem 0}a{color:#000091}</style></head><body><main>"
        f"<h1>Certificats à remettre</h1><p>Site {escape(site)}</p>{body}"
        "<p>Un certificat disparaît de cette page 72 heures après l’heure du prélèvement, six mois après son jour quand "
        "le résultat est positif.</p></main></body></html>\n"
    )
