"""The forms of work by hand: a result, a drive, a person at it, and a person who registers herself."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from rempart.foundation.directories import lookups
from rempart.foundation.identifiers import finess
from rempart.foundation.terminology import Kind, Pathogen
from rempart.screening.rules.report import Practitioner, Result
from rempart.screening.sampling.person_fields import DIGITS, OFF, RegistrationForm, values_of
from rempart.screening.sampling.rules import tubes
from rempart.screening.sampling.rules.entry import Entry
from rempart.screening.sampling.rules.registration import Registration
from rempart.screening.sampling.words import analysis_name

RESULTS = (
    (Result.POSITIVE, _("Positif")),
    (Result.NEGATIVE, _("Négatif")),
    (Result.UNINTERPRETABLE, _("Ininterprétable")),
    (Result.NON_CONFORM, _("Non conforme")),
)
LANGUAGES = (("fr", _("Français")), ("en", _("Anglais")))
"""In which the information notice is there."""
_BACK, _AHEAD = timedelta(days=3), timedelta(days=60)
"""How far back and ahead a drive may be opened."""
_LOCAL = "%Y-%m-%dT%H:%M"


class EntryForm(RegistrationForm):
    """One result: the person, the test, and what it says. Nothing of the result is chosen beforehand."""

    establishment = forms.CharField(
        label=_("Numéro de votre cabinet"),
        max_length=14,
        help_text=_("FINESS ou, à défaut, numéro d’Assurance maladie du cabinet : neuf chiffres"),
        widget=forms.TextInput(attrs=DIGITS),
    )
    analysis = forms.ChoiceField(label=_("Test"))
    device = forms.RegexField(
        r"^\s*\d{1,6}\s*$",
        label=_("Dispositif"),
        max_length=8,
        required=False,
        help_text=_("Numéro dans la liste européenne, pour le certificat"),
        error_messages={"invalid": _("Ce numéro n’a que des chiffres.")},
        widget=forms.TextInput(attrs=DIGITS),
    )
    sampled_at = forms.DateTimeField(
        label=_("Prélevé le"),
        input_formats=[_LOCAL],
        error_messages={"invalid": _("Choisissez un jour et une heure.")},
        widget=forms.DateTimeInput(format=_LOCAL, attrs={"type": "datetime-local"}),
    )
    result = forms.ChoiceField(
        label=_("Résultat"),
        choices=RESULTS,
        error_messages={
            "required": _("Choisissez le résultat, positif ou négatif : les deux se saisissent.")
        },
        widget=forms.RadioSelect,
    )

    def __init__(
        self, *args: Any, pathogen: Pathogen, knows_place: bool, fixed: str = "", **options: Any
    ) -> None:
        """`knows_place`: the account says where he tests; `fixed`: the analysis of an entry that is corrected."""
        super().__init__(*args, **options)
        if knows_place:
            del self.fields["establishment"]
        published = [one for one in pathogen.analyses.values() if one.published]
        published.sort(key=lambda one: one.kind is not Kind.ANTIGEN)
        self.fields["analysis"].choices = [  # type: ignore[attr-defined]
            (one.loinc, analysis_name(one)) for one in published if fixed in ("", one.loinc)
        ]

    def clean_establishment(self) -> str:
        text = str(self.cleaned_data["establishment"])
        if not finess.is_valid(text):
            raise forms.ValidationError(_("Ce numéro n’a pas la bonne forme ou la bonne clé : vérifiez-le."))
        return finess.normalise(text)

    def entry(self) -> Entry:
        """What the valid form says."""
        data = self.cleaned_data
        sampled_at: datetime = data["sampled_at"]
        return Entry(
            registration=self.registration(),
            loinc=data["analysis"],
            result=Result(data["result"]),
            sampled_at=sampled_at,
            device=data["device"].strip(),
        )


def entry_values_of(entry: Entry) -> dict[str, Any]:
    """What the fields show of an entry that is there already."""
    return values_of(entry.registration) | {
        "analysis": entry.loinc,
        "device": entry.device,
        "sampled_at": entry.sampled_at,
        "result": entry.result.value,
    }


class DriveForm(forms.Form):
    """A day of sampling."""

    mark_required = True

    place = forms.CharField(
        label=_("Lieu"),
        max_length=120,
        help_text=_("Par exemple : gymnase Jaurès, Lille"),
        widget=forms.TextInput(attrs=OFF),
    )
    held_on = forms.DateField(
        label=_("Jour"),
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    laboratory = forms.CharField(
        label=_("Laboratoire qui analysera"),
        max_length=14,
        help_text=_("Son numéro FINESS, neuf chiffres"),
        widget=forms.TextInput(attrs=DIGITS),
    )

    def __init__(self, *args: Any, today: date, **options: Any) -> None:
        super().__init__(*args, **options)
        self._today = today

    def clean_held_on(self) -> date:
        day: date = self.cleaned_data["held_on"]
        if not self._today - _BACK <= day <= self._today + _AHEAD:
            raise forms.ValidationError(_("Une campagne s’ouvre pour un jour proche."))
        return day

    def clean_laboratory(self) -> str:
        text = str(self.cleaned_data["laboratory"])
        if not finess.is_valid(text):
            raise forms.ValidationError(_("Ce numéro n’est pas un numéro FINESS : vérifiez-le."))
        if lookups.loaded() and not lookups.is_laboratory(text):
            raise forms.ValidationError(_("Ce numéro n’est pas celui d’un laboratoire de l’annuaire."))
        return finess.normalise(text)


class PersonForm(RegistrationForm):
    """A person at a drive, her tube, and what she was told."""

    tube = forms.CharField(
        label=_("Numéro du tube"),
        max_length=40,
        required=False,
        help_text=_("Scannez l’étiquette ; laissez vide pour en imprimer une"),
        widget=forms.TextInput(attrs=OFF),
    )
    sampled = forms.BooleanField(label=_("Le prélèvement est fait"), required=False)
    informed = forms.BooleanField(
        label=_("La personne a reçu l’information sur ses données"),
        error_messages={"required": _("Donnez-lui l’information d’abord : elle est ci-dessous.")},
    )
    language = forms.ChoiceField(label=_("En quelle langue"), choices=LANGUAGES)
    picked = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)

    def clean_tube(self) -> str:
        text = str(self.cleaned_data["tube"])
        if not text.strip():
            return ""
        try:
            return tubes.read(text)
        except tubes.Misread:
            raise forms.ValidationError(_("Cette étiquette est mal lue : scannez-la de nouveau.")) from None


class OwnForm(RegistrationForm):
    """What a person says of herself before she comes."""

    read = forms.BooleanField(
        label=_("J’ai lu ce que la plateforme fait de mes données"),
        error_messages={"required": _("Lisez l’information ci-dessous, puis cochez cette case.")},
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        del self.fields["prescriber"], self.fields["ins_proof"]
        for name, (label, known) in _OWN.items():
            self.fields[name].label = label
            self.fields[name].widget.attrs |= {"autocomplete": known} if known else {}

    def registration(self) -> Registration:
        self.cleaned_data |= {"prescriber": Practitioner(), "ins_proof": ""}
        return super().registration()


_OWN = {
    "birth_name": (_("Votre nom de naissance"), "family-name"),
    "first_names": (_("Vos prénoms"), "given-name"),
    "used_name": (_("Le nom que vous utilisez"), ""),
    "birth_date": (_("Votre date de naissance"), "bday"),
    "sex": (_("Votre sexe à l’état civil"), ""),
    "birth_place": (_("Votre commune de naissance"), ""),
    "number": (_("Votre numéro de sécurité sociale"), ""),
    "phone": (_("Votre téléphone"), "tel"),
    "email": (_("Votre courriel"), "email"),
    "street": (_("Votre adresse"), "street-address"),
    "postal_code": (_("Votre code postal"), "postal-code"),
    "city": (_("Votre commune"), "address-level2"),
    "residence": (_("Où vivez-vous en ce moment ?"), ""),
    "symptoms": (_("Avez-vous des symptômes ?"), ""),
    "health_worker": (_("Travaillez-vous dans le système de santé ?"), ""),
    "general_practitioner": (_("Votre médecin traitant"), ""),
}
"""How the fields speak to the person herself, and what a browser may fill them with (WCAG 1.3.5)."""
