"""What never reaches a log: the secret part of the address of a patient's link, or of an agent's; and how often
somebody was told to wait is one line a minute, however many he sends."""

from __future__ import annotations

import logging
import re
from http import HTTPStatus
from threading import Lock

_REFERENCE = re.compile(r"(/r/|/connexion/lien/|/compte-laboratoire/adresse/)[^\s'\"?#]+")


class WithoutReferences(logging.Filter):
    """Cuts references and links out of every record before it is written."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(_cut(value) for value in record.args)
        record.msg = _cut(record.msg)
        return True


def _cut(value: object) -> object:
    return _REFERENCE.sub(r"\1…", value) if isinstance(value, str) else value


class CountedRefusals(logging.Filter):
    """Lets one record a minute through of requests that had to wait, saying how many there were."""

    def __init__(self, every: float = 60.0) -> None:
        super().__init__()
        self._every, self._lock = every, Lock()
        self._said_at, self._unsaid = float("-inf"), 0

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "status_code", 0) != HTTPStatus.TOO_MANY_REQUESTS:
            return True
        with self._lock:
            self._unsaid += 1
            if record.created < self._said_at + self._every:
                return False
            record.msg, record.args = "requests told to wait since the last such line: %d", (self._unsaid,)
            self._said_at, self._unsaid = record.created, 0
        return True
