"""The addresses of the access review."""

from django.urls import path

from rempart.foundation.access.reviews import pages

urlpatterns = [
    path("revue-des-acces/", pages.review, name="access-review"),
    path("revue-des-acces/decisions/", pages.decide, name="access-review-decide"),
    path("revue-des-acces/signature/", pages.sign, name="access-review-sign"),
    path("revue-des-acces/<uuid:review_id>/", pages.file, name="access-review-file"),
]
