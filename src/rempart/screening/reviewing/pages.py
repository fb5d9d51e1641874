"""Pages: the pairs of identities to look at, one pair side by side, the decision, and taking it back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from rempart.foundation.access.actor import Actor
from rempart.foundation.people.content import IdentityRecord
from rempart.foundation.people.likeness.joining import TwoNumbers
from rempart.foundation.people.matching import Feature, Level
from rempart.foundation.territories import commune, departments
from rempart.foundation.vault import Keyring, keyring_of
from rempart.screening.reviewing import services as service
from rempart.screening.reviewing import words
from rempart.screening.reviewing.services import Decision, State

_MOST_PAGES = 200


class DecisionForm(forms.Form):
    version = forms.IntegerField(min_value=1, max_value=2**31 - 1)
    decision = forms.ChoiceField(choices=[(one.value, one.value) for one in Decision])


class VersionForm(forms.Form):
    version = forms.IntegerField(min_value=1, max_value=2**31 - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One trait of both identities, and how far they agree."""

    trait: str | Promise
    one: str
    other: str
    says: str | Promise
    kind: str


@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    """The pairs of a state, the surest first; nothing of a person is shown."""
    state = request.GET.get("etat", State.WAITING.value)
    if state not in State.values:
        state = State.WAITING.value
    page = _page(request.GET.get("page", ""))
    listed = service.listing(actor=_actor(request), state=state, page=page)
    names = {code: one.name for code, one in departments().items()}
    rows = [
        (
            pair,
            words.GRADES[pair.grade],
            sorted({names.get(code, code) for code in (pair.department, pair.other_department)}),
        )
        for pair in listed.pairs
    ]
    tabs = [(code, words.STATES[code][0], listed.counts.get(code, 0)) for code in State.values]
    return render(
        request,
        "reviewing/list.html",
        {
            "rows": rows,
            "tabs": tabs,
            "state": state,
            "waiting": state == State.WAITING,
            "previous": f"?etat={state}&page={page - 1}" if page else "",
            "next": f"?etat={state}&page={page + 1}" if listed.more else "",
        },
    )


@require_GET
def pair(request: HttpRequest, pair_id: UUID) -> HttpResponse:
    """Two identities side by side."""
    found = service.compare(actor=_actor(request), pair_id=pair_id, keyring=_keyring(), now=_now(request))
    return render(
        request,
        "reviewing/pair.html",
        {
            "pair": found.pair,
            "lines": _lines(found),
            "state": words.STATES[found.pair.state],
            "grade": words.GRADES.get(found.assessment.grade.value, words.GRADES["possible"]),
            "inverted": found.assessment.level(Feature.NAME_ORDER) is Level.INVERTED,
            "open": found.pair.state in service.OPEN,
            "decided": found.pair.state != State.WAITING,
            "may_undo": found.pair.state != State.WAITING
            and (found.pair.state != State.SAME or found.pair.join_id is not None),
            "one_person": found.one_person,
        },
    )


@require_POST
def decide(request: HttpRequest, pair_id: UUID) -> HttpResponse:
    """Write a decision down, and go on with the next pair."""
    form = DecisionForm(request.POST)
    if not form.is_valid():
        service.reviewed_here(actor=_actor(request), pair_id=pair_id)
        messages.error(request, _("Choisissez l’une des trois réponses."))
        return redirect("identities-pair", pair_id=pair_id)
    try:
        service.decide(
            actor=_actor(request),
            pair_id=pair_id,
            seen_version=form.cleaned_data["version"],
            decision=Decision(form.cleaned_data["decision"]),
            keyring=_keyring(),
            now=_now(request),
        )
    except TwoNumbers:
        messages.error(
            request,
            _(
                "Chacune a son matricule : ce sont deux personnes, ou l’un des matricules est à rectifier d’abord."
            ),
        )
        return redirect("identities-pair", pair_id=pair_id)
    messages.success(request, _("Votre réponse est enregistrée. Vous pouvez revenir dessus depuis la liste."))
    following = service.following_pair(actor=_actor(request))
    return redirect("identities-pair", pair_id=following) if following else redirect("identities")


@require_POST
def undo(request: HttpRequest, pair_id: UUID) -> HttpResponse:
    """Take a decision back."""
    form = VersionForm(request.POST)
    if not form.is_valid():
        service.reviewed_here(actor=_actor(request), pair_id=pair_id)
        return redirect("identities-pair", pair_id=pair_id)
    service.undo(
        actor=_actor(request),
        pair_id=pair_id,
        seen_version=form.cleaned_data["version"],
        keyring=_keyring(),
        now=_now(request),
    )
    messages.success(request, _("La réponse est annulée. Les deux identités sont de nouveau à examiner."))
    return redirect("identities-pair", pair_id=pair_id)


def _lines(found: service.Compared) -> list[Line]:
    levels = {each.feature: each.level for each in found.assessment.evidence}
    lines = []
    for feature, trait in words.TRAITS.items():
        says, kind = words.LEVELS[levels[feature]] if feature in levels else words.UNSAID
        said = _SAID[feature]
        lines.append(Line(trait=trait, one=said(found.one), other=said(found.other), says=says, kind=kind))
    return lines


def _family(record: IdentityRecord) -> str:
    if record.birth_name and record.used_name and record.used_name.casefold() != record.birth_name.casefold():
        return f"{record.birth_name} ({_('utilise')} {record.used_name})"
    return record.birth_name or record.used_name


def _place(record: IdentityRecord) -> str:
    known = commune(record.birth_place)
    return f"{known.name} ({record.birth_place})" if known else record.birth_place


def _sex(record: IdentityRecord) -> str:
    return {"F": str(_("féminin")), "M": str(_("masculin"))}.get(record.sex, "")


_SAID: dict[Feature, Callable[[IdentityRecord], str]] = {
    Feature.FAMILY_NAME: _family,
    Feature.FIRST_NAMES: lambda record: ", ".join(record.first_names),
    Feature.BIRTH_DATE: lambda record: f"{record.birth_date:%d/%m/%Y}" if record.birth_date else "",
    Feature.SEX: _sex,
    Feature.BIRTH_PLACE: _place,
    Feature.INS: lambda record: record.ins,
}


def _page(said: str) -> int:
    return min(int(said), _MOST_PAGES) if said.isascii() and said.isdigit() and len(said) < 5 else 0


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined,no-any-return]


def _keyring() -> Keyring:
    return keyring_of(settings.KEY_STORE)


def _now(request: HttpRequest) -> datetime:
    return request.now  # type: ignore[attr-defined,no-any-return]
