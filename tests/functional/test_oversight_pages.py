"""The committee's pages and the command that writes its report."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from tests.factories import NOW, report
from tests.functional.accounts import account
from tests.functional.doors import sign_in

from rempart.foundation.access.rights import Role
from rempart.protection.oversight.services.counting import count

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def member(keyring):
    browser = Client()
    sign_in(browser, account(Role.OVERSIGHT))
    return browser


@pytest.fixture
def counted(keyring, arrive):
    for _ in range(6):
        arrive(report())
    count(now=NOW + timedelta(days=1))


def test_a_member_reads_the_quarters_figures(member, counted):
    page = member.get("/comite/?trimestre=2026Q4").content.decode()
    assert "4e trimestre 2026" in page
    assert "Résultats reçus" in page
    assert "<svg" in page
    for tables in ("ZYGOMALAS", "Théodosie", "28 passage"):
        assert tables not in page


@pytest.mark.parametrize("asked", ["", "2026Q9", "x", "2026Q4'--", "<script>"])
def test_a_quarter_that_cannot_be_read_is_the_present_one(member, asked):
    answer = member.get("/comite/", {"trimestre": asked})
    assert answer.status_code == 200
    assert "<script>alert" not in answer.content.decode()


def test_the_report_and_its_data_are_files(member, counted):
    pdf = member.get("/comite/rapport.pdf?trimestre=2026Q4")
    assert pdf.content.startswith(b"%PDF")
    assert pdf["Content-Disposition"] == 'attachment; filename="rapport-2026Q4.pdf"'
    assert json.loads(member.get("/comite/donnees.json?trimestre=2026Q4").content)["first"] == "2026-10-01"
    assert member.get("/comite/donnees.csv?trimestre=2026Q4").content.startswith(b"section;figure;")


def test_the_page_asks_little_of_the_database(member, counted, django_assert_max_num_queries):
    with django_assert_max_num_queries(6):  # session, account, second factor; figures, how they were counted
        member.get("/comite/?trimestre=2026Q4")


def test_the_page_is_there_before_anything_was_counted(member):
    assert "Aucun jour de ce trimestre" in member.get("/comite/").content.decode()
