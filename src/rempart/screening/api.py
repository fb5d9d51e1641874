"""The laboratories' machine door: deliveries over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

import orjson
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.utils.translation.trans_real import parse_accept_lang_header
from ninja import Router

from rempart.foundation.access.actor import Actor
from rempart.foundation.access.machines.recognised import Recognised
from rempart.foundation.access.models import machine
from rempart.foundation.database.pool import give_back_connections
from rempart.foundation.terminology import pathogen
from rempart.foundation.vault import keyring_of
from rempart.screening.formats.hl7v2 import ack as hl7_ack
from rempart.screening.formats.hprim_sante import ack as hprim_ack
from rempart.screening.formats.media import HL7, HPRIM_SANTE, MEDIA_TYPES
from rempart.screening.rules.answer import Language, findings, groups
from rempart.screening.rules.refusals import Refused
from rempart.screening.rules.report import Format
from rempart.screening.services.intake import Answered, Intake
from rempart.screening.services.prepared import Judged, delivery_of

router = Router(tags=["screening"])
recognised = Recognised()

MOST_ITEMS = 10_000
MOST_SAID = 200_000
"""Reports and findings of one delivery: a file of good messages has five for each; memory and answer grow with them."""

_JSON = "application/json"


def _in_hl7(answered: Sequence[Answered], now: datetime) -> bytes:
    return b"".join(hl7_ack.acknowledge(a.item, a.judgement, now=now) for a in answered)


def _in_hprim_sante(answered: Sequence[Answered], now: datetime) -> bytes:
    return hprim_ack.acknowledge([a.item for a in answered], [a.judgement for a in answered], now=now)


_ACKNOWLEDGED: Mapping[Format, tuple[str, Callable[[Sequence[Answered], datetime], bytes]]] = {
    Format.HL7V2: (f"{HL7}; charset=utf-8", _in_hl7),
    Format.HPRIM_SANTE: (f"{HPRIM_SANTE}; charset=iso-8859-15", _in_hprim_sante),
}
"""Formats that have acknowledgements of their own: their content type, and who writes them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How a delivery is to be read and answered, as its headers say."""

    format: Format
    language: Language
    as_json: bool


@lru_cache(maxsize=1)
def intake_of() -> Intake:
    """The intake of this process."""
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
            429: {"description": "More arrives than can be kept now; nothing was kept: send the same again"},
            503: {"description": "The database does not answer: send the same again in a moment"},
        },
    },
)
def deliver(request: HttpRequest) -> HttpResponse:
    """Take one message or a file of them; answer only once everything is on disk.

    HL7 v2 and HPRIM Santé are answered by their own acknowledgements unless `Accept: application/json` asks for
    JSON; everything else is answered in JSON.
    """
    actor = _machine(request)
    wanted = wanted_of(
        request.headers.get("Content-Type", ""),
        request.headers.get("Accept", ""),
        request.headers.get("Accept-Language", ""),
    )
    try:
        payload = request.body
    except RequestDataTooBig:
        raise Refused("too-large") from None
    give_back_connections()  # reading 50 MB takes its time
    intake = intake_of()
    judged = judged_of(payload, wanted=wanted, actor=actor, read=intake.read)
    answered = intake.take(judged, actor=actor)
    kind, body = said_of(answered, wanted=wanted, now=request.now)  # type: ignore[attr-defined]
    return HttpResponse(body, content_type=kind, headers={"Content-Language": wanted.language.value})


def wanted_of(content_type: str, accept: str, accept_language: str) -> Wanted:
    """What the headers of a delivery ask for. Raises Refused for a format that is none of ours."""
    format_ = MEDIA_TYPES.get(content_type.partition(";")[0].strip().lower())
    if format_ is None:
        raise Refused("format-unknown")
    return Wanted(
        format=format_,
        language=language_of(accept_language),
        as_json=format_ not in _ACKNOWLEDGED or "json" in accept,
    )


def language_of(accept_language: str) -> Language:
    """The language that a machine asks for: English unless it prefers French."""
    for code, _ in parse_accept_lang_header(accept_language):
        for language in Language:
            if code.partition("-")[0] == language.value:
                return language
    return Language.ENGLISH


def judged_of(
    payload: bytes, *, wanted: Wanted, actor: Actor, read: Callable[..., Iterator[Judged]]
) -> list[Judged]:
    """The messages of a delivery, read and judged; `read`: Intake's, or Intake.judge where nothing may be asked.

    Raises Refused when they, or what is to be said of them, are too many.
    """
    delivery = delivery_of(payload, channel="https", laboratory=actor.laboratory)
    return _bounded(read(payload, format=wanted.format, delivery=delivery))


def said_of(answered: Sequence[Answered], *, wanted: Wanted, now: datetime) -> tuple[str, bytes]:
    """The answer to a delivery, and its content type; nothing of a person goes back."""
    if not wanted.as_json:
        kind, acknowledge = _ACKNOWLEDGED[wanted.format]
        return kind, acknowledge(answered, now)
    answer = {
        "items": [
            {
                "item": a.item.position,
                "control_id": a.item.control_id,
                "outcome": a.kept.outcome.value,
                "delivery": str(a.kept.delivery_id),
                "repeated": a.kept.repeated,
                "findings": findings(a.kept.findings, wanted.language),
            }
            for a in answered
        ],
        "groups": groups([(a.item.position, a.kept.findings) for a in answered]),
    }
    return _JSON, orjson.dumps(answer)


def _bounded(messages: Iterable[Judged]) -> list[Judged]:
    """The messages of a delivery, if they and what is to be said of them are not too many."""
    judged: list[Judged] = []
    said = 0
    for one in messages:
        said += len(one.item.reports) + len(one.judgement.findings)
        if len(judged) == MOST_ITEMS or said > MOST_SAID:
            raise Refused("too-many")
        judged.append(one)
    return judged


def _machine(request: HttpRequest) -> Actor:
    """Who delivers. Raises NotAllowed."""
    key, certificate = _key(request), request.certificate  # type: ignore[attr-defined]
    actor = machine(key, certificate, now=request.now)  # type: ignore[attr-defined]
    recognised.remember(key, certificate, actor)
    request.actor = actor  # type: ignore[attr-defined]  # whoever counts requests knows the key for a good one
    return replace(actor, origin=request.origin)  # type: ignore[attr-defined]


def _key(request: HttpRequest) -> str:
    return key_of(request.headers.get("Authorization", ""))


def key_of(authorization: str) -> str:
    """The key in an Authorization header; empty when there is none."""
    scheme, _, key = authorization.partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""
