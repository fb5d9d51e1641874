"""Addresses of the public figures."""

from django.urls import path

from rempart.surveillance import api, pages

urlpatterns = [
    path("indicateurs/", pages.indicators, name="indicators"),
    path("indicateurs/chiffres", pages.fresh_figures, name="indicators-fresh"),
    path("indicateurs.csv", api.indicators_csv, name="indicators-csv"),
]
