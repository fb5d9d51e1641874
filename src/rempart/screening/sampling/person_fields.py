"""The fields in which somebody is taken down: shared by the entry of a result, the drive and the person herself."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core import signing
from django.utils.translation import gettext_lazy as _

from rempart.foundation.identifiers import nir, rpps
from rempart.screening.fields import BirthDateField
from rempart.screening.rules.report import Address, Person, Practitioner, Residence, Sex, Symptoms
from rempart.screening.sampling.rules.phones import mobile_of, number_of
from rempart.screening.sampling.rules.places import codes_of
from rempart.screening.sampling.rules.registration import Registration

_SEXES = ((Sex.FEMALE, _("Féminin")), (Sex.MALE, _("Masculin")), (Sex.UNKNOWN, _("Non précisé")))
_RESIDENCES = (
    (Residence.INDIVIDUAL, _("Logement individuel")),
    (Residence.HOSPITALISED, _("Hospitalisé")),
    (Residence.CARE_HOME, _("EHPAD")),
    (Residence.PRISON, _("Milieu carcéral")),
    (Residence.OTHER_COLLECTIVE, _("Autre hébergement collectif")),
)
_SYMPTOMS = (
    ("", _("Non renseigné")),
    (Symptoms.NONE, _("Aucun symptôme")),
    (Symptoms.UNDER_2_DAYS, _("Apparus aujourd’hui ou hier")),
    (Symptoms.DAYS_2_TO_4, _("Depuis 2 à 4 jours")),
    (Symptoms.DAYS_5_TO_7, _("Depuis 5 à 7 jours")),
    (Symptoms.OVER_A_WEEK, _("Depuis plus d’une semaine")),
    (Symptoms.UNKNOWN, _("Ne sait pas")),
)
_YES_NO = (("yes", _("Oui")), ("no", _("Non")))
OFF = {"autocomplete": "off", "spellcheck": "false"}
DIGITS = {"autocomplete": "off", "inputmode": "numeric"}
_PROOF = "ins-proof"


class PractitionerField(forms.CharField):
    """A doctor's RPPS number, or his ADELI number where he has none; checked by its key."""

    def __init__(self, label: Any) -> None:
        super().__init__(
            label=label,
            required=False,
            max_length=20,
            help_text=_("RPPS, onze chiffres"),
            widget=forms.TextInput(attrs=DIGITS),
        )

    def clean(self, value: Any) -> Practitioner:
        text = rpps.rpps_of(str(super().clean(value)))
        if not text:
            return Practitioner()
        if rpps.is_rpps(text):
            return Practitioner(rpps=text)
        if rpps.is_adeli(text):
            return Practitioner(adeli=text)
        raise forms.ValidationError(_("Ce numéro n’est ni un RPPS ni un ADELI : vérifiez-le."))


class RegistrationForm(forms.Form):
    """Who is tested, how she is reached, how she lives and feels. `mark_required` is read by the field component."""

    mark_required = True

    birth_name = forms.CharField(
        label=_("Nom de naissance"), max_length=80, required=False, widget=forms.TextInput(attrs=OFF)
    )
    first_names = forms.CharField(
        label=_("Prénoms"),
        max_length=120,
        help_text=_("Tous, si vous les avez, séparés par des espaces"),
        widget=forms.TextInput(attrs=OFF),
    )
    used_name = forms.CharField(
        label=_("Nom utilisé"),
        max_length=80,
        required=False,
        help_text=_("S’il est différent"),
        widget=forms.TextInput(attrs=OFF),
    )
    birth_date = BirthDateField(label=_("Date de naissance"), widget=forms.TextInput(attrs=DIGITS))
    sex = forms.ChoiceField(label=_("Sexe"), choices=_SEXES, widget=forms.RadioSelect)
    birth_place = forms.CharField(
        label=_("Lieu de naissance"),
        max_length=80,
        required=False,
        help_text=_("Commune, ou son code INSEE ; à l’étranger, 99 et le code du pays"),
        widget=forms.TextInput(attrs=OFF),
    )
    number = forms.CharField(
        label=_("Numéro de sécurité sociale"),
        max_length=30,
        required=False,
        help_text=_("Celui de la personne elle-même"),
        widget=forms.TextInput(attrs=DIGITS),
    )
    ins_proof = forms.CharField(required=False, max_length=400, widget=forms.HiddenInput)
    phone = forms.CharField(
        label=_("Téléphone"),
        max_length=30,
        required=False,
        help_text=_("Mobile de préférence : le résultat y est envoyé"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "tel"}),
    )
    email = forms.EmailField(
        label=_("Courriel"), max_length=120, required=False, widget=forms.EmailInput(attrs=OFF)
    )
    relative = forms.BooleanField(
        label=_("Ce téléphone ou ce courriel est celui d’un proche de confiance"), required=False
    )
    street = forms.CharField(
        label=_("Adresse"), max_length=120, required=False, widget=forms.TextInput(attrs=OFF)
    )
    postal_code = forms.RegexField(
        r"^\s*\d{5}\s*$",
        label=_("Code postal"),
        max_length=10,
        required=False,
        error_messages={"invalid": _("Un code postal a cinq chiffres.")},
        widget=forms.TextInput(attrs=DIGITS),
    )
    city = forms.CharField(
        label=_("Commune"), max_length=80, required=False, widget=forms.TextInput(attrs=OFF)
    )
    residence = forms.MultipleChoiceField(
        label=_("Lieu de vie actuel"),
        choices=_RESIDENCES,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    symptoms = forms.ChoiceField(label=_("Symptômes"), choices=_SYMPTOMS, required=False)
    health_worker = forms.ChoiceField(
        label=_("Travaille dans le système de santé"),
        choices=_YES_NO,
        required=False,
        widget=forms.RadioSelect,
    )
    prescriber = PractitionerField(_("Médecin prescripteur"))
    general_practitioner = PractitionerField(_("Médecin traitant"))

    def clean_birth_place(self) -> str:
        text = str(self.cleaned_data["birth_place"]).strip()
        if not text:
            return ""
        codes = codes_of(text)
        if not codes:
            raise forms.ValidationError(
                _("Cette commune n’est pas connue : écrivez son code INSEE, ou laissez vide.")
            )
        if len(codes) > 1:
            raise forms.ValidationError(
                _("Plusieurs communes portent ce nom : ajoutez le département, par exemple « %(name)s 51 ».")
                % {"name": text}
            )
        return codes[0]

    def clean_number(self) -> str:
        text = str(self.cleaned_data["number"]).strip()
        if not text:
            return ""
        read = nir.parse(text)
        if not read.valid:
            raise forms.ValidationError(_("Ce numéro n’est pas un numéro de sécurité sociale : vérifiez-le."))
        return read.number

    def clean_phone(self) -> str:
        text = str(self.cleaned_data["phone"]).strip()
        number = number_of(text)
        if text and not number:
            raise forms.ValidationError(_("Ce numéro de téléphone n’est pas complet : vérifiez-le."))
        return number

    def clean_postal_code(self) -> str:
        return str(self.cleaned_data["postal_code"]).strip()

    def clean(self) -> None:
        data = self.cleaned_data
        if not (data.get("birth_name") or data.get("used_name")) and "birth_name" not in self.errors:
            self.add_error("birth_name", _("Indiquez le nom de naissance, ou à défaut le nom utilisé."))

    def lead_to(self) -> None:
        """Put the cursor where to go on: into the first field with an error, else into the first of all."""
        name = next((name for name in self.fields if name in self.errors), "birth_name")
        self.fields[name].widget.attrs["autofocus"] = True

    def registration(self) -> Registration:
        """What the valid form says."""
        data = self.cleaned_data
        health_worker = {"yes": True, "no": False}.get(data["health_worker"])
        return Registration(
            person=self.person(),
            residence=tuple(Residence(kind) for kind in data["residence"]),
            health_worker=health_worker,
            symptoms=Symptoms(data["symptoms"]) if data["symptoms"] else None,
            prescriber=data["prescriber"],
            general_practitioner=data["general_practitioner"],
        )

    def person(self) -> Person:
        """Who it is about; of a form whose other fields are not valid, what is known of her."""
        data = dict.fromkeys(self.fields, "") | self.cleaned_data
        mobile = mobile_of(data["phone"])
        relative = data["relative"]
        return Person(
            birth_name=data["birth_name"].strip(),
            used_name=data["used_name"].strip(),
            first_names=tuple(data["first_names"].replace(",", " ").split()),
            sex=Sex(data["sex"]),
            birth_date=data["birth_date"],
            birth_place=data["birth_place"],
            ins=data["number"],
            ins_authority=_authority(data["ins_proof"], data["number"]),
            address=Address(
                lines=tuple(filter(None, [data["street"].strip()])),
                postal_code=data["postal_code"],
                city=data["city"].strip(),
            ),
            phone="" if mobile else data["phone"],
            mobile="" if relative else mobile,
            email="" if relative else data["email"],
            relative_mobile=mobile if relative else "",
            relative_email=data["email"] if relative else "",
        )


def values_of(registration: Registration) -> dict[str, Any]:
    """What the fields show of a registration that is there already."""
    person = registration.person
    worker = {True: "yes", False: "no"}.get(registration.health_worker)  # type: ignore[arg-type]  # None: not said
    return {
        **identity_values(person),
        "used_name": person.used_name,
        "phone": person.mobile or person.relative_mobile or person.phone,
        "email": person.email or person.relative_email,
        "relative": bool(person.relative_mobile or person.relative_email),
        "street": " ".join(person.address.lines),
        "postal_code": person.address.postal_code,
        "city": person.address.city,
        "residence": [kind.value for kind in registration.residence],
        "symptoms": registration.symptoms.value if registration.symptoms else "",
        "health_worker": worker or "",
        "prescriber": registration.prescriber.rpps or registration.prescriber.adeli,
        "general_practitioner": registration.general_practitioner.rpps
        or registration.general_practitioner.adeli,
    }


def identity_values(person: Person) -> dict[str, str]:
    """What the fields of the strict traits and of the number show of a person."""
    return {
        "birth_name": person.birth_name,
        "first_names": " ".join(person.first_names),
        "birth_date": f"{person.birth_date:%d/%m/%Y}" if person.birth_date else "",
        "sex": person.sex.value if person.sex else "",
        "birth_place": person.birth_place,
        "number": person.ins,
        "ins_proof": prove(person.ins, person.ins_authority) if person.ins_authority else "",
    }


def prove(number: str, authority: str) -> str:
    """That the teleservice gave this number under this authority, for the way through the browser."""
    return signing.dumps([number, authority], salt=_PROOF)


def _authority(proof: str, number: str) -> str:
    """The authority that vouches for a number: of a proof of ours for this very number; else none."""
    try:
        proven, authority = signing.loads(proof, salt=_PROOF) if proof else ("", "")
    except (signing.BadSignature, ValueError):
        return ""
    return str(authority) if number and proven == number else ""
