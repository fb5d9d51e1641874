"""Counters that all processes share: a try is counted once, whoever counts it, also by many at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections, transaction

from rempart.foundation.access.limits import Door, Use, charge, give_back, limits, take, tidy
from rempart.foundation.access.refusals import TooMany

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOME, AWAY = "198.51.100.1", "2001:db8::1"


def tries(subject="anne", address=HOME, now=NOW, most=100):
    for count in range(most):
        try:
            charge(Door.PORTAL, subject=subject, address=address, now=now)
        except TooMany:
            return count
    return most


def test_five_tries_of_a_network_then_one_every_three_minutes():
    assert tries() == 5
    assert tries(now=NOW + timedelta(minutes=2)) == 0
    assert tries(now=NOW + timedelta(minutes=3)) == 1


def test_a_refused_try_says_for_how_long():
    tries()
    with pytest.raises(TooMany) as refused:
        charge(Door.PORTAL, subject="anne", address=HOME, now=NOW + timedelta(minutes=1))
    assert refused.value.seconds == 120


def test_the_addresses_of_a_household_are_one():
    assert tries(address="2001:db8::1") == 5
    assert tries(address="2001:db8::ffff:1") == 0
    assert tries(address="2001:db8:0:1::1") == 5


def test_one_network_keeps_out_no_other_and_no_other_person():
    assert tries() == 5
    assert tries(address=AWAY) == 5
    assert tries(subject="bruno") == 5


def test_a_right_answer_gives_ones_own_tries_back():
    tries()
    give_back(Door.PORTAL, subject="anne", address=HOME, now=NOW)
    assert tries() == 5


def test_many_processes_at_once_take_no_more_than_one():
    def knock(_):
        try:
            charge(Door.PORTAL, subject="anne", address=HOME, now=NOW)
        except TooMany:
            return 0
        finally:
            connections.close_all()
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(knock, range(40))) == 5


def test_a_use_is_counted_against_its_thing():
    burst = limits().pace[Use.PORTAL_CODE].burst
    for _ in range(burst):
        take(Use.PORTAL_CODE, of="a code", now=NOW)
    with pytest.raises(TooMany):
        take(Use.PORTAL_CODE, of="a code", now=NOW)
    take(Use.PORTAL_CODE, of="another", now=NOW)


def test_security_the_counters_name_nobody_and_are_forgotten_when_full():
    tries(subject="anne")
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(encode(key, 'escape'), ' '), count(*) FROM access_allowance")
        said, count = cursor.fetchone()
        assert count == 5
        assert "anne" not in said
        assert HOME not in said
        cursor.execute("SELECT relpersistence FROM pg_class WHERE relname = 'access_allowance'")
        assert cursor.fetchone() == ("u",)
    assert tidy(now=NOW) == 2  # that of a first try, and of a network that is not known
    assert tidy(now=NOW + timedelta(days=2)) == 3


def test_a_count_outlives_the_work_that_failed_after_it():
    charge(Door.PORTAL, subject="anne", address=HOME, now=NOW)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        1 / 0  # noqa: B018
    assert tries() == 4


def test_a_counted_try_costs_few_statements(django_assert_num_queries):
    with django_assert_num_queries(4, info="begin, the allowances, what is left of them, commit") as asked:
        charge(Door.PORTAL, subject="anne", address=HOME, now=NOW)
    assert not [query for query in asked.captured_queries if "anne" in query["sql"]]
