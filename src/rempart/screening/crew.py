"""The worker processes of `rempart ingest`: each reads a task, waits for its turn, keeps it, and asks for the next.

A process reads and keeps the same messages, so that none of them crosses from one to another: what crosses is which
files to read, the keys of what was read, and what became of it, with the answers if the operator asked for them.
A worker ends when its parent does; what it had not committed is undone.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from typing import Any

from rempart.screening.reading import Asked, Done, Task
from rempart.screening.rules.turns import Turns
from rempart.screening.working import work


class WorkerDied(Exception):
    """A worker ended before its task was kept."""


class Crew:
    """The workers, and what each has in hand."""

    def __init__(self, connections: list[Connection]) -> None:
        self._connections = connections
        self._busy: dict[Connection, int] = {}
        self._turns = Turns()

    def run(self, tasks: Iterator[Task]) -> Iterator[tuple[int, Done]]:
        """Have every task done; yields each part with the number of its task as soon as it is on disk.

        Raises WorkerDied.
        """
        for connection in self._connections:
            self._give(connection, tasks)
        while self._busy:
            waiting = set(wait(list(self._busy)))
            for ready, number in [(one, n) for one, n in self._busy.items() if one in waiting]:
                said = _received(ready)
                if isinstance(said, Done):
                    self._turns.kept(number)
                    if said.last:
                        self._give(ready, tasks)
                    yield number, said
                else:
                    self._turns.read(number, said[0], last=said[1])
                self._let_keep()

    def _give(self, connection: Connection, tasks: Iterator[Task]) -> None:
        """The next task, if there is one."""
        self._busy.pop(connection, None)
        task = next(tasks, None)
        if task is not None:
            _send(connection, task)
            self._busy[connection] = task.number
            self._turns.begin(task.number)

    def _let_keep(self) -> None:
        given = set(self._turns.give())
        for connection, number in self._busy.items():
            if number in given:
                _send(connection, None)


@contextmanager
def crew(asked: Asked, size: int) -> Iterator[Crew]:
    """Workers, for as long as the block lasts."""
    spawn = multiprocessing.get_context("spawn")
    processes, connections = [], []
    try:
        for rank in range(size):
            ours, theirs = spawn.Pipe()
            process = spawn.Process(target=work, args=(theirs,), name=f"worker {rank}", daemon=True)
            process.start()
            theirs.close()
            processes.append(process)
            connections.append(ours)
        for connection in connections:
            _send(connection, asked)
        yield Crew(connections)
    finally:
        for connection in connections:
            connection.close()
        for process in processes:
            process.terminate()
        for process in processes:
            process.join()


def _received(connection: Connection) -> Any:
    try:
        return connection.recv()
    except (EOFError, ConnectionError):
        raise WorkerDied(_DIED) from None


def _send(connection: Connection, what: Asked | Task | None) -> None:
    try:
        connection.send(what)
    except (BrokenPipeError, ConnectionError):
        raise WorkerDied(_DIED) from None


_DIED = "a process that reads and keeps ended early; what was kept is kept: run it again"
