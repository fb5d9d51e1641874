"""Pages of whoever keeps accounts: what they show, what they cost, and what becomes of a wrong form."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from tests.factories import LAB, finess_in
from tests.functional.accounts import account
from tests.functional.doors import sign_in
from tests.functional.keeping import NORTH, administrator, operator

from rempart.foundation.access.models import Agent, MachineKey, machine_of
from rempart.foundation.access.rights import Role
from rempart.foundation.database.keys import uuid7
from rempart.foundation.directories.models import Laboratory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def north(keyring) -> Agent:
    return administrator(NORTH)


@pytest.fixture
def window(north) -> Client:
    """A browser in which the North's administrator signed in."""
    client = Client()
    sign_in(client, north)
    return client


def texts(answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


FORM = {
    "role": "investigator", "name": "Camille Rivière", "email": "camille@exemple.fr", "username": "",
    "organisation": "CPAM", "departments": ["59", "62"], "ends_on": "",
}  # fmt: skip


@pytest.mark.parametrize(
    "address",
    [
        "/comptes/?q=a%00b",
        "/acces-exceptionnels/?avant=0001-01-01T00:00:00%2B23:00",
        "/acces-exceptionnels/?avant=9999-12-31T23:59:59-23:00",
    ],
)
def test_what_no_page_gave_breaks_none(window, address):
    window.raise_request_exception = False
    assert window.get(address).status_code == 200


def test_an_account_is_opened_trained_and_found(window, north):
    answer = window.post("/comptes/nouveau/", FORM, follow=True)
    assert "L’invitation" not in texts(answer)
    assert "Le compte est ouvert et l’invitation est partie." in texts(answer)
    agent = Agent.objects.get(username="camille@exemple.fr")
    assert agent.departments == ["59", "62"]
    assert "à enregistrer" in texts(answer)
    today = datetime.now(UTC).date().isoformat()
    for training in ("data-protection", "tracing"):
        answer = window.post(
            f"/comptes/{agent.id}/formation/", {"training": training, "on": today}, follow=True
        )
    assert "à enregistrer" not in texts(answer)
    listed = texts(window.get("/comptes/", {"q": "rivière cpam"}))
    assert "Camille Rivière" in listed
    assert "Aucun compte" in texts(window.get("/comptes/", {"q": "personne"}))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"departments": []}, "Choisissez au moins un département."),
        ({"departments": ["75"]}, "75"),
        ({"role": "administrator"}, "administrator"),
        ({"role": "delegate", "organisation": ""}, "Indiquez l’organisme"),
        ({"role": "delegate"}, "Indiquez un dernier jour"),
        ({"ends_on": "2001-01-01"}, "Indiquez un dernier jour"),
        ({"ends_on": "demain"}, "Écrivez la date ainsi"),
        ({"email": "pas une adresse"}, "adresse"),
        ({"username": "avec espace"}, "Lettres sans accent"),
        ({"name": ""}, "obligatoire"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(window, change, says):
    answer = window.post("/comptes/nouveau/", {**FORM, **change})
    assert answer.status_code == 200
    assert says in answer.content.decode()
    assert not Agent.objects.filter(email="camille@exemple.fr").exists()


def test_a_list_costs_the_same_however_long(window, django_assert_num_queries):
    Agent.objects.bulk_create(
        Agent(
            id=uuid7(), username=f"a{n}", name=f"Agent {n:04}", role="investigator", departments=["62"],
            awake_at=datetime.now(UTC),
        )
        for n in range(200)
    )  # fmt: skip
    window.get("/comptes/")
    with django_assert_num_queries(4):  # session, agent, its place among sessions, the list
        page = window.get("/comptes/")
    assert texts(page).count("Agent 0") == 50
    follow = re.search(r"href=\"(/comptes/\?[^\"]*apres=[^\"]+)\"", page.content.decode())[1]
    with django_assert_num_queries(5):
        window.get(follow.replace("&amp;", "&"))


def test_an_account_page_costs_the_same_and_shows_rights_in_words(window, django_assert_num_queries):
    agent = account(Role.INVESTIGATOR, "59")
    window.get(f"/comptes/{agent.id}/")
    with django_assert_num_queries(4):
        page = texts(window.get(f"/comptes/{agent.id}/"))
    assert "voit la liste des cas à appeler" in page
    assert "Nord (59)" in page


def test_acts_of_the_page(window):
    agent = account(Role.INVESTIGATOR, "59")

    def act(name: str, **form: str) -> str:
        return texts(window.post(f"/comptes/{agent.id}/{name}/", form, follow=True))

    assert "ses sessions sont fermées" in act("suspendre")
    assert "suspendu par son administrateur" in texts(window.get("/comptes/", {"etat": "suspendus"}))
    agent.refresh_from_db()
    assert "Quelqu’un a modifié" in act("retablir", version="0")
    assert "Le compte est rétabli." in act("retablir", version=str(agent.version))
    assert "n’est plus dans l’état" in act("retablir", version=str(agent.version + 1))
    assert "Le second facteur est effacé" in act("second-facteur")
    assert "départ" in act("suspendre", why="departed")


def test_whoever_is_suspended_is_out_at_once(window, client, keyring):
    agent = account(Role.INVESTIGATOR, "59")
    sign_in(client, agent)
    assert client.get("/suivi/").status_code == 200
    window.post(f"/comptes/{agent.id}/suspendre/")
    assert client.get("/suivi/").status_code == 302
    agent.refresh_from_db()
    window.post(f"/comptes/{agent.id}/retablir/", {"version": str(agent.version)})
    assert client.get("/suivi/").status_code == 302  # given back, he signs in again


def test_who_is_not_trained_is_told_what_to_do(client, north, keyring):
    agent = account(Role.INVESTIGATOR, "59", trainings={"tracing": "2020-01-01"}, opened_at=datetime.now(UTC))
    sign_in(client, agent)
    answer = client.get("/suivi/", follow=True)
    assert answer.redirect_chain == [("/mes-droits/", 302)]
    page = texts(answer)
    assert "Vos droits attendent une formation" in page
    assert "Protection des données" in page
    assert "périmée" in page
    assert north.name in page
    assert client.post("/suivi/recherche/", {"number": "x"}).status_code == 302


def test_who_is_not_trained_is_never_sent_to_himself(client, keyring):
    account(Role.OPERATOR, "*", email="above@example.org")
    told = {"email": "boss@example.org", "trainings": {}, "opened_at": datetime.now(UTC)}
    sign_in(client, account(Role.ADMINISTRATOR, "59", region="32", **told))
    page = client.get("/mes-droits/").content.decode()
    assert "mailto:above@example.org" in page
    assert "mailto:boss@example.org" not in page


def test_who_has_no_administrator_yet_is_sent_to_the_operators(client, keyring):
    account(Role.OPERATOR, "*", email="above@example.org")
    sign_in(client, account(Role.INVESTIGATOR, "59", trainings={}, opened_at=datetime.now(UTC)))
    assert "mailto:above@example.org" in client.get("/mes-droits/").content.decode()


def test_only_the_trainings_that_the_role_needs_can_be_chosen(window):
    agent = account(Role.INVESTIGATOR, "59")
    page = window.get(f"/comptes/{agent.id}/").content.decode()
    assert '<option value="tracing"' in page
    assert '<option value="accounts"' not in page


def test_a_professional_accepts_the_conditions_once(client, keyring, owner):
    Laboratory.objects.create(finess=LAB, name="LBM", department="75")
    agent = account(Role.BIOLOGIST, "75", establishment=LAB, opened_at=datetime.now(UTC))
    sign_in(client, agent)
    page = client.get("/cles/", follow=True)
    assert page.redirect_chain == [("/mes-droits/", 302)]
    assert "secret professionnel" in texts(page)
    stale = client.post("/mes-droits/conditions/", {"version": "2020-01"}, follow=True)
    assert "Les conditions ont changé" in texts(stale)
    version = re.search(r'name="version" value="([^"]+)"', page.content.decode())[1]
    client.post("/mes-droits/conditions/", {"version": version})
    assert client.get("/cles/").status_code == 200
    agent.refresh_from_db()
    assert (agent.conditions, agent.conditions_at is not None) == (version, True)
    said = owner.execute("SELECT actor, details FROM audit_entry WHERE act = 'conditions-accepted'")
    assert said.fetchall() == [(str(agent.id), {"version": version})]


def test_who_is_past_his_last_day_is_told(client, keyring):
    yesterday = datetime.now(UTC).date() - timedelta(days=2)
    agent = account(Role.DELEGATE, "59", ends_on=yesterday, opened_at=datetime.now(UTC))
    sign_in(client, agent)
    assert "date de fin" in texts(client.get("/suivi/", follow=True))


def test_the_operator_appoints_and_hands_a_region_over(keyring, client):
    sign_in(client, operator())
    form = {"role": "administrator", "name": "Anne", "email": "anne@exemple.fr", "region": NORTH}
    client.post("/comptes/nouveau/", form)
    anne = Agent.objects.get(username="anne@exemple.fr")
    assert anne.region == NORTH
    second = {**form, "name": "Bruno", "email": "bruno@exemple.fr"}
    assert "Cette région a déjà un administrateur" in texts(client.post("/comptes/nouveau/", second))
    without = texts(client.post("/comptes/nouveau/", {**second, "region": ""}))
    assert "Choisissez au moins un département" in without or "région" in without
    done = client.post(f"/comptes/{anne.id}/confier/", second, follow=True)
    assert "La région est confiée" in texts(done)
    bruno = Agent.objects.get(username="bruno@exemple.fr")
    page = texts(client.get(f"/comptes/{bruno.id}/confier/"))
    assert "À quelqu’un qui l’a déjà administrée" in page
    client.post(f"/comptes/{bruno.id}/confier/", {"arriving": str(anne.id)})
    anne.refresh_from_db()
    assert anne.is_active


def test_a_key_is_shown_once(client, keyring):
    Laboratory.objects.create(finess=LAB, name="LBM", department="75")
    sign_in(client, account(Role.BIOLOGIST, "75", establishment=LAB))
    made = client.post("/cles/nouvelle/", {"name": "SIL"})
    key = re.search(r"rmp_[\w-]+", made.content.decode())[0]
    assert made["Cache-Control"] == "no-store"
    assert machine_of(key, now=datetime.now(UTC)).laboratory == LAB
    assert key not in client.get("/cles/").content.decode()
    (row,) = MachineKey.objects.all()
    rotated = client.post(f"/cles/{row.id}/renouveler/")
    assert re.search(r"rmp_[\w-]+", rotated.content.decode())[0] != key
    assert "déjà été renouvelée" in texts(client.post(f"/cles/{row.id}/renouveler/", follow=True))
    assert "révoquée" in texts(client.post(f"/cles/{row.id}/revoquer/", follow=True))


def test_a_private_key_is_not_taken_for_a_certificate(client, keyring, tmp_path):
    Laboratory.objects.create(finess=LAB, name="LBM", department="75")
    sign_in(client, account(Role.BIOLOGIST, "75", establishment=LAB))
    file = tmp_path / "both.pem"
    file.write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    with file.open("rb") as content:
        answer = client.post("/cles/certificats/", {"name": "SIL", "file": content})
    assert "contient une clé privée" in texts(answer)


def test_the_operator_asks_for_a_laboratory_by_its_number(client, keyring):
    Laboratory.objects.create(finess=LAB, name="LBM des Tests", department="75")
    sign_in(client, operator())
    assert "Numéro FINESS" in texts(client.get("/cles/"))
    assert "LBM des Tests" in texts(client.get("/cles/", {"laboratoire": LAB}))
    assert "ne connaît pas" in texts(client.get("/cles/", {"laboratoire": finess_in("69")}))
    assert client.get("/cles/", {"laboratoire": "<script>"}).status_code == 200


@pytest.mark.parametrize(
    ("role", "begins"),
    [
        (Role.ADMINISTRATOR, "/comptes/"),
        (Role.OPERATOR, "/comptes/"),
        (Role.DATA_PROTECTION, "/droits/demandes/"),
        (Role.HELP_DESK, "/assistance/laboratoires/"),
        (Role.OVERSIGHT, "/comite/"),
        (Role.REFERENT, "/registre/"),
        (Role.INVESTIGATOR, "/suivi/"),
    ],
)
def test_everybody_begins_where_his_work_is(client, keyring, role, begins):
    sign_in(client, account(role, "59"))
    assert client.get("/espace/")["Location"] == begins
