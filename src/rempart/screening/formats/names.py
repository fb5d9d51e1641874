"""First names, which formats write in two fields that may repeat each other."""

from __future__ import annotations


def first_names(given: str, others: str) -> tuple[str, ...]:
    """The first given name, then the others; the second field may be the whole list, with the first in it."""
    if not others:
        return (given,) if given else ()
    if not given:
        return tuple(others.replace(",", " ").split())
    size = len(given)
    if others[size : size + 1] in " ," and others[:size].upper() == given.upper():
        others = others[size:]
    return (given, *others.replace(",", " ").split())
