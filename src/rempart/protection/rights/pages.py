"""The citizen's pages: what is kept of her, and what she may ask. Reached from the portal, while a visit lasts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from rempart.foundation.access.actor import Actor
from rempart.foundation.terminology import pathogen
from rempart.foundation.vault import Keyring, keyring_of
from rempart.protection.accesses.pages import visitor
from rempart.protection.accesses.words import PURPOSES, ROLES, word
from rempart.protection.rights import dossier, paper, rules
from rempart.protection.rights.services import asking, giving
from rempart.protection.rights.services.kept import Asked
from rempart.protection.rights.words import CASES, KINDS, RESULTS, STATES
from rempart.screening import information

Page = Callable[[HttpRequest, Actor], HttpResponse]


class RectificationForm(forms.Form):
    text = forms.CharField(
        label=_("Qu’est-ce qui est faux, et que faut-il écrire à la place ?"),
        max_length=rules.MOST_TEXT,
        help_text=_("Exemple : mon prénom s’écrit Héloïse, avec un H."),
        widget=forms.Textarea(attrs={"rows": 6}),
    )


def of_visitor(page: Page) -> Callable[[HttpRequest], HttpResponse]:
    """For whoever proved who he is on the portal; others are sent there."""

    @wraps(page)
    def door(request: HttpRequest) -> HttpResponse:
        actor = visitor(request)
        return redirect("portal") if actor is None else page(request, actor)

    return door


@require_GET
def notice(request: HttpRequest) -> HttpResponse:
    """The information notice, for everybody."""
    found = information.notice_on(_now(request).date())
    return render(request, "rights/notice.html", {"notice": found})


@require_GET
@of_visitor
def mine(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What one may do, and where one's requests stand."""
    told = asking.inform(actor=actor, now=_now(request))
    requests = asking.own(actor=actor, keyring=_keyring())
    context = {
        "notice": told,
        "objects": asking.objects(actor=actor),
        "requests": [_request(one) for one in requests],
    }
    return render(request, "rights/mine.html", context)


@require_POST
@of_visitor
def ask(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Ask for everything that is kept; it is on the next page."""
    asking.ask_access(actor=actor, keyring=_keyring(), now=_now(request))
    return redirect("rights-data")


@require_GET
@of_visitor
def data(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Everything that is kept, to be read."""
    found = _given(request, actor, "page")
    return render(request, "rights/data.html", {"dossier": found, **readable(found)})


@require_GET
@of_visitor
def data_pdf(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The same on paper."""
    return as_file(paper.printed(_given(request, actor, "pdf")), "application/pdf", "mes-donnees.pdf")


@require_GET
@of_visitor
def data_json(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The same for a machine."""
    return as_file(dossier.as_json(_given(request, actor, "json")), "application/json", "mes-donnees.json")


@require_http_methods(["GET", "POST"])
@of_visitor
def rectify(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Say what is wrong."""
    form = RectificationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            number = asking.ask_rectification(
                actor=actor, text=form.cleaned_data["text"], keyring=_keyring(), now=_now(request)
            )
        except asking.TooManyOpen:
            form.add_error(None, _("Vous avez déjà plusieurs demandes en attente. Attendez leur réponse."))
        else:
            messages.success(
                request,
                _("Votre demande %(number)s est enregistrée. Une réponse vous est due dans le mois.")
                % {"number": number},
            )
            return redirect("rights")
    return render(request, "rights/rectify.html", {"form": form})


@require_POST
@of_visitor
def research(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Object to the reuse for research, or no longer."""
    objects = request.POST.get("objects") == "yes"
    asking.set_objection(actor=actor, objects=objects, keyring=_keyring(), now=_now(request))
    if objects:
        messages.success(
            request, _("Votre opposition est enregistrée : la recherche n’utilisera plus vos données.")
        )
    else:
        messages.success(
            request,
            _("Votre opposition est retirée : la recherche peut utiliser vos données, sans votre nom."),
        )
    return redirect("rights")


def readable(found: dossier.Dossier) -> dict[str, Any]:
    """A dossier's codes in words, for the page."""
    return {
        "results": [(one, word(RESULTS, one.result)) for one in found.results],
        "cases": [(one, word(CASES, one.state)) for one in found.cases],
        "accesses": [(one, word(ROLES, one.role), word(PURPOSES, one.purpose)) for one in found.accesses],
        "asked": [(one, word(KINDS, one.kind), STATES[rules.State(one.state)][0]) for one in found.requests],
    }


def as_file(content: bytes, kind: str, name: str) -> HttpResponse:
    """A file to save, never shown in the page's place."""
    return HttpResponse(
        content, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _given(request: HttpRequest, actor: Actor, form: str) -> dossier.Dossier:
    return giving.give(
        actor=actor, form=form, keyring=_keyring(), pathogen=pathogen(settings.PATHOGEN), now=_now(request)
    )


def _request(one: Asked) -> dict[str, Any]:
    label, kind = STATES[one.standing.state]
    return {"asked": one, "kind": word(KINDS, one.kind), "state": label, "badge": kind}


def _now(request: HttpRequest) -> datetime:
    return request.now  # type: ignore[attr-defined,no-any-return]


def _keyring() -> Keyring:
    return keyring_of(settings.KEY_STORE)
