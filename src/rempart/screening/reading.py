"""Reading files in a process of its own: decoded, judged, prepared and sealed, a chunk at a time.

What crosses to the process that keeps is sealed already, but for the answers that the operator asked to
see. At most one chunk waits; the reader is never further ahead.
"""

from __future__ import annotations

import json
import multiprocessing
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.connection import Connection

from rempart.foundation.terminology import pathogen
from rempart.foundation.vault import KeyStore, keyring_of
from rempart.screening.checking import judged, look_for_cycles_rarely, read_files
from rempart.screening.formats import Context
from rempart.screening.rules.answer import answer
from rempart.screening.rules.catalogue import Profile
from rempart.screening.rules.report import Format
from rempart.screening.services.prepare import Preparer
from rempart.screening.services.prepared import Judged, PreparedMessage, delivery_of
from rempart.screening.transcoding.rules import Transcoding

_AT_ONCE = 1000


class ReaderDied(Exception):
    """The reading process ended before the end of the files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What to read, and how."""

    paths: tuple[str, ...]
    format: Format | None  # None: found out
    profile: Profile
    pathogen: str
    key_store: KeyStore
    answered: bool  # whether the answers of each message are wanted
    transcoding: Transcoding = field(default_factory=Transcoding)  # as it was when the reading began


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Messages in order, ready to be kept."""

    messages: list[PreparedMessage]
    answers: list[str]  # what will be said of each, as JSON without its end; empty unless asked for
    size: int  # bytes of the files that ended among them
    unread: int  # paths that could not be read


def read_chunks(asked: Asked) -> Iterator[Chunk]:
    """Read, decode, judge and prepare, a chunk at a time; needs no database."""
    agent = pathogen(asked.pathogen)
    context = Context(pathogen=agent, profile=asked.profile, transcoding=asked.transcoding)
    keyring = keyring_of(asked.key_store)
    preparer = Preparer(keyring=keyring, pathogen=agent, now=datetime.now(UTC))
    messages: list[PreparedMessage] = []
    answers: list[str] = []
    size = unread = 0
    for path in asked.paths:
        for source, payload in read_files(path):
            if payload is None:
                unread += 1
                continue
            delivery = delivery_of(payload, channel="file", laboratory="")
            for item, judgement in judged(payload, format_=asked.format, context=context):
                messages.append(preparer.message(Judged(item=item, judgement=judgement, delivery=delivery)))
                if asked.answered:
                    said = answer(item, judgement, source=source)
                    del said["outcome"], said["findings"]
                    answers.append(json.dumps(said)[:-1])
                if len(messages) == _AT_ONCE:
                    yield Chunk(messages=messages, answers=answers, size=size, unread=unread)
                    messages, answers, size, unread = [], [], 0, 0
                    preparer = Preparer(keyring=keyring, pathogen=agent, now=datetime.now(UTC))
            size += len(payload)
    yield Chunk(messages=messages, answers=answers, size=size, unread=unread)


@contextmanager
def reader(asked: Asked) -> Iterator[Iterator[Chunk]]:
    """The chunks of another process, for as long as the block lasts. Raises ReaderDied."""
    spawn = multiprocessing.get_context("spawn")
    receiving, sending = spawn.Pipe(duplex=False)
    process = spawn.Process(target=_read_into, args=(sending, asked), name="reader", daemon=True)
    process.start()
    sending.close()
    try:
        yield _received(receiving)
    finally:
        receiving.close()
        process.terminate()
        process.join()


def _received(connection: Connection) -> Iterator[Chunk]:
    while True:
        try:
            chunk = connection.recv()
        except EOFError:
            raise ReaderDied("the reading process ended early; what was kept is kept: run it again") from None
        if chunk is None:
            return
        yield chunk


def _read_into(connection: Connection, asked: Asked) -> None:
    """The reading process: Ctrl-C is for its parent, who ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    look_for_cycles_rarely()
    try:
        for chunk in read_chunks(asked):
            connection.send(chunk)
        connection.send(None)
    except BrokenPipeError:  # the parent left
        return
