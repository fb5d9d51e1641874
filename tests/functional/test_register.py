"""The register of laboratories: who sees which, who moves one on, and what a laboratory in test sends."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from django.urls import reverse
from tests import messages
from tests.factories import finess_in
from tests.functional.accounts import account
from tests.functional.doors import HL7, SENDER, new_key, sign_in

from rempart.foundation.access.actor import Role
from rempart.foundation.directories.models import Laboratory
from rempart.screening.api import intake_of
from rempart.screening.register.models import Registered, Request
from rempart.screening.register.rules import Kind, State, progress, together

pytestmark = pytest.mark.django_db(transaction=True)

PARIS, LYON = finess_in("75", 3), SENDER


def registered(finess, department, *, state=State.TO_CALL, **more):
    return Registered.objects.create(
        finess=finess, name=f"LBM {finess}", department=department, kind=Kind.PRIVATE, state=state,
        changed_at=datetime.now(UTC), **more,
    )  # fmt: skip


@pytest.fixture
def two(transactional_db):
    registered(PARIS, "75", state=State.PRODUCTION)
    registered(LYON, "69", blocked_by="éditeur injoignable")


@pytest.fixture
def referent(client, two):
    sign_in(client, account(Role.REFERENT, "69", "01"))
    return client


def form_of(row, **changes):
    names = ("name", "kind", "software", "vendor", "result_server", "contact_name", "contact_phone", "contact_email", "state", "blocked_by", "version")  # fmt: skip
    return {name: getattr(row, name) for name in names} | {"planned_on": ""} | changes


def test_a_referent_sees_the_laboratories_of_his_region_only(referent):
    page = referent.get(reverse("register")).content.decode()
    assert LYON in page
    assert PARIS not in page
    assert referent.get(reverse("register-laboratory", args=[PARIS])).status_code == 403
    assert referent.post(reverse("register-ask", args=[PARIS]), {"text": "x"}).status_code == 403
    assert PARIS not in referent.get(reverse("register-csv")).content.decode()


def test_the_operator_sees_all_and_fills_the_register_from_the_directory(client, two, query):
    Laboratory.objects.create(finess="130054323", name="LBM DU PORT", department="13", phone="0400000000")
    Laboratory.objects.create(finess=LYON, name="LBM EXEMPLE", department="69")
    sign_in(client, account(Role.OPERATOR))
    for told in ("1 laboratoire ajouté.", "0 laboratoires ajoutés."):
        assert told[:20] in client.post(reverse("register-complete"), follow=True).content.decode()
    assert query("SELECT state, contact_phone FROM screening_register WHERE finess = '130054323'") == [
        ("to-call", "0400000000")
    ]
    assert query("SELECT blocked_by FROM screening_register WHERE finess = %s", LYON) == [
        ("éditeur injoignable",)
    ]


def test_a_referent_may_not_fill_the_register(referent):
    assert referent.post(reverse("register-complete")).status_code == 403


def test_a_laboratory_is_moved_on_and_two_do_not_overwrite_each_other(referent, query):
    row = Registered.objects.get(finess=LYON)
    address = reverse("register-laboratory", args=[LYON])
    changed = form_of(row, state="scheduled", software="KALISIL", planned_on="2026-12-01", blocked_by="")
    assert "La fiche est enregistrée" in referent.post(address, changed, follow=True).content.decode()
    again = referent.post(address, form_of(row, software="AUTRE"), follow=True).content.decode()
    assert "Quelqu’un d’autre" in again
    assert query("SELECT state, software, planned_on::text, version FROM screening_register WHERE finess = %s", LYON) == [
        ("scheduled", "KALISIL", "2026-12-01", 2)
    ]  # fmt: skip


@pytest.mark.parametrize(
    "changes", [{"state": "gone"}, {"kind": ""}, {"contact_email": "x"}, {"name": ""}, {"name": "n" * 121}]
)
def test_what_cannot_be_is_refused(referent, query, changes):
    row = Registered.objects.get(finess=LYON)
    referent.post(reverse("register-laboratory", args=[LYON]), form_of(row, **changes))
    assert query("SELECT version FROM screening_register WHERE finess = %s", LYON) == [(1,)]


def test_a_request_waits_until_it_is_answered(referent):
    referent.post(reverse("register-ask", args=[LYON]), {"text": "Le serveur refuse notre certificat"})
    assert "Le serveur refuse" in referent.get(reverse("register")).content.decode()
    asked = Request.objects.get()
    for answer in ("Certificat renouvelé", "autre"):
        referent.post(reverse("register-answer", args=[asked.id]), {"text": answer})
    asked.refresh_from_db()
    assert (asked.answer, asked.closed_at is not None) == ("Certificat renouvelé", True)
    assert "Aucune demande n’attend" in referent.get(reverse("register")).content.decode()


def test_the_list_is_narrowed(client, two):
    sign_in(client, account(Role.OPERATOR))

    def shown(**chosen):
        page = client.get(reverse("register-csv"), chosen).content.decode()
        return {finess for finess in (PARIS, LYON) if finess in page}

    assert shown() == {PARIS, LYON}
    assert shown(etat="production") == {PARIS}
    assert shown(bloque="1") == {LYON}
    assert shown(region="11") == {PARIS}
    assert shown(mots=LYON[:6]) == {LYON}
    assert shown(etat="x", region="zz", page="abc") == {PARIS, LYON}


def test_a_name_is_no_formula_in_a_spreadsheet(client, transactional_db):
    registered(LYON, "69", software="=cmd|' /C calc'!A1")
    sign_in(client, account(Role.OPERATOR))
    assert ";'=cmd" in client.get(reverse("register-csv")).content.decode()


def test_the_number_of_queries_does_not_grow_with_the_register(
    client, transactional_db, django_assert_max_num_queries
):
    for number in range(60):
        registered(finess_in("13", 100 + number), "13")
    sign_in(client, account(Role.OPERATOR))
    client.get(reverse("register"))
    with django_assert_max_num_queries(14):
        assert client.get(reverse("register")).status_code == 200


# A laboratory in test


@pytest.fixture
def sends(client, keyring, transactional_db):
    key = new_key(SENDER)

    def send(payload, **headers):
        intake_of.cache_clear()
        return client.post(
            "/api/v1/deliveries",
            payload,
            content_type=HL7,
            headers={"Authorization": f"Bearer {key}", **headers},
        )

    return send


def test_what_a_laboratory_in_test_sends_is_judged_answered_and_not_kept(sends, query):
    registered(SENDER, "69", state=State.TEST)
    good = json.loads(sends(messages.hl7(), Accept="application/json").content)
    assert [(one["outcome"], one["findings"][-1]["code"]) for one in good["items"]] == [("accepted", "H06")]
    wrong = json.loads(
        sends(
            messages.hl7(("21048BC000020^LBM-EX", "^LBM-EX")),
            Accept="application/json",
        ).content
    )
    assert wrong["items"][0]["outcome"] == "rejected"
    many = b"".join(messages.hl7(("MSG000001", f"M{n}")) for n in range(60))
    assert {
        one["outcome"] for one in json.loads(sends(many, Accept="application/json").content)["items"]
    } == {"accepted"}
    for table in ("screening_message", "screening_delivery", "screening_result", "screening_message_ledger"):
        assert query(f"SELECT count(*) FROM {table}") == [(0,)]
    assert query("SELECT accepted, rejected FROM screening_trial WHERE finess = %s", SENDER) == [(61, 1)]


def test_another_laboratory_s_results_are_refused_in_test_too(sends, query):
    registered(PARIS, "75", state=State.TEST)
    answer = sends(messages.hl7(), Accept="application/json", Authorization=f"Bearer {new_key(PARIS)}")
    assert "L04" in {one["code"] for one in json.loads(answer.content)["items"][0]["findings"]}
    assert query("SELECT rejected FROM screening_trial") == [(1,)]


@pytest.mark.parametrize("state", [State.TO_CALL, State.PRODUCTION, None])
def test_any_other_laboratory_is_taken_for_real(sends, query, state):
    if state is not None:
        registered(SENDER, "69", state=state)
    sends(messages.hl7())
    assert query("SELECT count(*) FROM screening_result") == [(1,)]


def test_from_test_to_production_the_same_message_is_kept(sends, query):
    row = registered(SENDER, "69", state=State.TEST)
    sends(messages.hl7())
    row.state = State.PRODUCTION
    row.save()
    sends(messages.hl7())
    assert query("SELECT count(*) FROM screening_result") == [(1,)]


# Rules


def test_how_far_a_territory_is():
    parts = progress([("75", "production", False, 3), ("75", "to-call", True, 1), ("69", "test", False, 2)])
    assert (parts["75"].share, parts["75"].shade, parts["75"].blocked) == (0.75, 4, 1)
    assert (parts["69"].share, parts["69"].shade) == (0.0, 1)
    whole = together(parts.values())
    assert (whole.total, whole.in_production, whole.blocked) == (6, 3, 1)
    assert together([]).share is None
