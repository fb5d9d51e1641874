"""Synthetic laboratories that deliver over the real HTTP interface, with a key each."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby

import httpx

from rempart.screening.rules.report import Format
from rempart.simulators.files import contents
from rempart.simulators.laboratory import SimulatedMessage
from rempart.simulators.messages import Laboratory

_CONTENT_TYPES = {
    Format.HL7V2: "application/hl7-v2",
    Format.HPRIM_MEDECIN: "application/hprim-medecin",
    Format.HPRIM_SANTE: "application/hprim-sante",
    Format.CDA: "application/hl7-cda+xml",
    Format.FHIR: "application/fhir+json",
}
_TIMEOUT_SECONDS = 120.0
_CONNECTIONS = 4
_AT_ONCE = 250


@dataclass(slots=True)
class Tally:
    """What was sent and what the platform answered; several threads write it."""

    counts: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, answers: Iterable[Mapping[str, object]]) -> None:
        with self._lock:
            for answer in answers:
                self.counts["received"] += 1
                self.counts[str(answer["outcome"])] += 1
                self.counts["repeated"] += bool(answer["repeated"])

    def failed(self) -> None:
        with self._lock:
            self.counts["failed"] += 1


class Laboratories:
    """The senders of an epidemic: who they are to the platform, and how they deliver."""

    def __init__(self, url: str, tally: Tally) -> None:
        """`url`: the platform's root."""
        self._known: dict[str, tuple[Laboratory, str]] = {}
        self._tally = tally
        self._client = httpx.Client(
            base_url=url, timeout=_TIMEOUT_SECONDS, limits=httpx.Limits(max_connections=_CONNECTIONS)
        )

    def meet(self, laboratories: Iterable[Laboratory], keys: Mapping[str, str]) -> None:
        """Learn laboratories and their keys, by FINESS number."""
        self._known |= {lab.finess: (lab, keys[lab.finess]) for lab in laboratories}

    def close(self) -> None:
        self._client.close()

    def deliver_day(self, messages: Iterable[SimulatedMessage]) -> None:
        """Deliver a day's messages, laboratory by laboratory, many in one request."""
        ordered = sorted(messages, key=lambda m: (m.laboratory_finess, m.at))
        requests: list[tuple[str, bytes]] = []
        for number, sent in groupby(ordered, key=lambda m: m.laboratory_finess):
            laboratory, own = self._known[number][0], list(sent)
            for start in range(0, len(own), _AT_ONCE):
                bodies = contents(laboratory, own[start : start + _AT_ONCE])
                requests += [(number, body) for body in bodies]
        with ThreadPoolExecutor(_CONNECTIONS) as pool:
            list(pool.map(lambda request: self.deliver(*request), requests))

    def deliver(self, finess: str, body: bytes) -> None:
        """Deliver one request of one laboratory; a failure is counted, never raised."""
        laboratory, key = self._known[finess]
        try:
            response = self._client.post(
                "/api/v1/deliveries",
                content=body,
                headers={
                    "Authorization": f"Bearer {key}",
                    "Content-Type": _CONTENT_TYPES[laboratory.format],
                    "Accept": "application/json",
                },
            )
            response.raise_for_status()
            self._tally.add(response.json()["items"])
        except (httpx.HTTPError, ValueError):
            self._tally.failed()
