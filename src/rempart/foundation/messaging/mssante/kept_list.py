"""The white list in use: a file under the data folder, replaced in one step by a better one only."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from rempart.foundation.messaging.mssante.whitelist import Refused, WhiteList, judge, parse, policy

_NAME, _REFUSAL = "whitelist.json", "refused.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What a load did, in domains."""

    generated_at: datetime
    domains: int
    added: int
    changed: int
    gone: int
    skipped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is in use; `notes`: what an operator should see to."""

    generated_at: datetime | None
    domains: int
    notes: tuple[str, ...]


def load(path: Path, *, checksum: Path | None, folder: Path, now: datetime, sure: bool = False) -> Loaded:
    """Take a published list into use.

    `checksum`: the published file beside it; without one the list must be whole. `sure`: somebody looked, and it may
    be older or shorter than the one in use. Raises Refused, and leaves everything as it was but the note of it.
    """
    try:
        try:
            raw = path.read_bytes()
            said = checksum.read_text("ascii", "replace").split() if checksum is not None else []
        except OSError as why:
            raise Refused("unreadable", f"{why.filename}: {why.strerror}") from None
        if checksum is not None and not said:
            raise Refused("checksum", f"{checksum} is empty")
        new = parse(raw, checksum=said[0] if said else None)
        last = current(folder)
        if not sure:
            judge(new, last, policy=policy(now.date()))
    except Refused as refusal:
        _write(folder / _REFUSAL, {"at": now.isoformat(), "code": refusal.code, "what": str(refusal)})
        raise
    before = last.domains if last is not None else {}
    _write(
        folder / _NAME,
        {"generated_at": new.generated_at.isoformat(), "skipped": new.skipped, "domains": dict(new.domains)},
    )
    (folder / _REFUSAL).unlink(missing_ok=True)
    return Loaded(
        generated_at=new.generated_at,
        domains=len(new.domains),
        added=len(new.domains.keys() - before.keys()),
        changed=sum(
            set(before[name]) != set(new.domains[name]) for name in before.keys() & new.domains.keys()
        ),
        gone=len(before.keys() - new.domains.keys()),
        skipped=new.skipped,
    )


def current(folder: Path) -> WhiteList | None:
    """The list in use, None before the first."""
    try:
        held = json.loads((folder / _NAME).read_bytes())
    except FileNotFoundError:
        return None
    return WhiteList(
        generated_at=datetime.fromisoformat(held["generated_at"]),
        skipped=held["skipped"],
        domains={name: tuple(subjects) for name, subjects in held["domains"].items()},
    )


def standing(folder: Path, *, now: datetime) -> Standing:
    """What is in use, and what is wrong with it."""
    notes = []
    held = current(folder)
    if held is None:
        notes.append("no white list is loaded: no domain takes health mail")
    elif (age := now - held.generated_at) > timedelta(days=policy(now.date()).stale_days):
        notes.append(f"the list is {age.days} days old: fetch a newer one")
    try:
        refusal = json.loads((folder / _REFUSAL).read_bytes())
        notes.append(f"refused on {refusal['at'][:16]}: {refusal['what']} ({refusal['code']})")
    except FileNotFoundError:
        pass
    return Standing(
        generated_at=held.generated_at if held else None,
        domains=len(held.domains) if held else 0,
        notes=tuple(notes),
    )


class Current:
    """The list in use for a process that lives long: read again when it changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stamp: tuple[int, int] | None = None
        self._held: WhiteList | None = None

    def __call__(self) -> WhiteList | None:
        try:
            found = (self._folder / _NAME).stat()
        except FileNotFoundError:
            return None
        if (stamp := (found.st_mtime_ns, found.st_ino)) != self._stamp:
            self._held, self._stamp = current(self._folder), stamp
        return self._held


def _write(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with part.open("w") as stream:
        json.dump(content, stream, ensure_ascii=False)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(path)
