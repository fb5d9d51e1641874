"""The addresses of the trail: the data-protection officer's, and the person's own."""

from django.urls import path

from rempart.protection.accesses import pages, watch_pages

urlpatterns = [
    path("protection/acces/", pages.search, name="audit-search"),
    path("protection/acces/alertes/", watch_pages.listed, name="audit-alerts"),
    path("protection/acces/alertes/<uuid:alert_id>/", watch_pages.shown, name="audit-alert"),
    path("protection/acces/alertes/<uuid:alert_id>/traiter/", watch_pages.handle, name="audit-alert-handle"),
    path("protection/acces/dossiers-proteges/", watch_pages.watched, name="audit-watched"),
    path("protection/acces/dossiers-proteges/ajouter/", watch_pages.watch, name="audit-watch"),
    path(
        "protection/acces/dossiers-proteges/<uuid:line_id>/lever/", watch_pages.unwatch, name="audit-unwatch"
    ),
    path("mon-resultat/acces/", pages.mine, name="portal-accesses"),
]
