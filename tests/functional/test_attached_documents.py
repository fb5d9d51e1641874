"""Reports that laboratories attach: kept sealed with their result, given to the person, forgotten with it."""

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
from tests import messages
from tests.factories import LAB, NOW, PCR, corrected, investigator, message, report, retracted
from tests.functional.trail import entries

from rempart.foundation.access.actor import Actor, Purpose, Role, acting, system
from rempart.foundation.people.correcting import Traits
from rempart.protection.retention.services import daily
from rempart.screening.formats import cda, decode, fhir
from rempart.screening.rules.report import Document, Result
from rempart.screening.services import moving, store
from rempart.screening.services.documents import attached_to, opened
from rempart.screening.services.rectifying import rectify

pytestmark = pytest.mark.django_db(transaction=True)

PDF = messages.report(messages.cda()).documents[0].content
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 40 + b"\x00\x00\x00\x00IEND\xaeB`\x82"
CR = Document(media_type="application/pdf", content=PDF, title="Compte rendu")
SCAN = Document(media_type="image/png", content=PNG)
COLUMNS = "rank, media_type, size, department, expires_on"


@pytest.fixture(autouse=True)
def months_made_again():
    """Those that a daily run dropped."""
    yield
    store.ensure_months.cache_clear()


def documents(query, columns=COLUMNS):
    return query(f"SELECT {columns} FROM screening_document ORDER BY rank, id")


def test_a_document_is_kept_sealed_with_its_result(keep, query, keyring):
    keep(message(report(documents=(CR, SCAN))))
    ((result, person, department, until),) = query(
        "SELECT id, person_id, department, expires_on FROM screening_result"
    )
    assert documents(query) == [
        (1, "application/pdf", len(PDF), department, until),
        (2, "image/png", len(PNG), department, until),
    ]
    assert documents(query, "result_id, person_id") == [(result, person)] * 2
    for (sealed,) in documents(query, "sealed"):
        assert PDF not in bytes(sealed)
        assert PNG not in bytes(sealed)
        assert b"Compte rendu" not in bytes(sealed)
    with acting(system(Purpose.OWN_DATA)):
        assert [one.kind for one in attached_to(result)] == ["PDF", "PNG"]
        first, second = opened(result, keyring=keyring)
        assert (first.title, first.content, second.content) == ("Compte rendu", PDF, PNG)
        assert [one.content for one in opened(result, keyring=keyring, rank=2)] == [PNG]


def test_the_same_result_with_the_same_document_is_kept_once(keep, query):
    keep(message(report(documents=(CR,))))
    keep(message(report(documents=(CR,))))
    assert len(documents(query)) == 1


def test_another_document_is_another_version(keep, query):
    keep(message(report(documents=(CR,))))
    keep(message(corrected(report(documents=(SCAN,)))))
    assert query("SELECT version, current FROM screening_result ORDER BY version") == [(1, False), (2, True)]
    assert sorted(documents(query, "media_type")) == [("application/pdf",), ("image/png",)]


def test_a_batch_of_many_keeps_the_document_of_each(keep, query):
    many = [
        message(
            report(
                record_number=f"R{n}",
                documents=(replace(CR, content=PDF.replace(b"positif", b"posit%02d" % n)),),
            )
        )
        for n in range(20)
    ]
    keep(*many)
    assert query("SELECT count(*), count(DISTINCT result_id) FROM screening_document") == [(20, 20)]


def test_nobody_sees_the_documents_of_another_department(keep, query):
    keep(message(report(documents=(CR,))))
    ((result, person),) = query("SELECT result_id, person_id FROM screening_document")
    here = investigator("75")
    with acting(here):
        assert len(attached_to(result)) == 1
    with acting(investigator("13")):
        assert attached_to(result) == []
    with acting(Actor(id="p", role=Role.PATIENT, purpose=Purpose.OWN_DATA, persons=(person,))):
        assert len(attached_to(result)) == 1


# The person


def test_the_person_takes_the_report_of_his_laboratory_away(client, arrives, visit, recent):
    visit(arrives(replace(recent, documents=(CR, SCAN))))
    page = client.get("/mon-resultat/resultat/").content.decode()
    assert "Compte rendu du laboratoire" in page
    assert page.count("/mon-resultat/compte-rendu/") == 2
    answer = client.get("/mon-resultat/compte-rendu/1/")
    assert answer.content == PDF
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="compte-rendu-1.pdf"')
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert client.get("/mon-resultat/compte-rendu/2/").headers["Content-Type"] == "image/png"
    assert client.get("/mon-resultat/compte-rendu/3/").status_code == 403
    (first, second) = entries(act="document-given")
    assert (first.role, first.person_id) == ("patient", second.person_id)


def test_who_has_no_document_is_shown_none(client, arrives, visit, recent):
    visit(arrives(recent))
    assert "Compte rendu du laboratoire" not in client.get("/mon-resultat/resultat/").content.decode()
    assert client.get("/mon-resultat/compte-rendu/1/").status_code == 403


def test_the_documents_of_what_was_taken_back_or_corrected_are_not_given(
    client, keep, arrives, visit, recent
):
    first = replace(recent, documents=(CR,))
    visit(arrives(first))
    keep(message(corrected(replace(first, documents=(SCAN,)))))
    assert client.get("/mon-resultat/compte-rendu/1/").content == PNG
    keep(message(retracted(first)))
    assert client.get("/mon-resultat/compte-rendu/1/").status_code == 403
    assert client.get("/mon-resultat/resultat.json").status_code == 403


def test_without_a_visit_nothing_is_given(client):
    for address in (
        "/mon-resultat/compte-rendu/1/",
        "/mon-resultat/resultat.json",
        "/mon-resultat/resultat.xml",
    ):
        assert client.get(address).headers["Location"] == "/mon-resultat/"
    assert client.get("/mon-resultat/resultat.pdf").status_code == 404


@pytest.mark.parametrize(
    ("form", "format_", "media_type"),
    [("json", fhir, "application/fhir+json"), ("xml", cda, "application/hl7-cda+xml")],
)
def test_the_person_takes_his_result_away_for_another_software(
    client, arrives, visit, recent, form, format_, media_type
):
    visit(arrives(replace(recent, documents=(CR,), health_worker=True)))
    answer = client.get(f"/mon-resultat/resultat.{form}")
    assert answer.headers["Content-Type"] == media_type
    assert answer.headers["Content-Disposition"].startswith("attachment")
    (item,) = decode(answer.content, context=messages.FRENCH)
    (back,) = item.reports
    assert (back.result, back.loinc, back.record_number) == (recent.result, PCR, recent.record_number)
    assert back.laboratory.finess == LAB
    assert back.sampled_at.at.timestamp() // 60 == recent.sampled_at.at.timestamp() // 60
    person = recent.person
    assert (back.person.birth_name, back.person.first_names) == (person.birth_name, person.first_names)
    assert (back.person.mobile, back.person.address.postal_code) == (person.mobile, "75007")
    assert back.person.ins == "", "nothing here says that the identity was qualified"
    assert person.ins.encode() not in answer.content
    assert [one.content for one in back.documents] == [PDF]
    assert back.health_worker is True
    (entry,) = entries(act="result-exported")
    assert entry.details["form"] == format_.__name__.rpartition(".")[2]


# What becomes of it


def test_a_document_is_forgotten_on_the_day_of_its_result(keep, query, keyring):
    keep(message(report(result=Result.NEGATIVE, documents=(CR,))))
    daily.run(keyring=keyring, now=NOW + timedelta(days=90))
    assert len(documents(query)) == 1
    daily.run(keyring=keyring, now=NOW + timedelta(days=91))
    assert documents(query) == []
    assert not [name for name in keyring.names() if name.startswith("data/document/")]


def test_a_document_is_kept_as_long_as_its_result_when_that_is_moved(keep, query, keyring):
    keep(message(report(documents=(CR,))))
    ((month, result, person),) = query("SELECT month, id, person_id FROM screening_result")
    later = (NOW + timedelta(days=300)).date()
    with acting(system(Purpose.RIGHTS)) as cursor:
        moving.move(
            cursor,
            {(month, result): later},
            persons=[person],
            keyring=keyring,
            today=NOW.date(),
            accesses=True,
        )
        moving.hide(cursor, [(month, result)])
    assert documents(query, "expires_on, department") == [(later, "")]
    with acting(system(Purpose.RIGHTS)):
        assert [one.content for one in opened(result, keyring=keyring)] == [PDF]


def test_a_document_follows_its_result_when_that_is_rectified(keep, query, keyring):
    keep(message(report(documents=(CR,))))
    ((person, identity),) = query("SELECT person_id, identity_id FROM screening_result")
    traits = Traits(
        birth_name="ZYGOMALAS", used_name="", first_names=("Théodosie",), sex="F",
        birth_date=date(1979, 3, 28), birth_place="51215", ins="",
    )  # fmt: skip
    with acting(system(Purpose.RIGHTS)) as cursor:
        rectify(cursor, person=person, identity=identity, traits=traits, contact={}, keyring=keyring, now=NOW)
    ((current,),) = query("SELECT id FROM screening_result WHERE current")
    assert documents(query, "result_id") == [(current,)]
    with acting(system(Purpose.OWN_DATA)):
        assert [one.content for one in opened(current, keyring=keyring)] == [PDF]


def test_what_a_delivery_of_cda_attaches_is_kept(keep, query):
    (item,) = decode(messages.cda(), context=messages.FRENCH)
    keep(replace(message(*item.reports), item=item))
    assert documents(query, "media_type, size") == [("application/pdf", len(PDF))]


# Over HTTP


def test_documents_are_delivered_like_messages(deliver, query):
    answer = deliver(messages.cda(), "application/hl7-cda+xml").json()
    assert [one["outcome"] for one in answer["items"]] == ["accepted"]
    one, two = (json.dumps(json.loads(messages.fhir(*change))).encode() for change in ((), (("BC000020", "BC000021"), ("0a7c11", "0a7c12"))))  # fmt: skip
    answer = deliver(one + b"\n" + two, "application/fhir+json").json()
    assert [one["outcome"] for one in answer["items"]] == ["accepted", "accepted"]
    assert query("SELECT format, outcome FROM screening_message ORDER BY format") == [
        ("cda", "accepted"), ("fhir", "accepted"), ("fhir", "accepted"),
    ]  # fmt: skip
    # The Bundle says the same result as the document, in other words: a version of it, and its sender is told.
    assert query("SELECT version, current FROM screening_result ORDER BY version, id") == [
        (1, False), (1, True), (2, True),
    ]  # fmt: skip
    assert query("SELECT count(*) FROM screening_document") == [(3,)]


def test_the_second_version_of_a_document_corrects_the_first(deliver, query):
    deliver(messages.cda(), "application/hl7-cda+xml")
    second = messages.cda(
        ('<versionNumber value="1"/>', '<versionNumber value="2"/>'),
        ('extension="CR000001.1"', 'extension="CR000001.2"'),
        ('code="10828004" codeSystem="2.16.840.1.113883.6.96" displayName="positif"', 'code="260385009"'),
    )
    (item,) = deliver(second, "application/cda+xml").json()["items"]
    assert (item["outcome"], [one["code"] for one in item["findings"]]) == ("accepted", ["S03"])
    assert query("SELECT version, result, current FROM screening_result ORDER BY version") == [
        (1, "P", False), (2, "N", True),
    ]  # fmt: skip


def test_an_identifier_used_again_is_refused_in_the_words_of_the_document(deliver):
    deliver(messages.cda(), "application/hl7-cda+xml")
    other = messages.cda(("21048BC000020", "21048BC000021"))
    (item,) = deliver(other, "text/xml").json()["items"]
    assert item["outcome"] == "rejected"
    said = [(one["code"], one["location"]) for one in item["findings"]]
    assert ("H02", "ClinicalDocument/id") in said
