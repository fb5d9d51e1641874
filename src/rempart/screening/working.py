"""A worker process of `rempart ingest` (crew.py). Django is set up here before anything that needs it is imported."""

from __future__ import annotations

import gc
import signal
from multiprocessing.connection import Connection


def work(connection: Connection) -> None:
    """Read and keep task after task: says what it has read, waits for its turn, keeps it and says what became of it.

    Ctrl-C is for its parent, who ends it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    import django

    django.setup()
    from rempart.screening.checking import look_for_cycles_rarely
    from rempart.screening.reading import Reader, keep_part

    look_for_cycles_rarely()
    gc.freeze()
    try:
        reader = Reader(connection.recv())
        while True:
            for part in reader.parts(connection.recv()):
                connection.send((part.keys(), part.last))
                connection.recv()
                connection.send(keep_part(part))
    except (EOFError, ConnectionError):  # the parent left
        return
