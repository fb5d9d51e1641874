"""The one address of the outbox that people open."""

from django.urls import path

from rempart.foundation.messaging import pages

urlpatterns = [path("messages/arret/<str:token>/", pages.stop, name="message-stop")]
