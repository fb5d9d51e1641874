"""The addresses of machine keys."""

from django.urls import path

from rempart.foundation.access.machines import pages

urlpatterns = [
    path("cles/", pages.keys, name="machine-keys"),
    path("cles/nouvelle/", pages.make, name="machine-keys-make"),
    path("cles/<uuid:key_id>/renouveler/", pages.rotate, name="machine-keys-rotate"),
    path("cles/<uuid:key_id>/revoquer/", pages.revoke, name="machine-keys-revoke"),
    path("cles/certificats/", pages.add_certificate, name="machine-certificates-add"),
    path(
        "cles/certificats/<uuid:certificate_id>/revoquer/",
        pages.revoke_certificate,
        name="machine-certificates-revoke",
    ),
]
