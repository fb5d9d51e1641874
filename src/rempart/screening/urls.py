"""The addresses of screening: the portal. The machines' door is in the site's API."""

from django.urls import path

from rempart.screening import pages

urlpatterns = [
    path("r/<str:reference>", pages.arrive, name="portal-arrive"),
    path("mon-resultat/", pages.identify, name="portal"),
    path("mon-resultat/code/", pages.enter_code, name="portal-code"),
    path("mon-resultat/resultat/", pages.result, name="portal-result"),
    path("mon-resultat/certificat.pdf", pages.certificate, name="portal-certificate"),
    path("mon-resultat/quitter/", pages.leave, name="portal-leave"),
]
