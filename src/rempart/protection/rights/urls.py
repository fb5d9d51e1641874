"""The addresses of people's rights: the citizen's, and the data-protection officer's."""

from django.urls import path

from rempart.protection.rights import officer_pages, pages

urlpatterns = [
    path("vos-donnees/", pages.notice, name="your-data"),
    path("mes-donnees/", pages.mine, name="rights"),
    path("mes-donnees/demander/", pages.ask, name="rights-ask"),
    path("mes-donnees/tout/", pages.data, name="rights-data"),
    path("mes-donnees/mes-donnees.pdf", pages.data_pdf, name="rights-data-pdf"),
    path("mes-donnees/mes-donnees.json", pages.data_json, name="rights-data-json"),
    path("mes-donnees/erreur/", pages.rectify, name="rights-rectify"),
    path("mes-donnees/recherche/", pages.research, name="rights-research"),
    path("droits/demandes/", officer_pages.requests, name="requests"),
    path("droits/demandes/noter/", officer_pages.write, name="request-write"),
    path("droits/demandes/messages/", officer_pages.refuse_messages, name="request-messages"),
    path("droits/demandes/<uuid:request_id>/", officer_pages.request_page, name="request"),
    path("droits/demandes/<uuid:request_id>/prendre/", officer_pages.take, name="request-take"),
    path("droits/demandes/<uuid:request_id>/prolonger/", officer_pages.extend, name="request-extend"),
    path("droits/demandes/<uuid:request_id>/repondre/", officer_pages.answer, name="request-answer"),
    path("droits/demandes/<uuid:request_id>/corriger/", officer_pages.rectify, name="request-rectify"),
    path("droits/demandes/<uuid:request_id>/opposition/", officer_pages.object_for, name="request-object"),
    path("droits/demandes/<uuid:request_id>/donnees.pdf", officer_pages.dossier, name="request-dossier"),
]
