"""The addresses of the person's portal."""

from django.urls import path

from rempart.screening.portal import citizen_pages, download_pages, list_pages, pages

urlpatterns = [
    path("r/<str:reference>", pages.arrive, name="portal-arrive"),
    path("mon-resultat/", pages.identify, name="portal"),
    path("mon-resultat/code/", pages.enter_code, name="portal-code"),
    path("mon-resultat/langue/", pages.speak, name="portal-language"),
    path("mon-resultat/sans-telephone/", pages.without_telephone, name="portal-without-telephone"),
    path("mon-resultat/sans-telephone.pdf", download_pages.orientation, name="portal-orientation"),
    path("mon-resultat/mes-resultats/", list_pages.results, name="portal-results"),
    path("mon-resultat/mes-resultats/<uuid:result>/", list_pages.choose, name="portal-choose"),
    path("mon-resultat/resultat/", list_pages.result, name="portal-result"),
    path("mon-resultat/application/", list_pages.into_application, name="portal-application"),
    path("mon-resultat/certificat.pdf", download_pages.certificate, name="portal-certificate"),
    path("mon-resultat/information.pdf", download_pages.information, name="portal-information"),
    path("mon-resultat/consignes.pdf", download_pages.hygiene, name="portal-hygiene"),
    path("mon-resultat/compte-rendu/<int:rank>/", download_pages.document, name="portal-document"),
    path("mon-resultat/resultat.<str:form>", download_pages.export, name="portal-export"),
    path("mon-resultat/quitter/", citizen_pages.leave, name="portal-leave"),
    path("mon-resultat/franceconnect/", citizen_pages.begin, name="fc-begin"),
    path("mon-resultat/franceconnect/retour/", citizen_pages.back, name="fc-back"),
    path("mon-resultat/franceconnect/suite/", citizen_pages.part, name="fc-part"),
    path("mon-resultat/franceconnect/adieu/", citizen_pages.left, name="fc-left"),
]
