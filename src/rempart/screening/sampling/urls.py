"""The addresses of work by hand."""

from django.urls import path

from rempart.screening.sampling import entry_pages

urlpatterns = [
    path("saisie/", entry_pages.enter, name="result-enter"),
    path("saisie/recentes/", entry_pages.recent, name="result-entries"),
    path("saisie/<uuid:entry_id>/", entry_pages.shown, name="result-entry"),
    path("saisie/<uuid:entry_id>/corriger/", entry_pages.correct, name="result-entry-correct"),
    path("saisie/<uuid:entry_id>/retirer/", entry_pages.retract, name="result-entry-retract"),
]
