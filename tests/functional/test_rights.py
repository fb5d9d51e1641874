"""What persons ask of their data: given, corrected, objected to, answered in time."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import timedelta
from importlib import resources

import jsonschema
import pytest
from tests import messages
from tests.factories import COVID, NOW, investigator, message, of, person, report, retracted
from tests.functional.officers import officer_for
from tests.functional.portal import letters
from tests.functional.settling import settle

from rempart.foundation.access.actor import acting, patient
from rempart.foundation.access.models import Agent
from rempart.foundation.access.refusals import NotAllowed, StaleVersion
from rempart.foundation.access.rights import Right, Role
from rempart.foundation.people.correcting import Traits
from rempart.protection.accesses.services import told_to
from rempart.protection.rights import dossier, rules
from rempart.protection.rights.models import Informed
from rempart.protection.rights.services import asking, giving, handling
from rempart.protection.rights.services import letters as post
from rempart.screening.portal.services import opening
from rempart.screening.rules.report import Address, Practitioner, Result
from rempart.screening.services import objecting, store
from rempart.screening.services.objecting import left_out_of_research
from rempart.tracing.models import Case
from rempart.tracing.services.worklist import open_file, search

pytestmark = pytest.mark.django_db(transaction=True)

URL = "https://rempart.example"
NEGATIVE = {"result": Result.NEGATIVE, "raw_result": "N"}


def on(days: int):
    return NOW + timedelta(days=days)


@pytest.fixture(autouse=True)
def months_made_again():
    yield
    store.ensure_months.cache_clear()


@pytest.fixture
def visitor(keep, query):
    """The woman of the tests, who proved one of her two results; a man is there too."""
    keep(message(report()), message(of(1)))
    keep(message(report(record_number="LATER", **NEGATIVE)), now=on(1))
    settle()
    ((whose, identity),) = query(
        "SELECT person_id, identity_id FROM screening_result WHERE result = 'P'"
        " AND identity_id IN (SELECT id FROM people_identity WHERE ins IS NOT NULL)"
    )
    return proven(query, whose, identity)


def proven(query, whose, identity):
    """Whoever came by the code of the first result that bears an identity, as the portal makes him."""
    ((reference,),) = query(
        "SELECT reference FROM screening_access WHERE person_id = %s AND identity_id = %s"
        " ORDER BY created_at, result_id LIMIT 1", whose, identity,
    )  # fmt: skip
    return opening.visitor(proof=bytes(reference).hex(), origin="", now=NOW)


@pytest.fixture
def officer():
    return officer_for(Right.REQUESTS_HANDLE)


@pytest.fixture
def key_of(query):
    return lambda number: query("SELECT id FROM rights_request WHERE number = %s", number)[0][0]


def give(actor, keyring, **changes):
    asked = {"form": "page"} | changes
    return giving.give(actor=actor, keyring=keyring, pathogen=COVID, now=on(2), **asked)


# Access


def test_a_person_is_given_everything_of_his_own_and_nothing_of_anybody_else(visitor, keyring):
    found = give(visitor, keyring)
    assert {one.birth_name for one in found.identities} == {"ZYGOMALAS"}
    assert {one.number for one in found.identities} == {person().ins}
    assert [(one.result, one.record_number) for one in found.results] == [
        ("P", "DOSSIER-424242"),
        ("N", "LATER"),
    ]
    assert found.results[0].mobile == "0639981234"
    assert found.results[0].address == ("28 passage Xylophage", "75007 PARIS")
    assert len(found.notices) == 2
    assert [case.state for case in found.cases] == ["waiting"]
    assert [one.kept_until for one in found.results] == [on(180).date(), on(91).date()]
    assert not found.objects_to_research
    assert "PERSONNE" not in dossier.as_json(found).decode()


def test_the_reports_that_a_laboratory_attached_are_in_it(keep, query, keyring):
    pdf = messages.report(messages.cda()).documents[0]
    keep(message(report(documents=(pdf,))))
    settle()
    ((whose, identity),) = query("SELECT person_id, identity_id FROM screening_result")
    who = proven(query, whose, identity)
    (shown,) = give(who, keyring).results
    assert shown.attached == ("PDF (1 ko)",)
    assert [one.content for one in shown.documents] == [""], "a page holds no file"
    (whole,) = give(who, keyring, form="json").results
    assert [base64.b64decode(one.content) for one in whole.documents] == [pdf.content]


def test_the_file_is_what_its_schema_says(visitor, keyring):
    asking.ask_rectification(actor=visitor, text="Mon adresse a changé.", keyring=keyring, now=NOW)
    asking.inform(actor=visitor, now=NOW)
    found = json.loads(dossier.as_json(give(visitor, keyring)))
    schema = json.loads(
        resources.files("rempart.protection.rights").joinpath("data/dossier.schema.json").read_text("utf-8")
    )
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(found)
    assert found["requests"][0]["asks"] == "Mon adresse a changé."


def test_the_dossier_shows_all_that_annex_1_brings(keep, query, keyring):
    everything = report(
        person=replace(
            person(), mobile="", email="", relative_mobile="0611111111", relative_email="proche@example.org",
            insured_number="185057800608491",
        ),
        prescriber=Practitioner(adeli="633999156", name="MARTIN PAUL"),
        specimen="258500001",
        device="1232",
        variants=(("A", "0"), ("C", "1")),
    )  # fmt: skip
    keep(message(everything))
    settle()
    ((whose, identity),) = query("SELECT person_id, identity_id FROM screening_result")
    found = give(proven(query, whose, identity), keyring)
    (one,) = found.results
    assert (one.relative_mobile, one.relative_email) == ("0611111111", "proche@example.org")
    assert (one.prescriber, one.specimen, one.device) == ("MARTIN PAUL, ADELI 633999156", "258500001", "1232")
    assert one.markers == ("A: 0", "C: 1")
    assert found.identities[0].insured_number == "185057800608491"


def test_it_says_who_had_access_and_by_what_authority_but_not_his_name(visitor, keyring):
    agent = investigator("75")
    with acting(agent):
        case = Case.objects.get(person_id=visitor.persons[0])
    open_file(actor=agent, case_id=case.id, keyring=keyring, now=on(1))
    found = give(visitor, keyring)
    assert [one.role for one in found.accesses if one.role != "patient"] == ["investigator"]
    assert agent.id not in dossier.as_json(found).decode()


def test_security_nobody_is_given_the_dossier_of_another(visitor, keyring, query):
    ((other, identity),) = query(
        "SELECT person_id, identity_id FROM people_link WHERE person_id <> %s", visitor.persons[0]
    )
    found = give(proven(query, other, identity), keyring)
    assert {name for one in found.identities for name in one.first_names} == {"Alix"}
    assert "ZYGOMALAS" not in dossier.as_json(found).decode()
    with pytest.raises(NotAllowed):
        give(investigator("75"), keyring)


@pytest.fixture
def impostor(visitor, keep, query):
    """Somebody who was tested under the woman's name and birth date, without her number, with his own telephone:
    his result is matched to her person."""
    false = replace(person(), ins="", ins_authority="", mobile="0639989999", email="", address=Address())
    keep(message(report(false, record_number="FALSE", **NEGATIVE)), now=on(1) + timedelta(hours=1))
    settle()
    ((whose, identity),) = query(
        "SELECT person_id, identity_id FROM screening_result WHERE identity_id IN (SELECT identity_id FROM"
        " people_link JOIN people_identity ON id = identity_id WHERE person_id = %s AND ins IS NULL)",
        visitor.persons[0],
    )  # fmt: skip
    return proven(query, whose, identity)


def test_security_who_was_tested_under_somebodys_name_is_given_what_his_telephone_proves_only(
    visitor, impostor, keyring
):
    asking.ask_rectification(actor=visitor, text="J’habite 3 rue du Bois.", keyring=keyring, now=on(1))
    agent = investigator("75")
    with acting(agent):
        case = Case.objects.get(person_id=visitor.persons[0])
    open_file(actor=agent, case_id=case.id, keyring=keyring, now=on(1))
    found = give(impostor, keyring)
    assert "investigator" not in {one.role for one in told_to(actor=impostor, keyring=keyring, now=on(2))}
    assert "investigator" in {one.role for one in told_to(actor=visitor, keyring=keyring, now=on(2))}
    assert impostor.persons == visitor.persons
    assert [one.record_number for one in found.results] == ["FALSE"]
    assert len(found.notices) == 1
    assert found.cases == found.requests == ()
    said = dossier.as_json(found).decode()
    assert {one.role for one in found.accesses} <= {"patient", "system"}
    for hers in (person().ins, "0639981234", "Xylophage", "DOSSIER-424242", "rue du Bois"):
        assert hers not in said
    assert asking.own(actor=impostor, keyring=keyring) == []
    assert len(asking.own(actor=visitor, keyring=keyring)) == 1
    assert {one.record_number for one in give(visitor, keyring).results} == {"DOSSIER-424242", "LATER"}


def test_who_comes_by_franceconnect_is_given_what_is_certainly_his(visitor, keyring, query):
    (one, _) = query(
        "SELECT identity_id FROM people_link WHERE person_id = %s ORDER BY 1", visitor.persons[0]
    )
    citizen = patient(access="franceconnect", person=visitor.persons[0], identity=one[0])
    found = give(citizen, keyring)
    assert len(found.identities) == 1
    assert len(found.results) == 1


def test_a_request_for_access_is_answered_at_once_and_counted_once_a_day(visitor, keyring):
    first = asking.ask_access(actor=visitor, keyring=keyring, now=NOW)
    assert asking.ask_access(actor=visitor, keyring=keyring, now=NOW + timedelta(hours=3)) == first
    assert asking.ask_access(actor=visitor, keyring=keyring, now=on(1)) != first
    assert {one.standing.state for one in asking.own(actor=visitor, keyring=keyring)} == {
        rules.State.ANSWERED
    }


# Rectification


def ask(visitor, keyring, text="Mon prénom est Théodora.", now=NOW) -> str:
    return asking.ask_rectification(actor=visitor, text=text, keyring=keyring, now=now)


def right_traits(**changes) -> Traits:
    said = {
        "birth_name": "ZYGOMALAS", "used_name": "", "first_names": ("Théodora",), "sex": "F",
        "birth_date": person().birth_date, "birth_place": "51215", "ins": person().ins,
    }  # fmt: skip
    return Traits(**(said | changes))


def test_a_rectification_makes_a_new_record_and_a_new_version_and_overwrites_nothing(
    visitor, keyring, officer, key_of, query, counts
):
    key = key_of(ask(visitor, keyring))
    before = query("SELECT id, sealed, whole, ins FROM people_identity ORDER BY id")
    identity = visitor.identities[0]
    made = handling.rectify(
        actor=officer, request_id=key, seen_version=1, identity=identity, traits=right_traits(),
        contact={"mobile": "0639980000"}, keyring=keyring, now=on(2),
    )  # fmt: skip
    settle()
    assert made == 1
    assert set(before) < set(query("SELECT id, sealed, whole, ins FROM people_identity"))
    rows = query(
        "SELECT version, current, identity_id = %s, expires_on, result FROM screening_result"
        " WHERE result = 'P' AND person_id = %s ORDER BY version",
        identity, visitor.persons[0],
    )  # fmt: skip
    until = on(180).date()
    assert rows == [(1, False, True, until, "P"), (2, True, False, until, "P")]
    found = give(visitor, keyring)
    latest = next(one for one in found.results if one.result == "P" and one.current)
    assert (latest.mobile, latest.email) == ("0639980000", "theodosie@exemple-courriel.fr")
    assert found.identities[0].first_names == ("Théodora",)


def test_a_rectified_case_shows_the_right_name_and_is_found_by_it(visitor, keyring, officer, key_of, query):
    key = key_of(ask(visitor, keyring))
    handling.rectify(
        actor=officer, request_id=key, seen_version=1, identity=visitor.identities[0],
        traits=right_traits(birth_name="ZYGOMALES"), contact={}, keyring=keyring, now=on(2),
    )  # fmt: skip
    settle()
    agent = investigator("75")
    (line,) = search(
        actor=agent, name="Zygomales", birth_date=person().birth_date, keyring=keyring, now=on(2)
    )
    assert line.identity.birth_name == "ZYGOMALES"
    # and the next result under the right name is the same person's
    assert query("SELECT count(DISTINCT person_id) FROM people_link") == [(2,)]


def test_what_the_laboratory_sends_after_a_rectification_is_the_next_version(
    visitor, keep, keyring, officer, key_of, query
):
    key = key_of(ask(visitor, keyring))
    handling.rectify(
        actor=officer, request_id=key, seen_version=1, identity=visitor.identities[0],
        traits=right_traits(), contact={}, keyring=keyring, now=on(2),
    )  # fmt: skip
    keep(message(report()), now=on(3))  # the same again: nothing new
    keep(message(retracted(report())), now=on(4))
    rows = query(
        "SELECT version, current, retracted FROM screening_result WHERE result = 'P' AND person_id = %s"
        " ORDER BY version", visitor.persons[0],
    )  # fmt: skip
    assert rows == [(1, False, False), (2, False, False), (3, False, True)]


def test_security_the_identity_of_another_is_not_rectified(visitor, keyring, officer, key_of, query):
    key = key_of(ask(visitor, keyring))
    ((other,),) = query("SELECT identity_id FROM people_link WHERE person_id <> %s", visitor.persons[0])
    with pytest.raises(NotAllowed):
        handling.rectify(
            actor=officer, request_id=key, seen_version=1, identity=other, traits=right_traits(),
            contact={}, keyring=keyring, now=on(2),
        )  # fmt: skip


# Objection


def test_an_objection_leaves_the_persons_facts_out_of_research_and_no_others(visitor, keep, keyring, query):
    asking.set_objection(actor=visitor, objects=True, keyring=keyring, now=NOW)
    key = keyring.secret("facts")
    own = {
        objecting.fact_id(key, bytes(ledger))
        for (ledger,) in query(
            "SELECT ledger_key FROM screening_result WHERE person_id = %s", visitor.persons[0]
        )
    }
    assert set(left_out_of_research()) == own
    keep(message(report(record_number="NEXT", **NEGATIVE)), message(of(2)), now=on(2))
    settle()
    assert len(set(left_out_of_research())) == len(own) + 1
    asking.set_objection(actor=visitor, objects=False, keyring=keyring, now=on(3))
    assert set(left_out_of_research()) == set()


def test_an_objection_outlives_the_person_for_the_facts_that_are_there(visitor, keyring, counts):
    from rempart.protection.retention.services import daily

    asking.set_objection(actor=visitor, objects=True, keyring=keyring, now=NOW)
    daily.run(keyring=keyring, now=on(200))
    assert counts()["people_objection"] == 0
    assert len(set(left_out_of_research())) == 2


# Requests and their deadline


def test_a_request_is_sealed_and_seen_by_the_person_and_the_officer_only(
    visitor, keyring, officer, query, key_of
):
    key = key_of(ask(visitor, keyring, text="Je m’appelle Théodora ZYGOMALAS"))
    ((sealed,),) = query("SELECT sealed FROM rights_request")
    assert b"ZYGOMALAS" not in sealed
    other = query("SELECT id FROM people_person WHERE id <> %s", visitor.persons[0])[0][0]
    for actor in (investigator("75"), patient(access="o", person=other, identity=visitor.identities[0])):
        with acting(actor) as cursor:
            cursor.execute("SELECT count(*) FROM rights_request")
            assert cursor.fetchone() == (0,)
            cursor.execute("UPDATE rights_request SET state = 'refused'")
            assert cursor.rowcount == 0
        with pytest.raises(NotAllowed):
            handling.open_request(actor=actor, request_id=key, keyring=keyring, now=NOW)
    (own,) = asking.own(actor=visitor, keyring=keyring)
    assert own.said.asks == "Je m’appelle Théodora ZYGOMALAS"


def test_the_list_begins_with_the_nearest_deadline(visitor, keyring, officer, key_of):
    first = ask(visitor, keyring)
    second = ask(visitor, keyring, now=on(5))
    handling.extend(
        actor=officer, request_id=key_of(first), seen_version=1, reason="Le laboratoire a fermé.",
        keyring=keyring, public_url=URL, now=on(6),
    )  # fmt: skip
    lines = handling.listed(actor=officer, closed=False, now=on(7))
    assert [line.number for line in lines] == [second, first]
    assert [line.standing.due_on.isoformat() for line in lines] == ["2026-12-25", "2027-02-20"]


def test_an_answer_reaches_the_person(visitor, keyring, officer, key_of):
    number = ask(visitor, keyring)
    key = key_of(number)
    handling.take(actor=officer, request_id=key, seen_version=1, keyring=keyring, now=on(1))
    handling.answer(
        actor=officer, request_id=key, seen_version=2, text="Votre prénom est corrigé.", refused=False,
        keyring=keyring, public_url=URL, now=on(2),
    )  # fmt: skip
    (own,) = asking.own(actor=visitor, keyring=keyring)
    assert (own.standing.state, own.said.answer) == (rules.State.ANSWERED, "Votre prénom est corrigé.")
    letter = letters(keyring)[0]
    assert letter.recipient == "0639981234"
    assert number in letter.text
    assert f"{URL}/mes-donnees/" in letter.text
    assert "prénom" not in letter.text
    with pytest.raises(rules.NotNow):
        handling.answer(
            actor=officer, request_id=key, seen_version=3, text="Encore", refused=True, keyring=keyring,
            public_url=URL, now=on(3),
        )  # fmt: skip


def test_two_officers_do_not_answer_the_same_request(visitor, keyring, officer, key_of):
    key = key_of(ask(visitor, keyring))
    handling.take(actor=officer, request_id=key, seen_version=1, keyring=keyring, now=on(1))
    with pytest.raises(StaleVersion):
        handling.take(actor=officer, request_id=key, seen_version=1, keyring=keyring, now=on(1))


def test_a_person_has_so_many_requests_waiting_and_no_more(visitor, keyring):
    for _ in range(asking.MOST_OPEN):
        ask(visitor, keyring)
    with pytest.raises(asking.TooManyOpen):
        ask(visitor, keyring)


@pytest.mark.parametrize("text", ["", "  \n", "x" * (rules.MOST_TEXT + 1)])
def test_an_empty_or_endless_request_is_refused(visitor, keyring, text):
    with pytest.raises(asking.Empty):
        ask(visitor, keyring, text=text)


def test_the_officer_is_reminded_a_week_before_and_every_three_days(visitor, keyring):
    Agent.objects.create(
        username="dpo", name="Déléguée", role=Role.DATA_PROTECTION, departments=["*"], email="dpo@exemple.fr"
    )
    ask(visitor, keyring)  # due on 20 December
    reminded = [day for day in range(20, 40) if post.remind(keyring=keyring, public_url=URL, now=on(day))]
    assert reminded == [23, 26, 29, 32, 35, 38]
    texts = [letter.text for letter in letters(keyring) if letter.recipient == "dpo@exemple.fr"]
    assert texts[0].startswith("1 demande(s) en retard, 0")
    assert texts[-1].startswith("0 demande(s) en retard, 1")


def test_what_was_shown_of_the_notice_is_remembered_once(visitor):
    notice = asking.inform(actor=visitor, now=NOW)
    asking.inform(actor=visitor, now=on(1))
    (row,) = Informed.objects.all()
    assert (row.version, row.shown_at) == (notice.since, NOW)


def test_everything_done_about_a_request_leaves_its_trace(visitor, keyring, officer, key_of, query):
    key = key_of(ask(visitor, keyring))
    handling.open_request(actor=officer, request_id=key, keyring=keyring, now=on(1))
    handling.take(actor=officer, request_id=key, seen_version=1, keyring=keyring, now=on(1))
    handling.rectify(
        actor=officer, request_id=key, seen_version=2, identity=visitor.identities[0],
        traits=right_traits(), contact={}, keyring=keyring, now=on(1),
    )  # fmt: skip
    give(visitor, keyring)
    acts = query(
        "SELECT act FROM audit_entry WHERE person_id = %s AND at >= %s ORDER BY id", visitor.persons[0], NOW
    )
    assert [act for (act,) in acts if act != "code-sent"] == [
        "request-made", "request-opened", "request-handled", "identity-rectified", "dossier-given",
    ]  # fmt: skip


def test_a_request_by_letter_is_written_down(visitor, keyring, officer, query):
    number = asking.write_down(
        actor=officer, person=visitor.persons[0], kind=rules.Kind.OBJECTION, text="Courrier du 18.",
        keyring=keyring, now=NOW,
    )  # fmt: skip
    ((key, channel),) = query("SELECT id, channel FROM rights_request WHERE number = %s", number)
    assert channel == "letter"
    handling.object_for(actor=officer, request_id=key, keyring=keyring, now=NOW)
    assert len(set(left_out_of_research())) == 2
    with pytest.raises(NotAllowed):
        asking.write_down(
            actor=visitor,
            person=visitor.persons[0],
            kind=rules.Kind.ACCESS,
            text="x",
            keyring=keyring,
            now=NOW,
        )
