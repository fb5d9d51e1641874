"""What the key store holds, for the operator and for the proof of a purge: names and counts, never a value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from rempart.foundation.vault import periods
from rempart.foundation.vault.provider import Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFile:
    """One key of the store. `made`: seconds since 1970."""

    name: str
    by: str
    made: float


@dataclass(frozen=True, slots=True, kw_only=True)
class KindStatus:
    """The keys of one kind. Their days: of expiry for data keys, the first of the period for index keys,
    of making for the others; None when there is no key."""

    kind: str
    count: int
    oldest: date | None
    newest: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionStatus:
    """A version of a key-encryption key ("file:1") and how many keys it wraps."""

    by: str
    keys: int
    wraps: bool  # new keys
    missing: bool  # it wraps keys, and the provider that should have it has not


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyStatus:
    """The state of a key store. `trouble`: why the provider does not answer, empty when it does."""

    provider: Provider
    kinds: tuple[KindStatus, ...]
    versions: tuple[VersionStatus, ...]
    pending: int  # keys that the newest version does not wrap
    strangers: tuple[str, ...]  # files that are no keys
    trouble: str

    def kind(self, name: str) -> KindStatus:
        return next(kind for kind in self.kinds if kind.kind == name)


def key_status(
    kept: Sequence[KeyFile],
    *,
    kinds: Iterable[str],
    provider: Provider,
    versions: tuple[int, ...],
    trouble: str,
    strangers: Iterable[str],
) -> KeyStatus:
    """The state of the store that holds these keys, whose provider has these versions, oldest first."""
    uses = Counter(key.by for key in kept)
    newest = f"{provider}:{versions[-1]}" if versions else ""
    there = [f"{provider}:{version}" for version in versions]
    return KeyStatus(
        provider=provider,
        kinds=tuple(_kind(kind, [key for key in kept if key.name.startswith(f"{kind}/")]) for kind in kinds),
        versions=tuple(
            VersionStatus(
                by=by,
                keys=uses[by],
                wraps=by == newest,
                missing=not trouble and by.startswith(f"{provider}:") and by not in there,
            )
            for by in sorted({*uses, *there}, key=_number)
        ),
        pending=0 if trouble else len(kept) - uses[newest],
        strangers=tuple(strangers),
        trouble=trouble,
    )


def _number(by: str) -> tuple[str, int]:
    provider, _, version = by.partition(":")
    return provider, int(version)


def _kind(kind: str, keys: Sequence[KeyFile]) -> KindStatus:
    days = sorted(map(_day, keys))
    return KindStatus(
        kind=kind,
        count=len(keys),
        oldest=days[0] if days else None,
        newest=days[-1] if days else None,
    )


def _day(key: KeyFile) -> date:
    name = key.name.rpartition("/")[2]
    if key.name.startswith("data/"):
        return date.fromisoformat(name)
    if key.name.startswith("index/"):
        return periods.first_day(name)
    return datetime.fromtimestamp(key.made, UTC).date()
