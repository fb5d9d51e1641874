"""The laboratory's pages: its own secure mailbox, and the certificates that it hands over on paper."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from rempart.foundation.access.refusals import StaleVersion, TooMany
from rempart.foundation.access.rights import Right
from rempart.foundation.identifiers import finess
from rempart.foundation.messaging.letters import State as Posted
from rempart.foundation.vault import Keyring, keyring_of
from rempart.screening.desk.door import actor_of, back, laboratory_of, now_of, shared
from rempart.screening.handover.rules.matching import Gap, Scheme
from rempart.screening.handover.rules.papers import Paper
from rempart.screening.handover.rules.states import State
from rempart.screening.handover.rules.volume import WEEKS, Volume
from rempart.screening.handover.services import connecting, listing
from rempart.screening.handover.services.connecting import SiteBox, Trial
from rempart.screening.handover.services.listing import Item
from rempart.screening.handover.services.making import Press
from rempart.screening.signing.signers import signers

_RIGHT = Right.DESK_USE

SCHEMES: dict[Scheme, Promise] = {
    Scheme.LOCAL: _("boîte du site (schéma « boîtes locales »)"),
    Scheme.POOLED: _("boîte du laboratoire (schéma « boîte mutualisée »)"),
}
GAPS: dict[Gap, tuple[Promise, Promise]] = {
    Gap.SITE_UNKNOWN: (
        _("Ce site n’est pas déclaré dans FINESS."),
        _("Faites-le déclarer avec son numéro géographique auprès de votre agence régionale de santé."),
    ),
    Gap.LABORATORY_UNKNOWN: (
        _("FINESS ne dit pas à quel laboratoire ce site appartient."),
        _(
            "Faites compléter sa fiche avec le numéro juridique du laboratoire, auprès de votre agence régionale de santé."
        ),
    ),
    Gap.NO_MAILBOX: (
        _("L’annuaire ne publie aucune boîte au nom de ce site ni de son laboratoire."),
        _(
            "Demandez une boîte organisationnelle à un opérateur MSSanté. Si vous en avez une, demandez-lui qu’elle ne soit"
            " pas sur liste rouge et qu’elle porte le bon numéro FINESS."
        ),
    ),
    Gap.NOT_STAMPED: (
        _("Une boîte existe, sans la mention @SIDEP."),
        _("Demandez à votre opérateur d’écrire @SIDEP dans son champ « Service de rattachement »."),
    ),
    Gap.NOT_ORGANISATIONAL: (
        _("Une boîte porte la mention @SIDEP, mais elle est personnelle ou applicative."),
        _("Demandez à votre opérateur une boîte organisationnelle qui porte cette mention."),
    ),
    Gap.NOT_NUMBERED: (
        _("Une boîte porte la mention @SIDEP, mais sa structure n’est pas identifiée par un numéro FINESS."),
        _("Demandez à votre opérateur de l’identifier par le FINESS du site ou par celui du laboratoire."),
    ),
}
POSTED: dict[Posted | None, tuple[Promise, str]] = {
    Posted.WAITING: (_("en attente d’envoi"), "info"),
    Posted.TAKEN: (_("pris en charge par l’opérateur"), "new"),
    Posted.DELIVERED: (_("arrivé dans la boîte"), "success"),
    Posted.FAILED: (_("refusé"), "error"),
    Posted.DROPPED: (_("abandonné"), "error"),
    Posted.EXPIRED: (_("jamais arrivé"), "error"),
    None: (_("oublié depuis"), "neutral"),
}
READ_STATE: tuple[Promise, str] = (_("lu, ou intégré par votre logiciel"), "success")
STATES: dict[State, tuple[Promise, str]] = {
    State.WAITING: (_("à remettre"), "info"),
    State.NOT_FOUND: (_("personne non trouvée"), "warning"),
    State.WITHDRAWN: (_("à détruire"), "error"),
}
PAPERS: dict[Paper, tuple[str, Promise]] = {
    Paper.CERTIFICATE: ("handover-certificate", _("Certificat")),
    Paper.SHEET: ("handover-sheet", _("Fiche de remise")),
    Paper.INFORMATION: ("handover-information", _("Fiche d’information")),
    Paper.HYGIENE: ("handover-hygiene", _("Consignes sanitaires")),
}
_JUST_GIVEN = "handover-just-given"  # in the session, until the list was shown: what a slip of the finger may have marked
MARKED: dict[State, Promise] = {
    State.GIVEN: _("Le certificat est noté comme remis."),
    State.NOT_FOUND: _("C’est noté : la personne n’a pas été trouvée. Le certificat reste dans la liste."),
    State.WAITING: _("Le certificat est de nouveau à remettre."),
    State.DESTROYED: _("C’est noté : le certificat est détruit."),
}


@require_GET
def mailbox(request: HttpRequest) -> HttpResponse:
    """What was found for each of a laboratory's sites, what is missing and whom to ask; the volume to expect."""
    laboratory = laboratory_of(request, _RIGHT)
    context = shared(request, _RIGHT, laboratory)
    if laboratory:
        found = connecting.boxes(actor=actor_of(request), laboratory=laboratory, now=now_of(request))
        context |= {
            "boxes": found,
            "sites": [_site(one) for one in found.sites],
            "both": len(found.schemes) > 1,
            "gaps": sum(one.match.gap is not None for one in found.sites),
            "waiting": sum(one.waiting for one in found.sites),
            "weeks": WEEKS,
        }
    return render(request, "handover/mailbox.html", context)


@require_POST
def try_mailbox(request: HttpRequest) -> HttpResponse:
    """Send a test message to the mailbox of a site."""
    laboratory = laboratory_of(request, _RIGHT)
    site = request.POST.get("site", "")
    if not laboratory or not finess.is_valid(site):
        return redirect("mailbox")
    try:
        address = connecting.try_mailbox(
            actor=actor_of(request),
            laboratory=laboratory,
            site=finess.normalise(site),
            keyring=_keyring(),
            now=now_of(request),
        )
    except TooMany:
        messages.warning(
            request, _("Un message d’essai vient de partir vers cette boîte : attendez dix minutes.")
        )
    else:
        said = str(_("Un message d’essai part vers %(address)s. Cette page dira s’il est arrivé."))
        messages.success(request, said % {"address": address})
    return back(request, "mailbox", _RIGHT, laboratory)


@require_GET
def handovers(request: HttpRequest) -> HttpResponse:
    """The certificates to hand over, by site, the oldest first."""
    asked = request.GET.get("page", "")
    page = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 5 else 0
    found = listing.listed(actor=actor_of(request), page=page, keyring=_keyring(), now=now_of(request))
    told = ngettext("%(count)s certificat", "%(count)s certificats", found.total)
    context = {
        "list": found,
        "sites": [
            (number, found.names.get(number, ""), [_item(one) for one in items])
            for number, items in groupby(found.items, key=lambda one: one.site)
        ],
        "total": told % {"count": number_format(found.total, force_grouping=True)},
        "newer": f"?page={page - 1}" if page else "",
        "older": f"?page={page + 1}" if (page + 1) * listing.MOST < found.total else "",
        "just_given": request.session.pop(_JUST_GIVEN, ""),
    }
    return render(request, "handover/list.html", context)


@require_GET
def certificate(request: HttpRequest, paper_id: UUID) -> HttpResponse:
    """The certificate, to print."""
    return _printed(request, paper_id, Paper.CERTIFICATE, "certificat.pdf")


@require_GET
def sheet(request: HttpRequest, paper_id: UUID) -> HttpResponse:
    """The sheet that goes with it."""
    return _printed(request, paper_id, Paper.SHEET, "fiche-de-remise.pdf")


@require_GET
def information(request: HttpRequest, paper_id: UUID) -> HttpResponse:
    """What somebody does who carries the virus."""
    return _printed(request, paper_id, Paper.INFORMATION, "fiche-d-information.pdf")


@require_GET
def hygiene(request: HttpRequest, paper_id: UUID) -> HttpResponse:
    """What everybody does so that nobody else falls ill."""
    return _printed(request, paper_id, Paper.HYGIENE, "consignes-sanitaires.pdf")


@require_POST
def mark(request: HttpRequest, paper_id: UUID) -> HttpResponse:
    """Note what became of a certificate."""
    asked = request.POST.get("suite", "")
    listing.own(actor=actor_of(request), handover_id=paper_id, now=now_of(request))
    if asked in MARKED:
        state = State(asked)
        try:
            listing.mark(actor=actor_of(request), handover_id=paper_id, state=state, now=now_of(request))
        except StaleVersion:
            messages.error(
                request, _("Quelqu’un a déjà noté une suite pour ce certificat : relisez la liste.")
            )
        else:
            messages.success(request, str(MARKED[state]))
            if state is State.GIVEN:
                request.session[_JUST_GIVEN] = str(paper_id)
    return redirect("handovers")


def _printed(request: HttpRequest, paper_id: UUID, paper: Paper, name: str) -> HttpResponse:
    press = Press(keyring=_keyring(), signers=lambda: signers(settings.KEY_STORE))
    pdf = listing.printed(
        actor=actor_of(request), handover_id=paper_id, paper=paper, press=press, now=now_of(request)
    )
    return HttpResponse(
        pdf,
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}"', "Cache-Control": "no-store"},
    )


def _site(one: SiteBox) -> dict[str, object]:
    """One site, as its card says it."""
    match = one.match
    said, do = GAPS[match.gap] if match.gap else ("", "")
    state, colour = _posted(one.trial) if one.trial else ("", "")
    return {
        "site": one,
        "said": said,
        "do": do,
        "rows": _rows(one),
        "volume": _volume(one.volume),
        "state": state,
        "colour": colour,
        "others": [box.address for box in match.others],
        "seen": [box.address for box in match.seen],
    }


def _posted(trial: Trial) -> tuple[Promise, str]:
    """How far a test message is, and its colour."""
    return READ_STATE if trial.read else POSTED[trial.state]


def _rows(one: SiteBox) -> Sequence[tuple[Promise, object]]:
    match = one.match
    if match.box is None or match.scheme is None:
        return []
    return [
        (_("Adresse"), match.box.address),
        (_("Schéma"), SCHEMES[match.scheme]),
        (_("Type"), _("organisationnelle")),
        (_("Service de rattachement"), match.box.service),
        (_("Structure"), match.box.structure),
    ]


def _volume(one: Volume) -> Sequence[tuple[Promise, str]]:
    return [
        (_("Par jour, en moyenne"), number_format(round(one.a_day, 1), 1)),
        (_("Le jour le plus chargé"), number_format(one.busiest)),
        (_("Par semaine"), f"{number_format(round(one.a_week))} ({_megabytes(one.megabytes_a_week)})"),
        (_("Dans la boîte, vidée à temps"), f"{number_format(one.held)} ({_megabytes(one.megabytes_held)})"),
    ]


def _megabytes(number: float) -> str:
    return str(_("%(number)s Mo") % {"number": number_format(round(number, 1), 1)})


def _item(one: Item) -> dict[str, object]:
    state, colour = STATES[one.state]
    withdrawn = one.state is State.WITHDRAWN
    links = [
        (reverse(name, kwargs={"paper_id": one.id}), label)
        for paper, (name, label) in PAPERS.items()
        if paper in one.papers and not withdrawn
    ]
    return {"item": one, "state": state, "colour": colour, "withdrawn": withdrawn, "links": links}


def _keyring() -> Keyring:
    return keyring_of(settings.KEY_STORE)
