"""What never reaches a log: the secret part of the address of a patient's link, or of an agent's."""

from __future__ import annotations

import logging
import re

_REFERENCE = re.compile(r"(/r/|/connexion/lien/)[^\s'\"?#]+")


class WithoutReferences(logging.Filter):
    """Cuts references and links out of every record before it is written."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(_cut(value) for value in record.args)
        record.msg = _cut(record.msg)
        return True


def _cut(value: object) -> object:
    return _REFERENCE.sub(r"\1…", value) if isinstance(value, str) else value
