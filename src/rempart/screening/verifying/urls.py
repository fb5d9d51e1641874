"""The addresses of the page that checks certificates."""

from django.urls import path

from rempart.screening.verifying import pages

urlpatterns = [
    path("verifier/", pages.verifier, name="verifier"),
    path("verifier/confiance.json", pages.trust_list, name="verifier-trust"),
    path("verifier/service-worker.js", pages.service_worker, name="verifier-worker"),
]
