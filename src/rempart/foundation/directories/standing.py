"""How each directory stands: what it holds, of when, and what asks for somebody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rempart.foundation.directories.models import Load
from rempart.foundation.directories.policy import Directory, policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """`loaded_at` None: never. `age_days`: of the file where it says its day, else since it was loaded.
    `refused`: why the newest file was, when it came after the one that is there."""

    directory: Directory
    rows: int = 0
    file: str = ""
    published: str = ""
    loaded_at: datetime | None = None
    age_days: int = 0
    refused: str = ""

    @property
    def notes(self) -> tuple[str, ...]:
        """What somebody should do something about."""
        limit = policy().limits[self.directory].stale_days
        notes = []
        if self.loaded_at is None:
            notes.append("never loaded")
        elif self.age_days > limit:
            notes.append(f"{self.age_days} days old, more than {limit}: load a newer file")
        if self.refused:
            notes.append(f"a newer file was refused: {self.refused.splitlines()[0]}")
        return tuple(notes)


def standings(*, now: datetime) -> list[Standing]:
    """Every directory, in two queries each."""
    return [_standing(directory, now=now) for directory in Directory]


def _standing(directory: Directory, *, now: datetime) -> Standing:
    loads = Load.objects.filter(directory=directory).order_by("-at")
    last = loads.first()
    taken = last if last is None or not last.refused else loads.filter(refused="").first()
    refused = last.refused if last is not None and last.refused else ""
    if taken is None:
        return Standing(directory=directory, refused=refused)
    day = datetime.fromisoformat(f"{taken.published[:10]}T00:00+00:00") if taken.published else taken.at
    return Standing(
        directory=directory,
        rows=taken.rows,
        file=taken.file,
        published=taken.published,
        loaded_at=taken.at,
        age_days=max((now - day).days, 0),
        refused=refused,
    )
