"""A patient's reference opens the first door to a result: it stands in no log."""

import logging

import pytest
from django.test import Client

from rempart.site.logs import CountedRefusals, WithoutReferences


@pytest.mark.parametrize("method", ["post", "delete", "put"])
def test_a_reference_in_a_refused_request_is_cut_from_the_log(method, caplog):
    caplog.handler.addFilter(WithoutReferences())
    with caplog.at_level(logging.DEBUG):
        answer = getattr(Client(), method)("/r/Czz08BPlrzqI7D71lwweGQ")
    assert answer.status_code == 405
    assert "/r/…" in caplog.text
    assert "Czz08BPlrzqI7D71lwweGQ" not in caplog.text


@pytest.mark.parametrize("address", ["/connexion/lien/", "/compte-laboratoire/adresse/"])
def test_a_link_of_an_agent_is_cut_too(address):
    record = logging.LogRecord(
        "x", logging.INFO, "", 0, "Forbidden: %s", (f"{address}WyJtYWls:1a:2b/",), None
    )
    assert WithoutReferences().filter(record)
    assert record.getMessage() == f"Forbidden: {address}…"


def test_other_words_are_left_alone():
    record = logging.LogRecord("x", logging.INFO, "", 0, "%s of %d", ("/suivi/", 3), None)
    assert WithoutReferences().filter(record)
    assert record.getMessage() == "/suivi/ of 3"


def test_who_is_told_to_wait_fills_no_log():
    counted, said = CountedRefusals(every=60), []
    for second in (0, 1, 2, 61, 62, 200):
        record = logging.LogRecord("django.request", logging.WARNING, "", 0, "Too Many: %s", ("/x/",), None)
        record.status_code, record.created = 429, 1_000_000.0 + second
        if counted.filter(record):
            said.append(record.getMessage().rpartition(" ")[2])
    assert said == ["1", "3", "2"]


def test_other_refusals_are_said_one_by_one():
    record = logging.LogRecord("django.request", logging.WARNING, "", 0, "Not Found", None, None)
    record.status_code = 404
    assert CountedRefusals().filter(record)
    assert record.getMessage() == "Not Found"
