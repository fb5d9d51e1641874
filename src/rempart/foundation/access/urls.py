"""The addresses of accounts and of what they may see besides."""

from django.urls import include, path

from rempart.foundation.access.glass import pages as glass
from rempart.foundation.access.professionals import pages as professionals

urlpatterns = [
    path("", include("rempart.foundation.access.accounts.urls")),
    path("", include("rempart.foundation.access.enrolment.urls")),
    path("", include("rempart.foundation.access.machines.urls")),
    path("", include("rempart.foundation.access.reviews.urls")),
    path("connexion/pro-sante-connect/", professionals.begin, name="psc-begin"),
    path("connexion/pro-sante-connect/retour/", professionals.back, name="psc-back"),
    path("connexion/pro-sante-connect/telephone/", professionals.ring, name="psc-phone"),
    path("connexion/pro-sante-connect/telephone/attente/", professionals.wait, name="psc-phone-wait"),
    path("deconnexion/pro-sante-connect/", professionals.leave, name="psc-leave"),
    path("deconnexion/pro-sante-connect/suite/", professionals.part, name="psc-part"),
    path("deconnexion/pro-sante-connect/retour/", professionals.left, name="psc-left"),
    path("acces-exceptionnel/", glass.break_glass, name="glass-break"),
    path("acces-exceptionnel/fermer/", glass.mend_glass, name="glass-mend"),
    path("acces-exceptionnels/", glass.review, name="glass-review"),
    path("acces-exceptionnels/<uuid:glass_id>/examen/", glass.decide, name="glass-decide"),
]
