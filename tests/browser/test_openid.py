"""Signing in by Pro Santé Connect, by a phone and by FranceConnect, against a real OpenID provider (npm's
oidc-provider under Node, set up as each of them is)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect
from tests.browser.cast import IN_HL7, MEHDI, ODETTE, sample
from tests.browser.chromium import CACHE
from tests.browser.conftest import PHONE
from tests.browser.served import Served, serve
from tests.functional.trail import entries

from rempart.foundation.access.models import Agent
from rempart.foundation.database.connection import Database
from rempart.simulators.openid.running import Imitations, imitations
from rempart.site.listening import free_port

pytestmark = pytest.mark.django_db(transaction=True)

ARRIVAL = 20_000
REFUSED = "the server responded with a status of"  # what Chromium says of a page that is not a success
AICHA, REMI, PAUL, JEANNE = "10001111227", "10100543213", "10100777779", "10009999888"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Rempart and the two providers that it signs in by."""

    served: Served
    providers: Imitations

    @property
    def url(self) -> str:
        return self.served.url


@pytest.fixture(scope="module")
def stage(
    test_database: Database, django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    port = free_port("127.0.0.1", 0)
    with (
        imitations(origin=f"http://127.0.0.1:{port}", home=CACHE.parent / "simulators") as providers,
        serve(
            test_database, tmp_path_factory.mktemp("var"), port=port, more=providers.environment()
        ) as served,
    ):
        yield Stage(served=served, providers=providers)


def to_card(page: Page, stage: Stage) -> None:
    page.goto(f"{stage.url}/connexion/")
    page.get_by_role("link", name="S’identifier avec Pro Santé Connect").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Qui êtes-vous ?")


def pick(page: Page, who: str, *, level: str = "", fault: str = "") -> None:
    """Choose an invented person at the provider, and go on."""
    page.get_by_label(who).check()
    if level or fault:
        page.get_by_text("Simuler une anomalie").click()
    if level:
        page.get_by_label("Niveau d’authentification annoncé").select_option(level)
    if fault:
        page.get_by_label("Anomalie", exact=True).select_option(fault)
    page.get_by_role("button", name="Continuer").click()


def title(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


def signed_in(page: Page, name: str) -> None:
    expect(page.locator(".rp-nav__who")).to_have_text(name, timeout=ARRIVAL)


def acts(act: str) -> list[dict[str, object]]:
    """The details of every entry of an act, in order."""
    return [entry.details for entry in entries(act=act)]


def test_a_biologist_signs_in_by_card_at_once_and_leaves_both_places(window, stage, axe, picture):
    page = window()
    page.goto(f"{stage.url}/connexion/")
    axe(page)
    picture(page, "sign-in-by-card")
    page.get_by_role("link", name="S’identifier avec Pro Santé Connect").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Qui êtes-vous ?")
    axe(page)
    picture(page, "provider-professionals")
    pick(page, "Aïcha BENSAÏD")

    signed_in(page, "Aïcha BENSAÏD")
    agent = Agent.objects.get(rpps=AICHA)
    assert (agent.role, agent.establishment, agent.departments) == ("biologist", "599920014", ["59"])
    assert not agent.has_usable_password()
    assert acts("signed-in") == [{"method": "pro-sante-connect"}]

    page.get_by_role("button", name="Se déconnecter").click()
    title(page, "Se déconnecter ?")  # the provider's own page
    axe(page)
    page.get_by_role("button", name="Se déconnecter").click()
    expect(page.get_by_text("Vous êtes déconnecté de Rempart et de Pro Santé Connect.")).to_be_visible()
    axe(page)
    expect(page.get_by_text("Aïcha BENSAÏD")).to_have_count(0)
    assert len(acts("signed-out")) == 1


def test_who_is_signed_in_proves_anew_who_he_is(window, stage):
    page = window(expected=REFUSED)
    to_card(page, stage)
    pick(page, "Aïcha BENSAÏD")
    signed_in(page, "Aïcha BENSAÏD")
    page.goto(f"{stage.url}/connexion/pro-sante-connect/?next=/compte/")
    title(page, "Qui êtes-vous ?")  # the provider's session alone does not do
    pick(page, "Aïcha BENSAÏD")
    expect(page).to_have_url(f"{stage.url}/compte/")
    page.goto(f"{stage.url}/connexion/pro-sante-connect/?next=https://autre.exemple.fr/")
    pick(page, "Yannick LE GOFF")  # another card: another agent, and never another site
    expect(page.get_by_role("link", name="Yannick LE GOFF")).to_be_visible()
    assert page.url.startswith(stage.url)


@pytest.mark.parametrize(
    ("choice", "heading", "reason"),
    [
        ({"level": "eidas0"}, "Votre moyen d’identification ne suffit pas", "level"),
        ({"fault": "nonce"}, "La connexion n’a pas pu être vérifiée", "token"),
        ({"fault": "token"}, "Le service d’identification ne répond pas", "unreachable"),
        ({"fault": "claims"}, "La réponse du service d’identification est inutilisable", "unreadable"),
    ],
)
def test_what_does_not_hold_opens_nothing(window, stage, axe, choice, heading, reason):
    page = window(expected=REFUSED)
    to_card(page, stage)
    pick(page, "Aïcha BENSAÏD", **choice)
    title(page, heading)
    axe(page)
    assert not Agent.objects.filter(rpps=AICHA).exists()
    assert acts("sign-in-refused") == [{"method": "pro-sante-connect", "reason": reason}]
    page.get_by_role("link", name="Recommencer").click()
    title(page, "Espace professionnel")


def test_who_cancels_is_told_that_nothing_was_sent(window, stage, axe, picture):
    page = window(PHONE, expected=REFUSED)
    to_card(page, stage)
    page.get_by_role("button", name="Annuler").click()
    title(page, "Vous avez interrompu la connexion")
    axe(page)
    picture(page, "sign-in-cancelled")


def test_an_answer_serves_once_and_in_its_own_browser_only(window, stage):
    page, thief = window(expected=REFUSED), window(expected=REFUSED)
    answers: list[str] = []
    page.on("request", lambda sent: answers.append(sent.url) if "/retour/?" in sent.url else None)
    to_card(page, stage)
    pick(page, "Aïcha BENSAÏD")
    signed_in(page, "Aïcha BENSAÏD")
    (answer,) = answers
    assert "code=" in answer
    for browser in (page, thief):
        browser.goto(answer)
        title(browser, "Cette connexion n’est plus valable")
    thief.goto(f"{stage.url}/")
    expect(thief.get_by_text("Aïcha BENSAÏD")).to_have_count(0)


def test_a_suspended_account_and_a_profession_without_a_right_stay_outside(window, stage, axe):
    Agent.objects.create(username="x", name="Rémi FAURE", role="biologist", rpps=REMI, is_active=False)
    page = window(expected=REFUSED)
    to_card(page, stage)
    pick(page, "Rémi FAURE")
    title(page, "Votre compte est suspendu")
    axe(page)
    for who, heading in (
        ("Jeanne PETIT", "Votre profession n’a pas d’accès à cette plateforme"),
        ("Noé ESSAI", "Votre identité est incomplète"),
    ):
        page.get_by_role("button", name="Quitter").click()  # or the provider would say the same person again
        page.get_by_role("button", name="Se déconnecter").click()
        expect(page.get_by_text("Vous êtes déconnecté de Rempart")).to_be_visible()
        to_card(page, stage)
        pick(page, who)
        title(page, heading)
    assert not Agent.objects.exclude(rpps=REMI).exists()


def to_phone(page: Page, stage: Stage, number: str) -> str:
    """Ask by phone; the two digits that the page shows."""
    page.goto(f"{stage.url}/connexion/")
    page.get_by_role("link", name="Valider sur mon téléphone").click()
    page.get_by_label("Votre numéro RPPS").fill(number)
    page.get_by_role("button", name="Envoyer la demande").click()
    title(page, "Validez sur votre téléphone")
    return page.locator(".rp-binding").inner_text()[-2:]


def press(phone: Page, stage: Stage, binding: str, button: str) -> None:
    phone.goto(stage.providers.phone)
    number = phone.locator(".number", has_text=re.compile(f"^{binding}$"))
    asked = phone.locator("form", has=number).last  # an earlier request may still wait under the same digits
    asked.get_by_role("button", name=button).click()


def test_a_phone_lets_its_owner_in(window, stage, axe, picture):
    page, phone = window(), window(PHONE)
    page.goto(f"{stage.url}/connexion/pro-sante-connect/telephone/")
    axe(page)
    page.get_by_label("Votre numéro RPPS").fill("10001111228")
    page.get_by_role("button", name="Envoyer la demande").click()
    expect(page.get_by_text("Ce n’est pas un numéro RPPS.")).to_be_visible()
    axe(page)

    binding = to_phone(page, stage, f"8{AICHA}")
    assert re.fullmatch(r"\d\d", binding)
    axe(page)
    picture(page, "phone-wait")
    phone.goto(stage.providers.phone)
    expect(phone.get_by_text(binding)).to_be_visible()
    axe(phone)
    press(phone, stage, binding, "Valider")
    signed_in(page, "Aïcha BENSAÏD")  # by itself
    assert Agent.objects.get(rpps=AICHA).role == "biologist"


def test_a_phone_that_refuses_or_does_not_answer_lets_nobody_in(window, stage, axe):
    page, phone = window(expected=REFUSED), window(PHONE)
    press(phone, stage, to_phone(page, stage, AICHA), "Refuser")
    title_soon(page, "Vous avez interrompu la connexion")
    axe(page)
    to_phone(page, stage, PAUL)  # whose request ends after five seconds
    title_soon(page, "La demande n’a pas été validée à temps")
    page.goto(f"{stage.url}/connexion/pro-sante-connect/telephone/attente/")
    title(page, "Valider sur mon téléphone")
    assert not Agent.objects.filter(rpps__in=(AICHA, PAUL)).exists()
    assert {row["reason"] for row in acts("sign-in-refused")} == {"cancelled", "expired"}


def title_soon(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text, timeout=ARRIVAL)


def test_a_phone_without_scripts_and_one_that_rang_too_often(window, stage):
    page, phone = window(scripts=False, expected=REFUSED), window(PHONE)
    press(phone, stage, to_phone(page, stage, JEANNE), "Refuser")
    page.wait_for_timeout(5_500)
    page.get_by_role("link", name="J’ai validé sur mon téléphone").click()
    title(page, "Vous avez interrompu la connexion")
    for _ in range(2):
        to_phone(page, stage, JEANNE)
    page.goto(f"{stage.url}/connexion/pro-sante-connect/telephone/")
    page.get_by_label("Votre numéro RPPS").fill(JEANNE)
    page.get_by_role("button", name="Envoyer la demande").click()
    title(page, "Trop de demandes vers ce téléphone")


def to_franceconnect(page: Page, stage: Stage) -> None:
    page.goto(f"{stage.url}/mon-resultat/")
    page.get_by_role("link", name="S’identifier avec FranceConnect").click()
    title(page, "Qui êtes-vous ?")


def test_a_citizen_sees_his_own_results_and_leaves_both_places(window, stage, axe, picture):
    stage.served.deliver(
        sample(IN_HL7, ODETTE, "R1"),
        sample(IN_HL7, ODETTE, "R2", result="N"),
        sample(IN_HL7, MEHDI, "R3"),
    )
    page = window(expected=REFUSED)
    page.goto(f"{stage.url}/mon-resultat/")
    axe(page)
    picture(page, "portal-with-franceconnect")
    page.get_by_role("link", name="S’identifier avec FranceConnect").click()
    axe(page)
    picture(page, "provider-citizens")
    pick(page, "Odette VANDAMME")
    for _ in range(40):  # until the worker has made the accesses of what was just delivered
        if page.get_by_role("button", name=re.compile("le résultat du")).count() == 2:
            break
        page.wait_for_timeout(500)
        page.reload()
    title(page, "Mes tests")
    expect(page.locator(".rp-tests > li")).to_have_count(2)
    expect(page.get_by_text(MEHDI["birth_name"])).to_have_count(0)
    axe(page)
    picture(page, "own-results")
    for _ in range(40):
        page.get_by_role("button", name=re.compile("le résultat du")).first.click()
        if page.get_by_role("heading", level=1).inner_text() == "Votre résultat":
            break
        page.wait_for_timeout(500)
        page.goto(f"{stage.url}/mon-resultat/mes-resultats/")
    title(page, "Votre résultat")
    axe(page)
    page.get_by_role("link", name="Tous mes tests").click()
    title(page, "Mes tests")

    page.get_by_role("button", name="Quitter").click()
    title(page, "Se déconnecter ?")
    page.get_by_role("button", name="Se déconnecter").click()
    expect(page.get_by_text("Vous êtes déconnecté de Rempart et de FranceConnect.")).to_be_visible()
    page.goto(f"{stage.url}/mon-resultat/mes-resultats/")
    title(page, "Mon résultat de test")
    assert {"method": "franceconnect"} in acts("signed-in")
    assert {"found": 2} in acts("results-listed")


def test_a_citizen_of_whom_nothing_is_kept_and_one_born_elsewhere_read_the_same(window, stage, axe, picture):
    stage.served.deliver(sample(IN_HL7, ODETTE, "R1"))
    page = window(PHONE)
    pages = []
    for described in (("VANDAMME", "75056"), ("INCONNUE", "59350")):
        to_franceconnect(page, stage)
        page.get_by_label("Une autre personne").check()
        page.get_by_text("Décrire une autre personne").click()
        page.get_by_label("Nom de naissance").fill(described[0])
        page.get_by_label("Prénoms").fill("Odette")
        page.get_by_label("Date de naissance").fill("1941-06-14")
        page.get_by_label("Commune de naissance").fill(described[1])
        page.get_by_role("button", name="Continuer").click()
        title(page, "Aucun résultat à vous montrer ici")
        axe(page)
        picture(page, "no-own-result")
        pages.append(page.locator("main").inner_text())
        page.get_by_role("button", name="Quitter").click()
        page.get_by_role("button", name="Se déconnecter").click()
        expect(page.get_by_text("Vous êtes déconnecté de Rempart et de FranceConnect.")).to_be_visible()
    assert pages[0] == pages[1]
    assert [row["reason"] for row in acts("sign-in-refused")] == ["doubt", "no-result"]


@pytest.mark.parametrize(
    ("choice", "heading"),
    [
        ({"fault": "signature"}, "La connexion n’a pas pu être vérifiée"),
        ({"fault": "nonce"}, "La connexion n’a pas pu être vérifiée"),
        ({"level": "eidas2"}, "Votre moyen d’identification ne suffit pas"),
    ],
)
def test_an_identity_that_does_not_hold_shows_nothing(window, stage, axe, choice, heading):
    page = window(expected=REFUSED)
    to_franceconnect(page, stage)
    pick(page, "Odette VANDAMME", **choice)
    title(page, heading)
    axe(page)
    page.goto(f"{stage.url}/mon-resultat/mes-resultats/")
    title(page, "Mon résultat de test")
