"""The addresses of certificates handed over on paper."""

from django.urls import path

from rempart.screening.handover import pages

urlpatterns = [
    path("laboratoire/boite/", pages.mailbox, name="mailbox"),
    path("laboratoire/boite/essai/", pages.try_mailbox, name="mailbox-try"),
    path("laboratoire/remises/", pages.handovers, name="handovers"),
    path(
        "laboratoire/remises/<uuid:paper_id>/certificat.pdf",
        pages.certificate,
        name="handover-certificate",
    ),
    path(
        "laboratoire/remises/<uuid:paper_id>/information.pdf",
        pages.information,
        name="handover-information",
    ),
    path("laboratoire/remises/<uuid:paper_id>/consignes.pdf", pages.hygiene, name="handover-hygiene"),
    path("laboratoire/remises/<uuid:paper_id>/fiche.pdf", pages.sheet, name="handover-sheet"),
    path("laboratoire/remises/<uuid:paper_id>/suite/", pages.mark, name="handover-mark"),
]
