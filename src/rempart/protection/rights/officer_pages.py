"""The data-protection officer's pages: requests by deadline, and the answer to each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from rempart.foundation.access.actor import Actor
from rempart.foundation.access.rights import Right
from rempart.foundation.identifiers import nir
from rempart.foundation.messaging import mime, numbers
from rempart.foundation.messaging.letters import Channel
from rempart.foundation.people.correcting import Traits
from rempart.foundation.terminology import pathogen
from rempart.foundation.vault import Keyring, keyring_of
from rempart.protection.finding import FindForm, Person, find
from rempart.protection.rights import paper, rules
from rempart.protection.rights.pages import as_file
from rempart.protection.rights.rules import Kind, State
from rempart.protection.rights.services import asking, correcting, giving, handling, refusing
from rempart.protection.rights.words import CHANNELS, KINDS, STATES
from rempart.screening.fields import BirthDateField


class WriteForm(forms.Form):
    kind = forms.ChoiceField(
        label=_("Ce que la personne demande"), choices=list(KINDS.items()), widget=forms.RadioSelect
    )
    text = forms.CharField(
        label=_("Ce qu’elle a écrit ou dit"),
        max_length=rules.MOST_TEXT,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    person = forms.UUIDField()


class RefusalForm(forms.Form):
    """Where somebody wants no more messages, or messages again."""

    channel = forms.ChoiceField(
        label=_("Moyen"), choices=[("sms", _("SMS")), ("email", _("Courriel"))], widget=forms.RadioSelect
    )
    recipient = forms.CharField(label=_("Numéro de mobile ou adresse électronique"), max_length=254)
    again = forms.BooleanField(label=_("Lever un refus : lui écrire de nouveau"), required=False)

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        recipient, channel = str(said.get("recipient", "")), said.get("channel")
        if channel == "sms" and not numbers.international(recipient):
            self.add_error("recipient", _("Ce numéro n’est pas celui d’un mobile : vérifiez-le."))
        if channel == "email" and not mime.is_address(recipient.strip()):
            self.add_error("recipient", _("Cette adresse n’est pas complète : vérifiez-la."))
        return said


class IdentityForm(forms.Form):
    identity = forms.UUIDField()


class CorrectionForm(forms.Form):
    """What an identity and the contact should say; as they were received, until somebody writes over."""

    birth_name = forms.CharField(label=_("Nom de naissance"), required=False, max_length=100)
    used_name = forms.CharField(label=_("Nom utilisé"), required=False, max_length=100)
    first_names = forms.CharField(
        label=_("Prénoms"), required=False, max_length=200, help_text=_("Séparés par des virgules")
    )
    sex = forms.ChoiceField(
        label=_("Sexe"), choices=[("F", _("Féminin")), ("M", _("Masculin")), ("U", _("Non précisé"))]
    )
    birth_date = BirthDateField(label=_("Date de naissance"), required=False)
    birth_place = forms.CharField(label=_("Lieu de naissance (code INSEE)"), required=False, max_length=5)
    ins = forms.CharField(label=_("Numéro de sécurité sociale"), required=False, max_length=15)
    mobile = forms.CharField(label=_("Téléphone mobile"), required=False, max_length=20)
    phone = forms.CharField(label=_("Téléphone fixe"), required=False, max_length=20)
    email = forms.EmailField(label=_("Courriel"), required=False)
    address = forms.CharField(
        label=_("Adresse"), required=False, max_length=400, widget=forms.Textarea(attrs={"rows": 3})
    )

    def clean_ins(self) -> str:
        number = str(self.cleaned_data["ins"]).replace(" ", "")
        if number and not nir.parse(number).valid:
            raise forms.ValidationError(_("Ce numéro n’est pas un numéro de sécurité sociale : vérifiez-le."))
        return number

    def clean(self) -> None:
        if not (self.cleaned_data.get("birth_name") or self.cleaned_data.get("used_name")):
            self.add_error("birth_name", _("Un nom est nécessaire."))

    def traits(self) -> Traits:
        said = self.cleaned_data
        return Traits(
            birth_name=said["birth_name"],
            used_name=said["used_name"],
            first_names=tuple(name.strip() for name in said["first_names"].split(",") if name.strip()),
            sex=said["sex"],
            birth_date=said["birth_date"],
            birth_place=said["birth_place"],
            ins=said["ins"],
        )

    def contact(self) -> dict[str, Any]:
        said = self.cleaned_data
        lines = [line.strip() for line in said["address"].splitlines() if line.strip()]
        return {"mobile": said["mobile"], "phone": said["phone"], "email": said["email"], "address": lines}


@require_GET
def requests(request: HttpRequest) -> HttpResponse:
    """Requests that wait, or those that are closed."""
    closed = request.GET.get("etat") == "closes"
    today = _now(request).date()
    lines = handling.listed(actor=_actor(request), closed=closed, now=_now(request))
    rows = [_row(one, today) for one in lines]
    return render(request, "rights/requests.html", {"rows": rows, "closed": closed})


@require_GET
def request_page(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """One request, with what can be done about it."""
    return _shown(request, request_id)


@require_POST
def take(request: HttpRequest, request_id: UUID) -> HttpResponse:
    handling.take(
        actor=_actor(request), request_id=request_id, seen_version=_version(request), keyring=_keyring(),
        now=_now(request),
    )  # fmt: skip
    return redirect("request", request_id=request_id)


@require_POST
def extend(request: HttpRequest, request_id: UUID) -> HttpResponse:
    try:
        handling.extend(
            actor=_actor(request), request_id=request_id, seen_version=_version(request), reason=_text(request),
            keyring=_keyring(), public_url=settings.PUBLIC_URL, now=_now(request),
        )  # fmt: skip
    except rules.NoReason:
        messages.error(request, _("Dites à la personne pourquoi il faut plus de temps."))
    except rules.NotNow:
        messages.error(request, _("Cette demande ne peut plus être prolongée."))
    return redirect("request", request_id=request_id)


@require_POST
def answer(request: HttpRequest, request_id: UUID) -> HttpResponse:
    try:
        handling.answer(
            actor=_actor(request), request_id=request_id, seen_version=_version(request), text=_text(request),
            refused=request.POST.get("step") == "refuse", keyring=_keyring(), public_url=settings.PUBLIC_URL,
            now=_now(request),
        )  # fmt: skip
    except rules.NoReason:
        messages.error(request, _("Écrivez une réponse à la personne."))
        return redirect("request", request_id=request_id)
    except rules.NotNow:
        messages.error(request, _("Cette demande est déjà close."))
        return redirect("request", request_id=request_id)
    messages.success(request, _("La réponse est enregistrée, et la personne en est prévenue."))
    return redirect("requests")


@require_POST
def rectify(request: HttpRequest, request_id: UUID) -> HttpResponse:
    form, which = CorrectionForm(request.POST), IdentityForm(request.POST)
    if not which.is_valid():
        return redirect("request", request_id=request_id)
    identity = which.cleaned_data["identity"]
    if not form.is_valid():
        return _shown(request, request_id, refused=(identity, form))
    try:
        number = handling.rectify(
            actor=_actor(request), request_id=request_id, seen_version=_version(request), identity=identity,
            traits=form.traits(), contact=form.contact(), keyring=_keyring(), now=_now(request),
        )  # fmt: skip
    except rules.NotNow:
        messages.error(request, _("Cette demande est déjà close."))
    else:
        messages.success(
            request,
            _("Résultats corrigés : %(n)s") % {"n": number},
        )
    return redirect("request", request_id=request_id)


@require_POST
def object_for(request: HttpRequest, request_id: UUID) -> HttpResponse:
    handling.object_for(actor=_actor(request), request_id=request_id, keyring=_keyring(), now=_now(request))
    messages.success(request, _("L’opposition est enregistrée. Répondez maintenant à la personne."))
    return redirect("request", request_id=request_id)


@require_GET
def dossier(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """Everything of the person who asks, to be sent by post."""
    found = giving.give_for(
        actor=_actor(request), request_id=request_id, form="pdf", keyring=_keyring(),
        pathogen=pathogen(settings.PATHOGEN), now=_now(request),
    )  # fmt: skip
    return as_file(paper.printed(found), "application/pdf", "donnees-de-la-personne.pdf")


@require_http_methods(["GET", "POST"])
def write(request: HttpRequest) -> HttpResponse:
    """Note a request that came by letter: find the person, then say what she asks."""
    step = request.POST.get("step", "")
    if step == "write" and _written(request):
        return redirect("requests")
    form = FindForm(request.POST if step == "find" else None)
    persons: Sequence[Person] = []
    searched = step == "find" and form.is_valid()
    if searched:
        right, said = Right.REQUESTS_HANDLE, form.cleaned_data
        persons = find(actor=_actor(request), right=right, **said, keyring=_keyring(), now=_now(request))
    context = {"form": form, "persons": persons, "searched": searched, "request_form": WriteForm()}
    return render(request, "rights/write.html", context)


def _written(request: HttpRequest) -> bool:
    """Note the request of the form; False, with a message, when something of it is missing."""
    form = WriteForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choisissez la personne, l’objet, et notez ce qu’elle demande."))
        return False
    said = form.cleaned_data
    number = asking.write_down(
        actor=_actor(request), person=said["person"], kind=Kind(said["kind"]), text=said["text"],
        keyring=_keyring(), now=_now(request),
    )  # fmt: skip
    messages.success(request, _("La demande %(number)s est enregistrée.") % {"number": number})
    return True


@require_http_methods(["GET", "POST"])
def refuse_messages(request: HttpRequest) -> HttpResponse:
    """Note that a number or an address wants no more messages, or messages again."""
    form = RefusalForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        refusing.note_refusal(
            actor=_actor(request),
            channel=Channel(said["channel"]),
            recipient=said["recipient"],
            again=said["again"],
            keyring=_keyring(),
            now=_now(request),
        )
        messages.success(request, _("Le refus est levé.") if said["again"] else _("Le refus est noté."))
        return redirect("requests")
    return render(request, "rights/messages.html", {"form": form})


def _shown(
    request: HttpRequest, request_id: UUID, *, refused: tuple[UUID, CorrectionForm] | None = None
) -> HttpResponse:
    now, actor = _now(request), _actor(request)
    asked = handling.open_request(actor=actor, request_id=request_id, keyring=_keyring(), now=now)
    label, badge = STATES[asked.standing.state]
    context = {
        "asked": asked,
        "kind": KINDS[asked.kind],
        "channel": CHANNELS[asked.channel],
        "state": label,
        "badge": badge,
        "waits": asked.standing.state is State.RECEIVED,
        "is_objection": asked.kind is Kind.OBJECTION,
        "may_extend": asked.standing.open
        and not asked.standing.extended
        and now.date() <= asked.standing.due_on,
        "corrections": _corrections(actor, asked, refused) if asked.kind is Kind.RECTIFICATION else [],
    }
    return render(request, "rights/request.html", context, status=200 if refused is None else 422)


def _corrections(
    actor: Actor, asked: Any, refused: tuple[UUID, CorrectionForm] | None
) -> list[dict[str, Any]]:
    """One form for each identity that a current result of the person bears."""
    rows = []
    for one in correcting.borne(actor=actor, person=asked.person_id, keyring=_keyring()):
        form = CorrectionForm(initial=dict(one.said))
        if refused and refused[0] == one.identity:
            form = refused[1]
        form.auto_id = f"id-{one.identity}-%s"
        title = _("Fiche reçue le %(day)s") % {"day": f"{one.received_at:%d/%m/%Y}"}
        rows.append({"identity": one.identity, "form": form, "title": title})
    return rows


def _row(one: handling.Listed, today: date) -> dict[str, Any]:
    left = one.standing.days_left(today)
    label, badge = STATES[one.standing.state]
    return {
        "one": one,
        "kind": KINDS[one.kind],
        "state": label,
        "badge": badge,
        "late": left < 0,
        "soon": 0 <= left <= rules.SOON.days,
        "left": _("Retard : %(n)s j") % {"n": -left} if left < 0 else _("%(n)s j") % {"n": left},
    }


def _version(request: HttpRequest) -> int:
    text = request.POST.get("version", "")
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _text(request: HttpRequest) -> str:
    return request.POST.get("text", "")[: rules.MOST_TEXT]


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined,no-any-return]


def _now(request: HttpRequest) -> datetime:
    return request.now  # type: ignore[attr-defined,no-any-return]


def _keyring() -> Keyring:
    return keyring_of(settings.KEY_STORE)
