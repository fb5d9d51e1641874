"""The pages of drives and of registrations that persons leave themselves."""

import re
from datetime import UTC, datetime

import pytest
from django.core import signing
from tests.factories import finess_in
from tests.functional.accounts import account
from tests.functional.doors import sign_in

from rempart.foundation.access.actor import Purpose, acting, system
from rempart.foundation.access.rights import Role
from rempart.screening.sampling.models import Preregistration

pytestmark = pytest.mark.django_db(transaction=True)

TENT, LAB = finess_in("75", 3), finess_in("75")
HERE = "/campagnes/"
PERSON = {"birth_name": "Zygomalas", "first_names": "Théodosie", "birth_date": "28/03/1979", "sex": "F"}
OWN = PERSON | {"phone": "0639981234", "postal_code": "75007", "symptoms": "ASY", "read": "on"}
TOLD = {"informed": "on", "language": "fr"}


@pytest.fixture
def nurse(client, keyring):
    """A browser in which a nurse of the tent has signed in."""
    sign_in(client, account(Role.NURSE, establishment=TENT))
    return client


@pytest.fixture
def drive(nurse):
    """The address of a drive of today."""
    day = datetime.now(UTC).date()
    answer = nurse.post(HERE, {"place": "Gymnase", "held_on": day.isoformat(), "laboratory": LAB})
    assert answer.status_code == 302
    return answer["Location"]


def key_on(page) -> str:
    return re.search(r'name="form" value="([^"]+)"', page.content.decode())[1]


def register(client, drive, **changes):
    page = client.get(f"{drive}inscrire/")
    return client.post(f"{drive}inscrire/", PERSON | TOLD | {"form": key_on(page)} | changes)


def said(answer) -> str:
    return answer.content.decode()


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"held_on": "2020-01-01"}, "un jour proche"),
        ({"laboratory": "750000011"}, "pas un numéro FINESS"),
        ({"place": ""}, "Ce champ est obligatoire"),
    ],
)
def test_a_drive_is_opened_for_a_near_day_and_a_laboratory(changes, word, nurse):
    day = datetime.now(UTC).date().isoformat()
    page = nurse.post(HERE, {"place": "Gymnase", "held_on": day, "laboratory": LAB} | changes)
    assert word in said(page)


def test_who_works_nowhere_is_told_why_there_is_nothing(client, keyring):
    sign_in(client, account(Role.NURSE))
    assert "Une campagne est celle d’un établissement" in said(client.get(HERE))


def test_a_form_sent_twice_registers_once(nurse, drive, query):
    page = nurse.get(f"{drive}inscrire/")
    form = PERSON | TOLD | {"form": key_on(page)}
    first, second = (nurse.post(f"{drive}inscrire/", form) for _ in range(2))
    assert (first.status_code, first["Location"]) == (302, second["Location"])
    assert query("SELECT count(*) FROM screening_specimen") == [(1,)]


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"informed": ""}, "Donnez-lui l’information d’abord"),
        ({"tube": "12345678901234"}, "mal lue"),
        ({"form": ""}, "ouverte depuis trop longtemps"),
        ({"language": "xx"}, "Sélectionnez un choix valide"),
    ],
)
def test_nobody_is_registered_wrongly(changes, word, nurse, drive, query):
    assert word in said(register(nurse, drive, **changes))
    assert query("SELECT count(*) FROM screening_specimen") == [(0,)]


def test_a_label_that_is_on_another_tube_is_told(nurse, drive):
    assert register(nurse, drive, tube="LAB-77").status_code == 302
    assert "déjà sur un autre tube" in said(register(nurse, drive, tube="LAB-77"))


def test_a_tube_is_scanned_as_sampled(nurse, drive, query):
    register(nurse, drive, tube="LAB-77")
    for number, word in (
        ("??", "mal lue"),
        ("LAB-78", "pas de cette campagne"),
        ("lab-77", "Prélevé : tube LAB-77"),
    ):
        assert word in said(nurse.post(drive, {"number": number}, follow=True))
    assert query("SELECT count(*) FROM screening_specimen WHERE sampled_at IS NOT NULL") == [(1,)]


def test_tubes_that_are_not_there_are_told_and_nothing_is_sent(nurse, drive, query):
    assert "Aucun tube prélevé" in said(nurse.post(f"{drive}envoyer/", follow=True))
    register(nurse, drive, tube="LAB-77")
    for numbers in ("LAB-77\nLAB-78", "LAB-77\n??"):
        assert "Rien n’est envoyé" in said(nurse.post(f"{drive}envoyer/", {"numbers": numbers}, follow=True))
    assert query("SELECT count(*) FROM screening_batch") == [(0,)]


def test_labels_are_printed_beforehand(nurse, drive):
    assert nurse.get(f"{drive}etiquettes.pdf").content.startswith(b"%PDF")


def test_the_number_of_queries_of_a_drive_does_not_grow(nurse, drive, django_assert_max_num_queries):
    for _ in range(5):
        register(nurse, drive)
    with django_assert_max_num_queries(30):
        nurse.get(drive)


# What a person leaves


def left(client):
    """A code, as a person reads it on her page."""
    page = client.post("/preinscription/", OWN, follow=True)
    return re.search(r"rp-binding--long\">([^<]+)<", said(page))[1]


def test_what_was_left_is_picked_up_and_then_gone(nurse, drive, client_of):
    code = left(client_of())
    page = nurse.post(f"{drive}inscrire/", {"do": "code", "code": code})
    assert 'value="Zygomalas"' in said(page)
    picked = re.search(r'name="picked" value="([^"]+)"', said(page))[1]
    assert register(nurse, drive, picked=picked).status_code == 302
    assert "Ce code n’ouvre rien" in said(nurse.post(f"{drive}inscrire/", {"do": "code", "code": code}))


@pytest.mark.parametrize(
    "picked", ["x", signing.dumps("BCDFGHJKLM")], ids=["noise", "signed for something else"]
)
def test_security_a_forged_pick_up_forgets_nothing(picked, nurse, drive, client_of):
    left(client_of())
    register(nurse, drive, picked=picked)
    with acting(system(Purpose.CARE)):
        assert Preregistration.objects.count() == 1


def test_what_is_left_anew_takes_the_place_of_what_was(client, keyring):
    left(client)
    left(client)
    with acting(system(Purpose.CARE)):
        assert Preregistration.objects.count() == 1


def test_the_code_is_shown_to_who_left_it_only(client, client_of, keyring):
    code = left(client)
    assert code in said(client.get("/preinscription/code/"))
    assert client_of().get("/preinscription/code/")["Location"] == "/preinscription/"
    client.post("/preinscription/effacer/")
    assert client.get("/preinscription/code/").status_code == 302
    with acting(system(Purpose.CARE)):
        assert Preregistration.objects.count() == 0


def test_a_browser_may_fill_in_what_it_knows_of_its_owner(client, keyring):
    page = said(client.get("/preinscription/"))
    for known in ("family-name", "given-name", "bday", "tel", "email", "postal-code"):
        assert f'autocomplete="{known}"' in page


def test_the_language_of_the_notice_is_that_of_the_page(client, keyring):
    client.post("/preinscription/", OWN, headers={"Accept-Language": "en"})
    with acting(system(Purpose.CARE)):
        assert Preregistration.objects.get().notice_language == "en"
