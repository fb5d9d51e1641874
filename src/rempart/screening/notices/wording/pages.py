"""Pages of the communication team: what every notice says, and one text with its versions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from rempart.foundation.access.actor import Actor
from rempart.foundation.messaging import gsm7
from rempart.foundation.messaging.letters import Channel
from rempart.screening.notices.wording import services
from rempart.screening.notices.wording.rules import (
    Fault,
    Kind,
    Problem,
    Text,
    difference,
    filled,
    problems,
    samples,
    segments,
)

CHANNELS: dict[Channel, Promise] = {
    Channel.SMS: _("SMS"),
    Channel.EMAIL: _("Courriel"),
    Channel.MSSANTE: _("Messagerie sécurisée de santé"),
}
_FAULTS: dict[Fault, Promise] = {
    Fault.EMPTY: _("Le texte est vide."),
    Fault.SUBJECT: _("Un courriel a un objet ; un SMS n’en a pas."),
    Fault.LINES: _("L’objet tient sur une ligne."),
    Fault.LONG: _("%(what)s caractères : %(most)s au plus."),
    Fault.SEGMENTS: _("Ce SMS part en %(what)s segments, payés un par un : %(most)s au plus."),
    Fault.UNKNOWN: _("{%(what)s} n’est remplacé par rien dans ce message."),
    Fault.MISSING: _("Il manque {%(what)s}."),
    Fault.BRACE: _("Une accolade ne sert qu’à nommer ce qui est remplacé, comme {link}."),
    Fault.PLACE: _("« %(what)s » : un message ne mène qu’à {link} et aux sites de l’État et de la santé."),
    Fault.FORBIDDEN: _("« %(what)s » ne peut pas figurer là où quelqu’un d’autre peut lire."),
}


class TextForm(forms.Form):
    """A text, and from when it is used."""

    subject = forms.CharField(label=_("Objet"), required=False, max_length=200, strip=True)
    text = forms.CharField(
        label=_("Texte"), required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 10})
    )
    starts_at = forms.DateTimeField(
        label=_("À partir du"),
        help_text=_("Laissez vide pour remplacer le texte tout de suite. Heure de Paris."),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )

    def written(self) -> Text:
        """The text as it was typed; browsers end lines as mail does."""
        said = self.cleaned_data
        return Text(
            text=said["text"].replace("\r\n", "\n").strip(),
            subject="" if "subject" not in self.fields else said["subject"],
        )


@require_GET
def wordings(request: HttpRequest) -> HttpResponse:
    """Every text in force."""
    found = services.overview(actor=_actor(request), now=_now(request))
    rows = [
        (kind, [(channel, CHANNELS[channel], text, _size(channel, text)) for channel, text in texts])
        for kind, texts in found
    ]
    return render(request, "notices/wordings.html", {"rows": rows})


@require_http_methods(["GET", "POST"])
def wording(request: HttpRequest, kind: str, channel: str) -> HttpResponse:
    """One text: write, look at it as it would arrive, publish it; its versions, one of which may be taken up again."""
    page = services.page(actor=_actor(request), kind=kind, channel=channel, now=_now(request))
    if request.method == "GET":
        taken = _taken_up(request, page)
        form = _form(page, initial={"subject": taken.subject, "text": taken.text})
        return _shown(request, page, form, text=taken)
    form = _form(page, data=request.POST)
    if not form.is_valid():
        return _shown(request, page, form, text=None)
    text = form.written()
    if request.POST.get("do") != "publish":
        return _shown(request, page, form, text=text)
    try:
        services.publish(
            actor=_actor(request),
            kind=kind,
            channel=channel,
            text=text,
            starts_at=form.cleaned_data["starts_at"],
            public_url=settings.PUBLIC_URL,
            now=_now(request),
        )
    except services.Wrong:
        return _shown(request, page, form, text=text)
    messages.success(request, _("Le texte est publié."))
    return redirect("wording", kind=kind, channel=channel)


def _form(page: services.Page, **values: Any) -> TextForm:
    form = TextForm(**values)
    if page.channel is Channel.SMS:
        del form.fields["subject"]
        form.fields["text"].widget.attrs["rows"] = 4
    return form


def _shown(request: HttpRequest, page: services.Page, form: TextForm, *, text: Text | None) -> HttpResponse:
    found = problems(page.kind, page.channel, text, public_url=settings.PUBLIC_URL) if text else ()
    known = samples(settings.PUBLIC_URL)
    context = {
        "page": page,
        "channel": CHANNELS[page.channel],
        "form": form,
        "names": [(f"{{{name}}}", known[name], name in page.kind.needs) for name in _names(page.kind)],
        "problems": [_said(one) for one in found],
        "preview": text and {"subject": filled(text.subject, known), "text": filled(text.text, known)},
        "size": text and _size(page.channel, text),
        "foreign": gsm7.foreign(filled(text.text, known)) if text and page.channel is Channel.SMS else (),
        "changes": difference(page.in_force.text, text) if text and text != page.in_force.text else (),
        "versions": list(_versions(page)),
        "now": _now(request),
    }
    return render(request, "notices/wording.html", context)


def _versions(page: services.Page) -> Iterator[tuple[services.Version, bool, Sequence[tuple[str, str]]]]:
    """Each version, whether it is in force, and what it changed of the one before it."""
    for version, before in zip(page.versions, [*page.versions[1:], None], strict=True):
        yield version, version == page.in_force, difference(before.text, version.text) if before else ()


def _taken_up(request: HttpRequest, page: services.Page) -> Text:
    """The text in the form: of the version that was asked for, else the one in force."""
    try:
        asked = UUID(request.GET.get("version", ""))
    except ValueError:
        return page.versions[-1].text if request.GET.get("version") == "0" else page.in_force.text
    return next((one.text for one in page.versions if one.id == asked), page.in_force.text)


def _names(kind: Kind) -> Sequence[str]:
    return (*kind.needs, *kind.may)


def _size(channel: Channel, text: Text) -> int:
    """Segments of a text message; 0 for mails."""
    return segments(text.text, public_url=settings.PUBLIC_URL) if channel is Channel.SMS else 0


def _said(problem: Problem) -> str:
    return str(_FAULTS[problem.fault]) % {"what": problem.what, "most": problem.most}


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined,no-any-return]


def _now(request: HttpRequest) -> datetime:
    return request.now  # type: ignore[attr-defined,no-any-return]
