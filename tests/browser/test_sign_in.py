"""Signing in as agents do: password and code, a first second factor, a passkey, a code on paper, a forgotten password.

Passkeys are real WebAuthn ceremonies with Chromium's virtual authenticator. They want a host name, so the platform
is visited as localhost.
"""

import re

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import PHONE
from tests.browser.served import PASSWORD
from tests.browser.test_journeys import letters

pytestmark = pytest.mark.django_db(transaction=True)

NEW = "Deux girafes & 3 lunes"


@pytest.fixture
def site(served):
    return served.url.replace("127.0.0.1", "localhost")


def give_password(page, site, username, *, path="/espace/", password=PASSWORD):
    page.goto(f"{site}{path}")
    page.get_by_label("Identifiant").fill(username)
    page.get_by_label("Mot de passe").fill(password)
    page.get_by_role("button", name="Se connecter").click()


def give_code(page, code):
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Continuer").click()


def heading(page, text):
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


def with_authenticator(page):
    """A security device inside Chromium, which answers at once; its session of the DevTools protocol."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    found = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return devtools, found["authenticatorId"]


@pytest.mark.parametrize("browser_page", [PHONE], indirect=True)
def test_password_and_code(browser_page, served, site, axe, picture):
    page = browser_page
    served.employ("camille", "Camille Rivière", "59")
    give_password(page, site, "camille", password="autre chose")
    expect(page.get_by_text("Identifiant ou mot de passe incorrect")).to_be_visible()
    axe(page)
    picture(page, "sign-in-phone")
    give_password(page, site, "camille")
    heading(page, "Second facteur")
    axe(page)
    give_code(page, "000000")
    expect(page.get_by_text("Ce code est faux, ou il a déjà servi.")).to_be_visible()
    axe(page)
    picture(page, "second-step-phone")
    assert page.locator(".rp-note .rp-secret").inner_text() == served.code("camille")
    give_code(page, served.code("camille"))
    heading(page, "Suivi des cas positifs")
    page.get_by_role("link", name="Camille Rivière").click()
    heading(page, "Camille Rivière")
    axe(page)
    picture(page, "account-phone")
    page.get_by_role("button", name="Se déconnecter").click()
    page.go_back()
    expect(page.get_by_text("Mes appareils")).to_have_count(0)


def test_the_first_second_factor_is_an_application(window, served, site, axe, picture):
    page = window()
    agent = served.employ("lou", "Lou Garnier", "59", application=False)
    give_password(page, site, "lou", path="/suivi/")
    heading(page, "Choisissez votre second facteur")
    axe(page)
    picture(page, "second-factor")
    page.goto(f"{site}/suivi/")
    heading(page, "Choisissez votre second facteur")
    page.get_by_role("link", name="Une application").click()
    shown = page.get_by_role("img", name="Code à photographier")
    assert shown.evaluate("image => image.naturalWidth") > 100
    axe(page)
    picture(page, "application")
    page.get_by_label("Code").fill(page.locator(".rp-note .rp-secret").inner_text())
    page.get_by_role("button", name="Enregistrer").click()
    heading(page, "Vos codes de secours")
    codes = page.locator(".rp-codes .rp-secret").all_inner_texts()
    assert len(codes) == 10
    axe(page)
    picture(page, "recovery-codes")
    with page.expect_download() as download:
        page.get_by_role("link", name="Enregistrer le fichier").click()
    assert codes[0].replace(" ", "") in download.value.path().read_text("utf-8")
    page.get_by_role("link", name="C’est fait").click()
    heading(page, agent.name)
    expect(page.get_by_text("Codes qui n’ont pas servi : 10")).to_be_visible()

    elsewhere = window()
    give_password(elsewhere, site, "lou", path="/suivi/")
    give_code(elsewhere, codes[7])
    heading(elsewhere, "Suivi des cas positifs")
    page.reload()
    expect(page.get_by_text("Codes qui n’ont pas servi : 9")).to_be_visible()
    page.get_by_role("button", name="Déconnecter tous les autres").click()
    elsewhere.goto(f"{site}/suivi/")
    heading(elsewhere, "Espace professionnel")


def test_a_passkey_is_set_up_and_opens(window, served, site, axe, picture):
    page = window()
    served.employ("noa", "Noa Girard", "59", application=False)
    devtools, authenticator = with_authenticator(page)
    give_password(page, site, "noa")
    page.get_by_role("link", name="Une clé d’accès").click()
    axe(page)
    picture(page, "passkey")
    page.get_by_label("Nom de la clé").fill("clé bleue")
    page.get_by_role("button", name="Enregistrer").click()
    heading(page, "Vos codes de secours")
    (credential,) = devtools.send("WebAuthn.getCredentials", {"authenticatorId": authenticator})[
        "credentials"
    ]
    assert credential["rpId"] == "localhost"
    page.goto(f"{site}/compte/")
    expect(page.get_by_text("Clé d’accès « clé bleue »")).to_be_visible()
    axe(page)
    picture(page, "account")

    page.get_by_role("button", name="Se déconnecter").click()
    give_password(page, site, "noa", path="/suivi/")
    axe(page)
    picture(page, "second-step-passkey")
    page.get_by_role("button", name="Utiliser ma clé d’accès").click()
    heading(page, "Suivi des cas positifs")

    page.get_by_role("button", name="Se déconnecter").click()
    devtools.send(
        "WebAuthn.removeCredential",
        {"authenticatorId": authenticator, "credentialId": credential["credentialId"]},
    )
    give_password(page, site, "noa")
    page.get_by_role("button", name="Utiliser ma clé d’accès").click()
    expect(page.get_by_text("La clé d’accès n’a pas répondu")).to_be_visible()
    axe(page)
    page.goto(f"{site}/suivi/")
    heading(page, "Second facteur")


def test_without_a_script_a_code_opens(window, served, site):
    page = window(scripts=False)
    served.employ("max", "Maxime Perrin", "59")
    give_password(page, site, "max", path="/suivi/")
    give_code(page, served.code("max"))
    heading(page, "Suivi des cas positifs")
    page.goto(f"{site}/compte/second-facteur/cle/")
    expect(page.get_by_text("Les clés d’accès demandent JavaScript")).to_be_visible()


def test_something_sensitive_asks_again_who_is_there(window, served, site, axe, picture):
    page = window()
    served.employ("sacha", "Sacha Meunier", "59")
    with_authenticator(page)
    give_password(page, site, "sacha")
    give_code(page, served.code("sacha"))
    page.goto(f"{site}/compte/second-facteur/cle/")
    page.get_by_role("button", name="Enregistrer").click()
    heading(page, "Vos codes de secours")
    page.goto(f"{site}/compte/confirmer/?next=/compte/mot-de-passe/")
    heading(page, "Confirmez que c’est vous")
    axe(page)
    picture(page, "again-password")
    page.get_by_label("Mot de passe").fill("autre chose")
    page.get_by_role("button", name="Confirmer").click()
    expect(page.get_by_text("Ce mot de passe est faux.")).to_be_visible()
    axe(page)
    page.get_by_role("link", name="Avec un code").click()
    axe(page)
    page.get_by_role("link", name="Avec une clé d’accès").click()
    axe(page)
    picture(page, "again-passkey")
    page.get_by_role("button", name="Utiliser ma clé d’accès").click()
    heading(page, "Changer de mot de passe")
    axe(page)
    picture(page, "password")
    page.get_by_label("Nouveau mot de passe").fill("motdepasse1")
    page.get_by_label("Le même, encore une fois").fill("motdepasse1")
    page.get_by_role("button", name="Changer").click()
    expect(page.get_by_text("Il manque une majuscule, un caractère spécial.")).to_be_visible()
    axe(page)
    page.get_by_label("Nouveau mot de passe").fill(NEW)
    page.get_by_label("Le même, encore une fois").fill(NEW)
    page.get_by_role("button", name="Changer").click()
    expect(page.get_by_text("Votre mot de passe est changé.")).to_be_visible()


def test_a_forgotten_password_is_chosen_anew(window, served, site, axe, picture):
    page, mailbox = window(expected="410"), window()
    served.employ("eden", "Eden Morel", "59", email="eden@exemple.fr")
    page.goto(f"{site}/connexion/")
    page.get_by_role("link", name="Mot de passe oublié ?").click()
    axe(page)
    page.get_by_label("Identifiant").fill("eden")
    page.get_by_role("button", name="Recevoir un lien").click()
    heading(page, "Regardez votre messagerie")
    axe(page)
    (letter, *_) = letters(mailbox, served, "pour le compte eden")
    link = re.search(r"http\S+/connexion/lien/\S+", letter)[0].replace("127.0.0.1", "localhost")
    page.goto(link)
    heading(page, "Choisissez votre mot de passe")
    assert "lien" not in page.url
    axe(page)
    picture(page, "choose-password")
    page.get_by_label("Nouveau mot de passe").fill(NEW)
    page.get_by_label("Le même, encore une fois").fill(NEW)
    page.get_by_label("Code").fill(served.code("eden"))
    page.get_by_role("button", name="Enregistrer et continuer").click()
    heading(page, "Suivi des cas positifs")
    page.get_by_role("button", name="Se déconnecter").click()
    page.goto(link)
    heading(page, "Ce lien n’ouvre plus rien")
    axe(page)
    give_password(page, site, "eden", password=NEW)
    heading(page, "Second facteur")
