"""The page of a laboratory's transcoding table: what waits for a translation first."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from rempart.foundation.access.rights import Right
from rempart.foundation.terminology import Pathogen, pathogen
from rempart.foundation.terminology.values import Result
from rempart.foundation.vault import Keyring, keyring_of
from rempart.screening.desk.door import actor_of, back, laboratory_of, now_of, shared
from rempart.screening.transcoding import services
from rempart.screening.transcoding.rules import LONGEST, Fault, Kind
from rempart.screening.transcoding.services import LineRefused, TooManyLines

_RIGHT = Right.TRANSCODING_EDIT

_FAULTS: dict[Fault, tuple[str, Promise]] = {
    Fault.EMPTY: ("text", _("Indiquez le code ou les mots de votre logiciel.")),
    Fault.LONG: ("text", _("Ce texte est trop long : cent caractères au plus.")),
    Fault.KNOWN: ("text", _("Ce code ou ce mot a déjà un sens pour tous : il ne se traduit pas.")),
    Fault.KEY: ("target", _("Ce code LOINC est faux.")),
    Fault.NOT_PUBLISHED: ("target", _("La plateforme ne reçoit pas cette analyse.")),
    Fault.LETTER: ("target", _("Choisissez positif, négatif, ininterprétable ou non conforme.")),
    Fault.CONFLICT: ("text", _("Une autre ligne lui donne déjà un autre sens : mettez-y fin d’abord.")),
    Fault.REPEAT: ("text", _("Une ligne dit déjà la même chose.")),
    Fault.PAST: ("since", _("Une ligne ne peut pas valoir pour le passé.")),
}
_TOO_MANY = _("Cette table est pleine : mettez fin aux lignes qui ne servent plus.")


class LineForm(forms.Form):
    """One line: what the laboratory writes, and what it means."""

    text = forms.CharField(
        label=_("Code ou mots de votre logiciel"),
        help_text=_("Tels qu’ils figurent dans vos messages"),
        max_length=LONGEST + 1,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    target = forms.ChoiceField(label=_("Signification"))
    since = forms.DateField(
        label=_("À partir du"),
        help_text=_("Vide : dès aujourd’hui"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    def __init__(self, *args: Any, agent: Pathogen, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["target"].choices = [  # type: ignore[attr-defined]
            ("", _("Choisir")),
            (_("Une analyse"), _analyses(agent)),
            (_("Un résultat"), _results(agent)),
        ]


class TargetForm(forms.Form):
    """What a text of the queue means."""

    target = forms.CharField(max_length=10)


@require_GET
def table(request: HttpRequest) -> HttpResponse:
    return _page(request)


@require_POST
def add(request: HttpRequest) -> HttpResponse:
    form = LineForm(request.POST, agent=_agent())
    laboratory = laboratory_of(request, _RIGHT)
    if not form.is_valid():
        return _page(request, form=form)
    target = form.cleaned_data["target"]
    try:
        waiting = services.add_line(
            actor=actor_of(request),
            laboratory=laboratory,
            kind=Kind.RESULT if target in set(Result) else Kind.ANALYSIS,
            text=form.cleaned_data["text"],
            target=target,
            since=form.cleaned_data["since"],
            pathogen=_agent(),
            keyring=_keyring(),
            now=now_of(request),
        )
    except LineRefused as refused:
        for fault in refused.faults:
            form.add_error(_FAULTS[fault][0], str(_FAULTS[fault][1]))
        return _page(request, form=form)
    except TooManyLines:
        form.add_error(None, str(_TOO_MANY))
        return _page(request, form=form)
    since = form.cleaned_data["since"]
    later = since is not None and since > now_of(request).date()
    messages.success(
        request,
        _("La ligne vaudra à partir du %(day)s.") % {"day": date_format(since)} if later else _added(waiting),
    )
    return back(request, "transcoding", _RIGHT, laboratory)


@require_POST
def end(request: HttpRequest, translation_id: UUID) -> HttpResponse:
    line = services.end_line(actor=actor_of(request), line_id=translation_id, now=now_of(request))
    messages.success(request, _("La ligne ne vaut plus. Ce qui a été lu par elle ne change pas."))
    return back(request, "transcoding", _RIGHT, line.laboratory)


@require_POST
def translate(request: HttpRequest, unknown_id: UUID) -> HttpResponse:
    """One click: what a text of the queue means."""
    laboratory = laboratory_of(request, _RIGHT)
    form = TargetForm(request.POST)
    try:
        waiting = services.translate(
            actor=actor_of(request),
            unknown_id=unknown_id,
            target=form.cleaned_data["target"] if form.is_valid() else "",
            pathogen=_agent(),
            keyring=_keyring(),
            now=now_of(request),
        )
    except LineRefused as refused:
        messages.error(request, " ".join(str(_FAULTS[fault][1]) for fault in refused.faults))
    except TooManyLines:
        messages.error(request, str(_TOO_MANY))
    else:
        messages.success(request, _added(waiting))
    return back(request, "transcoding", _RIGHT, laboratory)


@require_POST
def dismiss(request: HttpRequest, unknown_id: UUID) -> HttpResponse:
    laboratory = services.dismiss(actor=actor_of(request), unknown_id=unknown_id, now=now_of(request))
    messages.success(request, _("Ce texte ne sera plus proposé."))
    return back(request, "transcoding", _RIGHT, laboratory)


def _page(request: HttpRequest, *, form: LineForm | None = None) -> HttpResponse:
    laboratory = laboratory_of(request, _RIGHT)
    context = shared(request, _RIGHT, laboratory)
    if laboratory:
        found = services.table(
            actor=actor_of(request), laboratory=laboratory, keyring=_keyring(), now=now_of(request)
        )
        meanings = dict([*_analyses(_agent()), *_results(_agent())])
        choices = {Kind.ANALYSIS: _analyses(_agent()), Kind.RESULT: _results(_agent())}
        context |= {
            "lines": [(line, meanings.get(line.target, line.target)) for line in found.lines],
            "ended": [(line, meanings.get(line.target, line.target)) for line in found.ended],
            "queue": [(one, choices[one.kind]) for one in found.queue],
            "form": form or LineForm(agent=_agent()),
            "today": now_of(request).date(),
            "kinds": {Kind.ANALYSIS.value: _("Analyse"), Kind.RESULT.value: _("Résultat")},
        }
    return render(request, "transcoding/table.html", context)


def _added(waiting: int) -> str:
    said = _("La ligne vaut dès maintenant pour tous vos messages.")
    if not waiting:
        return str(said)
    more = ngettext(
        "%(count)d message refusé sera jugé de nouveau d’ici deux minutes, sans envoi de votre part.",
        "%(count)d messages refusés seront jugés de nouveau d’ici quelques minutes, sans envoi de votre part.",
        waiting,
    )
    return f"{said} {more % {'count': waiting}}"


def _analyses(agent: Pathogen) -> list[tuple[str, str]]:
    """The analyses whose results the platform gives, by LOINC code."""
    english = get_language() == "en"
    return [
        (code, f"{code} – {one.label_en if english else one.label_fr}")
        for code, one in agent.analyses.items()
        if one.published
    ]


def _results(agent: Pathogen) -> list[tuple[str, str]]:
    english = get_language() == "en"
    return [
        (letter, f"{letter} – {rule.label_en if english else rule.label_fr}")
        for letter, rule in agent.results.items()
    ]


def _agent() -> Pathogen:
    return pathogen(settings.PATHOGEN)


def _keyring() -> Keyring:
    return keyring_of(settings.KEY_STORE)
