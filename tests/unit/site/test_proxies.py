"""What a proxy says is believed of our own ones, and reaches nobody from anybody else."""

import logging

import pytest
from asgiref.sync import async_to_sync
from django.test import RequestFactory

from rempart.foundation.access.origin import proxies
from rempart.site.proxies import CERTIFICATE, believed, certificate_of

FINGERPRINT = "ab" * 32
SAID = {
    "x-forwarded-for": "198.51.100.1",
    "x-forwarded-proto": "https",
    "x-rempart-certificate-sha256": FINGERPRINT,
}


def seen(peer, said=SAID, trusted=("10.0.0.2",), more=()):
    """The scope that the application is given."""
    scopes = []

    async def application(scope, receive, send):
        scopes.append(scope)

    headers = [(name.encode(), value.encode()) for name, value in {**said, "host": "x"}.items()]
    scope = {"type": "http", "client": peer, "scheme": "http", "headers": [*headers, *more]}
    async_to_sync(believed(application, trusted=proxies(trusted)))(scope, None, None)
    return scopes[0]


def test_our_proxy_says_who_and_how():
    scope = seen(("10.0.0.2", 4711))
    assert (scope["client"][0], scope["scheme"]) == ("198.51.100.1", "https")


def test_a_stranger_says_nothing_of_himself(caplog):
    with caplog.at_level(logging.WARNING):
        scope = seen(("203.0.113.9", 4711))
    assert (scope["client"][0], scope["scheme"]) == ("203.0.113.9", "http")
    assert CERTIFICATE not in scope
    assert "REMPART_PROXIES" in caplog.text  # an operator who forgot to list his proxy learns it
    assert "198.51.100.1" not in caplog.text


@pytest.mark.parametrize("peer", [("203.0.113.9", 1), ("10.0.0.2", 1), ("", 0), None])
def test_nothing_that_forwards_goes_further(peer):
    more = ((b"X-Forwarded-Host", b"evil"), (b"Forwarded", b"for=1.2.3.4"), (b"X-Real-IP", b"1.2.3.4"))
    assert seen(peer, more=more)["headers"] == [(b"host", b"x")]


def test_security_a_certificate_is_believed_by_the_private_socket_only():
    assert seen(("", 0))[CERTIFICATE] == FINGERPRINT
    assert CERTIFICATE not in seen(("10.0.0.2", 1))
    assert CERTIFICATE not in seen(("127.0.0.1", 1), trusted=("127.0.0.1",))


@pytest.mark.parametrize("written", ["", "ab", "AB" * 31, "zz" * 32, f"{FINGERPRINT},{FINGERPRINT}"])
def test_what_is_no_fingerprint_is_none(written):
    assert CERTIFICATE not in seen(("", 0), said={"x-rempart-certificate-sha256": written})


def test_a_fingerprint_is_read_as_proxies_write_it():
    assert (
        seen(("", 0), said={"x-rempart-certificate-sha256": FINGERPRINT.upper()})[CERTIFICATE] == FINGERPRINT
    )


def test_a_second_header_adds_to_the_list_and_the_last_entry_counts():
    more = ((b"x-forwarded-for", b"192.0.2.7"),)
    assert seen(("10.0.0.2", 1), more=more)["client"][0] == "192.0.2.7"


def test_security_no_header_becomes_a_certificate():
    request = RequestFactory().get("/", headers={"rempart.certificate": FINGERPRINT, **SAID})
    assert certificate_of(request) == ""
