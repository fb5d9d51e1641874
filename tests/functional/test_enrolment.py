"""Accounts of laboratories' people: a code by post, the help desk, and nothing told to whoever tries."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from tests.factories import LAB, NOW, finess_in
from tests.functional.accounts import account
from tests.functional.keeping import acting_as, administrator
from tests.functional.test_accounts import at_once

from rempart.foundation.access.accounts import lists
from rempart.foundation.access.accounts.policy import accounts_on
from rempart.foundation.access.enrolment import rules, services
from rempart.foundation.access.enrolment.rules import Check
from rempart.foundation.access.enrolment.services import CodeRefused, Request, Unchecked
from rempart.foundation.access.models import Agent, Enrolment
from rempart.foundation.access.refusals import NotAllowed, TooMany
from rempart.foundation.access.rights import Right, Role
from rempart.foundation.directories.models import Laboratory
from rempart.foundation.messaging.letters import Channel
from rempart.foundation.messaging.outbox import newest

pytestmark = pytest.mark.django_db(transaction=True)

EMAIL = "yves.olivier@exemple.fr"
POLICY = accounts_on(NOW.date())
UNKNOWN = finess_in("33")


@pytest.fixture(autouse=True)
def directory() -> None:
    Laboratory.objects.create(
        finess=LAB, name="LBM des Tests", department="75", address="12 rue de la Paix\n75002 PARIS",
        phone="0144444444",
    )  # fmt: skip


@pytest.fixture
def ask(keyring):
    def run(establishment: str = LAB, email: str = EMAIL, *, now=NOW, origin: str = "192.0.2.1") -> None:
        services.ask(
            request=Request(establishment=establishment, name="Yves Olivier", email=email),
            keyring=keyring, origin=origin, now=now,
        )  # fmt: skip

    return run


@pytest.fixture
def redeem(keyring):
    def run(code: str, *, establishment=LAB, email=EMAIL, now=NOW, origin="192.0.2.1") -> None:
        services.redeem(
            establishment=establishment, email=email, code=code, keyring=keyring, origin=origin, now=now
        )

    return run


@pytest.fixture
def letters(keyring):
    """`letters(Channel.POST)`: what went there, newest first."""
    return lambda channel: [letter for _, letter in newest(keyring=keyring) if letter.channel is channel]


@pytest.fixture
def code(letters):
    """`code()`: the one of the newest letter."""
    return lambda: re.search(r"code : (\S+)", letters(Channel.POST)[0].text)[1]


def link(letters) -> str:
    return re.search(r"/adresse/(\S+)/", letters(Channel.EMAIL)[0].text)[1]


def reasons(owner) -> list[str]:
    rows = owner.execute(
        "SELECT details ->> 'reason' FROM audit_entry WHERE act = 'enrolment-refused' ORDER BY id"
    ).fetchall()
    return [reason for (reason,) in rows]


def test_the_whole_way_by_post(ask, redeem, letters, code, owner):
    ask()
    (letter,) = letters(Channel.POST)
    assert letter.recipient == "LBM des Tests\n12 rue de la Paix\n75002 PARIS"
    assert "Yves Olivier" in letter.text
    assert not Agent.objects.exists()
    redeem(f" {code().lower().replace('-', ' ')} ", email=EMAIL.upper(), now=NOW + timedelta(days=15))
    agent = Agent.objects.get()
    assert (agent.username, agent.role, agent.establishment, agent.departments) == (
        EMAIL, "biologist", LAB, ["75"],
    )  # fmt: skip
    assert (agent.conditions, agent.conditions_at) == (POLICY.conditions, NOW)
    assert not agent.has_usable_password()
    assert "/connexion/lien/" in letters(Channel.EMAIL)[0].text  # how to choose one
    acts = owner.execute("SELECT act FROM audit_entry ORDER BY id").fetchall()
    assert acts == [("enrolment-asked",), ("enrolment-done",)]
    found = lists.accounts(actor=acting_as(administrator("11")), now=NOW)
    assert [line.agent.id for line in found.lines] == [agent.id]  # his region's administrator keeps it


def test_a_code_serves_once(ask, redeem, code, owner):
    ask()
    redeem(code())
    with pytest.raises(CodeRefused):
        redeem(code())
    assert reasons(owner) == ["done"]


@pytest.mark.parametrize("wrong", ["", "AAAAA-AAAAA", "x" * 500, "' OR 1=1 --", "é" * 10, "\0"])
def test_any_other_text_opens_nothing(ask, redeem, wrong):
    ask()
    with pytest.raises(CodeRefused):
        redeem(wrong)
    assert not Agent.objects.exists()


def test_after_five_wrong_codes_the_right_one_opens_nothing(ask, redeem, code, owner):
    ask()
    for number in range(POLICY.letter_tries):
        with pytest.raises(CodeRefused):
            redeem("WRONG-WRONG", origin=f"198.51.100.{number}")
    with pytest.raises(CodeRefused):
        redeem(code(), origin="198.51.100.99")
    assert reasons(owner) == ["code"] * 5 + ["tries"]


def test_an_old_code_opens_nothing(ask, redeem, code, owner):
    ask()
    with pytest.raises(CodeRefused):
        redeem(code(), now=NOW + POLICY.letter_code)
    assert reasons(owner) == ["expired"]


def test_a_code_is_of_its_own_request(ask, redeem, code):
    ask()
    mine = code()
    ask(email="autre@exemple.fr", origin="192.0.2.2")
    with pytest.raises(CodeRefused):
        redeem(mine, email="autre@exemple.fr")
    with pytest.raises(CodeRefused):
        redeem(mine, establishment=UNKNOWN)
    redeem(mine)


def test_another_letter_ends_the_code_before(ask, redeem, code):
    ask()
    first = code()
    ask(now=NOW + timedelta(days=20))
    with pytest.raises(CodeRefused):
        redeem(first, now=NOW + timedelta(days=20))
    redeem(code(), now=NOW + timedelta(days=20))


def test_no_answer_tells_whether_the_laboratory_is_known(ask, letters, owner):
    """The page, the message and the trail are alike; only whoever opens the laboratory's post sees a letter."""
    ask()
    known = letters(Channel.EMAIL)[0].text
    ask(UNKNOWN, "autre@exemple.fr", origin="192.0.2.2", now=NOW + timedelta(minutes=1))
    unknown = letters(Channel.EMAIL)[0].text
    blank = re.compile(r"http\S+")
    assert blank.sub("", known).replace(LAB, "") == blank.sub("", unknown).replace(UNKNOWN, "")
    assert len(letters(Channel.POST)) == 1
    (counts,) = (owner.execute("SELECT count(*) FROM audit_entry WHERE act = 'enrolment-asked'").fetchone(),)
    assert counts == (2,)


def test_nobody_takes_an_account_that_exists(ask, redeem, code, owner):
    agent = account(Role.INVESTIGATOR, "75", username=EMAIL)
    ask()
    with pytest.raises(CodeRefused):
        redeem(code())
    assert reasons(owner) == ["name-taken"]
    agent.refresh_from_db()
    assert agent.role == "investigator"
    assert Agent.objects.count() == 1


def test_a_laboratory_is_not_flooded_with_letters(ask, letters):
    for number in range(6):
        ask(email=f"{number}@exemple.fr", origin=f"192.0.2.{number}")
    assert len(letters(Channel.POST)) == 3
    ask(email="later@exemple.fr", now=NOW + timedelta(days=10, minutes=1), origin="192.0.2.77")
    assert len(letters(Channel.POST)) == 4


def test_who_asks_too_often_waits(ask, redeem):
    with pytest.raises(TooMany):
        for number in range(10):
            ask(email=f"{number}@exemple.fr")
    with pytest.raises(TooMany):
        for _ in range(10):
            try:
                redeem("WRONG")
            except CodeRefused:
                continue


def test_two_who_bring_the_same_code_at_the_same_moment_open_one_account(ask, redeem, code):
    ask()
    right = code()
    outcomes = at_once(*(lambda: redeem(right) for _ in range(3)))
    assert outcomes.count(None) == 1
    assert Agent.objects.count() == 1


def test_security_no_code_is_kept_in_clear(ask, code, owner):
    ask()
    (row,) = owner.execute("SELECT e::text FROM access_enrolment e").fetchone()
    assert rules.plain(code()) not in rules.plain(row)
    (mail,) = owner.execute("SELECT string_agg(m::text, '') FROM messaging_message m").fetchone()
    assert code() not in mail


# the address


def test_an_address_is_confirmed_by_its_link(ask, letters):
    ask()
    token = link(letters)
    assert not services.confirm_email(token=token[:-2] + "xx", origin="", now=NOW)
    assert services.confirm_email(token=token, origin="", now=NOW)
    assert Enrolment.objects.get().email_confirmed_at == NOW
    assert services.confirm_email(token=token, origin="", now=NOW + timedelta(hours=1))
    assert Enrolment.objects.get().email_confirmed_at == NOW


@pytest.mark.parametrize("token", ["", "x", "a:b:c", "\0", "é" * 300])
def test_what_is_no_link_confirms_nothing(token, ask):
    ask()
    assert not services.confirm_email(token=token, origin="", now=NOW)


# the help desk


@pytest.fixture
def desk():
    return acting_as(account(Role.HELP_DESK, "*"), Right.ACCOUNTS_UNBLOCK)


def test_the_help_desk_opens_the_account_of_who_cannot_wait(ask, desk, letters, keyring, owner, redeem, code):
    ask()
    (row,) = services.waiting(actor=desk, establishment=LAB, now=NOW)
    services.confirm_email(token=link(letters), origin="", now=NOW)
    later = NOW + timedelta(hours=1)
    services.unblock(actor=desk, enrolment_id=row.id, checks=set(Check), keyring=keyring, now=later)
    agent = Agent.objects.get(username=EMAIL)
    assert agent.is_active
    assert "/connexion/lien/" in letters(Channel.EMAIL)[0].text
    assert services.waiting(actor=desk, establishment=LAB, now=NOW) == []
    who, details = owner.execute(
        "SELECT actor, details FROM audit_entry WHERE act = 'account-unblocked' AND subject = %s",
        (str(agent.id),),
    ).fetchone()
    assert (who, details) == (desk.id, {"checks": ["called-back", "email", "responsible"]})
    with pytest.raises(NotAllowed):
        services.unblock(actor=desk, enrolment_id=row.id, checks=set(Check), keyring=keyring, now=NOW)
    with pytest.raises(CodeRefused):  # the letter that comes later opens nothing more
        redeem(code())


def test_without_every_check_or_the_address_nothing_is_unblocked(ask, desk, letters, keyring):
    ask()
    row = Enrolment.objects.get()
    with pytest.raises(Unchecked):  # the address is not confirmed
        services.unblock(actor=desk, enrolment_id=row.id, checks=set(Check), keyring=keyring, now=NOW)
    services.confirm_email(token=link(letters), origin="", now=NOW)
    for left_out in Check:
        with pytest.raises(Unchecked):
            services.unblock(
                actor=desk, enrolment_id=row.id, checks=set(Check) - {left_out}, keyring=keyring, now=NOW
            )
    assert Agent.objects.filter(username=EMAIL).count() == 0


def test_a_laboratory_that_nobody_knows_is_not_unblocked(ask, desk, letters, keyring):
    ask(UNKNOWN)
    services.confirm_email(token=link(letters), origin="", now=NOW)
    row = Enrolment.objects.get()
    with pytest.raises(Unchecked):
        services.unblock(actor=desk, enrolment_id=row.id, checks=set(Check), keyring=keyring, now=NOW)


@pytest.mark.parametrize("role", [Role.INVESTIGATOR, Role.ADMINISTRATOR, Role.OPERATOR, Role.BIOLOGIST])
def test_nobody_else_unblocks(ask, role, keyring):
    ask()
    agent = account(role, "75", establishment=LAB)
    with pytest.raises(NotAllowed):
        agent.actor(Right.ACCOUNTS_UNBLOCK, now=NOW)
    forged = type(acting_as(account(Role.HELP_DESK, "*"), Right.ACCOUNTS_UNBLOCK))(
        id="x", role=role, purpose=acting_as(account(Role.HELP_DESK, "*"), Right.ACCOUNTS_UNBLOCK).purpose
    )
    with pytest.raises(NotAllowed):
        services.waiting(actor=forged, establishment=LAB, now=NOW)
    with pytest.raises(NotAllowed):
        services.unblock(
            actor=forged, enrolment_id=Enrolment.objects.get().id, checks=set(Check), keyring=keyring, now=NOW
        )


def test_requests_are_forgotten_a_month_after_their_code(ask):
    ask()
    ended = NOW + POLICY.letter_code
    assert services.forget(now=ended + timedelta(days=30)) == 0
    assert services.forget(now=ended + timedelta(days=30, seconds=1)) == 1


def test_the_pages_say_the_same_to_everybody(client, keyring):
    """Known or not, the same answer; a wrong code, an unknown address and an unknown number too."""

    def asked(number: str) -> tuple[int, str]:
        form = {
            "establishment": number, "name": "Yves Olivier", "email": EMAIL, "again": EMAIL, "conditions": "on",
        }  # fmt: skip
        answer = client.post("/compte-laboratoire/", form)
        return answer.status_code, answer["Location"]

    assert asked(LAB) == asked(UNKNOWN) == (302, "/compte-laboratoire/demande/")

    def said(**form: str) -> str:
        answer = client.post("/compte-laboratoire/code/", form)
        return re.search(r"fr-message--error\">([^<]+)", answer.content.decode())[1]

    wrong = said(establishment=LAB, email=EMAIL, code="AAAAA-AAAAA")
    assert wrong == said(establishment=UNKNOWN, email="nobody@exemple.fr", code="AAAAA-AAAAA")
    without = client.post(
        "/compte-laboratoire/", {"establishment": LAB, "name": "Y", "email": EMAIL, "again": EMAIL}
    )
    assert without.status_code == 200  # the conditions were not accepted
    assert Enrolment.objects.count() == 2
