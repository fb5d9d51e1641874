"""The laboratory's desk: what to correct today first, then the month, its delays; each refused message; who is silent."""

from __future__ import annotations

import csv
import io
from datetime import date
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from rempart.foundation.access.rights import Right, has
from rempart.foundation.vault import Keyring, keyring_of
from rempart.screening.api import intake_of
from rempart.screening.desk import sparkline
from rempart.screening.desk.door import actor_of, back, laboratory_of, now_of, shared
from rempart.screening.desk.rules import MOST_HOURS, Delay, Reason, State
from rempart.screening.desk.services import again as judging
from rempart.screening.desk.services import opening, reading, watching
from rempart.screening.desk.services.counting import civil_day
from rempart.screening.handover.services.listing import waiting
from rempart.screening.rules.catalogue import Entry, catalogue
from rempart.screening.rules.report import Format, Outcome

_RIGHT = Right.DESK_USE
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would run as a formula."""

OUTCOMES: dict[str, tuple[Promise, str]] = {
    Outcome.ACCEPTED.value: (_("accepté"), "success"),
    Outcome.HELD.value: (_("retenu"), "warning"),
    Outcome.REJECTED.value: (_("rejeté"), "error"),
}
STATES: dict[str, tuple[Promise, str]] = {
    State.OPEN.value: (_("à corriger"), "warning"),
    State.REPLACED.value: (_("remplacé"), "success"),
    State.ASIDE.value: (_("classé"), "neutral"),
}
FORMATS: dict[str, str | Promise] = {
    Format.HL7V2.value: "HL7 v2",
    Format.HPRIM_MEDECIN.value: "HPRIM Médecin",
    Format.HPRIM_SANTE.value: "HPRIM Santé",
    Format.CDA.value: "CDA R2",
    Format.FHIR.value: "FHIR",
    Format.TABLE.value: _("Tableau"),
    Format.FORM.value: _("Saisie"),
    Format.UNKNOWN.value: _("Format inconnu"),
}
REASONS = (
    (Reason.CORRECT.value, _("Retrouver le dossier pour le corriger")),
    (Reason.ASKED.value, _("La personne ou son médecin demande son résultat")),
    (Reason.SOFTWARE.value, _("Montrer à l’éditeur du logiciel ce qu’il écrit")),
)


class ReasonForm(forms.Form):
    reason = forms.ChoiceField(
        label=_("Pourquoi ouvrez-vous ce message ?"), choices=REASONS, widget=forms.RadioSelect
    )


@require_GET
def desk(request: HttpRequest) -> HttpResponse:
    """My laboratory's desk; the one that is asked for, for whoever looks after them all."""
    laboratory = laboratory_of(request, _RIGHT)
    context = shared(request, _RIGHT, laboratory)
    if laboratory:
        now = now_of(request)
        found = reading.desk(actor=actor_of(request), laboratory=laboratory, now=now)
        context |= {
            "desk": found,
            "to_hand_over": waiting([laboratory], now=now).get(laboratory, 0),
            "bounded": found.to_correct >= reading.MOST_LOOKED_AT,
            "groups": [(group, entry_of(group.code)) for group in found.groups],
            "bars": sparkline.bars(found.days),
            "width": sparkline.WIDTH,
            "height": sparkline.HEIGHT,
            "received": _whole(sum(day.received for day in found.days)),
            "accepted": _whole(sum(day.accepted for day in found.days)),
            "refused": _whole(sum(day.refused for day in found.days)),
            "newest_first": list(reversed(found.days)),
            "delays": [
                (_("Du prélèvement à la validation"), *_delay(found.delays.to_validation)),
                (_("De la validation à la réception"), *_delay(found.delays.to_reception)),
                (_("En tout"), *_delay(found.delays.in_all)),
            ],
            "today": civil_day(laboratory, now),
        }
    return render(request, "desk/desk.html", context)


@require_GET
def messages_of(request: HttpRequest) -> HttpResponse:
    """The messages to correct for one reason, or all of them."""
    laboratory = laboratory_of(request, _RIGHT)
    if not laboratory:
        return redirect("desk")
    code = request.GET.get("motif", "")
    code = code if code in catalogue() else ""
    found = reading.listed(
        actor=actor_of(request), laboratory=laboratory, code=code, after=_key(request.GET.get("apres", ""))
    )
    context = shared(request, _RIGHT, laboratory) | {
        "code": code,
        "entry": entry_of(code),
        "rows": [(row, FORMATS[row.format], *OUTCOMES[row.outcome]) for row in found.rows],
        "after": found.after,
    }
    return render(request, "desk/messages.html", context)


@require_POST
def group_again(request: HttpRequest) -> HttpResponse:
    laboratory, code = laboratory_of(request, _RIGHT), _code(request)
    if not laboratory:
        return redirect("desk")
    count = judging.ask(actor=actor_of(request), laboratory=laboratory, code=code, now=now_of(request))
    messages.success(request, _waiting(count))
    return back(request, "desk", _RIGHT, laboratory)


@require_POST
def group_aside(request: HttpRequest) -> HttpResponse:
    laboratory, code = laboratory_of(request, _RIGHT), _code(request)
    if not laboratory:
        return redirect("desk")
    count = opening.set_group_aside(
        actor=actor_of(request), laboratory=laboratory, code=code, now=now_of(request)
    )
    said = ngettext("%(count)d message classé.", "%(count)d messages classés.", count)
    messages.success(request, said % {"count": count})
    return back(request, "desk", _RIGHT, laboratory)


@require_GET
def message(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """A refused message, the faulty places marked and its values masked."""
    found = opening.message(actor=actor_of(request), message_id=message_id, keyring=_keyring())
    return _message(request, found, ReasonForm())


@require_POST
def open_message(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """The same as it came, on the page that answers: no address holds it."""
    form = ReasonForm(request.POST)
    if not form.is_valid():
        found = opening.message(actor=actor_of(request), message_id=message_id, keyring=_keyring())
        return _message(request, found, form)
    found = opening.open_message(
        actor=actor_of(request),
        message_id=message_id,
        reason=Reason(form.cleaned_data["reason"]),
        keyring=_keyring(),
        now=now_of(request),
    )
    return _message(request, found, form)


@require_POST
def again(request: HttpRequest, message_id: UUID) -> HttpResponse:
    outcome = judging.judge_one(
        actor=actor_of(request),
        message_id=message_id,
        intake=intake_of(),
        now=now_of(request),
    )
    if outcome is Outcome.ACCEPTED:
        messages.success(request, _("Le message est accepté : son résultat est enregistré."))
    elif outcome is None:
        messages.error(request, _("Ce message ne peut plus être lu : renvoyez-le depuis votre logiciel."))
    else:
        messages.warning(request, _("Le message est jugé comme avant : il reste à corriger."))
    return redirect("desk-message", message_id=message_id)


@require_POST
def aside(request: HttpRequest, message_id: UUID) -> HttpResponse:
    row = opening.set_aside(actor=actor_of(request), message_id=message_id, now=now_of(request))
    messages.success(request, _("Le message est classé : il n’est plus à corriger."))
    return back(request, "desk", _RIGHT, row.laboratory)


@require_GET
def refused_csv(request: HttpRequest) -> HttpResponse:
    """What was refused on a day (`jour`, today when left out), one line for each finding; nothing of a person."""
    laboratory = laboratory_of(request, _RIGHT)
    if not laboratory:
        return redirect("desk")
    day = _asked_day(request.GET.get("jour", "")) or civil_day(laboratory, now_of(request))
    rows = reading.refused_of(actor=actor_of(request), laboratory=laboratory, day=day)
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(
        (
            "recu_le", "message", "format", "decision", "etat", "code", "gravite", "emplacement",
            "ce_qui_ne_va_pas", "que_faire",
        )
    )  # fmt: skip
    for row in rows:
        entry = entry_of(row.code)
        writer.writerow(
            [
                _cell(value)
                for value in (
                    localtime(row.received_at).strftime("%Y-%m-%d %H:%M:%S"), str(row.message), row.format,
                    str(OUTCOMES[row.outcome][0]), str(STATES[row.state][0]), row.code, row.severity,
                    row.location, entry.text_fr if entry else "", entry.do_fr if entry else "",
                )
            ]
        )  # fmt: skip
    response = HttpResponse("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="rempart-refus-{laboratory}-{day}.csv"'
    return response


@require_GET
def silent(request: HttpRequest) -> HttpResponse:
    """Laboratories that usually send daily and stopped, for the operator."""
    return render(request, "desk/silent.html", {"silent": watching.silent(actor=actor_of(request))})


def entry_of(code: str) -> Entry | None:
    """What the catalogue says of a code; None for none."""
    return catalogue().get(code)


def _message(request: HttpRequest, found: opening.Message, form: ReasonForm) -> HttpResponse:
    row = found.row
    context = shared(request, _RIGHT, row.laboratory) | {
        "message": found,
        "row": row,
        "findings": [
            (entry_of(code), code, severity, location) for code, severity, location in found.findings
        ],
        "format": FORMATS[row.format],
        "outcome": OUTCOMES[row.outcome],
        "state": STATES[row.state],
        "is_open": row.state == State.OPEN.value,
        "may_open": has(actor_of(request).role, Right.DESK_OPEN),
        "form": form,
    }
    return render(request, "desk/message.html", context)


def _delay(delay: Delay | None) -> tuple[str, str]:
    """The median in words, and the share under a day."""
    if delay is None:
        return "—", str(_("aucun résultat daté à l’heure près"))
    share = _("%(share)s %% en moins de 24 h") % {"share": round(100 * delay.under_a_day)}
    if delay.median is None:
        return _("plus de %(hours)s h") % {"hours": MOST_HOURS}, share
    return _("%(hours)s h") % {"hours": round(delay.median)}, share


def _whole(number: int) -> str:
    return number_format(number, force_grouping=True)


def _waiting(count: int) -> str:
    said = ngettext(
        "%(count)d message sera jugé de nouveau d’ici deux minutes.",
        "%(count)d messages seront jugés de nouveau d’ici quelques minutes.",
        count,
    )
    return said % {"count": count}


def _code(request: HttpRequest) -> str:
    code = request.POST.get("motif", "")
    return code if code in catalogue() else ""


def _key(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _asked_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _cell(value: str) -> str:
    return f"'{value}" if value.startswith(_FORMULA) else value


def _keyring() -> Keyring:
    return keyring_of(settings.KEY_STORE)
