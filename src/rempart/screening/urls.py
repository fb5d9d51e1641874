"""The addresses of screening. The machines' door is in the site's API."""

from django.urls import include, path

from rempart.screening import file_pages

urlpatterns = [
    path("", include("rempart.screening.portal.urls")),
    path("fiches/prelevement/", file_pages.sampling, name="file-sampling"),
    path("fiches/masques/", file_pages.masks, name="file-masks"),
    path("", include("rempart.screening.sampling.urls")),
    path("", include("rempart.screening.desk.urls")),
    path("", include("rempart.screening.handover.urls")),
    path("", include("rempart.screening.notices.urls")),
    path("", include("rempart.screening.transcoding.urls")),
    path("", include("rempart.screening.upload.urls")),
    path("", include("rempart.screening.reviewing.urls")),
    path("", include("rempart.screening.register.urls")),
    path("", include("rempart.screening.verifying.urls")),
]
