"""Pages: bring a table, say which column is which, see what is wrong with it, keep it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from rempart.foundation.access.actor import Actor
from rempart.screening.api import intake_of
from rempart.screening.formats.tables.columns import columns, missing
from rempart.screening.formats.tables.sheets import MOST_COLUMNS
from rempart.screening.rules.report import Outcome
from rempart.screening.upload import rules, services
from rempart.screening.upload.services import Fault, Refused

MOST_SHOWN = 100
"""Problems on the page; all of them are in the report."""

_FAULTS: dict[Fault, Promise] = {
    Fault.UNREADABLE: _(
        "Ce fichier n’est pas un tableau lisible : CSV ou XLSX, avec une ligne de noms de colonnes."
    ),
    Fault.ROWS: _("Ce tableau a plus de 10 000 lignes : découpez-le."),
    Fault.WAITING: _("Trop de tableaux attendent déjà : gardez-en ou abandonnez-en d’abord."),
    Fault.COLUMNS: _("Deux colonnes ne peuvent pas dire la même chose."),
    Fault.ROWS_WRONG: _("Rien n’a été gardé : certaines lignes sont encore à corriger."),
}


class TableForm(forms.Form):
    """The file."""

    file = forms.FileField(
        label=_("Votre tableau"),
        help_text=_("CSV ou XLSX, 10 Mo et 10 000 lignes au plus, un résultat par ligne."),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.xlsx"}),
    )

    def clean_file(self) -> bytes:
        given = self.cleaned_data["file"]
        if given.size > services.MOST_BYTES:
            raise forms.ValidationError(_("Ce fichier dépasse 10 Mo : découpez-le."))
        return bytes(given.read())


@require_http_methods(["GET", "POST"])
def bring(request: HttpRequest) -> HttpResponse:
    """Bring a table; nothing of it is kept as a result yet."""
    form = TableForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            id_ = services.bring(
                actor=_actor(request),
                content=form.cleaned_data["file"],
                intake=intake_of(),
                now=_now(request),
            )
            return redirect("table", upload_id=id_)
        except Refused as refused:
            form.add_error("file", str(_FAULTS[refused.fault]))
    return render(
        request, "upload/bring.html", {"form": form, "waiting": services.waiting(actor=_actor(request))}
    )


@require_GET
def example(request: HttpRequest) -> HttpResponse:
    """An empty table with every column."""
    return _csv(rules.example(), "modele.csv")


@require_GET
def show(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    """What there is to say of a table, and which of its columns is which."""
    shown = services.show(actor=_actor(request), id=upload_id, intake=intake_of(), now=_now(request))
    named = {place: key for key, place in shown.columns.items()}
    looked = shown.looked
    context = {
        "shown": shown,
        "lines": [
            (place, header, named.get(place, "")) for place, header in enumerate(shown.headers) if header
        ],
        "choices": [(column.key, _(column.label_fr)) for column in columns().values()],
        "missing": [_one_of(key) for key in missing(shown.columns)],
        "problems": looked.problems[:MOST_SHOWN],
        "more": max(0, len(looked.problems) - MOST_SHOWN),
        "right": looked.outcomes[Outcome.ACCEPTED] + looked.outcomes[Outcome.HELD],
        "wrong": looked.outcomes[Outcome.REJECTED],
        "held": looked.outcomes[Outcome.HELD],
    }
    return render(request, "upload/table.html", context)


@require_POST
def name_columns(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    """Take what was said of the columns, and look again."""
    said = [
        (place, key) for place in range(MOST_COLUMNS) if (key := request.POST.get(f"colonne-{place}", ""))
    ]
    named = {key: place for place, key in said}
    try:
        if len(named) < len(said):
            raise Refused(Fault.COLUMNS)
        services.name_columns(
            actor=_actor(request), id=upload_id, named=named, intake=intake_of(), now=_now(request)
        )
    except Refused as refused:
        messages.error(request, str(_FAULTS[refused.fault]))
    else:
        messages.success(request, _("Les colonnes sont enregistrées, aussi pour vos prochains tableaux."))
    return redirect("table", upload_id=upload_id)


@require_GET
def report(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    """Every problem of a table, by row and column."""
    shown = services.show(actor=_actor(request), id=upload_id, intake=intake_of(), now=_now(request))
    return _csv(rules.report(shown.looked), "rapport.csv")


@require_POST
def keep(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    """Keep the whole of a table."""
    try:
        count, before, trial = services.keep(
            actor=_actor(request), id=upload_id, intake=intake_of(), now=_now(request)
        )
    except Refused as refused:
        messages.error(request, str(_FAULTS[refused.fault]))
        return redirect("table", upload_id=upload_id)
    told = ngettext("%(count)d résultat est gardé.", "%(count)d résultats sont gardés.", count) % {
        "count": count
    }
    if trial:
        told = str(_("Votre laboratoire est en test : le tableau a été jugé, et rien n’en a été gardé."))
    elif before:
        told += " " + ngettext("%(before)d l’était déjà.", "%(before)d l’étaient déjà.", before) % {
            "before": before
        }
    messages.success(request, told)
    return redirect("tables")


@require_POST
def set_aside(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    services.set_aside(actor=_actor(request), id=upload_id)
    messages.success(request, _("Le tableau est détruit ; rien n’en a été gardé."))
    return redirect("tables")


def _csv(content: bytes, name: str) -> HttpResponse:
    return HttpResponse(
        content,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _one_of(keys: str) -> str:
    """The labels of a column that is missing, or of those of which one is enough."""
    return " / ".join(str(_(columns()[key].label_fr)) for key in keys.split("|"))


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined,no-any-return]


def _now(request: HttpRequest) -> datetime:
    return request.now  # type: ignore[attr-defined,no-any-return]
