"""The addresses of the exchange."""

from django.urls import path

from rempart.protection.exchange import pages

urlpatterns = [
    path("echanges/", pages.received, name="exchange-received"),
    path("echanges/envoyes/", pages.sent, name="exchange-sent"),
    path("echanges/nouveau/", pages.offer, name="exchange-offer"),
    path("echanges/<uuid:handover_id>/", pages.file, name="exchange-file"),
    path("echanges/<uuid:handover_id>/fichier/", pages.upload, name="exchange-upload"),
    path("echanges/<uuid:handover_id>/telecharger/", pages.fetch, name="exchange-fetch"),
    path("echanges/<uuid:handover_id>/retirer/", pages.withdraw, name="exchange-withdraw"),
]
