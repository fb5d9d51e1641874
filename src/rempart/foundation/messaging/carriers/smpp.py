"""Text messages by SMPP 3.4 (Short Message Peer-to-Peer): sent, their receipts heard, and what telephones answer.

A text is cut into segments as gsm7 says; a receipt is asked for the last one, whose number is the message's reference.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from smpplib import consts
from smpplib.command import Command

from rempart.foundation.messaging import gsm7
from rempart.foundation.messaging.carriers.smpp_session import Gateway, Session, SessionLost
from rempart.foundation.messaging.letters import Answer, Outcome, Parcel, State
from rempart.foundation.messaging.numbers import international

_BUSY = {consts.SMPP_ESME_RTHROTTLED, consts.SMPP_ESME_RMSGQFUL}
_NO_SUCH_NUMBER = consts.SMPP_ESME_RINVDSTADR
_TRIES = 5  # of a segment for which the centre is too busy, a second apart
_PAUSE = 1.0
_KEEP_ALIVE = 30.0  # seconds without a word after which we ask whether the centre is there
_RETRY = 10.0  # seconds before a connection that failed is tried again
_UNMATCHED = 10.0  # seconds for which a receipt whose message nobody knows yet is kept: another worker may be writing it

_RECEIPT, _HEADER = 0x04, 0x40  # esm_class: what kind of message, and that it begins with a header
_KIND = 0x3C
_ID, _STATE, _ERROR = (
    re.compile(rb"\bid:(\S+)"),
    re.compile(rb"\bstat:([A-Za-z]+)"),
    re.compile(rb"\berr:(\w{1,8})"),
)
_STATES = {1: "enroute", 2: "delivrd", 3: "expired", 4: "deleted", 5: "undeliv", 6: "acceptd", 8: "rejectd"}
_ARRIVED = "delivrd"
_GIVEN_UP = frozenset({"expired", "deleted", "undeliv", "rejectd"})


class Ears(Protocol):
    """What is done with what the centre says. Each is written down when it returns."""

    def receipt(self, reference: str, state: State, reason: str) -> bool:
        """A message arrived, or will not; False when nobody knows it."""

    def text(self, sender: str, text: str) -> None:
        """A telephone answered."""


@dataclass(slots=True)
class _Segment:
    parcel: int  # which one of the call
    last: bool
    fields: dict[str, Any]
    tries: int = 0


class SmppCarrier:
    """Carries text messages to one centre. Used by one thread: `carry` when there are some, `attend` in between."""

    def __init__(
        self,
        gateway: Gateway,
        *,
        ears: Ears,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._gateway, self._ears, self._clock, self._sleep = gateway, ears, clock, sleep
        self._session: Session | None = None
        self._failed_at = float("-inf")
        self._sent_at = 0.0
        self._arrived: deque[tuple[float, Command]] = deque()

    def carry(self, parcels: Sequence[Parcel]) -> Sequence[Outcome]:
        """One outcome for each. What the centre did not answer counts as not taken: it may arrive twice."""
        outcomes: list[Outcome | None] = [None] * len(parcels)
        waiting: deque[_Segment] = deque()
        for at, parcel in enumerate(parcels):
            number = international(parcel.letter.recipient)
            if number:
                waiting.extend(self._segments(at, number, parcel))
            else:
                outcomes[at] = Outcome(answer=Answer.REFUSED, reason="number")
        lost = "smpp.unreachable"
        try:
            self._submit(waiting, outcomes)
        except SessionLost as error:
            self._drop()
            lost = error.code
        return [one or Outcome(answer=Answer.LATER, reason=lost) for one in outcomes]

    def attend(self, wait: float) -> None:
        """Hear what the centre has to say, for so many seconds at most, and that it is still there."""
        if self._session is None and self._clock() < self._failed_at + _RETRY:
            self._sleep(wait)
            return
        try:
            session = self._open()
            self._keep_alive(session)
            while (pdu := session.read(wait)) is not None:
                self._hear(session, pdu)
                wait = 0.0
            self._listen(session)
        except SessionLost:
            self._drop()

    def close(self) -> None:
        """Unbind."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _segments(self, at: int, number: str, parcel: Parcel) -> list[_Segment]:
        cut = gsm7.segmented(parcel.letter.text)
        total = len(cut.segments)
        alone = total == 1
        source = self._gateway.source
        found = []
        for rank, octets in enumerate(cut.segments, 1):
            header = b"" if alone else bytes([5, 0, 3, parcel.id.int & 0xFF, total, rank])
            fields = {
                "service_type": "",
                "source_addr_ton": 1
                if source.isdigit() and len(source) > 5
                else 3
                if source.isdigit()
                else 5,
                "source_addr_npi": 1 if source.isdigit() else 0,
                "source_addr": source,
                "dest_addr_ton": 1,
                "dest_addr_npi": 1,
                "destination_addr": number,
                "esm_class": 0 if alone else _HEADER,
                "registered_delivery": 1 if rank == total else 0,
                "data_coding": cut.coding.value,
                "short_message": header + octets,
            }
            found.append(_Segment(parcel=at, last=rank == total, fields=fields))
        return found

    def _submit(self, waiting: deque[_Segment], outcomes: list[Outcome | None]) -> None:
        """Send segments, at most `window` on their way, until each parcel has its outcome."""
        if not waiting:
            return
        session = self._open()
        sent: dict[int, _Segment] = {}
        while waiting or sent:
            while waiting and len(sent) < self._gateway.window:
                segment = waiting.popleft()
                if outcomes[segment.parcel] is None:  # no earlier segment of it was refused
                    self._pace()
                    sent[session.send("submit_sm", **segment.fields)] = segment
            if not sent:
                return
            pdu = session.read(self._gateway.timeout)
            if pdu is None:
                raise SessionLost("smpp.silent")
            if pdu.command in ("submit_sm_resp", "generic_nack") and (
                answered := sent.pop(pdu.sequence, None)
            ):
                self._answered(answered, pdu, waiting, outcomes)
            else:
                self._hear(session, pdu)

    def _answered(
        self, segment: _Segment, pdu: Command, waiting: deque[_Segment], outcomes: list[Outcome | None]
    ) -> None:
        if pdu.status in _BUSY and segment.tries < _TRIES:
            segment.tries += 1
            waiting.appendleft(segment)
            self._sleep(_PAUSE)
        elif pdu.status in _BUSY:
            outcomes[segment.parcel] = Outcome(answer=Answer.LATER, reason="smpp.throttled")
        elif pdu.status == _NO_SUCH_NUMBER:
            outcomes[segment.parcel] = Outcome(answer=Answer.REFUSED, reason="number")
        elif pdu.status:
            outcomes[segment.parcel] = Outcome(answer=Answer.LATER, reason=f"smpp.{pdu.status:08x}")
        elif segment.last and outcomes[segment.parcel] is None:
            outcomes[segment.parcel] = Outcome(answer=Answer.TAKEN, reference=_name(pdu.message_id))

    def _hear(self, session: Session, pdu: Command) -> None:
        """Answer what needs no thought; keep the rest until the outcomes of this call are written down."""
        if pdu.command == "deliver_sm":
            self._arrived.append((self._clock(), pdu))
        elif pdu.command == "enquire_link":
            session.answer("enquire_link_resp", pdu)
        elif pdu.command == "unbind":
            session.answer("unbind_resp", pdu)
            raise SessionLost("smpp.closed")

    def _listen(self, session: Session) -> None:
        """Hand on what arrived. The centre is answered once that is written down, and keeps it otherwise."""
        for _ in range(len(self._arrived)):
            since, pdu = self._arrived[0]
            known = self._understood(pdu)  # whatever it raises: the PDU stays, and is looked at again
            self._arrived.popleft()
            if known or self._clock() > since + _UNMATCHED:
                session.answer("deliver_sm_resp", pdu)
            else:
                self._arrived.append((since, pdu))

    def _understood(self, pdu: Command) -> bool:
        esm_class = pdu.esm_class or 0
        content = getattr(pdu, "message_payload", None) or pdu.short_message or b""
        if esm_class & _KIND == _RECEIPT:
            reference, word, error = _receipt(pdu, content)
            if word == _ARRIVED:
                return self._ears.receipt(reference, State.DELIVERED, "")
            if word in _GIVEN_UP:
                return self._ears.receipt(reference, State.FAILED, f"smpp.{word}{error}")
        elif not esm_class & _KIND:
            if esm_class & _HEADER and content:
                content = content[content[0] + 1 :]
            sender = (pdu.source_addr or b"").decode("latin-1")
            self._ears.text(sender, gsm7.decode(content, pdu.data_coding or 0))
        return True

    def _keep_alive(self, session: Session) -> None:
        silent = time.monotonic() - session.heard_at
        if silent > _KEEP_ALIVE + self._gateway.timeout:
            raise SessionLost("smpp.silent")
        if silent > _KEEP_ALIVE:
            session.send("enquire_link")

    def _pace(self) -> None:
        """No faster than was agreed."""
        pause = self._sent_at + 1 / self._gateway.rate - self._clock()
        if pause > 0:
            self._sleep(pause)
        self._sent_at = self._clock()

    def _open(self) -> Session:
        if self._session is None:
            try:
                self._session = Session(self._gateway)
            except SessionLost:
                self._failed_at = self._clock()
                raise
        return self._session

    def _drop(self) -> None:
        """What arrived and was not answered comes again over the next connection."""
        self._arrived.clear()
        with contextlib.suppress(OSError):
            self.close()


def _receipt(pdu: Command, content: bytes) -> tuple[str, str, str]:
    """Whose receipt it is, the state as a word, and the operator's own error behind a dot: from its parameters, else from
    the text that centres agree on (SMPP 3.4, appendix B)."""
    named, state = getattr(pdu, "receipted_message_id", None), getattr(pdu, "message_state", None)
    found, said, error = _ID.search(content), _STATE.search(content), _ERROR.search(content)
    reference = _name(named) if named else _name(found[1]) if found else ""
    word = _STATES.get(state, "unknown") if state else said[1].decode().lower() if said else "unknown"
    code = error[1].decode() if error else ""
    return reference, word, f".{code}" if code.strip("0") else ""


def _name(octets: bytes | None) -> str:
    return (octets or b"").replace(b"\0", b"").decode("latin-1")[:64]
