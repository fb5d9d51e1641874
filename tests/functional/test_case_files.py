"""A person's file: found, opened, taken, called, and the trace of it all."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from tests.directories import rpps
from tests.factories import NOW, corrected, in_lyon, investigator, message, nir_of, of, person, report
from tests.functional.settling import settle
from tests.functional.trail import entries

from rempart.foundation.access.actor import acting
from rempart.foundation.access.limits import Use, limits
from rempart.foundation.access.refusals import NotAllowed, StaleVersion, TooMany
from rempart.foundation.database.keys import uuid7
from rempart.foundation.directories.models import Mailbox, Practice
from rempart.screening.rules.report import Practitioner
from rempart.tracing import rules
from rempart.tracing.models import Case
from rempart.tracing.services import working
from rempart.tracing.services import worklist as service

pytestmark = pytest.mark.django_db(transaction=True)

WAITING = (rules.State.WAITING,)
PARIS = investigator("75")
LYON = investigator("69")


def names(lines):
    return [line.identity.display_name if line.identity else None for line in lines]


SEARCHES = (
    {"number": nir_of("2790351215189")},
    {"number": "2 79 03 51 215 189"},  # thirteen characters, as a person writes it
    {"name": "Zygomalas", "birth_date": date(1979, 3, 28)},
    {"name": "quirinal", "birth_date": date(1979, 3, 28)},  # the name she uses
    {"name": "ZYGO MALAS", "birth_date": date(1979, 3, 28)},
)
NOT_HERS = (
    {"number": nir_of("2790351215200")},
    {"number": "279035121518988"},  # wrong key
    {"name": "Zygomalas", "birth_date": date(1979, 3, 29)},
    {"name": "Zygomala", "birth_date": date(1979, 3, 28)},  # no part of a name
    {"name": "Zygomalas"},
    {"birth_date": date(1979, 3, 28)},
    {},
)


@pytest.mark.parametrize("known", SEARCHES, ids=str)
def test_a_person_is_found_by(known, case, keyring):
    found = service.search(actor=PARIS, keyring=keyring, now=NOW, **known)
    assert [line.case.id for line in found] == [case.id]


@pytest.mark.parametrize("known", NOT_HERS, ids=str)
def test_a_person_is_not_found_by(known, case, keyring):
    assert service.search(actor=PARIS, keyring=keyring, now=NOW, **known) == []


@pytest.mark.parametrize("known", SEARCHES, ids=str)
def test_nobody_is_found_outside_ones_departments(known, case, keyring):
    assert service.search(actor=LYON, keyring=keyring, now=NOW, **known) == []


@pytest.mark.parametrize("asked", ["Élodie-Anne d’Œuvres", "ELODIE ANNE DOEUVRES", "elodie anne d'oeuvres"])
def test_accents_hyphens_and_apostrophes_do_not_matter(asked, arrive, keyring):
    arrive(report(person(birth_name="Élodie-Anne D'Œuvres")))
    found = service.search(actor=PARIS, keyring=keyring, now=NOW, name=asked, birth_date=date(1979, 3, 28))
    assert len(found) == 1


def test_a_search_finds_the_case_under_another_spelling_of_the_same_person(arrive, keyring):
    arrive(report(person(birth_name="ZIGOMALAS"), record_number="misspelt"))
    arrive(report(record_number="right", result=report().result.NEGATIVE))
    (found,) = service.search(
        actor=PARIS, keyring=keyring, now=NOW, name="zygomalas", birth_date=date(1979, 3, 28)
    )
    assert names([found]) == ["ZIGOMALAS (QUIRINAL) Théodosie"]


def test_a_search_still_finds_after_a_change_of_half_year(case, keyring):
    later = NOW + timedelta(days=60)
    assert len(service.search(actor=PARIS, keyring=keyring, now=later, number=nir_of("2790351215189"))) == 1


def test_a_file_opened_says_how_to_reach_the_person(case, keyring):
    file = service.open_file(actor=PARIS, case_id=case.id, keyring=keyring, now=NOW)
    assert (file.mobile, file.email) == ("0639981234", "theodosie@exemple-courriel.fr")
    assert file.address == ("28 passage Xylophage", "75007 PARIS")
    assert file.identity.display_name == "ZYGOMALAS (QUIRINAL) Théodosie"


def test_a_file_follows_the_correction_of_its_result(arrive, keep, keyring, case):
    keep(message(corrected(report(person(mobile="0600000001")))))
    settle()
    file = service.open_file(actor=PARIS, case_id=case.id, keyring=keyring, now=NOW)
    assert file.mobile == "0600000001"


def test_a_file_says_where_its_prescriber_is_reached(arrive, keyring):
    """By his number in the directories, whatever the message said of him; by nothing where they do not know him."""
    known, unknown = rpps(1), rpps(2)
    Practice.objects.create(
        digest=b"1", number=known, register="8", title="Docteur", family_name="BAO", first_name="Alix",
        profession_code="10", profession="Médecin", specialty_code="", specialty="", mode="L", siret="", finess="",
        entity="", structure="R1", structure_name="CABINET BAO", address="9 Place VIOLET\n75015 PARIS", commune="",
        phone="0148237096",
    )  # fmt: skip
    Mailbox.objects.create(
        digest=b"2", address="alix.bao@medecin.mssante.fr", kind="PER", number=known, structure="", finess="",
        service="", title="", family_name="BAO", first_name="Alix", profession_code="10", structure_name="",
        structure_address="",
    )  # fmt: skip
    arrive(
        of(1, prescriber=Practitioner(rpps=known)),
        of(2, prescriber=Practitioner(rpps=unknown, name="CLEO DIEZ")),
        of(3, prescriber=Practitioner(adeli="759124159", name="ELI FORT")),
    )
    with acting(PARIS):
        cases = list(Case.objects.values_list("id", flat=True))
    files = [service.open_file(actor=PARIS, case_id=one, keyring=keyring, now=NOW) for one in cases]
    assert {file.prescriber: file.prescriber_at for file in files} == {
        f"BAO Alix, RPPS {known}": (
            "CABINET BAO", "9 Place VIOLET", "75015 PARIS", "0148237096", "alix.bao@medecin.mssante.fr",
        ),
        f"CLEO DIEZ, RPPS {unknown}": (),
        "ELI FORT, ADELI 759124159": (),
    }  # fmt: skip


def test_a_file_whose_day_has_passed_is_empty(case, keyring):
    keyring.destroy_expired(case.expires_on + timedelta(days=1))
    fresh = type(keyring)(keyring.root)
    file = service.open_file(actor=PARIS, case_id=case.id, keyring=fresh, now=NOW)
    assert (file.identity, file.mobile, file.address) == (None, "", ())
    assert names(service.worklist(actor=PARIS, states=WAITING, keyring=fresh, now=NOW).lines) == [None]


def acts():
    """What was done with files; what the laboratory brought is left out."""
    return [
        (entry.act, entry.actor, entry.role, entry.purpose, entry.subject, entry.details)
        for entry in entries()
        if entry.act != "delivery-received"
    ]


def test_everything_done_with_a_file_leaves_its_trace(case, keyring):
    later = NOW + timedelta(minutes=5)
    service.search(actor=PARIS, keyring=keyring, now=NOW, number=nir_of("2790351215189"))
    service.open_file(actor=PARIS, case_id=case.id, keyring=keyring, now=NOW)
    working.take_case(actor=PARIS, case_id=case.id, seen_version=1, now=NOW)
    working.mark_called(actor=PARIS, case_id=case.id, seen_version=2, now=later)
    who = (PARIS.id, "investigator", "investigation")
    assert acts() == [
        ("cases-searched", *who, "case", {"found": 1}),
        ("case-opened", *who, str(case.id), {"namesake": False}),
        ("case-taken", *who, str(case.id), {}),
        ("case-called", *who, str(case.id), {}),
    ]
    _, *done = entries()
    assert [entry.at for entry in done] == [NOW, NOW, NOW, later]
    assert [entry.person_id for entry in done] == [None, case.person_id, case.person_id, case.person_id]


@pytest.mark.parametrize("case_id", [None, uuid7()], ids=["of another department", "of nowhere"])
def test_what_is_not_mine_is_refused_the_same_way_as_what_is_not(case, keyring, case_id):
    key = case_id or case.id
    for act in (
        lambda: service.open_file(actor=LYON, case_id=key, keyring=keyring, now=NOW),
        lambda: working.take_case(actor=LYON, case_id=key, seen_version=1, now=NOW),
        lambda: working.mark_called(actor=LYON, case_id=key, seen_version=1, now=NOW),
    ):
        with pytest.raises(NotAllowed, match="no such case here"):
            act()
    assert acts() == []


def test_a_case_goes_from_waiting_to_called(case, keyring):
    taken = working.take_case(actor=PARIS, case_id=case.id, seen_version=1, now=NOW)
    assert (taken.state, taken.taken_by, taken.taken_at) == ("taken", UUID(PARIS.id), NOW)
    called = working.mark_called(actor=PARIS, case_id=case.id, seen_version=2, now=NOW)
    assert (called.state, called.called_at, called.version) == ("called", NOW, 3)
    mine = service.worklist(actor=PARIS, states=(rules.State.CALLED,), keyring=keyring, now=NOW, mine=True)
    assert len(mine.lines) == 1
    assert service.worklist(actor=PARIS, states=WAITING, keyring=keyring, now=NOW).lines == []


@pytest.mark.parametrize("seen", [0, 2, -1])
def test_who_saw_another_version_changes_nothing(case, seen):
    with pytest.raises(StaleVersion):
        working.take_case(actor=PARIS, case_id=case.id, seen_version=seen, now=NOW)
    assert acts() == []


def test_a_case_is_taken_by_one_only(case):
    working.take_case(actor=PARIS, case_id=case.id, seen_version=1, now=NOW)
    colleague = investigator("75")
    with pytest.raises(StaleVersion):
        working.take_case(actor=colleague, case_id=case.id, seen_version=1, now=NOW)
    with pytest.raises(rules.NotNow):
        working.take_case(actor=colleague, case_id=case.id, seen_version=2, now=NOW)
    with pytest.raises(rules.NotNow):
        working.mark_called(actor=colleague, case_id=case.id, seen_version=2, now=NOW)


def test_a_waiting_case_cannot_be_marked_called(case):
    with pytest.raises(rules.NotNow):
        working.mark_called(actor=PARIS, case_id=case.id, seen_version=1, now=NOW)


def test_the_page_says_what_a_colleague_did_meanwhile(case, paris_client):
    stale = paris_client.post(f"/suivi/dossiers/{case.id}/prendre/", {"version": "7"}, follow=True)
    assert "Un collègue a modifié ce dossier" in stale.content.decode()
    taken = paris_client.post(f"/suivi/dossiers/{case.id}/prendre/", {"version": "1"}, follow=True)
    assert "Ce dossier est dans vos mains" in taken.content.decode()


@pytest.mark.parametrize("version", ["", "x", "²", "9" * 30, "-1"])
def test_a_version_that_is_none_is_a_stale_one(case, paris_client, version):
    answer = paris_client.post(f"/suivi/dossiers/{case.id}/prendre/", {"version": version}, follow=True)
    assert "Un collègue a modifié" in answer.content.decode()


def test_a_file_of_another_department_is_refused_by_the_page(arrive, keyring, paris_client):
    arrive(in_lyon())
    (line,) = service.worklist(actor=LYON, states=WAITING, keyring=keyring, now=NOW).lines
    answer = paris_client.get(f"/suivi/dossiers/{line.case.id}/")
    assert answer.status_code == 403
    assert "PERSONNE" not in answer.content.decode()


def test_a_search_never_puts_what_was_searched_in_an_address(case, paris_client):
    answer = paris_client.post("/suivi/recherche/", {"name": "Zygomalas", "birth_date": "28/03/1979"})
    assert answer.status_code == 200
    assert "ZYGOMALAS" in answer.content.decode()
    assert (
        paris_client.get("/suivi/recherche/?name=Zygomalas&birth_date=28/03/1979")
        .content.decode()
        .count("ZYGO")
        == 0
    )


def test_who_searches_on_and_on_has_to_wait_and_a_colleague_has_not(keep):
    most = limits().pace[Use.SEARCH].burst
    for _ in range(most):
        service.search(actor=PARIS, number="279035121518989", keyring=keep.keyring, now=NOW)
    with pytest.raises(TooMany):
        service.search(actor=PARIS, number="279035121518989", keyring=keep.keyring, now=NOW)
    service.search(actor=LYON, number="279035121518989", keyring=keep.keyring, now=NOW)
    service.search(
        actor=PARIS, number="279035121518989", keyring=keep.keyring, now=NOW + timedelta(seconds=20)
    )
