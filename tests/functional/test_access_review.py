"""The quarterly access review: every account is decided of, then it is signed, and anybody can check it."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta

import pytest
from tests.factories import NOW, finess_in
from tests.functional.keeping import (
    NORTH,
    PARIS_REGION,
    acting_as,
    administrator,
    opened,
    opening,
    operator,
)
from tests.functional.test_accounts import at_once

from rempart.foundation.access.accounts import services as accounts
from rempart.foundation.access.accounts.services import AccountRefused
from rempart.foundation.access.models import Agent, Decision, Review
from rempart.foundation.access.refusals import NotAllowed
from rempart.foundation.access.reviews import document, services
from rempart.foundation.access.reviews.document import NotAReview, SignedReview
from rempart.foundation.access.reviews.rules import Choice, State
from rempart.foundation.access.rights import Right, Role
from rempart.foundation.access.signin.models import Session
from rempart.foundation.database.keys import uuid7
from rempart.foundation.vault import Keyring

pytestmark = pytest.mark.django_db(transaction=True)

REVIEW = Right.ACCOUNTS_REVIEW
BEGUN = NOW + timedelta(hours=1)


@pytest.fixture
def north(keyring) -> Agent:
    return administrator(NORTH)


@pytest.fixture
def three(north, keyring) -> list[Agent]:
    """Anne, Bruno and Chloé, investigators of the North."""
    return [
        opened(north, opening(Role.INVESTIGATOR, "59", "62", username=name, name=name), keyring=keyring)
        for name in ("Anne", "Bruno", "Chloé")
    ]


def names(progress) -> list[str]:
    return [one.line.agent.name for one in progress.asked]


def decide(agent: Agent, *choices: tuple[Agent, Choice], now: datetime = BEGUN) -> int:
    return services.decide(
        actor=acting_as(agent, REVIEW, now), choices={one.id: choice for one, choice in choices}, now=now
    )


def look(agent: Agent, now: datetime = BEGUN):
    return services.progress(actor=acting_as(agent, REVIEW, now), now=now)


def test_a_review_asks_for_every_open_account_of_the_perimeter(north, three, keyring):
    paris = administrator(PARIS_REGION)
    opened(paris, opening(Role.INVESTIGATOR, "75", username="paris"), keyring=keyring)
    Agent.objects.filter(id=three[2].id).update(is_active=False, closed="left")
    Agent.objects.create(
        username="rpps",
        name="Biologiste",
        role=Role.BIOLOGIST,
        departments=["59"],
        establishment=finess_in("59"),
    )
    found = look(north)
    assert names(found) == ["Anne", "Biologiste", "Bruno"]
    assert (found.total, found.undecided, found.complete, found.state) == (3, 3, False, State.OVERDUE)
    assert (str(found.quarter), found.due_on) == ("2026Q4", date(2026, 10, 31))


def test_what_opens_later_belongs_to_the_next_review(north, three, keyring):
    look(north)
    later = BEGUN + timedelta(days=1)
    opened(north, opening(username="late", name="Late"), keyring=keyring, now=later)
    assert "Late" not in names(look(north, later))
    assert "Late" in names(look(north, NOW + timedelta(days=60)))  # the next quarter


def test_a_decision_is_kept_and_may_change_until_the_end(north, three, owner):
    anne, bruno, _ = three
    look(north)
    assert decide(north, (anne, Choice.KEEP), (bruno, Choice.KEEP)) == 2
    assert names(look(north))[0] == "Chloé"  # who waits comes first
    decide(north, (anne, Choice.SUSPEND))
    assert Decision.objects.get(agent=anne).decision == "suspend"
    rows = owner.execute("SELECT details ->> 'decision' FROM audit_entry WHERE act = 'review-decided'")
    assert sorted(row for (row,) in rows) == ["keep", "keep", "suspend"]


def test_who_is_suspended_is_at_once(north, three):
    anne = three[0]
    Session.objects.create(agent=anne, started_at=NOW, seen_at=NOW, origin="", browser="")
    look(north)
    decide(north, (anne, Choice.SUSPEND))
    anne.refresh_from_db()
    assert (anne.is_active, anne.closed) == (False, "review")
    assert not Session.objects.exists()
    assert names(look(north)) == ["Bruno", "Chloé"]


def test_nothing_is_signed_before_everything_is_decided(north, three, keyring):
    anne, bruno, chloe = three
    look(north)

    def sign() -> Review:
        return services.sign(actor=acting_as(north, REVIEW), keyring=keyring, now=BEGUN)

    decide(north, (anne, Choice.KEEP), (bruno, Choice.REDUCE))
    with pytest.raises(AccountRefused):
        sign()
    decide(north, (chloe, Choice.KEEP))
    found = look(north)
    assert (found.undecided, found.to_reduce) == (0, 1)
    with pytest.raises(AccountRefused):
        sign()  # Bruno shall have less, and has not yet
    accounts.change_account(
        actor=acting_as(north), agent_id=bruno.id, seen_version=bruno.version,
        opening=opening(Role.INVESTIGATOR, "59", username="Bruno", name="Bruno"), now=BEGUN,
    )  # fmt: skip
    assert look(north).complete
    review = sign()
    assert review.signed_by == north.id
    assert look(north).state is State.SIGNED
    for again in (sign, lambda: decide(north, (anne, Choice.KEEP))):
        with pytest.raises(AccountRefused):
            again()


def test_another_regions_account_is_not_decided_of(north, three, keyring):
    paris = administrator(PARIS_REGION)
    look(paris)
    with pytest.raises(NotAllowed):
        decide(paris, (three[0], Choice.SUSPEND))
    three[0].refresh_from_db()
    assert three[0].is_active


def test_nobody_reviews_himself_and_the_operator_reviews_administrators(north, three, keyring):
    assert north.name not in names(look(north))
    with pytest.raises(NotAllowed):
        decide(north, (north, Choice.KEEP))
    chief, other = operator(), operator("second")
    found = look(chief)
    assert set(names(found)) == {north.name, other.name}
    decide(chief, (north, Choice.KEEP), (other, Choice.SUSPEND))
    other.refresh_from_db()
    assert other.closed == "review"


@pytest.mark.parametrize("role", [Role.INVESTIGATOR, Role.HELP_DESK, Role.BIOLOGIST, Role.DATA_PROTECTION])
def test_who_keeps_no_accounts_reviews_none(role, keyring):
    agent = Agent.objects.create(username="x", name="X", role=role, departments=["59"])
    with pytest.raises(NotAllowed):
        agent.actor(REVIEW, now=NOW)


# the signed document


@pytest.fixture
def signed(north, three, keyring) -> SignedReview:
    look(north)
    decide(north, *((one, Choice.KEEP) for one in three))
    review = services.sign(actor=acting_as(north, REVIEW), keyring=keyring, now=BEGUN)
    return document.read(document.written(services.document_of(review)))


def test_the_document_says_what_was_decided_and_is_signed(signed, keyring, north):
    certificate = document.signing_key(keyring, now=NOW).certificate
    assert signed.holds(certificate=certificate)
    said = signed.said
    assert (said["region_name"], said["quarter"], said["reviewer"]["name"]) == (
        "Hauts-de-France", "2026Q4", north.name,
    )  # fmt: skip
    assert [(one["name"], one["decision"], one["departments"]) for one in said["accounts"]] == [
        ("Anne", "keep", ["59", "62"]), ("Bruno", "keep", ["59", "62"]), ("Chloé", "keep", ["59", "62"]),
    ]  # fmt: skip
    assert "Chloé;chloé;investigator" in document.table(signed)


def test_one_changed_character_never_holds(signed, keyring):
    certificate = document.signing_key(keyring, now=NOW).certificate
    text = signed.statement.decode()
    for forged in (text.replace("keep", "kept", 1), text.replace("Anne", "Anna"), text + " "):
        altered = SignedReview(
            statement=forged.encode(), signature=signed.signature, certificate=signed.certificate
        )
        assert not altered.holds(certificate=certificate)


def test_somebody_elses_certificate_proves_nothing(signed, tmp_path):
    other = document.signing_key(Keyring(tmp_path / "other"), now=NOW)
    assert not signed.holds(certificate=other.certificate)
    forged = SignedReview(
        statement=signed.statement, signature=other.sign(signed.statement), certificate=other.certificate
    )
    assert not forged.holds(certificate=signed.certificate)


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b"null", b"\xff", b'{"statement": 1}', b"[" * 100_000, b'{"certificate": "x"}'],
)
def test_what_is_no_review_is_said_to_be_none(content):
    with pytest.raises(NotAReview):
        document.read(content)


def test_a_statement_of_something_else_is_none(signed):
    for statement in (b"no json", b"[]", json.dumps({"what": "audit anchor"}).encode()):
        other = SignedReview(statement=statement, signature=signed.signature, certificate=signed.certificate)
        with pytest.raises(NotAReview):
            _ = other.said


def test_no_cell_of_the_table_is_a_formula(signed):
    said = json.loads(signed.statement)
    said["accounts"][0]["name"] = '=HYPERLINK("http://evil")'
    risky = SignedReview(statement=json.dumps(said).encode(), signature=b"", certificate=signed.certificate)
    assert "\r\n\"'=HYPERLINK" in document.table(risky)


def test_a_signed_review_is_read_by_its_region_and_by_the_operator(north, signed, keyring):
    review = Review.objects.get(region=NORTH)
    assert services.signed(actor=acting_as(north, REVIEW), review_id=review.id).id == review.id
    assert services.signed(actor=acting_as(operator(), REVIEW), review_id=review.id).id == review.id
    with pytest.raises(NotAllowed):
        services.signed(actor=acting_as(administrator(PARIS_REGION), REVIEW), review_id=review.id)
    assert [one.quarter for one in services.past(actor=acting_as(north, REVIEW))] == ["2026Q4"]


def test_the_operator_sees_where_each_region_stands(north, signed):
    found = {one.name: one for one in services.standings(actor=acting_as(operator(), REVIEW), now=BEGUN)}
    assert found["Hauts-de-France"].state is State.SIGNED
    assert found["Hauts-de-France"].administrator == north.name
    assert found["Bretagne"].state is State.OVERDUE  # 20 November is beyond the thirty days
    with pytest.raises(NotAllowed):
        services.standings(actor=acting_as(north, REVIEW), now=BEGUN)


# together, and large


def test_two_who_begin_or_sign_at_the_same_moment_make_one_review(north, three, keyring):
    actor = acting_as(north, REVIEW)
    at_once(*(lambda: services.progress(actor=actor, now=BEGUN) for _ in range(3)))
    assert Review.objects.count() == 1
    decide(north, *((one, Choice.KEEP) for one in three))
    outcomes = at_once(*(lambda: services.sign(actor=actor, keyring=keyring, now=BEGUN) for _ in range(3)))
    assert sorted(type(one).__name__ for one in outcomes) == ["AccountRefused", "AccountRefused", "Review"]


def test_a_page_of_a_large_region_costs_as_much_as_one_of_a_small(north, django_assert_num_queries):
    actor = acting_as(north, REVIEW)
    services.progress(actor=actor, now=BEGUN)
    Agent.objects.bulk_create(
        Agent(
            id=uuid7(), username=f"a{n}", name=f"Agent {n:04}", role="investigator", departments=["62"],
            awake_at=NOW,
        )
        for n in range(1000)
    )  # fmt: skip
    with django_assert_num_queries(6):
        page = services.progress(actor=actor, now=BEGUN)
    assert (len(page.asked), page.total, page.more) == (50, 1000, True)
