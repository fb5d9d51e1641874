"""The addresses of the committee."""

from django.urls import path

from rempart.protection.oversight import pages

urlpatterns = [
    path("comite/", pages.oversight, name="oversight"),
    path("comite/rapport.pdf", pages.report_pdf, name="oversight-report"),
    path("comite/donnees.csv", pages.data_csv, name="oversight-csv"),
    path("comite/donnees.json", pages.data_json, name="oversight-json"),
]
