"""Sampling drives: the day at a glance, persons and tubes, batches for the laboratory and from a drive."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from rempart.foundation.access.actor import Actor
from rempart.foundation.access.rights import Right
from rempart.foundation.directories.models import Laboratory
from rempart.foundation.identifiers import finess
from rempart.foundation.territories import zone_of
from rempart.foundation.vault import Keyring, keyring_of
from rempart.screening import information
from rempart.screening.sampling import labels
from rempart.screening.sampling.form_keys import key_of, new_key
from rempart.screening.sampling.forms import DriveForm, PersonForm
from rempart.screening.sampling.looking_up import BUTTON, looked_up
from rempart.screening.sampling.person_fields import values_of
from rempart.screening.sampling.rules import tubes
from rempart.screening.sampling.rules.specimen import State
from rempart.screening.sampling.services import batches, drives, preregistrations, specimens
from rempart.screening.sampling.words import COUNTS, LACKS, TUBES

_PICKED = "preregistration"
_SHEET = 24
"""Labels of one sheet of blank ones."""


@require_http_methods(["GET", "POST"])
def listed(request: HttpRequest) -> HttpResponse:
    """The drives of one's establishment, the batches for one's laboratory, and a form for a new drive."""
    actor = _actor(request)
    with timezone.override(_zone(actor.laboratory)):
        today = timezone.localtime(_now(request)).date()
        found = drives.drives(actor=actor, now=_now(request))
        first = {"held_on": today, "laboratory": found[0].laboratory if found else ""}
        form = DriveForm(request.POST or None, today=today, initial=first)
        if request.method == "POST" and form.is_valid():
            key = drives.open_drive(actor=actor, now=_now(request), **form.cleaned_data)
            return redirect("drive", drive_id=key)
        context = {
            "form": form,
            "drives": [_line(one) for one in found],
            "batches": batches.addressed(actor=actor),
            "has_place": bool(actor.laboratory),
        }
        return render(request, "sampling/drives.html", context)


@require_http_methods(["GET", "POST"])
def shown(request: HttpRequest, drive_id: UUID) -> HttpResponse:
    """The day: how far the tubes came, what is missing. A tube that is scanned here is one that was just sampled."""
    if request.method == "POST":
        _scanned(request, drive_id)
        return redirect("drive", drive_id=drive_id)
    actor = _actor(request)
    found, listed_tubes = drives.drive(actor=actor, id=drive_id, keyring=_keyring(), now=_now(request))
    context = {
        "drive": found,
        "laboratory": _name_of(found.laboratory),
        "figures": [(COUNTS[state], number) for state, number in found.overview.reached.items()],
        "lacks": [(LACKS[lack], number) for lack, number in found.overview.lacks.items() if number],
        "tubes": [_tube_line(one) for one in listed_tubes],
        "more": found.overview.reached[State.REGISTERED] - len(listed_tubes),
        "batches": batches.of_drive(actor=actor, drive_id=drive_id),
        "sheet": _SHEET,
    }
    with timezone.override(_zone(found.establishment)):
        return render(request, "sampling/drive.html", context)


@require_http_methods(["GET", "POST"])
def register(request: HttpRequest, drive_id: UUID) -> HttpResponse:
    """Register a person: by the code of what she left, by the teleservice, by hand."""
    actor, now = _actor(request), _now(request)
    found, _tubes = drives.drive(actor=actor, id=drive_id, keyring=_keyring(), now=now)
    if request.method == "GET":
        return _person(request, found, PersonForm(initial={"language": "fr"}))
    doing = request.POST.get("do", "")
    if doing == "code":
        return _person(request, found, *_picked_up(request))
    form = PersonForm(request.POST)
    if doing == BUTTON:
        asked = looked_up(request, form, lambda typed: PersonForm(initial=typed), right=Right.DRIVES_RUN)
        return _person(request, found, *asked)
    key = key_of(request, actor)
    if form.is_valid() and key is None:
        form.add_error(
            None,
            _("Cette page était ouverte depuis trop longtemps. Vérifiez-la et enregistrez de nouveau."),
        )
    if key is None or not form.is_valid():
        return _person(request, found, form)
    try:
        specimens.register(
            actor=actor,
            id=key,
            drive_id=drive_id,
            registration=form.registration(),
            informed=specimens.Informed(
                version=information.notice_on(now.date()).since, language=form.cleaned_data["language"]
            ),
            number=form.cleaned_data["tube"],
            sampled=form.cleaned_data["sampled"],
            keyring=_keyring(),
            now=now,
        )
    except specimens.Taken:
        form.add_error("tube", _("Cette étiquette est déjà sur un autre tube : prenez-en une autre."))
        return _person(request, found, form)
    except specimens.AlreadySent:
        form.add_error(
            None, _("Ce formulaire est déjà enregistré, avec un autre contenu. Ouvrez-en un nouveau.")
        )
        return _person(request, found, form)
    if code := _code_in(form.cleaned_data["picked"]):
        preregistrations.collected(actor=actor, code=code, keyring=_keyring())
    return redirect("specimen", specimen_id=key)


@require_GET
def specimen(request: HttpRequest, specimen_id: UUID) -> HttpResponse:
    """A tube, where it is, and whose it is."""
    found = specimens.specimen(actor=_actor(request), id=specimen_id, keyring=_keyring(), now=_now(request))
    way, label = found.way, TUBES
    context = {
        "tube": found,
        "name": _name(found),
        "values": values_of(found.registration) if found.registration else {},
        "state": label[found.state],
        "steps": [
            (label[State.REGISTERED][0], way.registered_at),
            (label[State.SAMPLED][0], way.sampled_at),
            (label[State.SENT][0], way.sent_at),
            (label[State.RECEIVED][0], way.received_at),
            (label[State.RESULT][0], way.result_at),
        ],
        "delay": _hours(way.delay),
        "waits": found.state is State.REGISTERED,
    }
    with timezone.override(_zone(_actor(request).laboratory)):
        return render(request, "sampling/specimen.html", context)


@require_GET
def label(request: HttpRequest, specimen_id: UUID) -> HttpResponse:
    """The label of a tube."""
    found = specimens.specimen(actor=_actor(request), id=specimen_id, keyring=_keyring(), now=_now(request))
    if found.registration is None:
        return redirect("specimen", specimen_id=specimen_id)
    return _pdf(labels.label(found.number, found.registration.person, now=_now(request)), "etiquette.pdf")


@require_GET
def blank(request: HttpRequest, drive_id: UUID) -> HttpResponse:
    """Labels to stick on beforehand."""
    drives.drive(actor=_actor(request), id=drive_id, keyring=_keyring(), now=_now(request))
    return _pdf(labels.blank_labels(_SHEET, now=_now(request)), "etiquettes.pdf")


@require_POST
def sampled(request: HttpRequest, specimen_id: UUID) -> HttpResponse:
    """The sample was taken."""
    specimens.note_sampling(actor=_actor(request), id=specimen_id, now=_now(request))
    messages.success(request, _("Le prélèvement est noté."))
    return redirect("specimen", specimen_id=specimen_id)


@require_POST
def send(request: HttpRequest, drive_id: UUID) -> HttpResponse:
    """Close a batch for the laboratory: the tubes that were scanned, or all that wait."""
    numbers, misread = tubes.read_all(request.POST.get("numbers", ""))
    try:
        if misread:
            raise batches.NothingToSend(misread)
        key = batches.send(
            actor=_actor(request), drive_id=drive_id, numbers=numbers, keyring=_keyring(), now=_now(request)
        )
    except batches.NothingToSend as why:
        if why.unknown:
            messages.error(
                request, _("Rien n’est envoyé. Tubes inconnus ici, ou déjà envoyés : ") + _few(why.unknown)
            )
        else:
            messages.error(request, _("Aucun tube prélevé n’attend d’être envoyé."))
        return redirect("drive", drive_id=drive_id)
    return redirect("batch", batch_id=key)


@require_GET
def batch(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """A batch, for both ends: the list, and for the laboratory the form to say what is there."""
    found = batches.batch(actor=_actor(request), id=batch_id, keyring=_keyring())
    own = _actor(request).laboratory
    context = {
        "batch": found,
        "laboratory": _name_of(found.laboratory),
        "receives": found.laboratory == own,
        "sends": found.establishment == own,
    }
    with timezone.override(_zone(own)):
        return render(request, "sampling/batch.html", context)


@require_GET
def delivery_note(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """The list that goes with a batch."""
    actor, now = _actor(request), _now(request)
    found = batches.batch(actor=actor, id=batch_id, keyring=_keyring())
    place = next((one.place for one in drives.drives(actor=actor, now=now) if one.id == found.drive_id), "")
    note = labels.delivery_note(found, place=place, zone=_zone(found.establishment), now=now)
    return _pdf(note, f"bordereau-{found.name}.pdf")


@require_POST
def receive(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """The laboratory says which tubes are there."""
    numbers, misread = tubes.read_all(request.POST.get("numbers", ""))
    strange: Sequence[str] = misread
    if not misread:
        strange = batches.receive(
            actor=_actor(request), id=batch_id, numbers=numbers, keyring=_keyring(), now=_now(request)
        )
    if strange:
        messages.error(request, _("Ces tubes ne sont pas de ce lot : ") + _few(strange))
    else:
        messages.success(request, _("La réception est notée."))
    return redirect("batch", batch_id=batch_id)


def _scanned(request: HttpRequest, drive_id: UUID) -> None:
    """Note the sampling of the tube that was scanned, and say so."""
    actor, now = _actor(request), _now(request)
    try:
        number = tubes.read(request.POST.get("number", ""))
    except tubes.Misread:
        messages.error(request, _("Cette étiquette est mal lue : scannez-la de nouveau."))
        return
    key = specimens.find(actor=actor, drive_id=drive_id, number=number, keyring=_keyring(), now=now)
    if key is None:
        messages.error(request, _("Ce tube n’est pas de cette campagne : inscrivez d’abord la personne."))
        return
    specimens.note_sampling(actor=actor, id=key, now=now)
    messages.success(request, _("Prélevé : tube ") + tubes.grouped(number))


def _picked_up(request: HttpRequest) -> tuple[PersonForm, Promise]:
    """The form with what lies under the code that was typed, and a word about it."""
    picked = preregistrations.pick_up(
        actor=_actor(request), text=request.POST.get("code", ""), keyring=_keyring(), now=_now(request)
    )
    if picked is None:
        return PersonForm(initial={"language": "fr"}), _(
            "Ce code n’ouvre rien : il est mal tapé, déjà repris, ou trop ancien. Inscrivez la personne à la main."
        )
    told = {"informed": True, "language": picked.informed.language}
    form = PersonForm(
        initial=values_of(picked.registration) | told | {"picked": signing.dumps(picked.code, salt=_PICKED)}
    )
    return form, _("La préinscription est reprise : vérifiez l’identité avec une pièce, puis enregistrez.")


def _code_in(signed: str) -> str:
    """The code of the registration that was picked up into this form; empty when none was."""
    try:
        return str(signing.loads(signed, salt=_PICKED)) if signed else ""
    except signing.BadSignature:
        return ""


def _person(
    request: HttpRequest, drive: drives.Drive, form: PersonForm, told: Promise | None = None
) -> HttpResponse:
    actor, scans = _actor(request), request.method == "GET"
    if not scans:
        form.lead_to()
    context = {
        "drive": drive,
        "scans": scans,
        "form": form,
        "key": new_key(actor, key_of(request, actor)),
        "told": told,
        "notice": information.notice_on(_now(request).date()),
    }
    return render(request, "sampling/register.html", context)


def _line(one: drives.Drive) -> dict[str, Any]:
    return {
        "drive": one,
        "registered": one.overview.reached[State.REGISTERED],
        "results": one.overview.reached[State.RESULT],
        "lacks": [(LACKS[lack], number) for lack, number in one.overview.lacks.items() if number],
    }


def _tube_line(one: specimens.Tube) -> dict[str, Any]:
    return {
        "tube": one,
        "name": _name(one),
        "state": TUBES[one.state],
        "lack": one.lack,
        "delay": _hours(one.way.delay),
    }


def _name(one: specimens.Tube) -> str:
    if one.registration is None:
        return "—"
    person = one.registration.person
    return f"{(person.birth_name or person.used_name).upper()} {' '.join(person.first_names[:1])}".strip()


def _hours(delay: timedelta | None) -> str:
    """A delay in hours and minutes; empty for none."""
    if delay is None:
        return ""
    minutes = int(delay.total_seconds() // 60)
    return f"{minutes // 60} h {minutes % 60:02d}"


def _few(numbers: Sequence[str]) -> str:
    """Some numbers in one line, cut short: nobody reads a hundred."""
    return ", ".join(number[:40] for number in numbers[:5]) + (" …" if len(numbers) > 5 else "")


def _name_of(laboratory: str) -> str:
    known = Laboratory.objects.filter(finess=laboratory).first()
    return f"{known.name} ({laboratory})" if known else laboratory


def _pdf(content: bytes, name: str) -> HttpResponse:
    return HttpResponse(
        content,
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}"'},
    )


def _zone(establishment: str) -> ZoneInfo:
    return zone_of(finess.parse(establishment).department if establishment else "")


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined,no-any-return]


def _now(request: HttpRequest) -> datetime:
    return request.now  # type: ignore[attr-defined,no-any-return]


def _keyring() -> Keyring:
    return keyring_of(settings.KEY_STORE)
