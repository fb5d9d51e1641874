"""The life of accounts as its people see it: an administrator opens one, the help desk unblocks another, a biologist
replaces a key, and the quarter is reviewed and signed."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.entering import enter
from tests.factories import LAB
from tests.functional.accounts import account
from tests.functional.keeping import NORTH, administrator, operator

from rempart.foundation.access.models import Agent, Enrolment, machine_of
from rempart.foundation.access.rights import Role
from rempart.foundation.directories.models import Laboratory
from rempart.foundation.messaging.outbox import newest
from rempart.foundation.vault import KeyStore, keyring_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def keyring(tmp_path, settings):
    settings.KEY_STORE = KeyStore(root=tmp_path / "keys")
    return keyring_of(settings.KEY_STORE)


@pytest.fixture
def north(keyring) -> Agent:
    return administrator(NORTH)


@pytest.fixture
def laboratory() -> Laboratory:
    return Laboratory.objects.create(
        finess=LAB, name="LBM des Tests", department="75", address="12 rue de la Paix\n75002 PARIS",
        phone="0144444444",
    )  # fmt: skip


def tick(where: Page | Locator, label: str) -> None:
    """Click a box or a circle by its label, as a person does: the look draws it there."""
    where.locator("label", has_text=label).click()


def link_in(keyring, holds: str, base: str) -> str:
    """The link of the newest letter that contains a text, at the address where the site is now."""
    (text, *_) = [letter.text for _, letter in newest(keyring=keyring) if holds in letter.text]
    return base + re.search(r"https?://[^/\s]+(/\S+)", text)[1]


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_an_administrator_opens_an_account_and_trains_its_holder(
    window, live_server, north, keyring, axe, picture, size
):
    page = enter(window(size), north, live_server.url)
    page.goto(f"{live_server.url}/comptes/")
    expect(page.get_by_text("Aucun compte", exact=True)).to_be_visible()
    axe(page)
    page.get_by_role("link", name="Ouvrir un compte").click()
    axe(page)
    page.get_by_label("Rôle", exact=True).select_option("delegate")
    page.get_by_label("Prénom et nom").fill("Camille Rivière")
    page.get_by_label("Adresse électronique professionnelle").fill("camille@prestataire.example")
    page.get_by_role("button", name="Ouvrir le compte").click()
    expect(page.get_by_text("Choisissez au moins un département.")).to_be_visible()
    axe(page)
    picture(page, f"account-open-{size['width']}")
    page.get_by_label("Organisme").fill("Prestataire d’appels")
    tick(page, "Nord (59)")
    tick(page, "Pas-de-Calais (62)")
    page.get_by_label("Dernier jour").fill(f"{datetime.now(UTC).year}-12-31")
    page.get_by_role("button", name="Ouvrir le compte").click()
    expect(page.get_by_text("Le compte est ouvert et l’invitation est partie.")).to_be_visible()
    axe(page)
    picture(page, f"account-{size['width']}")
    expect(page.get_by_text("Nord (59), Pas-de-Calais (62)")).to_be_visible()
    for training in ("data-protection", "tracing"):
        page.get_by_label("Formation", exact=True).select_option(training)
        page.get_by_role("button", name="Enregistrer").click()
        expect(page.get_by_text("La formation est enregistrée.")).to_be_visible()
    expect(page.get_by_text("à enregistrer")).to_have_count(0)
    page.goto(f"{live_server.url}/comptes/?q=riviere")
    expect(page.get_by_text("Aucun compte", exact=True)).to_be_visible()  # accents count; the name has them
    page.get_by_label("Nom, identifiant").fill("camille")
    page.get_by_role("button", name="Rechercher").click()
    expect(page.get_by_role("link", name="Camille Rivière")).to_be_visible()
    axe(page)
    picture(page, f"accounts-{size['width']}")

    invited = window()
    invited.goto(link_in(keyring, "Choisissez votre mot de passe", live_server.url))
    expect(invited.get_by_role("heading", level=1)).to_contain_text("mot de passe")


def test_who_is_not_trained_reads_what_to_do(window, live_server, north, keyring, axe, picture):
    agent = account(Role.INVESTIGATOR, "59", trainings={"tracing": "2020-01-01"}, opened_at=datetime.now(UTC))
    page = enter(window(), agent, live_server.url)
    page.goto(f"{live_server.url}/suivi/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Mes droits")
    expect(page.get_by_role("link", name=north.name)).to_have_attribute("href", f"mailto:{north.email}")
    axe(page)
    picture(page, "account-standing")


def ask_for_an_account(page: Page, url: str, axe, picture) -> None:
    page.goto(f"{url}/connexion/")
    page.get_by_role("link", name="Demander un compte").click()
    axe(page)
    page.get_by_label("Numéro FINESS du laboratoire").fill(LAB)
    page.get_by_label("Votre prénom et votre nom").fill("Yves Olivier")
    page.get_by_label("Votre adresse électronique professionnelle").fill("yves@lbm.example")
    page.get_by_label("La même adresse, une seconde fois").fill("yves@lbm.exemple")
    page.get_by_role("button", name="Demander le compte").click()
    expect(page.get_by_text("Les deux adresses ne sont pas les mêmes.")).to_be_visible()
    axe(page)
    picture(page, "laboratory-ask")
    page.get_by_label("La même adresse, une seconde fois").fill("yves@lbm.example")
    tick(page, "J’accepte les conditions d’utilisation")
    page.get_by_role("button", name="Demander le compte").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Votre demande est prise en compte")
    axe(page)


def confirm(page: Page, keyring, url: str, axe) -> None:
    page.goto(link_in(keyring, "confirmez votre adresse", url))
    axe(page)
    page.get_by_role("button", name="C’est mon adresse").click()
    expect(page.get_by_text("Votre adresse est confirmée.")).to_be_visible()
    axe(page)


def test_a_laboratory_comes_by_letter(window, live_server, laboratory, keyring, axe, picture):
    page = window(PHONE)
    ask_for_an_account(page, live_server.url, axe, picture)
    confirm(page, keyring, live_server.url, axe)
    (letter,) = [letter for _, letter in newest(keyring=keyring) if letter.channel == "post"]
    page.get_by_label("Numéro FINESS du laboratoire").fill(LAB)
    page.get_by_label("L’adresse électronique de votre demande").fill("yves@lbm.example")
    page.get_by_label("Code de la lettre").fill("AAAAA-AAAAA")
    page.get_by_role("button", name="Ouvrir mon compte").click()
    expect(page.get_by_text("Ce code n’ouvre rien.")).to_be_visible()
    axe(page)
    picture(page, "laboratory-code")
    page.get_by_label("Code de la lettre").fill(re.search(r"code : (\S+)", letter.text)[1])
    page.get_by_role("button", name="Ouvrir mon compte").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Votre compte est ouvert")
    axe(page)
    assert Agent.objects.get(username="yves@lbm.example").establishment == LAB


def test_the_help_desk_unblocks_who_waits(window, live_server, laboratory, keyring, axe, picture):
    page = window()
    ask_for_an_account(page, live_server.url, axe, picture)
    desk = enter(window(), account(Role.HELP_DESK, "*"), live_server.url)
    desk.goto(f"{live_server.url}/assistance/laboratoires/")
    axe(desk)
    desk.get_by_label("Numéro FINESS du laboratoire").fill(LAB)
    desk.get_by_role("button", name="Chercher").click()
    expect(desk.get_by_text("non confirmée")).to_be_visible()
    expect(desk.get_by_role("link", name="01 44 44 44 44")).to_be_visible()
    for checked in ("J’ai rappelé", "Le responsable", "L’adresse électronique m’a"):
        tick(desk, checked)
    axe(desk)
    picture(desk, "help-desk")
    desk.get_by_role("button", name="Débloquer ce compte").click()
    expect(desk.get_by_text("Rien n’est débloqué")).to_be_visible()  # the address is not confirmed

    confirm(page, keyring, live_server.url, axe)
    desk.reload()
    for checked in ("J’ai rappelé", "Le responsable", "L’adresse électronique m’a"):
        tick(desk, checked)
    desk.get_by_role("button", name="Débloquer ce compte").click()
    expect(desk.get_by_text("Le compte est débloqué")).to_be_visible()
    expect(desk.get_by_text("Personne n’attend")).to_be_visible()
    axe(desk)
    assert Enrolment.objects.get().done_at is not None
    page.goto(link_in(keyring, "Choisissez votre mot de passe", live_server.url))
    expect(page.get_by_role("heading", level=1)).to_contain_text("mot de passe")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_biologist_replaces_a_key(window, live_server, laboratory, keyring, axe, picture, size):
    biologist = account(Role.BIOLOGIST, "75", establishment=LAB)
    page = enter(window(size), biologist, live_server.url)
    page.goto(f"{live_server.url}/cles/")
    expect(page.get_by_text("Aucune clé")).to_be_visible()
    page.get_by_label("Nom de la clé").fill("SIL du plateau technique")
    page.get_by_role("button", name="Créer la clé").click()
    old = page.locator("#cle").inner_text()
    axe(page)
    page.get_by_role("button", name="Renouveler").click()
    new = page.locator("#cle").inner_text()
    expect(page.get_by_text("L’ancienne reste valable 30 jours")).to_be_visible()
    axe(page)
    picture(page, f"machine-keys-{size['width']}")
    now = datetime.now(UTC)
    assert machine_of(old, now=now).laboratory == machine_of(new, now=now).laboratory == LAB
    page.get_by_role("button", name="Révoquer").last.click()
    expect(page.get_by_text("La clé est révoquée")).to_be_visible()
    axe(page)


def test_the_quarter_is_reviewed_and_signed(window, live_server, north, keyring, axe, picture, tmp_path):
    for name in ("Anne Dupont", "Bruno Martin", "Chloé Petit"):
        account(Role.INVESTIGATOR, "59", "62", name=name)
    page = enter(window(), north, live_server.url)
    page.goto(f"{live_server.url}/revue-des-acces/")
    tick(page.get_by_role("group", name="Décision pour Anne Dupont"), "Garder")
    tick(page.get_by_role("group", name="Décision pour Bruno Martin"), "Réduire")
    axe(page)
    picture(page, "access-review")
    page.get_by_role("button", name="Enregistrer ces décisions").click()
    expect(page.get_by_text("Vos décisions sont enregistrées.")).to_be_visible()
    tick(page.get_by_role("group", name="Décision pour Chloé Petit"), "Suspendre")
    page.get_by_role("button", name="Enregistrer ces décisions").click()
    expect(page.get_by_role("button", name="Signer la revue")).to_have_count(0)
    page.get_by_role("link", name="Réduire son périmètre").click()
    tick(page, "Pas-de-Calais (62)")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_text("Le compte est modifié.")).to_be_visible()
    page.goto(f"{live_server.url}/revue-des-acces/")
    page.get_by_role("button", name="Signer la revue").click()
    expect(page.get_by_text("La revue est signée.")).to_be_visible()
    axe(page)
    picture(page, "access-review-signed")
    with page.expect_download() as got:
        page.get_by_role("link", name=re.compile("document signé")).click()
    assert got.value.suggested_filename.endswith(".json")

    chief = enter(window(), operator(), live_server.url)
    chief.goto(f"{live_server.url}/revue-des-acces/")
    expect(chief.get_by_role("row", name=re.compile("Hauts-de-France.*signée"))).to_be_visible()
    axe(chief)
    picture(chief, "access-review-operator")
