"""The pages of a laboratory: what they show, to whom, and what they cost."""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from tests.factories import finess_in
from tests.functional.desks import (
    LABELLED_CODE,
    LOCAL,
    UNKNOWN_CODE,
    UNKNOWN_WORD,
    biologist,
    laboratory,
    numbered,
    operator,
    refused,
)
from tests.functional.doors import SENDER, sign_in
from tests.functional.trail import entries

from rempart.screening import tasks
from rempart.screening.desk.models import RefusedMessage
from rempart.screening.transcoding import snapshot
from rempart.screening.transcoding.models import TranscodingLine, Unknown

pytestmark = pytest.mark.django_db(transaction=True)

PERSON = ("TROIS", "DOMINIQUE", "279035121518989", "19790328", "BRETEUIL", "0600000000")


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(snapshot, "PATIENCE", 0.0)


@pytest.fixture
def bio(keyring):
    return browser_of(biologist())


def browser_of(agent) -> Client:
    client = Client()
    sign_in(client, agent)
    return client


def text(answer) -> str:
    return answer.content.decode()


def test_what_to_correct_comes_first_with_what_to_do(deliver, bio):
    for number in range(3):
        deliver(numbered(number, LABELLED_CODE))
    refused()
    page = text(bio.get("/laboratoire/"))
    assert "3 messages à corriger" in page
    assert "le code de l&#x27;analyse est inconnu" in page
    assert page.index("À corriger</h2>") < page.index("Reçu en trente jours")
    assert "1 code ou mot de votre logiciel est inconnu" in page


def test_the_page_costs_the_same_however_much_came(deliver, bio, django_assert_num_queries):
    deliver(numbered(0, UNKNOWN_CODE))
    refused()
    with django_assert_num_queries(12):
        bio.get("/laboratoire/")
    for number in range(1, 30):
        deliver(numbered(number, UNKNOWN_CODE, ("21048BC", "X")))
    refused()
    with django_assert_num_queries(12):
        bio.get("/laboratoire/")
    with django_assert_num_queries(4):
        bio.get("/laboratoire/messages/?motif=A01")


def test_a_reason_that_is_none_lists_everything_and_a_wrong_page_the_first(deliver, bio):
    deliver(numbered(1, UNKNOWN_CODE))
    (row,) = refused()
    for query in ("motif=ZZZ", "apres=nothing", f"apres={row.id}&motif=R01", "motif=<script>"):
        answer = bio.get(f"/laboratoire/messages/?{query}")
        assert answer.status_code == 200
        assert b"<script>" not in answer.content


def test_security_no_page_shows_a_person_until_a_message_is_opened(deliver, bio):
    deliver(numbered(1, UNKNOWN_WORD))
    (row,) = refused()
    seen = [
        text(bio.get(path))
        for path in (
            "/laboratoire/", "/laboratoire/messages/?motif=R01", f"/laboratoire/messages/{row.id}/",
            "/laboratoire/transcodage/", "/laboratoire/refus.csv",
        )
    ]  # fmt: skip
    seen.append(text(bio.post(f"/laboratoire/messages/{row.id}/ouvrir/", {"reason": "because"})))
    assert [word for page in seen for word in PERSON if word in page] == []
    assert entries(act="message-opened") == []
    opened = bio.post(f"/laboratoire/messages/{row.id}/ouvrir/", {"reason": "correct"})
    assert "PAT-TROIS" in text(opened)
    assert opened.headers["Cache-Control"] == "no-store"
    assert len(entries(act="message-opened")) == 1


def test_security_the_operator_reads_no_message(deliver, keyring):
    deliver(numbered(1, UNKNOWN_WORD))
    (row,) = refused()
    client = browser_of(operator())
    page = text(client.get(f"/laboratoire/messages/{row.id}/"))
    assert "Seul le laboratoire peut l’ouvrir en clair" in page
    assert client.post(f"/laboratoire/messages/{row.id}/ouvrir/", {"reason": "correct"}).status_code == 403


def test_a_message_is_judged_again_by_its_button(deliver, bio, query):
    deliver(numbered(1, UNKNOWN_WORD))
    (row,) = refused()
    answer = bio.post(f"/laboratoire/messages/{row.id}/rejuger/", follow=True)
    assert "Le message est jugé comme avant" in text(answer)
    bio.post("/laboratoire/transcodage/ajouter/", {"text": "absence de génome", "target": "N", "since": ""})
    answer = bio.post(f"/laboratoire/messages/{row.id}/rejuger/", follow=True)
    assert "Le message est accepté" in text(answer)
    assert query("SELECT result FROM screening_result") == [("N",)]


def test_the_worker_judges_what_waits(deliver, bio, query):
    for number in range(3):
        deliver(numbered(number, UNKNOWN_CODE))
    refused()
    unknown = Unknown.objects.get()
    answer = bio.post(f"/laboratoire/transcodage/textes/{unknown.id}/", {"target": "94500-6"}, follow=True)
    assert "3 messages refusés seront jugés de nouveau" in text(answer)
    tasks.judge_again(timestamp=0)
    assert query("SELECT count(*) FROM screening_result") == [(3,)]
    assert "Rien à corriger" in text(bio.get("/laboratoire/"))


def test_a_group_is_judged_again_or_set_aside(deliver, bio):
    for number in range(2):
        deliver(numbered(number, UNKNOWN_WORD))
    refused()
    answer = bio.post("/laboratoire/messages/rejuger/", {"motif": "R01"}, follow=True)
    assert "2 messages seront jugés de nouveau" in text(answer)
    answer = bio.post("/laboratoire/messages/classer/", {"motif": "R01"}, follow=True)
    assert "2 messages classés" in text(answer)
    assert {row.state for row in RefusedMessage.objects.all()} == {"aside"}


def test_the_file_of_a_day_has_a_line_for_each_finding(deliver, bio):
    deliver(numbered(1, UNKNOWN_WORD, ("21048BC000001", "")))
    deliver(numbered(2, UNKNOWN_CODE))
    refused()
    day = (
        datetime.now(ZoneInfo("Europe/Paris")).date().isoformat()
    )  # the desk counts by the day of its laboratory
    answer = bio.get(f"/laboratoire/refus.csv?jour={day}")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    errors = [(row["code"], row["emplacement"], row["decision"]) for row in rows if row["gravite"] == "error"]
    assert errors == [
        ("L03", "OBR-3 for OBX[1] (segment 6)", "rejeté"),
        ("R01", "OBX[1]-5 (segment 6)", "rejeté"),
        ("A01", "MSH", "rejeté"),
    ]
    assert all(row["que_faire"] for row in rows)
    empty = bio.get("/laboratoire/refus.csv?jour=2020-01-01").content.decode("utf-8-sig")
    assert len(empty.splitlines()) == 1
    assert bio.get("/laboratoire/refus.csv?jour=<script>").status_code == 200


def test_what_is_wrong_with_a_line_is_said_beside_its_field(bio):
    answer = bio.post(
        "/laboratoire/transcodage/ajouter/", {"text": "718-7", "target": "94500-6", "since": "2020-01-01"}
    )
    page = text(answer)
    assert "Ce code ou ce mot a déjà un sens pour tous" in page
    assert "Une ligne ne peut pas valoir pour le passé" in page
    for wrong in ({"text": "", "target": ""}, {"text": "x" * 200, "target": "94500-6"}, {"target": "718-7"}):
        assert bio.post("/laboratoire/transcodage/ajouter/", wrong).status_code == 200
    assert TranscodingLine.objects.count() == 0


def test_a_line_to_come_says_so_and_an_ended_one_is_history(bio):
    bio.post("/laboratoire/transcodage/ajouter/", {"text": "CV1", "target": "94500-6", "since": "2999-01-01"})
    assert "à venir" in text(bio.get("/laboratoire/transcodage/"))
    line = TranscodingLine.objects.get()
    page = text(bio.post(f"/laboratoire/transcodage/{line.id}/fin/", follow=True))
    assert "La ligne ne vaut plus" in page
    assert "Lignes qui ne valent plus" in page


def test_a_text_of_the_queue_is_shown_as_text(deliver, bio):
    for number in range(3):
        deliver(numbered(number, (LABELLED_CODE[0], "<b>x</b>1^COVID <i>^L||")))
    refused()
    page = text(bio.get("/laboratoire/transcodage/"))
    assert "&lt;b&gt;x&lt;/b&gt;1" in page
    assert "<b>x" not in page


def test_the_operator_chooses_the_laboratory(deliver, keyring):
    laboratory()
    deliver(numbered(1, LABELLED_CODE))
    refused()
    client = browser_of(operator())
    assert "Numéro FINESS du laboratoire" in text(client.get("/laboratoire/"))
    page = text(client.get(f"/laboratoire/?laboratoire={SENDER}"))
    assert "1 message à corriger" in page
    links = re.findall(r'href="(/laboratoire/messages/[^"]*)"', page)
    assert links == [f"/laboratoire/messages/?laboratoire={SENDER}&amp;motif=A04"]
    assert "vérifiez-le" in text(client.get("/laboratoire/?laboratoire=nobody"))
    page = text(client.get(f"/laboratoire/transcodage/?laboratoire={SENDER}"))
    assert LOCAL in page
    answer = client.post(
        "/laboratoire/transcodage/ajouter/", {"laboratoire": SENDER, "text": "CV1", "target": "94500-6"}
    )
    assert answer["Location"] == f"/laboratoire/transcodage/?laboratoire={SENDER}"


def test_security_another_laboratory_in_the_address_changes_nothing_for_a_biologist(deliver, bio):
    other = finess_in("75")
    page = text(bio.get(f"/laboratoire/?laboratoire={other}"))
    assert other not in page
    bio.post("/laboratoire/transcodage/ajouter/", {"laboratoire": other, "text": "CV1", "target": "94500-6"})
    assert TranscodingLine.objects.get().laboratory == SENDER
