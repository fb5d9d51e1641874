"""A person's file for a professional: found by all three fields or not at all, with what his right shows."""

import pytest
from django.test import Client
from tests.factories import NOW, nir_of, person, report, somebody
from tests.functional.accounts import account
from tests.functional.doors import sign_in
from tests.functional.trail import entries

from rempart.foundation.access.models import Agent
from rempart.foundation.access.refusals import NotAllowed, TooMany
from rempart.foundation.access.rights import Right, Role
from rempart.screening.rules.report import Result
from rempart.screening.services import files as service

pytestmark = pytest.mark.django_db(transaction=True)

NUMBER = nir_of("2790351215189")
WHO = {"number": NUMBER, "name": "Zygomalas", "first_name": "theodosie"}


def find(role: Role, right: Right, keyring, **changes):
    actor = (Agent.objects.filter(role=role).first() or account(role)).actor(right, now=NOW)
    return service.find(actor=actor, right=right, keyring=keyring, now=NOW, **(WHO | changes))


def sampling(keyring, **changes):
    return find(Role.BIOLOGIST, Right.FILES_SAMPLING, keyring, **changes)


@pytest.mark.parametrize("result", [Result.POSITIVE, Result.NEGATIVE])
def test_a_biologist_sees_what_a_sampling_needs_and_no_result(result, arrive, keyring):
    arrive(report(result=result, raw_result=result.value))
    (file,) = sampling(keyring)
    assert (file.number, file.mobile, file.address[-1]) == (NUMBER, "0639981234", "75007 PARIS")
    assert file.sampled_on is not None
    assert not any("result" in field for field in type(file).__slots__)


def test_a_pharmacist_sees_neither_contact_nor_sampling(arrive, keyring):
    arrive(report())
    (file,) = find(Role.PHARMACIST, Right.FILES_MASKS, keyring)
    assert (file.identity.birth_name, file.number) == ("ZYGOMALAS", NUMBER)
    assert file.address
    assert (file.mobile, file.phone, file.email, file.sampled_on) == ("", "", "", None)


@pytest.mark.parametrize("name", ["Zygomalas", "QUIRINAL", "zygomalàs"])
@pytest.mark.parametrize("first_name", ["Théodosie", "Wilhelmine"])
def test_either_name_and_any_first_name(name, first_name, arrive, keyring):
    arrive(report())
    assert len(sampling(keyring, name=name, first_name=first_name)) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Dupont"},
        {"first_name": "Camille"},
        {"first_name": ""},
        {"name": "", "first_name": ""},
        {"number": nir_of("1790351215189")},
        {"number": "2790351215189%"},
        {"number": "' OR 1=1 --"},
    ],
)
def test_less_than_all_three_finds_nobody(changes, arrive, keyring):
    arrive(report())
    assert sampling(keyring, **changes) == []


def test_who_has_no_number_is_not_found(arrive, keyring):
    arrive(report(somebody(1)))
    assert sampling(keyring, name="PERSONNEB", first_name="Alix") == []


def test_a_search_is_noted_with_whose_file_it_was(arrive, keyring):
    arrive(report())
    sampling(keyring)
    sampling(keyring, name="Dupont")
    found, none = entries(act="file-found")
    assert found.person_id is not None
    assert found.fields == ["identity", "number", "contact", "address", "sampling"]
    assert (none.person_id, none.details) == (None, {"found": 0})
    assert "ZYGOMALAS" not in str(found.details).upper()


def test_the_person_is_told_of_it_once_per_search_and_guessing_is_slowed(arrive, keyring):
    arrive(report())
    with pytest.raises(TooMany):
        for _ in range(200):
            sampling(keyring, first_name="Camille")


@pytest.mark.parametrize("role", [Role.INVESTIGATOR, Role.PHARMACIST, Role.DOCTOR, Role.EPIDEMIOLOGIST])
def test_nobody_else_uses_the_biologists_right(role):
    with pytest.raises(NotAllowed):
        account(role).actor(Right.FILES_SAMPLING, now=NOW)


def test_the_page_shows_it_and_no_address_holds_it(arrive, keyring):
    arrive(report(person()))
    client = Client()
    sign_in(client, account(Role.PHARMACIST))
    answer = client.post("/fiches/masques/", WHO)
    text = answer.content.decode()
    assert "ZYGOMALAS (QUIRINAL) Théodosie" in text
    assert "0639981234" not in text.replace("\N{NO-BREAK SPACE}", "")
    assert "Test réalisé" not in text
    assert client.get("/fiches/prelevement/").status_code == 403
