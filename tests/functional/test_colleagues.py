"""Opening the file of a colleague, or one's own: noted as yes or no, and nothing more."""

from datetime import UTC, datetime

import pytest
from tests.functional.accounts import account
from tests.functional.trail import entries

from rempart.foundation.access import colleagues
from rempart.foundation.access.colleagues import is_namesake
from rempart.foundation.access.rights import Right, Role
from rempart.tracing.services.worklist import open_file

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _read_anew():
    colleagues.forget()


def opener(name="Camille Rivière", organisation="CPAM de Paris"):
    agent = account(Role.INVESTIGATOR, "75", name=name, organisation=organisation)
    return agent.actor(Right.CASES_OPEN, now=datetime.now(UTC))


def test_opening_a_colleagues_file_is_noted(case, keyring):
    account(Role.INVESTIGATOR, "92", name="Theodosie QUIRINAL", organisation="CPAM de Paris")
    open_file(actor=opener(), case_id=case.id, keyring=keyring, now=datetime.now(UTC))
    (entry,) = entries(act="case-opened")
    assert entry.details == {"namesake": True}


def test_a_namesake_of_another_organisation_is_nobodys_colleague(case, keyring):
    account(Role.INVESTIGATOR, "69", name="Théodosie Zygomalas", organisation="CPAM de Lyon")
    open_file(actor=opener(), case_id=case.id, keyring=keyring, now=datetime.now(UTC))
    (entry,) = entries(act="case-opened")
    assert entry.details == {"namesake": False}


@pytest.mark.parametrize(
    ("family", "first", "same"),
    [
        (("RIVIERE", ""), "Camille", True),
        (("", "rivière"), "CAMILLE", True),
        (("Rivière",), "Camille Anne", False),
        (("Riviere-Durand",), "Camille", False),
        (("Camille",), "Rivière", True),  # which word is which cannot be told from an account
        (("", ""), "Camille", False),
        (("Rivière",), "", False),
    ],
)
def test_names_are_compared_word_by_word(family, first, same):
    assert is_namesake(opener(), family_names=family, first_name=first) is same


def test_without_an_organisation_one_is_compared_with_oneself():
    account(Role.INVESTIGATOR, "75", name="Alix Martin", organisation="")
    me = opener(organisation="")
    assert is_namesake(me, family_names=("Rivière",), first_name="Camille")
    assert not is_namesake(me, family_names=("Martin",), first_name="Alix")


def test_the_names_are_read_once(django_assert_num_queries):
    me = opener()
    with django_assert_num_queries(1):
        for _ in range(3):
            is_namesake(me, family_names=("Rivière",), first_name="Camille")
