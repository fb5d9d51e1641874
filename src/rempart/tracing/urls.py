"""The addresses of tracing."""

from django.urls import path

from rempart.tracing import pages

urlpatterns = [
    path("suivi/", pages.worklist, name="worklist"),
    path("suivi/recherche/", pages.search, name="case-search"),
    path("suivi/flux/", pages.stream, name="case-stream"),
    path("suivi/dossiers/<uuid:case_id>/", pages.case_file, name="case-file"),
    path("suivi/dossiers/<uuid:case_id>/prendre/", pages.take, name="case-take"),
    path("suivi/dossiers/<uuid:case_id>/appele/", pages.call, name="case-called"),
    path("suivi/dossiers/<uuid:case_id>/confier/", pages.hand_over, name="case-hand-over"),
    path("suivi/dossiers/<uuid:case_id>/reprendre/", pages.take_back, name="case-take-back"),
]
