"""The addresses of retention: the data-protection officer's."""

from django.urls import path

from rempart.protection.retention import pages

urlpatterns = [
    path("conservation/", pages.retention, name="retention"),
    path("conservation/preuve.json", pages.proof_json, name="retention-proof"),
    path("conservation/ordres/", pages.orders, name="holds"),
    path("conservation/ordres/<uuid:hold_id>/lever/", pages.lift, name="hold-lift"),
]
