"""The daily run, with the clock moved: what goes, in which order, what is left, and what comes after."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import connections
from tests.factories import NOW, codes, corrected, message, nir_of, of, person, report, retracted, somebody
from tests.functional.accounts import account
from tests.functional.conftest import tables
from tests.functional.portal import letters
from tests.functional.settling import settle

from rempart.foundation.access.models import Agent
from rempart.foundation.access.rights import Role
from rempart.foundation.retention import Version
from rempart.protection.retention.models import Destroyed, DestroyedKey, Run
from rempart.protection.retention.parts import DIGESTS, PARTS
from rempart.protection.retention.services import daily, proof
from rempart.screening.rules.report import Outcome, Result
from rempart.screening.services import store

pytestmark = pytest.mark.django_db(transaction=True)

NEGATIVE = {"result": Result.NEGATIVE, "raw_result": "N"}
OF_A_PERSON = (
    "screening_result", "people_identity", "people_link", "people_person", "tracing_case", "screening_access",
    "messaging_message",
)  # fmt: skip


def on(days: int):
    return NOW + timedelta(days=days)


@pytest.fixture
def run(keyring):
    """`run(days)`: the daily run, so many days after NOW; what went."""
    return lambda days: {what: n for what, n in daily.run(keyring=keyring, now=on(days)).items() if n}


@pytest.fixture(autouse=True)
def months_made_again():
    """Those that a run dropped, for whoever comes after and has an earlier clock."""
    yield
    store.ensure_months.cache_clear()


@pytest.fixture
def changed_law(monkeypatch):
    """`changed_law(days, P=90)`: from so many days after NOW on, these results are kept so long."""

    def change(after: int, *, extends: bool = False, **kept: int) -> None:
        def by_result():
            law = {
                result: [Version(since=date(2021, 8, 6), days=180 if result == "P" else 90)]
                for result in "PNIX"
            }
            for result, days in kept.items():
                law[result].append(Version(since=on(after).date(), days=days, extends_kept=extends))
            return {"covid19": law}

        for module in (daily, proof, daily.holds):
            monkeypatch.setattr(module, "by_result", by_result)

    return change


# What goes, and when


def test_nothing_goes_before_its_day(keep, run, counts):
    keep(message(report()), message(of(1, **NEGATIVE)))
    settle()
    before = counts()
    run(90)
    after = counts()
    gone = {name for name in before if after[name] < before[name]}
    assert gone <= {"messaging_message"}  # letters, kept a month


def test_a_negative_goes_after_three_months_and_a_positive_after_six(keep, run, counts, query):
    keep(message(report()), message(of(1, **NEGATIVE)))
    settle()
    assert run(91)["screening_result"] == 1
    assert query("SELECT result FROM screening_result") == [("P",)]
    assert counts()["people_person"] == 1
    run(181)
    assert {table: counts()[table] for table in OF_A_PERSON} == dict.fromkeys(OF_A_PERSON, 0)
    assert counts()["people_matching_key"] == 0


def test_a_person_stays_as_long_as_one_result(keep, run, query):
    keep(message(report(**NEGATIVE)))
    keep(message(report(record_number="LATER", **NEGATIVE)), now=on(30))
    settle()
    run(100)
    assert query("SELECT count(*) FROM people_person") == [(1,)]
    assert query("SELECT count(*) FROM people_link") == [(1,)]
    assert query("SELECT count(*) FROM people_matching_key") == [(2,)]  # by number and by traits


def test_keys_go_before_rows_and_each_is_noted(keep, run, keyring, monkeypatch):
    keep(message(of(1, **NEGATIVE)))
    names = {name for name in keyring.names() if name.endswith("2027-02-18")}  # NOW + 90 days
    assert {name.split("/")[1] for name in names} == {"identity", "contact"}

    def no_row_goes(*_, **__):
        raise RuntimeError("killed")

    monkeypatch.setattr(daily, "_forget", no_row_goes)
    with pytest.raises(RuntimeError):
        run(91)
    assert not names & set(keyring.names())
    noted = DestroyedKey.objects.filter(name__in=names)
    assert {row.name for row in noted} == names
    assert all(row.destroyed_at for row in noted)
    assert Run.objects.get().finished_at is None


def test_a_key_that_was_noted_and_not_destroyed_is_confirmed_by_the_next_run(keep, run, keyring, monkeypatch):
    """Killed between the note and the destruction, and between the destruction and the confirmation."""
    keep(message(of(1, **NEGATIVE)))
    destroy = keyring.destroy_expired

    def killed_after(today):
        destroy(today)
        raise RuntimeError("killed")

    monkeypatch.setattr(keyring, "destroy_expired", killed_after)
    with pytest.raises(RuntimeError):
        run(91)
    assert DestroyedKey.objects.filter(destroyed_at=None).exists()
    monkeypatch.undo()
    run(91)
    assert not DestroyedKey.objects.filter(destroyed_at=None).exists()


def test_a_run_that_was_killed_is_taken_up_and_counts_once(keep, run, query, monkeypatch):
    keep(message(report()), *[message(of(number, **NEGATIVE)) for number in range(7)])
    settle()
    monkeypatch.setattr(daily, "BATCH", 2)
    steps = iter(range(100))
    forget = daily._count

    def killed_amid(*args):
        if next(steps) == 3:
            raise RuntimeError("killed")
        forget(*args)

    monkeypatch.setattr(daily, "_count", killed_amid)
    with pytest.raises(RuntimeError):
        run(91)
    assert 1 < query("SELECT count(*) FROM screening_result")[0][0] < 8
    monkeypatch.setattr(daily, "_count", forget)
    run(91)
    assert query("SELECT result FROM screening_result") == [("P",)]
    counted = dict(Destroyed.objects.values_list("what", "number"))
    assert (counted["screening_result"], counted["people_person"], counted["screening_access"]) == (7, 7, 7)


def test_two_runs_at_once_do_everything_once(keep, keyring, monkeypatch):
    keep(message(report()), *[message(of(number, **NEGATIVE)) for number in range(40)])
    settle()
    monkeypatch.setattr(daily, "BATCH", 3)

    def one():
        try:
            return daily.run(keyring=keyring, now=on(91)).get("screening_result", 0)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as two:
        went = [running.result() for running in [two.submit(one), two.submit(one)]]
    assert sum(went) == 40
    assert Destroyed.objects.get(what="screening_result").number == 40


def test_whole_months_are_dropped(keep, run, query):
    keep(message(report()))
    settle()
    gone = run(250)
    assert gone["screening_result_month"] >= 1
    assert query("SELECT to_regclass('screening_result_2026_11')") == [(None,)]
    gone = run(500)
    assert gone["screening_message_month"] >= 1
    assert query("SELECT to_regclass('screening_message_2026_11')") == [(None,)]


def test_ledgers_and_keys_of_matching_go_with_the_index_key_of_their_half_year(keep, run, counts, keyring):
    keep(message(report()))
    settle()
    run(220)  # end of June: the last day of what came on 31 December is 29 June
    assert "index/2026H2" in keyring.names()
    assert (counts()["screening_result_ledger"], counts()["screening_message_ledger"]) == (1, 1)
    run(222)
    assert "index/2026H2" not in keyring.names()
    assert (counts()["screening_result_ledger"], counts()["screening_message_ledger"]) == (0, 0)


def test_traits_that_several_people_bear_stay_known_until_their_index_key_dies(keep, run, query):
    """Without them, the next one without a number would be taken for the one who is left."""
    keep(message(report(**NEGATIVE)))
    homonym = replace(person(), ins=nir_of("2790351215190"))
    keep(message(report(homonym, record_number="OTHER", **NEGATIVE)))
    assert query("SELECT count(*) FROM people_matching_key WHERE shared") == [(1,)]
    run(91)
    assert query("SELECT count(*) FROM people_person") == [(0,)]
    assert query("SELECT shared FROM people_matching_key") == [(True,)]
    run(222)
    assert query("SELECT count(*) FROM people_matching_key") == [(0,)]


def test_events_go_when_everybody_has_read_them(keep, run, counts):
    keep(message(report()))
    assert "events_event" not in run(91)  # nobody has
    settle()
    assert run(91)["events_event"] == 1
    assert counts()["events_event"] == 0


def test_an_account_that_is_closed_long_since_says_no_longer_whose_it_was(run, query, transactional_db):
    closed = account(
        Role.INVESTIGATOR, "75", name="Camille Rivière", username="c.riviere", email="c@exemple.fr"
    )
    Agent.objects.filter(pk=closed.pk).update(is_active=False, closed_at=NOW, closed="asked")
    account(Role.INVESTIGATOR, "75", name="Alix Bao", username="a.bao")
    assert "access_agent" not in run(365)
    assert run(366)["access_agent"] == 1
    assert query("SELECT name, username, email FROM access_agent ORDER BY name") == [
        ("", str(closed.pk), ""),
        ("Alix Bao", "a.bao", ""),
    ]
    assert "access_agent" not in run(367)


ACCOUNTED_FOR_ELSEWHERE = {
    **dict.fromkeys(
        ("directories_practice", "directories_mailbox"),
        "published by the State; who leaves its directory leaves ours with the next file",
    ),
    **dict.fromkeys(
        ("directories_entity", "directories_establishment", "directories_position", "directories_load", "people_teleservice", "people_seeking"),
        "names nobody",
    ),
    **dict.fromkeys(
        ("people_link", "people_person", "people_objection", "people_ins_request", "people_likely_pair", "people_join"),
        "go with the identity, or the last one of the person",
    ),
    "screening_register": "laboratories and whom to call there at work, corrected as they change",
    "screening_register_request": "what laboratories asked about their connection; names no patient",
    "screening_upload_columns": "names nobody: which column is which",
    "proximity_daily": "names nobody: how many declaration codes in a day",
    "screening_objected_fact": "leads back to nobody; stays as long as the facts it lists",
    "exchange_chunk": "goes with its file",
    "exchange_fetch": "goes with its file",
    "access_allowance": "digests of who tries too often, forgotten by their own room",
    "access_enrolment": "forgotten by its own room (accounts.forget-enrolments)",
    "access_review": "evidence, of agents only, whose names are erased",
    "access_review_decision": "evidence, of agents only, whose names are erased",
    "access_session": "ends with the session (sessions forgotten by the worker)",
    "django_session": "ends with the session (sessions forgotten by the worker)",
    "account_emailaddress": "goes with its account",
    "account_emailconfirmation": "goes with its account",
    "mfa_authenticator": "goes with its account",
    **dict.fromkeys(
        (
            "audit_anchor", "audit_block", "audit_dropped_month", "events_position", "people_reindexing",
            "oversight_counted", "oversight_figure", "directories_laboratory", "retention_destroyed",
            "retention_destroyed_key", "retention_mark", "retention_proof", "retention_run",
            "screening_transcoding", "screening_wording",
        ),
        "names nobody",
    ),
    **dict.fromkeys(
        ("procrastinate_events", "procrastinate_jobs", "procrastinate_periodic_defers", "procrastinate_workers"),
        "names nobody; forgotten after a month (schedule.forget-finished)",
    ),
    **dict.fromkeys(
        (
            "auth_group", "auth_group_permissions", "auth_permission", "django_content_type",
            "django_migrations", "dsfr_dsfrconfig", "dsfr_dsfrsocialmedia",
        ),
        "of the components",
    ),
}  # fmt: skip


def test_security_every_table_has_its_retention_or_a_reason_to_have_none(owner):
    """A new table that forgets to forget fails here."""
    forgetting = {part.table for part in PARTS} | {digests.table for digests in DIGESTS}
    assert set(tables(owner)) - forgetting == set(ACCOUNTED_FOR_ELSEWHERE)


# What comes after


def test_a_repeat_of_what_was_purged_is_still_a_repeat(keep, run, counts):
    keep(message(report(**NEGATIVE), control_id="A"))
    settle()
    run(91)
    (kept,) = keep(message(report(**NEGATIVE), control_id="A"), now=on(92))
    assert (kept.outcome, kept.repeated) == (Outcome.ACCEPTED, True)
    (kept,) = keep(message(report(**NEGATIVE), control_id="B"), now=on(92))
    assert counts()["screening_result"] == 0


def test_a_correction_of_what_was_purged_is_its_next_version(keep, run, query):
    """Kept as what it is, for its own time; the fact of the first version is replaced, not doubled."""
    keep(message(report(**NEGATIVE)))
    settle()
    run(91)
    (kept,) = keep(message(corrected(report())), now=on(92))
    settle()
    assert (kept.outcome, codes(kept)) == (Outcome.ACCEPTED, [])
    assert query("SELECT version, current, result, expires_on - received_at::date FROM screening_result") == [
        (2, True, "P", 180)
    ]
    assert query("SELECT count(*) FROM tracing_case") == [(1,)]
    assert query("SELECT count(*) FROM screening_result_ledger") == [(1,)]


def test_a_retraction_of_what_was_purged_takes_back_the_fact(keep, run, query, settings):
    from rempart.foundation import facts

    keep(message(report(**NEGATIVE)))
    settle()
    assert facts.status(settings.FACTS_ROOT).facts == 1
    run(91)
    keep(message(retracted(report(**NEGATIVE))), now=on(92))
    settle()
    assert query("SELECT version, retracted FROM screening_result") == [(2, True)]
    assert facts.status(settings.FACTS_ROOT).facts == 0


def test_a_correction_after_the_index_key_died_is_a_first_version_and_the_sender_is_told(keep, run, query):
    keep(message(report(**NEGATIVE)))
    settle()
    run(222)
    (kept,) = keep(message(corrected(report())), now=on(223))
    assert (kept.outcome, codes(kept)) == (Outcome.ACCEPTED, ["R05"])
    assert query("SELECT version FROM screening_result") == [(1,)]


def test_a_refused_message_that_comes_again_after_its_day_is_judged_anew(keep, run):
    """It is not answered as accepted because nobody knows any more that it was not."""
    keep(message(control_id="A", raw=b"a", outcome=Outcome.REJECTED))
    run(91)
    (kept,) = keep(message(control_id="A", raw=b"a", outcome=Outcome.REJECTED), now=on(92))
    assert (kept.outcome, kept.repeated) == (Outcome.REJECTED, False)


def test_an_accepted_message_that_comes_again_is_known(keep, run):
    keep(message(report(), control_id="A", raw=b"a"))
    run(91)
    (kept,) = keep(message(report(), control_id="A", raw=b"a"), now=on(92))
    assert (kept.outcome, kept.repeated) == (Outcome.ACCEPTED, True)


def test_who_was_forgotten_is_a_new_person(keep, run, query):
    keep(message(report(**NEGATIVE)))
    run(91)
    keep(message(report(record_number="LATER", **NEGATIVE)), now=on(92))
    assert query("SELECT count(*) FROM people_person") == [(1,)]
    assert query("SELECT count(*) FROM people_matching_key") == [(2,)]


def test_an_intake_that_meets_the_forgetting_of_a_person_makes_him_anew(keep, run, query, owner, monkeypatch):
    """He was known when the batch looked, and gone when it came to link him."""
    keep(message(report(**NEGATIVE)))
    hold = store.hold
    forgotten = []

    def forgotten_meanwhile(cursor, persons):
        if persons and not forgotten:
            forgotten.extend(persons)
            owner.execute("DELETE FROM people_matching_key")
            owner.execute("DELETE FROM people_person")
        hold(cursor, persons)

    monkeypatch.setattr(store, "hold", forgotten_meanwhile)
    keep(message(report(record_number="LATER", **NEGATIVE)), now=on(1))
    assert forgotten
    ((result_of,),) = query("SELECT person_id FROM screening_result WHERE received_at > %s", NOW)
    assert query("SELECT id FROM people_person") == [(result_of,)]
    assert result_of not in forgotten


# A law that changes


def test_a_shorter_law_applies_to_what_is_there(keep, run, query, keyring, changed_law):
    keep(message(report()))
    keep(message(report(somebody(1), record_number="YOUNG")), now=on(60))
    settle()
    changed_law(100, P=90)
    run(100)
    # the first is past its new day and gone; the second is sealed again under its own
    assert query("SELECT expires_on FROM screening_result") == [(on(150).date(),)]
    assert query("SELECT expires_on FROM people_identity") == [(on(150).date(),)]
    assert query("SELECT expires_on FROM tracing_case") == [(on(150).date(),)]
    assert query("SELECT expires_on FROM screening_access") == [(on(150).date(),)]
    ((identity, sealed),) = query("SELECT id, sealed FROM people_identity")
    from rempart.foundation.people.content import open_identity

    assert open_identity(identity, sealed, keyring=keyring).first_names == ("Alix",)
    run(151)
    assert query("SELECT count(*) FROM screening_result") == [(0,)]


def test_a_shorter_law_makes_old_dumps_unreadable_too(keep, run, query, keyring, changed_law):
    """The key of a day under which nothing is sealed any more goes before its day; one that is shared stays."""
    keep(message(report()))
    keep(message(report(somebody(1), record_number="SHARED", **NEGATIVE)), now=on(90))
    keep(message(report(somebody(2), record_number="YOUNG")), now=on(91))
    assert f"data/identity/{on(271).date()}" in keyring.names()  # of the young one, 91 and 180 days
    seals = query("SELECT id, sealed FROM people_identity")
    changed_law(92, P=90)
    run(92)
    run(94)  # a batch under way when the law changed may still seal by the old one
    left = {name.rpartition("/")[2] for name in keyring.names() if name.startswith("data/identity/")}
    assert on(271).date().isoformat() not in left  # sealed again under day 181
    assert {on(180).date().isoformat(), on(181).date().isoformat()} <= left
    from rempart.foundation.people.content import open_identity

    opened = [open_identity(key, sealed, keyring=keyring) for key, sealed in seals]
    assert sum(one is None for one in opened) == 1


def test_a_longer_law_leaves_what_was_collected_before_unless_it_says_so(keep, run, query, changed_law):
    keep(message(report(**NEGATIVE)))
    settle()
    changed_law(30, N=200)
    run(60)
    assert query("SELECT expires_on FROM screening_result") == [(on(90).date(),)]
    changed_law(30, N=200, extends=True)
    run(60)
    assert query("SELECT expires_on FROM screening_result") == [(on(200).date(),)]
    assert query("SELECT expires_on FROM people_identity") == [(on(200).date(),)]
    run(91)
    assert query("SELECT count(*) FROM people_identity") == [(1,)]


# The proof


def test_the_proof_says_what_is_left_and_is_signed(keep, run, keyring):
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    keep(message(report()), message(of(1, **NEGATIVE)))
    settle()
    run(91)
    shown = proof.latest(now=on(91))
    assert shown.good
    tables = {line["table"]: line for line in shown.content["tables"]}
    assert tables["screening_result"]["first_due"] == on(180).date().isoformat()
    assert not any(line["overdue"] for line in tables.values())
    (today, *_) = shown.content["destroyed"]
    assert today["rows"]["screening_result"] == 1
    assert any(key["name"] == "data/identity/2027-02-18" for key in shown.content["keys"]["destroyed"])
    certificate = x509.load_der_x509_certificate(shown.certificate)
    certificate.public_key().verify(shown.signature, shown.statement, ec.ECDSA(hashes.SHA256()))


def test_what_should_have_gone_is_overdue(keep, run, monkeypatch):
    keep(message(of(1, **NEGATIVE)))
    monkeypatch.setattr(daily, "PARTS", ())
    run(91)
    shown = proof.latest(now=on(91))
    assert not shown.good
    assert {line["table"] for line in shown.content["tables"] if line["overdue"]} == {
        "screening_result", "people_identity", "events_event",
    }  # fmt: skip


def test_a_proof_that_is_old_is_late(run):
    run(0)
    assert proof.latest(now=on(1)).good
    assert proof.latest(now=on(2)).late


def test_the_officer_is_written_to_when_a_night_failed_and_not_otherwise(keep, run, keyring, monkeypatch):
    account(Role.DATA_PROTECTION, username="dpo", email="dpo@exemple.fr")

    def warned(days: int) -> bool:
        before = len(letters(keyring))
        told = proof.warn(keyring=keyring, public_url="https://rempart.example", now=on(days))
        assert len(letters(keyring)) - before == int(told)
        return told

    assert warned(0)  # nothing was ever destroyed
    assert "https://rempart.example/conservation/" in letters(keyring)[0].text
    run(0)
    assert not warned(1)
    assert warned(2)  # no run since
    keep(message(of(1, **NEGATIVE)))
    monkeypatch.setattr(daily, "PARTS", ())
    run(91)
    assert warned(91)


def test_the_proof_names_nobody(keep, run):
    from tests.functional.test_security_nominative import assert_says_nothing

    keep(message(report()))
    settle()
    run(181)
    assert_says_nothing(proof.latest(now=on(181)).statement.decode())
