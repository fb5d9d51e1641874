"""The addresses of notices: what they say, and whom a laboratory telephones."""

from django.urls import path

from rempart.screening.notices.calls import pages as calls
from rempart.screening.notices.wording import pages as wording

urlpatterns = [
    path("communication/textes/", wording.wordings, name="wordings"),
    path("communication/textes/<slug:kind>/<slug:channel>/", wording.wording, name="wording"),
    path("laboratoire/appels/", calls.calls, name="calls"),
    path("laboratoire/appels/<uuid:call_id>/", calls.call_note, name="call-note"),
]
