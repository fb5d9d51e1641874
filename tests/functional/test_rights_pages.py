"""The pages of people's rights and of retention: what they cost, and what they do with nonsense."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from tests.factories import message, report
from tests.functional.accounts import account
from tests.functional.doors import sign_in
from tests.functional.settling import settle

from rempart.foundation.access.actor import patient
from rempart.foundation.access.rights import Role
from rempart.protection.retention.services import daily
from rempart.protection.rights.services import asking
from rempart.screening.models import Access
from rempart.screening.portal import visits

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def visitor(keep, query):
    """A woman whose result came now."""
    keep(message(report()), now=datetime.now(UTC))
    settle()
    access = Access.objects.get()
    reference = bytes(access.reference).hex()[:16]
    return patient(access=reference, person=access.person_id, identity=access.identity_id)


@pytest.fixture
def officer(transactional_db) -> Client:
    client = Client()
    sign_in(client, account(Role.DATA_PROTECTION, username="dpo", name="Dominique Garde"))
    return client


@pytest.fixture
def asked(visitor, keyring, query):
    asking.ask_rectification(actor=visitor, text="Un prénom faux.", keyring=keyring, now=datetime.now(UTC))
    return query("SELECT id FROM rights_request")[0][0]


def test_a_list_of_many_costs_what_a_list_of_one_does(officer, visitor, keyring):
    def ask():
        asking.ask_rectification(actor=visitor, text="Faux.", keyring=keyring, now=datetime.now(UTC))

    ask()
    with_one = counted_queries(officer)
    for _ in range(4):
        ask()
    assert counted_queries(officer) == with_one


def counted_queries(client: Client) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get("/droits/demandes/").status_code == 200
    return len(queries)


def test_nobody_who_has_not_proved_who_he_is_sees_a_page_of_rights(client, keyring, transactional_db):
    for name in ("rights", "rights-data", "rights-data-pdf", "rights-data-json", "rights-rectify"):
        answer = client.get(reverse(name))
        assert (answer.status_code, answer["Location"]) == (302, reverse("portal")), name
    for name in ("rights-ask", "rights-research"):
        assert client.post(reverse(name))["Location"] == reverse("portal")


@pytest.mark.parametrize("version", ["", "abc", "-1", "9" * 400, "1e3", "٣"])
def test_a_version_that_is_none_changes_nothing(officer, asked, version, query):
    answer = officer.post(reverse("request-take", args=[asked]), {"version": version})
    assert answer.status_code == 409
    assert query("SELECT state, version FROM rights_request") == [("received", 1)]


def test_the_officer_is_warned_of_who_came_by_a_code(officer, asked):
    """Somebody tested under her name may hold a code; only she can come by FranceConnect."""
    page = officer.get(reverse("request", args=[asked])).content.decode()
    assert "Vérifiez son identité avant de corriger." in page


def test_a_request_that_is_none_is_refused_like_one_that_may_not_be_seen(officer, keyring):
    for name in ("request", "request-dossier"):
        assert officer.get(reverse(name, args=[uuid4()])).status_code == 403
    assert officer.post(reverse("request-take", args=[uuid4()]), {"version": "1"}).status_code == 403


def test_a_correction_that_cannot_be_is_said_beside_its_field(officer, asked, query):
    ((identity,),) = query("SELECT identity_id FROM people_link")
    said = {
        "version": "1", "identity": str(identity), "birth_name": "", "used_name": "", "sex": "Z",
        "birth_date": "hier", "ins": "1234", "email": "pas une adresse",
    }  # fmt: skip
    answer = officer.post(reverse("request-rectify", args=[asked]), said)
    assert answer.status_code == 422
    text = answer.content.decode()
    for sentence in ("Un nom est nécessaire.", "n’est pas un numéro de sécurité sociale"):
        assert sentence in text
    assert query("SELECT count(*) FROM people_identity") == [(1,)]


@pytest.mark.parametrize("identity", ["", "x", "00000000-0000-0000-0000-000000000000"])
def test_a_correction_of_nobody_changes_nothing(officer, asked, query, identity):
    said = {"version": "1", "identity": identity, "birth_name": "X", "sex": "F"}
    answer = officer.post(reverse("request-rectify", args=[asked]), said)
    assert answer.status_code in (302, 403)
    assert query("SELECT count(*) FROM people_identity") == [(1,)]


def test_an_answer_of_nothing_leaves_the_request_open(officer, asked, query):
    for text in ("", " \n "):
        officer.post(
            reverse("request-answer", args=[asked]), {"version": "1", "text": text, "step": "refuse"}
        )
    assert query("SELECT state FROM rights_request") == [("received",)]


@pytest.mark.parametrize(
    "said",
    [
        {"step": "write"},
        {"step": "write", "person": "x", "kind": "access", "text": "x"},
        {"step": "write", "person": str(uuid4()), "kind": "erasure", "text": "x"},
        {"step": "find"},
        {"step": "find", "number": "1" * 400},
        {"step": "find", "name": "\0", "birth_date": "32/13/2020"},
        {"step": "else"},
    ],
)
def test_nonsense_writes_nothing_down(officer, keyring, said, query):
    assert officer.post(reverse("request-write"), said).status_code == 200
    assert query("SELECT count(*) FROM rights_request") == [(0,)]


@pytest.mark.parametrize(
    "said",
    [
        {"step": "place"},
        {"step": "place", "person": str(uuid4()), "until": "31/12/1999", "ordered_by": "x", "reason": "x"},
        {"step": "place", "person": str(uuid4()), "until": "31/12/2999", "ordered_by": "x", "reason": "x"},
        {"step": "place", "person": "x", "until": "jamais"},
    ],
)
def test_a_hold_that_cannot_be_is_not(officer, keyring, said, query):
    assert officer.post(reverse("holds"), said).status_code == 200
    assert query("SELECT count(*) FROM retention_hold") == [(0,)]


def test_the_page_of_retention_is_red_when_something_is_late(officer, keep, keyring, monkeypatch):
    page = officer.get(reverse("retention")).content.decode()
    assert "Aucune destruction n’a encore eu lieu" in page
    keep(message(report()), now=datetime(2025, 1, 1, tzinfo=UTC))
    settle()
    monkeypatch.setattr(daily, "PARTS", ())
    daily.run(keyring=keyring, now=datetime.now(UTC))
    page = officer.get(reverse("retention")).content.decode()
    assert "Des données arrivées à terme sont encore là" in page
    monkeypatch.undo()
    daily.run(keyring=keyring, now=datetime.now(UTC))
    page = officer.get(reverse("retention")).content.decode()
    assert "Rien de ce qui est arrivé à terme n’est encore là." in page


def test_what_a_person_is_given_to_keep_is_a_file(visitor, keyring, client, query):
    session = client.session
    access = Access.objects.get()
    visits.open_with_proof(session, bytes(access.reference).hex(), seed=b"seed", now=datetime.now(UTC))
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    for name, kind in (("rights-data-pdf", "application/pdf"), ("rights-data-json", "application/json")):
        answer = client.get(reverse(name))
        assert (answer.status_code, answer["Content-Type"]) == (200, kind)
        assert answer["Content-Disposition"].startswith("attachment;")
        assert answer["Cache-Control"] == "no-store"
