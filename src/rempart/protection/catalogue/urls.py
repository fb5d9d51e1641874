"""The address of the page for everybody."""

from django.urls import path

from rempart.protection.catalogue import pages

urlpatterns = [path("vos-donnees/registre/", pages.data_register, name="data-register")]
