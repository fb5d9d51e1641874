"""Accounts of professionals who sign in by card, over a real database."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from tests.factories import NOW
from tests.functional.trail import entries
from tests.provider import StandIn

from rempart.foundation.access.accounts.rules import Lack
from rempart.foundation.access.actor import Purpose
from rempart.foundation.access.models import Agent
from rempart.foundation.access.openid.party import Party
from rempart.foundation.access.openid.professional import Professional, professional_of
from rempart.foundation.access.openid.refusals import Reason, SignInRefused
from rempart.foundation.access.professionals import services
from rempart.foundation.directories.models import Laboratory

pytestmark = pytest.mark.django_db(transaction=True)

RPPS, LABO, OFFICINE = "10001111227", "599920014", "750000010"


def card(profession: str = "21", *, section: str = "G", at: str = LABO, **claims: object) -> Professional:
    exercise = {
        "codeProfession": profession,
        "codeCategorieProfessionnelle": "C",
        "activities": [
            {"codeSectionPharmacien": section, "numeroFinessSite": at, "raisonSocialeSite": "LBM DE LILLE"}
        ],
    }
    said = {
        "sub": "f:1:x",
        "SubjectNameID": f"8{RPPS}",
        "given_name": "Aïcha",
        "family_name": "BENSAÏD",
        "SubjectRefPro": {"exercices": [exercise]},
    }
    return professional_of(said | claims)


def enter(professional: Professional, *, days: int = 0) -> Agent:
    return services.enter(professional=professional, origin="192.0.2.1", now=NOW + timedelta(days=days))


def refused(professional: Professional) -> Reason:
    with pytest.raises(SignInRefused) as why:
        enter(professional)
    return why.value.reason


def test_a_card_opens_an_account_at_once():
    agent = enter(card())
    agent.refresh_from_db()
    assert (agent.role, agent.establishment, agent.departments) == ("biologist", LABO, ["59"])
    assert (agent.name, agent.organisation, agent.rpps) == ("Aïcha BENSAÏD", "LBM DE LILLE", RPPS)
    assert agent.is_active
    assert not agent.has_usable_password()
    assert agent.lacks(NOW) == (Lack.CONDITIONS,)  # which he accepts on the page he is shown first
    (trace,) = entries(act="signed-in")
    assert (trace.actor, trace.role, trace.origin) == (str(agent.id), "biologist", "192.0.2.1")
    assert trace.details == {"method": "pro-sante-connect"}


def test_the_account_follows_the_register():
    first = enter(card())
    again = enter(card(section="A", at=OFFICINE, family_name="BENSAÏD-ROY"), days=1)
    assert again.id == first.id
    again.refresh_from_db()
    assert (again.role, again.establishment, again.departments) == ("pharmacist", OFFICINE, ["75"])
    assert again.name == "Aïcha BENSAÏD-ROY"
    assert refused(card("40")) is Reason.NO_ROLE  # no longer a pharmacist
    assert Agent.objects.count() == 1


def test_what_an_administrator_gave_stays():
    Agent.objects.create(
        username="regional", name="X", role="regional-investigator", departments=["59", "62"], rpps=RPPS
    )
    agent = enter(card("40"))
    assert (agent.role, agent.departments, agent.name) == (
        "regional-investigator",
        ["59", "62"],
        "Aïcha BENSAÏD",
    )


def test_a_suspended_account_stays_closed():
    agent = enter(card())
    Agent.objects.filter(id=agent.id).update(is_active=False)
    assert refused(card()) is Reason.SUSPENDED
    assert len(entries(act="signed-in")) == 1


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"SubjectNameID": "ANS20231122132732"}, Reason.CLAIMS),
        ({"SubjectNameID": f"8{RPPS[:-1]}0"}, Reason.CLAIMS),
        ({"given_name": "", "family_name": ""}, Reason.CLAIMS),
        ({"SubjectRefPro": {}}, Reason.NO_ROLE),
    ],
)
def test_who_is_not_one_gets_no_account(claims, reason):
    assert refused(card(**claims)) is reason
    assert not Agent.objects.exists()


def test_a_laboratory_of_our_directory_makes_a_biologist():
    assert enter(card("10", section="")).role == "doctor"
    Laboratory.objects.create(finess=LABO, name="LBM", department="59")
    assert enter(card("10", section="")).role == "biologist"


def test_two_browsers_at_the_same_moment_make_one_account():
    def one(_: int):
        try:
            return enter(card()).id
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=4) as threads:
        found = set(threads.map(one, range(4)))
    assert len(found) == 1
    assert Agent.objects.count() == 1


def test_a_phone_rings_three_times_and_then_waits():
    party = Party(StandIn().settings, StandIn())

    def ring(minutes: float):
        return services.ring(party, rpps=RPPS, destination="", now=NOW + timedelta(minutes=minutes))

    for _ in range(3):
        ring(0)
    with pytest.raises(SignInRefused) as why:
        ring(0)
    assert why.value.reason is Reason.TOO_OFTEN
    assert ring(4)


def test_security_a_refusal_says_neither_who_nor_what_was_sent(caplog):
    caplog.set_level(logging.DEBUG)
    professional = card("40", family_name="ZYGOMALAS")
    with pytest.raises(SignInRefused) as why:
        enter(professional)
    services.note_refusal(
        why.value, method=services.METHOD, purpose=Purpose.ADMINISTRATION, origin="192.0.2.1", now=NOW
    )
    (trace,) = entries(act="sign-in-refused")
    said = f"{why.value!r} {trace.subject} {trace.details} {caplog.text}"
    assert "ZYGOMALAS" not in said
    assert RPPS not in said
    assert trace.details == {"method": "pro-sante-connect", "reason": "no-role"}
