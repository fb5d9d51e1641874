"""The addresses of work by hand: entries, drives, and what a person leaves before she comes."""

from django.urls import path

from rempart.screening.sampling import drive_pages, entry_pages, own_pages

urlpatterns = [
    path("saisie/", entry_pages.enter, name="result-enter"),
    path("saisie/recentes/", entry_pages.recent, name="result-entries"),
    path("saisie/<uuid:entry_id>/", entry_pages.shown, name="result-entry"),
    path("saisie/<uuid:entry_id>/corriger/", entry_pages.correct, name="result-entry-correct"),
    path("saisie/<uuid:entry_id>/retirer/", entry_pages.retract, name="result-entry-retract"),
    path("campagnes/", drive_pages.listed, name="drives"),
    path("campagnes/<uuid:drive_id>/", drive_pages.shown, name="drive"),
    path("campagnes/<uuid:drive_id>/inscrire/", drive_pages.register, name="drive-register"),
    path("campagnes/<uuid:drive_id>/etiquettes.pdf", drive_pages.blank, name="drive-labels"),
    path("campagnes/<uuid:drive_id>/envoyer/", drive_pages.send, name="drive-send"),
    path("campagnes/tubes/<uuid:specimen_id>/", drive_pages.specimen, name="specimen"),
    path("campagnes/tubes/<uuid:specimen_id>/etiquette.pdf", drive_pages.label, name="specimen-label"),
    path("campagnes/tubes/<uuid:specimen_id>/preleve/", drive_pages.sampled, name="specimen-sampled"),
    path("campagnes/lots/<uuid:batch_id>/", drive_pages.batch, name="batch"),
    path("campagnes/lots/<uuid:batch_id>/bordereau.pdf", drive_pages.delivery_note, name="batch-note"),
    path("campagnes/lots/<uuid:batch_id>/recevoir/", drive_pages.receive, name="batch-receive"),
    path("preinscription/", own_pages.begin, name="preregister"),
    path("preinscription/code/", own_pages.code, name="preregistered"),
    path("preinscription/effacer/", own_pages.withdraw, name="preregistration-withdraw"),
]
