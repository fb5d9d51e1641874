"""The button that asks the teleservice: the form comes back with what it found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import Promise

from rempart.foundation.access.rights import Right
from rempart.screening.sampling.person_fields import RegistrationForm, identity_values
from rempart.screening.sampling.services import ins
from rempart.screening.sampling.words import INS

_Form = TypeVar("_Form", bound=RegistrationForm)

BUTTON = "ins"
_TRAITS = frozenset({"birth_name", "first_names", "sex", "birth_date", "birth_place"})


def looked_up(
    request: HttpRequest, form: _Form, again: Callable[[dict[str, Any]], _Form], *, right: Right
) -> tuple[_Form, Promise | None]:
    """The form with what the teleservice knows of the person, and what it said; or with the errors of its traits,
    where it could not be asked. `again` makes the form anew from what its fields show."""
    form.full_clean()
    for name in set(form.errors) - _TRAITS:
        del form.errors[name]
    if form.errors:
        return form, None
    answer = ins.look_up(
        actor=request.actor,  # type: ignore[attr-defined]
        right=right,
        person=form.person(),
        endpoint=settings.INS_TELESERVICE,
        now=request.now,  # type: ignore[attr-defined]
    )
    typed = typed_in(request, form)
    if answer.person is not None:
        typed |= {name: value for name, value in identity_values(answer.person).items() if value}
    return again(typed), INS[answer.found]


def typed_in(request: HttpRequest, form: RegistrationForm) -> dict[str, Any]:
    """What the fields of a form that was sent show."""
    typed: dict[str, Any] = {name: request.POST.get(name, "") for name in form.fields}
    return typed | {"residence": request.POST.getlist("residence")}
