"""Identities that may be of one person: found beside the road of results, shown to somebody, joined, parted again."""

from __future__ import annotations

import os
import re
import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from tests.factories import Keeper, finess_in, message, nir_of, person, report
from tests.functional.settling import settle

from rempart.foundation.access.actor import Actor, acting, system
from rempart.foundation.access.refusals import NotAllowed, StaleVersion
from rempart.foundation.access.rights import Fields, Purpose, Right, Role, granted
from rempart.foundation.audit.models import Entry, Watched
from rempart.foundation.database.keys import uuid7
from rempart.foundation.people import reindexing
from rempart.foundation.people.likeness.joining import TwoNumbers
from rempart.foundation.people.likeness.seeking import MOST_SHARING
from rempart.foundation.people.matching import Feature, Level
from rempart.foundation.people.models import (
    Blocking,
    Identity,
    Join,
    LikelyPair,
    Link,
    MatchingKey,
    Objection,
    Person,
)
from rempart.foundation.people.retention import forget_identities
from rempart.protection.retention.models import Hold
from rempart.protection.rights.models import Request
from rempart.screening.models import Access, TestResult
from rempart.screening.reviewing import services
from rempart.screening.reviewing.seeking import seek
from rempart.screening.reviewing.services import Decision, State
from rempart.site.reindexing import run
from rempart.tracing.models import Case

pytestmark = pytest.mark.django_db(transaction=True)

ANNE = person(
    birth_name="QUINTARD", used_name="", first_names=("Ombeline",), birth_date=date(1980, 5, 4), ins="", ins_authority="",
    birth_place="69123",
)  # fmt: skip
MISSPELT = replace(ANNE, birth_name="QUINTAR")
BORN_OTHERWISE = replace(ANNE, birth_date=date(1980, 4, 5))
HOMONYM = replace(ANNE, birth_date=date(1951, 11, 30), birth_place="13055")
_records = iter(range(10_000))


def now() -> datetime:
    """Identities are looked at half a minute after they came."""
    return datetime.now(UTC) + timedelta(minutes=2)


def reviewer(*departments: str, role: Role = Role.REGIONAL_INVESTIGATOR) -> Actor:
    grant = granted(role, Right.IDENTITIES_REVIEW)
    return Actor(
        id=str(uuid7()),
        role=role,
        purpose=grant.purpose,
        departments=departments or ("75",),
        fields=grant.sees,
    )


@pytest.fixture
def bring(keep: Keeper, keyring):
    """Results of these people, one each, kept and looked at; their identities in order."""

    def run(*people: Any, department: str = "75") -> list[UUID]:
        known = set(everywhere(lambda: list(Identity.objects.values_list("id", flat=True))))
        for one in people:
            laboratory = replace(report().laboratory, finess=finess_in(department))
            address = replace(one.address, postal_code=f"{department}001")
            keep(
                message(
                    report(
                        replace(one, address=address),
                        record_number=f"R{next(_records)}",
                        laboratory=laboratory,
                    )
                )
            )
        while seek(keyring=keyring, now=now()).more:
            pass
        return everywhere(
            lambda: list(
                Identity.objects.exclude(id__in=known)
                .order_by("created_at", "id")
                .values_list("id", flat=True)
            )
        )

    return run


def everywhere(look: Any) -> Any:
    with acting(system(Purpose.OPERATION)):
        return look()


def pairs(state: str = State.WAITING) -> list[LikelyPair]:
    return everywhere(lambda: list(LikelyPair.objects.filter(state=state).order_by("-score", "id")))


def persons(*identities: UUID) -> list[UUID]:
    links = everywhere(lambda: dict(Link.objects.values_list("identity_id", "person_id")))
    return [links[one] for one in identities]


def decide(pair: LikelyPair, decision: Decision, keyring: Any, *, actor: Actor | None = None) -> None:
    services.decide(
        actor=actor or reviewer(),
        pair_id=pair.id,
        seen_version=pair.version,
        decision=decision,
        keyring=keyring,
        now=now(),
    )


def undo(pair: LikelyPair, keyring: Any, *, actor: Actor | None = None) -> None:
    services.undo(
        actor=actor or reviewer(), pair_id=pair.id, seen_version=pair.version, keyring=keyring, now=now()
    )


# What is put down


@pytest.mark.parametrize(
    "other", [MISSPELT, BORN_OTHERWISE, replace(ANNE, birth_name="Ombeline", first_names=("Quintard",))]
)
def test_two_identities_of_one_person_are_put_down_and_nothing_is_joined(bring, other) -> None:
    one, two = bring(ANNE, other)
    (pair,) = pairs()
    assert {pair.one_id, pair.other_id} == {one, two}
    assert len(set(persons(one, two))) == 2


def test_whoever_comes_later_is_compared_with_those_before(bring) -> None:
    bring(ANNE)
    assert pairs() == []
    bring(MISSPELT)
    assert len(pairs()) == 1


@pytest.mark.parametrize(
    "other",
    [
        HOMONYM,
        replace(ANNE, first_names=("Barnabé",), sex=ANNE.sex, birth_name="DURAND"),
        replace(ANNE, birth_date=None),
    ],
)
def test_strangers_are_not(bring, other) -> None:
    bring(ANNE, other)
    assert pairs() == []


def test_one_person_by_the_exact_rule_is_no_pair(bring) -> None:
    one, two = bring(ANNE, replace(ANNE, first_names=("OMBELINE", "Marie")))
    assert len(set(persons(one, two))) == 1
    assert pairs() == []


def test_two_matricules_are_two_persons_and_no_pair(bring) -> None:
    bring(
        replace(ANNE, ins=nir_of("2800569123456")),
        replace(MISSPELT, ins=nir_of("2800569123457")),
    )
    assert pairs() == []


def test_somebody_with_a_matricule_may_be_somebody_without(bring) -> None:
    bring(replace(ANNE, ins=nir_of("2800569123456")), MISSPELT)
    assert len(pairs()) == 1


def test_a_key_that_too_many_share_compares_nobody(bring, monkeypatch) -> None:
    monkeypatch.setattr("rempart.foundation.people.likeness.seeking.MOST_SHARING", 1)
    assert MOST_SHARING > 1
    bring(ANNE, MISSPELT, replace(ANNE, birth_name="QUINTARDS"))
    assert pairs() == []


def test_looking_again_changes_nothing(bring, keyring) -> None:
    bring(ANNE, MISSPELT)
    assert seek(keyring=keyring, now=now()).seen == 0
    assert len(pairs()) == 1


# Who sees what


def test_a_pair_is_shown_to_whoever_sees_both_departments(bring) -> None:
    bring(ANNE)
    bring(MISSPELT, department="69")
    (pair,) = pairs()
    for departments, shown in ((("75",), 0), (("69",), 0), (("75", "69"), 1), (("*",), 1)):
        assert len(services.listing(actor=reviewer(*departments), state=State.WAITING).pairs) == shown
    assert {pair.department, pair.other_department} == {"69", "75"}


def test_a_pair_of_another_department_is_refused_like_one_that_is_none(bring, keyring) -> None:
    bring(ANNE, MISSPELT)
    (pair,) = pairs()
    for key in (pair.id, uuid7()):
        with pytest.raises(NotAllowed):
            services.compare(actor=reviewer("69"), pair_id=key, keyring=keyring, now=now())
    with pytest.raises(NotAllowed):
        decide(pair, Decision.SAME, keyring, actor=reviewer("69"))


def test_only_those_who_have_the_right_review(bring, keyring) -> None:
    bring(ANNE, MISSPELT)
    (pair,) = pairs()
    stranger = replace(reviewer(), role=Role.INVESTIGATOR)
    for act in (
        lambda: services.listing(actor=stranger, state=State.WAITING),
        lambda: services.compare(actor=stranger, pair_id=pair.id, keyring=keyring, now=now()),
        lambda: decide(pair, Decision.SAME, keyring, actor=stranger),
        lambda: undo(pair, keyring, actor=stranger),
    ):
        with pytest.raises(NotAllowed):
            act()


def test_both_identities_are_shown_with_the_evidence_and_that_leaves_a_trace(bring, keyring) -> None:
    one, two = bring(ANNE, MISSPELT)
    (pair,) = pairs()
    found = services.compare(actor=reviewer(), pair_id=pair.id, keyring=keyring, now=now())
    assert {found.one.birth_name, found.other.birth_name} == {"QUINTARD", "QUINTAR"}
    assert found.assessment.level(Feature.FAMILY_NAME) is Level.TYPO
    assert found.assessment.level(Feature.BIRTH_DATE) is Level.EXACT
    traces = everywhere(lambda: list(Entry.objects.filter(act="identities-compared")))
    assert {trace.person_id for trace in traces} == set(persons(one, two))
    assert {trace.subject for trace in traces} == {str(pair.id)}


# Deciding


def test_one_person_is_one_from_then_on_with_all_that_is_hers(bring, keyring, keep) -> None:
    one, two = bring(ANNE, MISSPELT)
    settle()
    kept, gone = persons(one, two)
    (pair,) = pairs()
    decide(pair, Decision.SAME, keyring)
    settle()
    assert persons(one, two) == [kept, kept]
    for model in (TestResult, Access, Case):
        assert set(
            everywhere(lambda model=model: list(model.objects.values_list("person_id", flat=True)))
        ) == {kept}
    assert not Person.objects.filter(pk=gone).exists()
    assert set(MatchingKey.objects.values_list("person_id", flat=True)) == {kept}
    third = bring(replace(MISSPELT, mobile="0639985555"))
    assert persons(one)[0] == kept
    assert not third or persons(*third) == [kept]
    (entry,) = everywhere(lambda: list(Entry.objects.filter(act="identities-decided", person_id=gone)))
    assert entry.details == {"decision": "same"}


def test_what_was_decided_can_be_undone(bring, keyring) -> None:
    one, two, *_ = bring(ANNE, MISSPELT)
    settle()
    before = persons(one, two)
    keys = set(MatchingKey.objects.values_list("key", "person_id"))
    owners = everywhere(lambda: set(TestResult.objects.values_list("id", "person_id")))
    cases = everywhere(lambda: set(Case.objects.values_list("id", "person_id")))
    (pair,) = pairs()
    decide(pair, Decision.SAME, keyring)
    settle()
    (pair,) = pairs(State.SAME)
    undo(pair, keyring)
    settle()
    assert persons(one, two) == before
    assert {(bytes(key), whose) for key, whose in MatchingKey.objects.values_list("key", "person_id")} == {
        (bytes(key), whose) for key, whose in keys
    }
    assert everywhere(lambda: set(TestResult.objects.values_list("id", "person_id"))) == owners
    assert everywhere(lambda: set(Case.objects.values_list("id", "person_id"))) == cases
    (pair,) = pairs(State.WAITING)
    acts = everywhere(lambda: list(Entry.objects.filter(subject=str(pair.id)).values_list("act", flat=True)))
    assert {"identities-decided", "identities-parted"} <= set(acts)


def test_what_came_meanwhile_stays_with_the_person_who_was_kept(bring, keyring) -> None:
    one, two = bring(ANNE, MISSPELT)
    kept, gone = persons(one, two)
    (pair,) = pairs()
    decide(pair, Decision.SAME, keyring)
    (later,) = bring(replace(MISSPELT, used_name="AUTRE"))
    assert persons(later) == [kept]
    undo(pairs(State.SAME)[0], keyring)
    assert persons(one, two, later) == [kept, gone, kept]
    (again,) = bring(replace(MISSPELT, used_name="ENCORE"))
    assert persons(again) == [kept]


def test_two_persons_are_not_asked_about_again(bring, keyring) -> None:
    bring(ANNE, MISSPELT)
    decide(pairs()[0], Decision.DIFFERENT, keyring)
    bring(replace(MISSPELT, used_name="AUTRE"))
    assert pairs() == []
    assert len(pairs(State.DIFFERENT)) == 1


def test_other_pairs_of_the_same_persons_are_settled_too(bring, keyring) -> None:
    bring(ANNE, replace(ANNE, used_name="AUTRE"), MISSPELT)
    assert len(pairs()) == 2
    decide(pairs()[0], Decision.SAME, keyring)
    assert pairs() == []
    assert len(pairs(State.SAME)) == 2
    undo(pairs(State.SAME)[1], keyring)
    assert len(pairs()) == 2


def test_who_cannot_tell_says_so_and_may_decide_later(bring, keyring) -> None:
    one, two = bring(ANNE, MISSPELT)
    decide(pairs()[0], Decision.UNSURE, keyring)
    assert pairs() == []
    decide(pairs(State.UNSURE)[0], Decision.SAME, keyring)
    assert len(set(persons(one, two))) == 1


def test_two_matricules_are_not_joined(bring, keyring) -> None:
    bring(replace(ANNE, ins=nir_of("2800569123456")), MISSPELT)
    bring(replace(MISSPELT, ins=nir_of("2800569123457")))
    (pair, *_) = pairs()
    with pytest.raises(TwoNumbers):
        decide(pair, Decision.SAME, keyring)
    assert len(pairs()) >= 1


def test_whoever_saw_another_version_changes_nothing(bring, keyring) -> None:
    bring(ANNE, MISSPELT)
    (pair,) = pairs()
    decide(pair, Decision.DIFFERENT, keyring)
    with pytest.raises(StaleVersion):
        decide(pair, Decision.SAME, keyring)
    with pytest.raises(StaleVersion):
        undo(pair, keyring)
    assert not Join.objects.exists()


def test_of_two_who_decide_at_once_one_does(bring, keyring) -> None:
    one, two = bring(ANNE, MISSPELT)
    (pair,) = pairs()
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def work(decision: Decision) -> None:
        start.wait()
        try:
            decide(pair, decision, keyring)
            outcomes.append(decision.value)
        except StaleVersion:
            outcomes.append("late")
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(each,)) for each in (Decision.SAME, Decision.DIFFERENT)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes)[0] in ("different", "late")
    assert outcomes.count("late") == 1
    assert (len(set(persons(one, two))) == 1) == ("same" in outcomes)


def test_an_objection_requests_orders_and_watches_go_along_and_come_back(bring, keyring) -> None:
    one, two = bring(ANNE, MISSPELT)
    kept, gone = persons(one, two)
    Objection.objects.create(person_id=gone, made_at=now())
    everywhere(lambda: Watched.objects.create(person_id=gone, kind="well-known", since=now()))
    day = now().date()
    with acting(system(Purpose.OPERATION)):
        asked = Request.objects.create(
            id=uuid7(), person_id=gone, kind="access", channel="portal", state="open", made_at=now(), due_on=day,
            sealed=b"", expires_on=day,
        )  # fmt: skip
        order = Hold.objects.create(
            id=uuid7(), person_id=gone, until=day, made_at=now(), made_by="x", sealed=b"", expires_on=day
        )
    decide(pairs()[0], Decision.SAME, keyring)
    settle()

    def owners() -> list[UUID]:
        return everywhere(
            lambda: [Request.objects.get(pk=asked.pk).person_id, Hold.objects.get(pk=order.pk).person_id]
        )

    assert owners() == [kept, kept]
    assert Objection.objects.filter(person_id=kept).exists()
    assert everywhere(lambda: Watched.objects.filter(person_id=kept).exists())
    undo(pairs(State.SAME)[0], keyring)
    settle()
    assert owners() == [gone, gone]


# Forgetting and new keys


def test_all_of_it_is_forgotten_with_the_identities(bring, keyring) -> None:
    one, two = bring(ANNE, MISSPELT)
    decide(pairs()[0], Decision.SAME, keyring)
    with acting(system(Purpose.OPERATION)) as cursor:
        Identity.objects.filter(pk=two).update(expires_on=date(2020, 1, 1))
        forget_identities(cursor, date(2020, 6, 1), 100)
    assert set(Blocking.objects.values_list("identity_id", flat=True)) == {one}
    assert pairs(State.SAME) == []
    assert not Join.objects.exists()


def test_digests_follow_a_new_key_and_pairs_are_found_across_it(bring, keyring) -> None:
    bring(ANNE)
    before = Blocking.objects.get().digests
    name = keyring.renew_index(now().date())
    made = (now() - timedelta(minutes=30)).timestamp()
    os.utime(keyring.root / "index" / name, (made, made))
    bring(MISSPELT)
    assert len(pairs()) == 1, "who came under the key before is found by the new one"
    reindexing.ask(keyring=keyring, now=now())
    run(keyring=keyring, clock=now)
    after = [set(each.digests) for each in Blocking.objects.all()]
    assert not any(set(before) & digests for digests in after)
    assert after[0] & after[1]


def test_no_column_of_these_tables_says_who(bring, query) -> None:
    bring(ANNE, MISSPELT)
    said = str(query("SELECT p::text FROM people_likely_pair p")) + str(
        query("SELECT b::text FROM people_blocking b")
    )
    assert "QUINTAR" not in said.upper()
    assert re.search(r"\b1980\b", said) is None  # keys are random: their digits may hold any year


def test_fields_of_the_right_are_those_that_are_shown() -> None:
    assert set(granted(Role.REGIONAL_INVESTIGATOR, Right.IDENTITIES_REVIEW).sees) == {
        Fields.IDENTITY,
        Fields.NUMBER,
    }
