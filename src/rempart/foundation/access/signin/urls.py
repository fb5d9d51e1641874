"""The addresses of signing in. Names that begin with "account_" or "mfa_" are those allauth asks for."""

from django.urls import path

from rempart.foundation.access.signin import account_pages, pages, recovery_pages

urlpatterns = [
    path("connexion/", pages.SignIn.as_view(), name="login"),
    path("connexion/", pages.SignIn.as_view(), name="account_login"),
    path("connexion/second-facteur/", pages.SecondStep.as_view(), name="mfa_authenticate"),
    path("deconnexion/", pages.sign_out, name="logout"),
    path("connexion/mot-de-passe-oublie/", recovery_pages.forgotten, name="password-forgotten"),
    path("connexion/mot-de-passe-oublie/suite/", recovery_pages.asked, name="password-asked"),
    path("connexion/lien/<str:token>/", recovery_pages.link, name="password-link"),
    path("connexion/mot-de-passe/", recovery_pages.choose, name="password-choose"),
    path("compte/", account_pages.account, name="account"),
    path("compte/mot-de-passe/", account_pages.change_password, name="password-change"),
    path("compte/second-facteur/", account_pages.second_factor, name="second-factor"),
    path("compte/second-facteur/application/", account_pages.set_up_application, name="application"),
    path("compte/second-facteur/cle/", account_pages.AddPasskey.as_view(), name="mfa_add_webauthn"),
    path(
        "compte/second-facteur/cle/<int:passkey_id>/retirer/",
        account_pages.remove_passkey,
        name="passkey-remove",
    ),
    path("compte/codes-de-secours/", account_pages.recovery_codes, name="mfa_view_recovery_codes"),
    path("compte/codes-de-secours/autres/", account_pages.new_recovery_codes, name="recovery-codes-new"),
    path("compte/appareils/fermer/", account_pages.end_session, name="session-end"),
    path("compte/confirmer/", pages.PasswordAgainPage.as_view(), name="account_reauthenticate"),
    path("compte/confirmer/code/", pages.CodeAgainPage.as_view(), name="mfa_reauthenticate"),
    path("compte/confirmer/cle/", pages.PasskeyAgainPage.as_view(), name="mfa_reauthenticate_webauthn"),
]
