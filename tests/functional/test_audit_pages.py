"""The officer's pages of the trail, and the person's own list of accesses."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from tests.factories import in_lyon, nir_of, of
from tests.functional.accounts import account
from tests.functional.doors import sign_in
from tests.functional.trail import entries

from rempart.foundation.access.actor import Purpose, acting, system
from rempart.foundation.access.rights import Right, Role
from rempart.foundation.audit import watching
from rempart.foundation.audit.models import Alert, Watched
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.database.keys import uuid7
from rempart.tracing.models import Case

pytestmark = pytest.mark.django_db(transaction=True)

HERS = {"name": "Zygomalas", "birth_date": "28/03/1979"}


@pytest.fixture
def officer(transactional_db) -> Client:
    """A browser in which the data-protection officer has signed in."""
    client = Client()
    sign_in(client, account(Role.DATA_PROTECTION, name="Dominique Garde", username="dpo"))
    return client


@pytest.fixture
def opened(case, paris_client) -> Case:
    """Her case, which the investigator of Paris opened."""
    assert paris_client.get(f"/suivi/dossiers/{case.id}/").status_code == 200
    return case


def text_of(answer) -> str:
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


def asked(officer, **criteria) -> str:
    """The page of a search, without its list of all acts."""
    return re.sub(
        r'<select name="act".*?</select>', "", text_of(officer.post("/protection/acces/", criteria))
    )


@pytest.mark.parametrize(
    "criteria",
    [HERS, {"number": nir_of("2790351215189")}, {"name": "quirinal", "birth_date": "28031979"}],
    ids=str,
)
def test_the_officer_finds_who_opened_her_file(officer, opened, criteria):
    page = asked(officer, **criteria)
    assert "Dossier ouvert" in page
    assert "Agent de Paris" in page
    assert "Assurance maladie" in page
    assert "127.0.0.1" in page


def test_by_the_key_of_the_case_of_the_person_and_by_the_agent(officer, opened):
    for key in (opened.id, opened.person_id):
        assert "Dossier ouvert" in asked(officer, key=str(key))
    username, *_ = re.findall(r"investigator-\d+", asked(officer, **HERS))
    assert "Dossier ouvert" in asked(officer, agent=username)
    assert "Aucun accès trouvé" in asked(officer, agent="nobody-of-that-name")


@pytest.mark.parametrize(
    "criteria",
    [
        {"agent": "dpo", "after": "0001-01-01T00:00:00+23:59~5"},
        {"agent": "dpo", "after": "9999-12-31T23:59:59-23:59~5"},
        {"agent": "dpo", "since": "01/01/0001"},
        {"agent": "dpo", "until": "31/12/9999"},
        {"act": "case-opened", "since": "01/01/0001", "until": "31/12/9999"},
    ],
    ids=str,
)
def test_days_that_no_clock_shows_find_nothing_and_break_nothing(officer, criteria):
    officer.raise_request_exception = False
    assert officer.post("/protection/acces/", criteria).status_code == 200


def test_by_the_reference_that_she_was_sent(officer, arrives, visit, recent):
    reference = arrives(recent)
    visit(reference)
    for way in (reference, f"https://rempart.example/r/{reference}"):
        page = asked(officer, reference=way)
        assert "Résultat consulté par la personne" in page
        assert "La personne elle-même" in page
        assert f'value="{way}"' in page  # what was typed stays in the form, never in an address
    assert "Aucun accès trouvé" in asked(officer, reference="another")


def test_who_is_known_by_nobody_shows_nothing_of_others(officer, opened):
    page = asked(officer, name="Personne", birth_date="01/01/1950")
    assert "Aucun accès trouvé" in page
    assert "Dossier ouvert" not in page


def test_a_search_shows_other_departments_too_and_never_an_identity(officer, arrive, opened):
    arrive(in_lyon(), of(7))
    with acting(system(Purpose.OVERSIGHT)):
        case = Case.objects.get(department="69")
    record(
        system(Purpose.INVESTIGATION),
        Act.CASE_OPENED,
        str(case.id),
        now=datetime.now(UTC),
        person=case.person_id,
    )
    page = asked(officer, key=str(case.id))
    assert "La plateforme, automatiquement" in page
    assert "PERSONNE" not in page


def test_security_a_search_of_the_trail_leaves_its_trace_without_what_was_searched(officer, opened):
    asked(officer, **HERS)
    (entry,) = entries(act="audit-searched")
    assert (entry.role, entry.purpose, entry.person_id) == ("data-protection", "oversight", opened.person_id)
    assert entry.details == {"found": 1, "criteria": ["persons"]}
    assert "ygomalas" not in repr(entry.__dict__)


@pytest.mark.parametrize(
    ("criteria", "said"),
    [
        ({}, "Indiquez au moins un critère."),
        ({"name": "Zygomalas"}, "Un nom se cherche avec la date de naissance."),
        ({"number": "1234"}, "n’est pas un numéro de sécurité sociale"),
        ({"key": "x"}, "Une clé s’écrit ainsi"),
        ({"act": "case-opened"}, "la période ne peut dépasser sept jours"),
        ({"since": "01/01/2026"}, "la période ne peut dépasser sept jours"),
        ({"until": "01/01/2026"}, "la période ne peut dépasser sept jours"),
        ({"since": "08/11/2026", "until": "07/11/2026"}, "La période finit avant de commencer."),
        ({"act": "nonsense"}, "n’en fait pas partie"),
    ],
    ids=str,
)
def test_what_cannot_be_searched_is_said_and_nothing_is_read(officer, criteria, said):
    assert said in asked(officer, **criteria)
    assert entries(act="audit-searched") == []


def test_a_week_may_be_searched_without_naming_anybody(officer, opened):
    today = datetime.now(UTC).date()
    page = asked(officer, act="case-opened", since=(today - timedelta(days=5)).isoformat())
    assert "Dossier ouvert" in page


def test_pages_of_a_search_go_on_by_a_button(officer, opened):
    for rank in range(60):
        record(
            system(Purpose.INVESTIGATION),
            Act.CASE_TAKEN,
            f"{rank:02}",
            now=datetime.now(UTC),
            person=opened.person_id,
        )
    first = officer.post("/protection/acces/", HERS)
    hidden = dict(
        re.findall(r'<input type="hidden" name="(name|birth_date|after)" value="([^"]+)"', text_of(first))
    )
    assert hidden["name"] == "Zygomalas"
    second = asked(officer, **hidden)
    assert second.count("<time") == 11
    assert "Plus anciens" not in second


def test_the_officer_protects_a_file_and_is_told_when_it_is_opened(officer, opened, paris_client):
    (person,) = re.findall(r'name="person" value="([^"]+)"', asked(officer, **HERS))
    answer = officer.post(
        "/protection/acces/dossiers-proteges/ajouter/", {"person": person, "kind": "well-known"}, follow=True
    )
    assert "Ce dossier est protégé" in text_of(answer)
    again = officer.post(
        "/protection/acces/dossiers-proteges/ajouter/", {"person": person, "kind": "well-known"}, follow=True
    )
    assert "déjà protégé" in text_of(again)
    assert watching.detect(now=datetime.now(UTC)) == 1
    page = text_of(officer.get("/protection/acces/alertes/"))
    assert "Dossier d’une personne protégée" in page
    assert "Agent de Paris" in page
    (address,) = re.findall(r'href="(/protection/acces/alertes/[0-9a-f-]{36}/)"', page)
    alert = text_of(officer.get(address))
    assert "Qui d’autre a ouvert ce dossier" in alert
    with acting(system(Purpose.OVERSIGHT)):
        line = Watched.objects.get()
    lifted = officer.post(f"/protection/acces/dossiers-proteges/{line.id}/lever/", follow=True)
    assert "Aucun dossier protégé" in text_of(lifted)


@pytest.fixture
def alert(transactional_db) -> Alert:
    now = datetime.now(UTC)
    with acting(system(Purpose.OVERSIGHT)):
        return Alert.objects.create(
            rule="browsing", actor=str(uuid7()), role="investigator", organisation="CPAM de Paris", key="2026-11-20",
            first_at=now, last_at=now, made_at=now, figures={"persons": 25, "worked": 0, "in_order": 25},
        )  # fmt: skip


def test_an_alert_is_closed_with_what_was_found(officer, alert):
    address = f"/protection/acces/alertes/{alert.id}/"
    page = text_of(officer.get(address))
    assert "Dossiers parcourus sans suite" in page
    assert "Personnes dont le dossier a été ouvert" in page
    without = officer.post(
        f"{address}traiter/", {"version": "1", "state": "closed", "reason": " "}, follow=True
    )
    assert "Dites en une phrase" in text_of(without)
    closed = officer.post(
        f"{address}traiter/",
        {"version": "1", "state": "closed", "reason": "Reprise d’un retard."},
        follow=True,
    )
    assert "Reprise d’un retard." in text_of(closed)
    assert "Dominique Garde" in text_of(closed)
    stale = officer.post(f"{address}traiter/", {"version": "1", "state": "seen"}, follow=True)
    assert "Un collègue a traité cette alerte" in text_of(stale)
    assert "Aucune alerte ici" in text_of(officer.get("/protection/acces/alertes/"))
    assert "Dossiers parcourus" in text_of(officer.get("/protection/acces/alertes/?etat=closed"))


@pytest.mark.parametrize(
    "query",
    ["?etat=nonsense", "?apres=x", "?apres=01a1fe5e-b995-77d1-b43d-73f0a0a30d10", "?etat=seen&apres=1"],
)
def test_a_list_of_alerts_takes_any_address(officer, alert, query):
    assert officer.get(f"/protection/acces/alertes/{query}").status_code == 200


def test_an_alert_that_is_not_there_is_refused(officer):
    assert officer.get(f"/protection/acces/alertes/{uuid7()}/").status_code == 403
    assert officer.post(f"/protection/acces/alertes/{uuid7()}/traiter/", {"state": "seen"}).status_code == 403


def test_a_person_reads_who_opened_her_file_without_the_agents_name(arrives, visit, client, recent, query):
    visit(arrives(recent))
    ((person, hers),) = query("SELECT person_id, result_id FROM screening_access")
    agent = account(Role.INVESTIGATOR, "75", name="Agent de Paris", organisation="CPAM de Paris")
    record(
        agent.actor(Right.CASES_OPEN, now=datetime.now(UTC)), Act.CASE_OPENED, str(hers), now=datetime.now(UTC),
        person=person,
    )  # fmt: skip
    page = text_of(client.get("/mon-resultat/acces/"))
    assert "Votre dossier a été ouvert." in page
    assert "CPAM de Paris" in page
    assert "Enquêteur de l’assurance maladie" in page
    assert "Rechercher les contacts" in page
    assert "Vous-même" in page
    assert "Agent de Paris" not in page
    assert str(hers) not in page
    (told,) = entries(act="accesses-shown")
    assert (told.person_id, told.role) == (person, "patient")


def test_security_nobody_reads_the_accesses_of_another(arrives, visit, client, recent):
    """What was done to others is not told, though the page asks for nothing but one's own."""
    visit(arrives(recent))
    record(system(Purpose.INVESTIGATION), Act.CASE_TAKEN, "x", now=datetime.now(UTC), person=uuid7())
    assert "pris en charge" not in text_of(client.get("/mon-resultat/acces/"))


def test_without_a_visit_the_list_of_accesses_begins_at_the_portal(client):
    answer = client.get("/mon-resultat/acces/")
    assert (answer.status_code, answer["Location"]) == (302, "/mon-resultat/")
