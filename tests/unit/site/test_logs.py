"""A patient's reference opens the first door to a result: it stands in no log."""

import logging

import pytest
from django.test import Client

from rempart.site.logs import WithoutReferences


@pytest.mark.parametrize("method", ["post", "delete", "put"])
def test_a_reference_in_a_refused_request_is_cut_from_the_log(method, caplog):
    caplog.handler.addFilter(WithoutReferences())
    with caplog.at_level(logging.DEBUG):
        answer = getattr(Client(), method)("/r/Czz08BPlrzqI7D71lwweGQ")
    assert answer.status_code == 405
    assert "/r/…" in caplog.text
    assert "Czz08BPlrzqI7D71lwweGQ" not in caplog.text


def test_other_words_are_left_alone():
    record = logging.LogRecord("x", logging.INFO, "", 0, "%s of %d", ("/suivi/", 3), None)
    assert WithoutReferences().filter(record)
    assert record.getMessage() == "/suivi/ of 3"
