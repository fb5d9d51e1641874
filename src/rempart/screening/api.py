"""The laboratories' machine door: deliveries over HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Router

from rempart.foundation.access.models import machine
from rempart.foundation.database.pool import give_back_connections
from rempart.foundation.terminology import pathogen
from rempart.foundation.vault import keyring_of
from rempart.screening.formats.hl7v2.ack import acknowledge
from rempart.screening.formats.media import HL7, MEDIA_TYPES
from rempart.screening.rules.answer import findings
from rempart.screening.rules.report import Format
from rempart.screening.services.intake import Answered, Intake
from rempart.screening.services.prepared import Judged, delivery_of

router = Router(tags=["screening"])

MOST_ITEMS = 10_000
MOST_SAID = 200_000
"""Reports and findings of one delivery: a file of good messages has five for each; memory and answer grow with them."""


class Refused(Exception):
    """A request that was not looked into; nothing was kept."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(code)
        self.status, self.code, self.detail = status, code, detail


@lru_cache(maxsize=1)
def _intake() -> Intake:
    return Intake(pathogen=pathogen(settings.PATHOGEN), keyring=keyring_of(settings.KEY_STORE))


@router.post(
    "/deliveries",
    summary="Deliver results",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {name: {"schema": {"type": "string", "format": "binary"}} for name in MEDIA_TYPES},
        },
        "responses": {
            200: {"description": "One answer per message, or one HL7 ACK per message, after all are on disk"},
            401: {"description": "Neither a key nor a certificate that holds"},
            413: {"description": "More than 50 MB or 10,000 messages; nothing was kept"},
            415: {"description": "A content type that is none of those accepted; nothing was kept"},
            503: {"description": "The database does not answer: send the same again in a moment"},
        },
    },
)
def deliver(request: HttpRequest) -> HttpResponse:
    """Take one message or a file of them; answer only once everything is on disk.

    `application/hl7-v2` is answered by HL7 acknowledgements unless `Accept: application/json` asks for
    JSON; HPRIM is answered in JSON.
    """
    actor = machine(_key(request), request.certificate, now=request.now)  # type: ignore[attr-defined]
    request.actor = actor  # type: ignore[attr-defined]  # whoever counts requests knows the key for a good one
    format_ = MEDIA_TYPES.get((request.content_type or "").lower())
    if format_ is None:
        raise Refused(415, "format-unknown", f"Send one of: {', '.join(MEDIA_TYPES)}.")
    try:
        payload = request.body
    except RequestDataTooBig:
        raise Refused(413, "too-large", "At most 50 MB at once.") from None
    give_back_connections()  # reading 50 MB takes its time
    intake = _intake()
    delivery = delivery_of(payload, channel="https", laboratory=actor.laboratory)
    judged = _bounded(intake.read(payload, format=format_, delivery=delivery))
    answered = [a for batch in intake.keep(judged, actor=actor) for a in batch]
    if format_ is Format.HL7V2 and "json" not in request.headers.get("Accept", ""):
        acks = b"".join(acknowledge(a.item, a.judgement, now=request.now) for a in answered)  # type: ignore[attr-defined]
        return HttpResponse(acks, content_type=f"{HL7}; charset=utf-8")
    return JsonResponse(_answer(answered))


def _bounded(messages: Iterable[Judged]) -> list[Judged]:
    """The messages of a delivery, if they and what is to be said of them are not too many."""
    judged: list[Judged] = []
    said = 0
    for one in messages:
        said += len(one.item.reports) + len(one.judgement.findings)
        if len(judged) == MOST_ITEMS or said > MOST_SAID:
            raise Refused(413, "too-many", f"At most {MOST_ITEMS} messages at once, and less to say of them.")
        judged.append(one)
    return judged


def _answer(answered: Sequence[Answered]) -> dict[str, Any]:
    """What became of each message; nothing of a person goes back."""
    return {
        "items": [
            {
                "item": a.item.position,
                "control_id": a.item.control_id,
                "outcome": a.kept.outcome.value,
                "delivery": str(a.kept.delivery_id),
                "repeated": a.kept.repeated,
                "findings": findings(a.kept.findings),
            }
            for a in answered
        ]
    }


def _key(request: HttpRequest) -> str:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""
