"""To whom, why, how long."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from rempart.protection.exchange.rules import Motive, Policy

MOTIVES = {
    Motive.CASE_FILES: _("Dossiers à suivre"),
    Motive.RESULTS: _("Résultats ou messages de laboratoire"),
    Motive.REQUEST: _("Demande d’une personne concernée"),
    Motive.FIGURES: _("Chiffres"),
    Motive.TECHNICAL: _("Question technique"),
    Motive.OTHER: _("Autre motif"),
}


class OfferForm(forms.Form):
    """What is said before the file is brought."""

    to = forms.CharField(
        label=_("Destinataires"),
        help_text=_("Identifiant ou adresse professionnelle de chaque compte, un par ligne"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
    )
    motive = forms.ChoiceField(
        label=_("Motif"),
        choices=[("", _("Choisir un motif")), *((motive.value, label) for motive, label in MOTIVES.items())],
        help_text=_("Il est inscrit au journal"),
    )
    message = forms.CharField(
        label=_("Message"),
        required=False,
        max_length=1000,
        help_text=_("Lu par les destinataires seulement, effacé avec le fichier"),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    days = forms.TypedChoiceField(label=_("Le fichier attend"), coerce=int)
    downloads = forms.TypedChoiceField(label=_("Chaque destinataire le télécharge au plus"), coerce=int)

    def __init__(self, *args: Any, policy: Policy, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._offer(
            "days",
            {
                days: _("1 jour") if days == 1 else _("%(days)s jours") % {"days": days}
                for days in policy.days
            },
        )
        self._offer(
            "downloads",
            {
                times: _("1 fois") if times == 1 else _("%(times)s fois") % {"times": times}
                for times in policy.downloads
            },
        )

    def _offer(self, name: str, choices: Mapping[int, str | Promise]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.TypedChoiceField):
            field.choices = list(choices.items())

    def clean_to(self) -> list[str]:
        return [
            line.strip() for line in self.cleaned_data["to"].replace(",", "\n").splitlines() if line.strip()
        ]

    def clean_motive(self) -> Motive:
        return Motive(self.cleaned_data["motive"])
