"""The investigator's pages: my list, newest first; search; one file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Protocol
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from rempart.foundation.access.actor import Actor
from rempart.foundation.access.models import Agent
from rempart.foundation.access.refusals import StaleVersion
from rempart.foundation.access.rights import Right, Role, has
from rempart.foundation.identifiers import nir
from rempart.foundation.terminology import pathogen
from rempart.foundation.territories import department
from rempart.foundation.vault import Keyring, keyring_of
from rempart.screening.fields import BirthDateField
from rempart.tracing import live, rules
from rempart.tracing.models import Case
from rempart.tracing.services import working
from rempart.tracing.services import worklist as service


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tab:
    slug: str
    label: Promise
    state: rules.State
    mine: bool = False


_TABS = (
    _Tab(slug="a-appeler", label=_("À appeler"), state=rules.State.WAITING),
    _Tab(slug="en-cours", label=_("Dans mes mains"), state=rules.State.TAKEN, mine=True),
    _Tab(slug="appeles", label=_("Appelés"), state=rules.State.CALLED),
    _Tab(slug="retires", label=_("Retirés par le laboratoire"), state=rules.State.WITHDRAWN),
)


class SearchForm(forms.Form):
    """By social security number, or by name and birth date; sent by POST, so that no address holds it."""

    number = forms.CharField(
        label=_("Numéro de sécurité sociale"),
        required=False,
        max_length=30,
        help_text=_("13 ou 15 caractères"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    name = forms.CharField(
        label=_("Nom de naissance ou nom utilisé"),
        required=False,
        max_length=80,
        help_text=_("En entier ; accents et majuscules ne comptent pas"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    birth_date = BirthDateField(
        label=_("Date de naissance"), required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    def clean_number(self) -> str:
        number = str(self.cleaned_data["number"])
        if number and not nir.parse(number).valid:
            raise forms.ValidationError(_("Ce numéro n’est pas un numéro de sécurité sociale : vérifiez-le."))
        return number

    def clean(self) -> None:
        data = self.cleaned_data
        if not self.errors and not data.get("number") and not (data.get("name") and data.get("birth_date")):
            raise forms.ValidationError(_("Indiquez un numéro, ou un nom et une date de naissance."))


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined,no-any-return]


def _now(request: HttpRequest) -> datetime:
    return request.now  # type: ignore[attr-defined,no-any-return]


def _keyring() -> Keyring:
    return keyring_of(settings.KEY_STORE)


@require_GET
def worklist(request: HttpRequest) -> HttpResponse:
    """The list to call today; htmx asks for its lines alone when a case arrives, unless paused."""
    actor = _actor(request)
    chosen = next((tab for tab in _TABS if tab.slug == request.GET.get("etat")), _TABS[0])
    after = request.GET.get("apres", "")
    page = service.worklist(
        actor=actor,
        states=(chosen.state,),
        keyring=_keyring(),
        now=_now(request),
        after=after,
        mine=chosen.mine,
    )
    context = {
        "page": page,
        "chosen": chosen,
        "tabs": [(tab, _counted(page.counts[tab.state])) for tab in _TABS],
        "first_page": not after,
        "live": not after and request.GET.get("direct") != "non",
        "places": [found.name for code in actor.departments if (found := department(code))],
        "analyses": _labels(),
        "now": _now(request),
        "form": SearchForm(),
        "may_break_glass": has(actor.role, Right.GLASS_BREAK),
    }
    template = "tracing/lines.html" if request.headers.get("HX-Request") else "tracing/worklist.html"
    return render(request, template, context)


def search(request: HttpRequest) -> HttpResponse:
    """Find a person's cases by what is known of him."""
    form = SearchForm(request.POST or None)
    lines = None
    if request.method == "POST" and form.is_valid():
        lines = service.search(
            actor=_actor(request),
            number=form.cleaned_data["number"],
            name=form.cleaned_data["name"],
            birth_date=form.cleaned_data["birth_date"],
            keyring=_keyring(),
            now=_now(request),
        )
    if lines is None:
        to_mend = next((name for name in form.errors if name in form.fields), "number")
        form.fields[to_mend].widget.attrs["autofocus"] = True
    context = {"form": form, "lines": lines, "analyses": _labels(), "now": _now(request)}
    return render(request, "tracing/search.html", context)


@require_GET
def case_file(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """One file, opened: the opening is audited."""
    actor = _actor(request)
    file = service.open_file(
        actor=actor,
        case_id=case_id,
        keyring=_keyring(),
        now=_now(request),
    )
    context = {
        "file": file,
        "state": rules.State(file.case.state).name,
        "in_my_hands": str(file.case.taken_by) == actor.id,
        "handed": _handed(request, file.case),
        "analysis": _labels().get(file.case.kind, file.case.kind),
        "now": _now(request),
    }
    return render(request, "tracing/file.html", context)


@require_POST
def take(request: HttpRequest, case_id: UUID) -> HttpResponse:
    return _step(
        request, case_id, working.take_case, _("Ce dossier est dans vos mains : vous pouvez appeler.")
    )


@require_POST
def call(request: HttpRequest, case_id: UUID) -> HttpResponse:
    return _step(request, case_id, working.mark_called, _("L’appel est enregistré."))


@require_POST
def hand_over(request: HttpRequest, case_id: UUID) -> HttpResponse:
    try:
        to = UUID(request.POST.get("to", ""))
    except ValueError:
        messages.error(request, _("Choisissez à qui confier ce dossier."))
        return redirect("case-file", case_id=case_id)
    done = _("Ce dossier est confié au délégataire.")
    return _step(request, case_id, partial(working.hand_over, to=to), done)


@require_POST
def take_back(request: HttpRequest, case_id: UUID) -> HttpResponse:
    return _step(request, case_id, working.take_back, _("Ce dossier n’est plus confié à personne."))


async def stream(request: HttpRequest) -> HttpResponseBase:
    """Server-sent events: says that a list may have changed, never what."""
    actor = _actor(request)
    live.require_room(actor.id)
    response = StreamingHttpResponse(_events(actor), content_type="text/event-stream")
    response.headers["X-Accel-Buffering"] = "no"
    return response


async def _events(actor: Actor) -> AsyncIterator[bytes]:
    yield b"retry: 3000\n\n"
    async for _changed in live.changes(actor.id, actor.departments):
        yield b"event: cases\ndata: .\n\n" if _changed else b": still here\n\n"


class _Act(Protocol):
    def __call__(self, *, actor: Actor, case_id: UUID, seen_version: int, now: datetime) -> object: ...


def _step(request: HttpRequest, case_id: UUID, act: _Act, done: Promise) -> HttpResponse:
    try:
        given = request.POST.get("version", "")
        seen = int(given) if given.isdecimal() and len(given) < 9 else 0
        act(actor=_actor(request), case_id=case_id, seen_version=seen, now=_now(request))
        messages.success(request, str(done))
    except StaleVersion:
        messages.error(request, _("Un collègue a modifié ce dossier entre-temps : voici son état actuel."))
    except rules.NotNow:
        messages.error(
            request, _("Ce dossier n’est plus dans l’état que vous aviez vu : voici son état actuel.")
        )
    return redirect("case-file", case_id=case_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Handed:
    """To whom a case is handed, or could be."""

    delegate: Agent | None
    choice: Sequence[Agent]


def _handed(request: HttpRequest, case: Case) -> _Handed | None:
    """What the file offers to whoever may hand cases over; None to everybody else."""
    agent = request.user
    if not isinstance(agent, Agent) or not has(Role(agent.role), Right.CASES_HAND_OVER):
        return None
    actor = agent.actor(Right.CASES_HAND_OVER, now=_now(request))
    delegates = working.delegates(actor=actor, department=case.department)
    delegate = next((found for found in delegates if found.id == case.handed_to), None)
    return _Handed(delegate=delegate, choice=delegates)


def _counted(count: int) -> str:
    """A count as a tab shows it: beyond what is counted, that there are more."""
    return str(count) if count < service.MOST_COUNTED else f"{service.MOST_COUNTED - 1}+"


def _labels() -> dict[str, str]:
    """What each kind of analysis is called on the pages."""
    kinds = {a.kind.value for a in pathogen(settings.PATHOGEN).analyses.values()}
    names = {"naat": "RT-PCR", "antigen": str(_("Antigénique")), "serology": str(_("Sérologie"))}
    return {kind: names.get(kind, kind) for kind in kinds}
