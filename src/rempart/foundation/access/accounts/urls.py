"""The addresses of accounts."""

from django.urls import path

from rempart.foundation.access.accounts import pages

urlpatterns = [
    path("comptes/", pages.accounts, name="accounts"),
    path("comptes/nouveau/", pages.open_account, name="accounts-open"),
    path("comptes/<uuid:agent_id>/", pages.account, name="accounts-file"),
    path("comptes/<uuid:agent_id>/modifier/", pages.change, name="accounts-change"),
    path("comptes/<uuid:agent_id>/suspendre/", pages.suspend, name="accounts-suspend"),
    path("comptes/<uuid:agent_id>/retablir/", pages.resume, name="accounts-resume"),
    path("comptes/<uuid:agent_id>/formation/", pages.train, name="accounts-train"),
    path("comptes/<uuid:agent_id>/second-facteur/", pages.reset_factors, name="accounts-factors"),
    path("comptes/<uuid:agent_id>/inviter/", pages.invite, name="accounts-invite"),
    path("comptes/<uuid:agent_id>/confier/", pages.hand_over, name="accounts-hand-over"),
    path("mes-droits/", pages.standing, name="account-standing"),
    path("mes-droits/conditions/", pages.accept, name="account-conditions"),
]
