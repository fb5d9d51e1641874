"""The addresses of the transcoding table."""

from django.urls import path

from rempart.screening.transcoding import pages

urlpatterns = [
    path("laboratoire/transcodage/", pages.table, name="transcoding"),
    path("laboratoire/transcodage/ajouter/", pages.add, name="transcoding-add"),
    path("laboratoire/transcodage/<uuid:translation_id>/fin/", pages.end, name="transcoding-end"),
    path("laboratoire/transcodage/textes/<uuid:unknown_id>/", pages.translate, name="transcoding-translate"),
    path(
        "laboratoire/transcodage/textes/<uuid:unknown_id>/ignorer/", pages.dismiss, name="transcoding-dismiss"
    ),
]
