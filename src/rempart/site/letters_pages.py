"""The page that shows how messages get on: to the operator, and to the communication team."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from rempart.foundation.access.actor import require
from rempart.foundation.access.rights import Right
from rempart.foundation.messaging.carriers.post import waiting as batches
from rempart.foundation.messaging.figures import Figures, Waiting, figures
from rempart.foundation.messaging.letters import Channel, State
from rempart.site import carriers

CHANNELS: Mapping[Channel, Promise] = {
    Channel.SMS: _("SMS"),
    Channel.EMAIL: _("Courriel"),
    Channel.POST: _("Courrier postal"),
    Channel.PUSH: _("Notification"),
    Channel.MSSANTE: _("Messagerie sécurisée de santé"),
}
STATES: Mapping[State, Promise] = {
    State.WAITING: _("En attente"),
    State.TAKEN: _("Partis"),
    State.DELIVERED: _("Arrivés"),
    State.FAILED: _("Échoués"),
    State.DROPPED: _("Sans objet ou refusés"),
    State.EXPIRED: _("Périmés"),
}
REASONS: Mapping[str, Promise] = {
    "": _("Autre motif"),
    "number": _("Numéro qui ne peut recevoir de SMS"),
    "address": _("Adresse électronique mal formée"),
    "malformed": _("Message qui ne peut être écrit"),
    "too_large": _("Message trop lourd"),
    "unwanted": _("La personne ne veut plus de messages par ce canal"),
    "often": _("La personne a déjà reçu beaucoup de messages ce jour-là"),
    "withdrawn": _("Plus rien à dire : retiré ou déjà remis"),
    "expired": _("Trop tard"),
    "unreadable": _("Message que la plateforme ne peut plus lire"),
    "document": _("Le document joint n’a pu être fait"),
    "carrier": _("Panne de l’envoi"),
    "smpp": _("Service de SMS en panne ou qui refuse"),
    "smpp.throttled": _("Service de SMS débordé"),
    "smpp.undeliv": _("SMS qui n’a pu être remis au téléphone"),
    "smpp.rejectd": _("SMS refusé par l’opérateur"),
    "smpp.expired": _("Téléphone éteint ou injoignable trop longtemps"),
    "smtp": _("Serveur de courriel en panne ou qui refuse"),
    "smtp.4": _("Boîte momentanément indisponible"),
    "smtp.5": _("Boîte qui refuse le courriel"),
    "smtp.5.1": _("Adresse électronique qui n’existe pas"),
    "smtp.5.2": _("Boîte fermée ou pleine"),
    "smtp.5.7": _("Serveur de courriel en panne ou qui refuse"),
    "report": _("Courriel revenu"),
    "report.mailbox_unknown": _("Adresse électronique qui n’existe pas"),
    "report.domain_unknown": _("Adresse électronique qui n’existe pas"),
    "report.mailbox_full": _("Boîte fermée ou pleine"),
    "report.mailbox_closed": _("Boîte fermée ou pleine"),
    "mssante": _("Messagerie de santé : envoi impossible"),
}
"""What reasons mean, by how they begin; the longest beginning is taken."""

_WIDTH, _HEIGHT = 600, 60
_SHARE = 0.75  # of its place that a bar takes
_LEAST = 1.5  # an hour with one message shows


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One hour of one channel."""

    hour: datetime
    count: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One channel: what left by the hour, what became of it, what waits."""

    label: str | Promise
    kept: bool  # nothing brings it out
    total: int
    bars: Sequence[Bar]
    counts: Sequence[int]  # by state, in the order of STATES
    waiting: Waiting | None


@require_GET
def letters(request: HttpRequest) -> HttpResponse:
    """How messages get on."""
    require(request.actor, Right.MESSAGES_WATCH)  # type: ignore[attr-defined]
    found = figures(now=request.now)  # type: ignore[attr-defined]
    return render(
        request,
        "site/letters.html",
        {
            "found": found,
            "lines": _lines(found),
            "states": STATES.values(),
            "reasons": [
                (CHANNELS[channel], STATES[state], why(reason), reason, count)
                for channel, state, reason, count in found.reasons
            ],
            "batches": batches(settings.LETTERS.folder) if settings.LETTERS.folder else (),
            "width": _WIDTH,
            "height": _HEIGHT,
        },
    )


def why(reason: str) -> Promise:
    """What a reason means, in words."""
    return REASONS[max((one for one in REASONS if reason.startswith(one)), key=len)]


def _lines(found: Figures) -> list[Line]:
    waits = {one.channel: one for one in found.waiting}
    outside = carriers.outside()
    return [
        Line(
            label=CHANNELS[channel],
            kept=channel not in outside,
            total=sum(found.left.get(channel, ())),
            bars=bars(found.hours, found.left.get(channel, ())),
            counts=[found.states.get(channel, {}).get(state, 0) for state in STATES],
            waiting=waits.get(channel),
        )
        for channel in Channel
        if channel in outside or channel in found.states or channel in waits
    ]


def bars(hours: Sequence[datetime], counts: Sequence[int]) -> list[Bar]:
    """One bar for each hour, the tallest as high as the drawing."""
    most, step = max(counts, default=0) or 1, _WIDTH / max(len(hours), 1)
    drawn = []
    for rank, (hour, count) in enumerate(zip(hours, counts, strict=False)):
        height = round(max(_HEIGHT * count / most, _LEAST), 1) if count else 0.0
        drawn.append(
            Bar(
                hour=hour,
                count=count,
                x=round(rank * step, 1),
                y=round(_HEIGHT - height, 1),
                width=round(step * _SHARE, 1),
                height=height,
            )
        )
    return drawn
