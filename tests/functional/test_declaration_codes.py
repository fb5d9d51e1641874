"""Declaration codes as they are kept: the same for the same origin, and nothing that leads to anybody."""

import contextlib
import hashlib
import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection, transaction

from rempart.proximity.codes import services
from rempart.proximity.codes.rules import State
from rempart.site import runtime
from rempart.site.commands.declaration_codes import declaration_codes

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2021, 4, 9, 12, tzinfo=UTC)
ONE, OTHER = b"o" * 32, b"p" * 32


def issue(keyring, origin=ONE, now=NOW):
    return services.issue(origin=origin, keyring=keyring, now=now)


def test_the_same_origin_is_shown_the_same_code_until_its_first_end(keyring, query):
    first = issue(keyring)
    again = issue(keyring, now=NOW + timedelta(days=5))
    assert again == first
    assert first.holds(NOW)
    assert not issue(keyring, now=NOW + timedelta(days=9)).holds(NOW + timedelta(days=9))
    assert issue(keyring, OTHER).text != first.text
    assert query("SELECT last_day, state FROM proximity_code") == [(date(2021, 4, 16), "issued")] * 2


def test_codes_are_counted_once(keyring):
    for origin, days in ((ONE, 0), (ONE, 1), (OTHER, 1)):
        issue(keyring, origin, NOW + timedelta(days=days))
    assert services.issued_by_day(since=NOW.date()) == [(date(2021, 4, 9), 1), (date(2021, 4, 10), 1)]


def test_security_a_code_is_kept_as_a_keyed_digest_only(keyring, query):
    """Neither the code, nor its origin, nor an unkeyed digest of either is in any table."""
    code = issue(keyring)
    ((row,),) = query("SELECT proximity_code::text FROM proximity_code")
    assert code.text not in row
    assert ONE.hex() not in row
    assert services.digest_of(f" {code.text.upper()} ", keyring=keyring).hex() in row
    assert hashlib.sha256(code.text.encode()).hexdigest() not in row


def test_security_no_transaction_holds_a_code_and_a_name(keyring):
    """The number of a transaction stays in every row it wrote."""
    with pytest.raises(RuntimeError), transaction.atomic():
        issue(keyring)


def test_security_the_rows_of_past_days_say_nothing_of_their_order(keyring, query):
    for number in range(40):
        issue(keyring, bytes([number]) * 16)
    issue(keyring, OTHER, NOW + timedelta(days=1))
    assert services.mix(now=NOW + timedelta(days=1)) == 40
    rows = query("SELECT digest, mixed, xmin::text FROM proximity_code ORDER BY ctid")
    by_transaction = {}
    for digest, mixed, number in rows:
        if mixed:
            by_transaction.setdefault(number, []).append(bytes(digest))
    assert len(by_transaction) <= 16  # forty codes, and no transaction of their own
    assert all(digests == sorted(digests) for digests in by_transaction.values())
    assert [mixed for _, mixed, _ in rows].count(False) == 1
    assert services.mix(now=NOW + timedelta(days=1)) == 0
    assert issue(keyring, bytes([7]) * 16).state is State.ISSUED  # and is found as before


def test_two_who_ask_at_once_are_shown_one_code(keyring):
    shown = []

    def ask():
        try:
            shown.append(issue(keyring).text)
        finally:
            connection.close()

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert len(shown) == 4
    assert len(set(shown)) == 1
    assert services.issued_by_day(since=NOW.date()) == [(NOW.date(), 1)]


def test_an_operator_reads_how_many_were_issued(keyring, capsys, monkeypatch):
    monkeypatch.setattr(runtime, "platform", contextlib.nullcontext)
    today = datetime.now(UTC)
    issue(keyring, now=today)
    declaration_codes(days=2)
    assert capsys.readouterr().out == f"day,issued\n{today.date()},1\n"
