"""What an administrator types to open or change an account."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from rempart.foundation.access.accounts import rules
from rempart.foundation.access.accounts.policy import Training
from rempart.foundation.access.accounts.rules import Reach
from rempart.foundation.access.accounts.services import AccountRefused, Opening
from rempart.foundation.access.accounts.words import REFUSALS, ROLES, TRAININGS
from rempart.foundation.access.actor import Actor
from rempart.foundation.access.models import Agent
from rempart.foundation.access.rights import Role
from rempart.foundation.database.row_security import EVERYWHERE
from rempart.foundation.territories import departments, regions

_NO_MEMORY = {"autocomplete": "off"}


class DayField(forms.DateField):
    """A day as the browser's own field sends it, or as people write it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            input_formats=["%Y-%m-%d", "%d/%m/%Y"],
            widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            error_messages={"invalid": _("Écrivez la date ainsi : jour/mois/année.")},
            **options,
        )


class AccountForm(forms.Form):
    """An account: for an administrator, one of the roles and departments that are his to give; for the operator,
    a region's administrator or somebody national."""

    role = forms.ChoiceField(label=_("Rôle"))
    name = forms.CharField(label=_("Prénom et nom"), max_length=120, widget=forms.TextInput(attrs=_NO_MEMORY))
    email = forms.EmailField(
        label=_("Adresse électronique professionnelle"),
        help_text=_("L’invitation à choisir un mot de passe y est envoyée."),
        widget=forms.EmailInput(attrs=_NO_MEMORY),
    )
    username = forms.RegexField(
        r"^[A-Za-z0-9@._+-]+\Z",
        label=_("Identifiant"),
        help_text=_("Ce que la personne tapera pour se connecter. Vide : son adresse électronique."),
        required=False,
        max_length=80,
        error_messages={"invalid": _("Lettres sans accent, chiffres et @ . _ + - seulement.")},
        widget=forms.TextInput(attrs=_NO_MEMORY),
    )
    organisation = forms.CharField(
        label=_("Organisme"), required=False, max_length=120, widget=forms.TextInput(attrs=_NO_MEMORY)
    )
    departments = forms.MultipleChoiceField(
        label=_("Départements"), required=False, widget=forms.CheckboxSelectMultiple
    )
    region = forms.ChoiceField(label=_("Région"), required=False)
    ends_on = DayField(
        label=_("Dernier jour"),
        help_text=_(
            "Pour un contrat, un renfort ou un prestataire ; au plus un an. Vide : sans date de fin."
        ),
        required=False,
    )

    def __init__(self, *args: Any, actor: Actor, agent: Agent | None = None, **options: Any) -> None:
        self.agent = agent
        if agent:
            options["initial"] = _initial(agent)
        super().__init__(*args, **options)
        self._roles = (Role(agent.role),) if agent else rules.opened_by(actor.role)
        self._offer(actor)
        if agent:  # these three never change
            for name in ("role", "email", "username"):
                del self.fields[name]

    @property
    def opening(self) -> Opening:
        """What was typed; valid forms only."""
        given = self.cleaned_data
        role = Role(self.agent.role) if self.agent else Role(given["role"])
        email = self.agent.email if self.agent else given["email"]
        username = self.agent.username if self.agent else given["username"] or email
        return Opening(
            username=username,
            name=given["name"],
            email=email,
            role=role,
            departments=self._perimeter(role),
            establishment=self.agent.establishment if self.agent else "",
            organisation=given["organisation"],
            ends_on=given["ends_on"],
        )

    def refuse(self, refused: AccountRefused) -> None:
        """Say beside each field what the rules refused."""
        for refusal in refused.refusals:
            name, words = REFUSALS[refusal]
            self.add_error(name if name in self.fields else None, str(words))

    def _offer(self, actor: Actor) -> None:
        reaches = {rules.reach(role) for role in self._roles}
        self.fields["role"].choices = [(role.value, ROLES[role]) for role in self._roles]  # type: ignore[attr-defined]
        if Reach.DEPARTMENTS in reaches:
            held = [code for code in departments() if code in actor.departments]
            self.fields["departments"].choices = [  # type: ignore[attr-defined]
                (code, f"{departments()[code].name} ({code})") for code in held
            ]
        else:
            del self.fields["departments"]
        if Reach.REGION in reaches:
            self.fields["region"].help_text = _("Pour un administrateur ; les autres rôles sont nationaux.")
            self.fields["region"].choices = [  # type: ignore[attr-defined]
                ("", "—"),
                *((code, region.name) for code, region in regions().items()),
            ]
        else:
            del self.fields["region"]

    def _perimeter(self, role: Role) -> tuple[str, ...]:
        match rules.reach(role):
            case Reach.NATION:
                return (EVERYWHERE,)
            case Reach.REGION:
                return tuple(sorted(rules.region_perimeter(self.cleaned_data["region"]).departments))
            case _:
                return tuple(self.cleaned_data["departments"])


class TrainingForm(forms.Form):
    """A training that was followed, and when."""

    training = forms.ChoiceField(
        label=_("Formation"), choices=[(training.value, words) for training, words in TRAININGS.items()]
    )
    on = DayField(label=_("Suivie le"))

    def offer(self, needed: Iterable[Training]) -> None:
        """Show only these to choose from; the form is asked for those that a role needs."""
        field = self.fields["training"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 -- declared above
        field.choices = [(training.value, TRAININGS[training]) for training in needed]

    @property
    def chosen(self) -> Training:
        return Training(self.cleaned_data["training"])


def _initial(agent: Agent) -> dict[str, Any]:
    return {
        "name": agent.name,
        "organisation": agent.organisation,
        "departments": list(agent.departments),
        "region": agent.region,
        "ends_on": agent.ends_on,
    }
