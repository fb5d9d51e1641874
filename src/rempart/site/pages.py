"""The pages that belong to no system: the doors, and what a laboratory needs to know."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from rempart.site.context import own_pages
from rempart.site.demo import people as demo_people


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    title: str | Promise
    text: str | Promise
    icon: str
    href: str


_DOORS = (
    (
        "portal",
        "virus-line",
        _("Je me suis fait tester"),
        _("Mon résultat, la conduite à tenir et mon certificat."),
    ),
    (
        "indicators",
        "line-chart-line",
        _("L’épidémie"),
        _("Tests, positivité et incidence, jour par jour et par département."),
    ),
    (
        "worklist",
        "team-line",
        _("Enquêteurs"),
        _("Les cas positifs de mon département, dès leur arrivée."),
    ),
    (
        "laboratories",
        "microscope-line",
        _("Laboratoires"),
        _("Transmettre les résultats : formats, clé, accusés."),
    ),
)


def home(request: HttpRequest) -> HttpResponse:
    """The doors."""
    doors = []
    for name, icon, title, text in _DOORS:
        try:
            doors.append(Door(title=title, text=text, icon=icon, href=reverse(name)))
        except NoReverseMatch:
            continue
    return render(request, "site/home.html", {"doors": doors})


def laboratories(request: HttpRequest) -> HttpResponse:
    """How a laboratory sends its results."""
    return render(
        request, "site/laboratories.html", {"deliveries": f"{settings.PUBLIC_URL}/api/v1/deliveries"}
    )


def space(request: HttpRequest) -> HttpResponse:
    """Where who has signed in begins: the first page of the menu that his role opens, else his account."""
    return redirect(next((entry.href for entry in own_pages(request)), reverse("account")))


def alive(request: HttpRequest) -> HttpResponse:
    """Whether this process and its database answer: for a proxy or an operator."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok\n", content_type="text/plain")


def outbox(request: HttpRequest) -> HttpResponse:
    """The demo's outbox: what patients would have received. This page does not exist outside the demo."""
    return render(request, "site/outbox.html", {"letters": demo_people.letters(most=50)})
