"""The addresses of screening: the portal. The machines' door is in the site's API."""

from django.urls import include, path

from rempart.screening import citizen_pages, download_pages, file_pages, pages

urlpatterns = [
    path("r/<str:reference>", pages.arrive, name="portal-arrive"),
    path("mon-resultat/", pages.identify, name="portal"),
    path("mon-resultat/code/", pages.enter_code, name="portal-code"),
    path("mon-resultat/resultat/", pages.result, name="portal-result"),
    path("mon-resultat/certificat.pdf", pages.certificate, name="portal-certificate"),
    path("mon-resultat/compte-rendu/<int:rank>/", download_pages.document, name="portal-document"),
    path("mon-resultat/resultat.<str:form>", download_pages.export, name="portal-export"),
    path("mon-resultat/quitter/", citizen_pages.leave, name="portal-leave"),
    path("mon-resultat/franceconnect/", citizen_pages.begin, name="fc-begin"),
    path("mon-resultat/franceconnect/retour/", citizen_pages.back, name="fc-back"),
    path("mon-resultat/franceconnect/suite/", citizen_pages.part, name="fc-part"),
    path("mon-resultat/franceconnect/adieu/", citizen_pages.left, name="fc-left"),
    path("mon-resultat/mes-resultats/", citizen_pages.results, name="portal-results"),
    path("mon-resultat/mes-resultats/<uuid:result>/", citizen_pages.choose, name="portal-choose"),
    path("fiches/prelevement/", file_pages.sampling, name="file-sampling"),
    path("fiches/masques/", file_pages.masks, name="file-masks"),
    path("", include("rempart.screening.sampling.urls")),
    path("", include("rempart.screening.desk.urls")),
    path("", include("rempart.screening.transcoding.urls")),
    path("", include("rempart.screening.upload.urls")),
    path("", include("rempart.screening.reviewing.urls")),
    path("", include("rempart.screening.register.urls")),
]
