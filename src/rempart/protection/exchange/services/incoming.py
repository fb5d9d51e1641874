"""Bringing the file of a hand-over: sealed chunk by chunk while it comes, readable when it is whole only.

The salt of its stream stays in this process until the end: a chunk of an upload that was cut short opens for
nobody, with the key of its day either. Another attempt takes the place of the one before.
"""

from __future__ import annotations

import io
from datetime import date, datetime
from uuid import UUID

from rempart.foundation.access.actor import Actor, acting, require
from rempart.foundation.access.models import Agent
from rempart.foundation.access.refusals import StaleVersion
from rempart.foundation.access.rights import Right
from rempart.foundation.access.uploads import Fault, Looker, UploadRefused, plain_name
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.database.keys import uuid7
from rempart.foundation.database.pool import give_back_connections
from rempart.foundation.messaging.letters import Channel, Letter
from rempart.foundation.messaging.outbox import enqueue
from rempart.foundation.vault import Keyring, Purpose, Sealer
from rempart.foundation.vault.streams import CHUNK_BYTES, StreamOpener, StreamSealer
from rempart.protection.exchange.models import Chunk, Handover
from rempart.protection.exchange.rules import State, policy_on
from rempart.protection.exchange.services.chunks import SealedFile, context_of
from rempart.protection.exchange.services.offering import own


class Incoming:
    """One attempt to bring a file; `begin` makes it, `write` takes what comes, `finish` or `abandon` ends it.

    No connection is held between two chunks: a slow line holds none of the pool.
    """

    def __init__(
        self, *, actor: Actor, handover: Handover, upload: UUID, keyring: Keyring, most: int
    ) -> None:
        self._actor, self._handover, self._keyring, self._most = actor, handover, keyring, most
        self._upload = upload
        self._sealer = StreamSealer.begin(
            keyring, Purpose.EXCHANGE, handover.expires_on, context=context_of(handover.id)
        )
        self._looker = Looker()
        self._waiting = bytearray()
        self._size = 0
        self.finished = False

    def write(self, data: bytes) -> None:
        """Take the next bytes. Raises UploadRefused when they are too many, StaleVersion when another attempt
        or the end of the hand-over has overtaken this one."""
        self._size += len(data)
        if self._size > self._most:
            raise UploadRefused(Fault.TOO_LARGE)
        self._looker.feed(data)
        self._waiting += data
        while len(self._waiting) > CHUNK_BYTES:  # the last chunk is known at the end only
            self._keep(bytes(self._waiting[:CHUNK_BYTES]), last=False)
            del self._waiting[:CHUNK_BYTES]

    def finish(self, *, name: str, public_url: str, now: datetime) -> None:
        """The file is whole: its recipients may fetch it, and are told so.

        Raises UploadRefused for an empty file or one of a kind that is not taken, StaleVersion as `write`.
        """
        if not self._size:
            raise UploadRefused(Fault.EMPTY)
        self._keep(bytes(self._waiting), last=True)
        self._waiting.clear()
        kind = self._looker.kind(lambda: io.BufferedReader(self._reopened()))
        if kind is None:
            raise UploadRefused(Fault.KIND)
        handover, sealer = self._handover, self._sealer
        named = Sealer(self._keyring, Purpose.EXCHANGE, handover.expires_on)
        with acting(self._actor) as cursor:
            self._check(own(cursor, self._actor, handover.id))
            Handover.objects.filter(id=handover.id).update(
                state=State.READY.value,
                name=named.seal(plain_name(name).encode(), context=b"name" + handover.id.bytes),
                kind=kind.value,
                size=self._size,
                chunks=sealer.sealed,
                salt=sealer.salt,
                ready_at=now,
            )
            record(
                self._actor,
                Act.EXCHANGE_HANDED_OVER,
                str(handover.id),
                now=now,
                to=[str(key) for key in handover.recipients],
                motive=handover.motive,
                kind=kind.value,
                size=self._size,
                until=handover.expires_on.isoformat(),
            )
            letters = [
                _letter(address, handover.id, until=handover.expires_on, public_url=public_url)
                for address in Agent.objects.filter(id__in=handover.recipients).values_list(
                    "email", flat=True
                )
                if address
            ]
            enqueue(
                cursor,
                letters,
                keyring=self._keyring,
                expires_on=handover.expires_on,
                now=now,
                about="exchange",
            )
        self.finished = True

    def abandon(self) -> None:
        """Sweep what was kept of this attempt; the hand-over waits for another one."""
        with acting(self._actor):
            Chunk.objects.filter(handover_id=self._handover.id, upload=self._upload).delete()

    def _keep(self, chunk: bytes, *, last: bool) -> None:
        number = self._sealer.sealed
        sealed = self._sealer.seal(chunk, last=last)
        with acting(self._actor):
            current = Handover.objects.filter(id=self._handover.id).first()
            self._check(current)
            Chunk.objects.bulk_create(
                [
                    Chunk(
                        handover_id=self._handover.id,
                        upload=self._upload,
                        number=number,
                        sender=self._handover.sender,
                        recipients=self._handover.recipients,
                        sealed=sealed,
                    )
                ]
            )
        give_back_connections()

    def _check(self, current: Handover | None) -> None:
        if current is None or current.state != State.DRAFT or current.upload != self._upload:
            raise StaleVersion("another attempt has taken the place of this one, or the hand-over has ended")

    def _reopened(self) -> SealedFile:
        opener = StreamOpener.begin(
            self._keyring,
            Purpose.EXCHANGE,
            self._handover.expires_on,
            salt=self._sealer.salt,
            context=context_of(self._handover.id),
            chunks=self._sealer.sealed,
        )
        return SealedFile(
            actor=self._actor,
            handover_id=self._handover.id,
            upload=self._upload,
            opener=opener,
            size=self._size,
        )


def begin(*, actor: Actor, handover_id: UUID, keyring: Keyring, now: datetime) -> Incoming:
    """Begin to bring the file of one's own hand-over; an attempt before this one is swept away.

    Raises NotAllowed when it is not the actor's own, StaleVersion when its file is there already or its day
    has passed.
    """
    require(actor, Right.EXCHANGE_USE)
    with acting(actor) as cursor:
        handover = own(cursor, actor, handover_id)
        if handover.state != State.DRAFT or handover.expires_on < now.date():
            raise StaleVersion("this hand-over has its file, or has ended")
        Chunk.objects.filter(handover_id=handover.id).delete()
        handover.upload = upload = uuid7()
        handover.save(update_fields=["upload"])
    return Incoming(
        actor=actor, handover=handover, upload=upload, keyring=keyring, most=policy_on(now.date()).most_bytes
    )


def _letter(address: str, handover_id: UUID, *, until: date, public_url: str) -> Letter:
    """Says that something waits, neither what nor from whom."""
    return Letter(
        channel=Channel.EMAIL,
        recipient=address,
        subject="Un fichier vous attend dans Rempart",
        text=(
            f"Un fichier vous a été remis. Il vous attend jusqu’au {until:%d/%m/%Y} inclus, "
            f"après connexion à votre compte :\n{public_url}/echanges/{handover_id}/"
        ),
    )
