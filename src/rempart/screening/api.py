"""The laboratories' machine door: deliveries over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from uuid import UUID

import orjson
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation.trans_real import parse_accept_lang_header
from ninja import Router

from rempart.foundation.access.actor import Actor
from rempart.foundation.access.machines.recognised import Recognised
from rempart.foundation.access.models import machine
from rempart.foundation.database.pool import give_back_connections
from rempart.foundation.terminology import pathogen
from rempart.foundation.vault import keyring_of
from rempart.screening import interface
from rempart.screening.formats.hl7v2 import ack as hl7_ack
from rempart.screening.formats.hprim_sante import ack as hprim_ack
from rempart.screening.formats.media import HL7, HPRIM_SANTE, MEDIA_TYPES
from rempart.screening.rules.answer import Language
from rempart.screening.rules.refusals import Refused
from rempart.screening.rules.report import Format
from rempart.screening.services import deferring
from rempart.screening.services.intake import Answered, Intake, answer_of, bounded
from rempart.screening.services.prepared import Judged, delivery_of

router = Router(tags=["screening"])
recognised = Recognised()

_JSON = "application/json"
_LOOK_AGAIN = 2  # seconds after which a delivery that was left may be asked about


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


class KeyOrCertificate:
    """Who delivers: a laboratory's machine, by its key, its certificate, or both. Raises NotAllowed."""

    openapi_security_schema: Mapping[str, str] = {
        "type": "http",
        "scheme": "bearer",
        "description": "A key of the laboratory's software; or, over mutual TLS, its registered client certificate",
    }

    def __call__(self, request: HttpRequest) -> Actor:
        key, certificate = key_of(request.headers.get("Authorization", "")), request.certificate  # type: ignore[attr-defined]
        actor = machine(key, certificate, now=request.now)  # type: ignore[attr-defined]
        recognised.remember(key, certificate, actor)
        request.actor = actor  # type: ignore[attr-defined]  # whoever counts requests knows the key for a good one
        return replace(actor, origin=request.origin)  # type: ignore[attr-defined]


_who = KeyOrCertificate()


@router.post("/deliveries", summary="Deliver results", openapi_extra=interface.DELIVER, auth=_who)
def deliver(request: HttpRequest) -> HttpResponse:
    """Take one message or a file of them; answer only once everything is on disk.

    HL7 v2 and HPRIM Santé are answered by their own acknowledgements unless `Accept: application/json` asks for
    JSON; everything else is answered in JSON.
    """
    actor: Actor = request.auth  # type: ignore[attr-defined]
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
    if "respond-async" in request.headers.get("Prefer", "").lower():
        return _deferred(payload, wanted=wanted, actor=actor, now=request.now)  # type: ignore[attr-defined]
    intake = intake_of()
    judged = judged_of(payload, wanted=wanted, actor=actor, read=intake.read)
    answered = intake.take(judged, actor=actor)
    kind, body = said_of(answered, wanted=wanted, now=request.now)  # type: ignore[attr-defined]
    return HttpResponse(body, content_type=kind, headers={"Content-Language": wanted.language.value})


def _deferred(payload: bytes, *, wanted: Wanted, actor: Actor, now: datetime) -> HttpResponse:
    number = deferring.defer(
        payload,
        format=wanted.format,
        language=wanted.language,
        actor=actor,
        keyring=keyring_of(settings.KEY_STORE),
        now=now,
    )
    url = reverse("api-1:delivery_status", kwargs={"delivery_id": number})
    said = {"delivery": str(number), "status": deferring.State.WAITING.value, "url": url}
    headers = {"Location": url, "Preference-Applied": "respond-async", "Retry-After": str(_LOOK_AGAIN)}
    return HttpResponse(orjson.dumps(said), status=202, content_type=_JSON, headers=headers)


@router.get(
    "/deliveries/{delivery_id}",
    summary="What became of a delivery",
    openapi_extra=interface.STATUS,
    auth=_who,
)
def delivery_status(request: HttpRequest, delivery_id: str) -> HttpResponse:
    """Where a delivery stands that was left with `Prefer: respond-async`: `waiting`, `done` with its answer, or
    `failed`."""
    actor: Actor = request.auth  # type: ignore[attr-defined]
    try:
        number = UUID(delivery_id)
    except ValueError:
        raise Refused("delivery-unknown") from None
    found = deferring.standing(number, actor=actor, keyring=keyring_of(settings.KEY_STORE))
    said = {
        "delivery": str(found.id),
        "status": found.state.value,
        "received_at": found.received_at.isoformat(),
    }
    headers = {"Retry-After": str(_LOOK_AGAIN)} if found.state is deferring.State.WAITING else {}
    return HttpResponse(orjson.dumps({**said, **found.answer}), content_type=_JSON, headers=headers)


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
    return bounded(read(payload, format=wanted.format, delivery=delivery))


def said_of(answered: Sequence[Answered], *, wanted: Wanted, now: datetime) -> tuple[str, bytes]:
    """The answer to a delivery, and its content type; nothing of a person goes back."""
    if not wanted.as_json:
        kind, acknowledge = _ACKNOWLEDGED[wanted.format]
        return kind, acknowledge(answered, now)
    return _JSON, orjson.dumps(answer_of(answered, language=wanted.language))


def key_of(authorization: str) -> str:
    """The key in an Authorization header; empty when there is none."""
    scheme, _, key = authorization.partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""
