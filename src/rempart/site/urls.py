"""Every address of the site; each room brings its own."""

from django.conf import settings
from django.urls import include, path

from rempart.screening.api import router as screening_router
from rempart.site import letters_pages, pages
from rempart.site.machines import api

api.add_router("/v1", screening_router)

urlpatterns = [
    path("", pages.home, name="home"),
    path("laboratoires/", pages.laboratories, name="laboratories"),
    path("espace/", pages.space, name="space"),
    path("sante/", pages.alive, name="alive"),
    path("messages/", letters_pages.letters, name="letters"),
    path("api/", api.urls),
    path("", include("rempart.foundation.access.signin.urls")),
    path("", include("rempart.foundation.access.urls")),
    path("", include("rempart.foundation.messaging.urls")),
    path("", include("rempart.screening.urls")),
    path("", include("rempart.tracing.urls")),
    path("", include("rempart.surveillance.urls")),
    path("", include("rempart.protection.exchange.urls")),
    path("", include("rempart.protection.catalogue.urls")),
    path("", include("rempart.protection.oversight.urls")),
    path("", include("rempart.protection.accesses.urls")),
    path("", include("rempart.protection.rights.urls")),
    path("", include("rempart.protection.retention.urls")),
]

handler404 = "rempart.site.machines.absent"

if settings.DEMO:
    urlpatterns.append(path("demonstration/messages/", pages.outbox, name="outbox"))
