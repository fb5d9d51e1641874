"""Where the teleservice is, and who asks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Software:
    """Who asks, as the service registered it: `authorisation` (n° IDAM), name and version of the software, `instance` of
    this installation, `sender`: number of the structure."""

    authorisation: str
    name: str
    version: str
    instance: UUID
    sender: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where the service is and who asks. `certificate` and `key`: ours (PEM); `authorities`: those who vouch for the
    service's (PEM), those of the machine when None."""

    url: str
    certificate: Path
    key: Path
    authorities: Path | None
    software: Software
