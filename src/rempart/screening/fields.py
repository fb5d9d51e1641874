"""Form fields that the portal of the person and the pages of agents share."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class BirthDateField(forms.DateField):
    """A birth date as people write it: with slashes, dots, hyphens, spaces, or eight digits on end.

    A telephone's keyboard of digits may have none of the separators.
    """

    def __init__(self, **options: Any) -> None:
        formats = ["%d/%m/%Y", "%d-%m-%Y", "%d %m %Y", "%d.%m.%Y", "%d%m%Y", "%Y-%m-%d"]
        unreadable = _("Écrivez la date ainsi : jour/mois/année, par exemple 28/03/1979.")
        super().__init__(
            input_formats=formats,
            help_text=_("Exemple : 28/03/1979, ou 28031979"),
            error_messages={"invalid": unreadable},
            **options,
        )
