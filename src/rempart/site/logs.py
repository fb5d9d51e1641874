"""What never reaches a log: the reference in the address of a patient's link."""

from __future__ import annotations

import logging
import re

_REFERENCE = re.compile(r"/r/[^\s'\"?#]+")


class WithoutReferences(logging.Filter):
    """Cuts references out of every record before it is written."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(_cut(value) for value in record.args)
        record.msg = _cut(record.msg)
        return True


def _cut(value: object) -> object:
    return _REFERENCE.sub("/r/…", value) if isinstance(value, str) else value
