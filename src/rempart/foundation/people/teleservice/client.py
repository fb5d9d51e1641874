"""One request to the teleservice over mutual TLS: to its own address only, short, small, never redirected.

The whole of a request has one deadline, whatever part of the answer comes slowly: hence asyncio, where a deadline ends
a read that waits.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Self
from uuid import uuid4

import httpx

from rempart.foundation.people.teleservice import envelope
from rempart.foundation.people.teleservice.endpoint import Endpoint
from rempart.foundation.people.teleservice.envelope import BadAnswer, Fault
from rempart.foundation.people.teleservice.policy import policy
from rempart.foundation.people.teleservice.rules import (
    Answer,
    Code,
    Doubt,
    NationalIdentity,
    Question,
    Traits,
    Verdict,
    doubt,
    questions,
    verdict,
)


class Unanswered(Exception):
    """No answer came that one can read; `why` is a short code of ours or the service's, nothing of a person."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a whole conversation led to: the last question, its code, and the identity when there is exactly one, with
    what speaks against it."""

    question: Question
    code: Code
    identity: NationalIdentity | None
    doubt: Doubt | None = None


class Teleservice:
    """The service, for as long as an `async with` block lasts; several conversations may go on at once."""

    def __init__(self, endpoint: Endpoint, *, clock: Callable[[], datetime]) -> None:
        """Raises Unanswered when our certificate or key cannot be read."""
        bounds = policy().bounds
        self._endpoint = endpoint
        self._clock = clock
        try:
            tls = _tls(endpoint)
        except (OSError, ssl.SSLError):
            raise Unanswered("certificate") from None
        self._client = httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(
                verify=tls, limits=httpx.Limits(max_connections=policy().at_once), trust_env=False
            ),
            timeout=httpx.Timeout(bounds.read_seconds, connect=bounds.connect_seconds),
            follow_redirects=False,
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, why: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def ask(self, question: Question) -> Answer:
        """One question. Raises Unanswered."""
        message = uuid4()
        content = envelope.request(
            question, software=self._endpoint.software, message=message, now=self._clock()
        )
        try:
            async with asyncio.timeout(policy().bounds.whole_seconds):
                status, answer = await self._post(content)
        except (TimeoutError, httpx.TimeoutException):
            raise Unanswered("timeout") from None
        except (httpx.HTTPError, OSError) as why:  # a refused certificate may come as the bare error of TLS
            raise Unanswered(type(why).__name__) from None
        try:
            found = envelope.read(answer)
        except Fault as fault:
            raise Unanswered(fault.code) from None
        except BadAnswer:
            raise Unanswered("unreadable" if status == httpx.codes.OK else f"status-{status}") from None
        if status != httpx.codes.OK:
            raise Unanswered(f"status-{status}")
        return found

    async def search(self, traits: Traits) -> Outcome | None:
        """The whole conversation about somebody; None when his traits do not suffice to ask. Raises Unanswered."""
        asked: list[tuple[Question, Code]] = []
        found = None
        while question := questions(traits, asked, most_names=policy().first_names):
            answer = await self.ask(question)
            asked.append((question, answer.code))
            found = answer.identity
        if not asked:
            return None
        last, code = asked[-1]
        several = any(one is Code.SEVERAL for _, one in asked)
        return Outcome(
            question=last,
            code=Code.SEVERAL if several and found is None else code,
            identity=found,
            doubt=None if found is None else doubt(last, found, traits),
        )

    async def verify(self, number: str, traits: Traits) -> Verdict:
        """Whether a number is that of these traits. Raises Unanswered.

        By a search, and comparing: the service's own operation of verification is not published, and says less.
        """
        found = await self.search(traits)
        if found is None or found.identity is None or found.doubt:
            return Verdict.UNKNOWN
        return verdict(number, found.identity)

    async def _post(self, content: bytes) -> tuple[int, bytes]:
        headers = {"Content-Type": envelope.CONTENT_TYPE, "Accept-Encoding": "identity"}
        async with self._client.stream(
            "POST", self._endpoint.url, content=content, headers=headers
        ) as response:
            if response.headers.get("content-encoding", "identity") != "identity":
                raise Unanswered("compressed")
            body = bytearray()
            async for part in response.aiter_raw():
                body += part
                if len(body) > policy().bounds.most_bytes:
                    raise Unanswered("too-long")
            return response.status_code, bytes(body)


def _tls(endpoint: Endpoint) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(endpoint.authorities) if endpoint.authorities else None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(endpoint.certificate, endpoint.key)
    return context
