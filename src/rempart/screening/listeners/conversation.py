"""One MLLP connection: frames come in, acknowledgements go out in the same order.

All of it happens in the event loop; what takes time (asking the database who speaks, judging what is large) happens in
a thread, and the connection takes no other frame meanwhile: a correction never overtakes what it corrects.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast

from django.db import DatabaseError

from rempart.foundation.access.actor import Actor
from rempart.foundation.access.limits import Local
from rempart.foundation.access.models import machine_by_certificate
from rempart.foundation.access.origin import network
from rempart.foundation.access.refusals import NotAllowed, TooMany
from rempart.screening.formats.hl7v2.ack import acknowledge
from rempart.screening.listeners.frames import Frame, Frames, TooLarge
from rempart.screening.listeners.mllp import Listener, apart
from rempart.screening.rules.catalogue import finding
from rempart.screening.rules.judging import Judgement
from rempart.screening.rules.refusals import Refused
from rempart.screening.rules.report import Finding, Format, Outcome
from rempart.screening.services.gathering import Full, NotKept
from rempart.screening.services.intake import FEW, MOST_ITEMS, answered, bounded
from rempart.screening.services.prepared import Judged, delivery_of
from rempart.screening.services.receive import Kept

_log = logging.getLogger(__name__)

_IN_THE_LOOP = 65_536
"""Bytes of a message that is judged between two others; a larger one is judged in a thread."""

_AGAIN = 0.02
"""Seconds after which a connection looks whether there is room again."""

_HEADER = 4096


@dataclass(frozen=True, slots=True)
class _Flying:
    """The messages of a frame, which are being kept."""

    judged: Sequence[Judged]
    kept: Future[Sequence[Kept]]


class Conversation(asyncio.Protocol):
    """The server's side of one connection."""

    _transport: asyncio.Transport

    def __init__(self, listener: Listener) -> None:
        self._listener, self._door, self._intake = listener, listener.door, listener.intake
        self._loop = asyncio.get_running_loop()
        self._frames = Frames(most=listener.door.most_bytes)
        self._waiting: deque[Frame] = deque()
        self._flying: deque[_Flying] = deque()
        self._address = self._certificate = ""
        self._is_busy = self._is_ending = self._is_paused = self._is_stuffed = False
        self._last_word = b""  # said once everything in flight is acknowledged, before the end
        self._held = 0
        self._heard = self._begun = self._loop.time()

    # What the transport says

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        listener, peer = self._listener, transport.get_extra_info("peername")
        self._address = str(peer[0]) if peer else ""
        place = network(self._address)
        listener.connections.add(self)
        listener.empty.clear()
        listener.by_address[place] += 1
        if (
            len(listener.connections) > self._door.most_connections
            or listener.by_address[place] > self._door.most_for_one
        ):
            self.abort()
            return
        shown = transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
        self._certificate = hashlib.sha256(shown).hexdigest()
        self._be_busy(self._recognise())

    def connection_lost(self, exc: Exception | None) -> None:
        """What was handed to the keeper is kept; its sender, who read no acknowledgement, sends it again."""
        listener, place = self._listener, network(self._address)
        listener.connections.discard(self)
        if not listener.connections:
            listener.empty.set()
        listener.by_address[place] -= 1
        if listener.by_address[place] <= 0:
            del listener.by_address[place]
        listener.held -= self._held
        self._held = 0
        self._is_ending = True
        self._waiting.clear()

    def data_received(self, data: bytes) -> None:
        if self._is_ending:
            return
        self._heard = self._loop.time()
        if not self._frames.pending:
            self._begun = self._heard
        try:
            for frame in self._frames.feed(data):
                self._waiting.append(frame)
                self._begun = self._heard
        except TooLarge:
            self._refuse(self._frames.start(_HEADER))
        self._hold(self._frames.pending)
        self._go()

    def eof_received(self) -> None:
        """TLS has no half-closed connection: there is nobody left to acknowledge to."""

    def pause_writing(self) -> None:
        self._is_stuffed = True
        self._pace()

    def resume_writing(self) -> None:
        self._is_stuffed = False
        self._go()

    # What the listener says

    def look(self) -> None:
        """Some time went by: end what lasts too long, take what has ended by silence."""
        now = self._loop.time()
        if self._is_paused:
            self._heard = self._begun = now  # it is us who do not read
        elif self._frames.pending:
            if now > self._heard + self._door.silence and (frame := self._frames.silence()) is not None:
                self._waiting.append(frame)
                self._hold(0)
                self._go()
            elif now > self._begun + self._door.frame:
                self.abort()
        elif now > self._heard + self._door.idle and not (self._flying or self._waiting or self._is_busy):
            self._transport.close()

    def finish(self) -> None:
        """Read no more; end once everything that is in flight is acknowledged."""
        self._is_ending = True
        self._waiting.clear()  # not begun, not acknowledged: their sender sends them again
        self._go()

    def abort(self) -> None:
        """End at once, without another word."""
        self._is_ending = True
        self._transport.abort()

    # Frames

    def _go(self) -> None:
        """Take frames as long as there is room for them, then read on, or wait, or end."""
        while self._waiting and not self._is_busy and len(self._flying) < self._door.most_in_flight:
            frame = self._waiting.popleft()
            if not self._take(frame):
                self._waiting.appendleft(frame)
        if self._is_ending and not (self._flying or self._waiting or self._is_busy):
            if self._last_word and not self._transport.is_closing():
                self._transport.write(self._last_word)
            self._transport.close()
            return
        self._pace()

    def _take(self, frame: Frame) -> bool:
        """Begin with a frame; False when it has to wait, and the connection is busy until it need not."""
        actor = self._listener.recognised.get("", self._certificate)
        if actor is None:
            self._be_busy(self._recognise())
            return False
        try:
            self._listener.counters.take(Local.KEY, of=self._certificate, now=datetime.now(UTC))
        except TooMany as error:
            self._be_busy(asyncio.sleep(error.seconds))
            return False
        actor = replace(actor, origin=self._address)
        if len(frame.payload) > _IN_THE_LOOP:
            self._be_busy(self._judge_apart(frame, actor))
        else:
            judged = self._judged(frame, actor)
            if len(judged) > FEW or not self._handed_in(judged, actor):
                self._be_busy(self._hand_in(judged, actor))
        return True

    def _judged(self, frame: Frame, actor: Actor) -> list[Judged]:
        delivery = delivery_of(frame.payload, channel="mllp", laboratory=actor.laboratory)
        messages = self._intake.judge(frame.payload, format=Format.HL7V2, delivery=delivery)
        try:
            judged = bounded(messages)
        except Refused:  # nothing of the frame is kept; its first message is told why
            said = finding("F03", "items", "frame", limit=MOST_ITEMS)
            first = next(iter(self._intake.judge(frame.payload, format=Format.HL7V2, delivery=delivery)))
            return [_with(replace(first, item=replace(first.item, raw=first.item.raw[:_HEADER])), said)]
        if frame.whole:
            return judged
        return [_with(one, finding("F02", "frame", "end of the frame")) for one in judged]

    async def _judge_apart(self, frame: Frame, actor: Actor) -> None:
        await self._hand_in(await asyncio.to_thread(self._judged, frame, actor), actor)

    async def _hand_in(self, judged: Sequence[Judged], actor: Actor) -> None:
        """Hand messages to the keeper as soon as there is room."""
        if len(judged) > FEW:
            await self._keep_apart(judged, actor)
            return
        while True:
            if self._handed_in(judged, actor):
                return
            await asyncio.sleep(_AGAIN)

    def _handed_in(self, judged: Sequence[Judged], actor: Actor) -> bool:
        """Hand a few messages to the keeper; False when there is no room."""
        try:
            kept = self._intake.gather(judged, actor=actor)
        except Full:
            return False
        self._flying.append(_Flying(judged, kept))
        kept.add_done_callback(lambda _: self._listener.mailbox.post(self._answer))
        return True

    async def _keep_apart(self, judged: Sequence[Judged], actor: Actor) -> None:
        """Many messages in one frame have transactions of their own."""
        kept: Future[Sequence[Kept]] = Future()
        self._flying.append(_Flying(judged, kept))
        try:
            all_of_it = await asyncio.to_thread(apart, lambda now: self._intake.take(judged, actor=actor))
            kept.set_result([one.kept for one in all_of_it])
        except Exception as error:
            kept.set_exception(error)
        self._answer()

    # Answers

    def _answer(self) -> None:
        """Acknowledge what is on disk, in order."""
        now = datetime.now(UTC)
        while self._flying and self._flying[0].kept.done() and not self._transport.is_closing():
            flying = self._flying.popleft()
            error = flying.kept.exception()
            if error is None:
                said = answered(flying.judged, flying.kept.result())
                acks = [acknowledge(one.item, one.judgement, now=now) for one in said]
            elif isinstance(error, NotKept):
                faults = [_with(one, finding("F08", "not_kept", "MSH")) for one in flying.judged]
                acks = [acknowledge(one.item, one.judgement, now=now) for one in faults]
            else:
                _log.warning("the database did not keep a message (%s)", type(error).__name__)
                self.abort()
                return
            self._transport.write(b"".join(_framed(ack) for ack in acks))
        self._go()

    def _refuse(self, start: bytes) -> None:
        """A frame that is too large: said in its turn, and the connection ends, for nobody knows where it goes on."""
        delivery = delivery_of(start, channel="mllp", laboratory="")
        for one in self._intake.judge(start, format=Format.HL7V2, delivery=delivery):
            said = finding("F03", "size", "MSH", size=self._frames.pending, limit=self._door.most_bytes)
            refused = Judgement(outcome=Outcome.REJECTED, findings=(said,))
            self._last_word = _framed(acknowledge(one.item, refused, now=datetime.now(UTC)))
            break
        self._frames.clear()
        self._is_ending = True

    # Who speaks, and how fast

    async def _recognise(self) -> None:
        """Ask the database whose certificate this is; the connection ends when it is nobody's."""
        try:
            actor = await asyncio.to_thread(apart, partial(machine_by_certificate, self._certificate))
        except NotAllowed:
            _log.warning("an MLLP connection showed a certificate that is not registered, or no longer")
            self.abort()
        except DatabaseError:
            _log.warning("the database cannot say whose certificate an MLLP connection showed")
            self.abort()
        else:
            self._listener.recognised.remember("", self._certificate, actor)

    def _be_busy(self, work: Any) -> None:
        """Take no other frame before this is done."""
        self._is_busy = True
        self._listener.soon(self._until(work))
        self._pace()

    async def _until(self, work: Any) -> None:
        self._is_busy = True
        try:
            await work
        finally:
            self._is_busy = False
            self._go()

    def _hold(self, size: int) -> None:
        """Count the bytes of the unfinished frame; too many in all end this connection when it has many."""
        self._listener.held += size - self._held
        self._held = size
        if self._listener.held > self._door.most_held and size > _IN_THE_LOOP:
            _log.warning("too many large messages come at once over MLLP: one connection was ended")
            self.abort()

    def _pace(self) -> None:
        """Read on, or let the sender wait."""
        full = len(self._waiting) + len(self._flying) >= self._door.most_in_flight
        pause = self._is_ending or self._is_busy or self._is_stuffed or full
        if pause != self._is_paused and not self._transport.is_closing():
            self._is_paused = pause
            (self._transport.pause_reading if pause else self._transport.resume_reading)()


def _with(one: Judged, said: Finding) -> Judged:
    """A message that is refused for a reason beside what the rules said."""
    item = replace(one.item, reports=(), findings=(said, *one.item.findings))
    findings = (said, *one.judgement.findings)
    return replace(one, item=item, judgement=Judgement(outcome=Outcome.REJECTED, findings=findings))


def _framed(ack: bytes) -> bytes:
    return b"\x0b" + ack + b"\x1c\r"
