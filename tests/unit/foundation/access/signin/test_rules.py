"""Codes of an application, and what a session has proved."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from rempart.foundation.access.signin import rules
from rempart.foundation.access.signin.rules import Means, Passed, Proof

SECRET = base64.b32encode(b"12345678901234567890").decode()
NOW = datetime(2026, 11, 21, 12, 0, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_codes_are_those_of_rfc_6238(seconds, code):
    """Appendix B, SHA-1: its eight digits end in the six of ours."""
    counter = rules.counter_at(datetime.fromtimestamp(seconds, UTC))
    assert rules.code(SECRET, counter) == code[-6:]


@pytest.mark.parametrize(("ahead", "right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_half_a_minute_off(ahead, right):
    counter = rules.counter_at(NOW) + ahead
    found = rules.counter_of(rules.code(SECRET, counter), secret=SECRET, now=NOW, used=-1)
    assert found == (counter if right else None)


@pytest.mark.parametrize("used", [0, 1, 2])
def test_neither_a_spent_code_nor_one_before_it_serves(used):
    counter = rules.counter_at(NOW)
    given = rules.code(SECRET, counter)
    assert rules.counter_of(given, secret=SECRET, now=NOW, used=counter + used) is None
    assert rules.counter_of(given, secret=SECRET, now=NOW, used=counter - 1) == counter


@pytest.mark.parametrize("given", ["", "1", "abcdef", "९९९९९९", "é" * 6])
def test_what_is_no_code_is_wrong(given):
    assert rules.counter_of(given, secret=SECRET, now=NOW, used=-1) is None


def test_a_secret_is_new_each_time_and_long_enough():
    secrets = {rules.new_secret() for _ in range(20)}
    assert len(secrets) == 20
    assert {len(base64.b32decode(secret)) for secret in secrets} == {20}


def test_a_code_is_read_as_people_type_it():
    assert rules.plain(" 123 456\t") == "123456"
    assert rules.plain("1234-5678") == "12345678"


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"method": "password"},
        {"method": "password", "at": "yesterday"},
        {"method": "socialaccount", "at": 1.0},
        {"method": "mfa", "at": 1.0},
        {"method": "mfa", "type": "sms", "at": 1.0},
        {"method": "totp_", "at": 1.0},
    ],
)
def test_a_record_of_nothing_we_know_is_no_proof(record):
    assert rules.proofs([record]) == ()


def test_records_of_allauth_are_read():
    records = [
        {"method": "password", "at": 1700000000.5, "username": "camille"},
        {"method": "mfa", "type": "webauthn", "id": 3, "at": 1700000010},
    ]
    found = rules.proofs(records)
    assert [proof.means for proof in found] == [Means.PASSWORD, Means.PASSKEY]
    assert found[0].at == datetime.fromtimestamp(1700000000.5, UTC)
    assert rules.passed(found) is Passed.BOTH


def test_nothing_proved_is_never_recent():
    assert not rules.recent((), now=NOW, within=timedelta(days=1))


def test_recent_ends_to_the_second():
    proof = (Proof(means=Means.PASSWORD, at=NOW),)
    within = timedelta(minutes=10)
    assert rules.recent(proof, now=NOW + within - timedelta(seconds=1), within=within)
    assert not rules.recent(proof, now=NOW + within, within=within)
