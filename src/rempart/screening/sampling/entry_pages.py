"""A result entered by hand: the form, what was kept of it, and what one's establishment entered in the last days."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from rempart.foundation.access.actor import Actor
from rempart.foundation.access.models import Agent
from rempart.foundation.access.rights import Right, Role
from rempart.foundation.identifiers import finess
from rempart.foundation.terminology import Pathogen, pathogen
from rempart.foundation.territories import zone_of
from rempart.foundation.vault import Keyring, keyring_of
from rempart.screening.sampling.form_keys import key_of, new_key
from rempart.screening.sampling.forms import RESULTS, EntryForm, entry_values_of
from rempart.screening.sampling.looking_up import BUTTON, looked_up
from rempart.screening.sampling.rules.entry import Entry, Sampler, State
from rempart.screening.sampling.services import entries
from rempart.screening.sampling.words import STATES, analysis_name, said

_PLACE = "sampling-place"


@require_http_methods(["GET", "POST"])
def enter(request: HttpRequest) -> HttpResponse:
    """The form of one result; it is kept once, however often it is sent."""
    place = _actor(request).laboratory or request.session.get(_PLACE, "")
    with timezone.override(_zone(place)):
        if request.method == "GET":
            first = {"sampled_at": _now(request), "establishment": place, "prescriber": _own_number(request)}
            return _form(request, _entry_form(request, initial=first))
        form = _entry_form(request, request.POST)
        if request.POST.get("do") == BUTTON:
            return _form(request, *_looked_up(request, form))
        key = key_of(request, _actor(request))
        if not form.is_valid():
            return _form(request, form, key=key)
        if key is None:
            form.add_error(
                None,
                _("Cette page était ouverte depuis trop longtemps. Vérifiez-la et enregistrez de nouveau."),
            )
            return _form(request, form)
        return _keep(request, form, key)


def _keep(request: HttpRequest, form: EntryForm, key: UUID) -> HttpResponse:
    try:
        entries.enter(
            actor=_actor(request),
            id=key,
            entry=form.entry(),
            sampler=_sampler(request, form),
            pathogen=_pathogen(),
            keyring=_keyring(),
            now=_now(request),
        )
    except entries.Refused as refused:
        _beside(form, refused)
    except entries.SomebodyElses:
        form.add_error(
            "establishment",
            _("Ce numéro est celui d’un établissement. Connectez-vous avec la carte qui vous y rattache."),
        )
    except entries.AlreadySent:
        form.add_error(
            None,
            _(
                "Ce formulaire est déjà enregistré, avec un autre contenu. Corrigez-le depuis vos saisies, ou ouvrez-en un nouveau."
            ),
        )
    else:
        if place := form.cleaned_data.get("establishment"):
            request.session[_PLACE] = place
        return redirect("result-entry", entry_id=key)
    return _form(request, form, key=key)


@require_GET
def shown(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """What was kept of an entry, with what there is to say of it."""
    found = entries.open_entry(actor=_actor(request), id=entry_id, keyring=_keyring(), now=_now(request))
    context = {
        "entry": found,
        "rows": _rows(found, found.entry) if found.entry else (),
        "state": STATES[found.state],
        "retracted": found.state is State.RETRACTED,
        "name": _name(found),
    }
    return render(request, "sampling/entry.html", context)


@require_GET
def recent(request: HttpRequest) -> HttpResponse:
    """What one's establishment entered in the last days."""
    number = request.GET.get("page", "")
    page = int(number) if number.isascii() and number.isdigit() and len(number) < 4 else 0
    found, more = entries.recent(actor=_actor(request), page=page, keyring=_keyring(), now=_now(request))
    names = dict(Agent.objects.filter(id__in={one.entered_by for one in found}).values_list("id", "name"))
    lines = [
        {
            "entry": one,
            "name": _name(one),
            "by": names.get(one.entered_by, ""),
            "state": STATES[one.state],
            "result": one.entry.result.value if one.entry else "",
        }
        for one in found
    ]
    here = reverse("result-entries")
    context = {
        "lines": lines,
        "newer": f"{here}?page={page - 1}" if page else "",
        "older": f"{here}?page={page + 1}" if more else "",
    }
    with timezone.override(_zone(_actor(request).laboratory)):
        return render(request, "sampling/entries.html", context)


@require_http_methods(["GET", "POST"])
def correct(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """The same form over what was entered."""
    found = entries.open_entry(actor=_actor(request), id=entry_id, keyring=_keyring(), now=_now(request))
    if found.entry is None or found.sampler is None or found.state is State.RETRACTED:
        return redirect("result-entry", entry_id=entry_id)
    with timezone.override(_zone(found.sampler.establishment)):
        if request.method == "GET":
            form = _entry_form(request, initial=entry_values_of(found.entry), fixed=found.entry.loinc)
            return _form(request, form, corrected=found)
        form = _entry_form(request, request.POST, fixed=found.entry.loinc)
        if request.POST.get("do") == BUTTON:
            return _form(request, *_looked_up(request, form, fixed=found.entry.loinc), corrected=found)
        if form.is_valid():
            try:
                entries.correct(
                    actor=_actor(request),
                    id=entry_id,
                    seen_version=_version(request),
                    entry=form.entry(),
                    pathogen=_pathogen(),
                    keyring=_keyring(),
                    now=_now(request),
                )
            except entries.Refused as refused:
                _beside(form, refused)
            else:
                messages.success(request, _("La correction est enregistrée : la personne en est prévenue."))
                return redirect("result-entry", entry_id=entry_id)
        return _form(request, form, corrected=found)


@require_POST
def retract(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """Take a result back."""
    entries.retract(
        actor=_actor(request),
        id=entry_id,
        seen_version=_version(request),
        pathogen=_pathogen(),
        keyring=_keyring(),
        now=_now(request),
    )
    messages.success(request, _("Le résultat est retiré : la personne en est prévenue."))
    return redirect("result-entry", entry_id=entry_id)


def _entry_form(request: HttpRequest, *args: Any, fixed: str = "", **options: Any) -> EntryForm:
    knows_place = bool(_actor(request).laboratory) or bool(fixed)  # a correction stays where it was entered
    return EntryForm(*args, pathogen=_pathogen(), knows_place=knows_place, fixed=fixed, **options)


def _looked_up(request: HttpRequest, form: EntryForm, *, fixed: str = "") -> tuple[EntryForm, Promise | None]:
    def again(typed: dict[str, Any]) -> EntryForm:
        return _entry_form(request, initial=typed, fixed=fixed)

    return looked_up(request, form, again, right=Right.RESULTS_ENTER)


def _form(
    request: HttpRequest,
    form: EntryForm,
    told: Promise | None = None,
    *,
    key: UUID | None = None,
    corrected: entries.Shown | None = None,
) -> HttpResponse:
    """The page; an empty form gets a key of its own, a form that comes back keeps the one it came with."""
    actor = _actor(request)
    form.lead_to()
    context = {
        "form": form,
        "key": "" if corrected else new_key(actor, key or key_of(request, actor)),
        "told": told,
        "corrected": corrected,
    }
    return render(request, "sampling/enter.html", context)


def _beside(form: EntryForm, refused: entries.Refused) -> None:
    """Each finding beside the field that it is about."""
    for finding in refused.findings:
        form.add_error(finding.location if finding.location in form.fields else None, said(finding.code))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of what was kept, and what there is to say of it."""

    label: str | Promise
    value: object
    notes: list[str] = field(default_factory=list)


_EMPTY = "—"
_PLACES = (
    ("birth_name", _("Nom de naissance")),
    ("used_name", _("Nom utilisé")),
    ("first_names", _("Prénoms")),
    ("birth_date", _("Date de naissance")),
    ("number", _("Numéro de sécurité sociale")),
    ("phone", _("Téléphone")),
    ("email", _("Courriel")),
    ("prescriber", _("Médecin prescripteur")),
    ("general_practitioner", _("Médecin traitant")),
)


def _rows(found: entries.Shown, entry: Entry) -> Iterable[Row]:
    """What was kept, in the order of the form, with its findings; those of no field stand with the result."""
    values = entry_values_of(entry)
    notes: dict[str, list[str]] = {}
    for code, place in found.findings:
        known = {name for name, _label in _PLACES} | {"sampled_at"}
        notes.setdefault(place if place in known else "result", []).append(said(code))
    analysis = _pathogen().analysis(entry.loinc)
    local = entry.sampled_at.astimezone(_zone(found.sampler.establishment if found.sampler else ""))
    yield Row(label=_("Test"), value=analysis_name(analysis) if analysis else entry.loinc)
    yield Row(label=_("Résultat"), value=dict(RESULTS)[entry.result], notes=notes.get("result", []))
    yield Row(label=_("Prélevé le"), value=f"{local:%d/%m/%Y %H:%M}", notes=notes.get("sampled_at", []))
    for name, label in _PLACES:
        if values[name] or name in notes:
            yield Row(label=label, value=values[name] or _EMPTY, notes=notes.get(name, []))
    yield Row(label=_("Numéro de dossier"), value=found.record)


def _name(found: entries.Shown) -> str:
    """Family name in capitals and first name, as on every list."""
    if found.entry is None:
        return _EMPTY
    person = found.entry.registration.person
    return f"{(person.birth_name or person.used_name).upper()} {' '.join(person.first_names[:1])}".strip()


def _sampler(request: HttpRequest, form: EntryForm) -> Sampler:
    agent = request.user
    return Sampler(
        establishment=_actor(request).laboratory or form.cleaned_data["establishment"],
        organisation=agent.organisation if isinstance(agent, Agent) else "",
        rpps=(agent.rpps or "") if isinstance(agent, Agent) else "",
    )


def _own_number(request: HttpRequest) -> str:
    """A doctor who tests is the one who prescribed, unless he says otherwise."""
    agent = request.user
    return agent.rpps or "" if isinstance(agent, Agent) and agent.role == Role.DOCTOR else ""


def _zone(establishment: str) -> ZoneInfo:
    return zone_of(finess.parse(establishment).department if establishment else "")


def _version(request: HttpRequest) -> int:
    text = request.POST.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined,no-any-return]


def _now(request: HttpRequest) -> datetime:
    return request.now  # type: ignore[attr-defined,no-any-return]


def _pathogen() -> Pathogen:
    return pathogen(settings.PATHOGEN)


def _keyring() -> Keyring:
    return keyring_of(settings.KEY_STORE)
