"""Attached reports, as they are read again: which there are beside a result, and one of them opened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from rempart.foundation.vault import KeyDestroyed, Keyring, Purpose, unseal
from rempart.screening.models import AttachedDocument


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """A report that came with a result, unopened."""

    rank: int  # among those of its result, from 1
    media_type: str  # "application/pdf", "image/png", "image/jpeg"
    size: int  # bytes

    @property
    def kind(self) -> str:
        """What it is called: PDF, PNG, JPEG."""
        return self.media_type.rpartition("/")[2].upper()


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The same, opened."""

    media_type: str
    title: str
    content: bytes = field(repr=False)


def attached_to(result: UUID) -> Sequence[Attached]:
    """The reports of one version of a result that the session may see, in order."""
    return [one for _, one in of_results([result])]


def of_results(results: Iterable[UUID]) -> Sequence[tuple[UUID, Attached]]:
    """The same of several results, in one query."""
    rows = AttachedDocument.objects.filter(result_id__in=list(results)).order_by("result_id", "rank")
    return [
        (result, Attached(rank=rank, media_type=media_type, size=size))
        for result, rank, media_type, size in rows.values_list("result_id", "rank", "media_type", "size")
    ]


def opened(result: UUID, *, keyring: Keyring, rank: int | None = None) -> Sequence[Opened]:
    """The same with what they hold, or one of them by its rank; what can be opened no more is left out."""
    rows = AttachedDocument.objects.filter(result_id=result)
    if rank is not None:
        rows = rows.filter(rank=rank)
    found = []
    for row in rows.order_by("rank"):
        try:
            whole = unseal(keyring, bytes(row.sealed), purpose=Purpose.DOCUMENT, context=row.id.bytes)
        except KeyDestroyed:
            continue
        title, _, content = whole.partition(b"\n")
        found.append(Opened(media_type=row.media_type, title=title.decode(), content=content))
    return found
