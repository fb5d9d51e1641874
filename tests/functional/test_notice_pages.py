"""The pages of notices: what they say, and whom a laboratory telephones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from tests.factories import COVID, LAB, NOW, corrected, finess_in, message, person, report
from tests.functional.accounts import account
from tests.functional.doors import sign_in
from tests.functional.settling import settle
from tests.functional.trail import entries

from rempart.foundation.access.actor import Purpose, Role, acting, system
from rempart.foundation.messaging import outbox
from rempart.foundation.messaging.letters import Channel
from rempart.screening.models import Call, Wording
from rempart.screening.notices import telling
from rempart.screening.notices.wording.services import texts_at
from rempart.screening.rules.report import Result

pytestmark = pytest.mark.django_db(transaction=True)

SMS = "/communication/textes/result/sms/"
WORDS = {"text": "Du nouveau pour vous : {link}", "starts_at": ""}


def browser_of(agent) -> Client:
    client = Client()
    sign_in(client, agent)
    return client


@pytest.fixture
def team(keyring):
    return browser_of(account(Role.COMMUNICATION, "*", name="Lou Moreau"))


def text(answer) -> str:
    return answer.content.decode().replace("\u00a0", " ").replace("\u202f", " ")


def in_force(now=None) -> str:
    return texts_at(now or datetime.now(UTC))["result", Channel.SMS].text


def test_every_text_is_listed_and_one_opens(team):
    page = text(team.get("/communication/textes/"))
    assert "Un résultat est disponible" in page
    assert "Au médecin : un retrait" in page
    one = text(team.get(SMS))
    assert "/r/Zm9vYmFy" in one
    assert "1 segment." in one
    assert "Texte d’origine" in one
    assert team.get("/communication/textes/result/push/").status_code == 403


def test_a_text_is_looked_at_published_and_taken_back(team):
    before = in_force()
    preview = text(team.post(SMS, WORDS | {"do": "preview"}))
    assert "Ce qui change" in preview
    assert in_force() == before
    assert team.post(SMS, WORDS | {"do": "publish"}).status_code == 302
    assert in_force() == "Du nouveau pour vous : {link}"
    page = text(team.get(SMS))
    assert "Publié par Lou Moreau" in page
    old = text(team.get(SMS + "?version=0"))
    assert before in old
    team.post(SMS, {"text": before, "starts_at": "", "do": "publish"})
    assert in_force() == before
    assert Wording.objects.count() == 2
    assert len(entries(act="wording-published")) == 2


def test_a_text_holds_from_the_moment_that_was_said(team):
    later = datetime.now(UTC) + timedelta(days=2)
    team.post(SMS, WORDS | {"starts_at": f"{later:%Y-%m-%dT%H:%M}", "do": "publish"})
    assert "à venir" in text(team.get(SMS))
    assert in_force() != WORDS["text"]
    assert in_force(later + timedelta(hours=3)) == WORDS["text"]
    far = datetime.now(UTC) + timedelta(days=120)
    assert team.post(SMS, WORDS | {"starts_at": f"{far:%Y-%m-%dT%H:%M}", "do": "publish"}).status_code == 403


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Votre test est positif : {link}", "« positif » ne peut pas figurer"),
        ("Du nouveau.", "Il manque {link}."),
        ("{link} {name}", "{name} n’est remplacé par rien"),
        ("{link} " + "a" * 140, "2 segments, payés"),
        ("", "Le texte est vide."),
    ],
)
def test_what_may_not_be_published_is_not_and_why(team, said, told):
    answer = team.post(SMS, {"text": said, "starts_at": "", "do": "publish"})
    assert answer.status_code == 200
    assert told in text(answer)
    assert not Wording.objects.exists()


def test_the_next_notices_say_what_was_published(team, keep, keyring):
    team.post(SMS, WORDS | {"do": "publish"})
    keep(message(report()))
    settle(telling.subscriber(keyring=keyring, pathogen=COVID, public_url="https://x"))
    letters = [letter for _, letter in outbox.newest(keyring=keyring)]
    assert letters[0].text.startswith("Du nouveau pour vous : https://x/r/")


# The list of calls

CALLS = "/laboratoire/appels/"


@pytest.fixture
def landline(keep, keyring):
    """A positive whom only a landline reaches."""
    one = report(person(mobile="", email="", phone="0199001234"))
    keep(message(one))
    settle(telling.subscriber(keyring=keyring, pathogen=COVID, public_url="https://x"))
    return one


def a_biologist(of=LAB):
    return account(Role.BIOLOGIST, "75", establishment=of, name="Bao Biologiste")


@pytest.fixture
def bio(keyring):
    return browser_of(a_biologist())


def the_call() -> Call:
    with acting(system(Purpose.NOTICE)):
        return Call.objects.get()


def test_the_laboratory_sees_whom_to_call_and_says_what_came_of_it(bio, landline):
    page = text(bio.get(CALLS))
    assert "ZYGOMALAS" in page
    assert "01 99 00 12 34" in page
    assert "28/03/1979" in page
    call = the_call()
    bio.post(f"{CALLS}{call.id}/", {"version": call.version, "told": "0"})
    assert "1 essai" in text(bio.get(CALLS))
    call = the_call()
    bio.post(f"{CALLS}{call.id}/", {"version": call.version, "told": "1"})
    assert "ZYGOMALAS" not in text(bio.get(CALLS))
    assert the_call().state == "told"
    noted = [entry.details for entry in entries(act="call-noted")]
    assert noted == [{"told": False, "tries": 1}, {"told": True, "tries": 2}]


def test_a_call_that_changed_meanwhile_is_not_noted(bio, landline, keep, keyring):
    call = the_call()
    keep(message(corrected(landline, result=Result.NEGATIVE, raw_result="N")), now=NOW + timedelta(hours=1))
    settle(telling.subscriber(keyring=keyring, pathogen=COVID, public_url="https://x"))
    answer = bio.post(f"{CALLS}{call.id}/", {"version": call.version, "told": "1"})
    assert answer.status_code == 409
    assert the_call().state == "withdrawn"
    assert "ZYGOMALAS" not in text(bio.get(CALLS))


def test_security_another_laboratory_sees_and_notes_nothing(landline, keyring):
    stranger = browser_of(a_biologist(finess_in("75", 2)))
    call = the_call()
    assert "ZYGOMALAS" not in text(stranger.get(CALLS))
    answer = stranger.post(f"{CALLS}{call.id}/", {"version": call.version, "told": "1"})
    assert answer.status_code == 403
    assert the_call().state == "waiting"


def test_security_what_is_kept_for_a_judge_only_is_on_no_list(bio, landline, owner):
    owner.execute("UPDATE screening_result SET department = ''")
    assert "ZYGOMALAS" not in text(bio.get(CALLS))


def test_a_page_of_calls_costs_the_same_whatever_it_shows(bio, keep, keyring, django_assert_max_num_queries):
    costs = []
    for batch in (range(1), range(10, 30)):
        keep(
            *[
                message(
                    report(
                        person(
                            mobile="", email="", phone="0199001234", ins="",
                            birth_name=f"PERSONNE{'ABCDEFGHIJ'[n % 10]}{'KLM'[n // 10]}",
                        ),
                        record_number=f"D{n}",
                    )
                )
                for n in batch
            ]
        )  # fmt: skip
        settle(telling.subscriber(keyring=keyring, pathogen=COVID, public_url="https://x"))
        with django_assert_max_num_queries(40) as counted:
            bio.get(CALLS)
        costs.append(len(counted))
    assert costs[0] == costs[1]
