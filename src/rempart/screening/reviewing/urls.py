"""The addresses of the review of identities."""

from django.urls import path

from rempart.screening.reviewing import pages

urlpatterns = [
    path("identites/", pages.listing, name="identities"),
    path("identites/<uuid:pair_id>/", pages.pair, name="identities-pair"),
    path("identites/<uuid:pair_id>/decider/", pages.decide, name="identities-decide"),
    path("identites/<uuid:pair_id>/annuler/", pages.undo, name="identities-undo"),
]
