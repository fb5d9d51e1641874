"""The addresses of the register of laboratories."""

from django.urls import path

from rempart.screening.register import pages

urlpatterns = [
    path("registre/", pages.register, name="register"),
    path("registre/laboratoires.csv", pages.as_csv, name="register-csv"),
    path("registre/completer/", pages.complete, name="register-complete"),
    path("registre/demandes/<uuid:asked_id>/", pages.answer, name="register-answer"),
    path("registre/<str:finess>/", pages.laboratory, name="register-laboratory"),
    path("registre/<str:finess>/demande/", pages.ask, name="register-ask"),
]
