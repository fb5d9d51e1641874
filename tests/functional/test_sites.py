"""A laboratory speaks for its own sites: those of its juridical entity, and nobody else's."""

import pytest
from tests.factories import LAB, finess_in, message, report
from tests.functional.test_receive import codes

from rempart.foundation.directories import sites
from rempart.foundation.directories.models import Establishment, Laboratory
from rempart.screening.rules.report import Outcome

pytestmark = pytest.mark.django_db(transaction=True)

SITE, PHARMACY, STRANGER = finess_in("75", 2), finess_in("75", 3), finess_in("69", 4)
ENTITY, OTHER = finess_in("75", 90), finess_in("69", 91)


@pytest.fixture(autouse=True)
def directory(transactional_db):
    for rank, (number, entity) in enumerate(
        ((LAB, ENTITY), (SITE, ENTITY), (PHARMACY, ENTITY), (STRANGER, OTHER))
    ):
        Establishment.objects.create(
            digest=bytes([rank]), finess=number, entity=entity, name="LBM", department=number[:2], commune="",
            address="", phone="", category="611", category_name="", siret="", opened_on="",
        )  # fmt: skip
        if number != PHARMACY:
            Laboratory.objects.create(finess=number, name="LBM", department=number[:2])
    sites.forget_sites()
    yield
    sites.forget_sites()


def of(number):
    return message(report(laboratory=type(report().laboratory)(finess=number, name="SITE")), sender=number)


def test_the_sites_of_a_laboratory_are_the_laboratories_of_its_entity():
    assert sites.sites_of(LAB) == sites.sites_of(SITE) == {LAB, SITE}
    assert sites.sites_of(STRANGER) == {STRANGER}
    assert sites.sites_of(finess_in("13")) == {finess_in("13")}


def test_without_an_entity_a_laboratory_is_alone():
    Establishment.objects.update(entity="")
    sites.forget_sites()
    assert sites.sites_of(LAB) == {LAB}


def test_a_laboratory_speaks_for_its_site(keep, query):
    (kept,) = keep(of(SITE), laboratory=LAB)
    assert kept.outcome is Outcome.ACCEPTED
    assert query("SELECT laboratory FROM screening_result") == [(SITE,)]


@pytest.mark.parametrize("number", [STRANGER, PHARMACY])
def test_security_and_for_nobody_elses(keep, query, number):
    (kept,) = keep(of(number), laboratory=LAB)
    assert (kept.outcome, codes(kept)) == (Outcome.REJECTED, ["L04"])
    assert query("SELECT count(*) FROM screening_result") == [(0,)]


def test_sites_are_asked_for_once(django_assert_num_queries):
    with django_assert_num_queries(3):
        sites.sites_of(LAB)
    with django_assert_num_queries(0):
        sites.sites_of(LAB)
