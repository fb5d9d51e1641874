"""Whose turn it is to keep, when several processes read the same folder.

What is read later may be kept earlier, unless both speak of one message or one result: a correction never overtakes
its original, in whichever files they stand. Both are told by the keys under which the ledgers know them, so that
nothing is believed about names of files or about who sends what.
"""

from __future__ import annotations

from dataclasses import dataclass, field

Keys = frozenset[bytes]
"""Keys of messages and of results, under every index key alive."""


@dataclass(slots=True)
class _Open:
    """A task under way: the keys of the part that was read and is not kept yet."""

    keys: Keys = field(default_factory=frozenset)
    waits: bool = False  # for its turn
    whole: bool = False  # all of it was read


class Turns:
    """The tasks under way, in their order. Each is read in parts; a part is kept before the next is announced."""

    def __init__(self) -> None:
        self._open: dict[int, _Open] = {}

    def begin(self, task: int) -> None:
        """The next task is given to somebody; tasks begin in their order."""
        self._open[task] = _Open()

    def read(self, task: int, keys: Keys, *, last: bool) -> None:
        """A part was read, which waits for its turn; `last` when nothing of the task follows."""
        self._open[task] = _Open(keys=keys, waits=True, whole=last)

    def kept(self, task: int) -> None:
        """The part whose turn it was is on disk."""
        found = self._open[task]
        if found.whole:
            del self._open[task]
        else:
            found.keys = frozenset()

    def give(self) -> list[int]:
        """The tasks whose part may be kept now; each is named once.

        A part waits for every earlier one with a key in common, and for every earlier task of which
        something is unread yet, since that may hold such a key.
        """
        given: list[int] = []
        earlier: list[Keys] = []
        for task, found in self._open.items():
            if found.waits and all(map(found.keys.isdisjoint, earlier)):
                found.waits = False
                given.append(task)
            if not found.whole:
                break
            earlier.append(found.keys)
        return given
