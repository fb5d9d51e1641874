"""The addresses of accounts and of what they may see besides."""

from django.urls import path

from rempart.foundation.access.glass import pages as glass

urlpatterns = [
    path("acces-exceptionnel/", glass.break_glass, name="glass-break"),
    path("acces-exceptionnel/fermer/", glass.mend_glass, name="glass-mend"),
    path("acces-exceptionnels/", glass.review, name="glass-review"),
    path("acces-exceptionnels/<uuid:glass_id>/examen/", glass.decide, name="glass-decide"),
]
