"""Bringing health mail out: straight to the operator of each recipient, or through one relay.

Each way (a domain's servers, or the relay) has its own sessions, several at a time up to a limit, and they stay open for
the next letters. smtplib in threads rather than asyncio: on one connection it carries more (446 messages a second
against 355, reference certificates.md §9), the outbox is synchronous, and writing a mail is most of the work.

What a server says decides: 4xx is LATER; 5xx about the recipient or the message is REFUSED. 5xx about us (our address,
our certificate, a policy) is LATER: the message is not at fault, and the operator must see to it. A server that shows another's
certificate gets nothing, and the message waits: what is wrong there is wrong for a while.
"""

from __future__ import annotations

import logging
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

from rempart.foundation.messaging.letters import Answer, Outcome, Parcel
from rempart.foundation.messaging.mssante.credentials import Credentials, Unusable
from rempart.foundation.messaging.mssante.message import Mail, Sender, Unfit, compose, recipient_of
from rempart.foundation.messaging.mssante.servers import Finding, NoServer, Server
from rempart.foundation.messaging.mssante.session import NoSession, Rejected, Session
from rempart.foundation.messaging.mssante.whitelist import WhiteList

_log = logging.getLogger(__name__)

_TOO_LARGE = ("5.2.3", "5.3.4")
_OVER_SIZE = 552
_OF_OURS = "5.7."  # a policy refuses whoever sends (RFC 3463)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How much at once, and how patiently."""

    sessions: int = 4  # with one domain, or with the relay
    threads: int = 16  # in all
    each: int = 20  # messages that are worth one more session
    idle_seconds: float = 20.0  # an open session is not used again after so long: servers close them
    pause_seconds: float = 60.0  # a way that could not be opened is not tried again before
    timeout_seconds: float = 20.0  # for each answer of a server


@dataclass(slots=True)
class _Way:
    """To a domain's servers, or to the relay: open sessions that nobody uses now, and whether it is any use to try."""

    sessions: list[Session] = field(default_factory=list)
    shut_until: float = 0.0
    shut_code: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)


class MssanteCarrier:
    """A Carrier for Channel.MSSANTE. `find`: who takes a domain's mail; `relay` instead, where an operator relays for us.

    `listed` gives the white list in use; recipients that are not on it are refused, whatever the way: what is said in
    health mail must not leave the trust space. Every reason begins with `mssante.`.
    """

    def __init__(
        self,
        *,
        sender: Sender,
        credentials: Credentials,
        listed: Callable[[], WhiteList | None],
        find: Finding,
        clock: Callable[[], datetime],
        relay: Server | None = None,
        hello: str = "",
        pace: Pace | None = None,
    ) -> None:
        self._sender, self._credentials, self._listed = sender, credentials, listed
        self._find, self._relay, self._clock = find, relay, clock
        self._hello = hello or sender.domain
        self._pace = pace or Pace()
        self._ways: dict[str, _Way] = {}
        self._context: tuple[tuple[int, ...], ssl.SSLContext] | None = None
        self._threads = ThreadPoolExecutor(self._pace.threads, thread_name_prefix="mssante")

    def carry(self, parcels: Sequence[Parcel]) -> Sequence[Outcome]:
        """One outcome for each parcel, in their order. Reference: the id in Message-ID and envelope."""
        outcomes: list[Outcome | None] = [None] * len(parcels)
        white_list = self._listed()
        try:
            context = self._tls()
        except Unusable as why:
            _log.error("health mail cannot leave: %s", why)
            return [_later(why.code)] * len(parcels)
        if white_list is None:
            _log.error("health mail cannot leave: no white list is loaded")
            return [_later("no_list")] * len(parcels)
        by_way: dict[str, list[int]] = {}
        for index, parcel in enumerate(parcels):
            try:
                _, domain = recipient_of(parcel.letter.recipient)
            except Unfit as why:
                outcomes[index] = _refused(why.code)
                continue
            if domain not in white_list.domains:
                outcomes[index] = _refused("not_listed")
                continue
            by_way.setdefault("" if self._relay else domain, []).append(index)

        def work(name: str, indexes: list[int]) -> None:
            run = self._run(name, context, white_list)
            for index in indexes:
                outcomes[index] = run.carry(parcels[index])
            run.done()

        tasks = [
            self._threads.submit(work, name, share)
            for name, indexes in by_way.items()
            for share in _shares(indexes, most=self._pace.sessions, each=self._pace.each)
        ]
        for task in tasks:
            task.result()
        return [one if one is not None else _later("broken") for one in outcomes]

    def probe(self, domain: str) -> list[tuple[Server, str]]:
        """Whether a session can be had with each server of a domain, or with the relay, for whoever looks into it: the
        server, and "" or the code of what is wrong. Raises Unusable, NoServer; KeyError for a domain that is not on the
        white list in use."""
        white_list = self._listed()
        if white_list is None or domain not in white_list.domains:
            raise KeyError(domain)
        run = self._run("" if self._relay else domain, self._tls(), white_list)
        return run.probe()

    def close(self) -> None:
        """Say goodbye to every server."""
        self._threads.shutdown()
        for way in self._ways.values():
            while way.sessions:
                way.sessions.pop().end()

    def _run(self, domain: str, context: ssl.SSLContext, white_list: WhiteList) -> _Run:
        relay, pace = self._relay, self._pace
        expected = None if relay else white_list.subjects(domain)
        return _Run(
            self._ways.setdefault(domain, _Way()),
            domain=domain,
            servers=(lambda _: (relay,)) if relay else self._find,
            opened=lambda server: Session(
                server, context=context, hello=self._hello, expected=expected, timeout=pace.timeout_seconds
            ),
            composed=lambda parcel: compose(parcel, sender=self._sender, now=self._clock()),
            pace=pace,
        )

    def _tls(self) -> ssl.SSLContext:
        """Made anew when a file changed, and each hour: a revocation list expires by itself."""
        now = self._clock()
        stamp = (*self._credentials.stamp, int(now.timestamp()) // 3600)
        if self._context is None or self._context[0] != stamp:
            self._context = (stamp, self._credentials.context(by_name=self._relay is not None, now=now))
        return self._context[1]


class _Run:
    """One thread's share of the letters of a way, over one session at a time."""

    def __init__(
        self,
        way: _Way,
        *,
        domain: str,
        servers: Callable[[str], Sequence[Server]],
        opened: Callable[[Server], Session],
        composed: Callable[[Parcel], Mail],
        pace: Pace,
    ) -> None:
        self._way, self._domain, self._pace = way, domain, pace
        self._servers, self._opened, self._composed = servers, opened, composed
        self._session: Session | None = None

    def carry(self, parcel: Parcel) -> Outcome:
        try:
            mail = self._composed(parcel)
        except Unfit as why:
            return _refused(why.code)
        except ValueError:  # a header field or a media type that is none
            return _refused("unfit")
        outcome = self._try(mail)
        return outcome if outcome is not None else self._try(mail) or _later("broken")

    def probe(self) -> list[tuple[Server, str]]:
        found = []
        for server in self._servers(self._domain):
            try:
                self._opened(server).end()
                found.append((server, ""))
            except NoSession as why:
                found.append((server, why.code))
        return found

    def done(self) -> None:
        """Leave the session to whoever comes next."""
        if self._session is not None:
            self._way.sessions.append(self._session)

    def _try(self, mail: Mail) -> Outcome | None:
        """What became of it; None when a session that others had used before was gone: worth another one."""
        try:
            session = self._session = self._session or self._take()
            if 0 < session.most_bytes < len(mail.raw):
                return _refused("too_large")
            used = session.carried > 0
            session.carry(mail.raw, mail.envelope)
        except Rejected as why:
            return _judged(why)
        except NoSession as why:
            if self._session is None:
                return _later(why.code)
            self._session = None
            if used and why.code != "unsure":
                return None
            self._shut(why.code)  # a server that hangs would else take its time over every letter
            return _later(why.code)
        return Outcome(answer=Answer.TAKEN, reference=mail.envelope.id)

    def _take(self) -> Session:
        """A session that is open, or a new one. Raises NoSession."""
        way, oldest = self._way, time.monotonic() - self._pace.idle_seconds
        while way.sessions:
            session = way.sessions.pop()
            if session.used_at >= oldest:
                return session
            session.close()
        with way.lock:
            if way.shut_until > time.monotonic():
                raise NoSession(way.shut_code)
        code = "no_server"
        try:
            for server in self._servers(self._domain):
                try:
                    return self._opened(server)
                except NoSession as why:
                    code = why.code
                    _log.error(
                        "health mail: no session with %s for %s: %s", server.host, self._domain or "all", code
                    )
        except NoServer:
            _log.error("health mail: the DNS names no server for %s", self._domain)
        self._shut(code)
        raise NoSession(code)

    def _shut(self, code: str) -> None:
        with self._way.lock:
            self._way.shut_until, self._way.shut_code = time.monotonic() + self._pace.pause_seconds, code


def _shares(indexes: Sequence[int], *, most: int, each: int) -> list[list[int]]:
    """What each session carries: at most `most` of them, and one more only for `each` letters."""
    number = max(1, min(most, -(-len(indexes) // each)))
    return [list(indexes[start::number]) for start in range(number)]


def _judged(why: Rejected) -> Outcome:
    if why.reply < 500:
        return _later(why.code)
    of_its_size = why.reply == _OVER_SIZE or why.status in _TOO_LARGE
    if why.status.startswith(_OF_OURS) or (why.stage == "mail" and not of_its_size):
        _log.error("health mail: a server does not take what is ours: %s", why.code)
        return _later(why.code)
    return _refused(why.code)


def _later(code: str) -> Outcome:
    return Outcome(answer=Answer.LATER, reason=f"mssante.{code}")


def _refused(code: str) -> Outcome:
    return Outcome(answer=Answer.REFUSED, reason=f"mssante.{code}")
