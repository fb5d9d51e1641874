"""Writing the trail."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from rempart.foundation.audit.models import Entry


class Act(StrEnum):
    """Every act that leaves a trace."""

    CASE_OPENED = "case-opened"
    CASES_SEARCHED = "cases-searched"
    CASE_TAKEN = "case-taken"
    CASE_CALLED = "case-called"
    RESULT_SEEN = "result-seen"
    CERTIFICATE_ISSUED = "certificate-issued"
    CODE_SENT = "code-sent"
    CODE_REFUSED = "code-refused"


class Who(Protocol):
    """An actor, as `access` knows it."""

    @property
    def id(self) -> str: ...
    @property
    def role(self) -> StrEnum: ...
    @property
    def purpose(self) -> StrEnum: ...


def record(actor: Who, act: Act, subject: str, *, now: datetime, **details: Any) -> None:
    """Add one entry. `subject` and `details` hold keys and codes, never a name or a number."""
    Entry.objects.create(
        at=now,
        actor=actor.id,
        role=actor.role.value,
        purpose=actor.purpose.value,
        act=act.value,
        subject=subject,
        details=details,
    )
