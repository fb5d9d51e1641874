"""The web application, and what stands before it: from the outermost to Django."""

import os
import threading

from django.conf import settings
from django.urls import get_resolver, reverse

from rempart.foundation.access.origin import proxies
from rempart.site import lifeline
from rempart.site.bodies import Application, bounded
from rempart.site.evenly import evenly
from rempart.site.memory import settle
from rempart.site.proxies import believed
from rempart.site.static_files import with_static_files
from rempart.site.streaming import application as django_application

PROVING = ("portal", "portal-code", "login", "mfa_authenticate", "password-forgotten", "password-choose")
"""Where somebody proves who he is: what is found out there takes no time that can be measured."""

lifeline.follow()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rempart.site.settings")
_django = django_application()
_ = get_resolver().url_patterns  # a page that cannot be imported stops the server now, not at its first visit


def _with_the_short_way() -> Application:
    from rempart.screening.api import intake_of, recognised  # they read models: only once Django is set up
    from rempart.site.express import express

    def watch_tables(stop: threading.Event) -> None:
        intake_of().table.watch(stop)

    for watch, name in ((recognised.watch, "recognised"), (watch_tables, "tables")):
        threading.Thread(target=watch, args=(threading.Event(),), name=name, daemon=True).start()
    return express(_django, path=reverse("api-1:deliver"))


application = believed(
    with_static_files(
        evenly(bounded(_with_the_short_way()), paths=frozenset(map(reverse, PROVING))),
        root=settings.STATIC_ROOT,
        prefix=settings.STATIC_URL,
        secure=settings.SECURE,
    ),
    trusted=proxies(settings.PROXIES),
)
settle()
