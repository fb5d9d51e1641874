"""The addresses of enrolment by post, and of the help desk."""

from django.urls import path

from rempart.foundation.access.enrolment import pages

urlpatterns = [
    path("compte-laboratoire/", pages.ask, name="laboratory-ask"),
    path("compte-laboratoire/demande/", pages.asked, name="laboratory-asked"),
    path("compte-laboratoire/adresse/<str:token>/", pages.email, name="laboratory-email"),
    path("compte-laboratoire/code/", pages.code, name="laboratory-code"),
    path("conditions/", pages.conditions, name="conditions"),
    path("assistance/laboratoires/", pages.help_desk, name="help-desk"),
    path("assistance/laboratoires/<uuid:enrolment_id>/debloquer/", pages.unblock, name="help-desk-unblock"),
]
