"""A worker process of `rempart ingest` (crew.py). Django is set up here before anything that needs it is imported."""

from __future__ import annotations

import gc
import signal
from itertools import count
from multiprocessing.connection import Connection

_TASKS_WITH_CYCLES = 25


def work(connection: Connection) -> None:
    """Read and keep task after task: says what it has read, waits for its turn, keeps it and says what became of it.

    Ctrl-C is for its parent, who ends it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    import django

    django.setup()
    from rempart.screening.reading import Reader, keep_part

    gc.disable()  # messages make no cycles; what makes some is looked for between two tasks
    try:
        reader = Reader(connection.recv())
        for number in count(1):
            for part in reader.parts(connection.recv()):
                connection.send((part.keys(), part.last))
                connection.recv()
                connection.send(keep_part(part))
            if not number % _TASKS_WITH_CYCLES:
                gc.collect(1)  # what was made since
    except (EOFError, ConnectionError):  # the parent left
        return
