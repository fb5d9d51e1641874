"""The addresses of the laboratory's desk."""

from django.urls import path

from rempart.screening.desk import pages

urlpatterns = [
    path("laboratoire/", pages.desk, name="desk"),
    path("laboratoire/messages/", pages.messages_of, name="desk-messages"),
    path("laboratoire/messages/rejuger/", pages.group_again, name="desk-group-again"),
    path("laboratoire/messages/classer/", pages.group_aside, name="desk-group-aside"),
    path("laboratoire/messages/<uuid:message_id>/", pages.message, name="desk-message"),
    path("laboratoire/messages/<uuid:message_id>/ouvrir/", pages.open_message, name="desk-message-open"),
    path("laboratoire/messages/<uuid:message_id>/rejuger/", pages.again, name="desk-message-again"),
    path("laboratoire/messages/<uuid:message_id>/classer/", pages.aside, name="desk-message-aside"),
    path("laboratoire/refus.csv", pages.refused_csv, name="desk-refused-csv"),
    path("laboratoire/silences/", pages.silent, name="desk-silent"),
]
