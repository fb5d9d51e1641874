"""The pages of results entered by hand: what a browser may send twice, late, or in somebody else's name."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.core import signing
from tests.factories import finess_in, nir_of
from tests.functional.accounts import account
from tests.functional.doors import sign_in

from rempart.foundation.access.rights import Role
from rempart.screening.rules.report import Person
from rempart.screening.sampling import form_keys, person_fields
from rempart.screening.sampling.rules.registration import Registration
from rempart.screening.sampling.services import ins

pytestmark = pytest.mark.django_db(transaction=True)

HERE = "/saisie/"
NUMBER = nir_of("2790351215189")
FILLED = {
    "birth_name": "Zygomalas", "first_names": "Théodosie Wilhelmine", "birth_date": "28/03/1979", "sex": "F",
    "number": NUMBER, "phone": "06 39 98 12 34", "postal_code": "75007", "residence": ["I"],
    "analysis": "94558-4", "result": "N",
}  # fmt: skip


@pytest.fixture
def pharmacist(client, keyring):
    """A browser in which a pharmacist of Paris has signed in."""
    sign_in(client, account(Role.PHARMACIST, establishment=finess_in("75")))
    return client


def key_on(page) -> str:
    return re.search(r'name="form" value="([^"]+)"', page.content.decode())[1]


def filled(client, **changes):
    now = datetime.now(UTC) - timedelta(hours=3)
    return FILLED | {"form": key_on(client.get(HERE)), "sampled_at": f"{now:%Y-%m-%dT%H:%M}"} | changes


RESULTS = "SELECT result, version FROM screening_result"


def test_a_form_sent_twice_is_one_result(pharmacist, query):
    form = filled(pharmacist)
    first, second = pharmacist.post(HERE, form), pharmacist.post(HERE, form)
    assert (first.status_code, first["Location"]) == (302, second["Location"])
    assert query(RESULTS) == [("N", 1)]
    assert query("SELECT count(*) FROM screening_entry") == [(1,)]


def test_a_form_sent_again_with_another_content_says_so(pharmacist, query):
    form = filled(pharmacist)
    pharmacist.post(HERE, form)
    page = pharmacist.post(HERE, form | {"result": "P"})
    assert "déjà enregistré, avec un autre contenu" in page.content.decode()
    assert query(RESULTS) == [("N", 1)]


@pytest.mark.parametrize("changes", [{"form": ""}, {"form": "abc"}, {"form": signing.dumps("x")}])
def test_a_form_without_its_key_is_shown_again_with_one(changes, pharmacist, query):
    page = pharmacist.post(HERE, filled(pharmacist, **changes))
    assert "Vérifiez-la et enregistrez de nouveau" in page.content.decode()
    assert query(RESULTS) == []
    pharmacist.post(HERE, filled(pharmacist, form=key_on(page)))
    assert query(RESULTS) == [("N", 1)]


def test_the_key_of_a_form_is_its_agents(pharmacist, client_of, query):
    other = client_of()
    sign_in(other, account(Role.PHARMACIST, establishment=finess_in("75")))
    assert other.post(HERE, filled(pharmacist)).status_code == 200
    assert query(RESULTS) == []


def test_an_old_form_is_not_kept(pharmacist, monkeypatch, query):
    form = filled(pharmacist)
    monkeypatch.setattr(form_keys, "_LASTS", -1)
    assert pharmacist.post(HERE, form).status_code == 200
    assert query(RESULTS) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"result": ""}, "les deux se saisissent"),
        ({"sex": "X"}, "Sélectionnez un choix valide"),
        ({"birth_name": "", "used_name": ""}, "à défaut le nom utilisé"),
        ({"birth_place": "Saint-Aubin"}, "Plusieurs communes portent ce nom"),
        ({"birth_place": "Xyzzy"}, "commune n’est pas connue"),
        ({"phone": "06 39 98"}, "pas complet"),
        ({"postal_code": "7500"}, "cinq chiffres"),
        ({"sampled_at": "hier"}, "Choisissez un jour et une heure"),
        ({"sampled_at": "2099-01-01T10:00"}, "Le prélèvement est dans le futur"),
        ({"birth_date": "01/01/1850"}, "Date de naissance absente, illisible ou impossible"),
        ({"analysis": "85477-8"}, "Sélectionnez un choix valide"),
    ],
)
def test_what_is_wrong_is_said(changes, said, pharmacist, query):
    page = pharmacist.post(HERE, filled(pharmacist, **changes))
    assert said in page.content.decode()
    assert query(RESULTS) == []


def test_an_entry_that_is_not_ones_own_does_not_exist(pharmacist, client_of):
    address = pharmacist.post(HERE, filled(pharmacist))["Location"]
    other = client_of()
    sign_in(other, account(Role.NURSE, establishment=finess_in("69")))
    for path in (address, f"{address}corriger/"):
        assert other.get(path).status_code == 403
    assert other.post(f"{address}retirer/", {"version": "1"}).status_code == 403


def test_a_correction_over_a_newer_version_says_so(pharmacist):
    address = pharmacist.post(HERE, filled(pharmacist))["Location"]
    form = filled(pharmacist, version="1")
    assert pharmacist.post(f"{address}corriger/", form | {"result": "P"}).status_code == 302
    assert pharmacist.post(f"{address}corriger/", form | {"result": "I"}).status_code == 409


def test_what_the_teleservice_found_is_shown_and_vouched_for(pharmacist, monkeypatch, keyring, query):
    found = Person(
        birth_name="ZYGOMALAS", ins=NUMBER, ins_authority="1.2.250.1.213.1.4.8", birth_place="51215"
    )
    monkeypatch.setattr(ins, "look_up", lambda **_: ins.Answer(found=ins.Found.ONE, person=found))
    page = pharmacist.post(HERE, filled(pharmacist, number="", result="", do="ins")).content.decode()
    assert "L’identité nationale de santé a été trouvée" in page
    assert 'value="51215"' in page
    proof = re.search(r'name="ins_proof" value="([^"]+)"', page)[1]
    kept = person_fields.RegistrationForm(FILLED | {"ins_proof": proof, "birth_place": "51215"})
    assert kept.is_valid()
    assert kept.person().ins_authority == "1.2.250.1.213.1.4.8"
    other = person_fields.RegistrationForm(FILLED | {"ins_proof": proof, "number": nir_of("1850578006084")})
    assert other.is_valid()
    assert other.person().ins_authority == ""  # the proof is of that number


@pytest.mark.parametrize(
    "proof",
    ["", "x", signing.dumps(["a", "b"]), person_fields.prove("", "1.2")],
    ids=["none", "noise", "signed for something else", "of no number"],
)
def test_security_nobody_vouches_for_a_number_but_the_teleservice(proof):
    form = person_fields.RegistrationForm(FILLED | {"ins_proof": proof})
    assert form.is_valid()
    assert form.person().ins_authority == ""


def test_a_relatives_telephone_is_kept_as_one():
    form = person_fields.RegistrationForm(FILLED | {"relative": "on", "email": "fille@exemple.fr"})
    assert form.is_valid()
    person = form.person()
    assert (person.mobile, person.email) == ("", "")
    assert (person.relative_mobile, person.relative_email) == ("0639981234", "fille@exemple.fr")


def test_fields_show_a_registration_as_it_was_given():
    form = person_fields.RegistrationForm(FILLED | {"health_worker": "no", "prescriber": "10003456786"})
    assert form.is_valid()
    kept: Registration = form.registration()
    again = person_fields.RegistrationForm(person_fields.values_of(kept))
    assert again.is_valid()
    assert again.registration() == kept
