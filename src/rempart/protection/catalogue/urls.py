"""The address of the page for everybody."""

from django.urls import path

from rempart.protection.catalogue import pages

urlpatterns = [path("vos-donnees/", pages.data_notice, name="data-notice")]
