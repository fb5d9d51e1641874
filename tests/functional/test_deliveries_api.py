"""The machines' door: POST /api/v1/deliveries."""

import re
from datetime import timedelta

import psycopg
import pytest
from django.db import OperationalError
from tests import messages
from tests.factories import LAB
from tests.functional.doors import HL7, HPRIM, SENDER, new_key

from rempart.screening import api
from rempart.screening.services import receive as receiving

pytestmark = pytest.mark.django_db(transaction=True)


def segments(answer, name):
    return [line.split("|") for line in answer.content.decode().split("\r") if line.startswith(name)]


def assert_problem(answer, status, code):
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert answer.json()["type"] == f"urn:rempart:{code}"


def test_hl7_in_acknowledgement_out(deliver, query):
    answer = deliver(messages.hl7())
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith(HL7)
    ((*_, control),) = segments(answer, "MSA")
    assert (segments(answer, "MSA")[0][1], control) == ("AA", "MSG000001")
    assert query("SELECT laboratory, result, channel FROM screening_result JOIN screening_delivery d USING (laboratory)") == [
        (SENDER, "P", "https")
    ]  # fmt: skip


def test_a_rejected_message_is_answered_ae_with_its_reasons(deliver, query):
    answer = deliver(
        messages.hl7(("21048BC000020^LBM-EX", "^LBM-EX"), ("260373001^Detected^SCT^P^", "^^^Z^"))
    )
    assert segments(answer, "MSA")[0][1] == "AE"
    errors = [line for line in segments(answer, "ERR") if line[4] == "E"]
    assert {re.match(r"[A-Z]\d\d", line[5])[0] for line in errors} >= {"L03"}
    assert query("SELECT count(*) FROM screening_result") == [(0,)]
    assert query("SELECT outcome FROM screening_message") == [("rejected",)]


def test_a_message_of_another_laboratory_is_answered_ae(deliver):
    answer = deliver(messages.hl7(), key=new_key(LAB))
    assert segments(answer, "MSA")[0][1] == "AE"
    assert any("L04" in line[5] for line in segments(answer, "ERR"))


def test_the_same_request_again_is_answered_alike(deliver, counts):
    first = deliver(messages.hl7())
    before = counts()
    again = deliver(messages.hl7())
    assert counts() == before
    assert segments(again, "MSA") == segments(first, "MSA")


def test_a_control_id_used_again_is_refused_however_often_it_comes(deliver):
    deliver(messages.hl7())
    other = messages.hl7(("260373001^Detected^SCT^P^Positif", "260415000^Not detected^SCT^N^Négatif"))
    for _ in range(2):
        answer = deliver(other)
        assert segments(answer, "MSA")[0][1] == "AE"
        assert any("H02" in line[5] for line in segments(answer, "ERR"))


def test_several_messages_several_answers_in_order(deliver):
    payload = b"".join(
        messages.hl7(("MSG000001", f"MSG{n}"), ("21048BC000020", f"BC{n}")) for n in range(5)
    ) + messages.hl7(("MSG000001", "MSG-BAD"), ("690001235", "690001234"))
    answer = deliver(payload)
    assert [(line[1], line[2]) for line in segments(answer, "MSA")] == [
        *[("AA", f"MSG{n}") for n in range(5)],
        ("AE", "MSG-BAD"),
    ]


def test_mixed_outcomes_in_json(deliver, query):
    payload = (
        messages.hl7(("MSG000001", "A"))
        + messages.hl7(("MSG000001", "B"), ("|||F|||2021", "|||P|||2021"), ("21048BC000020", "B"))
        + messages.hl7(("MSG000001", "C"), ("21048BC000020^LBM-EX", "^LBM-EX"))
        + messages.hl7(("MSG000001", "A"))
    )
    items = deliver(payload, Accept="application/json").json()["items"]
    assert [(i["item"], i["control_id"], i["outcome"], i["repeated"]) for i in items] == [
        (0, "A", "accepted", False),
        (1, "B", "held", False),
        (2, "C", "rejected", False),
        (3, "A", "accepted", True),
    ]
    assert len({i["delivery"] for i in items}) == 1
    assert {f["code"] for f in items[2]["findings"] if f["severity"] == "error"} == {"L03"}
    assert query("SELECT count(*) FROM screening_result") == [(1,)]


def test_hprim_in_json_out(deliver, query):
    answer = deliver(messages.hprim(), HPRIM)
    (item,) = answer.json()["items"]
    assert (item["outcome"], item["control_id"]) == ("accepted", "")
    assert query("SELECT format FROM screening_message") == [("hprim-medecin",)]


@pytest.mark.parametrize("kind", [HL7, HPRIM])
def test_an_empty_body_is_a_rejected_message(deliver, query, kind):
    answer = deliver(b"", kind, Accept="application/json")
    (item,) = answer.json()["items"]
    assert (item["outcome"], [f["code"] for f in item["findings"]]) == ("rejected", ["F01"])
    assert query("SELECT count(*) FROM screening_result") == [(0,)]


def test_what_is_announced_as_hl7_and_is_not_is_answered_ar(deliver):
    answer = deliver(b"hello")
    assert answer.status_code == 200
    assert segments(answer, "MSA")[0][1] == "AR"


def test_the_answer_is_made_when_everything_is_on_disk(deliver, owner, monkeypatch):
    """While the answer is written, another connection already sees what it answers for."""
    seen = []
    acknowledge = api.hl7_ack.acknowledge

    def looks(*args, **kwargs):
        seen.append(owner.execute("SELECT count(*) FROM screening_result").fetchone()[0])
        return acknowledge(*args, **kwargs)

    monkeypatch.setattr(api.hl7_ack, "acknowledge", looks)
    deliver(messages.hl7())
    assert seen == [1]


def test_security_the_answer_says_nothing_of_a_person(deliver):
    for accept in ("*/*", "application/json"):
        answer = deliver(messages.hl7(("19790328", "19790428")), Accept=accept).content.decode()
        for spoken in (
            "PAT-TROIS",
            "DOMINIQUE",
            "MARTIN",
            "279035121518989",
            "0600000000",
            "1979",
            "BRETEUIL",
        ):
            assert spoken not in answer


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", "Bearer rmp_wrong", "Basic rmp_x", "bearer é", "Bearer rmp_\x00"],
)
def test_without_a_valid_key_nothing_is_looked_at(client, keyring, counts, authorization):
    before = counts()
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = client.post("/api/v1/deliveries", messages.hl7(), content_type=HL7, headers=headers)
    assert_problem(answer, 401, "key-unknown")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert counts() == before


def test_an_expired_key_is_none(deliver):
    assert_problem(deliver(messages.hl7(), key=new_key(valid=timedelta(seconds=-1))), 401, "key-unknown")


def test_security_a_key_is_kept_as_a_digest(key, owner):
    (row,) = owner.execute("SELECT * FROM access_machine_key").fetchall()
    kept = b"|".join(v if isinstance(v, bytes) else str(v).encode() for v in row)
    assert key.encode() not in kept
    assert key.removeprefix("rmp_").encode() not in kept


@pytest.mark.parametrize("kind", ["text/plain", "application/pdf", "multipart/form-data; boundary=x", ""])
def test_another_content_type_is_refused(deliver, counts, kind):
    before = counts()
    assert_problem(deliver(messages.hl7(), kind), 415, "format-unknown")
    assert counts() == before


@pytest.mark.parametrize(
    "kind", ["application/hl7-v2; charset=utf-8", "Application/HL7-v2", "x-application/hl7-v2+er7"]
)
def test_a_content_type_is_read_as_the_web_does(deliver, kind):
    assert segments(deliver(messages.hl7(), kind), "MSA")[0][1] == "AA"


def test_a_body_too_large_is_refused_whole(deliver, settings, counts):
    before = counts()
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    assert_problem(deliver(messages.hl7()), 413, "too-large")
    assert counts() == before


def test_too_many_messages_are_refused_whole(deliver, monkeypatch, counts):
    before = counts()
    monkeypatch.setattr("rempart.screening.services.intake.MOST_ITEMS", 2)
    assert_problem(deliver(messages.hl7() * 3), 413, "too-many")
    assert counts() == before


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_there_is_nothing_to_read_here(client, keyring, method):
    assert getattr(client, method)("/api/v1/deliveries").status_code == 405


@pytest.mark.parametrize(
    "error", [OperationalError("down"), psycopg.OperationalError("down"), receiving.store.Conflict("again")]
)
def test_when_the_database_does_not_answer_the_sender_may_try_again(deliver, monkeypatch, error):
    def down(*_args, **_kwargs):
        raise error

    monkeypatch.setattr(receiving, "acting", down)
    answer = deliver(messages.hl7())
    assert_problem(answer, 503, "try-again")
    assert answer.headers["Retry-After"] == "5"


def test_a_delivery_larger_than_a_batch_is_one_delivery(deliver, query, monkeypatch):
    for most in ("BATCH", "FEW"):
        monkeypatch.setattr(f"rempart.screening.services.intake.{most}", 2)
    payload = b"".join(messages.hl7(("MSG000001", f"M{n}"), ("21048BC000020", f"BC{n}")) for n in range(5))
    answer = deliver(payload, Accept="application/json")
    assert [item["item"] for item in answer.json()["items"]] == [0, 1, 2, 3, 4]
    assert query("SELECT count(*) FROM screening_delivery") == [(1,)]
    assert query("SELECT count(*), count(DISTINCT delivery_id) FROM screening_result") == [(5, 1)]
    assert query("SELECT count(*) FROM events_event") == [(3,)]


@pytest.mark.parametrize(
    "path", ["/api/absent", "/api/v1/delivery", "/api/v1/deliveries/a/b", "/api/v2/deliveries"]
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_an_address_that_does_not_exist_is_refused_in_the_machines_words(client, path, method):
    answer = getattr(client, method)(path, headers={"Accept-Language": "fr"})
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    said = answer.json()
    assert (said["title"], said["type"], said["status"]) == (
        "address-unknown",
        "urn:rempart:address-unknown",
        404,
    )
    assert said["detail"].startswith("Il n'y a rien")


def test_a_page_that_does_not_exist_is_a_page(client):
    answer = client.get("/apiculture/")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")
