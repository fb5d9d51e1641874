"""Finding one person by what a letter or a judge's order says of him: by number, or by name and birth date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from rempart.foundation.access.actor import Actor, acting, require
from rempart.foundation.access.rights import Right
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.identifiers import nir
from rempart.foundation.people.content import IdentityRecord
from rempart.foundation.people.identities import digests_of_name, digests_of_number, read_identities
from rempart.foundation.people.models import Identity, Link
from rempart.foundation.vault import Indexer, Keyring
from rempart.screening.fields import BirthDateField

MOST = 20
"""Persons shown: more have the same name and birth date only where the search is by mistake."""


class FindForm(forms.Form):
    """Sent by POST, so that no address holds whom one looks for."""

    number = forms.CharField(
        label=_("Numéro de sécurité sociale"),
        required=False,
        max_length=30,
        help_text=_("13 ou 15 caractères"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    name = forms.CharField(
        label=_("Nom de naissance ou nom utilisé"),
        required=False,
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    birth_date = BirthDateField(
        label=_("Date de naissance"), required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    def clean(self) -> None:
        data = self.cleaned_data
        if self.errors:
            return
        if data.get("number") and not nir.parse(data["number"]).valid:
            self.add_error("number", _("Ce numéro n’est pas un numéro de sécurité sociale : vérifiez-le."))
        elif not data.get("number") and not (data.get("name") and data.get("birth_date")):
            raise forms.ValidationError(_("Indiquez le numéro, ou le nom avec la date de naissance."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody found, by the latest record of him."""

    id: UUID
    identity: IdentityRecord


def find(
    *, actor: Actor, right: Right, number: str = "", name: str = "", birth_date: date | None = None,
    keyring: Keyring, now: datetime,
) -> Sequence[Person]:  # fmt: skip
    """The persons that fit, with the right in whose name they are looked for; audited, without what was searched."""
    require(actor, right)
    indexer = Indexer(keyring, now.date())
    condition = Q(pk__in=[])
    matricule = nir.parse(number) if number else None
    if matricule is not None and matricule.valid:
        condition |= Q(ins__in=digests_of_number(matricule.number, indexer=indexer))
    if name and birth_date:
        digests = digests_of_name(name, birth_date, indexer=indexer)
        condition |= Q(name_birth__in=digests) | Q(used_name_birth__in=digests)
    with acting(actor):
        keys = list(
            Identity.objects.filter(condition).order_by("-created_at").values_list("id", flat=True)[:500]
        )
        owners = dict(Link.objects.filter(identity_id__in=keys).values_list("identity_id", "person_id"))
        opened = read_identities(keys, keyring=keyring)
        found: dict[UUID, Person] = {}
        for key in keys:
            if key in owners and key in opened:
                found.setdefault(owners[key], Person(id=owners[key], identity=opened[key]))
        record(actor, Act.PERSON_SOUGHT, "person", now=now, found=len(found))
    return list(found.values())[:MOST]
