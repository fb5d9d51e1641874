"""The addresses of tables that are brought on a page."""

from django.urls import path

from rempart.screening.upload import pages

urlpatterns = [
    path("depot/", pages.bring, name="tables"),
    path("depot/modele.csv", pages.example, name="table-example"),
    path("depot/<uuid:upload_id>/", pages.show, name="table"),
    path("depot/<uuid:upload_id>/colonnes/", pages.name_columns, name="table-columns"),
    path("depot/<uuid:upload_id>/rapport.csv", pages.report, name="table-report"),
    path("depot/<uuid:upload_id>/garder/", pages.keep, name="table-keep"),
    path("depot/<uuid:upload_id>/abandonner/", pages.set_aside, name="table-set-aside"),
]
