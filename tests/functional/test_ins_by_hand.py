"""The button that asks the national teleservice, over real mutual TLS against its stand-in."""

import re
from datetime import date

import pytest
from tests.factories import NOW, finess_in
from tests.functional.accounts import account
from tests.functional.doors import sign_in
from tests.functional.trail import entries as trail

from rempart.foundation.access.refusals import NotAllowed, TooMany
from rempart.foundation.access.rights import Right, Role
from rempart.screening.rules.report import Person, Sex
from rempart.screening.sampling.services import ins
from rempart.simulators.ins.certificates import make
from rempart.simulators.ins.register import Behaviour, Register, people_of_data
from rempart.simulators.ins.serving import teleservice

pytestmark = pytest.mark.django_db(transaction=True)

HER = Person(birth_name="Xylophage", first_names=("Théodosie",), sex=Sex.FEMALE, birth_date=date(1979, 3, 28))
TWIN = Person(birth_name="Jumelle", first_names=("Alix",), sex=Sex.FEMALE, birth_date=date(1990, 6, 21))


@pytest.fixture
def register():
    return Register(people_of_data())


@pytest.fixture
def endpoint(register, tmp_path):
    with teleservice(register, make(tmp_path)) as found:
        yield found


@pytest.fixture
def ask(endpoint):
    """`ask(person)`: what the teleservice says of her to one nurse."""
    nurse = account(Role.NURSE, establishment=finess_in("75")).actor(Right.DRIVES_RUN, now=NOW)

    def run(person, *, at=endpoint):
        return ins.look_up(actor=nurse, right=Right.DRIVES_RUN, person=person, endpoint=at, now=NOW)

    return run


def test_one_none_several(ask):
    found = ask(HER)
    assert found.found is ins.Found.ONE
    assert (found.person.ins, found.person.birth_place) == ("279035121518989", "51215")
    assert found.person.ins_authority == "1.2.250.1.213.1.4.8"
    stranger = Person(birth_name="Personne", first_names=("X",), sex=Sex.MALE, birth_date=date(2000, 1, 1))
    assert ask(stranger) == ins.Answer(found=ins.Found.NONE)
    assert ask(TWIN) == ins.Answer(found=ins.Found.SEVERAL)


@pytest.mark.parametrize("mood", [Behaviour.UNAVAILABLE, Behaviour.NONSENSE, Behaviour.SOMEBODY_ELSE])
def test_who_stands_there_does_not_wait_for_a_service_that_fails(mood, ask, register):
    register.mood = mood
    assert ask(HER) == ins.Answer(found=ins.Found.SILENT)


def test_without_an_address_it_says_so(ask):
    assert ask(HER, at=None) == ins.Answer(found=ins.Found.ABSENT)


def test_security_looking_up_leaves_its_trace_and_is_bounded(ask, register):
    register.mood = Behaviour.UNAVAILABLE
    with pytest.raises(TooMany):
        for _ in range(61):
            ask(HER)
    assert {entry.details["state"] for entry in trail(act="ins-looked-up")} == {"silent"}


def test_security_nobody_else_looks_up(endpoint):
    investigator = account(Role.INVESTIGATOR, "75").actor(Right.CASES_LIST, now=NOW)
    with pytest.raises(NotAllowed):
        ins.look_up(actor=investigator, right=Right.DRIVES_RUN, person=HER, endpoint=endpoint, now=NOW)


def test_the_form_comes_back_with_what_was_found(client, keyring, endpoint, settings):
    settings.INS_TELESERVICE = endpoint
    sign_in(client, account(Role.PHARMACIST, establishment=finess_in("75")))
    traits = {"birth_name": "Xylophage", "first_names": "Théodosie", "birth_date": "28/03/1979", "sex": "F"}
    page = client.post("/saisie/", traits | {"do": "ins", "phone": "06"}).content.decode()
    assert "a été trouvée" in page
    assert re.search(r'name="number" value="279035121518989"', page)
    assert 'value="06"' in page  # what was typed stays
